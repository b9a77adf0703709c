//! The simulator: the protocol holds in every history, and each planted bug is found.

use daybook_sim::{Tally, run};
use daybook_sync::planted::{Bug, Planted};

const STEPS: usize = 300;

fn seeds() -> u64 {
    std::env::var("DAYBOOK_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn no_history_breaks_a_rule_and_every_kind_of_fault_was_there() {
    hold_every_rule(1);
}

#[test]
fn no_other_history_breaks_a_rule_either() {
    hold_every_rule(1_000_001);
}

fn hold_every_rule(first: u64) {
    let mut tally = Tally::default();
    for seed in first..first + seeds() {
        match run(seed, STEPS, Planted::NONE) {
            Ok(history) => tally.add(&history),
            Err(violation) => panic!("seed {seed}: {}: {}", violation.rule, violation.detail),
        }
    }
    println!("{tally:?}");
    for (what, count) in [
        ("lost", tally.lost),
        ("doubled", tally.doubled),
        ("crashes", tally.crashes),
        ("restored", tally.restored),
        ("store restored", tally.store_restored),
        ("incarnations", tally.incarnations),
        ("forks", tally.forks),
    ] {
        assert!(count > 0, "no history had {what}");
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    assert_eq!(run(42, STEPS, Planted::NONE), run(42, STEPS, Planted::NONE));
}

#[test]
fn every_planted_bug_is_found() {
    let missed: Vec<Bug> = Bug::ALL
        .into_iter()
        .filter(|bug| {
            let found = (1..=seeds()).find_map(|seed| run(seed, STEPS, Planted::bug(*bug)).err());
            println!("{bug:?}: {:?}", found.as_ref().map(|violation| violation.rule));
            found.is_none()
        })
        .collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
