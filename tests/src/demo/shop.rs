//! What the demo knows of a shop: its folder of CSV files, the baskets of the day, and what each of them must come to.

pub mod baskets;
pub mod price_book;
mod sheet;

pub use baskets::{Basket, BasketLine, TillPlan};
pub use price_book::PriceBook;

use super::DemoError;
use daybook_domain::amount::Currency;
use serde_json::Value;
use sheet::{Row, cell, scaled, table};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Key of a level: SKU, location.
pub type Place = (String, String);

/// With less than so much on the shelf the demo rather sells something else, thousandths.
const PLENTY_MILLI: i64 = 30_000;

/// A shop's folder as `daybook-store import` takes it, with a day of baskets.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The folder.
    pub folder: PathBuf,
    /// What the business calls itself.
    pub name: String,
    /// Code of its jurisdiction.
    pub jurisdiction: String,
    /// Currency.
    pub currency: Currency,
    /// Its shops, then its warehouses; at least one.
    pub locations: Vec<String>,
    /// Who sells: cashiers, or managers where there are none. At least one.
    pub cashiers: Vec<Person>,
    /// Who approves: a manager, or an admin where there is none.
    pub manager: Person,
    /// Stock as imported.
    pub stock: BTreeMap<Place, Shelf>,
    /// What goods cost.
    pub prices: PriceBook,
}

/// Someone who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Shop {
    /// Reads the folder. What an import lets one leave out may be missing here too, but for what no till sells
    /// without: settings, a location, someone who sells and someone who approves.
    ///
    /// # Errors
    /// A file cannot be read, or no till could sell with it.
    pub fn read(folder: &Path) -> Result<Self, DemoError> {
        let settings: Value = serde_json::from_str(&read(&folder.join("settings.json"))?)
            .map_err(|error| DemoError::Broken(format!("settings.json: {error}")))?;
        let text = |name: &str| settings[name].as_str().unwrap_or_default().to_owned();
        let currency = Currency::try_from(text("currency"))
            .map_err(|error| DemoError::Broken(format!("settings.json: {error}")))?;
        let staff = table(&folder.join("staff.csv"))?;
        let cashiers = people(&staff, &["cashier", "manager", "admin"])?;
        let manager = people(&staff, &["manager", "admin"])?.swap_remove(0);
        Ok(Self {
            folder: folder.to_owned(),
            name: text("business"),
            jurisdiction: text("jurisdiction"),
            currency,
            locations: locations(folder)?,
            cashiers,
            manager,
            stock: stock(folder)?,
            prices: PriceBook::read(folder, &settings, currency)?,
        })
    }

    /// Goods that tills and web want at once: pooled, or set aside for the web in small numbers, asked for in the
    /// baskets, and not for free at `now_ms`. At most `each` of a policy, the scarcest first.
    #[must_use]
    pub fn contested(&self, plans: &[TillPlan], each: usize, now_ms: i64) -> Vec<(Place, Shelf)> {
        let wanted = |(sku, location): &Place| {
            plans
                .iter()
                .filter(|plan| plan.location == *location)
                .any(|plan| plan.baskets.iter().any(|basket| basket.goods.contains_key(sku)))
        };
        let costs = |(sku, _): &Place| self.prices.unit_minor(sku, now_ms).is_some_and(|it| it > 0);
        let mut scarce: Vec<_> = self
            .stock
            .iter()
            .filter(|(place, shelf)| {
                let for_web = shelf.policy != "ring_fenced" || shelf.allotted_milli > 0;
                for_web && costs(place) && (wanted(place) || shelf.on_hand_milli == 1_000)
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

    /// The goods of a location that can best be sold once more at `now_ms`: no rights to ask for, a price of at least
    /// two minor units, and of these what lies there in plenty, counted pieces of some value first. Nothing where there
    /// are none.
    #[must_use]
    pub fn plenty(&self, location: &str, now_ms: i64) -> Option<String> {
        let major = 10_i64.pow(self.currency.exponent());
        let ranked = self.prices.skus().filter_map(|sku| {
            let shelf = self.stock.get(&(sku.to_owned(), location.to_owned()));
            let price = self.prices.unit_minor(sku, now_ms).filter(|price| *price >= 2)?;
            let policy = shelf.map_or(2, |shelf| match shelf.policy.as_str() {
                "ring_fenced" => 0,
                "pooled_soft" => 1,
                _ => 3,
            });
            let on_hand = shelf.map_or(0, |shelf| shelf.on_hand_milli);
            let bare = shelf.is_some() && on_hand < PLENTY_MILLI;
            let odd = !self.prices.is_counted(sku) || on_hand % 1_000 != 0;
            let rank = (bare, policy, odd, price < major, Reverse(on_hand));
            (policy < 3).then_some((rank, sku))
        });
        ranked.min().map(|(_, sku)| sku.to_owned())
    }
}

/// The active people of the first role that has any, as far as their PIN is known.
fn people(staff: &[Row], roles: &[&str]) -> Result<Vec<Person>, DemoError> {
    let of_role = |role: &&str| -> Vec<Person> {
        let rows = staff.iter().filter(|row| {
            cell(row, "role") == *role
                && cell(row, "active") != "false"
                && !cell(row, "pin").is_empty()
        });
        rows.map(|row| Person {
            staff: cell(row, "staff").to_owned(),
            pin: cell(row, "pin").to_owned(),
        })
        .collect()
    };
    roles.iter().map(of_role).find(|people| !people.is_empty()).ok_or_else(|| {
        DemoError::Broken(format!("staff.csv has no active {} with a PIN", roles.join(" or ")))
    })
}

fn locations(folder: &Path) -> Result<Vec<String>, DemoError> {
    let mut rows = table(&folder.join("locations.csv"))?;
    rows.sort_by_key(|row| cell(row, "kind") == "warehouse");
    if rows.is_empty() {
        return Err(DemoError::Broken("locations.csv has no location to sell at".to_owned()));
    }
    Ok(rows.iter().map(|row| cell(row, "location").to_owned()).collect())
}

fn stock(folder: &Path) -> Result<BTreeMap<Place, Shelf>, DemoError> {
    let rows = table(&folder.join("stock.csv"))?;
    let shelves = rows.iter().map(|row| {
        let place = (cell(row, "sku").to_owned(), cell(row, "location").to_owned());
        let milli = |name| i64::try_from(scaled(cell(row, name), 3)).unwrap_or(0);
        let policy = Some(cell(row, "policy")).filter(|policy| !policy.is_empty());
        let shelf = Shelf {
            on_hand_milli: milli("on_hand"),
            policy: policy.unwrap_or("ring_fenced").to_owned(),
            allotted_milli: milli("allotted"),
        };
        (place, shelf)
    });
    Ok(shelves.collect())
}

fn read(path: &Path) -> Result<String, DemoError> {
    fs::read_to_string(path).map_err(DemoError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str =
        r#"{"business":"Sakura","jurisdiction":"EU","currency":"JPY","tax_inclusive":false}"#;
    const PRODUCTS: &str = "sku,name,tax_class,price,uom,archived\nPEN,Pen,ten,99.5,,\nTEA,Tea,eight,138,,\n\
                            MEAT,Meat,eight,12800,kg,\nFREE,Leaflet,ten,0,,\nOLD,Old,ten,500,,true\nOPEN,Open,ten,,,\n";
    const BASKETS: &str = r#"{"basket":1,"store":"tokyo","at":"2026-11-21T10:00:00+09:00","lines":[{"sku":"PEN","qty":3},{"sku":"TEA","qty":1},{"sku":"MEAT","qty_milli":255}]}
{"basket":2,"at":"2026-11-21T10:05:00+09:00","lines":[{"sku":"OPEN","qty":1}]}
"#;

    /// A shop with the fewest files that tills can sell from.
    fn yen_shop(folder: &Path) -> Shop {
        for (name, text) in [
            ("settings.json", SETTINGS),
            ("locations.csv", "location,kind,name\nstore,warehouse,Store\ntokyo,shop,Tokyo\n"),
            ("taxes.csv", "class,from,rate_percent\nten,2019-10-01,10\neight,2019-10-01,8\n"),
            ("products.csv", PRODUCTS),
            ("staff.csv", "staff,name,role,pin\nyuki,Yuki,manager,2580\n"),
            ("baskets.ndjson", BASKETS),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        Shop::read(folder).unwrap()
    }

    #[test]
    fn a_shop_in_yen_with_tax_on_top_is_read_from_the_fewest_files() {
        let folder = tempfile::tempdir().unwrap();
        let shop = yen_shop(folder.path());
        assert_eq!(
            shop.cashiers,
            std::slice::from_ref(&shop.manager),
            "whoever is there sells and approves"
        );
        let plans = shop.deal(2, folder.path()).unwrap();
        let [first, second] = plans.as_slice() else { panic!("two tills were asked for") };
        assert_eq!((first.location.as_str(), second.location.as_str()), ("tokyo", "tokyo"));
        // 99.5 × 3 = 299 at 10 %; 138 + 12800 × 0.255 = 3402 at 8 %.
        let total = |basket: &Basket, day| shop.prices.total_minor(basket, 1, day);
        assert_eq!(total(&first.baskets[0], "2026-11-21"), Some(299 + 30 + 3_402 + 272));
        assert_eq!(total(&first.baskets[0], "2019-09-30"), None, "no rate had begun");
        assert_eq!(
            total(&second.baskets[0], "2026-11-21"),
            None,
            "its price is entered at the till"
        );
    }

    #[test]
    fn only_what_has_a_price_of_the_book_is_sold_once_more() {
        let folder = tempfile::tempdir().unwrap();
        let shop = yen_shop(folder.path());
        let price = |sku| shop.prices.unit_minor(sku, 1);
        assert_eq!(
            [price("PEN"), price("FREE"), price("OLD"), price("OPEN")],
            [Some(100), Some(0), None, None]
        );
        assert_eq!(shop.plenty("tokyo", 1).as_deref(), Some("PEN"), "a piece, and not for free");
    }

    #[test]
    fn nothing_dearer_than_its_maximum_retail_price_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        yen_shop(folder.path());
        let products = "sku,name,tax_class,price,mrp\nOVER,Over,ten,100,109\nAT,At,ten,100,110\n";
        fs::write(folder.path().join("products.csv"), products).unwrap();
        let shop = Shop::read(folder.path()).unwrap();
        assert_eq!(shop.prices.unit_minor("OVER", 1), None);
        assert_eq!(shop.prices.unit_minor("AT", 1), Some(100));
    }
}
