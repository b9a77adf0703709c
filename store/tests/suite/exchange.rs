//! What the store makes of a push, on both engines.

use crate::till::{TestTill, enrol_now, new_code, sale, stock_shop};
use daybook_store::args;
use daybook_store::db::DbError;
use daybook_store::enrol::next_incarnation;
use daybook_store::exceptions;
use daybook_store::exchange;
use daybook_store::quarantine;
use daybook_store::tills::{TillState, set_state};
use daybook_sync::frame::{Acknowledgement, Head};
use daybook_sync::hash::PublicKey;
use daybook_sync::message::{
    EntriesRequest, IncarnationAnswer, IncarnationRequest, NewIncarnation, Outcome, PullAnswer,
    PushVerdict, RecoverReason, Request, RequestBody,
};
use daybook_sync::refusal::Refusal;
use serde_json::json;
use uuid::Uuid;

fn on_hand(store: &crate::support::TestStore, sku: &'static str) -> i64 {
    let row = store
        .gate()
        .read(|tx| tx.query_one("SELECT on_hand_milli FROM stock_level WHERE sku = $1", args![sku]))
        .unwrap();
    row.int(0).unwrap()
}

fn count(store: &crate::support::TestStore, table: &'static str) -> i64 {
    let row = store
        .gate()
        .read(|tx| tx.query_one(&format!("SELECT count(*) FROM {table}"), &[]))
        .unwrap();
    row.int(0).unwrap()
}

fn kinds(store: &crate::support::TestStore) -> Vec<String> {
    let found = store.gate().read(|tx| exceptions::list(tx, false)).unwrap();
    found.into_iter().map(|one| one.kind).collect()
}

/// Wishes for a new incarnation.
fn incarnation(
    store: &crate::support::TestStore,
    till: &TestTill,
    id: u128,
    key: Option<PublicKey>,
) -> Result<IncarnationAnswer, Refusal> {
    let request = IncarnationRequest {
        protocol: 1,
        id: Uuid::from_u128(id),
        till: till.till,
        reason: NewIncarnation::Restored,
        install: Uuid::from_u128(3),
        public_key: key.unwrap_or_else(|| till.signer.public_key()),
        previous: None,
    };
    store.gate().write(move |tx| next_incarnation(tx, &request, &format!("s{id}"))).unwrap()
}

on_both! {
    fn a_sale_counts_once_however_often_it_is_sent(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 2000, "T1A-1");
        till.sell("TEA", 1000, "T1A-2");
        for _ in 0..3 {
            let lost = till.send(&store);
            assert_eq!(lost.push.verdict, PushVerdict::Accepted);
            assert_eq!(lost.push.received_through, 2);
        }
        let answer = till.exchange(&store);
        assert_eq!(answer.push.received(), till.head());
        assert_eq!(on_hand(&store, "TEA"), 7000);
        assert_eq!(count(&store, "journal_entry"), 2);
        assert_eq!(count(&store, "document"), 2);
        assert_eq!(count(&store, "stock_movement"), 2);
        assert_eq!(count(&store, "quarantine"), 0);
        let ack = Acknowledgement {
            tenant: Uuid::from_u128(0x7e57), journal: till.journal, head: till.head(), epoch: 1, at_ms: answer.push.ack_at_ms,
        };
        assert!(ack.is_signed_by(&crate::till::store_signer().public_key(), &answer.push.ack_sig));
    }

    fn other_tills_learn_the_level_and_the_own_ack_comes_first(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut first, mut second) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        assert_ne!(first.code, second.code);
        first.sell("TEA", 2000, "T1A-1");
        first.exchange(&store);
        second.exchange(&store);
        let (level_feed, level) = second.row("stock/shop/TEA").unwrap();
        assert_eq!(level["on_hand_milli"], 8000);
        let (ack_feed, ack) = first.row(&format!("ack/{}/1/1", first.till)).unwrap();
        assert_eq!((ack["from"].as_i64(), ack["through"].as_i64()), (Some(1), Some(1)));
        assert!(ack_feed < level_feed);
        assert!(second.rows.iter().all(|(_, key, _)| !key.starts_with("ack/")), "acks are their till's own");
    }

    fn what_cannot_be_applied_waits_and_the_rest_goes_on(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.write_raw(b"\xff\x00 not an entry", None);
        till.sell("UNKNOWN", 1000, "T1A-2");
        till.write("drone.landed", &json!({}));
        let mut wrong = sale(Uuid::from_u128(77), "TEA", 1000, "T1A-3", till.till);
        wrong["document"]["totals"]["payable_minor"] = json!(1);
        till.write("sale.completed", &wrong);
        till.sell("TEA", 1000, "T1A-4");
        let answer = till.exchange(&store);
        assert_eq!(answer.push.verdict, PushVerdict::Accepted);
        assert_eq!(answer.push.received_through, 6);
        assert_eq!(on_hand(&store, "TEA"), 8000);
        let codes: Vec<(i64, String)> = store.gate().read(quarantine::open).unwrap().into_iter()
            .map(|one| (one.place.seq, one.code)).collect();
        let seqs: Vec<i64> = codes.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(seqs, [2, 3, 4, 5]);
        assert_eq!(codes[0].1, "entry.not_json");
        assert_eq!(codes[1].1, "movement.unknown_sku");
        assert_eq!(codes[2].1, "entry.unknown_kind");
        assert_eq!(count(&store, "journal_entry"), 6);
        let (_, ack) = till.row(&format!("ack/{}/1/3", till.till)).unwrap();
        assert_eq!(ack["quarantined"], json!([3]));
    }

    fn a_text_that_one_engine_cannot_hold_keeps_no_till_from_delivering(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let fork = till.entries.clone();
        till.write("kind\0of", &json!({}));
        till.write("drawer.opened", &json!({"reason": "a\0b"}));
        till.write_with_sidecar("customer.created", &json!({"customer": Uuid::from_u128(5)}), "{\"name\":\"a\0b\"}");
        till.write_with_sidecar("customer.created", &json!({"customer": Uuid::from_u128(6)}), r#"{"name":"a\u0000b"}"#);
        till.write("drawer.opened", &json!({"reason": "a\\u0000b"}));
        till.sell("TEA", 1000, "T1A-1");
        let wish = RequestBody::OrderCancel {
            order: Uuid::nil(), reason: "a\0b".to_owned(), staff: "asha".to_owned(), approver: None,
        };
        till.requests.push(Request::new(Uuid::from_u128(9), &wish));
        let answer = till.exchange(&store);
        assert_eq!((answer.push.verdict, answer.push.received_through), (PushVerdict::Accepted, 6));
        assert_eq!(answer.answers[0].outcome, Outcome::refused("request.unknown"));
        let waiting: Vec<(i64, String)> = store.gate().read(quarantine::open).unwrap().into_iter()
            .map(|one| (one.place.seq, one.code)).collect();
        let expected = [(1, "entry.nul"), (2, "entry.nul"), (3, "entry.sidecar"), (4, "entry.sidecar")];
        assert_eq!(waiting, expected.map(|(seq, code)| (seq, code.to_owned())));
        assert_eq!(on_hand(&store, "TEA"), 9000);
        let texts = store.gate().read(|tx| tx.query_one(
            "SELECT e.kind, s.text FROM journal_entry e JOIN journal_sidecar s ON s.seq = 3 WHERE e.seq = 1", &[])).unwrap();
        assert_eq!((texts.text(0).unwrap(), texts.text(1).unwrap()), ("kind\u{FFFD}of", "{\"name\":\"a\u{FFFD}b\"}"));
        // Beside the trunk too.
        till.entries = fork;
        till.acked = 0;
        till.write_with_sidecar("drawer.opened", &json!({"reason": "x"}), "a\0b");
        assert!(matches!(till.exchange(&store).push.verdict, PushVerdict::Fork { at: 1, .. }));
    }

    fn figures_that_no_shop_has_wait_for_a_person(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let moved = |milli: i64| json!({"movements": [{"sku": "TEA", "location": "shop", "quantity_milli": milli, "reason": "receipt"}]});
        till.write("stock.received", &moved(i64::MIN));
        till.write("stock.received", &moved(1_000_000_000_001));
        till.write("stock.received", &moved(1_000_000_000_000));
        till.write("cash.paid_in", &json!({"amount_minor": 1_000_000_000_001_i64, "reason": "x"}));
        let line = json!({"sku": "TEA", "counted_milli": 0, "expected_milli": -1_000_000_000_001_i64, "at_ms": 0});
        till.write("stock.counted", &json!({"stocktake": Uuid::from_u128(1), "part": 1, "parts": 1, "location": "shop", "lines": [line]}));
        let mut forged = sale(Uuid::from_u128(77), "TEA", 1000, "T1A-1", till.till);
        let tender = |amount: i64| json!({"tender_type": "cash", "amount_minor": amount});
        forged["document"]["tenders"] = json!([tender(9_000_000_000_000_000), tender(10_000 - 9_000_000_000_000_000)]);
        till.write("sale.completed", &forged);
        let answer = till.exchange(&store);
        assert_eq!((answer.push.verdict, answer.push.received_through), (PushVerdict::Accepted, 6));
        let waiting: Vec<(i64, String)> = store.gate().read(quarantine::open).unwrap().into_iter()
            .map(|one| (one.place.seq, one.code)).collect();
        let expected = [
            (1, "entry.out_of_range"), (2, "movement.too_large"), (4, "cash.too_large"), (5, "count.too_large"),
            (6, "amount.out_of_range"),
        ];
        assert_eq!(waiting, expected.map(|(seq, code)| (seq, code.to_owned())));
        assert_eq!(on_hand(&store, "TEA"), 1_000_000_010_000);
    }

    fn a_quarantined_entry_is_applied_when_its_reason_is_gone(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("NEW", 1000, "T1A-1");
        till.exchange(&store);
        let place: quarantine::Place = format!("{}/1/1", till.code).parse().unwrap();
        let again = place.clone();
        let tried = store.gate().write(move |tx| quarantine::retry(tx, &again, "office")).unwrap();
        assert_eq!(tried.code, Some("movement.unknown_sku"));
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute(
                "INSERT INTO item (tenant_id, sku, product, name, uom, tax_class) VALUES ($1, 'NEW', 'NEW', 'New', 'each', 'gst-18')",
                args![tenant],
            )
        }).unwrap();
        let again = place.clone();
        let tried = store.gate().write(move |tx| quarantine::retry(tx, &again, "office")).unwrap();
        assert_eq!(tried.code, None, "{}", tried.detail);
        assert_eq!(on_hand(&store, "NEW"), -1000);
        till.exchange(&store);
        let (_, ack) = till.row(&format!("ack/{}/1/1", till.till)).unwrap();
        assert!(ack.get("quarantined").is_none());
        assert!(store.gate().write(move |tx| quarantine::retry(tx, &place, "office")).is_err());
    }

    fn a_gap_stores_nothing_and_says_what_is_expected(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        for n in 0..3 {
            till.sell("TEA", 1000, &format!("T1A-{n}"));
        }
        till.acked = 1;
        let answer = till.send(&store);
        assert_eq!(answer.push.verdict, PushVerdict::Gap { expected: 1 });
        assert_eq!(count(&store, "journal_entry"), 0);
    }

    fn a_fork_keeps_both_histories_and_one_effect(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.exchange(&store);
        let entries = till.entries.clone();
        till.sell("TEA", 1000, "T1A-2");
        till.exchange(&store);
        let trunk = till.head();
        // The ledger came back from a copy that lacked the second sale, and sold another.
        till.entries = entries;
        till.acked = 1;
        till.sell("RICE", 1000, "T1A-2");
        let answer = till.exchange(&store);
        assert_eq!(answer.push.verdict, PushVerdict::Fork { at: 2, trunk });
        assert_eq!(answer.push.received_through, 2);
        assert_eq!((on_hand(&store, "TEA"), on_hand(&store, "RICE")), (8000, 10000));
        assert_eq!(count(&store, "journal_branch_entry"), 1);
        // More of that history goes onto the same branch.
        till.sell("RICE", 1000, "T1A-3");
        till.exchange(&store);
        assert_eq!(count(&store, "journal_branch"), 1);
        assert_eq!(count(&store, "journal_branch_entry"), 2);
        assert!(kinds(&store).contains(&"till.forked".to_owned()));
    }

    fn a_second_live_copy_is_told_to_recover(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let stale = till.session.clone();
        for n in 0..3 {
            till.sell("TEA", 1000, &format!("T1A-{n}"));
            till.exchange(&store);
        }
        till.session = stale;
        let answer = till.exchange(&store);
        assert!(matches!(answer.push.verdict, PushVerdict::Recover { reason: RecoverReason::Session, .. }));
        assert_eq!(answer.session, None);
    }

    fn a_forged_frame_is_not_stored(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.sell("TEA", 1000, "T1A-2");
        till.entries[1].bytes[20] ^= 1;
        let answer = till.exchange(&store);
        assert_eq!(answer.push.verdict, PushVerdict::BadFrame { at: 2, code: "sync.frame_hash".to_owned() });
        assert_eq!(answer.push.received_through, 1);
        assert_eq!(on_hand(&store, "TEA"), 9000);
    }

    fn a_blocked_till_is_heard_but_given_nothing(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let code = till.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Blocked, "office")).unwrap();
        till.sell("TEA", 1000, "T1A-1");
        let answer = till.exchange(&store);
        assert_eq!(answer.push.verdict, PushVerdict::Blocked);
        assert_eq!(answer.push.received_through, 1);
        assert_eq!(answer.pull, PullAnswer::Blocked);
        assert_eq!(on_hand(&store, "TEA"), 10000);
        let waiting = store.gate().read(quarantine::open).unwrap();
        assert_eq!(waiting[0].code, "till.blocked");
        let place = waiting[0].place.clone();
        store.gate().write(move |tx| quarantine::retry(tx, &place, "office")).unwrap();
        assert_eq!(on_hand(&store, "TEA"), 9000);
    }

    fn a_blocked_till_is_given_no_incarnation_and_no_entries(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.exchange(&store);
        let wanted = EntriesRequest { protocol: 1, till: till.till, incarnation: 1, after: 0 };
        let download = || store.gate().read(|tx| exchange::download(tx, &wanted)).unwrap();
        assert_eq!(download().unwrap().entries.len(), 1);
        for state in [TillState::Blocked, TillState::Retired] {
            let code = till.code.clone();
            store.gate().write(move |tx| set_state(tx, &code, state, "office")).unwrap();
            assert_eq!(download().unwrap_err(), Refusal::Blocked);
            assert_eq!(incarnation(&store, &till, 9, None).unwrap_err(), Refusal::Blocked);
        }
        assert_eq!(count(&store, "till_incarnation"), 1);
    }

    fn an_incarnation_is_granted_once_for_one_request(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut till, other) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        let granted = incarnation(&store, &till, 9, None).unwrap();
        assert_eq!(granted.incarnation, 2);
        let again = incarnation(&store, &till, 9, None).unwrap();
        assert_eq!((again.incarnation, &again.session), (2, &granted.session));
        let with_key = incarnation(&store, &till, 9, Some(PublicKey([5; 32])));
        assert_eq!(with_key.unwrap_err(), Refusal::RequestConflict, "another key would sign");
        assert_eq!(incarnation(&store, &other, 9, None).unwrap_err(), Refusal::RequestConflict);
        let body = RequestBody::LeaseAcquire { sku: "VASE".into(), location: "shop".into(), quantity_milli: 1000 };
        till.journal.incarnation = 2;
        till.session = again.session;
        till.requests.push(Request::new(Uuid::from_u128(10), &body));
        till.exchange(&store);
        assert_eq!(incarnation(&store, &till, 10, None).unwrap_err(), Refusal::RequestConflict);
        assert_eq!(incarnation(&store, &till, 11, None).unwrap().incarnation, 3);
    }

    fn the_same_number_printed_twice_is_an_exception(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut first, mut second) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        first.sell("TEA", 1000, "SAME-1");
        second.sell("TEA", 1000, "SAME-1");
        first.exchange(&store);
        second.exchange(&store);
        assert_eq!(kinds(&store), ["document.number_twice"]);
        assert_eq!(on_hand(&store, "TEA"), 8000, "both facts are kept");
    }

    fn two_refunds_of_one_sale_at_two_tills_are_an_exception(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut first, mut second) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        let original = Uuid::from_u128(500);
        for (till, id) in [(&mut first, 501), (&mut second, 502)] {
            let mut refund = sale(Uuid::from_u128(id), "TEA", 1000, &format!("CN-{id}"), till.till);
            refund["document"]["kind"] = json!("credit_note");
            refund["document"]["original"] = json!({"id": original, "number": "T1A-1", "day": "2026-11-22"});
            refund["document"]["lines"][0]["original_line"] = json!(1);
            refund["movements"][0]["quantity_milli"] = json!(1000);
            refund["movements"][0]["reason"] = json!("return");
            till.write("refund.completed", &refund);
            till.exchange(&store);
        }
        assert_eq!(kinds(&store), Vec::<String>::new(), "nothing is known of the sale yet");
        let mut seller = TestTill::enrolled(&store, 3);
        let body = sale(original, "TEA", 1000, "T1A-1", seller.till);
        seller.write("sale.completed", &body);
        seller.exchange(&store);
        assert_eq!(kinds(&store), ["refund.exceeds_bought"]);
    }

    fn an_idle_exchange_writes_nothing(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        till.exchange(&store);
        let session = till.session.clone();
        let answer = till.exchange(&store);
        assert_eq!(answer.session, Some(session));
        store.clock.advance_ms(30_000);
        assert_eq!(till.exchange(&store).push.verdict, PushVerdict::Accepted);
    }

    fn a_lease_is_granted_once_spent_and_settled(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let body = RequestBody::LeaseAcquire { sku: "VASE".into(), location: "shop".into(), quantity_milli: 3000 };
        till.requests.push(Request::new(Uuid::from_u128(9), &body));
        let lost = till.send(&store);
        let answer = till.exchange(&store);
        assert_eq!(lost.answers, answer.answers);
        let Outcome::Granted { fence, quantity_milli, ttl_ms } = answer.answers[0].outcome else { panic!("{answer:?}") };
        assert_eq!(quantity_milli, 3000);
        assert_eq!(till.row("stock/shop/VASE").unwrap().1["leased_milli"], 3000);
        till.sell_at("VASE", 1000, "T1A-1", crate::support::START_MS, Some(fence));
        till.exchange(&store);
        let level = till.row("stock/shop/VASE").unwrap().1;
        assert_eq!((level["on_hand_milli"].as_i64(), level["leased_milli"].as_i64()), (Some(9000), Some(2000)));
        // Expiry ends the till's right, not the store's ignorance.
        store.clock.advance_ms(2 * ttl_ms);
        daybook_store::jobs::round(store.gate()).unwrap();
        let row = store.gate().read(|tx| tx.query_one("SELECT leased_milli, in_doubt_milli FROM stock_level WHERE sku = 'VASE'", &[])).unwrap();
        assert_eq!((row.int(0).unwrap(), row.int(1).unwrap()), (0, 2000));
        till.sell_at("VASE", 1000, "T1A-2", crate::support::START_MS + 1, Some(fence));
        till.exchange(&store);
        let row = store.gate().read(|tx| tx.query_one("SELECT on_hand_milli, in_doubt_milli FROM stock_level WHERE sku = 'VASE'", &[])).unwrap();
        assert_eq!((row.int(0).unwrap(), row.int(1).unwrap()), (8000, 0));
        assert_eq!(kinds(&store), Vec::<String>::new());
    }

    fn a_refused_request_never_succeeds_later(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let body = RequestBody::LeaseAcquire { sku: "RICE".into(), location: "shop".into(), quantity_milli: 1000 };
        let request = Request::new(Uuid::from_u128(9), &body);
        till.requests.push(request.clone());
        let refused = till.exchange(&store).answers;
        assert!(matches!(&refused[0].outcome, Outcome::Refused { code } if code == "lease.not_pooled"));
        store.gate().write(|tx| tx.execute("UPDATE stock_level SET policy = 'pooled_soft'", &[])).unwrap();
        till.requests.push(request);
        assert_eq!(till.exchange(&store).answers, refused);
        let other = RequestBody::LeaseAcquire { sku: "TEA".into(), location: "shop".into(), quantity_milli: 1000 };
        till.requests.push(Request::new(Uuid::from_u128(9), &other));
        let conflict = till.exchange(&store).answers;
        assert!(matches!(&conflict[0].outcome, Outcome::Refused { code } if code == "request.conflict"));
    }

    fn overselling_what_was_promised_is_an_exception(store) {
        store.gate().write(stock_shop).unwrap();
        store.gate().write(|tx| tx.execute("UPDATE stock_level SET reserved_milli = 9000 WHERE sku = 'TEA'", &[])).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.exchange(&store);
        assert!(kinds(&store).is_empty());
        till.sell("TEA", 1000, "T1A-2");
        till.exchange(&store);
        assert_eq!(kinds(&store), ["stock.oversold"]);
        assert_eq!(on_hand(&store, "TEA"), 8000, "a fact is never refused");
    }

    fn a_sale_before_a_count_is_not_taken_off_twice(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut counter, mut seller) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        let noon = crate::support::START_MS + 12 * 3_600_000;
        // Sold in the morning, sent in the evening: at noon the shelf held nine, and the counter expected ten.
        seller.sell_at("TEA", 1000, "T2A-1", noon - 3_600_000, None);
        counter.write_at("stock.counted", &json!({
            "stocktake": Uuid::from_u128(3), "part": 1, "parts": 1, "location": "shop",
            "lines": [{"sku": "TEA", "counted_milli": 9000, "expected_milli": 10000, "at_ms": noon}]
        }), noon);
        counter.exchange(&store);
        assert_eq!(on_hand(&store, "TEA"), 9000);
        seller.sell_at("TEA", 2000, "T2A-2", noon + 3_600_000, None);
        seller.exchange(&store);
        assert_eq!(count(&store, "quarantine"), 0);
        assert_eq!(on_hand(&store, "TEA"), 7000);
        // The other way round: the sale is known to the store, but was not to the counter.
        seller.sell_at("RICE", 1000, "T2A-3", noon - 3_600_000, None);
        seller.exchange(&store);
        counter.write_at("stock.counted", &json!({
            "stocktake": Uuid::from_u128(4), "part": 1, "parts": 1, "location": "shop",
            "lines": [{"sku": "RICE", "counted_milli": 9000, "expected_milli": 10000, "at_ms": noon}]
        }), noon);
        counter.exchange(&store);
        assert_eq!(on_hand(&store, "RICE"), 9000);
        seller.sell_at("TEA", 1000, "T2A-4", noon - 1_000, None);
        seller.exchange(&store);
        assert_eq!(kinds(&store), ["count.undecided"]);
    }

    fn a_customer_comes_with_the_sidecar(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let customer = Uuid::from_u128(42);
        till.write_with_sidecar("customer.created", &json!({"customer": customer}), r#"{"salt":"x","name":"Ravi","phone":"+91"}"#);
        till.exchange(&store);
        assert_eq!(till.row(&format!("customer/{customer}")).unwrap().1["name"], "Ravi");
    }

    fn a_sidecar_that_the_entry_does_not_name_waits_with_it(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.write("customer.created", &json!({"customer": Uuid::from_u128(42)}));
        till.entries.last_mut().unwrap().sidecar = Some(r#"{"salt":"x","name":"Eve"}"#.to_owned());
        till.exchange(&store);
        let code = |tx: &mut daybook_store::db::Tx<'_>| tx.query_one("SELECT code FROM quarantine", &[]);
        assert_eq!(store.gate().read(code).unwrap().text(0).unwrap(), "entry.sidecar");
        assert_eq!(count(&store, "customer"), 0);
    }

    fn a_code_is_good_for_one_till_and_five_tries(store) {
        store.gate().write(stock_shop).unwrap();
        let code = new_code(&store, None);
        let first = enrol_now(&store, &code, 1).unwrap();
        assert_eq!(enrol_now(&store, &code, 1).unwrap(), first, "the answer may have been lost");
        assert_eq!(enrol_now(&store, &code, 2), Err(Refusal::CodeUsed));
        let code = new_code(&store, None);
        let wrong = daybook_store::enrol::EnrolCode::parse(&format!("{}-0000-0000", code.handle())).unwrap();
        for _ in 0..5 {
            assert_eq!(enrol_now(&store, &wrong, 3), Err(Refusal::CodeUnknown));
        }
        assert!(matches!(enrol_now(&store, &code, 3), Err(Refusal::TooManyTries { .. })));
        let code = new_code(&store, None);
        store.clock.advance_ms(10 * 60_000);
        assert_eq!(enrol_now(&store, &code, 4), Err(Refusal::CodeUnknown));
    }

    fn a_new_machine_resumes_a_till_in_its_next_incarnation(store) {
        store.gate().write(stock_shop).unwrap();
        let mut old = TestTill::enrolled(&store, 1);
        old.sell("TEA", 1000, "T1A-1");
        old.exchange(&store);
        let answer = enrol_now(&store, &new_code(&store, Some(&old.code)), 2).unwrap();
        assert_eq!((answer.till, answer.incarnation), (old.till, 2));
        assert_eq!(answer.held.len(), 1);
        assert_eq!(Head { seq: answer.held[0].received_through, hash: answer.held[0].received_hash }, old.head());
    }

    fn a_failing_disk_row_is_told_not_guessed(store) {
        store.gate().write(stock_shop).unwrap();
        store.gate().write(|tx| tx.execute("UPDATE location SET seller = 'not json'", &[])).unwrap();
        let refused = store.gate().write(|tx| {
            tx.touch(daybook_store::gate::Dirty::Location("shop".parse().unwrap()));
            Ok::<_, DbError>(())
        });
        assert!(matches!(refused, Err(DbError::Corrupt { table: "location", .. })));
    }
}
