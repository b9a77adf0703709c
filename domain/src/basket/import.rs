//! One JSON object a line → a basket and its tenders: what happened at another till, or a script for this one.
//!
//! ```json
//! {"basket":"b-1","store":406,"household":1228,"at":"2017-01-01T12:26:30Z",
//!  "lines":[{"sku":1041453,"qty":1,"list":158,"sales":143,"retail_disc":15},{"sku":"TEA","qty":2}],
//!  "tenders":[{"type":"cash","given_minor":50000}]}
//! ```
//!
//! | field | becomes |
//! | --- | --- |
//! | `basket` | key of the source, for importing once |
//! | `store`, `till`, `household`, `at` | kept as they are; the moment in UTC milliseconds |
//! | `sku` | SKU, number or text; unknown: an open item, flagged |
//! | `qty` | pieces; thousandths where the item is measured in gallons (fuel); 0 is kept and flagged |
//! | `qty_milli` | thousandths of the unit, instead of `qty` |
//! | `list` | gross of the line, given and not price × quantity |
//! | `retail_disc` + `coupon_match` | discount of the line |
//! | `sales` | net of the line; `list = sales + retail_disc + coupon_match` |
//! | `coupon` | part of a tender "maker's coupon" over the basket |
//! | `tenders` | how it was settled; without them the rest is cash |
//!
//! A line without `list` and `sales` is priced from the catalogue. Where the maker's coupons exceed what the basket
//! comes to, the difference goes to the customer: a cash tender below zero. Unknown fields are refused by name.

use super::{Basket, BasketError, Discount};
use crate::amount::{Minor, OutOfRange, Quantity, RatePpm, Uom};
use crate::catalogue::Snapshot;
use crate::document::TenderType;
use crate::ids::{IdError, Sku};
use crate::tender::Offer;
use chrono::DateTime;
use serde::Deserialize;

/// Longest JSON text of a basket, bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// A basket as the file has it, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Key of the source.
    pub basket: String,
    /// Store of the source.
    pub store: Option<String>,
    /// Code of the till it is meant for, where the file says so.
    pub till: Option<String>,
    /// Household of the source.
    pub household: Option<String>,
    /// When it happened, UTC milliseconds.
    pub at_ms: Option<i64>,
    /// Lines.
    pub lines: Vec<RecordLine>,
    /// How it was settled, where the file says so.
    pub tenders: Option<Vec<Offer>>,
}

/// One line as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// SKU.
    pub sku: Sku,
    /// How much.
    pub quantity: RecordQuantity,
    /// Amounts, where the file gives them.
    pub given: Option<GivenAmounts>,
    /// What a maker's coupon paid.
    pub coupon: Minor,
}

/// A quantity whose unit depends on the item, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordQuantity {
    /// `qty`: pieces, or thousandths of a gallon of fuel.
    Count(i64),
    /// `qty_milli`: thousandths.
    Milli(Quantity),
}

/// Amounts of a line, each for the whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenAmounts {
    /// Before discounts.
    pub gross: Minor,
    /// Taken off.
    pub discount: Minor,
}

/// Why a text is no basket.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Larger than any till makes.
    #[error("a basket has at most {RECORD_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON, a field of another type, missing or unknown.
    #[error("not a basket: {0}")]
    Json(#[from] serde_json::Error),
    /// A field breaks its rule; lines count from 1.
    #[error("{}{field} {rule}", .line.map_or_else(String::new, |no| format!("line {no}: ")))]
    Field {
        /// Line, where it is of a line.
        line: Option<usize>,
        /// Which field.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// Not a SKU.
    #[error("line {line}: {source}")]
    Sku {
        /// Line.
        line: usize,
        /// Why.
        #[source]
        source: IdError,
    },
    /// The SKU is unknown and the line has no amount.
    #[error("line {line}: {sku} is not in the catalogue, and the line gives no amount")]
    UnknownSku {
        /// Line.
        line: usize,
        /// SKU.
        sku: Sku,
    },
    /// The basket refuses the line.
    #[error("line {line}: {source}")]
    Basket {
        /// Line.
        line: usize,
        /// Why.
        #[source]
        source: BasketError,
    },
    /// An amount does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl ImportError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "import.too_large",
            Self::Json(_) => "import.json",
            Self::Field { .. } => "import.field",
            Self::Sku { .. } => "import.sku",
            Self::UnknownSku { .. } => "import.unknown_sku",
            Self::Basket { source, .. } => source.code(),
            Self::OutOfRange(_) => "amount.out_of_range",
        }
    }
}

/// Reads one JSON object.
///
/// # Errors
/// [`ImportError`] names the line and the field.
pub fn parse(json: &str) -> Result<Record, ImportError> {
    if json.len() > RECORD_BYTES_MAX {
        return Err(ImportError::TooLarge);
    }
    let raw: RawBasket = serde_json::from_str(json)?;
    if raw.lines.is_empty() {
        return Err(field(None, "lines", "may not be empty"));
    }
    let at_ms = raw.at.as_deref().map(moment).transpose()?;
    let lines = (1..).zip(raw.lines).map(|(no, line)| line.check(no)).collect::<Result<_, _>>()?;
    Ok(Record {
        basket: raw.basket.text(),
        store: raw.store.map(Key::text),
        till: raw.till,
        household: raw.household.map(Key::text),
        at_ms,
        lines,
        tenders: raw.tenders.map(|tenders| tenders.into_iter().map(RawTender::offer).collect()),
    })
}

impl Record {
    /// Builds the basket; `find` answers what the catalogue holds for a SKU at the moment of the sale.
    ///
    /// # Errors
    /// [`ImportError`] for a priced line of an unknown SKU, and whatever a basket refuses.
    pub fn to_basket(
        &self,
        mut find: impl FnMut(&Sku) -> Option<Snapshot>,
    ) -> Result<Basket, ImportError> {
        let mut basket = Basket::new();
        for (no, line) in (1..).zip(&self.lines) {
            let refused = |source| ImportError::Basket { line: no, source };
            let known = find(&line.sku);
            match (line.given, known) {
                (Some(given), known) => {
                    let item = known.unwrap_or_else(|| open_item(&line.sku));
                    let quantity = line.quantity.milli(&item)?;
                    let handle = basket.add_given(item, quantity, given.gross).map_err(refused)?;
                    if !given.discount.is_zero() {
                        let discount = Some(Discount::Amount(given.discount));
                        basket.set_discount(handle, discount).map_err(refused)?;
                    }
                }
                (None, Some(item)) => {
                    let quantity = line.quantity.milli(&item)?;
                    basket.add(item, quantity).map_err(refused)?;
                }
                (None, None) => {
                    return Err(ImportError::UnknownSku { line: no, sku: line.sku.clone() });
                }
            }
        }
        Ok(basket)
    }

    /// What is offered for a total: the makers' coupons, then the file's tenders, or cash for the rest. Cash is below zero where the
    /// coupons exceed the total.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn offers(&self, total: Minor) -> Result<Vec<Offer>, OutOfRange> {
        let coupons = Minor::total(self.lines.iter().map(|line| line.coupon))?;
        let mut offers = Vec::new();
        if !coupons.is_zero() {
            offers.push(Offer::of(TenderType::Coupon, Some(coupons)));
        }
        match &self.tenders {
            Some(tenders) => offers.extend(tenders.iter().cloned()),
            None => {
                let rest = total.checked_sub(coupons)?;
                let back = (rest.0 < 0).then_some(rest);
                if !rest.is_zero() {
                    offers.push(Offer::of(TenderType::Cash, back));
                }
            }
        }
        Ok(offers)
    }
}

impl RecordQuantity {
    fn milli(self, item: &Snapshot) -> Result<Quantity, OutOfRange> {
        match self {
            Self::Milli(quantity) => Ok(quantity),
            Self::Count(count) if item.uom == Uom::Gallon => Ok(Quantity(count)),
            Self::Count(count) => Quantity::pieces(count),
        }
    }
}

fn open_item(sku: &Sku) -> Snapshot {
    Snapshot::open_item(sku.clone(), &format!("Open item {sku}"), RatePpm(0))
}

fn field(line: Option<usize>, field: &'static str, rule: &'static str) -> ImportError {
    ImportError::Field { line, field, rule }
}

fn moment(text: &str) -> Result<i64, ImportError> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_millis())
        .map_err(|_| field(None, "at", "must be a moment such as 2017-01-01T12:26:30Z"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBasket {
    basket: Key,
    store: Option<Key>,
    till: Option<String>,
    household: Option<Key>,
    at: Option<String>,
    lines: Vec<RawLine>,
    tenders: Option<Vec<RawTender>>,
}

/// An id that some write as a number and some as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Number(u64),
    Text(String),
}

impl Key {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    sku: Key,
    qty: Option<i64>,
    qty_milli: Option<i64>,
    list: Option<i64>,
    sales: Option<i64>,
    #[serde(default)]
    retail_disc: i64,
    #[serde(default)]
    coupon_match: i64,
    #[serde(default)]
    coupon: i64,
}

impl RawLine {
    fn check(self, no: usize) -> Result<RecordLine, ImportError> {
        let wrong = |name, rule| field(Some(no), name, rule);
        let quantity = match (self.qty, self.qty_milli) {
            (Some(count), None) => RecordQuantity::Count(count),
            (None, Some(milli)) => RecordQuantity::Milli(Quantity(milli)),
            (None, None) => return Err(wrong("qty", "is missing")),
            (Some(_), Some(_)) => return Err(wrong("qty_milli", "cannot stand beside qty")),
        };
        for (name, value) in [
            ("list", self.list.unwrap_or(0)),
            ("sales", self.sales.unwrap_or(0)),
            ("retail_disc", self.retail_disc),
            ("coupon_match", self.coupon_match),
            ("coupon", self.coupon),
        ] {
            if value < 0 {
                return Err(wrong(name, "may not be negative"));
            }
        }
        let discount = Minor(self.retail_disc).checked_add(Minor(self.coupon_match))?;
        let given = match (self.list, self.sales) {
            (Some(list), Some(sales)) if Minor(sales).checked_add(discount)? == Minor(list) => {
                Some(GivenAmounts { gross: Minor(list), discount })
            }
            (Some(_), Some(_)) => {
                return Err(wrong("list", "must be sales + retail_disc + coupon_match"));
            }
            (None, None) if discount.is_zero() => None,
            (None, _) => return Err(wrong("list", "is missing")),
            (Some(_), None) => return Err(wrong("sales", "is missing")),
        };
        let sku =
            Sku::new(self.sku.text()).map_err(|source| ImportError::Sku { line: no, source })?;
        Ok(RecordLine { sku, quantity, given, coupon: Minor(self.coupon) })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTender {
    #[serde(rename = "type")]
    tender_type: TenderType,
    amount_minor: Option<Minor>,
    given_minor: Option<Minor>,
    reference: Option<String>,
}

impl RawTender {
    fn offer(self) -> Offer {
        Offer {
            tender_type: self.tender_type,
            amount: self.amount_minor,
            given: self.given_minor,
            reference: self.reference,
            hold: None,
        }
    }
}

#[cfg(test)]
mod tests;
