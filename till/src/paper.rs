//! Paper: rendered from the stored document, after its commit; a further print is journalled and says COPY n.

use crate::error::TillError;
use crate::issue::Shop;
use crate::ledger::gate::Gate;
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, seq_of};
use crate::printing::queue::{self, NewJob, What};
use crate::staff::{self, Who};
use daybook_domain::document::Document;
use daybook_domain::entry::{Fact, Reprint};
use daybook_print::{Fonts, Options, PrintError, ReportHeading, Strip, receipt, render_a4};
use daybook_print::{x_report, z_report};
use rusqlite::Connection;

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
    let document = stored(ledger.reader(), number)?.0;
    let copy_no = query::prints_of(ledger.reader(), document.id)?;
    let bytes = render(ledger.reader(), fonts, number, form, copy_no)?;
    let (copy_no, _) = ledger.write(who.act(), |gate| claim(gate, who, &document))?;
    Ok((bytes, copy_no))
}

/// Characters of a document that no font has: they print as boxes.
///
/// # Errors
/// Refused as `document.unknown`.
pub fn missing_glyphs(
    conn: &Connection,
    fonts: &Fonts,
    number: &str,
) -> Result<Vec<char>, TillError> {
    Ok(daybook_print::missing_glyphs(fonts, &stored(conn, number)?.0))
}

/// Queues a print of a document for the printer of its form. Returns the number of the copy.
///
/// # Errors
/// Refused as `document.unknown`.
pub fn queue(ledger: &mut Ledger, who: &Who, number: &str, form: Form) -> Result<u32, TillError> {
    let document = stored(ledger.reader(), number)?.0;
    let what = match form {
        Form::A4 => What::Invoice,
        Form::Receipt => What::Receipt,
    };
    let (copy_no, _) = ledger.write(who.act(), |gate| {
        let copy_no = claim(gate, who, &document)?;
        let (id, name) = (Some(document.id), document.number.as_str());
        let job = NewJob { what, document: id, entry: None, name, copy_no };
        queue::put(gate.conn(), &job, who.at_ms())?;
        Ok(copy_no)
    })?;
    Ok(copy_no)
}

/// Takes the number of the next print: the original once, then copies, which are journalled.
fn claim(gate: &mut Gate<'_>, who: &Who, document: &Document) -> Result<u32, TillError> {
    let copy_no = query::prints_of(gate.conn(), document.id)?;
    if copy_no == 0 {
        queue::note_original(gate.conn(), document.id, who.at_ms())?;
    } else {
        let number = document.number.clone();
        gate.append(&Fact::ReceiptReprinted(Reprint { document: document.id, number, copy_no }))?;
    }
    Ok(copy_no)
}

/// A document with the code that ties its paper to the journal.
fn stored(conn: &Connection, number: &str) -> Result<(Document, Option<String>), TillError> {
    let found = query::document(conn, By::Number(number))?.ok_or_else(|| {
        TillError::refused("document.unknown", format!("no document {number} here"))
    })?;
    let entry = query::entry_at(conn, found.pos)?
        .ok_or_else(|| TillError::corrupt("document", seq_of(found.pos), "entry is missing"))?;
    Ok((found.sale.document, entry.frame.hash.to_string().get(..8).map(str::to_owned)))
}

/// A document as PDF, with the mark of a print that was counted.
///
/// # Errors
/// Refused as `document.unknown`, `print.…`.
pub fn render(
    conn: &Connection,
    fonts: &Fonts,
    number: &str,
    form: Form,
    copy_no: u32,
) -> Result<Vec<u8>, TillError> {
    let (document, journal_code) = stored(conn, number)?;
    let options = Options { journal_code, ..Options::copy(copy_no) };
    match form {
        Form::A4 => render_a4(fonts, &document, &options),
        Form::Receipt => receipt(&document, &options).and_then(|strip| strip.pdf(fonts)),
    }
    .map_err(|error| unprinted(&error))
}

/// A document for the roll, with the mark of a print that was counted.
///
/// # Errors
/// Refused as `document.unknown`, `print.…`.
pub fn strip(conn: &Connection, number: &str, copy_no: u32) -> Result<Strip, TillError> {
    let (document, journal_code) = stored(conn, number)?;
    let options = Options { journal_code, ..Options::copy(copy_no) };
    receipt(&document, &options).map_err(|error| unprinted(&error))
}

/// The X or Z report that a journal entry holds, for the roll.
///
/// # Errors
/// [`TillError::Corrupt`] when the entry holds none; refused as `print.…`.
pub fn report(ledger: &Ledger, pos: i64) -> Result<Strip, TillError> {
    let conn = ledger.reader();
    let identity = ledger.identity()?;
    let entry = query::entry_at(conn, pos)?
        .ok_or_else(|| TillError::corrupt("print_job", pos, "its entry is missing"))?;
    let envelope = query::parse(&entry.bytes, pos)?;
    let shop = Shop::read(conn, &identity.location)?;
    let closer = envelope.staff.as_ref();
    let people = staff::everybody(conn)?;
    let cashier = people.iter().find(|person| Some(&person.staff) == closer);
    let heading = ReportHeading {
        seller: shop.location.seller,
        till_code: identity.code.clone(),
        currency: shop.settings.currency,
        offset_min: shop.settings.offset_min,
        day: envelope.day.clone(),
        cashier: cashier.map(|person| person.name.clone()).unwrap_or_default(),
        training: identity.training,
    };
    let options = Options::default();
    let made = match query::fact_of(&entry.bytes, pos)? {
        Fact::ShiftClosed(z) => z_report(&z, &heading, &options),
        Fact::XReport(x) => x_report(&x.totals, envelope.at_ms, &heading, &options),
        other => return Err(TillError::corrupt("print_job", pos, other.kind())),
    };
    made.map_err(|error| unprinted(&error))
}

fn unprinted(error: &PrintError) -> TillError {
    TillError::refused(error.code(), error.to_string())
}
