//! What an import refuses, and by which name.

use crate::import::{LOCATIONS, SETTINGS, TAXES, load, sources, whole_shop};
use crate::support::{EngineKind, TestStore, empty};
use crate::till::TestTill;
use daybook_store::args;
use daybook_store::export;
use daybook_store::import::{ImportError, Sources, Summary, current};

const GERMAN: &str = r#"{"business":"Laden","jurisdiction":"EU","currency":"EUR","tax_inclusive":true,
    "cash_rounding_minor":1,"hsn_digits":0,"fiscal_year_start_month":1,"offset_min":60,
    "cashier_discount_max_ppm":100000,"over_short_limit_minor":1000}"#;

fn fresh() -> TestStore {
    empty(EngineKind::Sqlite).unwrap().founded()
}

fn faults(store: &TestStore, files: &[(&str, &str)]) -> Vec<String> {
    match load(store, &sources(files)) {
        Err(ImportError::Faults(faults)) => faults.first.iter().map(ToString::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

fn state_of(store: &TestStore) -> current::Current {
    store.gate().read(|tx| current::load(tx, &store.keyring())).unwrap()
}

fn exported(store: &TestStore) -> Sources {
    let files = export::files(&state_of(store)).unwrap();
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

/// The settings of the test shop with one key changed.
fn with(key: &str, value: &str) -> String {
    let mut settings: serde_json::Value = serde_json::from_str(SETTINGS).unwrap();
    settings[key] = serde_json::from_str(value).unwrap();
    settings.to_string()
}

on_both! {
    fn outside_india_a_tax_number_has_its_own_shape(store) {
        let locations = "location,kind,name,tax_id\nberlin,shop,Laden,DE123456789\n";
        let customers = "name,phone,gstin\nFirma,+49301234567,ATU 99999999\n";
        let files = sources(&[("settings.json", GERMAN), ("locations.csv", locations), ("customers.csv", customers)]);
        load(&store, &files).unwrap();
        let now = state_of(&store);
        let berlin = &now.locations.values().next().unwrap().seller;
        assert_eq!((berlin.tax_id.as_deref(), &berlin.state), (Some("DE123456789"), &None));
        assert_eq!(now.customers.values().next().unwrap().tax_id.as_deref(), Some("ATU 99999999"));
        assert_eq!(load(&store, &files).unwrap(), Summary::new());
        assert_eq!(load(&store, &exported(&store)).unwrap(), Summary::new());
        let long = format!("location,kind,name,gstin\nberlin,shop,Laden,{}\n", "9".repeat(31));
        assert_eq!(faults(&store, &[("locations.csv", &long)]), ["locations.csv:2:gstin: may have 30 characters"]);
    }

    fn the_currency_of_a_shop_in_use_stays(store) {
        load(&store, &whole_shop()).unwrap();
        let dollars = SETTINGS.replace("INR", "USD");
        load(&store, &sources(&[("settings.json", &dollars)])).unwrap();
        load(&store, &sources(&[("settings.json", SETTINGS)])).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("CUP", 1_000, "T1A-1");
        till.exchange(&store);
        let refused = ["settings.json:1:currency: is INR in documents, orders or entries of tills, and stays so"];
        assert_eq!(faults(&store, &[("settings.json", &dollars)]), refused);
        assert_eq!(load(&store, &whole_shop()).unwrap(), Summary::new());
        // Back to the currency of the documents is possible.
        let changed = dollars.clone();
        store.gate().write(move |tx| {
            tx.execute("UPDATE setting SET value = $1 WHERE name = 'settings'", args![*changed])
        }).unwrap();
        load(&store, &sources(&[("settings.json", SETTINGS)])).unwrap();
    }

    fn a_shared_phone_is_told_the_first_time(store) {
        let customers = "name,phone\nMeena,+919900000001\nRavi,+919900000002\nAnu,+919900000001\n";
        let refused = ["customers.csv:4:phone: stands in line 2 too"];
        assert_eq!(faults(&store, &[("customers.csv", customers)]), refused);
        let ids = "customer,name,phone
00000000-0000-0000-0000-000000000001,Meena,+919900000001
00000000-0000-0000-0000-000000000002,Anu,+919900000001
";
        load(&store, &sources(&[("customers.csv", ids)])).unwrap();
        assert_eq!(load(&store, &sources(&[("customers.csv", ids)])).unwrap(), Summary::new());
    }

    fn a_line_goes_on_to_mean_whom_it_made(store) {
        let file = sources(&[("customers.csv", "name,phone\nMeena,+919900000001\n")]);
        load(&store, &file).unwrap();
        let other = "customer,name,phone\nffffffff-ffff-ffff-ffff-ffffffffffff,Anu,+919900000001\n";
        load(&store, &sources(&[("customers.csv", other)])).unwrap();
        assert_eq!(load(&store, &file).unwrap(), Summary::new());
    }

    fn the_state_comes_with_the_gstin(store) {
        let locations = "location,kind,name,gstin\nshop,shop,Shop,29AAZFM4821Q1Z5\n";
        load(&store, &sources(&[("settings.json", SETTINGS), ("locations.csv", locations)])).unwrap();
        let now = state_of(&store);
        let state = now.locations.values().next().unwrap().seller.state.clone().unwrap();
        assert_eq!((state.code.as_str(), state.name.as_str()), ("29", "Karnataka"));
    }
}

#[test]
fn under_gst_every_location_has_a_state() {
    let store = fresh();
    let nowhere = "location,kind,name\nshop,shop,Shop\n";
    assert_eq!(
        faults(&store, &[("settings.json", SETTINGS), ("locations.csv", nowhere)]),
        ["locations.csv:2:state_code: must not be empty without a gstin: GST is split by State"]
    );
    // The settings may come after the places.
    load(&store, &sources(&[("locations.csv", nowhere)])).unwrap();
    assert_eq!(
        faults(&store, &[("settings.json", SETTINGS)]),
        [
            "settings.json:1:jurisdiction: shop has no State of GST, or no GSTIN: state it in locations.csv too"
        ]
    );
    load(&store, &sources(&[("settings.json", SETTINGS), ("locations.csv", LOCATIONS)])).unwrap();
}

#[test]
fn another_minor_unit_wants_the_price_book_again() {
    let store = fresh();
    load(&store, &whole_shop()).unwrap();
    let yen = SETTINGS.replace("INR", "JPY").replace(":100,", ":1,");
    assert_eq!(
        faults(&store, &[("settings.json", &yen)]),
        ["settings.json:1:currency: CUP has an MRP in INR: state it in products.csv too"]
    );
    let products = "sku,name,tax_class,price,mrp\nCUP,Cup,gst-18,999,1200\n";
    load(&store, &sources(&[("settings.json", &yen), ("products.csv", products)])).unwrap();
}

#[test]
fn a_line_has_the_number_that_an_editor_shows() {
    let store = fresh();
    for end in ["\n", "\r\n", "\r"] {
        let text =
            ["", "class,from,rate_percent", "a,2017-07-01,5", "", "", "b,never,5", "c,2017-07-01"];
        let text = text.join(end);
        assert_eq!(
            faults(&store, &[("taxes.csv", &text)]),
            [
                "taxes.csv:6:from: must be a day such as 2026-11-22",
                "taxes.csv:7: 2 fields where the header has 3"
            ],
            "{end:?}"
        );
        let unknown = ["", "klass,from,rate_percent"].join(end);
        assert!(faults(&store, &[("taxes.csv", &unknown)])[0].starts_with("taxes.csv:2:klass"));
    }
}

#[test]
fn a_class_has_one_rate_a_day() {
    let twice = "class,from,rate_percent\na,2017-07-01,5\na,2025-09-22,5\na,2017-07-01,12\n";
    assert_eq!(
        faults(&fresh(), &[("taxes.csv", twice)]),
        ["taxes.csv:4:from: stands in line 2 too"]
    );
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let typo = SETTINGS.replace("\"tax_inclusive\"", "\"label_layout\":[],\n\"tax_inclusive\"");
    assert_eq!(
        faults(&fresh(), &[("settings.json", &typo)]),
        ["settings.json:1:label_layout: no such setting"]
    );
}

#[test]
fn every_fault_of_the_settings_names_its_key() {
    let store = fresh();
    let cases = [
        ("cash_rounding_minor", "\"1\"", "invalid type: string \"1\", expected a whole number"),
        ("tax_inclusive", "1", "invalid type: integer `1`, expected true or false"),
        ("terms", "\"none\"", "invalid type: string \"none\", expected a list"),
        ("label_layouts", "[\"21\"]", "a label layout has 13 characters"),
        ("currency", "\"rupees\"", "currency must be three capital letters"),
        ("currency", "\"ABC\"", "ABC is no currency in use"),
        (
            "jurisdiction",
            "\"DE\"",
            "must be one of none, IN, EU, EU-line, GB, GB-line, US, US-item",
        ),
        ("business", "\"a\\nb\"", "must have 1 to 160 characters, none of control or direction"),
        (
            "business",
            "\"a\\u202eb\"",
            "must have 1 to 160 characters, none of control or direction",
        ),
        ("cash_rounding_minor", "1001", "must be 1 to 1000"),
        ("cash_rounding_minor", "0", "must be 1 to 1000"),
        ("hsn_digits", "9", "must be 0 for none, or up to 8"),
        ("terms", "[\"a\\tb\"]", "may be 20 of 300 characters, none of control or direction"),
        ("upi_vpa", "\"shop\"", "must look like name@bank"),
    ];
    for (key, value, expected) in cases {
        let found = faults(&store, &[("settings.json", &with(key, value))]);
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = format!("settings.json:1:{key}: {expected}");
        assert!(found[0].starts_with(&expected), "{expected} is not {}", found[0]);
    }
    let found = faults(&store, &[("settings.json", "[]")]);
    assert_eq!(found, ["settings.json:1: must be one object: {\"business\": …}"]);
    let found = faults(&store, &[("settings.json", "{\n\"business\": 5}")]);
    assert_eq!(found[0], "settings.json:2:business: invalid type: integer `5`, expected a text");
    assert_eq!(found[1], "settings.json:jurisdiction: must be there");
    assert_eq!(found.len(), 10);
}

#[test]
fn a_mark_of_byte_order_is_no_fault() {
    let store = fresh();
    let marked = |text: &str| format!("\u{feff}{text}");
    let files = [("settings.json", marked(SETTINGS)), ("taxes.csv", marked(TAXES))];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(load(&store, &sources(&files)).unwrap().len(), 2);
}

#[test]
fn what_follows_from_a_refused_line_is_not_told_again() {
    let store = fresh();
    let files = [
        ("settings.json", SETTINGS),
        ("locations.csv", "location,kind,name,state_code\nshop,shed,Shop,29\n"),
        ("taxes.csv", "class,from,rate_percent\nfood,never,5\n"),
        ("products.csv", "sku,name,tax_class,price\nA,Tea,food,x\nB,Salt\nC,Rice,food,1\n"),
        ("prices.csv", "sku,price,from\nA,1,2026-12-01T00:00:00Z\nB,1,2026-12-01T00:00:00Z\n"),
        ("stock.csv", "sku,location,on_hand\nA,shop,1\nB,shop,1\nD,shop,1\n"),
    ];
    assert_eq!(
        faults(&store, &files),
        [
            "locations.csv:2:kind: \"shed\" is none of shop, warehouse",
            "taxes.csv:2:from: must be a day such as 2026-11-22",
            "products.csv:2:price: \"x\" is not a decimal number such as 12.50",
            "products.csv:3: 2 fields where the header has 4",
            "stock.csv:4:sku: D is unknown",
        ]
    );
}

#[test]
fn no_name_shows_other_than_it_is() {
    let store = fresh();
    let turned = "location,kind,name,state_code\nshop,shop,Sh\u{202e}op,29\n";
    assert_eq!(
        faults(&store, &[("locations.csv", turned)]),
        ["locations.csv:2:name: may not contain '\\u{202e}'"]
    );
}

#[test]
fn no_price_that_is_stated_is_above_the_mrp() {
    let store = fresh();
    load(&store, &whole_shop()).unwrap();
    let later = "sku,price,from\nCUP,1020,2027-01-01T00:00:00Z\n";
    assert_eq!(
        faults(&store, &[("prices.csv", later)]),
        ["prices.csv:2:price: 1020.00 with tax is above the MRP of 1200.00"]
    );
    let lower = "sku,name,tax_class,price,mrp\nCUP,Cup,gst-18,900,1100\n";
    assert_eq!(
        faults(&store, &[("products.csv", lower)]),
        ["products.csv:2:price: 1010.00 with tax is above the MRP of 1100.00"]
    );
    let archived = "sku,name,tax_class,price,mrp,archived\nCUP,Cup,gst-18,900,1100,true\n";
    load(&store, &sources(&[("products.csv", archived)])).unwrap();
}
