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
//! | `store`, `till`, `household`, `at` | kept as they are; the moment in UTC milliseconds, from 2000 to 2099 |
//! | `sku` | SKU, number or text; unknown: an open item, flagged |
//! | `qty` | pieces; thousandths where the item is measured in gallons (fuel); 0 is kept and flagged |
//! | `qty_milli` | thousandths of the unit, instead of `qty` |
//! | `list` | gross of the line, given and not price × quantity |
//! | `retail_disc` + `coupon_match` | discount of the line |
//! | `sales` | net of the line; `list = sales + retail_disc + coupon_match` |
//! | `coupon` | part of a tender "maker's coupon" over the basket |
//! | `tenders` | how it was settled; without them the rest is cash |
//!
//! A line without `list` and `sales` is priced from the catalogue; a basket with a line that has them has happened
//! already. Keys have 1 to [`KEY_CHARS_MAX`] characters, none of control. Where the maker's coupons exceed what the basket
//! comes to, the difference goes to the customer: a cash tender below zero. Unknown fields are refused by name.

use super::{Basket, BasketError, Discount};
use crate::amount::{Minor, OutOfRange, Quantity, RatePpm, Uom};
use crate::catalogue::Snapshot;
use crate::document::{Document, LineFlag, TenderType};
use crate::ids::{IdError, Sku};
use crate::tender::Offer;
use chrono::DateTime;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Longest JSON text of a basket, bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Longest key of a basket, store, till or household, characters.
pub const KEY_CHARS_MAX: usize = 100;

/// 2000-01-01T00:00:00Z.
const FROM_MS: i64 = 946_684_800_000;
/// 2100-01-01T00:00:00Z.
const UNTIL_MS: i64 = 4_102_444_800_000;

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

/// Why a text is no basket. Fields are named by their path in it: `basket.lines[0].qty`.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Larger than any till makes.
    #[error("basket has more than {RECORD_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("basket is not JSON: {problem} at byte {byte}")]
    NotJson {
        /// Where it ends to be JSON, from 1.
        byte: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A field is missing, unknown, of another type, or breaks its rule.
    #[error("basket{place} {rule}")]
    Field {
        /// Its path below the basket, e.g. `.lines[0].qty`.
        place: String,
        /// What it must be, or what is wrong with it.
        rule: String,
    },
    /// Not a SKU.
    #[error("basket.lines[{line}].{source}")]
    Sku {
        /// Line, from 0.
        line: usize,
        /// Why.
        #[source]
        source: IdError,
    },
    /// The SKU is unknown or no longer sold, and the line has no amount.
    #[error(
        "basket.lines[{line}].sku: {sku} is not in the catalogue, and the line gives no amount"
    )]
    UnknownSku {
        /// Line, from 0.
        line: usize,
        /// SKU.
        sku: Sku,
    },
    /// The basket refuses the line.
    #[error("basket.lines[{line}]: {source}")]
    Basket {
        /// Line, from 0.
        line: usize,
        /// Why.
        #[source]
        source: BasketError,
    },
    /// An amount does not fit.
    #[error("basket: {0}")]
    OutOfRange(#[from] OutOfRange),
}

impl ImportError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "import.too_large",
            Self::NotJson { .. } => "import.json",
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
/// [`ImportError`] names the field.
pub fn parse(json: &str) -> Result<Record, ImportError> {
    if json.len() > RECORD_BYTES_MAX {
        return Err(ImportError::TooLarge);
    }
    let raw = read(json)?;
    if raw.lines.is_empty() {
        return Err(field(".lines", "may not be empty"));
    }
    let at_ms = raw.at.as_deref().map(moment).transpose()?;
    let lines = raw.lines.into_iter().enumerate();
    let lines = lines.map(|(no, line)| line.0.check(no)).collect::<Result<_, _>>()?;
    let tenders = raw.tenders.map(|tenders| tenders.into_iter().map(|raw| raw.0.offer()).collect());
    let record = Record {
        basket: raw.basket.text(".basket")?,
        store: raw.store.map(|key| key.text(".store")).transpose()?,
        till: raw.till.map(|till| Key::Text(till).text(".till")).transpose()?,
        household: raw.household.map(|key| key.text(".household")).transpose()?,
        at_ms,
        lines,
        tenders,
    };
    record.check_tenders()?;
    Ok(record)
}

/// The object as it stands; what is wrong is named by its path.
fn read(json: &str) -> Result<RawBasket, ImportError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let raw: Object<RawBasket> =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            misread(&path, error.inner())
        })?;
    reader.end().map_err(|error| misread(".", &error))?;
    Ok(raw.0)
}

/// The reader's words without its own place, which is of the line and not of the file.
fn misread(path: &str, error: &serde_json::Error) -> ImportError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let problem = text.strip_suffix(&place).unwrap_or(&text);
    if !error.is_data() {
        return ImportError::NotJson { byte: error.column(), problem: problem.to_owned() };
    }
    let place = if path == "." { String::new() } else { format!(".{path}") };
    let missing = problem.strip_prefix("missing field `").and_then(|name| name.strip_suffix('`'));
    match missing {
        Some(name) => field(&format!("{place}.{name}"), "is missing"),
        None => {
            let problem = problem.replace("expected i64", "expected a whole number");
            field(&format!("{place}:"), &problem)
        }
    }
}

impl Record {
    /// Whether it has happened already, at another till: a line gives its amounts.
    #[must_use]
    pub fn happened(&self) -> bool {
        self.lines.iter().any(|line| line.given.is_some())
    }

    /// What is paid elsewhere is no tender of a counter, but it may have happened.
    fn check_tenders(&self) -> Result<(), ImportError> {
        if self.happened() {
            return Ok(());
        }
        for (no, offer) in self.tenders.iter().flatten().enumerate() {
            if matches!(offer.tender_type, TenderType::Cod | TenderType::Online) {
                let place = format!(".tenders[{no}].type");
                return Err(field(&place, "is no tender that is taken at a till"));
            }
        }
        Ok(())
    }

    /// Whether a document is what this record was sold as: the same goods, and the same amounts where it gives them.
    #[must_use]
    pub fn is_of(&self, document: &Document) -> bool {
        let mut left: BTreeMap<&Sku, (Uom, i128)> = BTreeMap::new();
        let (mut gross, mut discount) = (0, 0);
        for line in &document.lines {
            let row = left.entry(&line.sku).or_insert((line.uom, 0));
            row.1 += i128::from(line.quantity_milli.0);
            if line.flags.contains(&LineFlag::PriceGiven) {
                gross += i128::from(line.gross_minor.0);
                discount += i128::from(line.discount_minor.0);
            }
        }
        let sold: Vec<&Sku> = left.keys().copied().collect();
        for line in &self.lines {
            let Some((uom, quantity)) = left.get_mut(&line.sku) else { return false };
            let Ok(wanted) = line.quantity.milli(*uom) else { return false };
            *quantity -= i128::from(wanted.0);
            if let Some(given) = line.given {
                gross -= i128::from(given.gross.0);
                discount -= i128::from(given.discount.0);
            }
        }
        let named = |sku: &&Sku| self.lines.iter().any(|line| line.sku == **sku);
        let goods = left.values().all(|(_, quantity)| *quantity == 0) && sold.iter().all(named);
        goods && gross == 0 && discount == 0
    }

    /// Builds the basket; `find` answers what the catalogue holds for a line at the moment of the sale.
    ///
    /// # Errors
    /// [`ImportError`] for a priced line of an unknown SKU, and whatever a basket refuses.
    pub fn to_basket(
        &self,
        mut find: impl FnMut(&RecordLine) -> Option<Snapshot>,
    ) -> Result<Basket, ImportError> {
        let mut basket = Basket::new();
        for (no, line) in self.lines.iter().enumerate() {
            let refused = |source| ImportError::Basket { line: no, source };
            let known = find(line);
            match (line.given, known) {
                (Some(given), known) => {
                    let item = known.unwrap_or_else(|| open_item(&line.sku));
                    let quantity = line.quantity.milli(item.uom)?;
                    let handle = basket.add_given(item, quantity, given.gross).map_err(refused)?;
                    if !given.discount.is_zero() {
                        let discount = Some(Discount::Amount(given.discount));
                        basket.set_discount(handle, discount).map_err(refused)?;
                    }
                }
                (None, Some(item)) => {
                    let quantity = line.quantity.milli(item.uom)?;
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
    fn milli(self, uom: Uom) -> Result<Quantity, OutOfRange> {
        match self {
            Self::Milli(quantity) => Ok(quantity),
            Self::Count(count) if uom == Uom::Gallon => Ok(Quantity(count)),
            Self::Count(count) => Quantity::pieces(count),
        }
    }
}

fn open_item(sku: &Sku) -> Snapshot {
    Snapshot::open_item(sku.clone(), &format!("Open item {sku}"), RatePpm(0))
}

fn field(place: &str, rule: &str) -> ImportError {
    ImportError::Field { place: place.to_owned(), rule: rule.to_owned() }
}

fn moment(text: &str) -> Result<i64, ImportError> {
    let at_ms = DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_millis())
        .map_err(|_| field(".at", "must be a moment such as 2017-01-01T12:26:30Z"))?;
    if !(FROM_MS..UNTIL_MS).contains(&at_ms) {
        return Err(field(".at", "must lie between 2000-01-01 and 2100-01-01"));
    }
    Ok(at_ms)
}

/// A JSON object: an array of the values in the order of the fields is none.
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for OfMap<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(OfMap(PhantomData)).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBasket {
    basket: Key,
    store: Option<Key>,
    till: Option<String>,
    household: Option<Key>,
    at: Option<String>,
    lines: Vec<Object<RawLine>>,
    tenders: Option<Vec<Object<RawTender>>>,
}

/// An id that some write as a number and some as text.
enum Key {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or text")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Key, E> {
                Ok(Key::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
                Ok(Key::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl Key {
    fn plain(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }

    fn text(self, place: &str) -> Result<String, ImportError> {
        let text = self.plain();
        let fits = (1..=KEY_CHARS_MAX).contains(&text.chars().count());
        if !fits || text.chars().any(char::is_control) {
            return Err(field(place, "must have 1 to 100 characters, none of control"));
        }
        Ok(text)
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
        let wrong = |name, rule| field(&format!(".lines[{no}].{name}"), rule);
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
            Sku::new(self.sku.plain()).map_err(|source| ImportError::Sku { line: no, source })?;
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
