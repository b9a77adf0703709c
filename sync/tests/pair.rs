//! A till and a store, and everything that can happen between them.

mod support;

use daybook_sync::client::Event;
use daybook_sync::message::NewIncarnation;
use daybook_sync::planted::Planted;
use proptest::prelude::*;
use support::ON_HAND;
use support::till::deliver;
use support::world::{
    World, a_copy_with_an_older_session_must_recover, a_restored_store_hides_no_sale,
    agree_in_the_end, happening,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_two_agree_in_the_end(
        what in prop::collection::vec(happening(), 1..60),
        quarantine_every in prop_oneof![Just(i64::MAX), 2..4i64],
    ) {
        agree_in_the_end(&what, quarantine_every, Planted::NONE)?;
    }
}

#[test]
fn a_sale_reaches_the_store_and_comes_back_as_a_level() {
    let mut world = World::new(i64::MAX, Planted::NONE);
    world.till.sell(3);
    world.till.settle(&mut world.store);
    assert_eq!(world.store.level_now(), ON_HAND - 3);
    assert_eq!(world.till.shows(), Some(ON_HAND - 3));
}

#[test]
fn a_till_shows_its_sales_while_a_restored_store_takes_them_again() {
    a_restored_store_hides_no_sale(Planted::NONE).unwrap();
}

#[test]
fn an_older_session_is_another_copy() {
    a_copy_with_an_older_session_must_recover(Planted::NONE).unwrap();
}

#[test]
fn a_blocked_till_that_needs_an_incarnation_still_delivers() {
    let mut world = World::new(i64::MAX, Planted::NONE);
    world.till.sell(3);
    world.till.wish(NewIncarnation::Restored);
    world.store.blocked = true;
    let mut waiting = world.till.step(Event::Urge);
    for _ in 0..20 {
        let Some(out) = waiting.pop() else { break };
        let event = deliver(&mut world.store, &out);
        waiting.extend(world.till.step(event));
    }
    assert!(waiting.is_empty(), "it rests until the next poll");
    assert_eq!(world.store.journals[&1].trunk.len(), 1);
    assert!(world.till.ledger.wish.is_some(), "it is given nothing");
    world.store.blocked = false;
    world.till.settle(&mut world.store);
    assert_eq!(world.till.ledger.journals.len(), 2);
}

/// Every planted bug must be found, else the audit above proves little.
#[cfg(feature = "planted-bugs")]
#[test]
fn every_planted_bug_is_found() {
    use daybook_sync::planted::Bug;
    use proptest::test_runner::{Config, TestRunner};
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let config = Config {
            cases: 1_000,
            failure_persistence: None,
            max_shrink_iters: 0,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let histories =
            (prop::collection::vec(happening(), 1..60), prop_oneof![Just(i64::MAX), 2..4i64]);
        let found = runner.run(&histories, |(what, every)| {
            let planted = Planted::bug(bug);
            a_restored_store_hides_no_sale(planted)?;
            a_copy_with_an_older_session_must_recover(planted)?;
            agree_in_the_end(&what, every, planted)
        });
        if found.is_ok() {
            missed.push(bug);
        }
    }
    let _ = std::panic::take_hook();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
