use super::*;
use crate::clock::Moment;
use crate::feed::StockPolicy;
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

fn milli(units: i64) -> Quantity {
    Quantity(units * 1000)
}

fn till() -> TillId {
    TillId(Uuid::from_u128(1))
}

fn pool(on_hand: i64) -> Level {
    Level { policy: StockPolicy::PooledStrict, on_hand_milli: milli(on_hand), ..Level::default() }
}

fn terms(wanted: i64, setting: i64, live_tills: i64) -> GrantTerms {
    GrantTerms {
        till: till(),
        incarnation: 1,
        wanted_milli: milli(wanted),
        setting_milli: milli(setting),
        live_tills,
        home: None,
        unique: false,
        ttl_ms: HOUR_MS,
        now_ms: 0,
        last_fence: 41,
    }
}

fn granted(level: &mut Level, terms: &GrantTerms) -> Lease {
    match answer(None, level, terms) {
        Outcome::Granted(lease) => lease,
        Outcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

fn in_doubt(level: &mut Level) -> Lease {
    let mut lease = granted(level, &terms(3, 3, 1));
    lease.expire(level, 2 * HOUR_MS).unwrap();
    lease
}

fn report(at_ms: i64, head_seq: i64, received_through: i64) -> TillReport {
    TillReport { at_ms, incarnation: 1, head_seq, received_through }
}

#[test]
fn a_lease_is_the_smaller_of_wish_and_fair_share_in_whole_units() {
    assert_eq!(grant_size(milli(5), milli(30), 2), milli(5));
    assert_eq!(grant_size(milli(50), milli(30), 2), milli(10));
    assert_eq!(grant_size(milli(5), milli(8), 2), milli(2), "8 ÷ 3 = 2.67");
    assert_eq!(grant_size(milli(5), milli(2), 2), milli(0));
    assert_eq!(grant_size(milli(5), milli(-4), 2), milli(0));
    assert_eq!(grant_size(milli(5), milli(7), 0), milli(5));
    assert_eq!(grant_size(milli(5), milli(7), -3), milli(5));
}

#[test]
fn fences_strictly_increase_and_never_wrap() {
    assert_eq!(next_fence(41), Some(42));
    assert_eq!(next_fence(i64::MAX), None);
    let mut level = pool(10);
    assert_eq!(granted(&mut level, &terms(1, 1, 1)).fence, 42);
}

#[test]
fn a_refused_request_never_succeeds_later() {
    let mut empty = pool(0);
    let refused = answer(None, &mut empty, &terms(1, 1, 1));
    assert_eq!(refused, Outcome::Refused(LeaseRefusal::NothingFree));
    let mut full = pool(100);
    assert_eq!(answer(Some(refused.clone()), &mut full, &terms(1, 1, 1)), refused);
    assert_eq!(full, pool(100));
}

#[test]
fn a_repeated_request_grants_nothing_twice() {
    let mut level = pool(10);
    let first = answer(None, &mut level, &terms(2, 5, 1));
    let after = level;
    assert_eq!(answer(Some(first.clone()), &mut level, &terms(2, 5, 1)), first);
    assert_eq!(level, after);
}

#[test]
fn ring_fenced_stock_is_not_leased() {
    let mut level = Level { policy: StockPolicy::RingFenced, ..pool(10) };
    let refused = answer(None, &mut level, &terms(1, 1, 1));
    assert_eq!(refused, Outcome::Refused(LeaseRefusal::NotPooled));
}

#[test]
fn absurd_requests_are_refused_by_name() {
    let mut level = pool(10);
    let bad_ttl = GrantTerms { ttl_ms: TTL_MS_MAX + 1, ..terms(1, 1, 1) };
    assert_eq!(answer(None, &mut level, &bad_ttl), Outcome::Refused(LeaseRefusal::BadTtl));
    for wanted in [0, -5] {
        let refused = answer(None, &mut level, &terms(wanted, 1, 1));
        assert_eq!(refused, Outcome::Refused(LeaseRefusal::NotPositive));
    }
    let spent = GrantTerms { last_fence: i64::MAX, ..terms(1, 1, 1) };
    assert_eq!(answer(None, &mut level, &spent), Outcome::Refused(LeaseRefusal::OutOfRange));
    assert_eq!(level, pool(10));
}

#[test]
fn a_one_of_a_kind_item_goes_whole_to_its_home_till_or_stays_with_the_web() {
    let unique = GrantTerms { unique: true, ..terms(1, 1, 3) };
    let kept = answer(None, &mut pool(1), &unique);
    assert_eq!(kept, Outcome::Refused(LeaseRefusal::NotHome));
    let elsewhere = GrantTerms { home: Some(TillId(Uuid::from_u128(2))), ..unique };
    let kept = answer(None, &mut pool(1), &elsewhere);
    assert_eq!(kept, Outcome::Refused(LeaseRefusal::NotHome));

    let home = GrantTerms { home: Some(till()), ..unique };
    let mut level = pool(1);
    assert_eq!(granted(&mut level, &home).quantity_milli, milli(1));
    assert_eq!(level.web_available().unwrap(), Quantity::ZERO);
    let again = answer(None, &mut level, &home);
    assert_eq!(again, Outcome::Refused(LeaseRefusal::NothingFree));
}

#[test]
fn a_reserved_unique_item_is_not_leased() {
    let home = GrantTerms { unique: true, home: Some(till()), ..terms(1, 1, 1) };
    let mut level = pool(1).reserve_free(milli(1)).unwrap();
    assert_eq!(answer(None, &mut level, &home), Outcome::Refused(LeaseRefusal::NothingFree));
}

#[test]
fn the_tills_right_ends_before_the_stores_books_say_so() {
    // Asked at 0, granted by the store at 400, on a till whose clock is 1000 ppm slow.
    let till_ends_ms = HOUR_MS + HOUR_MS / 1000;
    assert!(expiry(400, HOUR_MS) > till_ends_ms);
}

#[test]
fn expiry_ends_the_right_but_not_the_doubt() {
    let mut level = pool(10);
    let mut lease = granted(&mut level, &terms(3, 3, 1));
    assert_eq!(lease.expire(&mut level, HOUR_MS).unwrap(), LeaseChange::Unchanged);
    assert_eq!(lease.expire(&mut level, 2 * HOUR_MS).unwrap(), LeaseChange::Changed);
    assert_eq!(level.in_doubt_milli, milli(3));
    assert_eq!(level.leased_milli, milli(0));
    assert_eq!(level.free().unwrap(), milli(7));
}

#[test]
fn doubt_ends_only_when_all_entries_under_the_lease_have_arrived() {
    let mut level = pool(10);
    let mut lease = in_doubt(&mut level);
    lease.hear(&mut level, report(3 * HOUR_MS, 120, 80)).unwrap();
    assert_eq!(level.in_doubt_milli, milli(3), "40 entries are still on their way");
    lease.hear(&mut level, report(4 * HOUR_MS, 900, 119)).unwrap();
    assert_eq!(level.in_doubt_milli, milli(3));
    lease.hear(&mut level, report(5 * HOUR_MS, 1000, 120)).unwrap();
    assert_eq!(level.in_doubt_milli, milli(0), "later entries have nothing to do with the lease");
    assert_eq!(lease.state, LeaseState::Settled { at_ms: 5 * HOUR_MS });
    assert_eq!(level.free().unwrap(), milli(10));
}

#[test]
fn what_was_said_before_the_expiry_settles_nothing() {
    let mut level = pool(10);
    let mut lease = in_doubt(&mut level);
    let early = lease.hear(&mut level, report(HOUR_MS, 120, 120)).unwrap();
    assert_eq!(early, LeaseChange::Unchanged);
    assert_eq!(level.in_doubt_milli, milli(3));
}

#[test]
fn the_next_incarnation_cannot_settle_what_the_lost_ledger_held() {
    let mut level = pool(10);
    let mut lease = in_doubt(&mut level);
    let reborn = TillReport { incarnation: 2, ..report(9 * HOUR_MS, 500, 500) };
    assert_eq!(lease.hear(&mut level, reborn).unwrap(), LeaseChange::Unchanged);
    assert_eq!(lease.give_back(&mut level, reborn).unwrap(), LeaseChange::Unchanged);
    let by = StaffId::new("asha").unwrap();
    lease.write_off(&mut level, by.clone(), 10 * HOUR_MS).unwrap();
    assert_eq!(lease.state, LeaseState::WrittenOff { by, at_ms: 10 * HOUR_MS });
    assert_eq!(level.free().unwrap(), milli(10));
}

#[test]
fn a_valid_lease_cannot_be_written_off() {
    let mut level = pool(10);
    let mut lease = granted(&mut level, &terms(3, 3, 1));
    let by = StaffId::new("asha").unwrap();
    assert_eq!(lease.write_off(&mut level, by, 5).unwrap(), LeaseChange::Unchanged);
    assert_eq!(level.leased_milli, milli(3));
}

#[test]
fn a_lease_given_back_returns_once_its_sales_have_arrived() {
    let mut level = pool(10);
    let mut lease = granted(&mut level, &terms(3, 3, 1));
    lease.give_back(&mut level, report(5, 30, 29)).unwrap();
    assert_eq!(level.in_doubt_milli, milli(3));
    lease.hear(&mut level, report(6, 31, 30)).unwrap();
    assert_eq!(level.free().unwrap(), milli(10));
}

#[test]
fn a_till_counts_from_before_it_asked_and_drops_the_lease_on_a_new_boot_or_incarnation() {
    let boot = Uuid::from_u128(7);
    let asked_at = Moment { at_ms: 0, mono_ms: 1_000, boot };
    let lease = TillLease {
        fence: 1,
        incarnation: 1,
        quantity_milli: milli(3),
        spent_milli: milli(1),
        asked_at,
        ttl_ms: HOUR_MS,
    };
    let at = |mono_ms, boot| Moment { at_ms: 0, mono_ms, boot };
    let held = lease.held(at(1_000 + HOUR_MS - 1, boot), 1).unwrap();
    assert_eq!(held.map(|held| held.remaining_milli), Some(milli(2)));
    assert_eq!(lease.held(at(1_000 + HOUR_MS, boot), 1).unwrap(), None, "over");
    assert_eq!(lease.held(at(2_000, boot), 2).unwrap(), None, "another incarnation");
    assert_eq!(lease.held(at(2_000, Uuid::from_u128(8)), 1).unwrap(), None, "another boot");
    assert_eq!(lease.held(at(500, boot), 1).unwrap(), None, "an impossible order of times");
    let spent = TillLease { spent_milli: milli(3), ..lease };
    assert_eq!(spent.held(at(2_000, boot), 1).unwrap(), None);
}
