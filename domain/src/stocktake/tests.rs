use super::*;
use crate::ids::{Sku, TillId};
use proptest::prelude::*;
use uuid::Uuid;

const ERROR_MS: i64 = 1_000;

fn line(counted: i64, expected: i64) -> CountLine {
    CountLine {
        sku: Sku::new("tea-250").unwrap(),
        counted_milli: Quantity(counted),
        expected_milli: Quantity(expected),
        at_ms: 100_000,
    }
}

fn late(at_ms: i64, quantity: i64) -> LateMovement {
    let entry = EntryRef { till: TillId(Uuid::from_u128(2)), incarnation: 1, branch: 0, seq: 4 };
    LateMovement { entry, at_ms, quantity_milli: Quantity(quantity) }
}

#[test]
fn variance_is_counted_less_expected() {
    assert_eq!(variance(&line(7_000, 10_000)).unwrap(), Quantity(-3_000));
    assert_eq!(variance(&line(i64::MAX, -1)), Err(OutOfRange));
}

#[test]
fn inside_the_error_of_both_clocks_a_person_decides() {
    for at_ms in [98_000, 100_000, 102_000] {
        let outcome = late_outcome(&line(7_000, 10_000), &late(at_ms, -1_000), ERROR_MS).unwrap();
        assert_eq!(outcome, LateOutcome::AskPerson);
    }
    assert_eq!(place(97_999, 100_000, ERROR_MS), Placement::Before);
    assert_eq!(place(102_001, 100_000, ERROR_MS), Placement::After);
    assert_eq!(place(i64::MIN, i64::MAX, -1), Placement::Before, "no panic at the extremes");
}

proptest! {
    #[test]
    fn after_a_count_the_level_is_what_was_there_less_what_left_since(
        truth in 0..50_000_i64, found_wrong in -5_000..5_000_i64,
        sales in prop::collection::vec((0..200_000_i64, 1..3_000_i64), 0..10),
    ) {
        // The books were wrong by `found_wrong`; other tills' sales are unknown to the counter.
        let decided: Vec<_> =
            sales.iter().filter(|(at, _)| at.abs_diff(100_000) > 2_000).collect();
        let sold_before: i64 = decided.iter().filter(|(at, _)| *at < 100_000).map(|(_, q)| q).sum();
        let sold: i64 = decided.iter().map(|(_, q)| q).sum();
        let expected = truth + found_wrong;
        let count = line(truth - sold_before, expected);

        let mut on_hand = expected + variance(&count).unwrap().0;
        for (at_ms, quantity) in decided {
            let movement = late(*at_ms, -quantity);
            on_hand += movement.quantity_milli.0;
            if let LateOutcome::Correct { quantity_milli } =
                late_outcome(&count, &movement, ERROR_MS).unwrap()
            {
                on_hand += quantity_milli.0;
            }
        }
        prop_assert_eq!(on_hand, truth - sold);
    }
}
