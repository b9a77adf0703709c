//! Documents of web orders, in the store's own gapless series.

use super::place::{Frozen, local_day, seller};
use super::read::{self, Locked};
use super::{Address, OrderError};
use crate::args;
use crate::counter;
use crate::db::{Arg, Bind, DbError, Table, Tx};
use crate::master::{self, UOMS, word};
use crate::tenant;
use daybook_domain::amount::{Currency, Minor};
use daybook_domain::document::{Document, DocumentKind, OriginalRef, Party, Tender, TenderType};
use daybook_domain::figures::Figures;
use daybook_domain::ids::{CustomerId, DocumentId, LocationId, OrderId, TillCode};
use daybook_domain::number::{FiscalYear, Series};
use daybook_domain::tax::Jurisdiction;

/// Tag of the store's series; its prefix changes with each restore.
const SERIES_TAG: &str = "A";

/// What of an order stands on its documents.
struct Source {
    location: LocationId,
    customer: Option<CustomerId>,
    shipping: Option<Address>,
    billing: Option<Address>,
    currency: Currency,
    number: String,
}

fn source(tx: &mut Tx<'_>, id: OrderId) -> Result<Source, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT location_id, customer_id, shipping_address, billing_address, currency, number FROM web_order
         WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id],
    )?;
    let corrupt = || DbError::corrupt("web_order", id);
    let address = |column| -> Result<Option<Address>, DbError> {
        let json = row.opt_text(column)?;
        json.map(|json| serde_json::from_str(json).map_err(|_| corrupt())).transpose()
    };
    Ok(Source {
        location: row.parsed(0, "web_order")?,
        customer: row.opt_uuid(1)?.map(CustomerId),
        shipping: address(2)?,
        billing: address(3)?,
        currency: Currency::try_from(row.text(4)?.to_owned()).map_err(|_| corrupt())?,
        number: row.text(5)?.to_owned(),
    })
}

/// Issues the invoice of an order that was just paid.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    locked: &Locked,
    gateway: &str,
) -> Result<Document, OrderError> {
    let frozen = read::frozen(tx, locked.id)?;
    let source = source(tx, locked.id)?;
    let settings = master::settings(tx)?.ok_or(OrderError::NoSettings)?;
    let buyer = source.billing.as_ref().or(source.shipping.as_ref()).map(Address::party);
    let registered = buyer.as_ref().is_some_and(|buyer| buyer.tax_id.is_some());
    let kind =
        Jurisdiction::by_code(&settings.jurisdiction)?.document_kind(&frozen.lines, registered);
    let tender = online(frozen.totals.payable_minor, gateway);
    let Frozen { lines, tax_table, totals, tax_inclusive } = frozen;
    let figures = Figures { lines, tax_table, totals };
    let mut document = head(tx, &source, kind, figures, tender)?;
    document.tax_inclusive = tax_inclusive;
    document.buyer = buyer;
    store(tx, &document, "order", locked.id)?;
    Ok(document)
}

/// Issues the credit note of a refund.
pub(super) fn credit(
    tx: &mut Tx<'_>,
    id: OrderId,
    original: &Document,
    figures: Figures,
    reason: &str,
    gateway: &str,
) -> Result<Document, OrderError> {
    let source = source(tx, id)?;
    let tender = online(figures.totals.payable_minor, gateway);
    let mut document = head(tx, &source, DocumentKind::CreditNote, figures, tender)?;
    document.tax_inclusive = original.tax_inclusive;
    document.buyer = original.buyer.clone();
    document.place_of_supply = original.place_of_supply.clone();
    document.original = Some(OriginalRef {
        id: Some(original.id),
        number: original.number.clone(),
        day: original.day.clone(),
    });
    document.reason = Some(reason.to_owned());
    store(tx, &document, "order_refund", id)?;
    Ok(document)
}

fn online(amount_minor: Minor, gateway: &str) -> Vec<Tender> {
    let tender_type = TenderType::Online;
    let reference = Some(gateway.to_owned());
    vec![Tender { tender_type, amount_minor, given_minor: None, change_minor: None, reference }]
}

fn head(
    tx: &mut Tx<'_>,
    source: &Source,
    kind: DocumentKind,
    figures: Figures,
    tenders: Vec<Tender>,
) -> Result<Document, OrderError> {
    let settings = master::settings(tx)?.ok_or(OrderError::NoSettings)?;
    let business = tenant::load(tx)?.ok_or(OrderError::NoSettings)?;
    let now_ms = tx.now_ms();
    let day = local_day(now_ms, &settings);
    let year = FiscalYear::of(&day, settings.fiscal_year_start_month)?;
    let code = TillCode::new(business.series.as_str())
        .map_err(|_| DbError::corrupt("store_state", &business.series))?;
    let series = Series::new(&code, SERIES_TAG, kind, &year, false)?;
    let nth = counter::next(tx, &format!("document/{series}"))?;
    let seller: Party = seller(tx, &source.location)?;
    let ship_to = source.shipping.as_ref().and_then(Address::place);
    Ok(Document {
        id: DocumentId(tx.new_id()),
        kind,
        number: series.number(nth)?,
        series: series.as_str().to_owned(),
        issued_at_ms: now_ms,
        offset_min: settings.offset_min,
        day,
        fiscal_year: year.label(),
        till: None,
        till_code: None,
        location: source.location.clone(),
        cashier: "Web".to_owned(),
        currency: source.currency,
        jurisdiction: settings.jurisdiction.clone(),
        tax_inclusive: settings.tax_inclusive,
        place_of_supply: ship_to.or_else(|| seller.state.clone()),
        seller,
        buyer: None,
        customer: source.customer,
        reverse_charge: false,
        original: None,
        reason: None,
        lines: figures.lines,
        tax_table: figures.tax_table,
        totals: figures.totals,
        tenders,
        note: Some(source.number.clone()),
        terms: settings.terms,
        upi_vpa: None,
        training: false,
    })
}

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
    ],
    then: "",
};

fn store(
    tx: &mut Tx<'_>,
    document: &Document,
    fact: &str,
    order: OrderId,
) -> Result<(), OrderError> {
    let tenant = tx.tenant();
    let body =
        serde_json::to_string(document).map_err(|_| DbError::corrupt("document", document.id))?;
    let original = document.original.as_ref();
    let original_id = original.and_then(|original| original.id);
    let original_number = original.map(|original| original.number.as_str());
    let totals = &document.totals;
    tx.execute(
        "INSERT INTO document (tenant_id, document_id, kind, number, series, issued_at_ms, day, fiscal_year, location_id,
             currency, customer_id, original_id, original_number, gross_minor, discount_minor, taxable_minor, tax_minor,
             total_minor, rounding_minor, payable_minor, fact, order_id, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
        args![
            tenant,
            document.id,
            *kind_word(document.kind),
            document.number,
            document.series,
            document.issued_at_ms,
            document.day,
            document.fiscal_year,
            document.location,
            *document.currency.code(),
            document.customer,
            original_id,
            original_number,
            totals.gross_minor,
            totals.discount_minor,
            totals.taxable_minor,
            totals.tax_minor,
            totals.total_minor,
            totals.rounding_minor,
            totals.payable_minor,
            *fact,
            order,
            body
        ],
    )?;
    lines(tx, document)?;
    for (no, tender) in (1_i64..).zip(&document.tenders) {
        tx.execute(
            "INSERT INTO document_tender (tenant_id, document_id, tender_no, tender_type, amount_minor, reference)
             VALUES ($1, $2, $3, 'online', $4, $5)",
            args![tenant, document.id, no, tender.amount_minor, tender.reference],
        )?;
    }
    Ok(())
}

fn lines(tx: &mut Tx<'_>, document: &Document) -> Result<(), OrderError> {
    let tenant = tx.tenant();
    let mut rows = Vec::new();
    for line in &document.lines {
        let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))?;
        rows.push(vec![
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
        ]);
    }
    Ok(tx.insert(&LINE, &rows)?)
}

fn kind_word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::TaxInvoice => "tax_invoice",
        DocumentKind::BillOfSupply => "bill_of_supply",
        DocumentKind::InvoiceCumBill => "invoice_cum_bill",
        DocumentKind::Receipt => "receipt",
        DocumentKind::CreditNote => "credit_note",
    }
}

/// The documents of an order: the invoice, then its credit notes.
///
/// # Errors
/// [`OrderError`] of the database.
pub fn documents_of(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<Document>, OrderError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT body FROM document WHERE tenant_id = $1 AND order_id = $2 AND body IS NOT NULL
         ORDER BY issued_at_ms, number",
        args![tenant, id],
    )?;
    let mut documents = rows
        .iter()
        .map(|row| {
            serde_json::from_str(row.text(0)?)
                .map_err(|_| OrderError::from(DbError::corrupt("document", id)))
        })
        .collect::<Result<Vec<Document>, OrderError>>()?;
    documents.sort_by_key(|document| document.kind == DocumentKind::CreditNote);
    Ok(documents)
}

/// One document of an order by its number.
///
/// # Errors
/// [`OrderError::Unknown`] or of the database.
pub fn document(tx: &mut Tx<'_>, id: OrderId, number: &str) -> Result<Document, OrderError> {
    let found = documents_of(tx, id)?.into_iter().find(|document| document.number == number);
    found.ok_or(OrderError::Unknown)
}
