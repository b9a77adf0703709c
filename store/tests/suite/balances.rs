//! Gift cards and store credit: spent once, whoever asks first, and explained to the last coin.

use crate::reconcile::shop;
use crate::support::TestStore;
use crate::till::{TestTill, sale, store_signer};
use daybook_domain::ids::StaffId;
use daybook_store::args;
use daybook_store::balances::{self, TTL_MS};
use daybook_store::exceptions;
use daybook_store::exchange::exchange;
use daybook_store::quarantine;
use daybook_store::reconcile::{Scope, reconcile, table};
use daybook_store::tills::{TillState, set_state};
use daybook_store::verify::verify;
use daybook_sync::message::{Outcome, Request, RequestBody};
use daybook_sync::refusal::Refusal;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

const CARD: &str = "9012345678901238";
const CREDIT: &str = "9112345678901237";

fn id(till: &TestTill, salt: u128) -> Uuid {
    Uuid::from_u128(
        till.till.as_u128() ^ (salt << 32) ^ u128::try_from(till.entries.len()).unwrap(),
    )
}

/// Sells a card for cash.
fn sell_card(till: &mut TestTill, number: &str, amount_minor: i64) {
    let mut body = sale(
        id(till, 0xCA),
        "GIFT-CARD",
        1000,
        &format!("{}C-{amount_minor}", till.code),
        till.till,
    );
    let document = &mut body["document"];
    document["lines"] = json!([{
        "no": 1, "sku": "GIFT-CARD", "name": "Gift card", "quantity_milli": 1000, "unit_price_micros": amount_minor * 10_000,
        "gross_minor": amount_minor, "net_minor": amount_minor, "taxable_minor": amount_minor, "total_minor": amount_minor,
        "gift_card": number
    }]);
    document["tax_table"] = json!([]);
    document["totals"] = json!({
        "gross_minor": amount_minor, "discount_minor": 0, "taxable_minor": amount_minor, "tax_minor": 0,
        "total_minor": amount_minor, "rounding_minor": 0, "payable_minor": amount_minor
    });
    document["tenders"] = json!([{"tender_type": "cash", "amount_minor": amount_minor}]);
    body["movements"] = json!([]);
    till.write("sale.completed", &body);
}

/// Sells tea for 10.00 and settles it from a balance.
fn sell_from(till: &mut TestTill, medium: &str, number: Option<&str>, hold: Option<Uuid>) {
    let count = till.entries.len();
    let mut body = sale(id(till, 0x5E), "TEA", 100, &format!("{}S-{count}", till.code), till.till);
    let mut tender = json!({"tender_type": medium, "amount_minor": 1000});
    if let Some(number) = number {
        tender["reference"] = json!(number);
    }
    if let Some(hold) = hold {
        tender["hold"] = json!(hold);
    }
    body["document"]["tenders"] = json!([tender]);
    till.write("sale.completed", &body);
}

/// Takes tea back for store credit.
fn give_credit(till: &mut TestTill, number: &str) {
    let count = till.entries.len();
    let mut body = sale(id(till, 0xCE), "TEA", 100, &format!("{}R-{count}", till.code), till.till);
    body["document"]["kind"] = json!("credit_note");
    body["document"]["tenders"] =
        json!([{"tender_type": "store_credit", "amount_minor": 1000, "reference": number}]);
    body["movements"] =
        json!([{"sku": "TEA", "location": "shop", "quantity_milli": 100, "reason": "return"}]);
    till.write("refund.completed", &body);
}

fn spend(medium: &str, number: &str, amount_minor: i64, salt: u128) -> Request {
    let (medium, number) = (medium.to_owned(), number.to_owned());
    Request::new(Uuid::from_u128(salt), &RequestBody::BalanceSpend { medium, number, amount_minor })
}

/// Asks one thing.
fn ask(store: &TestStore, till: &mut TestTill, request: Request) -> Outcome {
    till.requests = vec![request];
    till.exchange(store).answers.remove(0).outcome
}

fn held(amount_minor: i64, left_minor: i64) -> Outcome {
    Outcome::Held { amount_minor, left_minor, ttl_ms: TTL_MS }
}

/// What is left, and what of it is set aside.
fn stands(store: &TestStore, number: &str) -> (i64, i64) {
    let number = number.parse().unwrap();
    let views = store.gate().read(|tx| balances::list(tx, Some(&number), true)).unwrap();
    let aside =
        |view: &balances::BalanceView| view.holds.iter().map(|hold| hold.amount_minor).sum();
    views.first().map_or((0, 0), |view| (view.amount_minor, aside(view)))
}

fn open_kinds(store: &TestStore) -> Vec<String> {
    let open = store.gate().read(|tx| exceptions::list(tx, false)).unwrap();
    open.into_iter().map(|one| one.kind).filter(|kind| kind.starts_with("balance.")).collect()
}

fn assert_explained(store: &TestStore) {
    let report =
        store.gate().read(|tx| reconcile(tx, &Scope { all: true, ..Scope::default() })).unwrap();
    assert!(report.faults.is_empty(), "{}", table(&report));
    assert_eq!(store.gate().read(verify).unwrap().faults, Vec::<String>::new());
}

on_both! {
    fn a_card_is_spent_where_it_is_asked_for_first_and_no_further(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        sell_card(&mut one, CARD, 1500);
        one.exchange(&store);
        assert_eq!(stands(&store, CARD), (1500, 0));

        let hold = Uuid::from_u128(21);
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 21)), held(1000, 500));
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 21)), held(1000, 500), "asked again");
        assert_eq!(ask(&store, &mut one, spend("gift_card", CARD, 1000, 11)), held(500, 0), "what is left");
        assert_eq!(ask(&store, &mut one, spend("gift_card", CARD, 1, 12)), Outcome::refused("balance.empty"));
        assert_eq!(stands(&store, CARD), (1500, 1500));

        sell_from(&mut two, "gift_card", Some(CARD), Some(hold));
        two.exchange(&store);
        assert_eq!(stands(&store, CARD), (500, 500), "spent with what was set aside for it");
        let release = |salt| Request::new(Uuid::from_u128(salt), &RequestBody::BalanceRelease { hold: Uuid::from_u128(11) });
        assert_eq!(ask(&store, &mut two, release(29)), Outcome::Done);
        assert_eq!(stands(&store, CARD), (500, 500), "another till's is not its to give back");
        assert_eq!(ask(&store, &mut one, release(13)), Outcome::Done);
        assert_eq!(stands(&store, CARD), (500, 0));
        assert_eq!(ask(&store, &mut one, spend("gift_card", CARD, 0, 14)), held(0, 500), "asked only");
        assert_eq!(stands(&store, CARD), (500, 0));
        assert!(open_kinds(&store).is_empty());
        assert_explained(&store);
    }

    fn goods_that_came_back_are_paid_for_at_another_till(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        assert_eq!(
            ask(&store, &mut two, spend("store_credit", CREDIT, 1000, 1)),
            Outcome::refused("balance.unknown")
        );
        give_credit(&mut one, CREDIT);
        one.exchange(&store);
        assert_eq!(ask(&store, &mut two, spend("store_credit", CREDIT, 5000, 2)), held(1000, 0));
        sell_from(&mut two, "store_credit", Some(CREDIT), Some(Uuid::from_u128(2)));
        two.exchange(&store);
        assert_eq!(stands(&store, CREDIT), (0, 0));
        assert_eq!(
            ask(&store, &mut two, spend("gift_card", CREDIT, 1000, 3)),
            Outcome::refused("balance.unknown"),
            "a credit is no card"
        );
        assert_explained(&store);
    }

    fn what_was_spent_twice_offline_stands_twice_and_a_person_is_asked(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        give_credit(&mut one, CREDIT);
        sell_from(&mut one, "store_credit", Some(CREDIT), None);
        sell_from(&mut two, "store_credit", Some(CREDIT), None);
        two.exchange(&store);
        assert_eq!(open_kinds(&store), ["balance.overspent"], "spent before it was put on");
        one.exchange(&store);
        assert_eq!(stands(&store, CREDIT), (-1000, 0));
        assert_eq!(open_kinds(&store), ["balance.overspent"]);
        assert_eq!(
            ask(&store, &mut one, spend("store_credit", CREDIT, 1, 5)),
            Outcome::refused("balance.empty")
        );
        assert_explained(&store);
        give_credit(&mut one, CREDIT);
        one.exchange(&store);
        assert!(open_kinds(&store).is_empty(), "covered again");
        sell_from(&mut two, "gift_card", None, None);
        two.exchange(&store);
        assert_eq!(open_kinds(&store), ["balance.unnamed"]);
        assert_explained(&store);
    }

    fn what_is_set_aside_stays_so_until_the_till_has_said_all(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        sell_card(&mut one, CARD, 3000);
        one.exchange(&store);
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 1)), held(1000, 2000));
        // Sold, and cut off before it could say so.
        sell_from(&mut two, "gift_card", Some(CARD), Some(Uuid::from_u128(1)));
        store.clock.advance_ms(TTL_MS + 1);
        two.poll(&store);
        assert_eq!(stands(&store, CARD), (3000, 1000), "entries are on their way");
        two.exchange(&store);
        assert_eq!(stands(&store, CARD), (2000, 0));

        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 2)), held(1000, 1000));
        store.clock.advance_ms(TTL_MS - 1);
        two.exchange(&store);
        assert_eq!(stands(&store, CARD), (2000, 1000), "its time is not over");
        store.clock.advance_ms(60_001);
        two.exchange(&store);
        assert_eq!(stands(&store, CARD), (2000, 0), "said all, and did not spend it");
    }

    fn what_is_set_aside_stays_so_while_a_sale_waits_in_quarantine(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        sell_card(&mut one, CARD, 3000);
        one.exchange(&store);
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 1)), held(1000, 2000));
        let code = two.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Blocked, "owner")).unwrap();
        sell_from(&mut two, "gift_card", Some(CARD), Some(Uuid::from_u128(1)));
        store.clock.advance_ms(TTL_MS + 1);
        two.exchange(&store);
        assert_eq!(stands(&store, CARD), (3000, 1000), "the goods are gone, and paid with it");
        let place: quarantine::Place = format!("{}/1/1", two.code).parse().unwrap();
        let tried = store.gate().write(move |tx| quarantine::retry(tx, &place, "owner")).unwrap();
        assert_eq!(tried.code, None, "{}", tried.detail);
        assert_eq!(stands(&store, CARD), (2000, 0));
        assert_explained(&store);
    }

    fn a_named_person_need_not_wait_for_a_till(store) {
        shop(&store);
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        sell_card(&mut one, CARD, 3000);
        one.exchange(&store);
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 1000, 1)), held(1000, 2000));
        let by = StaffId::new("owner").unwrap();
        let free = |hold: u128| {
            let by = by.clone();
            store.gate().write(move |tx| balances::free(tx, Uuid::from_u128(hold), &by, "till is broken")).unwrap()
        };
        assert!(free(1));
        assert!(!free(1), "only once");
        assert_eq!(stands(&store, CARD), (3000, 0));
        assert_eq!(ask(&store, &mut two, spend("gift_card", CARD, 2000, 2)), held(2000, 1000));
        let code = two.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Retired, "owner")).unwrap();
        assert_eq!(stands(&store, CARD), (3000, 0), "nobody waits for a till that is gone");
    }

    fn senseless_wishes_are_refused_by_name(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        for (no, (medium, number, amount)) in (1..).zip([
            ("coupon", CARD, 100),
            ("gift_card", "9012345678901231", 100),
            ("gift_card", "", 100),
            ("gift_card", CARD, -1),
        ]) {
            assert_eq!(
                ask(&store, &mut till, spend(medium, number, amount, no)),
                Outcome::refused("balance.field"),
                "{medium} {number} {amount}"
            );
        }
        let release = RequestBody::BalanceRelease { hold: Uuid::nil() };
        assert_eq!(ask(&store, &mut till, Request::new(Uuid::from_u128(9), &release)), Outcome::Done);
    }

    fn tills_that_ask_at_once_never_get_more_than_there_is(store) {
        shop(&store);
        let mut first = TestTill::enrolled(&store, 1);
        sell_card(&mut first, CARD, 5000);
        first.exchange(&store);
        let tills: Vec<TestTill> = (2..14).map(|seed| TestTill::enrolled(&store, seed)).collect();
        let granted = AtomicI64::new(0);
        std::thread::scope(|scope| {
            for (salt, mut till) in (100..).zip(tills) {
                let (store, granted) = (&store, &granted);
                scope.spawn(move || {
                    till.requests = vec![spend("gift_card", CARD, 700, salt)];
                    let answer = loop {
                        match exchange(store.gate(), &store_signer(), &store.keyring(), till.request()) {
                            Err(Refusal::Busy { .. }) => std::thread::yield_now(),
                            other => break other.unwrap(),
                        }
                    };
                    if let Outcome::Held { amount_minor, .. } = answer.answers[0].outcome {
                        granted.fetch_add(amount_minor, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(granted.load(Ordering::Relaxed), 5000);
        assert_eq!(stands(&store, CARD), (5000, 5000));
    }

    fn an_entry_in_quarantine_puts_nothing_on_a_card_and_a_forged_amount_is_found(store) {
        shop(&store);
        let mut till = TestTill::enrolled(&store, 1);
        sell_card(&mut till, CARD, 5000);
        let mut forged: Value = serde_json::from_slice(&till.entries[0].bytes).unwrap();
        forged["body"]["document"]["totals"]["payable_minor"] = json!(1);
        till.entries.clear();
        till.write_raw(&serde_json::to_vec(&forged).unwrap(), None);
        till.exchange(&store);
        assert_eq!(stands(&store, CARD), (0, 0));
        assert_explained(&store);
        give_credit(&mut till, CREDIT);
        till.exchange(&store);
        assert_explained(&store);
        store
            .gate()
            .write(|tx| tx.execute("UPDATE balance SET amount_minor = amount_minor + 1", args![]))
            .unwrap();
        let report = store.gate().read(|tx| reconcile(tx, &Scope::default())).unwrap();
        let fault = format!("store credit {CREDIT}: documents state 1000, booked are 1000, the amount is 1001");
        assert_eq!(report.faults, [fault]);
        assert!(!report.summary.holds());
        assert_eq!(store.gate().read(verify).unwrap().faults.len(), 1);
    }
}
