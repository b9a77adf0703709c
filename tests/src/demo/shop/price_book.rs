//! What goods cost, by the CSV files and the law of the shop: computed here again, by no code of the programs.

use super::baskets::{Basket, BasketLine};
use super::sheet::{cell, moment, scaled, table};
use crate::demo::DemoError;
use daybook_domain::amount::Currency;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// All of a rate, parts per million.
const WHOLE_PPM: i128 = 1_000_000;

/// Prices, rates and the law that adds tax to them.
#[derive(Debug, Clone)]
pub struct PriceBook {
    currency: Currency,
    inclusive: bool,
    law: Law,
    items: BTreeMap<String, Item>,
    rates: BTreeMap<String, Vec<Rate>>,
}

/// Where tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    /// There is no tax.
    Untaxed,
    /// Once for all lines of one rate.
    PerRate,
    /// On each line.
    PerLine,
    /// On each line, and each half of the rate by itself: central and state tax.
    PerHalf,
}

#[derive(Debug, Clone)]
struct Item {
    /// Start in UTC milliseconds and price in millionths, in the order of their start.
    prices: Vec<(i64, i128)>,
    tax_class: String,
    mrp_minor: Option<i128>,
    archived: bool,
    by_the_gallon: bool,
    by_the_piece: bool,
}

/// First day and parts per million.
#[derive(Debug, Clone)]
struct Rate {
    from: String,
    ppm: i128,
}

impl PriceBook {
    /// Reads `products.csv`, `prices.csv` and `taxes.csv` of a folder.
    ///
    /// # Errors
    /// A file cannot be read, or the settings name a law that is not known.
    pub fn read(folder: &Path, settings: &Value, currency: Currency) -> Result<Self, DemoError> {
        let law = match settings["jurisdiction"].as_str().unwrap_or_default() {
            "none" => Law::Untaxed,
            "EU" | "GB" | "US" => Law::PerRate,
            "EU-line" | "GB-line" | "US-item" => Law::PerLine,
            "IN" => Law::PerHalf,
            other => {
                let why = format!("settings.json: the jurisdiction {other:?} is not known");
                return Err(DemoError::Broken(why));
            }
        };
        let mut book = Self {
            currency,
            inclusive: settings["tax_inclusive"] != false,
            law,
            items: BTreeMap::new(),
            rates: BTreeMap::new(),
        };
        book.read_items(folder)?;
        for row in table(&folder.join("taxes.csv"))? {
            let ppm = scaled(cell(&row, "rate_percent"), 4);
            let rate = Rate { from: cell(&row, "from").to_owned(), ppm };
            book.rates.entry(cell(&row, "class").to_owned()).or_default().push(rate);
        }
        Ok(book)
    }

    fn read_items(&mut self, folder: &Path) -> Result<(), DemoError> {
        let digits = usize::try_from(self.currency.exponent()).unwrap_or(2);
        for row in table(&folder.join("products.csv"))? {
            let (price, start, mrp) =
                (cell(&row, "price"), cell(&row, "price_from"), cell(&row, "mrp"));
            let from_ms = if start.is_empty() { 0 } else { moment(start)? };
            let uom = cell(&row, "uom");
            let item = Item {
                prices: (!price.is_empty())
                    .then(|| (from_ms, scaled(price, 6)))
                    .into_iter()
                    .collect(),
                tax_class: cell(&row, "tax_class").to_owned(),
                mrp_minor: (!mrp.is_empty()).then(|| scaled(mrp, digits)),
                archived: cell(&row, "archived") == "true",
                by_the_gallon: uom == "gallon",
                by_the_piece: matches!(uom, "" | "each") && cell(&row, "sold_by_weight") != "true",
            };
            self.items.insert(cell(&row, "sku").to_owned(), item);
        }
        for row in table(&folder.join("prices.csv"))? {
            let from_ms = moment(cell(&row, "from"))?;
            if let Some(item) = self.items.get_mut(cell(&row, "sku")) {
                item.prices.push((from_ms, scaled(cell(&row, "price"), 6)));
            }
        }
        for item in self.items.values_mut() {
            item.prices.sort_by_key(|(from_ms, _)| *from_ms);
        }
        Ok(())
    }

    /// What a basket comes to with tax, before cash is rounded, when it is sold on a business day (`YYYY-MM-DD`); at
    /// `at_ms`, where its file names no moment. Nothing where the files do not say: a price that is entered at the till, a
    /// class without rate on that day.
    #[must_use]
    pub fn total_minor(&self, basket: &Basket, at_ms: i64, day: &str) -> Option<i64> {
        let lines = basket.lines.iter().map(|line| {
            let net = self.net_minor(line, basket.at_ms.unwrap_or(at_ms))?;
            Some((net, self.rate_ppm(&line.sku, day)?))
        });
        let lines: Vec<(i128, i128)> = lines.collect::<Option<_>>()?;
        let net: i128 = lines.iter().map(|(net, _)| net).sum();
        let tax = if self.inclusive { 0 } else { self.law.tax_minor(&lines) };
        i64::try_from(net + tax).ok()
    }

    /// What one unit costs at a moment without the tax that is added, minor units. Nothing for what cannot be sold
    /// then at the price of the book: archived, without price, or dearer with tax than its maximum retail price.
    #[must_use]
    pub fn unit_minor(&self, sku: &str, at_ms: i64) -> Option<i64> {
        let item = self.items.get(sku).filter(|item| !item.archived)?;
        let micros = item.price_micros(at_ms)?;
        let rates = self.rates.get(&item.tax_class).into_iter().flatten();
        let dearest = rates.map(|rate| rate.ppm).max().filter(|_| !self.inclusive).unwrap_or(0);
        let with_tax = micros * (WHOLE_PPM + dearest);
        if item.mrp_minor.is_some_and(|mrp| with_tax > mrp * self.micros_of_minor() * WHOLE_PPM) {
            return None;
        }
        i64::try_from(half_up(micros, self.micros_of_minor())).ok()
    }

    /// All SKUs.
    pub fn skus(&self) -> impl Iterator<Item = &str> {
        self.items.keys().map(String::as_str)
    }

    /// Whether it is counted, neither weighed nor measured.
    #[must_use]
    pub fn is_counted(&self, sku: &str) -> bool {
        self.items.get(sku).is_some_and(|item| item.by_the_piece)
    }

    /// Thousandths of a line whose file counts in `qty`: pieces, or thousandths of a gallon of fuel.
    pub(super) fn milli_of(&self, sku: &str, qty: i64) -> i64 {
        let fuel = self.items.get(sku).is_some_and(|item| item.by_the_gallon);
        if fuel { qty } else { qty * 1_000 }
    }

    /// Given with the line, or price × quantity.
    fn net_minor(&self, line: &BasketLine, at_ms: i64) -> Option<i128> {
        if let Some(stated) = line.stated_minor {
            return Some(i128::from(stated));
        }
        let micros = self.items.get(&line.sku)?.price_micros(at_ms)?;
        Some(half_up(micros * i128::from(line.quantity_milli), 1_000 * self.micros_of_minor()))
    }

    /// The rate of the class on a day. What the catalogue does not know is not taxed.
    fn rate_ppm(&self, sku: &str, day: &str) -> Option<i128> {
        let Some(item) = self.items.get(sku) else { return Some(0) };
        let begun =
            self.rates.get(&item.tax_class)?.iter().filter(|rate| rate.from.as_str() <= day);
        begun.max_by_key(|rate| rate.from.as_str()).map(|rate| rate.ppm)
    }

    fn micros_of_minor(&self) -> i128 {
        10_i128.pow(6 - self.currency.exponent())
    }
}

impl Item {
    fn price_micros(&self, at_ms: i64) -> Option<i128> {
        self.prices.iter().rfind(|(from_ms, _)| *from_ms <= at_ms).map(|(_, micros)| *micros)
    }
}

impl Law {
    /// Tax on top of lines, each its net in minor units and its rate.
    fn tax_minor(self, lines: &[(i128, i128)]) -> i128 {
        let of = |net: i128, ppm: i128| half_up(net * ppm, WHOLE_PPM);
        match self {
            Self::Untaxed => 0,
            Self::PerLine => lines.iter().map(|(net, ppm)| of(*net, *ppm)).sum(),
            Self::PerHalf => {
                lines.iter().map(|(net, ppm)| of(*net, ppm / 2) + of(*net, ppm - ppm / 2)).sum()
            }
            Self::PerRate => {
                let mut sums: BTreeMap<i128, i128> = BTreeMap::new();
                for (net, ppm) in lines {
                    *sums.entry(*ppm).or_default() += net;
                }
                sums.into_iter().map(|(ppm, net)| of(net, ppm)).sum()
            }
        }
    }
}

/// A quotient of nothing below zero, rounded half up.
fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator) / (2 * denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_rounded_where_the_law_says() {
        let lines = [(10, 88_750), (10, 88_750), (105, 50_000)];
        assert_eq!(Law::PerRate.tax_minor(&lines), 2 + 5);
        assert_eq!(Law::PerLine.tax_minor(&lines), 1 + 1 + 5);
        assert_eq!(Law::PerHalf.tax_minor(&lines), 3 + 3, "halves below a half vanish");
        assert_eq!(Law::Untaxed.tax_minor(&lines), 0);
    }

    #[test]
    fn half_of_a_minor_unit_is_a_whole_one() {
        assert_eq!([half_up(5, 10), half_up(4, 10), half_up(0, 10)], [1, 0, 0]);
    }
}
