//! Selling: a basket and what is offered for it become one document, its movements and its entry.

use crate::balances;
use crate::catalogue;
use crate::error::TillError;
use crate::goods;
use crate::issue::{Paper, Shop, issue};
use crate::ledger::gate::Gate;
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, Topics};
use crate::said::{self, NOTE_CHARS_MAX};
use crate::staff::Who;
use crate::stock;
use daybook_domain::amount::{Currency, Minor, Quantity, RatePpm};
use daybook_domain::basket::{Basket, BasketError, Rules};
use daybook_domain::cash::change_max;
use daybook_domain::catalogue::Snapshot;
use daybook_domain::document::{Document, DocumentLine, LineFlag, Party, Place};
use daybook_domain::entry::{Fact, Movement, Sale};
use daybook_domain::feed::{ItemRow, Settings};
use daybook_domain::figures::Figures;
use daybook_domain::ids::{BasketId, CustomerId, DocumentId, Sku};
use daybook_domain::rounding::CashRounding;
use daybook_domain::staff::Action;
use daybook_domain::stock::{SaleRight, plan_sale};
use daybook_domain::tax::Jurisdiction;
use daybook_domain::tender::{Offer, Settled, settle};
use rusqlite::Connection;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is sold.
#[derive(Debug, Clone)]
pub struct SaleRequest {
    /// Made where the act starts; the same id again gives the same document.
    pub id: DocumentId,
    /// The basket.
    pub basket: Basket,
    /// What is offered for it.
    pub offers: Offers,
    /// Buyer as printed.
    pub buyer: Option<Party>,
    /// Known customer.
    pub customer: Option<CustomerId>,
    /// Place of supply, where it is not over the counter.
    pub place_of_supply: Option<Place>,
    /// Note to the customer.
    pub note: Option<String>,
    /// Message to whom it is given.
    pub gift_message: Option<String>,
    /// Key of the source, when imported.
    pub source: Option<String>,
    /// It has happened already, at another till: recorded whatever it says.
    pub happened: bool,
}

impl SaleRequest {
    /// A sale of which nothing is said beside the goods and what is offered for them.
    #[must_use]
    pub fn of(id: DocumentId, basket: Basket, offers: Vec<Offer>) -> Self {
        Self {
            id,
            basket,
            offers: Offers::Given(offers),
            buyer: None,
            customer: None,
            place_of_supply: None,
            note: None,
            gift_message: None,
            source: None,
            happened: false,
        }
    }
}

/// What is offered for a basket.
#[derive(Debug, Clone)]
pub enum Offers {
    /// As given.
    Given(Vec<Offer>),
    /// As an imported record says for the total.
    OfRecord(Box<daybook_domain::basket::import::Record>),
}

/// A SKU that was sold beyond the rights of this till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beyond {
    /// Which.
    pub sku: Sku,
    /// What was available, thousandths.
    pub available_milli: Quantity,
}

/// A sale that is committed: print it.
#[derive(Debug, Clone)]
pub struct Sold {
    /// The document.
    pub document: Document,
    /// What went beyond the rights of this till.
    pub beyond: Vec<Beyond>,
    /// The disk is nearly full: this sale is the last one.
    pub disk_low: bool,
    /// Topics that changed.
    pub topics: Topics,
}

/// Sells. The document is committed when this returns; paper comes after.
///
/// # Errors
/// Refused by the rules of basket, tender, stock and staff; [`TillError::DiskFull`] before anything was taken.
pub fn sell(ledger: &mut Ledger, who: &Who, request: &SaleRequest) -> Result<Sold, TillError> {
    sell_after(ledger, who, request, |_| Ok(()))
}

/// Sells, after something else that only happens together with the sale.
pub(crate) fn sell_after(
    ledger: &mut Ledger,
    who: &Who,
    request: &SaleRequest,
    before: impl FnOnce(&mut Gate<'_>) -> Result<(), TillError>,
) -> Result<Sold, TillError> {
    if let Some(done) = query::document(ledger.reader(), By::Id(request.id))? {
        let document = done.sale.document;
        return Ok(Sold { document, beyond: Vec::new(), disk_low: false, topics: Topics::new() });
    }
    commit(ledger, who, |gate| {
        before(gate)?;
        sell_in(gate, who, request)
    })
}

/// Sells a basket that lies parked: it leaves its place with the sale, or not at all.
///
/// # Errors
/// Refused as `basket.not_parked`; else as [`sell`].
pub fn sell_parked(
    ledger: &mut Ledger,
    who: &Who,
    parked: BasketId,
    request: impl FnOnce(Basket) -> SaleRequest,
) -> Result<Sold, TillError> {
    commit(ledger, who, |gate| {
        let basket = goods::recall_in(gate, parked)?;
        sell_in(gate, who, &request(basket))
    })
}

fn commit(
    ledger: &mut Ledger,
    who: &Who,
    sale: impl FnOnce(&mut Gate<'_>) -> Result<(Document, Vec<Beyond>), TillError>,
) -> Result<Sold, TillError> {
    let disk_low = ledger.home().ensure_space()?;
    let ((document, beyond), topics) = ledger.write(who.act(), sale)?;
    Ok(Sold { document, beyond, disk_low, topics })
}

fn sell_in(
    gate: &mut Gate<'_>,
    who: &Who,
    request: &SaleRequest,
) -> Result<(Document, Vec<Beyond>), TillError> {
    gate.shift()?;
    let shop = Shop::load(gate)?;
    let figures = figures(&shop, &request.basket, request.place_of_supply.as_ref())?;
    let approver = if request.happened { None } else { approval(who, &shop.settings, &figures)? };
    gate.approved_by(approver);
    let (document, movements, beyond) = settle_sale(gate, &shop, who, request, figures)?;
    let source = request.source.clone();
    let fact = Fact::SaleCompleted(Sale { document: document.clone(), movements, source });
    gate.append(&fact)?;
    Ok((document, beyond))
}

fn settle_sale(
    gate: &mut Gate<'_>,
    shop: &Shop,
    who: &Who,
    request: &SaleRequest,
    mut figures: Figures,
) -> Result<(Document, Vec<Movement>, Vec<Beyond>), TillError> {
    let (movements, beyond) = goods_out(gate, shop, who, &mut figures.lines, request.happened)?;
    let offers = match &request.offers {
        Offers::Given(offers) => offers.clone(),
        Offers::OfRecord(record) => record.offers(figures.totals.total_minor)?,
    };
    let rounding = CashRounding::to(if request.happened {
        Minor(1)
    } else {
        shop.settings.cash_rounding_minor
    });
    let settled = settle(&figures.totals, &offers, rounding)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    if !request.happened {
        believe(&offers, &settled, shop.settings.currency)?;
        balances::take(gate.conn(), who.moment, &settled.tenders)?;
    }
    if let Some(buyer) = &request.buyer {
        said::check_party(buyer)?;
    }
    let registered = request.buyer.as_ref().is_some_and(|buyer| buyer.tax_id.is_some());
    let kind = jurisdiction(&shop.settings)?.document_kind(&figures.lines, registered);
    let paper = Paper {
        id: request.id,
        kind,
        lines: figures.lines,
        tax_table: figures.tax_table,
        totals: settled.totals,
        tenders: settled.tenders,
        original: None,
        reason: None,
        buyer: request.buyer.clone(),
        customer: request.customer,
        place_of_supply: request
            .place_of_supply
            .clone()
            .or_else(|| shop.location.seller.state.clone()),
        note: said::text("note", request.note.as_deref(), NOTE_CHARS_MAX)?,
        gift_message: said::text("gift_message", request.gift_message.as_deref(), NOTE_CHARS_MAX)?,
    };
    Ok((issue(gate, shop, who, paper)?, movements, beyond))
}

/// A code that was scanned into the amount is no cash.
pub(crate) fn believe_change(change: Minor, currency: Currency) -> Result<(), TillError> {
    if change <= change_max(currency) {
        return Ok(());
    }
    let message = format!("{} minor units of change are not believed", change.0);
    Err(TillError::refused("payment.change", message).with("change_minor", change.0))
}

/// The same of offers that settle a document; names the one that cannot be.
pub(crate) fn believe(
    offers: &[Offer],
    settled: &Settled,
    currency: Currency,
) -> Result<(), TillError> {
    let change = Minor::total(settled.tenders.iter().filter_map(|tender| tender.change_minor))?;
    believe_change(change, currency).map_err(|error| match error {
        TillError::Refused { code, message, values } => {
            let no = offers.iter().position(|offer| offer.given.is_some()).unwrap_or(0) + 1;
            TillError::Refused { code, message: format!("tender {no}: {message}"), values }
        }
        error => error,
    })
}

/// The rules of this shop.
pub(crate) fn rules(shop: &Shop, place_of_supply: Option<&Place>) -> Result<Rules, TillError> {
    Rules::of(&shop.settings, shop.location.seller.state.as_ref(), place_of_supply)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))
}

/// The figures of a basket for payment.
pub(crate) fn figures(
    shop: &Shop,
    basket: &Basket,
    place_of_supply: Option<&Place>,
) -> Result<Figures, TillError> {
    basket.checkout(&rules(shop, place_of_supply)?).map_err(|error| basket_refused(&error))
}

pub(crate) fn basket_refused(error: &BasketError) -> TillError {
    let refused = TillError::refused(error.code(), error.to_string());
    match error {
        BasketError::Quantity { sku, .. }
        | BasketError::Fraction { sku }
        | BasketError::NoPrice { sku }
        | BasketError::Price { sku }
        | BasketError::Amount { sku } => refused.with("sku", sku),
        BasketError::AboveMrp { sku, mrp, .. } => refused.with("sku", sku).with("mrp_minor", mrp.0),
        BasketError::DiscountExceedsPrice { most, .. }
        | BasketError::DiscountExceedsBill { most } => refused.with("most_minor", most.0),
        _ => refused,
    }
}

pub(crate) fn jurisdiction(settings: &Settings) -> Result<&'static Jurisdiction, TillError> {
    Jurisdiction::by_code(&settings.jurisdiction)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))
}

/// Whose approval the discounts and prices of a basket take.
pub(crate) fn approval(
    who: &Who,
    settings: &Settings,
    figures: &Figures,
) -> Result<Option<daybook_domain::ids::StaffId>, TillError> {
    let mut approver = who.allow(Action::Sell, settings)?;
    for line in figures.lines.iter().filter(|line| line.original_line.is_none()) {
        if line.price_override.is_some() {
            approver = who.allow(Action::PriceOverride, settings)?.or(approver);
        }
        let off = line.discount_minor.checked_add(line.bill_discount_minor)?;
        if off.0 > 0 {
            let gross = i128::from(line.gross_minor.0.max(1));
            let rate = i128::from(off.0) * 1_000_000 / gross;
            let rate_ppm = RatePpm(i64::try_from(rate).unwrap_or(i64::MAX));
            approver = who.allow(Action::Discount { rate_ppm }, settings)?.or(approver);
        }
    }
    Ok(approver)
}

/// Movements of the goods that leave, by the stock rights of this till. Lines beyond them are flagged.
pub(crate) fn goods_out(
    gate: &mut Gate<'_>,
    shop: &Shop,
    who: &Who,
    lines: &mut [DocumentLine],
    happened: bool,
) -> Result<(Vec<Movement>, Vec<Beyond>), TillError> {
    let location = gate.identity().location.clone();
    let mut wanted: BTreeMap<Sku, Quantity> = BTreeMap::new();
    for line in lines.iter().filter(|line| moves_stock(line) && line.quantity_milli.0 > 0) {
        let sum = wanted.entry(line.sku.clone()).or_default();
        *sum = sum.checked_add(line.quantity_milli)?;
    }
    let (mut movements, mut beyond) = (Vec::new(), Vec::new());
    for (sku, quantity) in wanted {
        let incarnation = gate.live().journal.incarnation;
        let (shown, leases) = stock::rights(gate.conn(), &location, &sku, who.moment, incarnation)?;
        let plan = plan_sale(&sku, &location, quantity, &shown.level, &leases)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        if let SaleRight::BeyondRights { available_milli, needs_approval } = plan.right {
            if needs_approval && !happened {
                let name = lines.iter().find(|line| line.sku == sku).map_or("", |line| &line.name);
                let approver =
                    who.allow(Action::SellBeyondRights, &shop.settings).map_err(|_| {
                        TillError::refused(
                            "stock.beyond_rights",
                            format!(
                                "{sku}: {} available to this till; a manager may override",
                                available_milli.to_decimal()
                            ),
                        )
                        .with("name", name)
                        .with("available", available_milli.to_decimal())
                        .with("role", "manager")
                    })?;
                gate.approved_by(approver);
            }
            for line in lines.iter_mut().filter(|line| line.sku == sku) {
                line.flags.push(LineFlag::BeyondRights);
            }
            beyond.push(Beyond { sku: sku.clone(), available_milli });
        }
        for movement in &plan.movements {
            if let Some(fence) = movement.lease {
                stock::spend(gate.conn(), fence, movement.quantity_milli.checked_neg()?)?;
            }
        }
        movements.extend(plan.movements);
    }
    Ok((movements, beyond))
}

/// Open items, gift cards and lines of quantity zero have no stock.
pub(crate) fn moves_stock(line: &DocumentLine) -> bool {
    let goods = !line.flags.contains(&LineFlag::OpenItem) && line.gift_card.is_none();
    goods && !line.quantity_milli.is_zero()
}

/// What the catalogue holds for an item at a moment.
///
/// # Errors
/// Refused as `catalogue.…`.
pub fn snapshot(
    conn: &Connection,
    item: &ItemRow,
    at_ms: i64,
    day: &str,
) -> Result<Snapshot, TillError> {
    let class = catalogue::tax_class(conn, &item.tax_class)?.ok_or_else(|| {
        TillError::refused("catalogue.no_tax_class", format!("no tax class {}", item.tax_class))
    })?;
    daybook_domain::catalogue::snapshot(item, &class, at_ms, day)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))
}
