//! What the demo knows of a shop: its folder of CSV files, the baskets of the day, and what each of them must come to.

use super::DemoError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Key of a level: SKU, location.
pub type Place = (String, String);

/// A shop's folder as `daybook-store import` takes it, with a day of baskets.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The folder.
    pub folder: PathBuf,
    /// What the business calls itself.
    pub name: String,
    /// Currency code.
    pub currency: String,
    /// Cashiers and their PINs.
    pub cashiers: Vec<Person>,
    /// A manager who approves.
    pub manager: Person,
    /// Stock as imported.
    pub stock: BTreeMap<Place, Shelf>,
    prices: BTreeMap<String, Vec<(String, i128)>>,
}

/// Someone who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Id.
    pub staff: String,
    /// PIN.
    pub pin: String,
}

/// Stock of one SKU at one location, as imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// Thousandths.
    pub on_hand_milli: i64,
    /// `ring_fenced`, `pooled_strict` or `pooled_soft`.
    pub policy: String,
    /// Set aside for the web, thousandths.
    pub allotted_milli: i64,
}

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
    /// What the lines come to, before cash is rounded; nothing where a price is entered at the till.
    pub total_minor: Option<i64>,
    /// What makers' coupons paid of it.
    pub coupon_minor: i64,
    /// What it takes, thousandths by SKU.
    pub goods: BTreeMap<String, i64>,
}

impl Shop {
    /// Reads the folder.
    ///
    /// # Errors
    /// A file is missing or has no such columns.
    pub fn read(folder: &Path) -> Result<Self, DemoError> {
        let settings: Value = serde_json::from_str(&read(&folder.join("settings.json"))?)
            .map_err(|error| DemoError::Broken(format!("settings.json: {error}")))?;
        let text = |name: &str| settings[name].as_str().unwrap_or_default().to_owned();
        let staff = table(&folder.join("staff.csv"))?;
        let of_role = |role: &str| {
            let rows = staff
                .iter()
                .filter(|row| cell(row, "role") == role && cell(row, "active") != "false");
            rows.map(|row| Person {
                staff: cell(row, "staff").to_owned(),
                pin: cell(row, "pin").to_owned(),
            })
            .collect::<Vec<_>>()
        };
        let first = |role: &str| {
            of_role(role)
                .into_iter()
                .next()
                .ok_or_else(|| DemoError::Broken(format!("staff.csv names no active {role}")))
        };
        first("cashier")?;
        Ok(Self {
            folder: folder.to_owned(),
            name: text("business"),
            currency: text("currency"),
            cashiers: of_role("cashier"),
            manager: first("manager")?,
            stock: stock(folder)?,
            prices: prices(folder)?,
        })
    }

    /// Divides the baskets of `baskets.ndjson` among `tills` tills: by their `till` where they name one, else by their
    /// `store`; a location with more than one till deals its baskets out in turn. Writes one file a till into `to`.
    ///
    /// # Errors
    /// The file cannot be read, or a line names no store.
    pub fn deal(&self, tills: usize, to: &Path) -> Result<Vec<TillPlan>, DemoError> {
        let path = self.folder.join("baskets.ndjson");
        let text = read(&path)?;
        let mut groups: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let broken = |why: String| {
                DemoError::Broken(format!("{}:{}: {why}", path.display(), number + 1))
            };
            let mut basket: Value =
                serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
            let store = plain(&basket["store"]).ok_or_else(|| broken("no field store".into()))?;
            // The codes of the demo's tills are given by the store, not by the file.
            let till = basket.as_object_mut().and_then(|fields| fields.remove("till"));
            let till = till.as_ref().and_then(plain).unwrap_or_default();
            groups.entry((store, till)).or_default().push(basket);
        }
        let plans = seats(&groups, tills).into_iter().enumerate();
        plans.map(|(index, seat)| self.plan(&groups, index, &seat, to)).collect()
    }

    fn plan(
        &self,
        groups: &BTreeMap<(String, String), Vec<Value>>,
        index: usize,
        seat: &Seat,
        to: &Path,
    ) -> Result<TillPlan, DemoError> {
        let mine: Vec<&Value> =
            groups[&seat.group].iter().skip(seat.turn).step_by(seat.of).collect();
        let file = to.join(format!("baskets-till-{}.ndjson", index + 1));
        let lines: String = mine.iter().map(|basket| format!("{basket}\n")).collect();
        fs::write(&file, lines).map_err(DemoError::file(&file))?;
        let baskets = mine.into_iter().map(|basket| self.expect(basket)).collect();
        Ok(TillPlan { location: seat.group.0.clone(), file, baskets })
    }

    /// What a basket must come to, computed from the CSV files alone.
    fn expect(&self, basket: &Value) -> Basket {
        let at = basket["at"].as_str().unwrap_or_default();
        let lines = basket["lines"].as_array().cloned().unwrap_or_default();
        let number = plain(&basket["basket"]).unwrap_or_default();
        let source = match plain(&basket["store"]) {
            Some(store) => format!("{store}/{number}"),
            None => number,
        };
        Basket {
            source,
            total_minor: lines.iter().map(|line| self.line_minor(line, at)).sum(),
            coupon_minor: lines.iter().filter_map(|line| line["coupon"].as_i64()).sum(),
            goods: goods_of(&lines),
        }
    }

    /// Given with the line, or price × quantity, rounded half up.
    fn line_minor(&self, line: &Value, at: &str) -> Option<i64> {
        if let Some(sales) = line["sales"].as_i64() {
            return Some(sales);
        }
        let milli = milli_of(line)?;
        let book = self.prices.get(&plain(&line["sku"])?)?;
        let (_, micros) = book.iter().rfind(|(from, _)| from.as_str() <= at)?;
        let ten_millionths = micros * i128::from(milli);
        i64::try_from((ten_millionths + 5_000_000) / 10_000_000).ok()
    }

    /// Whether the price list has a price for it.
    #[must_use]
    pub fn is_priced(&self, sku: &str) -> bool {
        self.prices.contains_key(sku)
    }

    /// Goods that tills and web want at once: pooled, or set aside for the web in small numbers, and asked for in the
    /// baskets. At most `each` of a policy, the scarcest first.
    #[must_use]
    pub fn contested(&self, plans: &[TillPlan], each: usize) -> Vec<(Place, Shelf)> {
        let wanted = |(sku, location): &Place| {
            plans
                .iter()
                .filter(|plan| plan.location == *location)
                .any(|plan| plan.baskets.iter().any(|basket| basket.goods.contains_key(sku)))
        };
        let mut scarce: Vec<_> = self
            .stock
            .iter()
            .filter(|(place, shelf)| {
                let for_web = shelf.policy != "ring_fenced" || shelf.allotted_milli > 0;
                for_web && (wanted(place) || shelf.on_hand_milli == 1_000)
            })
            .map(|(place, shelf)| (place.clone(), shelf.clone()))
            .collect();
        scarce.sort_by_key(|(place, shelf)| (shelf.on_hand_milli, place.clone()));
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        scarce.retain(|(_, shelf)| {
            let count = taken.entry(shelf.policy.clone()).or_default();
            *count += 1;
            *count <= each
        });
        scarce
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

fn goods_of(lines: &[Value]) -> BTreeMap<String, i64> {
    let mut goods = BTreeMap::new();
    for line in lines {
        if let (Some(sku), Some(milli)) = (plain(&line["sku"]), milli_of(line)) {
            *goods.entry(sku).or_default() += milli;
        }
    }
    goods
}

/// Thousandths of a line; `qty` counts pieces.
fn milli_of(line: &Value) -> Option<i64> {
    line["qty_milli"].as_i64().or_else(|| Some(line["qty"].as_i64()? * 1_000))
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seat {
    group: (String, String),
    turn: usize,
    of: usize,
}

/// Seats tills, most baskets first.
fn seats(groups: &BTreeMap<(String, String), Vec<Value>>, tills: usize) -> Vec<Seat> {
    let mut busiest: Vec<_> = groups.iter().collect();
    busiest.sort_by_key(|(group, baskets)| (std::cmp::Reverse(baskets.len()), (*group).clone()));
    let mut at: Vec<((String, String), usize)> = Vec::new();
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

fn stock(folder: &Path) -> Result<BTreeMap<Place, Shelf>, DemoError> {
    let rows = table(&folder.join("stock.csv"))?;
    let shelves = rows.iter().map(|row| {
        let place = (cell(row, "sku").to_owned(), cell(row, "location").to_owned());
        let milli = |name| i64::try_from(scaled(cell(row, name), 3)).unwrap_or(0);
        let shelf = Shelf {
            on_hand_milli: milli("on_hand"),
            policy: cell(row, "policy").to_owned(),
            allotted_milli: milli("allotted"),
        };
        (place, shelf)
    });
    Ok(shelves.collect())
}

/// Prices in millionths by SKU, in the order of their start.
fn prices(folder: &Path) -> Result<BTreeMap<String, Vec<(String, i128)>>, DemoError> {
    let mut book: BTreeMap<String, Vec<(String, i128)>> = BTreeMap::new();
    for (file, from) in [("products.csv", "price_from"), ("prices.csv", "from")] {
        for row in table(&folder.join(file))? {
            let price = cell(&row, "price");
            if !price.is_empty() {
                let start = (utc(cell(&row, from))?, scaled(price, 6));
                book.entry(cell(&row, "sku").to_owned()).or_default().push(start);
            }
        }
    }
    for starts in book.values_mut() {
        starts.sort();
    }
    Ok(book)
}

/// The same moment with the offset `Z`, so that texts compare as moments do. Empty stays empty: since ever.
fn utc(text: &str) -> Result<String, DemoError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let moment = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|error| DemoError::Broken(format!("{text}: {error}")))?;
    Ok(moment.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A decimal with at most `places` places, as an integer of that scale; anything else is 0 (the import checks it).
fn scaled(text: &str, places: usize) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<places$}").parse().unwrap_or(0)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn cell<'a>(row: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn read(path: &Path) -> Result<String, DemoError> {
    fs::read_to_string(path).map_err(DemoError::file(path))
}

fn table(path: &Path) -> Result<Vec<BTreeMap<String, String>>, DemoError> {
    let broken = |error: csv::Error| DemoError::Broken(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(broken)
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

    #[test]
    fn decimals_keep_their_scale() {
        assert_eq!(scaled("300.500", 3), 300_500);
        assert_eq!(scaled("2.299", 6), 2_299_000);
        assert_eq!(scaled("12", 3), 12_000);
        assert_eq!(utc("2026-12-01T00:00:00+05:30").unwrap(), "2026-11-30T18:30:00Z");
    }
}
