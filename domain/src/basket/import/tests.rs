use super::*;
use crate::basket::Rules;
use crate::document::{DocumentKind, LineFlag};
use crate::fixtures::{issued, item, rules};
use crate::rounding::CashRounding;
use crate::tender::{Settled, settle};
use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

fn refused(json: &str) -> String {
    parse(json).unwrap_err().to_string()
}

#[test]
fn unknown_fields_are_refused_by_name() {
    assert!(refused(r#"{"basket":1,"lines":[{"sku":1,"qty":1}],"hat":1}"#).contains("`hat`"));
    assert!(refused(r#"{"basket":1,"lines":[{"sku":1,"qty":1,"qyt":1}]}"#).contains("`qyt`"));
    let tender = r#"{"basket":1,"lines":[{"sku":1,"qty":1}],"tenders":[{"type":"cash","x":1}]}"#;
    assert!(refused(tender).contains("`x`"));
    assert!(
        refused(r#"{"basket":1,"lines":[{"sku":1,"qty":1}],"tenders":[{"type":"gold"}]}"#)
            .contains("gold")
    );
}

#[test]
fn each_bad_field_is_named_with_its_line() {
    let line =
        |line: &str| refused(&format!(r#"{{"basket":1,"lines":[{{"sku":1,"qty":1}},{line}]}}"#));
    for (json, expected) in [
        (r#"{"sku":"a b","qty":1}"#, "sku may not contain ' '"),
        (r#"{"sku":"","qty":1}"#, "sku must have 1 to 64 characters"),
        (r#"{"qty":1}"#, "sku is missing"),
        (r#"{"sku":null,"qty":1}"#, "sku: invalid type: null, expected a whole number or text"),
        (
            r#"{"sku":1,"qty":1.5}"#,
            "qty: invalid type: floating point `1.5`, expected a whole number",
        ),
        (r#"{"sku":1}"#, "qty is missing"),
        (r#"{"sku":1,"qty":1,"qty_milli":1}"#, "qty_milli cannot stand beside qty"),
        (r#"{"sku":1,"qty":1,"list":5}"#, "sales is missing"),
        (r#"{"sku":1,"qty":1,"retail_disc":5}"#, "list is missing"),
        (r#"{"sku":1,"qty":1,"list":-5,"sales":-5}"#, "list may not be negative"),
        (
            r#"{"sku":1,"qty":1,"list":5,"sales":4}"#,
            "list must be sales + retail_disc + coupon_match",
        ),
    ] {
        assert_eq!(line(json), format!("basket.lines[1].{expected}"));
    }
    assert_eq!(
        line(r#"[1,1,null,null,null,0,0,0]"#),
        "basket.lines[1]: invalid type: sequence, expected an object"
    );
    assert_eq!(refused("[1]"), "basket: invalid type: sequence, expected an object");
    assert_eq!(refused(r#"{"basket":1,"lines":[]}"#), "basket.lines may not be empty");
    assert_eq!(
        refused(r#"{"basket":1,"li"#),
        "basket is not JSON: EOF while parsing a string at byte 15"
    );
    assert_eq!(refused(r#"{"basket":1} x"#), "basket.lines is missing");
    assert_eq!(
        refused(r#"{"basket":1,"lines":[{"sku":1,"qty":1}]} x"#),
        "basket is not JSON: trailing characters at byte 42"
    );
    assert!(refused("").starts_with("basket is not JSON"));
    assert!(refused(&" ".repeat(RECORD_BYTES_MAX + 1)).starts_with("basket has more than"));
}

#[test]
fn keys_and_moments_have_their_limits() {
    let with = |field: &str| {
        let text = format!(r#"{{{field},"lines":[{{"sku":1,"qty":1}}]}}"#);
        parse(&text).map_err(|error| error.to_string())
    };
    let keys = "must have 1 to 100 characters, none of control";
    for key in [String::new(), "x".repeat(101), "a\\u0007".to_owned()] {
        assert_eq!(
            with(&format!(r#""basket":"{key}""#)).unwrap_err(),
            format!("basket.basket {keys}")
        );
        assert_eq!(
            with(&format!(r#""basket":1,"store":"{key}""#)).unwrap_err(),
            format!("basket.store {keys}")
        );
    }
    assert!(with(&format!(r#""basket":"{}","store":"é""#, "ü".repeat(100))).is_ok());
    let at = |at: &str| with(&format!(r#""basket":1,"at":"{at}""#));
    for (moment, good) in [
        ("1999-12-31T23:59:59Z", false),
        ("2000-01-01T00:00:00Z", true),
        ("2099-12-31T23:59:59Z", true),
        ("2100-01-01T00:00:00Z", false),
    ] {
        assert_eq!(at(moment).is_ok(), good, "{moment}");
    }
    assert_eq!(at("noon").unwrap_err(), "basket.at must be a moment such as 2017-01-01T12:26:30Z");
}

#[test]
fn what_is_paid_elsewhere_is_taken_only_in_a_record_of_what_has_happened() {
    for tender in ["cod", "online"] {
        let with = |line: &str| {
            let tender = format!(r#"{{"type":"coupon","amount_minor":1}},{{"type":"{tender}"}}"#);
            parse(&format!(r#"{{"basket":1,"lines":[{line}],"tenders":[{tender}]}}"#))
        };
        assert_eq!(
            with(r#"{"sku":1,"qty":1}"#).unwrap_err().to_string(),
            "basket.tenders[1].type is no tender that is taken at a till"
        );
        assert!(with(r#"{"sku":1,"qty":1,"list":5,"sales":5}"#).is_ok());
    }
}

#[test]
fn a_record_knows_its_document_by_goods_and_given_amounts() {
    let sold = |lines: &str| {
        let record = parse(&format!(r#"{{"basket":1,"lines":[{lines}]}}"#)).unwrap();
        let find = |line: &RecordLine| Some(item(line.sku.as_str(), 100, 0));
        let figures = record.to_basket(find).unwrap().checkout(&rules("none", true)).unwrap();
        let settled = Settled { totals: figures.totals, tenders: Vec::new() };
        let document = issued(1, DocumentKind::Receipt, figures, settled);
        (record, document)
    };
    let (tea, document) = sold(r#"{"sku":"TEA","qty":2},{"sku":"MILK","qty":1}"#);
    assert!(tea.is_of(&document));
    assert!(
        sold(r#"{"sku":"MILK","qty":1},{"sku":"TEA","qty":1},{"sku":"TEA","qty":1}"#)
            .0
            .is_of(&document)
    );
    for other in [
        r#"{"sku":"TEA","qty":2}"#,
        r#"{"sku":"TEA","qty":2},{"sku":"MILK","qty":2}"#,
        r#"{"sku":"TEA","qty":2},{"sku":"MILK","qty":1},{"sku":"SALT","qty":1}"#,
        r#"{"sku":"TEA","qty":2,"list":200,"sales":200},{"sku":"MILK","qty":1}"#,
    ] {
        assert!(!sold(other).0.is_of(&document), "{other}");
    }
    let (given, document) =
        sold(r#"{"sku":"TEA","qty":2,"list":200,"sales":190,"retail_disc":10}"#);
    assert!(given.is_of(&document));
    for other in [
        r#"{"sku":"TEA","qty":2,"list":200,"sales":200}"#,
        r#"{"sku":"TEA","qty":2,"list":210,"sales":200,"retail_disc":10}"#,
        r#"{"sku":"TEA","qty":2}"#,
    ] {
        assert!(!sold(other).0.is_of(&document), "{other}");
    }
}

#[test]
fn a_line_without_amounts_is_priced_from_the_catalogue() {
    let record = parse(
        r#"{"basket":"b-1","lines":[{"sku":"TEA","qty":2},{"sku":"CHEESE","qty_milli":250}],
            "tenders":[{"type":"card","amount_minor":10000,"reference":"T1"},{"type":"cash","given_minor":50000}]}"#,
    )
    .unwrap();
    let mut cheese = item("CHEESE", 40_000, 5);
    cheese.uom = Uom::Kg;
    cheese.sold_by_weight = true;
    let find = |line: &RecordLine| {
        [item("TEA", 12_000, 5), cheese.clone()].into_iter().find(|item| item.sku == line.sku)
    };
    let figures = record.to_basket(find).unwrap().checkout(&rules("IN", true)).unwrap();
    assert_eq!(figures.totals.total_minor, Minor(34_000));
    let offers = record.offers(figures.totals.total_minor).unwrap();
    let settled = settle(&figures.totals, &offers, CashRounding::EXACT).unwrap();
    assert_eq!(settled.tenders[1].change_minor, Some(Minor(26_000)));
    assert_eq!(settled.tenders[0].reference.as_deref(), Some("T1"));
    let unknown = record.to_basket(|_| None).unwrap_err();
    assert_eq!(unknown.code(), "import.unknown_sku");
    let absurd = parse(r#"{"basket":1,"lines":[{"sku":"TEA","qty":-1}]}"#).unwrap();
    assert_eq!(absurd.to_basket(find).unwrap_err().code(), "basket.quantity");
}

#[test]
fn fuel_counts_in_thousandths_and_oddities_are_flagged() {
    let record = parse(
        r#"{"basket":1,"lines":[{"sku":"FUEL","qty":8725,"list":2006,"sales":2006},
            {"sku":"GONE","qty":2,"list":10,"sales":10},
            {"sku":"TEA","qty":0,"list":75,"sales":0,"retail_disc":75}]}"#,
    )
    .unwrap();
    let basket = record
        .to_basket(|line| match line.sku.as_str() {
            "FUEL" => Some(Snapshot { uom: Uom::Gallon, ..item("FUEL", 1, 0) }),
            "TEA" => Some(item("TEA", 100, 0)),
            _ => None,
        })
        .unwrap();
    let lines = basket.checkout(&rules("none", true)).unwrap().lines;
    assert_eq!(lines[0].quantity_milli, Quantity(8725));
    assert_eq!(lines[1].quantity_milli, Quantity(2000));
    assert_eq!(lines[1].flags, [LineFlag::OpenItem, LineFlag::PriceGiven]);
    assert_eq!(lines[2].flags, [LineFlag::PriceGiven, LineFlag::ZeroQuantity]);
}

#[test]
fn a_basket_may_name_the_till_it_is_for() {
    let record = parse(r#"{"basket":1,"till":"JN1","lines":[{"sku":1,"qty":1}]}"#).unwrap();
    assert_eq!(record.till.as_deref(), Some("JN1"));
}

/// The folder of the recorded baskets, beside the repository or where the variable says.
fn data() -> Option<PathBuf> {
    let named = std::env::var_os("DAYBOOK_DATA").map(PathBuf::from);
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let beside = top.map(|folder| folder.join("shared/data"));
    named.into_iter().chain(beside).find(|folder| folder.join("summary.json").is_file())
}

fn lines_of(path: &Path) -> impl Iterator<Item = String> + use<> {
    let file = std::fs::File::open(path).unwrap();
    BufReader::new(GzDecoder::new(file)).lines().map(Result::unwrap)
}

/// Units of the known SKUs: the first field is the SKU, and only fuel has a kind of that name.
fn known(folder: &Path) -> BTreeMap<String, Uom> {
    let rows = lines_of(&folder.join("products.csv.gz"));
    rows.skip(1)
        .map(|row| {
            let uom = if row.contains(",fuel,") { Uom::Gallon } else { Uom::Each };
            (row.split(',').next().unwrap_or_default().to_owned(), uom)
        })
        .collect()
}

#[derive(Debug, Default)]
struct Sums {
    figures: BTreeMap<&'static str, i64>,
    stores: BTreeSet<String>,
}

impl Sums {
    fn add(&mut self, what: &'static str, value: i64) {
        *self.figures.entry(what).or_default() += value;
    }

    fn record(&mut self, record: &Record, known: &BTreeMap<String, Uom>, rules: &Rules) {
        let basket = record
            .to_basket(|line| {
                let uom = *known.get(line.sku.as_str())?;
                Some(Snapshot { uom, ..item(line.sku.as_str(), 1, 0) })
            })
            .unwrap();
        let figures = basket.checkout(rules).unwrap();
        let offers = record.offers(figures.totals.total_minor).unwrap();
        let settled = settle(&figures.totals, &offers, CashRounding::EXACT).unwrap();
        self.add("baskets", 1);
        self.add("list_cents", figures.totals.gross_minor.0);
        self.add("sales_cents", figures.totals.total_minor.0);
        for tender in &settled.tenders {
            let name = match tender.tender_type {
                TenderType::Coupon => "coupon_cents",
                _ => "cash",
            };
            self.add(name, tender.amount_minor.0);
            self.add("baskets_paid_below_zero", i64::from(tender.amount_minor.0 < 0));
        }
        for (line, raw) in figures.lines.iter().zip(&record.lines) {
            self.add("lines", 1);
            self.add("discounts", line.discount_minor.0);
            self.add(
                "zero_quantity_lines",
                i64::from(line.flags.contains(&LineFlag::ZeroQuantity)),
            );
            self.add("unknown_sku_lines", i64::from(line.flags.contains(&LineFlag::OpenItem)));
            self.add("zero_sales_lines", i64::from(line.net_minor.0 == 0));
            self.add("fuel_lines", i64::from(line.uom == Uom::Gallon));
            self.add("coupon_over_sales_lines", i64::from(raw.coupon > line.net_minor));
        }
        self.stores.extend(record.store.clone());
    }
}

#[test]
fn recorded_baskets_come_to_their_known_sums_to_the_cent() {
    let Some(folder) = data() else {
        eprintln!("skipped: no recorded baskets; DAYBOOK_DATA names their folder");
        return;
    };
    let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let expected = &summary["baskets-public.ndjson.gz"];
    let known = known(&folder);
    let mut sums = Sums::default();
    for line in lines_of(&folder.join("baskets-public.ndjson.gz")) {
        sums.record(&parse(&line).unwrap(), &known, &rules("none", true));
    }
    for name in [
        "baskets",
        "lines",
        "list_cents",
        "sales_cents",
        "coupon_cents",
        "zero_quantity_lines",
        "zero_sales_lines",
        "fuel_lines",
        "coupon_over_sales_lines",
        "baskets_paid_below_zero",
        "unknown_sku_lines",
    ] {
        assert_eq!(Some(sums.figures[name]), expected[name].as_i64(), "{name}");
    }
    let figure = |name| sums.figures[name];
    assert_eq!(figure("cash"), figure("sales_cents") - figure("coupon_cents"));
    assert_eq!(figure("list_cents"), figure("sales_cents") + figure("discounts"));
    let stores: Vec<String> = sums.stores.iter().cloned().collect();
    assert_eq!(stores, ["343", "367", "381", "406"]);
}

#[test]
fn every_basket_of_the_sample_shop_reads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sample-shop/baskets.ndjson");
    let text = std::fs::read_to_string(path).unwrap();
    for (no, line) in (1..).zip(text.lines()) {
        assert!(parse(line).is_ok(), "line {no}: {:?}", parse(line));
    }
}
