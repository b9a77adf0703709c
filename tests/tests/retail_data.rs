//! Half a year of a real retailer through the two programs: every basket is sold, and every sum is the file's to the
//! cent.
//!
//! The data may not be shipped, so the test runs where `DAYBOOK_RETAIL_DATA` names a folder with it, as
//! `scripts/import-retail-data` takes it; `make test` looks beside the repository. No basket and no line is left out.
//! What the file says and the books do not keep apart:
//!
//! - `retail_disc` and `coupon_match` of a line: both are the store's, and stand as one discount of the line;
//! - `coupon` of a line: the maker pays, so the basket's coupons stand as one tender of the basket;
//! - `household`: no customer of the shop.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

use daybook_tests::demo::books::Books;
use daybook_tests::demo::office::Office;
use daybook_tests::process::{StoreProcess, TillActor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a set of baskets comes to, as `summary.json` names it; amounts are cents of the whole set.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    baskets: i64,
    lines: i64,
    lines_max: i64,
    list_cents: i64,
    sales_cents: i64,
    discount_cents: i64,
    coupon_cents: i64,
    zero_quantity_lines: i64,
    zero_sales_lines: i64,
    fuel_lines: i64,
    unknown_sku_lines: i64,
    baskets_paid_below_zero: i64,
}

impl Sums {
    /// From `summary.json`, and for the discount of the store's own coupons, which it leaves out, from the baskets.
    fn of_summary(folder: &Path, baskets: &str) -> Self {
        let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let told = &summary["baskets-public.ndjson.gz"];
        let of = |name: &str| told[name].as_i64().unwrap();
        let lines = baskets.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let matched = lines.map(|basket| {
            let lines = basket["lines"].as_array().unwrap();
            lines.iter().filter_map(|line| line["coupon_match"].as_i64()).sum::<i64>()
        });
        Self {
            baskets: of("baskets"),
            lines: of("lines"),
            lines_max: of("lines_max"),
            list_cents: of("list_cents"),
            sales_cents: of("sales_cents"),
            discount_cents: of("retail_disc_cents") + matched.sum::<i64>(),
            coupon_cents: of("coupon_cents"),
            zero_quantity_lines: of("zero_quantity_lines"),
            zero_sales_lines: of("zero_sales_lines"),
            fuel_lines: of("fuel_lines"),
            unknown_sku_lines: of("unknown_sku_lines"),
            baskets_paid_below_zero: of("baskets_paid_below_zero"),
        }
    }

    /// From the signed entries that the store holds.
    fn of_books(books: &Books) -> Self {
        let mut sums = Self::default();
        for entry in books.entries.iter().filter(|entry| entry.kind == "sale.completed") {
            sums.add(&entry.body["document"]);
        }
        sums
    }

    fn add(&mut self, document: &Value) {
        let cents = |of: &Value, name: &str| of[name].as_i64().unwrap_or_default();
        let lines = document["lines"].as_array().unwrap();
        let count = i64::try_from(lines.len()).unwrap();
        self.baskets += 1;
        self.lines += count;
        self.lines_max = self.lines_max.max(count);
        for line in lines {
            let flags = line["flags"].as_array().into_iter().flatten();
            let flagged = |name: &str| i64::from(flags.clone().any(|flag| flag == name));
            self.list_cents += cents(line, "gross_minor");
            self.sales_cents += cents(line, "total_minor");
            self.discount_cents += cents(line, "discount_minor");
            self.zero_quantity_lines += flagged("zero_quantity");
            self.unknown_sku_lines += flagged("open_item");
            self.zero_sales_lines += i64::from(cents(line, "total_minor") == 0);
            self.fuel_lines += i64::from(line["uom"] == "gallon");
        }
        let mut paid = BTreeMap::new();
        for tender in document["tenders"].as_array().into_iter().flatten() {
            let medium = tender["tender_type"].as_str().unwrap();
            *paid.entry(medium).or_insert(0) += cents(tender, "amount_minor");
        }
        self.coupon_cents += paid.get("coupon").copied().unwrap_or_default();
        let cash = paid.get("cash").copied().unwrap_or_default();
        self.baskets_paid_below_zero += i64::from(cash < 0);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Makes the shop of the whole period and answers its stores.
fn shop(data: &Path, out: &Path) -> Vec<String> {
    let summary = std::fs::read_to_string(data.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let told = &summary["baskets-public.ndjson.gz"];
    let day =
        |name: &str| -> chrono::NaiveDate { told[name].as_str().unwrap()[..10].parse().unwrap() };
    let (first, last) = (day("first"), day("last"));
    let days = (last - first).num_days() + 1;
    let status = Command::new(root().join("scripts/import-retail-data"))
        .args([data, out])
        .args(["--from", &first.to_string(), "--days", &days.to_string(), "--products", "sold"])
        .status()
        .unwrap();
    assert!(status.success(), "the data are turned into a shop");
    told["stores"].as_array().unwrap().iter().map(ToString::to_string).collect()
}

/// Enrols a till at a store and sells its baskets there, with a shift a day. Answers what was refused.
fn sell(office: &Office, url: &str, dir: &Path, store: &str) -> Vec<Value> {
    let till = TillActor::new(&dir.join(format!("till-{store}")))
        .with("DAYBOOK_STAFF", "cashier")
        .with("DAYBOOK_PIN", "2580");
    let code = office.code(store).unwrap();
    till.run(&["enrol", "--store", url, "--code", &code]).unwrap();
    till.run(&["sync"]).unwrap();
    let file = dir.join(format!("shop/baskets-{store}.ndjson")).display().to_string();
    let told = till.run(&["sell", "--baskets", &file, "--auto-shift", "--close"]).unwrap();
    for round in ["sync", "sync", "statement", "sync"] {
        till.run(&[round]).unwrap();
    }
    told.into_iter().filter(|line| line["event"] == "refused").collect()
}

#[test]
fn the_baskets_of_a_real_retailer_are_sold_and_sum_to_the_cent() {
    let Some(data) = std::env::var_os("DAYBOOK_RETAIL_DATA").filter(|path| !path.is_empty()) else {
        eprintln!("left out: DAYBOOK_RETAIL_DATA names no folder with a retailer's data");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shop");
    let stores = shop(&PathBuf::from(&data), &folder);
    let office = Office::new(&dir.path().join("store"));
    office.import(&folder).unwrap();
    let server = StoreProcess::start(&dir.path().join("store"), "127.0.0.1:0", &[]).unwrap();
    for store in &stores {
        let refused = sell(&office, &server.url(), dir.path(), store);
        assert!(refused.is_empty(), "store {store}: {refused:?}");
    }
    let books = Books::read(&office.database()).unwrap();
    assert_eq!((books.quarantined, books.forks), (0, 0));
    assert!(books.broken_chains.is_empty(), "{:?}", books.broken_chains);
    let baskets = std::fs::read_to_string(folder.join("baskets.ndjson")).unwrap();
    let expected = Sums::of_summary(Path::new(&data), &baskets);
    assert_eq!(Sums::of_books(&books), expected);
    let documents: i64 = books.documents.iter().map(|document| document.total_minor).sum();
    assert_eq!(documents, expected.sales_cents, "the table of documents says the same");
    let paid: i64 = books.tenders.values().sum();
    assert_eq!(paid, expected.sales_cents, "the tenders settle what was sold");
    office.reconcile(&dir.path().join("reconciliation.json")).expect("nothing is unexplained");
}
