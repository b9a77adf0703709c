use super::*;
use crate::clock::Moment;
use crate::entry::Movement;
use crate::feed::StockPolicy;
use crate::ids::{LocationId, OrderId, Sku};
use crate::reservation::{Reservation, reserve};
use crate::stock::{SaleRight, apply, plan_sale};
use proptest::prelude::*;
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

fn report(at_ms: i64, head_seq: i64, applied_through: i64) -> TillReport {
    TillReport { at_ms, incarnation: 1, head_seq, applied_through }
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

/// What happens to pooled-strict stock, in any order, with a till that speaks late.
#[derive(Debug, Clone)]
enum Step {
    Ask(i64),
    Sell(i64),
    Exchange(usize),
    Wait(i64),
    Reboot,
    Expire,
    GiveBack,
    WebReserves(i64),
    WebConfirms,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..5_i64).prop_map(Step::Ask),
        6 => (1..4_i64).prop_map(Step::Sell),
        4 => (0..4_usize).prop_map(Step::Exchange),
        3 => (1..HOUR_MS).prop_map(Step::Wait),
        1 => Just(Step::Reboot),
        3 => Just(Step::Expire),
        1 => Just(Step::GiveBack),
        4 => (1..4_i64).prop_map(Step::WebReserves),
        2 => Just(Step::WebConfirms),
    ];
    prop::collection::vec(step, 0..120)
}

/// A store and one till whose clock runs as slow as is allowed.
struct Pooled {
    level: Level,
    leases: Vec<Lease>,
    reservations: Vec<Reservation>,
    held: Vec<TillLease>,
    journal: Vec<Movement>,
    received: usize,
    now_ms: i64,
    boot: u128,
}

impl Pooled {
    fn till_now(&self) -> Moment {
        let slow_ms = self.now_ms - self.now_ms / 1_000_000 * DRIFT_PPM_MAX;
        Moment { at_ms: 0, mono_ms: slow_ms, boot: Uuid::from_u128(self.boot) }
    }

    fn report(&self) -> TillReport {
        report(self.now_ms, seq(self.journal.len()), seq(self.received))
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Ask(units) => self.ask(units),
            Step::Sell(units) => self.sell(units),
            Step::Exchange(count) => self.exchange(count),
            Step::Wait(ms) => self.now_ms += ms,
            Step::Reboot => self.boot += 1,
            Step::Expire => {
                for lease in &mut self.leases {
                    lease.expire(&mut self.level, self.now_ms).unwrap();
                }
            }
            Step::GiveBack => {
                let report = self.report();
                if let Some(held) = self.held.pop() {
                    let lease = self.leases.iter_mut().find(|lease| lease.fence == held.fence);
                    lease.unwrap().give_back(&mut self.level, report).unwrap();
                }
            }
            Step::WebReserves(units) => {
                let order = OrderId(Uuid::from_u128(9));
                let held = reserve(&mut self.level, order, milli(units), i64::MAX);
                self.reservations.extend(held.ok());
            }
            Step::WebConfirms => {
                if let Some(mut held) = self.reservations.pop() {
                    held.confirm(&mut self.level, self.now_ms).unwrap();
                }
            }
        }
    }

    fn ask(&mut self, units: i64) {
        let asked_at = self.till_now();
        let last_fence = self.leases.last().map_or(0, |lease| lease.fence);
        let terms = GrantTerms { now_ms: self.now_ms, last_fence, ..terms(units, 5, 1) };
        let Outcome::Granted(lease) = answer(None, &mut self.level, &terms) else { return };
        self.held.push(TillLease {
            fence: lease.fence,
            incarnation: 1,
            quantity_milli: lease.quantity_milli,
            spent_milli: milli(0),
            asked_at,
            ttl_ms: HOUR_MS,
        });
        self.leases.push(lease);
    }

    fn sell(&mut self, units: i64) {
        let now = self.till_now();
        let rights: Vec<_> =
            self.held.iter().filter_map(|lease| lease.held(now, 1).unwrap()).collect();
        let sku = Sku::new("ring").unwrap();
        let location = LocationId::new("mg-road").unwrap();
        let plan = plan_sale(&sku, &location, milli(units), &pool(0), &rights).unwrap();
        if plan.right != SaleRight::Allowed {
            return;
        }
        for movement in plan.movements {
            let lease = self.held.iter_mut().find(|held| Some(held.fence) == movement.lease);
            lease.unwrap().spent_milli.0 -= movement.quantity_milli.0;
            self.journal.push(movement);
        }
    }

    fn exchange(&mut self, count: usize) {
        let to = (self.received + count).min(self.journal.len());
        for movement in &self.journal[self.received..to] {
            let lease = self.leases.iter_mut().find(|lease| Some(lease.fence) == movement.lease);
            let lease = lease.unwrap();
            let applied = apply(self.level, movement, Some(lease)).unwrap();
            assert_eq!(applied.exceptions, vec![], "a sale within its lease needs nobody");
            self.level = applied.level;
            *lease = applied.lease.unwrap();
        }
        self.received = to;
        let report = self.report();
        for lease in &mut self.leases {
            lease.hear(&mut self.level, report).unwrap();
        }
    }
}

fn seq(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn pooled_strict_web_and_till_sales_never_oversell(steps in steps()) {
        let mut shop = Pooled {
            level: pool(20),
            leases: vec![],
            reservations: vec![],
            held: vec![],
            journal: vec![],
            received: 0,
            now_ms: 0,
            boot: 1,
        };
        for step in &steps {
            shop.step(step);
            let unsent: i64 = shop.journal[shop.received..].iter().map(|sold| sold.quantity_milli.0).sum();
            let really_there = shop.level.on_hand_milli.0 + unsent;
            prop_assert!(really_there >= shop.level.reserved_milli.0, "oversold after {step:?}");
            prop_assert!(shop.level.free().unwrap() >= Quantity::ZERO);
        }
    }
}
