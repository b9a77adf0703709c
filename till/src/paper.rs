//! Paper: rendered from the stored document, after its commit; a further print is journalled and says COPY n.

use crate::error::TillError;
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, seq_of};
use crate::staff::Who;
use daybook_domain::entry::{Fact, Reprint};
use daybook_print::{Fonts, Options, PrintError, receipt, render_a4};
use rusqlite::params;

/// Form of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A4 invoice.
    A4,
    /// 80 mm receipt.
    Receipt,
}

/// Renders a document as PDF and notes the print. Returns the bytes and the number of the copy, 0 for the original.
///
/// # Errors
/// Refused as `document.unknown`, `print.…`.
pub fn print(
    ledger: &mut Ledger,
    who: &Who,
    fonts: &Fonts,
    number: &str,
    form: Form,
) -> Result<(Vec<u8>, u32), TillError> {
    let found = query::document(ledger.reader(), By::Number(number))?.ok_or_else(|| {
        TillError::refused("document.unknown", format!("no document {number} here"))
    })?;
    let document = found.sale.document;
    let copy_no = query::prints_of(ledger.reader(), document.id)?;
    let entry = query::entry_at(ledger.reader(), found.pos)?
        .ok_or_else(|| TillError::corrupt("document", seq_of(found.pos), "entry is missing"))?;
    let mut options = Options::copy(copy_no);
    options.journal_code = entry.frame.hash.to_string().get(..8).map(str::to_owned);
    let bytes = match form {
        Form::A4 => render_a4(fonts, &document, &options),
        Form::Receipt => receipt(&document, &options).and_then(|strip| strip.pdf(fonts)),
    }
    .map_err(|error: PrintError| TillError::refused(error.code(), error.to_string()))?;
    let at_ms = who.at_ms();
    if copy_no == 0 {
        ledger.write_state(|conn| {
            conn.execute(
                "INSERT INTO original_print (document, at_ms) VALUES (?1, ?2)",
                params![document.id.0, at_ms],
            )?;
            Ok(())
        })?;
    } else {
        let reprint = Reprint { document: document.id, number: document.number.clone(), copy_no };
        ledger.write(who.act(), |gate| gate.append(&Fact::ReceiptReprinted(reprint)))?;
    }
    Ok((bytes, copy_no))
}
