//! A whole chain of tills comes back after a day without a network.

use crate::till::{TestTill, stock_shop, store_signer};
use daybook_store::args;
use daybook_store::exchange::exchange;
use daybook_sync::message::PushVerdict;
use daybook_sync::refusal::Refusal;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many tills there are.
const TILLS: u16 = 1_000;
/// How many of them knock in the same moment.
const AT_ONCE: usize = 32;

on_both! {
    fn a_thousand_tills_that_return_at_once_all_get_through(store) {
        store.gate().write(stock_shop).unwrap();
        let tills: Vec<TestTill> = (1..=TILLS)
            .map(|number| {
                let mut till = TestTill::enrolled(&store, number);
                till.sell("TEA", 1000, &format!("N{number}A-1"));
                till
            })
            .collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(till) = tills.get(next.fetch_add(1, Ordering::Relaxed)) {
                        // A full store says so and keeps nothing; the till comes back.
                        let answer = loop {
                            match exchange(store.gate(), &store_signer(), &store.keyring(), till.request()) {
                                Err(Refusal::Busy { .. }) => std::thread::yield_now(),
                                other => break other.unwrap(),
                            }
                        };
                        assert_eq!(answer.push.verdict, PushVerdict::Accepted);
                        assert_eq!(answer.push.received_through, 1, "what was acknowledged is there");
                    }
                });
            }
        });
        let count = |sql: &'static str| {
            store.gate().read(|tx| tx.query_one(sql, args![])).unwrap().int(0).unwrap()
        };
        assert_eq!(count("SELECT count(*) FROM document"), i64::from(TILLS));
        assert_eq!(count("SELECT count(*) FROM journal_entry"), i64::from(TILLS));
        assert_eq!(
            count("SELECT on_hand_milli FROM stock_level WHERE sku = 'TEA'"),
            10_000 - i64::from(TILLS) * 1_000,
            "every sale lowered the shelf once"
        );
    }
}
