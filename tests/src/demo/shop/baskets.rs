//! The baskets of the day, and which till sells which.

use super::sheet::moment;
use super::{Shop, read};
use crate::demo::DemoError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One till of the demo: where it stands and what it will sell.
#[derive(Debug, Clone)]
pub struct TillPlan {
    /// Location.
    pub location: String,
    /// Its baskets of the day, one JSON object a line.
    pub file: PathBuf,
    /// The same, read.
    pub baskets: Vec<Basket>,
}

/// What must come of one basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// Key of the source, as the till makes it.
    pub source: String,
    /// When it was sold, UTC milliseconds; nothing where the file leaves that to the till.
    pub at_ms: Option<i64>,
    /// Its lines.
    pub lines: Vec<BasketLine>,
    /// What makers' coupons paid of it.
    pub coupon_minor: i64,
    /// What it takes, thousandths by SKU.
    pub goods: BTreeMap<String, i64>,
}

/// A line of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasketLine {
    /// SKU.
    pub sku: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// What it came to after discounts, where the file says so.
    pub stated_minor: Option<i64>,
}

/// Location and code of the till that the file names.
type Group = (String, String);

impl Shop {
    /// Divides the baskets of `baskets.ndjson` among `tills` tills: by their `till` where they name one, else by their
    /// `store`; a location with more than one till deals its baskets out in turn. What was sold where the shop has no
    /// location is sold at its first. Writes one file a till into `to`.
    ///
    /// # Errors
    /// The file cannot be read, holds a line that is no basket, or nothing at all.
    pub fn deal(&self, tills: usize, to: &Path) -> Result<Vec<TillPlan>, DemoError> {
        let path = self.folder.join("baskets.ndjson");
        let text = read(&path)?;
        let mut groups: BTreeMap<Group, Vec<Value>> = BTreeMap::new();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let broken = |why: serde_json::Error| {
                DemoError::Broken(format!("{}:{number}: {why}", path.display()))
            };
            let mut basket: Value = serde_json::from_str(line).map_err(broken)?;
            let store = plain(&basket["store"]).filter(|store| self.locations.contains(store));
            let store = store.unwrap_or_else(|| self.locations[0].clone());
            // The codes of the demo's tills are given by the store, not by the file.
            let till = basket.as_object_mut().and_then(|fields| fields.remove("till"));
            let till = till.as_ref().and_then(plain).unwrap_or_default();
            groups.entry((store, till)).or_default().push(basket);
        }
        if groups.is_empty() {
            return Err(DemoError::Broken(format!("{} holds no basket", path.display())));
        }
        let plans = seats(&groups, tills).into_iter().enumerate();
        plans.map(|(index, seat)| self.plan(&groups, index, &seat, to)).collect()
    }

    fn plan(
        &self,
        groups: &BTreeMap<Group, Vec<Value>>,
        index: usize,
        seat: &Seat,
        to: &Path,
    ) -> Result<TillPlan, DemoError> {
        let mine: Vec<&Value> =
            groups[&seat.group].iter().skip(seat.turn).step_by(seat.of).collect();
        let file = to.join(format!("baskets-till-{}.ndjson", index + 1));
        let lines: String = mine.iter().map(|basket| format!("{basket}\n")).collect();
        fs::write(&file, lines).map_err(DemoError::file(&file))?;
        let baskets = mine.into_iter().map(|basket| self.basket(basket)).collect::<Result<_, _>>();
        Ok(TillPlan { location: seat.group.0.clone(), file, baskets: baskets? })
    }

    fn basket(&self, basket: &Value) -> Result<Basket, DemoError> {
        let number = plain(&basket["basket"]).unwrap_or_default();
        let source = match plain(&basket["store"]) {
            Some(store) => format!("{store}/{number}"),
            None => number,
        };
        let lines = basket["lines"].as_array().into_iter().flatten();
        let coupons = lines.clone().filter_map(|line| line["coupon"].as_i64());
        let coupon_minor = coupons.sum();
        let lines: Vec<BasketLine> = lines.filter_map(|line| self.basket_line(line)).collect();
        let mut goods = BTreeMap::new();
        for line in &lines {
            *goods.entry(line.sku.clone()).or_default() += line.quantity_milli;
        }
        let at_ms = basket["at"].as_str().map(moment).transpose()?;
        Ok(Basket { source, at_ms, lines, coupon_minor, goods })
    }

    fn basket_line(&self, line: &Value) -> Option<BasketLine> {
        let sku = plain(&line["sku"])?;
        let counted = || Some(self.prices.milli_of(&sku, line["qty"].as_i64()?));
        let quantity_milli = line["qty_milli"].as_i64().or_else(counted)?;
        Some(BasketLine { quantity_milli, stated_minor: line["sales"].as_i64(), sku })
    }
}

impl TillPlan {
    /// What all baskets take, thousandths by SKU.
    #[must_use]
    pub fn demand(&self) -> BTreeMap<String, i64> {
        let mut demand = BTreeMap::new();
        for (sku, milli) in self.baskets.iter().flat_map(|basket| &basket.goods) {
            *demand.entry(sku.clone()).or_default() += milli;
        }
        demand
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seat {
    group: Group,
    turn: usize,
    of: usize,
}

/// Seats tills, most baskets first.
fn seats(groups: &BTreeMap<Group, Vec<Value>>, tills: usize) -> Vec<Seat> {
    let mut busiest: Vec<_> = groups.iter().collect();
    busiest.sort_by_key(|(group, baskets)| (std::cmp::Reverse(baskets.len()), (*group).clone()));
    let mut at: Vec<(Group, usize)> = Vec::new();
    for number in 0..tills {
        let Some((group, _)) = busiest.get(number % busiest.len().max(1)) else { break };
        match at.iter_mut().find(|(seated, _)| seated == *group) {
            Some((_, count)) => *count += 1,
            None => at.push(((*group).clone(), 1)),
        }
    }
    at.into_iter()
        .flat_map(|(group, of)| (0..of).map(move |turn| Seat { group: group.clone(), turn, of }))
        .collect()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tills_sit_where_the_most_baskets_are_and_share_a_location_in_turn() {
        let group = |store: &str| (store.to_owned(), String::new());
        let groups = BTreeMap::from([
            (group("a"), vec![Value::Null; 9]),
            (group("b"), vec![Value::Null; 4]),
        ]);
        let seat = |store, turn, of| Seat { group: group(store), turn, of };
        assert_eq!(seats(&groups, 3), [seat("a", 0, 2), seat("a", 1, 2), seat("b", 0, 1)]);
    }
}
