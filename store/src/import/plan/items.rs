//! Items, their prices and barcodes: what the files make of the price book.

use super::{Names, distinct};
use crate::import::change::Change;
use crate::import::current::Current;
use crate::import::fault::{Faults, Wrong};
use crate::import::files::{self, PriceLine};
use crate::import::settings::Law;
use crate::import::sheet::{Line, Refused, Sheet};
use daybook_domain::amount::RatePpm;
use daybook_domain::basket::above_mrp;
use daybook_domain::catalogue::PRICES_MAX;
use daybook_domain::feed::{DatedPrice, ItemRow};
use daybook_domain::ids::Sku;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Items as the files want them; those that the files do not name stay as they are.
pub(super) struct Items<'a> {
    current: &'a Current,
    pub(super) wanted: BTreeMap<Sku, ItemRow>,
    refused: Refused,
    stated: Vec<Stated>,
}

/// A line that stated an item, and perhaps its price from a moment on.
struct Stated {
    file: &'static str,
    no: u64,
    sku: Sku,
    from_ms: Option<i64>,
}

impl<'a> Items<'a> {
    pub(super) fn over(current: &'a Current) -> Self {
        Self { current, wanted: BTreeMap::new(), refused: Refused::default(), stated: Vec::new() }
    }

    pub(super) fn products(
        &mut self,
        sheet: Sheet<ItemRow>,
        classes: &Names<String>,
        faults: &mut Faults,
    ) {
        let lines = distinct(files::PRODUCTS, "sku", sheet.lines, faults, |item| item.sku.clone());
        self.refused = sheet.refused;
        let mut owners: HashMap<String, Sku> = HashMap::new();
        let named: HashSet<&Sku> = lines.iter().map(|line| &line.value.sku).collect();
        for item in self.current.items.values().filter(|item| !named.contains(&item.sku)) {
            owners.extend(item.barcodes.iter().map(|code| (code.clone(), item.sku.clone())));
        }
        for Line { no, value: mut item } in lines {
            if classes.lacks(&item.tax_class) {
                let message = format!("{:?} is no known tax class", item.tax_class);
                faults.at(files::PRODUCTS, no, Wrong::new("tax_class", message));
            }
            for code in &item.barcodes {
                if let Some(owner) = owners.insert(code.clone(), item.sku.clone()) {
                    let message = format!("{code} belongs to {owner}");
                    faults.at(files::PRODUCTS, no, Wrong::new("barcodes", message));
                }
            }
            let from_ms = item.prices.first().map(|price| price.from_ms);
            self.stated.push(Stated { file: files::PRODUCTS, no, sku: item.sku.clone(), from_ms });
            if let Some(known) = self.current.items.get(&item.sku) {
                let stated = std::mem::replace(&mut item.prices, known.prices.clone());
                stated.into_iter().for_each(|price| set_price(&mut item, price));
            }
            self.wanted.insert(item.sku.clone(), item);
        }
    }

    pub(super) fn prices(&mut self, lines: Vec<Line<PriceLine>>, faults: &mut Faults) {
        let key = |line: &PriceLine| (line.sku.clone(), line.price.from_ms);
        for Line { no, value } in distinct(files::PRICES, "from", lines, faults, key) {
            let PriceLine { sku, price } = value;
            let known = || self.current.items.get(&sku).cloned();
            let Some(item) = self.wanted.remove(&sku).or_else(known) else {
                if !self.refused.excuses(sku.as_str()) {
                    let message = format!("{sku} is unknown");
                    faults.at(files::PRICES, no, Wrong::new("sku", message));
                }
                continue;
            };
            let mut item = item;
            let from_ms = Some(price.from_ms);
            self.stated.push(Stated { file: files::PRICES, no, sku: sku.clone(), from_ms });
            set_price(&mut item, price);
            if item.prices.len() > PRICES_MAX {
                let message = format!("{sku} may have {PRICES_MAX} prices");
                faults.at(files::PRICES, no, Wrong::new("sku", message));
            }
            self.wanted.insert(sku, item);
        }
    }

    /// No price that the files state, and no last one, may be above the MRP: it could not be sold for it.
    pub(super) fn check_mrp(
        &self,
        law: Law,
        rates: &HashMap<String, RatePpm>,
        faults: &mut Faults,
    ) {
        for Stated { file, no, sku, from_ms } in &self.stated {
            let item = self.wanted.get(sku).filter(|item| !item.archived);
            let Some((item, mrp)) = item.and_then(|item| Some((item, item.mrp_minor?))) else {
                continue;
            };
            let stated = item.prices.iter().find(|price| Some(price.from_ms) == *from_ms);
            let added = if law.tax_inclusive { None } else { rates.get(&item.tax_class) };
            let added = added.copied().unwrap_or_default();
            let above = [stated, item.prices.last()]
                .into_iter()
                .flatten()
                .find(|price| above_mrp(price.unit_price_micros, added, mrp, law.currency));
            if let Some(above) = above {
                let price = above.unit_price_micros.to_decimal(law.currency);
                let tax = if added.0 > 0 { " with tax" } else { "" };
                let message =
                    format!("{price}{tax} is above the MRP of {}", mrp.to_decimal(law.currency));
                faults.at(file, *no, Wrong::new("price", message));
            }
        }
    }

    pub(super) fn names(&mut self) -> Names<Sku> {
        let known = self.current.items.keys().chain(self.wanted.keys()).cloned().collect();
        Names { known, refused: std::mem::take(&mut self.refused) }
    }

    pub(super) fn changes(self) -> impl Iterator<Item = Change> {
        let current = self.current;
        self.wanted
            .into_values()
            .filter(|item| current.items.get(&item.sku) != Some(item))
            .map(|item| Change::Item(Box::new(item)))
    }
}

fn set_price(item: &mut ItemRow, price: DatedPrice) {
    match item.prices.binary_search_by_key(&price.from_ms, |known| known.from_ms) {
        Ok(place) => item.prices[place] = price,
        Err(place) => item.prices.insert(place, price),
    }
}
