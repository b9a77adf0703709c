//! The sample shop is a valid shop: what its files say fits together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Row = BTreeMap<String, String>;

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sample-shop").join(name)
}

fn rows(name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path(name)).expect("the file can be read");
    reader.deserialize().map(|row| row.expect("every row fits the columns")).collect()
}

fn column(rows: &[Row], name: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

/// Whole minor units of a decimal with at most two places.
fn minor(text: &str) -> i64 {
    let (major, part) = text.split_once('.').unwrap_or((text, "0"));
    assert!(part.len() <= 2, "{text} has at most two places");
    major.parse::<i64>().expect("a whole number") * 100
        + format!("{part:0<2}").parse::<i64>().expect("two digits")
}

fn check_digit_is_right(code: &str) -> bool {
    let digits = code.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 =
        digits.zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10)
}

#[test]
fn every_gtin_has_its_check_digit_and_every_barcode_leads_to_one_sku() {
    let mut seen = BTreeSet::new();
    for row in rows("products.csv") {
        for code in row["barcodes"].split('|').filter(|code| !code.is_empty()) {
            assert!(seen.insert(code.to_owned()), "{code} leads to two SKUs");
            let gtin =
                matches!(code.len(), 8 | 12 | 13 | 14) && code.bytes().all(|b| b.is_ascii_digit());
            assert!(!gtin || check_digit_is_right(code), "{}: {code}", row["sku"]);
        }
    }
}

#[test]
fn no_price_is_above_the_maximum_retail_price() {
    let products = rows("products.csv");
    let mrp: BTreeMap<_, _> = products.iter().map(|row| (&row["sku"], &row["mrp"])).collect();
    for row in products.iter().cloned().chain(rows("prices.csv")) {
        let (price, limit) = (&row["price"], mrp[&row["sku"]]);
        assert!(price.is_empty() || limit.is_empty() || minor(price) <= minor(limit), "{row:?}");
    }
}

#[test]
fn products_and_stock_name_what_exists() {
    let products = rows("products.csv");
    let (skus, classes) = (column(&products, "sku"), column(&rows("taxes.csv"), "class"));
    let locations = column(&rows("locations.csv"), "location");
    assert_eq!(skus.len(), products.len(), "a SKU stands once");
    assert!(
        products.iter().all(|row| classes.contains(&row["tax_class"])),
        "every class has rates"
    );
    for row in rows("stock.csv") {
        assert!(skus.contains(&row["sku"]) && locations.contains(&row["location"]), "{row:?}");
        assert!(row["allotted"] == "0" || row["policy"] == "ring_fenced", "{row:?}");
    }
}

#[test]
fn all_three_policies_are_in_play() {
    let policies = column(&rows("stock.csv"), "policy");
    assert_eq!(Vec::from_iter(policies), ["pooled_soft", "pooled_strict", "ring_fenced"]);
}

#[test]
fn one_of_a_kind_goods_exist_once_and_are_sold_at_most_once_on_the_day() {
    let stock = rows("stock.csv");
    let unique: BTreeSet<_> = stock
        .iter()
        .filter(|row| row["on_hand"] == "1" && row["policy"] == "pooled_strict")
        .map(|row| (row["sku"].clone(), row["location"].clone()))
        .collect();
    assert!(unique.len() >= 5, "the shop has things that exist once");
    let mut sold = BTreeSet::new();
    for (_, store, sku) in basket_lines() {
        if unique.iter().any(|(one, _)| *one == sku) {
            assert!(unique.contains(&(sku.clone(), store)), "{sku} is sold where it is");
            assert!(sold.insert(sku.clone()), "{sku} is sold twice");
        }
    }
}

/// Number, store and SKU of every line of the day.
fn basket_lines() -> Vec<(u64, String, String)> {
    let file = std::fs::read_to_string(path("baskets.ndjson")).expect("the file can be read");
    let mut lines = Vec::new();
    for text in file.lines() {
        let basket: serde_json::Value = serde_json::from_str(text).expect("a line is JSON");
        let number = basket["basket"].as_u64().expect("a number");
        let store = basket["store"].as_str().expect("a location").to_owned();
        for line in basket["lines"].as_array().expect("lines") {
            lines.push((number, store.clone(), line["sku"].as_str().expect("a SKU").to_owned()));
        }
    }
    lines
}

#[test]
fn the_day_sells_only_what_the_shop_has_a_price_for() {
    let priced: BTreeSet<_> = rows("products.csv")
        .into_iter()
        .filter(|row| !row["price"].is_empty() && row["archived"] == "false")
        .map(|row| row["sku"].clone())
        .collect();
    let lines = basket_lines();
    let baskets: BTreeSet<_> = lines.iter().map(|(number, ..)| number).collect();
    assert_eq!(baskets.len(), 500);
    for (number, _, sku) in &lines {
        assert!(priced.contains(sku), "basket {number}: {sku}");
    }
}
