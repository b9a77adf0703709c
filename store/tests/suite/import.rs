//! Import and export of master data and opening stock.

use crate::support::TestStore;
use crate::till::TestTill;
use daybook_domain::gtin::check_digit;
use daybook_store::args;
use daybook_store::db::DbError;
use daybook_store::export;
use daybook_store::gate::current_head;
use daybook_store::import::{self, ImportError, Sources, current};
use daybook_store::pins;
use serde_json::json;
use uuid::Uuid;

pub(crate) const SETTINGS: &str = r#"{"business":"B","jurisdiction":"IN","currency":"INR","tax_inclusive":false,
    "cash_rounding_minor":100,"hsn_digits":4,"fiscal_year_start_month":4,"offset_min":330,
    "cashier_discount_max_ppm":100000,"over_short_limit_minor":10000}"#;
pub(crate) const LOCATIONS: &str = "location,kind,name,address,gstin,state_code,phone
shop,shop,Shop,1 Road|Bengaluru,29AAZFM4821Q1Z5,29,+918000000101
ware,warehouse,Ware,,29AAZFM4821Q1Z5,29,
";
pub(crate) const TAXES: &str =
    "class,from,rate_percent\ngst-18,2017-07-01,18\nexempt,2017-07-01,0\n";
const PRODUCTS: &str = "sku,name,tax_class,price,barcodes,options,uom,sold_by_weight,mrp
CUP,Cup,gst-18,999.00,8904000210037|cup,Colour=Red|Size=M,each,false,1200.00
TEA,चाय Tea,exempt,,,,kg,true,
";
const PRICES: &str = "sku,price,from\nCUP,1010.00,2026-12-01T00:00:00+05:30\n";
const STAFF: &str = "staff,name,role,pin,active\nasha,Asha,cashier,2580,true\n";
const CUSTOMERS: &str = "customer,name,phone,gstin\n,Meena,+919900000001,\n";
const STOCK: &str =
    "sku,location,on_hand,policy,allotted\nCUP,shop,10,ring_fenced,4\nTEA,ware,2.5,pooled_soft,\n";

pub(crate) fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

pub(crate) fn whole_shop() -> Sources {
    sources(&[
        ("settings.json", SETTINGS),
        ("locations.csv", LOCATIONS),
        ("taxes.csv", TAXES),
        ("products.csv", PRODUCTS),
        ("prices.csv", PRICES),
        ("staff.csv", STAFF),
        ("customers.csv", CUSTOMERS),
        ("stock.csv", STOCK),
    ])
}

pub(crate) fn load(store: &TestStore, sources: &Sources) -> Result<import::Summary, ImportError> {
    import::import(store.gate(), &store.keyring(), sources, &mut |_| {})
}

fn state_of(store: &TestStore) -> current::Current {
    store.gate().read(|tx| current::load(tx, &store.keyring())).unwrap()
}

/// What lies in the tables and the feed of asha's PIN.
fn asha_at_rest(store: &TestStore) -> String {
    let sql = "SELECT s.pin_hash, f.value FROM staff s JOIN feed_row f ON f.key = 'staff/asha' WHERE s.staff_id = 'asha'";
    let row = store.gate().read(|tx| tx.query_one(sql, args![])).unwrap();
    format!("{} {}", row.text(0).unwrap(), row.text(1).unwrap())
}

fn faults(store: &TestStore, files: &[(&str, &str)]) -> Vec<String> {
    match load(store, &sources(files)) {
        Err(ImportError::Faults(faults)) => faults.first.iter().map(ToString::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

on_both! {
    fn the_hash_of_a_pin_lies_sealed_and_reaches_the_till_open(store) {
        load(&store, &whole_shop()).unwrap();
        assert!(!asha_at_rest(&store).contains("argon2"), "{}", asha_at_rest(&store));
        let mut till = TestTill::enrolled(&store, 1);
        let hash = |till: &mut TestTill| {
            till.exchange(&store);
            till.row("staff/asha").unwrap().1["pin_hash"].as_str().unwrap().to_owned()
        };
        let first = hash(&mut till);
        assert!(first.starts_with("$argon2id$"), "{first}");
        assert_eq!(load(&store, &whole_shop()).unwrap().get("staff"), None, "the same PIN is no change");
        // Data of a version that did not seal are sealed at the next start, and the till's hash stays what it was.
        let (plain, keyring) = (first.clone(), store.keyring());
        let sealed = store.gate().write(move |tx| {
            tx.execute("UPDATE staff SET pin_hash = $1", args![*plain])?;
            tx.touch(daybook_store::gate::Dirty::Staff("asha".parse().unwrap()));
            pins::seal_all(tx, &keyring)
        });
        assert_eq!(sealed.unwrap(), 1);
        assert!(!asha_at_rest(&store).contains("argon2"), "{}", asha_at_rest(&store));
        assert_eq!(hash(&mut till), first);
        // Another's hash is no way in.
        store.gate().write(|tx| tx.execute(
            "INSERT INTO staff (tenant_id, staff_id, name, role, pin_hash, active)
             SELECT tenant_id, 'eve', 'Eve', 'admin', pin_hash, 1 FROM staff WHERE staff_id = 'asha'", args![])).unwrap();
        let keyring = store.keyring();
        assert!(store.gate().read(|tx| current::load(tx, &keyring)).is_err());
    }

    fn a_shop_is_imported_whole(store) {
        let summary = load(&store, &whole_shop()).unwrap();
        assert_eq!(summary.get("item"), Some(&2));
        let now = state_of(&store);
        let cup = now.items.values().next().unwrap();
        assert_eq!(cup.barcodes, ["08904000210037", "cup"]);
        assert_eq!(cup.prices.len(), 2);
        assert_eq!(cup.prices[0].unit_price_micros.0, 999_000_000);
        assert!(now.items.values().nth(1).unwrap().prices.is_empty(), "priced at the till");
        let hash = &now.staff.values().next().unwrap().pin_hash;
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert_eq!(now.stock.len(), 2);
        let (feed, movements) = store.gate().read(|tx| Ok::<_, DbError>((
            tx.query("SELECT value FROM feed_row WHERE key = 'stock/shop/CUP'", &[])?,
            tx.query("SELECT quantity_milli, kind FROM stock_movement ORDER BY quantity_milli", &[])?,
        ))).unwrap();
        assert!(feed[0].text(0).unwrap().contains("\"allotted_milli\":4000"), "{}", feed[0].text(0).unwrap());
        assert_eq!(movements.len(), 2);
        assert_eq!((movements[1].int(0).unwrap(), movements[1].text(1).unwrap()), (10_000, "opening"));
    }

    fn the_same_import_again_changes_nothing(store) {
        load(&store, &whole_shop()).unwrap();
        let before = store.gate().read(current_head).unwrap();
        assert!(load(&store, &whole_shop()).unwrap().is_empty());
        assert_eq!(store.gate().read(current_head).unwrap(), before);
    }

    fn the_same_import_after_a_sale_keeps_the_sale(store) {
        load(&store, &whole_shop()).unwrap();
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute("UPDATE stock_level SET on_hand_milli = 7000 WHERE tenant_id = $1 AND sku = 'CUP'", args![tenant])
        }).unwrap();
        assert!(load(&store, &whole_shop()).unwrap().is_empty());
        let corrected = STOCK.replace("CUP,shop,10", "CUP,shop,12");
        let summary = load(&store, &sources(&[("stock.csv", &corrected)])).unwrap();
        assert_eq!(summary.get("stock"), Some(&1));
        let level = store.gate().read(|tx| tx.query_one("SELECT on_hand_milli FROM stock_level WHERE sku = 'CUP'", &[])).unwrap();
        assert_eq!(level.int(0).unwrap(), 12_000);
    }

    fn an_export_can_be_imported_elsewhere_and_here(store) {
        load(&store, &whole_shop()).unwrap();
        let now = state_of(&store);
        let files = export::files(&now).unwrap();
        let again: Sources = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect();
        assert_eq!(load(&store, &again).unwrap(), import::Summary::new());
        let other = crate::support::empty(store.kind).unwrap().founded();
        load(&other, &again).unwrap();
        assert_eq!(export::files(&state_of(&other)).unwrap(), files);
    }

    fn an_export_after_a_rough_day_can_be_imported(store) {
        load(&store, &whole_shop()).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("CUP", 99_000, "T1A-1");
        for (id, sidecar) in [(1, r#"{"name":"","phone":"ask at the desk"}"#), (2, r#"{"name":"Two\nlines","tax_id":"none"}"#)] {
            till.write_with_sidecar("customer.created", &json!({"customer": Uuid::from_u128(id)}), sidecar);
        }
        till.exchange(&store);
        let now = state_of(&store);
        assert!(now.stock.values().any(|level| level.on_hand_milli.0 < 0));
        let files = export::files(&now).unwrap();
        let again: Sources = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect();
        assert_eq!(load(&store, &again).unwrap(), import::Summary::new());
        let other = crate::support::empty(store.kind).unwrap().founded();
        load(&other, &again).unwrap();
        assert_eq!(export::files(&state_of(&other)).unwrap(), files);
    }

    fn one_fault_imports_nothing(store) {
        let before = store.gate().read(current_head).unwrap();
        let mut shop = whole_shop();
        shop.insert("stock.csv".to_owned(), b"sku,location,on_hand\nNOPE,shop,1\n".to_vec());
        let refused = load(&store, &shop).unwrap_err();
        assert!(refused.to_string().contains("stock.csv:2:sku: NOPE is unknown"), "{refused}");
        assert_eq!(store.gate().read(current_head).unwrap(), before);
        let staged = store.gate().read(|tx| tx.query_one("SELECT count(*) FROM import_row", &[])).unwrap();
        assert_eq!(staged.int(0).unwrap(), 0);
    }

    fn a_broken_off_import_is_carried_on(store) {
        // Staged and certain, as after a crash in the middle.
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            let id = tx.new_id();
            let body = r#"{"change":"tax_class","to":{"class":"x","rates":[{"from":"2020-01-01","rate_ppm":1}]}}"#;
            tx.execute("INSERT INTO import_row (tenant_id, import_id, line_no, body) VALUES ($1, $2, 1, $3)", args![tenant, id, *body])?;
            let marker = format!("{{\"import\":\"{id}\",\"rows\":1}}");
            tx.execute("INSERT INTO setting (tenant_id, name, value) VALUES ($1, 'import', $2)", args![tenant, marker])
        }).unwrap();
        import::resume(store.gate(), &mut |_| {}).unwrap();
        let now = state_of(&store);
        assert!(now.taxes.contains_key("x"));
        import::resume(store.gate(), &mut |_| {}).unwrap();
    }

    fn many_items_are_imported_in_small_steps(store) {
        let mut products = "sku,name,tax_class,price,barcodes\n".to_owned();
        for n in 0..1_000_u32 {
            let digits = format!("21{n:010}");
            products += &format!("S{n},Thing {n},exempt,1.50,{digits}{}\n", check_digit(digits.as_bytes()));
        }
        let mut steps = Vec::new();
        let files = sources(&[("taxes.csv", TAXES), ("products.csv", &products)]);
        import::import(store.gate(), &store.keyring(), &files, &mut |step| steps.push(step)).unwrap();
        assert!(steps.len() > 7, "progress is told: {steps:?}");
        assert_eq!(state_of(&store).items.len(), 1_000);
    }
}

#[test]
fn every_fault_names_file_line_and_field() {
    let store = crate::support::empty(crate::support::EngineKind::Sqlite).unwrap().founded();
    let products = "sku,name,tax_class,price,barcodes,mrp,hsn
A,Cup,gst-18,1.00,8904000210038,,
B,Cup,gst-99,1.00,,,
C,Cup,gst-18,-1,,,
D,,gst-18,1,,,
E,Cup,gst-18,1.0000001,,,
A,Cup,gst-18,1,,,
F,Cup,gst-18,1,x1,,
G,Cup,gst-18,1,x1,,
H,Cup,gst-18,1,,1.005,
I,Cup,gst-18,1,,,12
J,Cup,gst-18
K L,Cup,gst-18,1,,,
M,Cup,gst-18,100,,117.99,
N,Cup,gst-18,100,,118,
";
    let found = faults(
        &store,
        &[("settings.json", SETTINGS), ("taxes.csv", TAXES), ("products.csv", products)],
    );
    let starts = [
        "products.csv:2:barcodes: 8904000210038: the GTIN's check digit is wrong: 7 would fit",
        "products.csv:4:price: must be from 0",
        "products.csv:5:name: must not be empty",
        "products.csv:6:price: \"1.0000001\" has more than 6 digits",
        "products.csv:10:mrp: \"1.005\" has more than 2",
        "products.csv:11:hsn: must have 4 to 8 digits",
        "products.csv:12: 3 fields where the header has 7",
        "products.csv:13:sku: sku may not contain ' '",
        "products.csv:3:tax_class: \"gst-99\" is no known tax class",
        "products.csv:9:barcodes: x1 belongs to F",
        "products.csv:14:price: 100.00 with tax is above the MRP of 117.99",
    ];
    for start in starts {
        assert!(found.iter().any(|fault| fault.starts_with(start)), "{start} is not in {found:#?}");
    }
    assert_eq!(found.len(), starts.len(), "{found:#?}");
}

#[test]
fn broken_files_are_refused_by_name() {
    let store = crate::support::empty(crate::support::EngineKind::Sqlite).unwrap().founded();
    let cases: [(&str, &str, &str); 8] = [
        ("stock.csv", "sku,location\nA,b\n", "stock.csv:1:on_hand: the column is missing"),
        ("stock.csv", "sku,location,on_hand,colour\n", "stock.csv:1:colour: no such column"),
        (
            "stock.csv",
            "sku,location,on_hand,sku\n",
            "stock.csv:1:sku: the column stands there twice",
        ),
        (
            "stock.csv",
            "sku,location,on_hand,allotted\nA,b,1,-1\n",
            "stock.csv:2:allotted: must not be below zero",
        ),
        (
            "stock.csv",
            "sku,location,on_hand\nA,b,9999999999\n",
            "stock.csv:2:on_hand: may not exceed",
        ),
        (
            "staff.csv",
            "staff,name,role,pin\na,A,boss,2580\n",
            "staff.csv:2:role: \"boss\" is none of",
        ),
        ("customers.csv", "name,phone\nA,99\n", "customers.csv:2:phone: must be a plus"),
        ("settings.json", "{\"business\":\"\"}", "settings.json:jurisdiction: must be there"),
    ];
    for (file, text, expected) in cases {
        let found = faults(&store, &[(file, text)]);
        assert!(found[0].starts_with(expected), "{expected} is not {}", found[0]);
    }
    let mut bytes = Sources::new();
    bytes.insert("taxes.csv".to_owned(), b"class,from,rate_percent\n\xff,2017-07-01,5\n".to_vec());
    let refused = load(&store, &bytes).unwrap_err().to_string();
    assert!(refused.starts_with("taxes.csv:2: not UTF-8"), "{refused}");
}

#[test]
fn a_secret_never_stands_in_a_message() {
    let store = crate::support::empty(crate::support::EngineKind::Sqlite).unwrap().founded();
    let found = faults(&store, &[("staff.csv", "staff,name,role,pin\na,A,cashier,1111\n")]);
    assert_eq!(found, ["staff.csv:2:pin: pin is too easy to guess"]);
}

#[test]
fn more_faults_than_anyone_reads_are_counted() {
    let store = crate::support::empty(crate::support::EngineKind::Sqlite).unwrap().founded();
    let mut text = "class,from,rate_percent\n".to_owned();
    text.push_str(&"x,never,1\n".repeat(60));
    let Err(ImportError::Faults(faults)) = load(&store, &sources(&[("taxes.csv", &text)])) else {
        panic!()
    };
    assert_eq!((faults.first.len(), faults.count), (50, 60));
    assert!(faults.to_string().ends_with("and 10 more\n60 faults: nothing was imported"));
}
