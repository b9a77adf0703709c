//! Placing an order: priced by the store, goods reserved, numbered.

mod check;

pub(super) use check::limited;

use super::read::{self, Order};
use super::{By, OrderError, OrderSettings, pay, state};
use crate::args;
use crate::catalogue;
use crate::counter;
use crate::db::{DbError, Tx};
use crate::exceptions::{Raised, raise};
use crate::gate::Dirty;
use crate::master::{FULFILMENTS, word};
use crate::{master, stock, tenant};
use chrono::DateTime;
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::basket::{Basket, Rules};
use daybook_domain::catalogue::{Snapshot, snapshot};
use daybook_domain::document::{DocumentLine, Party, Place, TaxRow, Totals};
use daybook_domain::feed::{Settings, StockPolicy};
use daybook_domain::ids::{CustomerId, LocationId, OrderId, Sku};
use daybook_domain::order::{Fulfilment, order_number};
use daybook_domain::reservation::{Pool, reserve};
use daybook_domain::stock::StockError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The line of the invoice that carries shipping.
const SHIPPING_SKU: &str = "SHIPPING";

/// An order as a customer asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Made by the client; the same id with the same body is the same order.
    pub id: OrderId,
    /// What.
    pub lines: Vec<NewLine>,
    /// From where; absent: from a place that has everything.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// Known customer; absent: a guest.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// How it reaches the customer; absent: shipped where there is an address to ship to, else collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfilment: Option<Fulfilment>,
    /// Where it goes.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// Who is billed; absent: the same.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// Untaxed shipping; absent: the shop's own.
    #[serde(default)]
    pub shipping_minor: Option<Minor>,
    /// Note to the shop.
    #[serde(default)]
    pub note: Option<String>,
    /// Message to whom it is given.
    #[serde(default)]
    pub gift_message: Option<String>,
    /// Where it came from: `web` unless said otherwise.
    #[serde(default)]
    pub source: Option<String>,
}

impl NewOrder {
    fn fulfilment(&self) -> Fulfilment {
        let by_address = match self.shipping_address {
            Some(_) => Fulfilment::Ship,
            None => Fulfilment::Collect,
        };
        self.fulfilment.unwrap_or(by_address)
    }
}

/// One line of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How much, thousandths.
    pub quantity_milli: Quantity,
    /// The price that the buyer saw; another one is refused.
    #[serde(default)]
    pub unit_price_micros: Option<UnitPrice>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Whose.
    pub name: String,
    /// Lines.
    #[serde(default)]
    pub lines: Vec<String>,
    /// State code, for the place of supply.
    #[serde(default)]
    pub state_code: Option<String>,
    /// Tax registration.
    #[serde(default)]
    pub tax_id: Option<String>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default)]
    pub email: Option<String>,
}

impl Address {
    /// As it stands on a document.
    #[must_use]
    pub fn party(&self) -> Party {
        Party {
            name: self.name.clone(),
            address: self.lines.clone(),
            tax_id: self.tax_id.clone(),
            state: self.place(),
            phone: self.phone.clone(),
            email: self.email.clone(),
        }
    }

    /// Its State, where it names one.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let state = daybook_domain::tax::states::by_code(self.state_code.as_deref()?);
        state.map(daybook_domain::tax::states::State::place)
    }
}

/// What an order costs, frozen when it was placed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Frozen {
    pub(super) lines: Vec<DocumentLine>,
    pub(super) tax_table: Vec<TaxRow>,
    pub(super) totals: Totals,
    pub(super) tax_inclusive: bool,
}

/// Places an order and reserves its goods until the payment window ends; one that costs nothing is paid at once.
///
/// # Errors
/// [`OrderError`] names the field, the price now or the quantity available.
pub fn place(tx: &mut Tx<'_>, new: &NewOrder, by: &By) -> Result<Order, OrderError> {
    let body_hash = hash_of(new)?;
    if let Some(known) = known(tx, new, body_hash)? {
        return Ok(known);
    }
    match tx.attempt(|tx| place_new(tx, new, by, body_hash))? {
        Ok(order) => Ok(order),
        // The same call may have placed it while this one waited for the goods.
        Err(error) => known(tx, new, body_hash)?.ok_or(error),
    }
}

fn known(
    tx: &mut Tx<'_>,
    new: &NewOrder,
    body_hash: [u8; 32],
) -> Result<Option<Order>, OrderError> {
    match read::body_hash(tx, new.id)? {
        None => Ok(None),
        Some(hash) if hash == body_hash => read::find(tx, new.id).map(Some),
        Some(_) => Err(OrderError::Conflict),
    }
}

fn place_new(
    tx: &mut Tx<'_>,
    new: &NewOrder,
    by: &By,
    body_hash: [u8; 32],
) -> Result<Order, OrderError> {
    let shop = OrderSettings::load(tx)?;
    let settings = master::settings(tx)?.ok_or(OrderError::NoSettings)?;
    check::check(new, &shop)?;
    let day = local_day(tx.now_ms(), &settings);
    let basket = basket(tx, new, &day, &shop)?;
    let location = location(tx, new)?;
    let seller = seller(tx, &location)?;
    let place = new.shipping_address.as_ref().and_then(Address::place);
    let rules = Rules::of(&settings, seller.state.as_ref(), place.as_ref())?;
    let figures = basket.checkout(&rules)?;
    let expires_at_ms = tx.now_ms().saturating_add(shop.window_ms);
    let held = hold(tx, new, &location, expires_at_ms)?;
    let nth = counter::next(tx, &format!("order/{day}"))?;
    let number = order_number(&day, u32::try_from(nth).unwrap_or(u32::MAX));
    let frozen = Frozen {
        lines: figures.lines,
        tax_table: figures.tax_table,
        totals: figures.totals,
        tax_inclusive: settings.tax_inclusive,
    };
    let row = Row {
        new,
        number,
        location,
        currency: settings.currency.code(),
        frozen,
        body_hash,
        expires_at_ms,
    };
    insert(tx, &row)?;
    reserve_rows(tx, &row, &held)?;
    state::event(tx, new.id, "placed", None, "pending", by)?;
    if row.frozen.totals.total_minor.is_zero() {
        pay::free(tx, new.id, by)?;
    }
    tx.touch(Dirty::Order(new.id));
    read::find(tx, new.id)
}

pub(super) fn hash_of(body: &impl Serialize) -> Result<[u8; 32], OrderError> {
    let json = serde_json::to_vec(body).map_err(|error| OrderError::field("body", error))?;
    Ok(Sha256::digest(json).into())
}

/// The business day of a moment.
pub(super) fn local_day(at_ms: i64, settings: &Settings) -> String {
    let local = at_ms.saturating_add(i64::from(settings.offset_min) * 60_000);
    DateTime::from_timestamp_millis(local).unwrap_or_default().format("%Y-%m-%d").to_string()
}

/// The lines at the store's own prices; shipping is the last, untaxed.
fn basket(
    tx: &mut Tx<'_>,
    new: &NewOrder,
    day: &str,
    shop: &OrderSettings,
) -> Result<Basket, OrderError> {
    let mut basket = Basket::new();
    for (index, line) in new.lines.iter().enumerate() {
        let field = |part: &str| format!("lines[{index}].{part}");
        let item = catalogue::item(tx, &line.sku)?.filter(|item| !item.archived);
        let Some(item) = item else {
            return Err(OrderError::field(field("sku"), format_args!("{} is not sold", line.sku)));
        };
        let class = catalogue::tax_class(tx, &item.tax_class)?;
        let frozen = snapshot(&item, &class, tx.now_ms(), day)?;
        let Some(now) = frozen.unit_price_micros else {
            let message = format!("{} has no price on the web", line.sku);
            return Err(OrderError::field(field("sku"), message));
        };
        if line.unit_price_micros.is_some_and(|seen| seen != now) {
            let (field, sku) = (field("unit_price_micros"), line.sku.clone());
            return Err(OrderError::PriceChanged { field, sku, now });
        }
        basket.add(frozen, line.quantity_milli)?;
    }
    let shipping = new.shipping_minor.unwrap_or(shop.shipping_minor);
    if shipping > Minor::ZERO {
        let sku = Sku::new(SHIPPING_SKU).map_err(|error| OrderError::field("shipping", error))?;
        let item = Snapshot { open: false, ..Snapshot::open_item(sku, "Shipping", RatePpm(0)) };
        basket.add_given(item, Quantity(1000), shipping)?;
    }
    Ok(basket)
}

/// The place asked for, or the first that can promise every line; else the first place that can promise most.
fn location(tx: &mut Tx<'_>, new: &NewOrder) -> Result<LocationId, OrderError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT location_id FROM location WHERE tenant_id = $1 AND active = 1
         ORDER BY CASE kind WHEN 'warehouse' THEN 0 ELSE 1 END, location_id",
        args![tenant],
    )?;
    let known = rows
        .iter()
        .map(|row| row.parsed::<LocationId>(0, "location"))
        .collect::<Result<Vec<_>, DbError>>()?;
    if let Some(asked) = &new.location {
        return match known.contains(asked) {
            true => Ok(asked.clone()),
            false => Err(OrderError::field("location", format_args!("{asked} is unknown"))),
        };
    }
    let mut best: Option<(usize, &LocationId)> = None;
    for location in &known {
        let mut able = 0;
        for line in &new.lines {
            let level = stock::find(tx, location, &line.sku)?;
            let available = level.map(|found| found.level.web_available()).transpose()?;
            able +=
                usize::from(available.is_some_and(|available| available >= line.quantity_milli));
        }
        if best.is_none_or(|(most, _)| able > most) {
            best = Some((able, location));
        }
    }
    best.map(|(_, location)| location.clone())
        .ok_or_else(|| OrderError::field("location", "there is none yet"))
}

pub(super) fn seller(tx: &mut Tx<'_>, location: &LocationId) -> Result<Party, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT seller FROM location WHERE tenant_id = $1 AND location_id = $2",
        args![tenant, location],
    )?;
    serde_json::from_str(row.text(0)?).map_err(|_| DbError::corrupt("location", location))
}

/// A line whose goods are held; a product without a stock row has none.
struct Held {
    line: usize,
    from: Pool,
}

/// Reserves each line, in the order of SKU so that two orders never wait for each other in a circle.
fn hold(
    tx: &mut Tx<'_>,
    new: &NewOrder,
    location: &LocationId,
    expires_at_ms: i64,
) -> Result<Vec<Held>, OrderError> {
    let frozen = tenant::load(tx)?.is_some_and(|business| business.frozen);
    let mut order: Vec<usize> = (0..new.lines.len()).collect();
    order.sort_by_key(|index| &new.lines[*index].sku);
    let mut held = Vec::new();
    for index in order {
        let line = &new.lines[index];
        let Some(found) = stock::lock(tx, location, &line.sku)? else {
            no_stock_row(tx, new.id, location, &line.sku)?;
            continue;
        };
        let mut level = found.level;
        if frozen && level.policy != StockPolicy::RingFenced {
            return Err(OrderError::Frozen);
        }
        match reserve(&mut level, new.id, line.quantity_milli, expires_at_ms) {
            Ok(reservation) => held.push(Held { line: index, from: reservation.from }),
            Err(StockError::NotAvailable { available_milli: available }) => {
                let field = format!("lines[{index}].quantity_milli");
                return Err(OrderError::NotAvailable { field, sku: line.sku.clone(), available });
            }
            Err(error) => return Err(error.into()),
        }
        stock::save(tx, location, &line.sku, &level)?;
    }
    Ok(held)
}

/// Sold all the same; a person must look.
fn no_stock_row(
    tx: &mut Tx<'_>,
    order: OrderId,
    location: &LocationId,
    sku: &Sku,
) -> Result<(), DbError> {
    tracing::error!(%order, %sku, %location, "a web order sells a product without a stock row");
    let raised = Raised {
        kind: "order.no_stock_row",
        subject: format!("stock/{location}/{sku}"),
        location: Some(location.clone()),
        sku: Some(sku.clone()),
        order: Some(order),
        detail: format!(
            "{sku} has no stock row at {location} and was sold on the web without reservation"
        ),
        ..Raised::default()
    };
    raise(tx, &raised)
}

struct Row<'a> {
    new: &'a NewOrder,
    number: String,
    location: LocationId,
    currency: &'a str,
    frozen: Frozen,
    body_hash: [u8; 32],
    expires_at_ms: i64,
}

fn insert(tx: &mut Tx<'_>, row: &Row<'_>) -> Result<(), OrderError> {
    let (tenant, now_ms, new) = (tx.tenant(), tx.now_ms(), row.new);
    let is_shipping = |line: &&DocumentLine| line.sku.as_str() == SHIPPING_SKU;
    let shipping =
        Minor::total(row.frozen.lines.iter().filter(is_shipping).map(|line| line.total_minor))?;
    let totals = row.frozen.totals;
    let subtotal = totals.taxable_minor.checked_sub(shipping)?;
    let json = |address: &Option<Address>| address.as_ref().map(serde_json::to_string).transpose();
    let unfit = |error| OrderError::field("body", error);
    let ship_to = json(&new.shipping_address).map_err(unfit)?;
    let bill_to = json(&new.billing_address).map_err(unfit)?;
    let figures = serde_json::to_string(&row.frozen).map_err(unfit)?;
    let source = new.source.as_deref().unwrap_or("web");
    tx.execute(
        "INSERT INTO web_order (tenant_id, order_id, number, source, state, location_id, currency, customer_id,
             subtotal_minor, tax_minor, shipping_minor, total_minor, note, gift_message, shipping_address,
             billing_address, figures, placed_at_ms, expires_at_ms, body_hash, fulfilment)
         VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        args![
            tenant,
            new.id,
            row.number,
            *source,
            row.location,
            *row.currency,
            new.customer,
            subtotal,
            totals.tax_minor,
            shipping,
            totals.total_minor,
            new.note,
            new.gift_message,
            ship_to,
            bill_to,
            figures,
            now_ms,
            row.expires_at_ms,
            row.body_hash,
            *word(&FULFILMENTS, new.fulfilment())
        ],
    )?;
    for line in &row.frozen.lines {
        let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))?;
        let rate = RatePpm(line.taxes.iter().map(|tax| tax.rate_ppm.0).sum());
        tx.execute(
            "INSERT INTO order_line (tenant_id, order_id, line_no, sku, name, quantity_milli, unit_price_micros,
                 tax_rate_ppm, net_minor, tax_minor, total_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            args![
                tenant,
                new.id,
                line.no,
                line.sku,
                line.name,
                line.quantity_milli,
                line.unit_price_micros,
                rate,
                line.taxable_minor,
                tax,
                line.total_minor
            ],
        )?;
    }
    Ok(())
}

fn reserve_rows(tx: &mut Tx<'_>, row: &Row<'_>, held: &[Held]) -> Result<(), OrderError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    for held in held {
        let line = &row.new.lines[held.line];
        let id = tx.new_id();
        let from_allotment = match held.from {
            Pool::Allotment => line.quantity_milli,
            Pool::Free => Quantity::ZERO,
        };
        // Goods stand in the document in the order of the request, before shipping.
        let line_no = u32::try_from(held.line + 1).unwrap_or(u32::MAX);
        tx.execute(
            "INSERT INTO reservation (tenant_id, reservation_id, order_id, line_no, location_id, sku, quantity_milli,
                 from_allotment_milli, state, created_at_ms, expires_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'held', $9, $10)",
            args![
                tenant,
                id,
                row.new.id,
                line_no,
                row.location,
                line.sku,
                line.quantity_milli,
                from_allotment,
                now_ms,
                row.expires_at_ms
            ],
        )?;
    }
    Ok(())
}
