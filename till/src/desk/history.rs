//! Earlier documents, their papers, and the journal entries behind them.

use super::view::{Buyer, TaxRow, Tender, Totals};
use super::{Desk, Fault, Turn};
use crate::catalogue;
use crate::error::TillError;
use crate::history::{self, Filter};
use crate::home::PAPERS;
use crate::ledger::query::{self, By, StoredDocument};
use crate::ledger::seq_of;
use crate::paper::{self, Form};
use crate::sync_driver::acked_of;
use daybook_domain::amount::{Minor, Quantity, UnitPrice, Uom};
use daybook_domain::document::DocumentKind;
use daybook_domain::ids::CustomerId;
use daybook_domain::words::amount_in_words;
use daybook_print::Fonts;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use uuid::Uuid;

/// Which documents to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HistoryFilter {
    /// Part of the number.
    pub number: Option<String>,
    /// From this moment on.
    pub from_ms: Option<i64>,
    /// Before this moment.
    pub until_ms: Option<i64>,
    /// Due at least.
    pub least_minor: Option<Minor>,
    /// Due at most.
    pub most_minor: Option<Minor>,
    /// Of this customer.
    pub customer: Option<Uuid>,
}

/// What kind of act issued a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEvent {
    /// Sold.
    Sale,
    /// Given back.
    Refund,
    /// Exchanged.
    Exchange,
    /// Reversed whole.
    Void,
}

/// A document in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRow {
    /// Where the next page begins.
    pub cursor: i64,
    /// Number.
    pub number: String,
    /// Kind.
    pub kind: DocumentKind,
    /// What was done.
    pub event: HistoryEvent,
    /// When.
    pub issued_at_ms: i64,
    /// By whom.
    pub cashier: String,
    /// For whom.
    pub customer: Option<String>,
    /// What was due.
    pub payable_minor: Minor,
    /// How often it was printed.
    pub prints: u32,
    /// Whether the store has it.
    pub sent: bool,
}

/// A line of an earlier document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DocumentLineView {
    /// Line.
    pub no: u32,
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// Variant options.
    pub options: Option<String>,
    /// Quantity.
    pub quantity_milli: Quantity,
    /// Unit of measure.
    pub uom: Uom,
    /// Price of one unit.
    pub unit_price_micros: UnitPrice,
    /// Discounts.
    pub discount_minor: Minor,
    /// What it adds.
    pub total_minor: Minor,
}

/// The journal entry behind a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Sequence number.
    pub seq: i64,
    /// Its hash, hex.
    pub hash: String,
    /// Hash of the entry before, hex.
    pub prev: String,
    /// Its bytes as they are sent, hashed and kept.
    pub json: String,
}

/// An earlier document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DocumentView {
    /// As in the list.
    pub row: HistoryRow,
    /// Buyer as printed.
    pub buyer: Option<Buyer>,
    /// Number of the document that it corrects.
    pub original: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Note as printed.
    pub note: Option<String>,
    /// Lines.
    pub lines: Vec<DocumentLineView>,
    /// Tax table.
    pub taxes: Vec<TaxRow>,
    /// Sums.
    pub totals: Totals,
    /// Round-off.
    pub rounding_minor: Minor,
    /// How it was settled.
    pub tenders: Vec<Tender>,
    /// Documents that correct it.
    pub corrections: Vec<String>,
    /// What was due, in words.
    pub words: String,
    /// Its entry.
    pub entry: EntryView,
}

/// Form of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PaperForm {
    /// 80 mm receipt.
    Receipt,
    /// A4 invoice.
    A4,
}

impl Desk {
    /// Earlier documents, the latest first, a page at a time.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn history(
        &self,
        filter: &HistoryFilter,
        after: Option<i64>,
    ) -> Result<Vec<HistoryRow>, Fault> {
        self.look(|conn| {
            let filter = Filter {
                number: filter.number.clone().filter(|text| !text.trim().is_empty()),
                from_ms: filter.from_ms,
                until_ms: filter.until_ms,
                least_minor: filter.least_minor.map(|minor| minor.0),
                most_minor: filter.most_minor.map(|minor| minor.0),
                customer: filter.customer.map(CustomerId),
            };
            let found = history::list(conn, &filter, after)?;
            found.iter().map(|stored| row(conn, stored)).collect()
        })
    }

    /// One document.
    ///
    /// # Errors
    /// `document.unknown`.
    pub fn document(&self, number: &str) -> Result<DocumentView, Fault> {
        self.look(|conn| document(conn, number))
    }

    /// Prints a document as PDF into the data folder and answers the file. The first print is the original, each further
    /// one is journalled and says COPY.
    ///
    /// # Errors
    /// `document.unknown`, `print.…`, `file.failed`.
    pub fn save_pdf(&self, number: &str, form: PaperForm) -> Result<String, Fault> {
        self.act(|turn| turn.save_pdf(number, form))
    }

    /// A paper that was saved, to be shown: nothing else of the machine is.
    ///
    /// # Errors
    /// `document.unknown` for a file that is no saved paper.
    pub fn saved_paper(&self, file: &str) -> Result<PathBuf, Fault> {
        let found = Path::new(file).canonicalize().ok();
        let papers = self.act(|turn| Ok(turn.ledger.home().dir().join(PAPERS)))?;
        let papers = papers.canonicalize().unwrap_or(papers);
        found.filter(|file| file.is_file() && file.parent() == Some(&papers)).ok_or_else(|| {
            let error = TillError::refused("document.unknown", "there is no such paper");
            Fault::from(&error.with("number", file))
        })
    }
}

impl Turn<'_> {
    fn save_pdf(&mut self, number: &str, form: PaperForm) -> Result<String, TillError> {
        let who = self.who()?;
        self.allow(&who, daybook_domain::staff::Action::Reprint)?;
        let (form, name) = match form {
            PaperForm::Receipt => (Form::Receipt, "receipt"),
            PaperForm::A4 => (Form::A4, "a4"),
        };
        let (bytes, copy_no) = paper::print(self.ledger, &who, fonts()?, number, form)?;
        self.changed([crate::ledger::Topic::Documents, crate::ledger::Topic::Journal]);
        let folder = self.ledger.home().dir().join(PAPERS);
        let copy = if copy_no == 0 { String::new() } else { format!("-copy-{copy_no}") };
        let file = folder.join(format!("{}-{name}{copy}.pdf", number.replace('/', "-")));
        write(&folder, &file, &bytes)?;
        Ok(file.display().to_string())
    }
}

/// Parsed once: that is most of the time of a paper.
pub(super) fn fonts() -> Result<&'static Fonts, TillError> {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let loaded =
        Fonts::load().map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    Ok(FONTS.get_or_init(|| loaded))
}

pub(super) fn write(folder: &Path, file: &Path, bytes: &[u8]) -> Result<(), TillError> {
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, bytes))
        .map_err(TillError::io(file.display().to_string()))
}

fn row(conn: &Connection, stored: &StoredDocument) -> Result<HistoryRow, TillError> {
    let document = &stored.sale.document;
    let customer = match document.customer {
        Some(id) => catalogue::customer(conn, id)?.map(|customer| customer.name),
        None => None,
    };
    let event = match stored.kind.as_str() {
        "refund.completed" => HistoryEvent::Refund,
        "exchange.completed" => HistoryEvent::Exchange,
        "sale.voided" => HistoryEvent::Void,
        _ => HistoryEvent::Sale,
    };
    Ok(HistoryRow {
        cursor: stored.pos,
        number: document.number.clone(),
        kind: document.kind,
        event,
        issued_at_ms: document.issued_at_ms,
        cashier: document.cashier.clone(),
        customer: customer.or_else(|| document.buyer.as_ref().map(|buyer| buyer.name.clone())),
        payable_minor: document.totals.payable_minor,
        prints: query::prints_of(conn, document.id)?,
        sent: sent(conn, stored.pos)?,
    })
}

/// Whether the store has acknowledged the entry at a position.
pub(super) fn sent(conn: &Connection, pos: i64) -> Result<bool, TillError> {
    let ord = pos >> crate::ledger::SEQ_BITS;
    let incarnations = query::incarnations(conn)?;
    let incarnation = incarnations.iter().find(|(own, _)| *own == ord).map(|(_, number)| *number);
    match incarnation {
        Some(incarnation) => Ok(seq_of(pos) <= acked_of(conn, incarnation)?),
        None => Ok(false),
    }
}

fn document(conn: &Connection, number: &str) -> Result<DocumentView, TillError> {
    let number = number.trim().to_uppercase();
    let stored = query::document(conn, By::Number(&number))?.ok_or_else(|| {
        TillError::refused("document.unknown", format!("no document {number} here"))
            .with("number", &number)
    })?;
    let entry = query::entry_at(conn, stored.pos)?
        .ok_or_else(|| TillError::corrupt("document", &number, "its entry is missing"))?;
    let document = &stored.sale.document;
    let corrections = query::corrections_of(conn, document.id)?;
    let lines = document.lines.iter().map(|line| DocumentLineView {
        no: line.no,
        sku: line.sku.to_string(),
        name: line.name.clone(),
        options: line.options.clone(),
        quantity_milli: line.quantity_milli,
        uom: line.uom,
        unit_price_micros: line.unit_price_micros,
        discount_minor: Minor(line.discount_minor.0.saturating_add(line.bill_discount_minor.0)),
        total_minor: line.total_minor,
    });
    let taxes = document.tax_table.iter().map(|row| TaxRow {
        component: row.component.clone(),
        rate_ppm: row.rate_ppm,
        taxable_minor: row.taxable_minor,
        amount_minor: row.amount_minor,
    });
    Ok(DocumentView {
        row: row(conn, &stored)?,
        buyer: document.buyer.as_ref().map(Buyer::from),
        original: document.original.as_ref().map(|original| original.number.clone()),
        reason: document.reason.clone(),
        note: document.note.clone(),
        lines: lines.collect(),
        taxes: taxes.collect(),
        totals: Totals {
            gross_minor: document.totals.gross_minor,
            discount_minor: document.totals.discount_minor,
            tax_minor: document.totals.tax_minor,
            total_minor: document.totals.total_minor,
        },
        rounding_minor: document.totals.rounding_minor,
        tenders: document.tenders.iter().map(Tender::from).collect(),
        corrections: corrections.into_iter().map(|note| note.number).collect(),
        words: amount_in_words(document.totals.payable_minor, document.currency),
        entry: EntryView {
            seq: entry.frame.seq,
            hash: entry.frame.hash.to_string(),
            prev: entry.frame.prev.to_string(),
            json: String::from_utf8_lossy(&entry.bytes).into_owned(),
        },
    })
}
