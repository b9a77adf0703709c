//! After a restore: a new epoch, patience until every till has spoken, and nothing lost that a till still has.

use crate::till::{TestTill, stock_shop};
use daybook_store::db::DbError;
use daybook_store::leases;
use daybook_store::restore::{begin_epoch, thaw};
use daybook_store::tenant;
use daybook_store::tills::{TillState, set_state};
use daybook_store::verify::verify;
use daybook_store::witness::Witness;
use daybook_sync::feed::epoch_of;
use daybook_sync::message::{Outcome, PullAnswer, RefetchReason, Request, RequestBody};
use uuid::Uuid;

fn frozen(store: &crate::support::TestStore) -> bool {
    store.gate().read(tenant::load).unwrap().unwrap().frozen
}

on_both! {
    fn a_restored_store_waits_until_each_till_has_spoken(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut first, mut second) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        first.exchange(&store);
        second.exchange(&store);
        let business = store.gate().write(|tx| begin_epoch(tx, 4)).unwrap();
        assert_eq!((business.epoch, business.series.as_str(), business.frozen), (5, "W5", true));
        let body = RequestBody::LeaseAcquire { sku: "VASE".into(), location: "shop".into(), quantity_milli: 1000 };
        first.requests.push(Request::new(Uuid::from_u128(1), &body));
        let answer = first.exchange(&store);
        assert_eq!(answer.epoch, 5);
        assert_eq!(answer.pull, PullAnswer::Refetch { reason: RefetchReason::Epoch });
        assert!(matches!(&answer.answers[0].outcome, Outcome::Refused { code } if code == "store.frozen"));
        first.epoch = 5;
        first.cursor = None;
        first.exchange(&store);
        assert!(frozen(&store), "the second till has not spoken");
        let code = second.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Retired, "office")).unwrap();
        store.gate().write(thaw).unwrap();
        assert!(!frozen(&store));
        first.sell("TEA", 1000, "T1A-1");
        first.exchange(&store);
        assert_eq!(epoch_of(first.row("stock/shop/TEA").unwrap().0), 5);
    }

    fn leases_end_with_their_epoch_and_no_fence_is_given_again(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let lease = |till: &mut TestTill, id| {
            let body = RequestBody::LeaseAcquire { sku: "VASE".into(), location: "shop".into(), quantity_milli: 1000 };
            till.requests.push(Request::new(Uuid::from_u128(id), &body));
            match till.exchange(&store).answers[0].outcome {
                Outcome::Granted { fence, .. } => fence,
                ref other => panic!("{other:?}"),
            }
        };
        let states = || -> Vec<String> {
            store.gate().read(|tx| leases::list(tx, true)).unwrap().into_iter().map(|lease| lease.state).collect()
        };
        let before = lease(&mut till, 1);
        store.gate().write(|tx| begin_epoch(tx, 1)).unwrap();
        assert_eq!(states(), ["in_doubt"]);
        till.exchange(&store);
        assert_eq!(states(), ["in_doubt"], "the till may sell under it until it has taken that answer in");
        till.epoch = 2;
        till.cursor = None;
        till.exchange(&store);
        assert_eq!(states(), ["settled"]);
        assert!(!frozen(&store));
        let after = lease(&mut till, 2);
        assert_eq!((before, after), (1, (2 << 40) + 1));
        store.gate().write(|tx| begin_epoch(tx, 2)).unwrap();
        till.epoch = 3;
        till.cursor = None;
        till.exchange(&store);
        assert_eq!(lease(&mut till, 3), (3 << 40) + 1);
    }

    fn data_behind_their_witness_are_noticed(store) {
        store.gate().write(stock_shop).unwrap();
        let before = store.gate().read(Witness::of).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.exchange(&store);
        let after = store.gate().read(Witness::of).unwrap();
        assert!(after.is_ahead_of(&before));
        assert!(!before.is_ahead_of(&after));
        assert!(!after.is_ahead_of(&after));
        let path = store.dir.path().join("store.witness");
        assert_eq!(Witness::read(&path).unwrap(), None);
        after.write(&path).unwrap();
        assert_eq!(Witness::read(&path).unwrap(), Some(after));
    }

    fn verification_finds_a_level_without_its_movement(store) {
        store.gate().write(stock_shop).unwrap();
        store.gate().write(|tx| tx.execute("UPDATE stock_level SET on_hand_milli = 0", &[])).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.sell("TEA", 1000, "T1A-1");
        till.exchange(&store);
        let report = store.gate().read(verify).unwrap();
        assert_eq!((report.entries, report.faults.len()), (1, 0), "{report:?}");
        store.gate().write(|tx| tx.execute("UPDATE stock_level SET on_hand_milli = 5 WHERE sku = 'RICE'", &[])).unwrap();
        assert_eq!(store.gate().read(verify).unwrap().faults.len(), 1);
        // Somebody changed bytes behind the triggers' back.
        let spoiled: Result<(), DbError> = store.gate().write(|tx| tx.batch("UPDATE journal_entry SET bytes = prev_hash"));
        assert!(spoiled.is_err());
    }
}
