//! The lives of a till: what each is granted, what none gets for another, and how one comes back.

use crate::support::{START_MS, TestStore};
use crate::till::{TestTill, enrol_now, new_code, stock_shop};
use daybook_store::enrol::{self, Fresh};
use daybook_store::leases;
use daybook_store::restore::begin_epoch;
use daybook_store::tills::{TillState, set_state};
use daybook_sync::hash::PublicKey;
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{EnrolRequest, Outcome, PushVerdict, Request, RequestBody};
use daybook_sync::refusal::Refusal;
use uuid::Uuid;

fn lease(id: u128) -> Request {
    let body = RequestBody::LeaseAcquire {
        sku: "VASE".into(),
        location: "shop".into(),
        quantity_milli: 1000,
    };
    Request::new(Uuid::from_u128(id), &body)
}

/// Asks one thing, without taking the answer.
fn ask(store: &TestStore, till: &TestTill, request: Request) -> Option<Outcome> {
    let mut asking = till.clone();
    asking.requests = vec![request];
    asking.send(store).answers.pop().map(|answer| answer.outcome)
}

fn refused(code: &str) -> Option<Outcome> {
    Some(Outcome::refused(code))
}

fn leases_of(store: &TestStore) -> usize {
    store.gate().read(|tx| leases::list(tx, true)).unwrap().len()
}

on_both! {
    fn a_request_is_answered_to_the_life_that_asked(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut one, two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        one.write("drawer.opened", &serde_json::json!({"reason": "x"}));
        one.exchange(&store);
        let Some(Outcome::Granted { fence, ttl_ms, .. }) = ask(&store, &one, lease(1)) else { panic!("granted") };
        assert_eq!(ask(&store, &two, lease(1)), refused("request.conflict"), "another till");
        store.clock.advance_ms(3_600_000);
        let again = Outcome::Granted { fence, quantity_milli: 1000, ttl_ms: ttl_ms - 3_600_000 };
        assert_eq!(ask(&store, &one, lease(1)), Some(again), "what is left since it was first given");
        let head = one.head();
        let mut next = one.clone();
        next.begin(&store, 77, head);
        next.exchange(&store);
        assert_eq!(ask(&store, &next, lease(1)), refused("request.conflict"), "another life of the till");
        assert_eq!(ask(&store, &one, lease(1)), refused("lease.ended"), "its grant ended with it");
        assert_eq!(leases_of(&store), 1);
        let Some(Outcome::Granted { .. }) = ask(&store, &next, lease(2)) else { panic!("granted") };
        store.clock.advance_ms(ttl_ms);
        assert_eq!(ask(&store, &next, lease(2)), refused("lease.ended"), "its time is over");
    }

    fn a_life_that_another_followed_is_granted_nothing_and_still_delivers(store) {
        store.gate().write(stock_shop).unwrap();
        let mut old = TestTill::enrolled(&store, 1);
        old.sell("TEA", 1000, "T1-1");
        old.exchange(&store);
        let code = old.code.clone();
        enrol_now(&store, &new_code(&store, Some(&code)), 2).unwrap();
        old.sell("TEA", 1000, "T1-2");
        old.requests = vec![lease(1)];
        let answer = old.exchange(&store);
        assert_eq!((answer.push.verdict, answer.push.received_through), (PushVerdict::Accepted, 2));
        assert_eq!(answer.answers[0].outcome, Outcome::refused("till.replaced"));
        assert_eq!(leases_of(&store), 0);
    }

    fn a_number_that_nobody_granted_changes_nothing_until_it_delivers(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1-1");
        till.exchange(&store);
        let Some(Outcome::Granted { .. }) = ask(&store, &till, lease(1)) else { panic!("granted") };
        let mut stray = till.clone();
        (stray.journal.incarnation, stray.session, stray.entries, stray.acked) = (99, String::new(), Vec::new(), 0);
        assert_eq!(stray.exchange(&store).push.verdict, PushVerdict::Accepted);
        assert_eq!(ask(&store, &stray, lease(2)), None, "it stays open");
        assert_eq!(store.gate().read(|tx| leases::list(tx, false)).unwrap()[0].state, "granted");
        assert!(matches!(ask(&store, &till, lease(1)), Some(Outcome::Granted { .. })));
        let head = till.head();
        let mut next = till.clone();
        next.begin(&store, 77, head);
        assert_eq!(next.journal.incarnation, 2);
        // One that delivers exists: it was granted in a history that this store has lost.
        stray.sell("TEA", 1000, "T9-1");
        stray.exchange(&store);
        let known = store.gate().read(|tx| daybook_store::tills::Till::load(tx, stray.till)).unwrap().unwrap();
        assert_eq!(known.incarnation, 99);
    }

    fn codes_of_tills_that_a_backup_lacks_are_not_given_again(store) {
        store.gate().write(stock_shop).unwrap();
        let first = TestTill::enrolled(&store, 1);
        assert_eq!(first.code, "T1");
        store.gate().write(|tx| begin_epoch(tx, 1)).unwrap();
        let after = TestTill::enrolled(&store, 2);
        assert_eq!(after.code, "TA2", "T2 to T99 and two more may stand on documents");
    }

    fn a_code_to_resume_is_for_a_till_in_use_where_it_stands(store) {
        store.gate().write(stock_shop).unwrap();
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute(
                "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, 'depot', 'shop', '{\"name\":\"D\"}')",
                daybook_store::args![tenant],
            )
        }).unwrap();
        let till = TestTill::enrolled(&store, 1);
        let code = |location: &str| enrol::new_code(store.gate(), &location.parse().unwrap(), Some(&till.code));
        assert_eq!(code("depot").err().unwrap().code(), "till.elsewhere");
        assert!(code("shop").is_ok());
        let retired = till.code.clone();
        store.gate().write(move |tx| set_state(tx, &retired, TillState::Retired, "office")).unwrap();
        assert_eq!(code("shop").err().unwrap().code(), "till.retired");
    }

    fn a_key_with_which_anything_verifies_is_refused(store) {
        store.gate().write(stock_shop).unwrap();
        let code = new_code(&store, None);
        let mut point = [0; 32];
        point[0] = 1;
        for public_key in [PublicKey([0; 32]), PublicKey(point), PublicKey([0xff; 32])] {
            let (keyring, code) = (store.keyring(), code.to_string());
            let request = EnrolRequest {
                protocol: PROTOCOL, code, public_key, install: Uuid::nil(), app: "test".to_owned(),
            };
            let fresh = Fresh::draw();
            let answer = store.gate().write(move |tx| enrol::enrol(tx, &keyring, &request, &fresh)).unwrap();
            assert_eq!(answer, Err(Refusal::OutOfRange { field: "public_key" }));
        }
        assert!(START_MS > 0 && enrol_now(&store, &code, 1).is_ok(), "it cost no try");
    }
}
