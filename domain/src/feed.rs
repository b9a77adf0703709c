//! What the store tells its tills: the values of feed rows, by key.
//!
//! | key | value | scope |
//! | --- | --- | --- |
//! | `settings` | [`Settings`] | all |
//! | `location/<location>` | [`LocationRow`] | all |
//! | `tax/<class>` | [`TaxClassRow`] | all |
//! | `item/<sku>` | [`ItemRow`] | all |
//! | `staff/<staff>` | [`StaffRow`] | all |
//! | `customer/<customer>` | [`CustomerRow`] | all |
//! | `stock/<location>/<sku>` | [`StockRow`] | that location |
//! | `order/<order>` | [`OrderRow`] | that location |
//! | `ack/<till>/<incarnation>/<from>` | [`AckRow`] | that till |

use crate::absent::or_default;
use crate::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice, Uom};
use crate::barcode::Layout;
use crate::document::Party;
use crate::ids::{CustomerId, LocationId, OrderId, Sku, StaffId};
use crate::order::Fulfilment;
use serde::{Deserialize, Serialize};

/// Rules of the business that a till must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Name of the business.
    pub business: String,
    /// Jurisdiction of tax and documents, one of [`crate::tax::JURISDICTIONS`].
    pub jurisdiction: String,
    /// Currency of the tills.
    pub currency: Currency,
    /// Whether shelf prices contain tax.
    pub tax_inclusive: bool,
    /// Cash totals are rounded to a multiple of this; 1 for exact.
    pub cash_rounding_minor: Minor,
    /// HSN digits on documents: 0 for none, up to 8. A longer code is cut, a shorter one stays.
    pub hsn_digits: u8,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start_month: u8,
    /// Offset of local time from UTC, minutes.
    pub offset_min: i32,
    /// Largest line or bill discount of a cashier without approval.
    pub cashier_discount_max_ppm: RatePpm,
    /// Over/short above which a manager must approve the close.
    pub over_short_limit_minor: Minor,
    /// Terms printed at the foot.
    #[serde(default, deserialize_with = "or_default")]
    pub terms: Vec<String>,
    /// UPI address of the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upi_vpa: Option<String>,
    /// Layouts of the labels that the shop's scales print; the first that fits counts.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub label_layouts: Vec<Layout>,
}

/// A shop or warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationRow {
    /// Id.
    pub location: LocationId,
    /// `shop` or `warehouse`.
    pub kind: LocationKind,
    /// Seller as printed on documents of this location.
    pub seller: Party,
}

/// Kind of location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum LocationKind {
    /// Sells over the counter.
    Shop,
    /// Holds stock only.
    Warehouse,
}

/// A tax class with its dated rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxClassRow {
    /// Class, e.g. `gst-18`, `milk`.
    pub class: String,
    /// Rates, any order; the one with the latest `from` not after the day of supply counts.
    pub rates: Vec<DatedRate>,
}

/// A rate from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRate {
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Whole rate (India: CGST + SGST together), parts per million.
    pub rate_ppm: RatePpm,
}

/// A sellable variant with all that a till needs to sell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    /// SKU.
    pub sku: Sku,
    /// Product it belongs to (groups variants).
    pub product: String,
    /// Name of the product.
    pub name: String,
    /// Options of the variant in order, e.g. `[["Colour","Red"],["Size","M"]]`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
    /// Department and category.
    #[serde(default, deserialize_with = "or_default")]
    pub category: String,
    /// Unit of measure.
    #[serde(default, deserialize_with = "or_default")]
    pub uom: Uom,
    /// Sold by weight.
    #[serde(default, deserialize_with = "or_default")]
    pub sold_by_weight: bool,
    /// HSN or SAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsn: Option<String>,
    /// Tax class.
    pub tax_class: String,
    /// Maximum retail price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrp_minor: Option<Minor>,
    /// Codes that lead here. GTINs as 14 digits; others (PLU, in-store) as they are.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub barcodes: Vec<String>,
    /// Prices with their start, any order; the latest start not after the moment counts.
    pub prices: Vec<DatedPrice>,
    /// No longer sold; kept for returns and history.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
}

/// A unit price from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedPrice {
    /// UTC milliseconds.
    pub from_ms: i64,
    /// Price of one unit.
    pub unit_price_micros: UnitPrice,
}

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    /// Id.
    pub staff: StaffId,
    /// Name as printed.
    pub name: String,
    /// Role.
    pub role: Role,
    /// argon2id hash of the PIN, PHC string.
    pub pin_hash: String,
    /// May sign in.
    pub active: bool,
}

/// What a person may do at a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Role {
    /// Sells.
    Cashier,
    /// Sells and approves.
    Manager,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name in data.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// A known customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Id.
    pub customer: CustomerId,
    /// Name.
    pub name: String,
    /// Phone, E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// GSTIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
}

/// How a SKU's stock at a location is shared between shelf and web.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum StockPolicy {
    /// The web sells only its allotment, the tills the rest.
    #[default]
    RingFenced,
    /// A till sells offline only what is leased to it.
    PooledStrict,
    /// Both sell; overselling opens an exception.
    PooledSoft,
}

/// Level of one SKU at one location: absolute, as of the row's feed number.
///
/// `free = on_hand − leased − in_doubt − reserved − allotted`, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// SKU.
    pub sku: Sku,
    /// Location.
    pub location: LocationId,
    /// Policy.
    pub policy: StockPolicy,
    /// Physically there.
    pub on_hand_milli: Quantity,
    /// Promised to open web orders.
    pub reserved_milli: Quantity,
    /// Set aside for the web (effective), less what is reserved from it.
    pub allotted_milli: Quantity,
    /// Allotment that takes effect when every live till of the location has seen this row.
    pub allotted_proposed_milli: Quantity,
    /// Leased to tills.
    pub leased_milli: Quantity,
    /// In leases that expired unsettled.
    pub in_doubt_milli: Quantity,
    /// From this level down the goods are to be ordered; [`LOW_STOCK`] where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_milli: Option<Quantity>,
}

/// Level from which down goods are to be ordered where the office says nothing: five units.
pub const LOW_STOCK: Quantity = Quantity(5_000);

/// A web order that concerns a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Id.
    pub order: OrderId,
    /// Printed number.
    pub number: String,
    /// State.
    pub state: String,
    /// Total.
    pub total_minor: Minor,
    /// SKU and quantity of each line.
    pub lines: Vec<(Sku, Quantity)>,
    /// How far a paid order has come: `paid`, `processing`, `shipped`, `delivered`; as `state`, but for an order that
    /// was partly refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How it reaches its customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfilment: Option<Fulfilment>,
    /// When it was placed, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_at_ms: Option<i64>,
    /// What was paid so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_minor: Option<Minor>,
    /// What was given back so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_minor: Option<Minor>,
    /// Goods were missing when it was paid: a person must act.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub short: bool,
    /// Who comes for it, or gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// Their telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_phone: Option<String>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_to: Option<Party>,
    /// Note to the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Message to whom it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_message: Option<String>,
    /// When its goods were put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked_at_ms: Option<i64>,
    /// When it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at_ms: Option<i64>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Tracking number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

/// Own entries whose effects the store has applied in the transaction of this row's feed number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckRow {
    /// Incarnation.
    pub incarnation: u32,
    /// First sequence number.
    pub from: i64,
    /// Last sequence number.
    pub through: i64,
    /// Numbers in between that went to quarantine: stored, but without effect yet.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<i64>,
}
