//! Documents with their lines and tenders, as tills and the store itself issue them.

use crate::db::{Arg, Bind, DbError, Table, Tx};
use crate::master::{UOMS, word};
use daybook_domain::amount::{Minor, OutOfRange};
use daybook_domain::document::{Document, DocumentKind, DocumentLine, TenderType};
use daybook_domain::ids::{OrderId, ShiftId};
use uuid::Uuid;

/// A document and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Issued<'a> {
    /// The document.
    pub document: &'a Document,
    /// What happened: `sale`, `refund`, `exchange`, `void`, `order`, `order_refund`.
    pub fact: &'a str,
    /// Who issued it.
    pub by: Issuer,
}

/// Who issued a document.
#[derive(Debug, Clone, Copy)]
pub enum Issuer {
    /// A till: the whole document stands in this entry of its journal.
    Till {
        /// The till.
        till: Uuid,
        /// Its incarnation.
        incarnation: u32,
        /// Sequence number of the entry.
        seq: i64,
        /// Shift, where one was open.
        shift: Option<ShiftId>,
    },
    /// The store, for a web order: the whole document is kept beside its figures.
    Store {
        /// The order.
        order: OrderId,
    },
}

/// Why documents were not written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DocumentError {
    /// A sum left its range.
    #[error("document: {0}")]
    OutOfRange(#[from] OutOfRange),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

const DOCUMENT: Table = Table {
    name: "document",
    columns: &[
        "tenant_id",
        "document_id",
        "kind",
        "number",
        "series",
        "issued_at_ms",
        "day",
        "fiscal_year",
        "location_id",
        "currency",
        "customer_id",
        "original_id",
        "original_number",
        "gross_minor",
        "discount_minor",
        "taxable_minor",
        "tax_minor",
        "total_minor",
        "rounding_minor",
        "payable_minor",
        "training",
        "fact",
        "shift_id",
        "till_id",
        "incarnation",
        "seq",
        "order_id",
        "body",
    ],
    then: "",
};

const LINE: Table = Table {
    name: "document_line",
    columns: &[
        "tenant_id",
        "document_id",
        "line_no",
        "sku",
        "name",
        "quantity_milli",
        "uom",
        "unit_price_micros",
        "gross_minor",
        "discount_minor",
        "bill_discount_minor",
        "net_minor",
        "taxable_minor",
        "tax_minor",
        "total_minor",
        "original_line",
        "restock",
        "flags",
    ],
    then: "",
};

const TENDER: Table = Table {
    name: "document_tender",
    columns: &[
        "tenant_id",
        "document_id",
        "tender_no",
        "tender_type",
        "amount_minor",
        "given_minor",
        "change_minor",
        "reference",
    ],
    then: "",
};

/// Writes documents with their lines and tenders; three statements, however many there are.
///
/// # Errors
/// [`DocumentError`].
pub fn insert(tx: &mut Tx<'_>, issued: &[Issued<'_>]) -> Result<(), DocumentError> {
    let tenant = tx.tenant();
    let texts = issued.iter().map(Texts::of).collect::<Result<Vec<_>, DbError>>()?;
    let (mut documents, mut lines, mut tenders) = (Vec::new(), Vec::new(), Vec::new());
    for (issued, texts) in issued.iter().zip(&texts) {
        documents.push(document_row(tenant, issued, texts));
        for (line, flags) in issued.document.lines.iter().zip(&texts.flags) {
            lines.push(line_row(tenant, issued.document, line, flags)?);
        }
        tenders.extend(tender_rows(tenant, issued.document));
    }
    tx.insert(&DOCUMENT, &documents)?;
    tx.insert(&LINE, &lines)?;
    tx.insert(&TENDER, &tenders)?;
    Ok(())
}

/// What of a document is written as JSON.
struct Texts {
    body: Option<String>,
    /// Flags of each line, nothing where there are none.
    flags: Vec<Option<String>>,
}

impl Texts {
    fn of(issued: &Issued<'_>) -> Result<Self, DbError> {
        let document = issued.document;
        let unfit = |_| DbError::corrupt("document", document.id);
        let body = match issued.by {
            Issuer::Till { .. } => None,
            Issuer::Store { .. } => Some(serde_json::to_string(document).map_err(unfit)?),
        };
        let flags = document.lines.iter().map(|line| {
            let flags = (!line.flags.is_empty()).then(|| serde_json::to_string(&line.flags));
            flags.transpose().map_err(unfit)
        });
        Ok(Self { body, flags: flags.collect::<Result<_, _>>()? })
    }
}

fn document_row<'a>(tenant: i64, issued: &Issued<'a>, texts: &'a Texts) -> Vec<Arg<'a>> {
    let document = issued.document;
    let original = document.original.as_ref();
    let totals = &document.totals;
    let mut row = vec![
        Arg::Int(tenant),
        document.id.arg(),
        Arg::Text(kind_name(document.kind)),
        document.number.arg(),
        document.series.arg(),
        document.issued_at_ms.arg(),
        document.day.arg(),
        document.fiscal_year.arg(),
        document.location.arg(),
        Arg::Text(document.currency.code()),
        document.customer.arg(),
        original.and_then(|original| original.id.as_ref()).map_or(Arg::Null, Bind::arg),
        original.map_or(Arg::Null, |original| original.number.arg()),
        totals.gross_minor.arg(),
        totals.discount_minor.arg(),
        totals.taxable_minor.arg(),
        totals.tax_minor.arg(),
        totals.total_minor.arg(),
        totals.rounding_minor.arg(),
        totals.payable_minor.arg(),
        document.training.arg(),
        Arg::Text(issued.fact),
    ];
    row.extend(match issued.by {
        Issuer::Till { till, incarnation, seq, shift } => [
            shift.map_or(Arg::Null, |shift| Arg::Uuid(shift.0)),
            Arg::Uuid(till),
            Arg::Int(i64::from(incarnation)),
            Arg::Int(seq),
            Arg::Null,
        ],
        Issuer::Store { order } => [Arg::Null, Arg::Null, Arg::Null, Arg::Null, Arg::Uuid(order.0)],
    });
    row.push(texts.body.arg());
    row
}

fn line_row<'a>(
    tenant: i64,
    document: &'a Document,
    line: &'a DocumentLine,
    flags: &'a Option<String>,
) -> Result<Vec<Arg<'a>>, OutOfRange> {
    let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))?;
    Ok(vec![
        Arg::Int(tenant),
        document.id.arg(),
        line.no.arg(),
        line.sku.arg(),
        line.name.arg(),
        line.quantity_milli.arg(),
        Arg::Text(word(&UOMS, line.uom)),
        line.unit_price_micros.arg(),
        line.gross_minor.arg(),
        line.discount_minor.arg(),
        line.bill_discount_minor.arg(),
        line.net_minor.arg(),
        line.taxable_minor.arg(),
        Arg::Int(tax.0),
        line.total_minor.arg(),
        line.original_line.arg(),
        line.restock.arg(),
        flags.arg(),
    ])
}

fn tender_rows(tenant: i64, document: &Document) -> impl Iterator<Item = Vec<Arg<'_>>> {
    (1_i64..).zip(&document.tenders).map(move |(no, tender)| {
        vec![
            Arg::Int(tenant),
            document.id.arg(),
            Arg::Int(no),
            Arg::Text(tender_name(tender.tender_type)),
            tender.amount_minor.arg(),
            tender.given_minor.arg(),
            tender.change_minor.arg(),
            tender.reference.arg(),
        ]
    })
}

fn kind_name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::TaxInvoice => "tax_invoice",
        DocumentKind::BillOfSupply => "bill_of_supply",
        DocumentKind::InvoiceCumBill => "invoice_cum_bill",
        DocumentKind::Receipt => "receipt",
        DocumentKind::CreditNote => "credit_note",
    }
}

/// A medium as it stands in the tables.
#[must_use]
pub fn tender_name(tender: TenderType) -> &'static str {
    match tender {
        TenderType::Cash => "cash",
        TenderType::Card => "card",
        TenderType::Upi => "upi",
        TenderType::StoreCredit => "store_credit",
        TenderType::GiftCard => "gift_card",
        TenderType::Coupon => "coupon",
        TenderType::Online => "online",
        TenderType::Cod => "cod",
    }
}
