use super::*;
use crate::feed::StockPolicy;
use proptest::prelude::*;
use uuid::Uuid;

fn milli(units: i64) -> Quantity {
    Quantity(units * 1000)
}

fn level(on_hand: i64, allotted: i64) -> Level {
    Level {
        policy: StockPolicy::RingFenced,
        on_hand_milli: milli(on_hand),
        allotted_milli: milli(allotted),
        allotted_proposed_milli: milli(allotted),
        ..Level::default()
    }
}

fn seen(cursor: i64, head_seq: i64, applied_through: i64) -> TillSeen {
    TillSeen { till: TillId(Uuid::from_u128(1)), live: true, cursor, head_seq, applied_through }
}

#[test]
fn lowering_takes_effect_at_once() {
    let lowered = propose(level(10, 5), milli(2)).unwrap();
    assert_eq!((lowered.allotted_milli, lowered.allotted_proposed_milli), (milli(2), milli(2)));
}

#[test]
fn raising_waits_for_every_live_till() {
    let proposed = propose(level(10, 2), milli(6)).unwrap();
    assert_eq!(proposed.allotted_milli, milli(2), "the web does not sell it yet");
    assert_eq!(proposed.shelf().unwrap(), milli(4), "tills leave it alone already");
    let behind = [seen(90, 4, 4), seen(89, 4, 4)];
    assert_eq!(take_effect(proposed, 90, &behind).unwrap(), proposed);
    let all = [seen(90, 4, 4), seen(91, 7, 7)];
    assert_eq!(take_effect(proposed, 90, &all).unwrap().allotted_milli, milli(6));
}

#[test]
fn a_till_with_unsent_sales_has_not_acknowledged() {
    assert_eq!(acknowledged_through(&[seen(90, 40, 12)]), None);
    assert_eq!(acknowledged_through(&[seen(90, 40, 40)]), Some(90));
    assert_eq!(acknowledged_through(&[seen(90, 40, 40), seen(80, 1, 1)]), Some(80));
}

#[test]
fn a_retired_till_is_not_waited_for() {
    let retired = TillSeen { live: false, ..seen(0, 40, 12) };
    let proposed = propose(level(10, 0), milli(6)).unwrap();
    assert_eq!(take_effect(proposed, 90, &[retired]).unwrap().allotted_milli, milli(6));
}

#[test]
fn an_allotment_is_never_raised_beyond_what_is_free() {
    let proposed = propose(level(3, 0), milli(6)).unwrap();
    let raised = take_effect(proposed, 90, &[]).unwrap();
    assert_eq!(raised.allotted_milli, milli(3));
    let short = propose(level(-2, 0), milli(6)).unwrap();
    assert_eq!(take_effect(short, 90, &[]).unwrap(), short);
}

#[test]
fn an_allotment_below_zero_is_refused() {
    assert_eq!(propose(level(3, 0), milli(-1)), Err(StockError::NotPositive));
}

/// What happens in a ring-fenced shop, in any order, with a till that hears of it late.
#[derive(Debug, Clone)]
enum Step {
    TillSells(i64),
    TillPushes(usize),
    TillPulls,
    StoreProposes(i64),
    StoreTakesEffect,
    WebReserves(i64),
    WebConfirms,
    WebReleases,
    StoreReceives(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..4_i64).prop_map(Step::TillSells),
        2 => (0..3_usize).prop_map(Step::TillPushes),
        2 => Just(Step::TillPulls),
        2 => (0..8_i64).prop_map(Step::StoreProposes),
        3 => Just(Step::StoreTakesEffect),
        3 => (1..4_i64).prop_map(Step::WebReserves),
        2 => Just(Step::WebConfirms),
        1 => Just(Step::WebReleases),
        1 => (1..5_i64).prop_map(Step::StoreReceives),
    ];
    prop::collection::vec(step, 0..120)
}

/// One shop with one till: the store's level with a feed number, and the till's view of it.
struct Shop {
    level: Level,
    feed: i64,
    proposal_feed: i64,
    reservations: Vec<crate::reservation::Reservation>,
    till_level: Level,
    cursor: i64,
    reported: TillSeen,
    unsent: Vec<i64>,
    head: i64,
}

impl Shop {
    fn open() -> Self {
        let level = level(12, 0);
        Self {
            level,
            feed: 1,
            proposal_feed: 0,
            reservations: vec![],
            till_level: level,
            cursor: 1,
            reported: seen(0, 0, 0),
            unsent: vec![],
            head: 0,
        }
    }

    fn publish(&mut self, level: Level) {
        if level != self.level {
            self.feed += 1;
            self.level = level;
        }
    }

    fn step(&mut self, step: &Step) {
        use crate::reservation::{ReleaseReason, ReservationState, reserve};
        let order = crate::ids::OrderId(Uuid::from_u128(5));
        match *step {
            Step::TillSells(units) => {
                let unsent: i64 = self.unsent.iter().sum();
                let shelf = self.till_level.shelf().unwrap().0 - unsent;
                if units * 1000 <= shelf {
                    self.unsent.push(units * 1000);
                    self.head += 1;
                }
            }
            Step::TillPushes(count) => {
                self.reported.head_seq = self.head;
                self.reported.cursor = self.cursor;
                let count = count.min(self.unsent.len());
                let mut level = self.level;
                for quantity in self.unsent.drain(..count) {
                    level.on_hand_milli.0 -= quantity;
                    // The view keeps its own sales: what is pushed moves into the level it stands on.
                    self.till_level.on_hand_milli.0 -= quantity;
                    self.reported.applied_through += 1;
                }
                self.publish(level);
            }
            Step::TillPulls => {
                self.till_level = self.level;
                self.cursor = self.feed;
            }
            Step::StoreProposes(units) => {
                let level = propose(self.level, milli(units)).unwrap();
                self.publish(level);
                self.proposal_feed = self.feed;
            }
            Step::StoreTakesEffect => {
                let level = take_effect(self.level, self.proposal_feed, &[self.reported]).unwrap();
                self.publish(level);
            }
            Step::WebReserves(units) => {
                let mut level = self.level;
                if let Ok(held) = reserve(&mut level, order, milli(units), 1) {
                    self.reservations.push(held);
                    self.publish(level);
                }
            }
            Step::WebConfirms | Step::WebReleases => {
                let active = |held: &&mut crate::reservation::Reservation| {
                    matches!(held.state, ReservationState::Active { .. })
                };
                let mut level = self.level;
                if let Some(held) = self.reservations.iter_mut().find(active) {
                    if matches!(step, Step::WebConfirms) {
                        held.confirm(&mut level, 1).unwrap();
                    } else {
                        held.release(&mut level, ReleaseReason::Cancelled, 1).unwrap();
                    }
                    self.publish(level);
                }
            }
            Step::StoreReceives(units) => {
                let on_hand_milli = self.level.on_hand_milli.checked_add(milli(units)).unwrap();
                self.publish(Level { on_hand_milli, ..self.level });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn ring_fenced_web_and_till_sales_never_oversell(steps in steps()) {
        let mut shop = Shop::open();
        for step in &steps {
            shop.step(step);
            let unsent: i64 = shop.unsent.iter().sum();
            let truly_free = shop.level.free().unwrap().0 - unsent;
            prop_assert!(truly_free >= 0, "promised more than there is after {step:?}");
        }
    }
}
