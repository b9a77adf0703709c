//! Documents with their lines and tenders.

use super::{Placed, Unapplied};
use crate::db::{Arg, Bind, Table, Tx};
use daybook_domain::amount::{Minor, Uom};
use daybook_domain::document::{Document, DocumentKind, TenderType};
use daybook_domain::entry::{Fact, Sale};

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
        "shift_id",
        "gross_minor",
        "discount_minor",
        "taxable_minor",
        "tax_minor",
        "total_minor",
        "rounding_minor",
        "payable_minor",
        "training",
        "fact",
        "till_id",
        "incarnation",
        "seq",
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

/// The sale of a fact, and what it is called in the table of documents.
pub(super) fn sale_of(fact: &Fact) -> Option<(&'static str, &Sale)> {
    match fact {
        Fact::SaleCompleted(sale) => Some(("sale", sale)),
        Fact::RefundCompleted(sale) => Some(("refund", sale)),
        Fact::ExchangeCompleted(sale) => Some(("exchange", sale)),
        Fact::SaleVoided(sale) => Some(("void", sale)),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::CashPaidIn(_)
        | Fact::CashPaidOut(_)
        | Fact::CashDropped(_)
        | Fact::CashLoaned(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockReceived(_)
        | Fact::StockAdjusted(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockTransferredOut(_)
        | Fact::StockTransferredIn(_)
        | Fact::StockCounted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => None,
    }
}

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let (mut documents, mut lines, mut tenders) = (Vec::new(), Vec::new(), Vec::new());
    let flags: Vec<Vec<Option<String>>> =
        facts.iter().map(|placed| flags_of(placed.fact)).collect();
    for (placed, flags) in facts.iter().zip(&flags) {
        let Some((fact, sale)) = sale_of(placed.fact) else { continue };
        documents.push(document_row(tenant, fact, placed, &sale.document));
        lines.extend(line_rows(tenant, &sale.document, flags)?);
        tenders.extend(tender_rows(tenant, &sale.document));
    }
    tx.insert(&DOCUMENT, &documents)?;
    tx.insert(&LINE, &lines)?;
    tx.insert(&TENDER, &tenders)?;
    Ok(())
}

fn document_row<'a>(
    tenant: i64,
    fact: &'a str,
    placed: &'a Placed<'_>,
    document: &'a Document,
) -> Vec<Arg<'a>> {
    let original = document.original.as_ref();
    let totals = &document.totals;
    let meta = placed.meta;
    let kind = kind_name(document.kind);
    vec![
        Arg::Int(tenant),
        document.id.arg(),
        Arg::Text(kind),
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
        meta.shift.arg(),
        totals.gross_minor.arg(),
        totals.discount_minor.arg(),
        totals.taxable_minor.arg(),
        totals.tax_minor.arg(),
        totals.total_minor.arg(),
        totals.rounding_minor.arg(),
        totals.payable_minor.arg(),
        document.training.arg(),
        Arg::Text(fact),
        placed.till.arg(),
        placed.incarnation.arg(),
        placed.seq.arg(),
    ]
}

fn line_rows<'a>(
    tenant: i64,
    document: &'a Document,
    flags: &'a [Option<String>],
) -> Result<Vec<Vec<Arg<'a>>>, Unapplied> {
    let rows = document.lines.iter().zip(flags).map(|(line, flags)| {
        let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))
            .map_err(|error| Unapplied::new("document.figures", error))?;
        Ok(vec![
            Arg::Int(tenant),
            document.id.arg(),
            line.no.arg(),
            line.sku.arg(),
            line.name.arg(),
            line.quantity_milli.arg(),
            Arg::Text(uom_name(line.uom)),
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
    });
    rows.collect()
}

fn tender_rows(tenant: i64, document: &Document) -> Vec<Vec<Arg<'_>>> {
    let numbered = (1_i64..).zip(&document.tenders);
    numbered
        .map(|(no, tender)| {
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
        .collect()
}

/// Flags of each line as JSON, nothing where there are none.
fn flags_of(fact: &Fact) -> Vec<Option<String>> {
    let Some((_, sale)) = sale_of(fact) else { return Vec::new() };
    let texts = sale.document.lines.iter().map(|line| {
        (!line.flags.is_empty()).then(|| serde_json::to_string(&line.flags).unwrap_or_default())
    });
    texts.collect()
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

fn uom_name(uom: Uom) -> &'static str {
    match uom {
        Uom::Each => "each",
        Uom::Kg => "kg",
        Uom::Litre => "litre",
        Uom::Metre => "metre",
        Uom::Gallon => "gallon",
    }
}

/// A medium as it stands in the tables.
pub(super) fn tender_name(tender: TenderType) -> &'static str {
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
