//! Each file's columns and the meaning of its lines.

use super::fault::{Faults, Wrong};
use super::settings::Law;
use super::sheet::{Cells, Columns, Sheet, one_of, read};
use crate::db::storable;
use crate::master;
use chrono::DateTime;
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::catalogue::{self, CatalogueError};
use daybook_domain::document::Party;
use daybook_domain::feed::{
    CustomerRow, DatedPrice, DatedRate, ItemRow, LocationRow, Role, StockPolicy,
};
use daybook_domain::gstin;
use daybook_domain::gtin::Gtin;
use daybook_domain::ids::{CustomerId, LocationId, Sku, StaffId};
use daybook_domain::staff::validate_pin;
use daybook_domain::stock::MOVEMENT_MILLI_MAX;
use daybook_domain::tax::{RATE_MAX, states};
use daybook_sync::limits::SIDECAR_BYTES_MAX;
use std::str::FromStr;
use uuid::Uuid;

/// Longest name of a person, place or business, characters.
pub(super) const NAME_MAX: usize = 160;
/// Most lines of an address.
const ADDRESS_LINES_MAX: usize = 8;
/// Longest tax registration outside India, characters.
const TAX_ID_MAX: usize = 30;
/// A price without a beginning has always held.
const ALWAYS_MS: i64 = 0;

pub(super) const LOCATIONS: &str = "locations.csv";
pub(super) const TAXES: &str = "taxes.csv";
pub(super) const PRODUCTS: &str = "products.csv";
pub(super) const PRICES: &str = "prices.csv";
pub(super) const STAFF: &str = "staff.csv";
pub(super) const CUSTOMERS: &str = "customers.csv";
pub(super) const STOCK: &str = "stock.csv";
pub(super) const SETTINGS: &str = "settings.json";

/// Every file that an import reads and an export writes, in the order of their dependence.
pub const FILES: [&str; 8] =
    [SETTINGS, LOCATIONS, TAXES, PRODUCTS, PRICES, STAFF, CUSTOMERS, STOCK];

/// GST wants to know the State of each.
pub(super) fn locations(bytes: &[u8], law: Law, faults: &mut Faults) -> Sheet<LocationRow> {
    let columns = Columns {
        required: &["location", "kind", "name"],
        optional: &["address", "gstin", "state_code", "phone", "email"],
    };
    read(LOCATIONS, bytes, &columns, faults, |cells| {
        let (tax_id, gst) = (tax_id(cells, law)?, law.gst);
        let stated = cells.opt_parse("state_code", |code| {
            states::by_code(code).ok_or("is no State code of GST")
        })?;
        let registered =
            tax_id.as_ref().filter(|_| gst).and_then(|tax_id| states::by_code(&tax_id[..2]));
        let state = stated.or(registered);
        if gst && state.is_none() {
            return Err(Wrong::new(
                "state_code",
                "must not be empty without a gstin: GST is split by State",
            ));
        }
        if registered.is_some() && state != registered {
            return Err(Wrong::new("state_code", "is not the State of the gstin"));
        }
        let seller = Party {
            name: name(cells)?,
            address: address(cells)?,
            tax_id,
            state: state.map(states::State::place),
            phone: cells.opt_parse("phone", phone)?,
            email: Some(cells.limited("email", NAME_MAX)?).filter(|email| !email.is_empty()),
        };
        Ok(LocationRow {
            location: cells.parse("location", LocationId::from_str)?,
            kind: cells.parse("kind", |word| one_of(word, &master::LOCATION_KINDS))?,
            seller,
        })
    })
}

pub(super) struct RateLine {
    pub(super) class: String,
    pub(super) rate: DatedRate,
}

pub(super) fn taxes(bytes: &[u8], faults: &mut Faults) -> Sheet<RateLine> {
    let columns = Columns { required: &["class", "from", "rate_percent"], optional: &[] };
    read(TAXES, bytes, &columns, faults, |cells| {
        cells.text("class")?;
        let from = cells.parse("from", |text| {
            catalogue::day(text).map(|_| text.to_owned()).ok_or("must be a day such as 2026-11-22")
        })?;
        let rate_ppm = cells.parse("rate_percent", |text| {
            let rate = RatePpm::parse_percent("rate_percent", text).map_err(|e| e.to_string())?;
            let fits = (RatePpm(0)..=RATE_MAX).contains(&rate);
            if fits { Ok(rate) } else { Err("must be from 0 to 100".to_owned()) }
        })?;
        Ok(RateLine { class: cells.limited("class", 32)?, rate: DatedRate { from, rate_ppm } })
    })
}

pub(super) fn products(bytes: &[u8], law: Law, faults: &mut Faults) -> Sheet<ItemRow> {
    let columns = Columns {
        required: &["sku", "name", "tax_class"],
        optional: &[
            "product",
            "options",
            "category",
            "uom",
            "sold_by_weight",
            "hsn",
            "mrp",
            "barcodes",
            "price",
            "price_from",
            "archived",
        ],
    };
    read(PRODUCTS, bytes, &columns, faults, |cells| product(cells, law))
}

fn product(cells: &Cells<'_>, law: Law) -> Result<ItemRow, Wrong> {
    let sku = cells.parse("sku", Sku::from_str)?;
    let price = cells.opt_parse("price", |text| UnitPrice::parse("price", text))?;
    let from_ms = cells.opt_parse("price_from", moment)?.unwrap_or(ALWAYS_MS);
    let item = ItemRow {
        product: cells.opt("product").unwrap_or(sku.as_str()).to_owned(),
        name: cells.text("name")?.to_owned(),
        options: cells.opt_parse("options", options)?.unwrap_or_default(),
        category: cells.opt("category").unwrap_or_default().to_owned(),
        uom: cells.opt_parse("uom", |word| one_of(word, &master::UOMS))?.unwrap_or_default(),
        sold_by_weight: cells.flag("sold_by_weight", false)?,
        hsn: cells.opt("hsn").map(str::to_owned),
        tax_class: cells.text("tax_class")?.to_owned(),
        mrp_minor: cells.opt_parse("mrp", |text| Minor::parse("mrp", text, law.currency))?,
        barcodes: cells.opt_parse("barcodes", barcodes)?.unwrap_or_default(),
        prices: price
            .map(|unit_price_micros| DatedPrice { from_ms, unit_price_micros })
            .into_iter()
            .collect(),
        archived: cells.flag("archived", false)?,
        sku,
    };
    match catalogue::check_item(&item) {
        Ok(()) => Ok(item),
        Err(CatalogueError::Field { field, rule, .. }) => Err(Wrong::new(
            match field {
                "mrp_minor" => "mrp",
                "prices" => "price",
                other => other,
            },
            rule,
        )),
        Err(error @ (CatalogueError::NoRate { .. } | CatalogueError::WrongClass { .. })) => {
            Err(Wrong::new("tax_class", error))
        }
    }
}

pub(super) struct PriceLine {
    pub(super) sku: Sku,
    pub(super) price: DatedPrice,
}

pub(super) fn prices(bytes: &[u8], faults: &mut Faults) -> Sheet<PriceLine> {
    let columns = Columns { required: &["sku", "price", "from"], optional: &[] };
    read(PRICES, bytes, &columns, faults, |cells| {
        let unit_price_micros = cells.parse("price", |text| {
            let price = UnitPrice::parse("price", text).map_err(|error| error.to_string())?;
            let fits = (UnitPrice(0)..=catalogue::UNIT_PRICE_MAX).contains(&price);
            if fits { Ok(price) } else { Err("must be from 0 to 10 million".to_owned()) }
        })?;
        let price = DatedPrice { from_ms: cells.parse("from", moment)?, unit_price_micros };
        Ok(PriceLine { sku: cells.parse("sku", Sku::from_str)?, price })
    })
}

pub(super) struct StaffLine {
    pub(super) staff: StaffId,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) secret: Secret,
    pub(super) active: bool,
}

/// A PIN to hash, or a hash as an export wrote it. Never shown in a message.
pub(super) enum Secret {
    Pin(String),
    Hash(String),
}

/// A PHC string that tills can check a PIN against.
fn is_argon2(hash: &str) -> bool {
    argon2::PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id")
}

pub(super) fn staff(bytes: &[u8], faults: &mut Faults) -> Sheet<StaffLine> {
    let columns =
        Columns { required: &["staff", "name", "role"], optional: &["pin", "pin_hash", "active"] };
    read(STAFF, bytes, &columns, faults, |cells| {
        let secret = match (cells.opt("pin"), cells.opt("pin_hash")) {
            (Some(_), None) => {
                Secret::Pin(cells.parse("pin", |pin| validate_pin(pin).map(|()| pin.to_owned()))?)
            }
            (None, Some(hash)) if is_argon2(hash) => Secret::Hash(hash.to_owned()),
            (None, Some(_)) => return Err(Wrong::new("pin_hash", "is no argon2 hash")),
            (None, None) => return Err(Wrong::new("pin", "must not be empty")),
            (Some(_), Some(_)) => {
                return Err(Wrong::new("pin_hash", "a line has a pin or a pin_hash, not both"));
            }
        };
        Ok(StaffLine {
            staff: cells.parse("staff", StaffId::from_str)?,
            name: name(cells)?,
            role: cells.parse("role", |word| one_of(word, &master::ROLES))?,
            secret,
            active: cells.flag("active", true)?,
        })
    })
}

/// A customer; one without an id is found by phone or made. A line with an id states a customer whom a store knows, as an
/// export writes it: what a till took down is taken as it is.
pub(super) struct CustomerLine {
    pub(super) id: Option<CustomerId>,
    pub(super) row: CustomerRow,
}

pub(super) fn customers(bytes: &[u8], law: Law, faults: &mut Faults) -> Sheet<CustomerLine> {
    let columns = Columns { required: &["name"], optional: &["customer", "phone", "gstin"] };
    read(CUSTOMERS, bytes, &columns, faults, |cells| {
        let id = cells.opt_parse("customer", CustomerId::from_str)?;
        if let Some(customer) = id {
            let row = CustomerRow {
                customer,
                name: cells.opt_parse("name", taken_down)?.unwrap_or_default(),
                phone: cells.opt_parse("phone", taken_down)?,
                tax_id: cells.opt_parse("gstin", taken_down)?,
            };
            return Ok(CustomerLine { id, row });
        }
        let (name, phone) = (name(cells)?, cells.opt_parse("phone", phone)?);
        let row = CustomerRow {
            customer: derived_id(&name, phone.as_deref()),
            tax_id: tax_id(cells, law)?,
            name,
            phone,
        };
        Ok(CustomerLine { id, row })
    })
}

/// What a till took down: any text that it can send.
fn taken_down(text: &str) -> Result<String, String> {
    if text.len() > SIDECAR_BYTES_MAX {
        return Err(format!("may have {SIDECAR_BYTES_MAX} bytes"));
    }
    Ok(storable(text).into_owned())
}

/// The same line gets the same id each time it is imported.
fn derived_id(name: &str, phone: Option<&str>) -> CustomerId {
    let key = format!("daybook/customer/{}/{name}", phone.unwrap_or_default());
    CustomerId(Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes()))
}

pub(super) struct StockLine {
    pub(super) sku: Sku,
    pub(super) location: LocationId,
    pub(super) on_hand_milli: Quantity,
    pub(super) policy: StockPolicy,
    pub(super) allotted_milli: Quantity,
    pub(super) lease_size_milli: Option<Quantity>,
    pub(super) low_stock_milli: Option<Quantity>,
}

pub(super) fn stock(bytes: &[u8], faults: &mut Faults) -> Sheet<StockLine> {
    let columns = Columns {
        required: &["sku", "location", "on_hand"],
        optional: &["policy", "allotted", "lease_size", "low_stock"],
    };
    read(STOCK, bytes, &columns, faults, |cells| {
        let policy = cells.opt_parse("policy", |word| one_of(word, &master::POLICIES))?;
        let policy = policy.unwrap_or_default();
        let allotted = cells.opt_parse("allotted", |text| quantity("allotted", text))?;
        let allotted_milli = allotted.unwrap_or_default();
        if policy != StockPolicy::RingFenced && !allotted_milli.is_zero() {
            return Err(Wrong::new("allotted", "only ring_fenced stock is set aside for the web"));
        }
        Ok(StockLine {
            sku: cells.parse("sku", Sku::from_str)?,
            location: cells.parse("location", LocationId::from_str)?,
            on_hand_milli: cells.parse("on_hand", on_hand)?,
            policy,
            allotted_milli,
            lease_size_milli: cells.opt_parse("lease_size", |text| quantity("lease_size", text))?,
            low_stock_milli: cells.opt_parse("low_stock", |text| quantity("low_stock", text))?,
        })
    })
}

/// What is there, below zero where more was sold than the books had.
fn on_hand(text: &str) -> Result<Quantity, String> {
    let quantity = Quantity::parse("on_hand", text).map_err(|error| error.to_string())?;
    if quantity.0.unsigned_abs() > MOVEMENT_MILLI_MAX.unsigned_abs() {
        return Err(format!("may not exceed {} either way", MOVEMENT_MILLI_MAX / 1000));
    }
    Ok(quantity)
}

/// A quantity of goods: not below zero, and no more than one movement may move.
fn quantity(field: &'static str, text: &str) -> Result<Quantity, String> {
    let quantity = Quantity::parse(field, text).map_err(|error| error.to_string())?;
    match quantity.0 {
        ..0 => Err("must not be below zero".to_owned()),
        0..=MOVEMENT_MILLI_MAX => Ok(quantity),
        _ => Err(format!("may not exceed {}", MOVEMENT_MILLI_MAX / 1000)),
    }
}

fn name(cells: &Cells<'_>) -> Result<String, Wrong> {
    cells.text("name")?;
    cells.limited("name", NAME_MAX)
}

fn address(cells: &Cells<'_>) -> Result<Vec<String>, Wrong> {
    let text = cells.limited("address", NAME_MAX * ADDRESS_LINES_MAX)?;
    let lines: Vec<String> =
        text.split('|').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.len() > ADDRESS_LINES_MAX {
        return Err(Wrong::new("address", format_args!("may have {ADDRESS_LINES_MAX} lines")));
    }
    Ok(lines)
}

/// A tax registration, if there is one: an Indian one is checked, others have their own shapes.
fn tax_id(cells: &Cells<'_>, law: Law) -> Result<Option<String>, Wrong> {
    if law.gst {
        return cells.opt_parse("gstin", |text| gstin::check(text).map(|_| text.to_owned()));
    }
    Ok(Some(cells.limited("gstin", TAX_ID_MAX)?).filter(|text| !text.is_empty()))
}

/// E.164: a plus and 7 to 15 digits.
fn phone(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("must be a plus and 7 to 15 digits, such as +919900000001")
    }
}

fn moment(text: &str) -> Result<i64, &'static str> {
    DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.timestamp_millis())
        .map_err(|_| "must be a moment with offset, such as 2026-12-01T00:00:00+05:30")
}

fn options(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    text.split('|')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err("must look like Colour=Red|Size=M"),
        })
        .collect()
}

/// Codes in order, GTINs as 14 digits.
fn barcodes(text: &str) -> Result<Vec<String>, String> {
    let codes = text.split('|').map(str::trim).filter(|code| !code.is_empty()).map(|code| {
        let digits = code.bytes().all(|byte| byte.is_ascii_digit());
        if digits && matches!(code.len(), 8 | 12 | 13 | 14) {
            let gtin = Gtin::parse(code).map_err(|error| format!("{code}: {error}"))?;
            Ok(gtin.as_str().to_owned())
        } else {
            Ok(code.to_owned())
        }
    });
    let mut codes = codes.collect::<Result<Vec<_>, String>>()?;
    codes.sort_unstable();
    if let Some(twice) = codes.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("{} stands there twice", twice[0]));
    }
    Ok(codes)
}
