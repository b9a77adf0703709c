//! Documents of web orders, in the store's own gapless series.

use super::place::{Frozen, local_day, seller};
use super::read;
use super::state::Locked;
use super::{Address, OrderError};
use crate::args;
use crate::counter;
use crate::db::{DbError, Tx};
use crate::documents::{self, DocumentError, Issued, Issuer};
use crate::master;
use crate::tenant;
use daybook_domain::amount::{Currency, Minor};
use daybook_domain::document::{Document, DocumentKind, OriginalRef, Party, Tender, TenderType};
use daybook_domain::figures::Figures;
use daybook_domain::ids::{CustomerId, DocumentId, LocationId, OrderId, TillCode};
use daybook_domain::number::{FiscalYear, Series};
use daybook_domain::tax::Jurisdiction;
use uuid::Uuid;

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

/// Issues the invoice of an order that was just paid, by a gateway unless it costs nothing.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    locked: &Locked,
    gateway: Option<&str>,
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

/// What a credit note says besides its figures.
pub(super) struct Credit<'a> {
    pub(super) original: &'a Document,
    pub(super) reason: &'a str,
    /// Absent where no money goes back: the note then bears the id of the refund, which has no row of its own.
    pub(super) gateway: Option<&'a str>,
    pub(super) refund: Uuid,
}

/// Issues the credit note of a refund.
pub(super) fn credit(
    tx: &mut Tx<'_>,
    id: OrderId,
    figures: Figures,
    credit: &Credit<'_>,
) -> Result<Document, OrderError> {
    let Credit { original, reason, gateway, refund } = credit;
    let source = source(tx, id)?;
    let tender = online(figures.totals.payable_minor, *gateway);
    let mut document = head(tx, &source, DocumentKind::CreditNote, figures, tender)?;
    if gateway.is_none() {
        document.id = DocumentId(*refund);
    }
    document.tax_inclusive = original.tax_inclusive;
    document.buyer = original.buyer.clone();
    document.place_of_supply = original.place_of_supply.clone();
    document.original = Some(OriginalRef {
        id: Some(original.id),
        number: original.number.clone(),
        day: original.day.clone(),
    });
    document.reason = Some((*reason).to_owned());
    store(tx, &document, "order_refund", id)?;
    Ok(document)
}

fn online(amount_minor: Minor, gateway: Option<&str>) -> Vec<Tender> {
    let tender = |gateway: &str| Tender {
        tender_type: TenderType::Online,
        amount_minor,
        given_minor: None,
        change_minor: None,
        reference: Some(gateway.to_owned()),
        hold: None,
    };
    gateway.map(tender).into_iter().collect()
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
        gift_message: None,
        terms: settings.terms,
        upi_vpa: None,
        training: false,
    })
}

fn store(
    tx: &mut Tx<'_>,
    document: &Document,
    fact: &str,
    order: OrderId,
) -> Result<(), OrderError> {
    let issued = Issued { document, fact, by: Issuer::Store { order } };
    documents::insert(tx, &[issued]).map_err(|error| match error {
        DocumentError::OutOfRange(error) => error.into(),
        DocumentError::Db(error) => error.into(),
    })
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
