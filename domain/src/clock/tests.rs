use super::*;

const HOUR_MS: i64 = 3_600_000;

fn moment(at_ms: i64, mono_ms: i64, boot: u128) -> Moment {
    Moment { at_ms, mono_ms, boot: Uuid::from_u128(boot) }
}

#[test]
fn clocks_that_run_together_are_steady() {
    let last = moment(1_000_000, 500, 1);
    assert_eq!(check(last, moment(1_000_000 + HOUR_MS, 500 + HOUR_MS, 1)), ClockVerdict::Steady);
}

#[test]
fn a_jump_within_a_boot_is_flagged_either_way() {
    let last = moment(100 * HOUR_MS, 0, 1);
    for jump in [-2 * HOUR_MS, 2 * HOUR_MS] {
        let now = moment(101 * HOUR_MS + jump, HOUR_MS, 1);
        let expected = ClockJumped { expected_ms: 101 * HOUR_MS, found_ms: 101 * HOUR_MS + jump };
        assert_eq!(check(last, now), ClockVerdict::Jumped(expected));
    }
}

#[test]
fn a_jump_of_more_than_a_day_asks_a_manager_either_way() {
    let last = moment(1000 * HOUR_MS, 0, 1);
    for jump in [-25 * HOUR_MS, 25 * HOUR_MS] {
        let now = moment(1000 * HOUR_MS + jump, 0, 1);
        assert!(matches!(check(last, now), ClockVerdict::AskManager(_)));
    }
}

#[test]
fn a_weekend_switched_off_is_no_jump() {
    let last = moment(1000 * HOUR_MS, 9_999, 1);
    assert_eq!(check(last, moment(1072 * HOUR_MS, 30_000, 2)), ClockVerdict::Steady);
}

#[test]
fn a_dead_clock_battery_asks_a_manager() {
    let last = moment(500_000 * HOUR_MS, 9_999, 1);
    let verdict = check(last, moment(0, 30_000, 2));
    let jumped = ClockJumped { expected_ms: 500_000 * HOUR_MS, found_ms: 0 };
    assert_eq!(verdict, ClockVerdict::AskManager(jumped));
}

#[test]
fn years_ahead_after_a_restart_ask_a_manager() {
    let last = moment(500_000 * HOUR_MS, 9_999, 1);
    let verdict = check(last, moment(510_000 * HOUR_MS, 30_000, 2));
    assert!(matches!(verdict, ClockVerdict::AskManager(_)));
}

#[test]
fn extreme_clocks_do_not_panic() {
    for at_ms in [i64::MIN, -1, 0, i64::MAX] {
        for mono_ms in [i64::MIN, 0, i64::MAX] {
            for boot in [1, 2] {
                let _ = check(moment(0, 0, 1), moment(at_ms, mono_ms, boot));
                let _ = check(moment(at_ms, mono_ms, boot), moment(0, 0, 1));
            }
        }
    }
}

#[test]
fn the_wall_clock_cannot_shorten_a_wait() {
    let failed = moment(1_000, 5_000, 1);
    assert_eq!(moment(99 * HOUR_MS, 6_000, 1).at_least_since(failed), 1_000);
    assert_eq!(moment(99 * HOUR_MS, 2_000, 2).at_least_since(failed), 2_000, "since the restart");
}

#[test]
fn the_day_is_local_and_the_fiscal_year_is_labelled_by_both_years() {
    // 2026-03-31 23:30 and 2026-04-01 00:30 in India.
    let night = 1_774_980_000_000;
    let before = shift_day(night, 330, 4).unwrap();
    assert_eq!((before.day.as_str(), before.fiscal_year.as_str()), ("2026-03-31", "25-26"));
    let after = shift_day(night + HOUR_MS, 330, 4).unwrap();
    assert_eq!((after.day.as_str(), after.fiscal_year.as_str()), ("2026-04-01", "26-27"));
}

#[test]
fn a_calendar_fiscal_year_has_one_label() {
    assert_eq!(shift_day(1_774_980_000_000, 0, 1).unwrap().fiscal_year, "26");
}

#[test]
fn bad_months_and_moments_are_refused() {
    for month in [0, 13] {
        assert!(matches!(shift_day(0, 0, month), Err(DayError::FiscalYear(_))));
    }
    assert_eq!(shift_day(i64::MAX, 0, 4), Err(DayError::OutOfCalendar));
}
