//! What the store holds now, in the shape of the files: an import changes only what differs.

use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::keyring::Keyring;
use crate::master;
use crate::pins;
use daybook_domain::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::feed::{
    CustomerRow, DatedPrice, DatedRate, ItemRow, LocationKind, LocationRow, Role, Settings,
    StaffRow, StockPolicy, TaxClassRow,
};
use daybook_domain::ids::{CustomerId, LocationId, Sku, StaffId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that an import can change.
#[derive(Debug, Clone, Default)]
pub struct Current {
    /// Rules of the business, once they are set.
    pub settings: Option<Settings>,
    /// Locations.
    pub locations: BTreeMap<LocationId, LocationRow>,
    /// Tax classes, rates oldest first.
    pub taxes: BTreeMap<String, TaxClassRow>,
    /// Items, barcodes in order, prices oldest first.
    pub items: BTreeMap<Sku, ItemRow>,
    /// Staff.
    pub staff: BTreeMap<StaffId, StaffRow>,
    /// Customers that were not erased.
    pub customers: BTreeMap<CustomerId, CustomerRow>,
    /// Levels.
    pub stock: HashMap<(LocationId, Sku), StockNow>,
    /// Whether there are amounts of money: documents, orders, balances or entries of tills.
    pub in_use: bool,
    /// Currencies of documents and orders.
    pub currencies: BTreeSet<Currency>,
}

/// A level as far as an import concerns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockNow {
    /// Level.
    pub on_hand_milli: Quantity,
    /// Sum of its opening movements, if it has any.
    pub opening_milli: Option<Quantity>,
    /// Policy.
    pub policy: StockPolicy,
    /// Set aside for the web, on its way included.
    pub allotted_milli: Quantity,
    /// Largest lease.
    pub lease_size_milli: Quantity,
    /// Warned below.
    pub low_stock_milli: Option<Quantity>,
}

/// Reads it.
///
/// # Errors
/// [`DbError`].
pub fn load(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<Current, DbError> {
    Ok(Current {
        settings: master::settings(tx)?,
        locations: locations(tx)?,
        taxes: taxes(tx)?,
        items: items(tx)?,
        staff: staff(tx, keyring)?,
        customers: customers(tx)?,
        stock: stock(tx)?,
        in_use: in_use(tx)?,
        currencies: currencies(tx)?,
    })
}

fn in_use(tx: &mut Tx<'_>) -> Result<bool, DbError> {
    let tenant = tx.tenant();
    let found = tx.query_opt(
        "SELECT 1 FROM tenant WHERE tenant_id = $1 AND (
             EXISTS (SELECT 1 FROM document WHERE tenant_id = $1)
             OR EXISTS (SELECT 1 FROM web_order WHERE tenant_id = $1)
             OR EXISTS (SELECT 1 FROM balance WHERE tenant_id = $1)
             OR EXISTS (SELECT 1 FROM journal_entry WHERE tenant_id = $1))",
        args![tenant],
    )?;
    Ok(found.is_some())
}

fn currencies(tx: &mut Tx<'_>) -> Result<BTreeSet<Currency>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT currency FROM document WHERE tenant_id = $1
         UNION SELECT currency FROM web_order WHERE tenant_id = $1",
        args![tenant],
    )?;
    let currency = |row: &Row| {
        let code = row.text(0)?;
        Currency::try_from(code.to_owned()).map_err(|_| DbError::corrupt("document", code))
    };
    rows.iter().map(currency).collect()
}

fn locations(tx: &mut Tx<'_>) -> Result<BTreeMap<LocationId, LocationRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT location_id, kind, seller FROM location WHERE tenant_id = $1 AND active = 1",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            let location: LocationId = row.parsed(0, "location")?;
            let corrupt = || DbError::corrupt("location", &location);
            let kind = match row.text(1)? {
                "shop" => LocationKind::Shop,
                "warehouse" => LocationKind::Warehouse,
                _ => return Err(corrupt()),
            };
            let seller = serde_json::from_str(row.text(2)?).map_err(|_| corrupt())?;
            Ok((location.clone(), LocationRow { location, kind, seller }))
        })
        .collect()
}

fn taxes(tx: &mut Tx<'_>) -> Result<BTreeMap<String, TaxClassRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT class, from_day, rate_ppm FROM tax_rate WHERE tenant_id = $1 ORDER BY class, from_day",
        args![tenant],
    )?;
    let mut classes: BTreeMap<String, TaxClassRow> = BTreeMap::new();
    for row in &rows {
        let class = row.text(0)?;
        let rate = DatedRate { from: row.text(1)?.to_owned(), rate_ppm: RatePpm(row.int(2)?) };
        let empty = || TaxClassRow { class: class.to_owned(), rates: Vec::new() };
        classes.entry(class.to_owned()).or_insert_with(empty).rates.push(rate);
    }
    Ok(classes)
}

fn items(tx: &mut Tx<'_>) -> Result<BTreeMap<Sku, ItemRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT sku, product, name, options, category, uom, sold_by_weight, hsn, tax_class, mrp_minor, archived
         FROM item WHERE tenant_id = $1",
        args![tenant],
    )?;
    let mut items = rows
        .iter()
        .map(|row| item(row).map(|item| (item.sku.clone(), item)))
        .collect::<Result<BTreeMap<_, _>, DbError>>()?;
    let prices = tx.query(
        "SELECT sku, from_ms, unit_price_micros FROM item_price WHERE tenant_id = $1 ORDER BY sku, from_ms",
        args![tenant],
    )?;
    for row in &prices {
        let price = DatedPrice { from_ms: row.int(1)?, unit_price_micros: UnitPrice(row.int(2)?) };
        if let Some(item) = items.get_mut(&row.parsed::<Sku>(0, "item_price")?) {
            item.prices.push(price);
        }
    }
    let barcodes = tx.query(
        "SELECT sku, code FROM barcode WHERE tenant_id = $1 ORDER BY sku, code",
        args![tenant],
    )?;
    for row in &barcodes {
        if let Some(item) = items.get_mut(&row.parsed::<Sku>(0, "barcode")?) {
            item.barcodes.push(row.text(1)?.to_owned());
        }
    }
    Ok(items)
}

fn item(row: &Row) -> Result<ItemRow, DbError> {
    let sku: Sku = row.parsed(0, "item")?;
    let corrupt = || DbError::corrupt("item", &sku);
    Ok(ItemRow {
        product: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        options: serde_json::from_str(row.text(3)?).map_err(|_| corrupt())?,
        category: row.text(4)?.to_owned(),
        uom: master::uom(row.text(5)?).ok_or_else(corrupt)?,
        sold_by_weight: row.bool(6)?,
        hsn: row.opt_text(7)?.map(str::to_owned),
        tax_class: row.text(8)?.to_owned(),
        mrp_minor: row.opt_int(9)?.map(Minor),
        archived: row.bool(10)?,
        barcodes: Vec::new(),
        prices: Vec::new(),
        sku,
    })
}

fn staff(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<BTreeMap<StaffId, StaffRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT staff_id, name, role, pin_hash, active FROM staff WHERE tenant_id = $1",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            let staff: StaffId = row.parsed(0, "staff")?;
            let role = match row.text(2)? {
                "cashier" => Role::Cashier,
                "manager" => Role::Manager,
                "admin" => Role::Admin,
                _ => return Err(DbError::corrupt("staff", &staff)),
            };
            let (name, pin_hash) = (row.text(1)?.to_owned(), row.text(3)?.to_owned());
            let sealed = StaffRow { staff, name, role, pin_hash, active: row.bool(4)? };
            let person = pins::unseal(keyring, sealed)?;
            Ok((person.staff.clone(), person))
        })
        .collect()
}

fn customers(tx: &mut Tx<'_>) -> Result<BTreeMap<CustomerId, CustomerRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT customer_id, name, phone, tax_id FROM customer WHERE tenant_id = $1 AND erased_at_ms IS NULL",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            let customer = CustomerId(row.uuid(0)?);
            let person = CustomerRow {
                customer,
                name: row.text(1)?.to_owned(),
                phone: row.opt_text(2)?.map(str::to_owned),
                tax_id: row.opt_text(3)?.map(str::to_owned),
            };
            Ok((customer, person))
        })
        .collect()
}

fn stock(tx: &mut Tx<'_>) -> Result<HashMap<(LocationId, Sku), StockNow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT l.location_id, l.sku, l.on_hand_milli, l.policy, l.allotted_proposed_milli, l.lease_size_milli,
                l.low_stock_milli, o.opening_milli
         FROM stock_level l LEFT JOIN
             (SELECT location_id, sku, CAST(SUM(quantity_milli) AS BIGINT) AS opening_milli FROM stock_movement
              WHERE tenant_id = $1 AND kind = 'opening' GROUP BY location_id, sku) o
             ON o.location_id = l.location_id AND o.sku = l.sku
         WHERE l.tenant_id = $1",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            let policy = row.text(3)?;
            let now = StockNow {
                on_hand_milli: Quantity(row.int(2)?),
                policy: master::policy(policy)
                    .ok_or_else(|| DbError::corrupt("stock_level", policy))?,
                allotted_milli: Quantity(row.int(4)?),
                lease_size_milli: Quantity(row.int(5)?),
                low_stock_milli: row.opt_int(6)?.map(Quantity),
                opening_milli: row.opt_int(7)?.map(Quantity),
            };
            Ok(((row.parsed(0, "stock_level")?, row.parsed(1, "stock_level")?), now))
        })
        .collect()
}
