//! The reconciliation report: every unit and coin explained, and an alarm where none is.

use crate::import::{LOCATIONS, SETTINGS, TAXES, load, sources};
use crate::support::{START_MS, TestStore};
use crate::till::{TestTill, sale};
use daybook_store::orders::{self, By, Charge, NewOrder};
use daybook_store::quarantine;
use daybook_store::reconcile::{ClaimKind, Report, Scope, reconcile, table};
use daybook_sync::message::{Outcome, Request, RequestBody};
use serde_json::{Value, json};
use uuid::Uuid;

const PRODUCTS: &str = "sku,name,tax_class,price\nCUP,Cup,gst-18,999.00\nTEA,Tea,gst-18,100.00\n";
const STOCK: &str =
    "sku,location,on_hand,policy\nCUP,shop,10,pooled_soft\nTEA,shop,10,pooled_soft\n";

pub(crate) fn shop(store: &TestStore) {
    shop_with(store, STOCK);
}

fn shop_with(store: &TestStore, stock: &str) {
    let files = [
        ("settings.json", SETTINGS),
        ("locations.csv", LOCATIONS),
        ("taxes.csv", TAXES),
        ("products.csv", PRODUCTS),
        ("stock.csv", stock),
    ];
    load(store, &sources(&files)).unwrap();
}

fn report(store: &TestStore) -> Report {
    store.gate().read(|tx| reconcile(tx, &Scope { all: true, ..Scope::default() })).unwrap()
}

/// The till states what it shows: the level it received, less what it sold since.
fn state(till: &mut TestTill, sku: &str, sold_since: i64, shift: Option<&Value>) {
    let (row_feed, level) = till.row(&format!("stock/shop/{sku}")).unwrap();
    let level = level["on_hand_milli"].as_i64().unwrap();
    let head = till.head();
    let mut body = json!({
        "statement": Uuid::from_u128(till.till.as_u128() ^ (77 + u128::try_from(head.seq).unwrap())), "part": 1, "parts": 1,
        "location": "shop", "epoch": 1, "feed": row_feed,
        "head": {"incarnation": 1, "seq": head.seq, "hash": head.hash.to_string()},
        "lines": [{"sku": sku, "level_milli": level, "row_feed": row_feed, "shown_milli": level - sold_since}],
    });
    if let Some(shift) = shift {
        body["shift"] = shift.clone();
    }
    till.write("till.statement", &body);
}

fn buy_on_the_web(store: &TestStore, id: u128, sku: &str) {
    let new: NewOrder = serde_json::from_value(json!({
        "id": Uuid::from_u128(id), "location": "shop", "lines": [{"sku": sku, "quantity_milli": 1000}]
    })).unwrap();
    let charge = Charge {
        id: Uuid::from_u128(id + 1000),
        gateway: "test".into(),
        amount_minor: None,
        reference: None,
        outcome: Ok(()),
    };
    store
        .gate()
        .write(move |tx| {
            orders::place(tx, &new, &By::store("test"))?;
            orders::pay(tx, new.id, &charge, &By::store("test"))
        })
        .unwrap();
}

fn causes(report: &Report, sku: &str, till: &str) -> Vec<(String, i64)> {
    let line = report.stock.iter().find(|line| line.sku == sku).unwrap();
    let view = line.tills.iter().find(|view| view.till == till).unwrap();
    let name = |cause| serde_json::to_value(cause).unwrap().as_str().unwrap().to_owned();
    view.explanation.causes.iter().map(|found| (name(found.cause), found.amount)).collect()
}

/// An entry that belongs to a shift.
fn in_shift(till: &mut TestTill, kind: &str, body: &Value, shift: Uuid) {
    let id = Uuid::from_u128(
        till.till.as_u128() ^ (0xE0_0000 + u128::try_from(till.entries.len()).unwrap()),
    );
    let envelope = json!({
        "v": 1, "id": id, "kind": kind, "at_ms": START_MS, "offset_min": 330, "mono_ms": 1, "boot": Uuid::nil(),
        "day": "2026-11-22", "staff": "asha", "shift": shift, "feed": 0, "app": "test", "body": body,
    });
    till.write_raw(&serde_json::to_vec(&envelope).unwrap(), None);
}

fn totals(shift: Uuid, sales: i64, expected: i64, counted: Option<i64>) -> Value {
    let mut cash = json!({
        "tender_type": "cash", "sales_minor": sales, "refunds_minor": 0, "expected_minor": expected
    });
    if let Some(counted) = counted {
        cash["counted_minor"] = json!(counted);
        cash["over_short_minor"] = json!(counted - expected);
    }
    json!({
        "shift": shift, "opened_at_ms": START_MS, "opening_float_minor": 50_000, "sales_minor": sales, "returns_minor": 0,
        "discounts_minor": 0, "rounding_minor": 0, "paid_in_minor": 0, "paid_out_minor": 0, "loaned_minor": 0,
        "dropped_minor": 0, "tenders": [cash], "taxes": [], "numbers": [],
        "counts": {"sales": 1, "refunds": 0, "voids": 0, "aborted": 0, "no_sales": 0, "reprints": 0, "discounts": 0,
            "price_overrides": 0},
    })
}

on_both! {
    fn every_difference_has_a_name_and_its_entries(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        one.sell("CUP", 2000, "T1-1");
        one.exchange(&store);
        one.exchange(&store);
        assert_eq!(one.row("stock/shop/CUP").unwrap().1["on_hand_milli"], 8000);
        two.exchange(&store);
        two.sell("CUP", 1000, "T2-1");
        state(&mut two, "CUP", 1000, None);
        two.exchange(&store);
        buy_on_the_web(&store, 1, "CUP");
        state(&mut one, "CUP", 0, None);
        one.sell("CUP", 1000, "T1-2");
        one.send(&store);
        let report = report(&store);
        assert!(report.summary.holds(), "{}", table(&report));
        let line = report.stock.iter().find(|line| line.sku == "CUP").unwrap();
        assert_eq!(line.level.on_hand_milli, 5000);
        let expected = [("other_till", -1000), ("web_order", -1000), ("after_statement", -1000)];
        assert_eq!(causes(&report, "CUP", &one.code), expected.map(|(name, amount)| (name.to_owned(), amount)));
        assert_eq!(causes(&report, "CUP", &two.code), [("other_till".to_owned(), -1000), ("web_order".to_owned(), -1000)]);
        assert!(table(&report).contains("unexplained: 0 units, 0 coins"));
    }

    fn what_a_till_cannot_have_seen_is_an_alarm(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        state(&mut till, "CUP", -1000, None);
        till.exchange(&store);
        let report = report(&store);
        assert!(!report.summary.holds());
        assert_eq!(report.summary.unexplained_milli, 1000);
        assert!(table(&report).contains("UNEXPLAINED"));
    }

    fn a_quarantined_sale_explains_what_only_the_till_counts(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let mut body = sale(Uuid::from_u128(5), "CUP", 1000, "T1-1", till.till);
        body["document"]["totals"]["total_minor"] = json!(1);
        till.write("sale.completed", &body);
        state(&mut till, "CUP", 1000, None);
        till.exchange(&store);
        let report = report(&store);
        assert!(report.summary.holds(), "{}", table(&report));
        assert_eq!(causes(&report, "CUP", &till.code), [("quarantined".to_owned(), 1000)]);
    }

    fn who_holds_a_right_to_goods_is_named_and_so_is_what_has_not_arrived(store) {
        shop_with(&store, &STOCK.replace("pooled_soft", "pooled_strict"));
        let mut till = TestTill::enrolled(&store, 1);
        let body = RequestBody::LeaseAcquire { sku: "CUP".into(), location: "shop".into(), quantity_milli: 3000 };
        till.requests.push(Request::new(Uuid::from_u128(9), &body));
        let Outcome::Granted { fence, .. } = till.exchange(&store).answers[0].outcome else { panic!("no lease") };
        till.sell_at("CUP", 1000, "T1-1", START_MS, Some(fence));
        let mut body = sale(Uuid::from_u128(0xB), "CUP", 4000, "T1-2", till.till);
        body["movements"][0]["beyond_rights"] = json!(true);
        let beyond = till.write("sale.completed", &body);
        till.exchange(&store);
        let new: NewOrder = serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "location": "shop", "lines": [{"sku": "CUP", "quantity_milli": 2000}]
        })).unwrap();
        let order = store.gate().write(move |tx| orders::place(tx, &new, &By::store("test"))).unwrap();
        let first = till.sell("TEA", 1000, "T1-3");
        let last = till.sell("TEA", 1000, "T1-4");
        till.poll(&store);

        let report = report(&store);
        assert!(report.summary.holds(), "{}", table(&report));
        let line = report.stock.iter().find(|line| line.sku == "CUP").unwrap();
        let claims: Vec<_> =
            line.claims.iter().map(|it| (it.kind, it.reference.clone(), it.quantity_milli)).collect();
        let journal = format!("{}/1", till.till);
        assert_eq!(claims, [
            (ClaimKind::Reservation, order.number, 2000),
            (ClaimKind::Lease, format!("{} fence {fence}", till.code), 2000),
            (ClaimKind::BeyondRights, format!("{journal}/{beyond}"), 4000),
        ]);
        assert_eq!((report.tills[0].unsent, &report.tills[0].unsent_entries[..]),
            (2, &[format!("{journal}/{first}…{last}")][..]));
        let said = table(&report);
        for part in ["reservation 2: ", "lease 2: ", "beyond_rights 4: ", "unsent: "] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
        // A count ends the doubt about what was sold beyond the rights.
        till.write_at("stock.counted", &json!({
            "stocktake": Uuid::from_u128(0xC), "location": "shop", "part": 1, "parts": 1,
            "lines": [{"sku": "CUP", "counted_milli": 5000, "expected_milli": 5000, "at_ms": START_MS + 1000}],
        }), START_MS + 1000);
        till.exchange(&store);
        let counted = crate::reconcile::report(&store);
        let line = counted.stock.iter().find(|line| line.sku == "CUP").unwrap();
        assert!(line.claims.iter().all(|it| it.kind != ClaimKind::BeyondRights), "{}", table(&counted));
    }

    fn absurd_figures_end_no_report(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        till.write("stock.received", &json!({"movements": [
            {"sku": "TEA", "location": "shop", "quantity_milli": 9_000_000_000_000_000_i64, "reason": "receipt"},
        ]}));
        let shift = Uuid::from_u128(5);
        in_shift(&mut till, "shift.opened", &json!({
            "shift": shift, "day": "2026-11-22", "fiscal_year": "26-27", "opening_float_minor": 10_000,
        }), shift);
        let tender = |amount: i64| json!({"tender_type": "cash", "amount_minor": amount});
        for n in 0..3_u128 {
            let mut forged = sale(Uuid::from_u128(70 + n), "TEA", 1000, &format!("T1A-{n}"), till.till);
            let huge = 1000 * (i64::MAX / 3000);
            forged["document"]["tenders"] = json!([tender(huge), tender(10_000 - huge)]);
            forged["document"]["tenders"][1]["tender_type"] = json!("card");
            in_shift(&mut till, "sale.completed", &forged, shift);
        }
        state(&mut till, "TEA", 0, None);
        let mut absurd: Value = serde_json::from_slice(&till.entries.last().unwrap().bytes).unwrap();
        absurd["body"]["statement"] = json!(Uuid::from_u128(99));
        absurd["body"]["lines"][0]["shown_milli"] = json!(i64::MIN);
        till.write("till.statement", &absurd["body"]);
        till.exchange(&store);
        let report = report(&store);
        let waiting = store.gate().read(quarantine::open).unwrap();
        assert_eq!(waiting.len(), 5, "{waiting:?}");
        let line = report.stock.iter().find(|line| line.sku == "TEA").unwrap();
        assert_eq!(line.tills.len(), 1, "the last statement that can be counted stands");
        assert!(report.money.iter().all(|line| line.store_minor == 10_000));
    }

    fn money_of_a_shift_is_compared_by_tender(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        let shift = Uuid::from_u128(0x5417);
        let opened = json!({"shift": shift, "day": "2026-11-22", "fiscal_year": "26-27", "opening_float_minor": 50_000});
        in_shift(&mut till, "shift.opened", &opened, shift);
        let body = sale(Uuid::from_u128(6), "TEA", 2000, "T1-1", till.till);
        in_shift(&mut till, "sale.completed", &body, shift);
        till.exchange(&store);
        let running = report(&store);
        assert_eq!(running.summary.money_unstated, 1, "{}", table(&running));

        let head = till.head();
        let z = json!({
            "z_no": 1, "totals": totals(shift, 20_000, 70_000, Some(69_500)), "closed_at_ms": START_MS, "blind": true,
            "over_short_reason": "miscounted", "perpetual": {"sales_minor": 20_000, "returns_minor": 0, "net_minor": 20_000,
            "documents": 1}, "head": {"incarnation": 1, "seq": head.seq, "hash": head.hash.to_string()},
        });
        in_shift(&mut till, "shift.closed", &z, shift);
        till.exchange(&store);
        let closed = report(&store);
        assert!(closed.summary.holds(), "{}", table(&closed));
        let cash = &closed.money[0];
        assert_eq!((cash.tender, cash.store_minor, cash.over_short_minor), ("cash", 70_000, Some(-500)));
        assert_eq!(cash.z_no, Some(1));
    }

    fn a_second_z_that_waits_changes_nothing(store) {
        shop(&store);
        let (mut till, mut other) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        let shift = Uuid::from_u128(5);
        let opened = json!({"shift": shift, "day": "2026-11-22", "fiscal_year": "26-27", "opening_float_minor": 50_000});
        in_shift(&mut till, "shift.opened", &opened, shift);
        let sold = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        in_shift(&mut till, "sale.completed", &sold, shift);
        till.exchange(&store);
        let z = |z_no: i64, expected: i64| json!({
            "z_no": z_no, "totals": totals(shift, 10_000, expected, Some(expected)), "closed_at_ms": 2, "blind": false,
            "perpetual": {"sales_minor": 0, "returns_minor": 0, "net_minor": 0, "documents": 0},
            "head": {"incarnation": 1, "seq": 1, "hash": "00"},
        });
        in_shift(&mut other, "shift.closed", &z(1, 1), shift);
        other.exchange(&store);
        let before = report(&store);
        assert!(before.summary.holds(), "{}", table(&before));
        in_shift(&mut till, "shift.closed", &z(1, 60_000), shift);
        till.exchange(&store);
        in_shift(&mut till, "shift.closed", &z(2, 7), shift);
        till.exchange(&store);
        let report = report(&store);
        assert!(report.summary.holds(), "{}", table(&report));
        let [line] = report.money.as_slice() else { panic!("{}", table(&report)) };
        assert_eq!((line.till.as_str(), line.z_no, line.counted_minor), (till.code.as_str(), Some(1), Some(60_000)));
        assert_eq!(report.tills.iter().map(|till| till.quarantined).sum::<i64>(), 2);
    }

    fn what_the_store_cannot_read_explains_what_its_till_counts(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        let shift = Uuid::from_u128(5);
        let opened = json!({"shift": shift, "day": "2026-11-22", "fiscal_year": "26-27", "opening_float_minor": 50_000});
        in_shift(&mut till, "shift.opened", &opened, shift);
        till.exchange(&store);
        till.exchange(&store);
        let mut sold = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        sold["document"]["lines"][0]["flags"] = json!(["from_the_future"]);
        in_shift(&mut till, "sale.completed", &sold, shift);
        in_shift(&mut till, "sale.rented", &json!({"movements": [
            {"sku": "TEA", "location": "shop", "quantity_milli": -2000, "reason": "rent"}
        ]}), shift);
        let open = totals(shift, 10_000, 60_000, None);
        state(&mut till, "TEA", 3000, Some(&open));
        till.exchange(&store);
        let explained = report(&store);
        assert!(explained.summary.holds(), "{}", table(&explained));
        assert_eq!(causes(&explained, "TEA", &till.code), [("quarantined".to_owned(), 3000)]);
        assert_eq!(explained.money[0].explanation.as_ref().unwrap().causes.len(), 1);
        // What nobody can read is named, and explains nothing by itself.
        till.exchange(&store);
        in_shift(&mut till, "sale.given", &json!({"what": "tea"}), shift);
        state(&mut till, "TEA", 4000, Some(&open));
        till.exchange(&store);
        let left = report(&store);
        assert!(!left.summary.holds());
        let view = &left.stock.iter().find(|line| line.sku == "TEA").unwrap().tills[0];
        assert_eq!(view.explanation.unexplained, 1000);
        assert_eq!(view.unread.len(), 1, "{:?}", view.unread);
        assert!(table(&left).contains("may come from what could not be read"));
    }

    fn money_without_a_shift_has_a_line_of_its_own(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1-1");
        till.write("cash.paid_out", &json!({"amount_minor": 300, "reason": "milk"}));
        till.exchange(&store);
        let report = report(&store);
        let [line] = report.money.as_slice() else { panic!("{}", table(&report)) };
        assert_eq!((line.shift.as_str(), line.tender, line.store_minor), ("no shift", "cash", 9700));
        assert!(report.summary.holds() && report.summary.money_unstated == 0);
    }
}
