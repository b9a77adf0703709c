//! Counts: what was found is what there is, however little the counter had heard.

use crate::reconcile::shop;
use crate::support::{START_MS, TestStore};
use crate::till::TestTill;
use daybook_store::quarantine::{self, Place};
use daybook_store::reconcile::{Scope, reconcile, table};
use serde_json::json;
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

fn on_hand(store: &TestStore, sku: &'static str) -> i64 {
    let sql = "SELECT on_hand_milli FROM stock_level WHERE sku = $1";
    store.gate().read(|tx| tx.query_one(sql, daybook_store::args![*sku])).unwrap().int(0).unwrap()
}

/// Counts `found` where `expected` was shown, at an hour of the day.
fn count(till: &mut TestTill, sku: &str, found: i64, expected: i64, hour: i64) {
    let stocktake = Uuid::from_u128(
        till.till.as_u128() ^ (0xC0_0000 + u128::try_from(till.entries.len()).unwrap()),
    );
    let at_ms = START_MS + hour * HOUR_MS;
    let body = json!({
        "stocktake": stocktake, "part": 1, "parts": 1, "location": "shop",
        "lines": [{"sku": sku, "counted_milli": found, "expected_milli": expected, "at_ms": at_ms}]
    });
    till.write_seen("stock.counted", &body, at_ms);
}

fn assert_explained(store: &TestStore) {
    let scope = Scope { all: true, ..Scope::default() };
    let report = store.gate().read(|tx| reconcile(tx, &scope)).unwrap();
    assert!(report.summary.holds(), "{}", table(&report));
}

/// The till states what it shows.
fn state(till: &mut TestTill, sku: &str) {
    let (row_feed, level) = till.row(&format!("stock/shop/{sku}")).unwrap();
    let (head, shown) = (till.head(), till.shown(sku, None));
    let body = json!({
        "statement": Uuid::from_u128(till.till.as_u128() ^ (0xA0_0000 + u128::try_from(till.entries.len()).unwrap())),
        "part": 1, "parts": 1, "location": "shop", "epoch": 1, "feed": row_feed,
        "head": {"incarnation": till.journal.incarnation, "seq": head.seq, "hash": head.hash.to_string()},
        "lines": [{"sku": sku, "level_milli": level["on_hand_milli"], "row_feed": row_feed, "shown_milli": shown}],
    });
    till.write("till.statement", &body);
}

on_both! {
    fn two_counts_of_one_till_that_was_offline_adjust_once(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        count(&mut till, "CUP", 9000, 10_000, 1);
        till.sell("CUP", 1000, "T1-1");
        count(&mut till, "CUP", 8000, 9000, 2);
        count(&mut till, "TEA", 9000, 10_000, 1);
        count(&mut till, "TEA", 9000, 10_000, 2);
        till.exchange(&store);
        assert_eq!((on_hand(&store, "CUP"), on_hand(&store, "TEA")), (8000, 9000));
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(till.shown("CUP", None), 8000);
        count(&mut till, "CUP", 7000, 8000, 3);
        till.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 7000, "what it had received stands in its expectation");
        assert_explained(&store);
    }

    fn counts_of_two_tills_that_did_not_hear_of_each_other_adjust_once(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        one.exchange(&store);
        two.exchange(&store);
        // A sale that neither counter has heard of, taken off by the first count once.
        let mut seller = TestTill::enrolled(&store, 3);
        seller.sell("CUP", 2000, "T3-1");
        seller.exchange(&store);
        count(&mut one, "CUP", 7000, 10_000, 1);
        count(&mut two, "CUP", 6000, 10_000, 2);
        one.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 7000);
        two.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 6000, "the later count tells what there is");
        let mut late = TestTill::enrolled(&store, 4);
        count(&mut late, "CUP", 1000, 10_000, 1);
        late.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 6000, "an earlier one that comes later adds nothing");
        assert_explained(&store);
    }

    fn what_a_person_left_without_effect_leaves_the_till_s_view_too(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let mut body = crate::till::sale(Uuid::from_u128(1), "CUP", 2000, "T1-1", till.till);
        body["document"]["totals"]["total_minor"] = json!(1);
        let seq = till.write("sale.completed", &body);
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!((till.shown("CUP", None), on_hand(&store, "CUP")), (8000, 10_000));
        state(&mut till, "CUP");
        till.exchange(&store);
        assert_explained(&store);
        let place = Place { till: till.code.clone(), incarnation: 1, seq };
        store.gate().write(move |tx| quarantine::resolve(tx, &place, "kavya", "printed twice")).unwrap();
        assert_explained(&store);
        // Counted before it heard: eight are there, and the ten of the store were wrong.
        count(&mut till, "CUP", 8000, 8000, 1);
        till.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 8000);
        till.exchange(&store);
        assert_eq!(till.shown("CUP", None), 8000, "nothing stays on top for ever");
        state(&mut till, "CUP");
        count(&mut till, "CUP", 7000, 8000, 2);
        till.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 7000);
        assert_explained(&store);
    }

    fn a_count_of_a_copy_takes_its_own_branch_out_of_what_it_expected(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let mut copy = till.clone();
        till.sell("CUP", 1000, "T1-1");
        till.exchange(&store);
        copy.sell("CUP", 2000, "T1-2");
        copy.exchange(&store);
        copy.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 9000);
        let branch = copy.head();
        // The copy goes on in an incarnation of its own, with its branch in the ledger.
        copy.begin(&store, 7, branch);
        copy.exchange(&store);
        copy.exchange(&store);
        let level = copy.row("stock/shop/CUP").unwrap().1["on_hand_milli"].as_i64().unwrap();
        assert_eq!(level, 9000);
        // Seven are on the shelf: it shows the level less its branch.
        count(&mut copy, "CUP", 7000, 7000, 1);
        copy.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 7000);
        copy.exchange(&store);
        count(&mut copy, "CUP", 7000, 5000, 2);
        copy.exchange(&store);
        assert_eq!(on_hand(&store, "CUP"), 7000, "its counts come to rest");
    }
}
