//! What holds for an item at a moment: its price, its rate, and whether its data may be sold from.
//!
//! The feed's rows carry all prices and rates with their start; [`snapshot`] freezes what counts now into what a
//! basket line keeps. A change of the catalogue never reaches a line that is already in a basket.

use crate::amount::{Minor, RatePpm, UnitPrice, Uom};
use crate::feed::{ItemRow, TaxClassRow};
use crate::gtin::Gtin;
use crate::ids::Sku;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Longest product name, characters.
pub const NAME_MAX: usize = 200;
/// Longest text of a variant's options together, characters.
pub const OPTIONS_MAX: usize = 100;
/// Longest category, characters.
pub const CATEGORY_MAX: usize = 100;
/// Most barcodes of one item.
pub const BARCODES_MAX: usize = 50;
/// Longest barcode, characters.
pub const BARCODE_MAX: usize = 48;
/// Most dated prices of one item.
pub const PRICES_MAX: usize = 200;
/// Highest unit price: ten million major units.
pub const UNIT_PRICE_MAX: UnitPrice = UnitPrice(10_000_000_000_000);

/// An item as it goes into a basket line: what is sold stays as it was when it was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// SKU.
    pub sku: Sku,
    /// Name as printed.
    pub name: String,
    /// Options as printed, e.g. `Red, M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// HSN or SAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsn: Option<String>,
    /// Unit of measure.
    pub uom: Uom,
    /// Sold by weight.
    #[serde(default)]
    pub sold_by_weight: bool,
    /// Whole tax rate on the day.
    pub rate_ppm: RatePpm,
    /// Maximum retail price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrp_minor: Option<Minor>,
    /// Price at the moment; none yet, or none any more, sells only with a given amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price_micros: Option<UnitPrice>,
    /// Not in the catalogue.
    #[serde(default)]
    pub open: bool,
}

impl Snapshot {
    /// An item that the catalogue does not know: sold with what the cashier says, flagged, without stock.
    #[must_use]
    pub fn open_item(sku: Sku, name: &str, rate_ppm: RatePpm) -> Self {
        Self {
            sku,
            name: name.to_owned(),
            options: None,
            hsn: None,
            uom: Uom::Each,
            sold_by_weight: false,
            rate_ppm,
            mrp_minor: None,
            unit_price_micros: None,
            open: true,
        }
    }
}

/// Why a row cannot be sold from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A field breaks its limit.
    #[error("{sku}: {field} {rule}")]
    Field {
        /// SKU.
        sku: Sku,
        /// Which field.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// No rate on that day.
    #[error("tax class {class} has no rate on {day}")]
    NoRate {
        /// Class.
        class: String,
        /// Day.
        day: String,
    },
    /// The row of another tax class was given.
    #[error("{sku}: tax class is {expected}, not {found}")]
    WrongClass {
        /// SKU.
        sku: Sku,
        /// The item's class.
        expected: String,
        /// The row's.
        found: String,
    },
}

impl CatalogueError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "catalogue.field",
            Self::NoRate { .. } => "catalogue.no_rate",
            Self::WrongClass { .. } => "catalogue.wrong_class",
        }
    }
}

/// Freezes what holds for an item at a moment and on a business day.
///
/// # Errors
/// [`CatalogueError::NoRate`] or [`CatalogueError::WrongClass`]. A missing price is no error.
pub fn snapshot(
    item: &ItemRow,
    class: &TaxClassRow,
    at_ms: i64,
    day: &str,
) -> Result<Snapshot, CatalogueError> {
    if item.tax_class != class.class {
        return Err(CatalogueError::WrongClass {
            sku: item.sku.clone(),
            expected: item.tax_class.clone(),
            found: class.class.clone(),
        });
    }
    let no_rate = || CatalogueError::NoRate { class: class.class.clone(), day: day.to_owned() };
    Ok(Snapshot {
        sku: item.sku.clone(),
        name: item.name.clone(),
        options: printed_options(item),
        hsn: item.hsn.clone(),
        uom: item.uom,
        sold_by_weight: item.sold_by_weight,
        rate_ppm: rate_on(class, day).ok_or_else(no_rate)?,
        mrp_minor: item.mrp_minor,
        unit_price_micros: price_at(item, at_ms),
        open: false,
    })
}

/// The price with the latest start not after the moment.
#[must_use]
pub fn price_at(item: &ItemRow, at_ms: i64) -> Option<UnitPrice> {
    let started = item.prices.iter().filter(|price| price.from_ms <= at_ms);
    started.max_by_key(|price| price.from_ms).map(|price| price.unit_price_micros)
}

/// The rate with the latest first day not after the day. Days compare as text: `YYYY-MM-DD`.
#[must_use]
pub fn rate_on(class: &TaxClassRow, day: &str) -> Option<RatePpm> {
    let started = class.rates.iter().filter(|rate| rate.from.as_str() <= day);
    started.max_by_key(|rate| rate.from.as_str()).map(|rate| rate.rate_ppm)
}

/// Options as printed: `Red, M`.
#[must_use]
pub fn printed_options(item: &ItemRow) -> Option<String> {
    let values: Vec<&str> = item.options.iter().map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Reads a business day; nothing for any other text than `YYYY-MM-DD`.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    if text.len() != 10 {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Checks a row against the limits that documents and journal entries rely on.
///
/// # Errors
/// [`CatalogueError::Field`] names the first field that breaks its rule.
pub fn check_item(item: &ItemRow) -> Result<(), CatalogueError> {
    let options = printed_options(item).unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hsn = |code: &String| (4..=8).contains(&code.len()) && digits(code);
    let barcode = |code: &String| {
        printable(code, 1, BARCODE_MAX)
            && !(code.len() == 14 && digits(code) && Gtin::parse(code).is_err())
    };
    let price = |micros: UnitPrice| (UnitPrice(0)..=UNIT_PRICE_MAX).contains(&micros);
    let rules = [
        ("sku", printable(item.sku.as_str(), 1, Sku::MAX), "may not turn the direction of text"),
        (
            "name",
            printable(&item.name, 1, NAME_MAX),
            "must have 1 to 200 characters, none of control or direction",
        ),
        ("product", printable(&item.product, 1, Sku::MAX), "must have 1 to 64 characters"),
        ("options", printable(&options, 0, OPTIONS_MAX), "may have 100 characters in all"),
        (
            "options",
            item.options.iter().all(|(name, _)| printable(name, 1, OPTIONS_MAX)),
            "must have names of 1 to 100 characters",
        ),
        ("category", printable(&item.category, 0, CATEGORY_MAX), "may have 100 characters"),
        ("tax_class", printable(&item.tax_class, 1, 32), "must have 1 to 32 characters"),
        ("hsn", item.hsn.as_ref().is_none_or(hsn), "must have 4 to 8 digits"),
        ("mrp_minor", item.mrp_minor.is_none_or(|mrp| mrp.0 > 0), "must be above zero"),
        ("barcodes", item.barcodes.len() <= BARCODES_MAX, "may be 50"),
        (
            "barcodes",
            item.barcodes.iter().all(barcode),
            "must be printable, GTINs with a right check digit",
        ),
        ("prices", item.prices.len() <= PRICES_MAX, "may be 200"),
        (
            "prices",
            item.prices.iter().all(|dated| price(dated.unit_price_micros)),
            "must be from 0 to 10 million",
        ),
    ];
    match rules.into_iter().find(|(_, kept, _)| !kept) {
        Some((field, _, rule)) => Err(CatalogueError::Field { sku: item.sku.clone(), field, rule }),
        None => Ok(()),
    }
}

fn printable(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(is_hidden)
}

/// Whether a character is kept out of names: one of control, or one that turns the direction of the text around it
/// (U+202A to U+202E, U+2066 to U+2069), so that a name could read as another.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{DatedPrice, DatedRate};

    fn item() -> ItemRow {
        ItemRow {
            sku: Sku::new("BUTTER").unwrap(),
            product: "butter".into(),
            name: "Butter 500 g".into(),
            options: vec![("Size".into(), "500 g".into()), ("Salt".into(), "salted".into())],
            category: "Dairy".into(),
            uom: Uom::Each,
            sold_by_weight: false,
            hsn: Some("0405".into()),
            tax_class: "butter".into(),
            mrp_minor: Some(Minor(30_500)),
            barcodes: vec!["08904000210037".into(), "4011".into()],
            prices: vec![
                DatedPrice { from_ms: 2000, unit_price_micros: UnitPrice(290_000_000) },
                DatedPrice { from_ms: 1000, unit_price_micros: UnitPrice(300_000_000) },
            ],
            archived: false,
        }
    }

    fn class() -> TaxClassRow {
        let rate = |from: &str, ppm| DatedRate { from: from.into(), rate_ppm: RatePpm(ppm) };
        let rates = vec![rate("2025-09-22", 50_000), rate("2017-07-01", 120_000)];
        TaxClassRow { class: "butter".into(), rates }
    }

    #[test]
    fn the_latest_price_and_rate_that_have_begun_count() {
        assert_eq!(price_at(&item(), 999), None);
        assert_eq!(price_at(&item(), 1000), Some(UnitPrice(300_000_000)));
        assert_eq!(price_at(&item(), 2000), Some(UnitPrice(290_000_000)));
        assert_eq!(rate_on(&class(), "2017-06-30"), None);
        assert_eq!(rate_on(&class(), "2025-09-21"), Some(RatePpm(120_000)));
        assert_eq!(rate_on(&class(), "2025-09-22"), Some(RatePpm(50_000)));
    }

    #[test]
    fn a_snapshot_freezes_the_moment() {
        let frozen = snapshot(&item(), &class(), 1500, "2026-11-22").unwrap();
        assert_eq!(frozen.unit_price_micros, Some(UnitPrice(300_000_000)));
        assert_eq!(frozen.rate_ppm, RatePpm(50_000));
        assert_eq!(frozen.options.as_deref(), Some("500 g, salted"));
        let early = snapshot(&item(), &class(), 1500, "2016-01-01");
        assert!(matches!(early, Err(CatalogueError::NoRate { .. })));
    }

    #[test]
    fn each_broken_field_is_named() {
        type Breaker = fn(&mut ItemRow);
        let cases: [(&str, Breaker); 13] = [
            ("sku", |item| item.sku = Sku::new("A\u{202e}B").unwrap()),
            ("options", |item| item.options[0].0 = "Si\u{2066}ze".into()),
            ("name", |item| item.name = "x".repeat(201)),
            ("name", |item| item.name = "Butter \u{202e}g 005".into()),
            ("category", |item| item.category = "\u{2066}Dairy".into()),
            ("name", |item| item.name = "a\nb".into()),
            ("hsn", |item| item.hsn = Some("123".into())),
            ("hsn", |item| item.hsn = Some("12a4".into())),
            ("mrp_minor", |item| item.mrp_minor = Some(Minor(0))),
            ("barcodes", |item| item.barcodes = vec!["08904000210038".into()]),
            ("barcodes", |item| item.barcodes = vec![String::new()]),
            ("prices", |item| item.prices[0].unit_price_micros = UnitPrice(-1)),
            ("tax_class", |item| item.tax_class = String::new()),
        ];
        assert_eq!(check_item(&item()), Ok(()));
        for (expected, break_it) in cases {
            let mut broken = item();
            break_it(&mut broken);
            let Err(CatalogueError::Field { field, .. }) = check_item(&broken) else {
                panic!("{expected} was accepted");
            };
            assert_eq!(field, expected);
        }
    }
}
