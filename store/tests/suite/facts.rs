//! What an entry may say: what goes into quarantine, under which code, and which field its detail names.

use crate::support::TestStore;
use crate::till::{TestTill, sale, stock_shop};
use daybook_store::quarantine::{self, Waiting};
use serde_json::{Value, json};
use uuid::Uuid;

fn waiting(store: &TestStore) -> Vec<Waiting> {
    store.gate().read(quarantine::open).unwrap()
}

fn on_hand(store: &TestStore, sku: &'static str) -> i64 {
    let sql = "SELECT on_hand_milli FROM stock_level WHERE sku = $1";
    store.gate().read(|tx| tx.query_one(sql, daybook_store::args![*sku])).unwrap().int(0).unwrap()
}

/// Writes it, sends it, and expects it in quarantine under this code, with this field in the detail.
fn expect(store: &TestStore, till: &mut TestTill, kind: &str, body: &Value, told: (&str, &str)) {
    let seq = till.write(kind, body);
    till.exchange(store);
    let waiting = waiting(store);
    let found =
        waiting.iter().find(|found| found.place.seq == seq && found.place.till == till.code);
    let found = found.unwrap_or_else(|| panic!("{kind} {body} was applied"));
    assert_eq!(found.code, told.0, "{}", found.detail);
    assert!(found.detail.contains(told.1), "{} lacks {}", found.detail, told.1);
    for word in ["struct", "constraint", "UNIQUE", "database", "violates"] {
        assert!(!found.detail.contains(word), "{}", found.detail);
    }
}

fn opened(shift: u128) -> Value {
    json!({"shift": Uuid::from_u128(shift), "day": "2026-11-22", "fiscal_year": "26-27", "opening_float_minor": 0})
}

fn closed(shift: u128, z_no: i64) -> Value {
    let cash =
        json!({"tender_type": "cash", "sales_minor": 0, "refunds_minor": 0, "expected_minor": 0});
    let perpetual = json!({"sales_minor": 0, "returns_minor": 0, "net_minor": 0, "documents": 0});
    json!({
        "z_no": z_no, "closed_at_ms": 2, "blind": false, "perpetual": perpetual,
        "head": {"incarnation": 1, "seq": 1, "hash": "00"},
        "totals": {
            "shift": Uuid::from_u128(shift), "opened_at_ms": 1, "opening_float_minor": 0, "sales_minor": 0,
            "returns_minor": 0, "discounts_minor": 0, "rounding_minor": 0, "paid_in_minor": 0, "paid_out_minor": 0,
            "loaned_minor": 0, "dropped_minor": 0, "tenders": [cash], "taxes": [], "numbers": [],
            "counts": {"sales": 0, "refunds": 0, "voids": 0, "aborted": 0, "no_sales": 0, "reprints": 0,
                "discounts": 0, "price_overrides": 0},
        },
    })
}

fn counted(stocktake: u128, part: u32, parts: u32, sku: &str) -> Value {
    json!({
        "stocktake": Uuid::from_u128(stocktake), "part": part, "parts": parts, "location": "shop",
        "lines": [{"sku": sku, "counted_milli": 9000, "expected_milli": 10000, "at_ms": 1}]
    })
}

fn statement(id: u128, part: u32, parts: u32) -> Value {
    json!({
        "statement": Uuid::from_u128(id), "part": part, "parts": parts, "location": "shop", "epoch": 1, "feed": 0,
        "head": {"incarnation": 1, "seq": 0, "hash": "00"}, "lines": []
    })
}

on_both! {
    fn an_object_is_never_taken_from_a_list(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        body["movements"] = json!([["TEA", "shop", -1000, "sale", null, false]]);
        expect(&store, &mut till, "sale.completed", &body, ("entry.body", "body.movements[0]: "));
        till.write_raw(br#"[1,"0192a000-0000-7000-8000-000000000001","drawer.opened"]"#, None);
        let list = br#"{"v":1,"id":"0192a000-0000-7000-8000-000000000001","kind":"drawer.opened","at_ms":1,"offset_min":0,"mono_ms":1,"boot":"0192a000-0000-7000-8000-0000000000b0","day":"2026-11-22","feed":0,"app":"x","body":["why"]}"#;
        till.write_raw(list, None);
        till.exchange(&store);
        let codes: Vec<String> = waiting(&store).into_iter().map(|found| found.code).collect();
        assert_eq!(codes, ["entry.body", "entry.not_json", "entry.body"]);
        assert_eq!(on_hand(&store, "TEA"), 10_000);
    }

    fn what_a_field_lacks_is_told_by_its_place(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        body["document"]["lines"][0]["quantity_milli"] = json!("1");
        let told = ("entry.body", "body.document.lines[0].quantity_milli: ");
        expect(&store, &mut till, "sale.completed", &body, told);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        body["movements"][0].as_object_mut().unwrap().remove("sku");
        expect(&store, &mut till, "sale.completed", &body, ("entry.body", "body.movements[0].sku: "));
        let envelope = r#"{"v":0,"id":"0192a000-0000-7000-8000-000000000001","kind":"drawer.opened","at_ms":1,"offset_min":0,"mono_ms":1,"boot":"0192a000-0000-7000-8000-0000000000b0","day":"2026-11-22","feed":0,"app":"x","body":{"reason":"y"}}"#;
        till.write_raw(envelope.as_bytes(), None);
        till.exchange(&store);
        assert_eq!(waiting(&store).last().unwrap().code, "entry.unknown_format");
    }

    fn what_happened_once_is_told_by_its_field_the_second_time(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut till, mut other) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        till.write("shift.opened", &opened(7));
        till.write("sale.completed", &sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till));
        till.write("stock.counted", &counted(8, 1, 2, "RICE"));
        till.write("till.statement", &statement(9, 1, 2));
        till.exchange(&store);
        assert_eq!(waiting(&store), []);
        expect(&store, &mut till, "shift.opened", &opened(7), ("shift.opened_twice", "body.shift: "));
        expect(&store, &mut other, "shift.closed", &closed(7, 1), ("shift.other_till", "body.totals.shift: "));
        till.write("shift.closed", &closed(7, 1));
        till.exchange(&store);
        expect(&store, &mut till, "shift.closed", &closed(7, 2), ("shift.closed_twice", "body.totals.shift: "));
        let again = sale(Uuid::from_u128(1), "TEA", 1000, "T1-2", till.till);
        expect(&store, &mut till, "sale.completed", &again, ("document.id_twice", "body.document.id: "));
        expect(&store, &mut till, "stock.counted", &counted(8, 1, 2, "RICE"), ("count.part_twice", "body.part: "));
        expect(&store, &mut other, "stock.counted", &counted(8, 2, 2, "RICE"), ("count.stocktake", "body.stocktake: "));
        expect(&store, &mut till, "till.statement", &statement(9, 1, 2), ("statement.part_twice", "body.part: "));
        let closes = store.gate().read(|tx| tx.query_one("SELECT z_no FROM shift", &[])).unwrap();
        assert_eq!(closes.int(0).unwrap(), 1);
        // The same in one push, where only the tables know.
        let both = Uuid::from_u128(2);
        till.write("sale.completed", &sale(both, "TEA", 1000, "T1-3", till.till));
        let seq = till.write("sale.completed", &sale(both, "TEA", 1000, "T1-4", till.till));
        till.exchange(&store);
        let again = waiting(&store).into_iter().find(|found| found.place.seq == seq);
        assert_eq!(again.unwrap().code, "document.id_twice");
        assert_eq!(on_hand(&store, "TEA"), 8000);
    }

    fn a_shift_whose_opening_waited_is_opened_when_that_is_applied(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.write("shift.closed", &closed(7, 1));
        till.exchange(&store);
        till.write("shift.opened", &opened(7));
        till.exchange(&store);
        assert_eq!(waiting(&store), []);
        let row = store.gate().read(|tx| tx.query_one("SELECT opened_seq, closed_seq, fiscal_year FROM shift", &[]));
        let row = row.unwrap();
        assert_eq!((row.int(0).unwrap(), row.int(1).unwrap(), row.text(2).unwrap()), (2, 1, "26-27"));
    }

    fn parts_lines_and_tenders_must_fit_each_other(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        for (part, parts) in [(0, 1), (2, 1), (1, 0)] {
            let body = counted(8, part, parts, "RICE");
            expect(&store, &mut till, "stock.counted", &body, ("count.part", "body.part: "));
            expect(&store, &mut till, "till.statement", &statement(9, part, parts), ("statement.part", "body.part: "));
        }
        expect(&store, &mut till, "stock.counted", &counted(8, 1, 1, "NONE"), ("count.unknown_sku", "body.lines[0].sku: "));
        let mut below = counted(8, 1, 1, "RICE");
        below["lines"][0]["counted_milli"] = json!(-1);
        expect(&store, &mut till, "stock.counted", &below, ("count.negative", "body.lines[0].counted_milli: "));
        let mut twice = closed(7, 1);
        let tender = twice["totals"]["tenders"][0].clone();
        twice["totals"]["tenders"].as_array_mut().unwrap().push(tender);
        let told = ("shift.tender_twice", "body.totals.tenders[1].tender_type: ");
        expect(&store, &mut till, "shift.closed", &twice, told);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        let line = body["document"]["lines"][0].clone();
        body["document"]["lines"].as_array_mut().unwrap().push(line);
        expect(&store, &mut till, "sale.completed", &body, ("document.line_no", "body.document.lines[1].no: "));
    }

    fn a_document_has_at_most_four_hundred_lines(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        let line = body["document"]["lines"][0].clone();
        let lines = (1..=401).map(|no| {
            let mut line = line.clone();
            line["no"] = json!(no);
            line
        });
        body["document"]["lines"] = lines.collect();
        let told = ("document.too_many_lines", "body.document.lines: ");
        expect(&store, &mut till, "sale.completed", &body, told);
    }

    fn only_the_store_books_counts_orders_and_first_stock(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        for reason in ["count", "order", "order_return", "opening"] {
            let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
            body["movements"][0]["reason"] = json!(reason);
            for kind in ["sale.completed", "refund.completed"] {
                expect(&store, &mut till, kind, &body, ("movement.reason", "body.movements[0].reason: "));
            }
            let moved = json!({"movements": [{"sku": "TEA", "location": "shop", "quantity_milli": 1000, "reason": reason}]});
            expect(&store, &mut till, "stock.received", &moved, ("movement.reason", "body.movements[0].reason: "));
        }
        assert_eq!(on_hand(&store, "TEA"), 10_000);
    }

    fn training_moves_no_stock(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1-1", till.till);
        body["document"]["training"] = json!(true);
        expect(&store, &mut till, "sale.completed", &body, ("movement.training", "body.movements: "));
        body["movements"] = json!([]);
        till.write("sale.completed", &body);
        till.exchange(&store);
        assert_eq!((waiting(&store).len(), on_hand(&store, "TEA")), (1, 10_000));
    }

    fn a_document_is_of_this_shop_and_of_its_till(store) {
        store.gate().write(|tx| {
            stock_shop(tx)?;
            let tenant = tx.tenant();
            tx.execute(
                "INSERT INTO setting (tenant_id, name, value) VALUES ($1, 'settings', '{\"currency\":\"INR\"}')",
                daybook_store::args![tenant],
            )?;
            tx.execute(
                "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, 'depot', 'shop', '{\"name\":\"D\"}')",
                daybook_store::args![tenant],
            )
        }).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        for number in ["", "T1A/26-27/0000001", "t1-1", "T1 1", "T1_1"] {
            let body = sale(Uuid::from_u128(1), "TEA", 1000, number, till.till);
            expect(&store, &mut till, "sale.completed", &body, ("document.number", "body.document.number: "));
        }
        let mut body = sale(Uuid::from_u128(1), "TEA", 1000, "T1A/26-27/000001", till.till);
        body["document"]["currency"] = json!("USD");
        expect(&store, &mut till, "sale.completed", &body, ("document.currency", "body.document.currency: "));
        body["document"]["currency"] = json!("INR");
        body["movements"][0]["location"] = json!("depot");
        expect(&store, &mut till, "sale.completed", &body, ("movement.other_location", "body.movements: "));
        // What it sold before it was moved is honest.
        let code = till.code.clone();
        store.gate().write(move |tx| daybook_store::tills::relocate(tx, &code, &"depot".parse().unwrap(), "office")).unwrap();
        till.sell("TEA", 1000, "T1A/26-27/000001");
        till.exchange(&store);
        assert_eq!(on_hand(&store, "TEA"), 9000);
    }

    fn a_level_stays_within_the_integers_of_the_protocol(store) {
        store.gate().write(|tx| {
            stock_shop(tx)?;
            tx.execute("UPDATE stock_level SET on_hand_milli = 9007199254740991 WHERE sku = 'TEA'", &[])
        }).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let moved = json!({"movements": [{"sku": "TEA", "location": "shop", "quantity_milli": 1, "reason": "receipt"}]});
        let told = ("stock.level_out_of_range", "body.movements: ");
        expect(&store, &mut till, "stock.received", &moved, told);
        let mut found = counted(8, 1, 1, "TEA");
        found["lines"][0]["expected_milli"] = json!(8000);
        expect(&store, &mut till, "stock.counted", &found, ("stock.level_out_of_range", "body.lines[0]: "));
    }
}
