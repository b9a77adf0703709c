use super::*;
use crate::entry::MovementReason;
use crate::feed::StockPolicy;
use crate::ids::{LocationId, OrderId, Sku, TillId};
use crate::lease::{Lease, LeaseState};
use proptest::prelude::*;
use uuid::Uuid;

fn milli(units: i64) -> Quantity {
    Quantity(units * 1000)
}

fn level(policy: StockPolicy, on_hand: i64) -> Level {
    Level { policy, on_hand_milli: milli(on_hand), ..Level::default() }
}

fn movement(units: i64, lease: Option<i64>) -> Movement {
    Movement {
        sku: sku(),
        location: location(),
        quantity_milli: milli(units),
        reason: if units < 0 { MovementReason::Sale } else { MovementReason::Return },
        lease,
        beyond_rights: false,
    }
}

fn sku() -> Sku {
    Sku::new("tea-250").unwrap()
}

fn location() -> LocationId {
    LocationId::new("mg-road").unwrap()
}

fn plan(units: i64, shown: &Level, leases: &[HeldLease]) -> SalePlan {
    plan_sale(&sku(), &location(), milli(units), shown, leases).unwrap()
}

fn lease(fence: i64, units: i64) -> Lease {
    Lease {
        fence,
        till: TillId(Uuid::from_u128(1)),
        incarnation: 1,
        quantity_milli: milli(units),
        remaining_milli: milli(units),
        state: LeaseState::Granted { expires_at_ms: 1_000 },
    }
}

#[test]
fn a_movement_of_zero_is_refused() {
    assert_eq!(validate(&movement(0, None)), Err(StockError::Zero));
}

#[test]
fn a_movement_beyond_the_limit_is_refused_either_way() {
    let mut absurd = movement(1, None);
    for quantity in [MOVEMENT_MILLI_MAX + 1, -MOVEMENT_MILLI_MAX - 1, i64::MIN, i64::MAX] {
        absurd.quantity_milli = Quantity(quantity);
        assert_eq!(validate(&absurd), Err(StockError::TooLarge));
    }
    absurd.quantity_milli = Quantity(-MOVEMENT_MILLI_MAX);
    assert_eq!(validate(&absurd), Ok(()));
}

#[test]
fn goods_that_come_in_name_no_lease() {
    assert_eq!(validate(&movement(1, Some(7))), Err(StockError::LeaseOnIncoming));
}

#[test]
fn an_own_sale_counts_until_a_level_contains_it() {
    let sold =
        |effect_feed| OwnMovement { quantity_milli: milli(-2), under_lease: false, effect_feed };
    let row = Some((level(StockPolicy::RingFenced, 10), 50));
    let on_hand = |effect_feed| shown(row, [sold(effect_feed)]).unwrap().on_hand_milli;
    assert_eq!(on_hand(None), milli(8), "unsent or quarantined");
    assert_eq!(on_hand(Some(51)), milli(8), "applied after this level");
    assert_eq!(on_hand(Some(50)), milli(10), "told by the very row before the level");
    assert_eq!(on_hand(Some(49)), milli(10), "contained in the level");
}

#[test]
fn without_a_level_all_own_movements_show() {
    let own = [(-2, None), (5, Some(3))].map(|(units, effect_feed)| OwnMovement {
        quantity_milli: milli(units),
        under_lease: false,
        effect_feed,
    });
    assert_eq!(shown(None, own).unwrap().on_hand_milli, milli(3));
}

#[test]
fn ring_fenced_shelf_leaves_reserved_and_set_aside_goods_alone() {
    let shelf = Level {
        allotted_milli: milli(2),
        allotted_proposed_milli: milli(4),
        reserved_milli: milli(1),
        ..level(StockPolicy::RingFenced, 10)
    };
    assert_eq!(
        available(&shelf, &[]).unwrap(),
        milli(5),
        "the proposed 4 count, not the effective 2"
    );
    assert_eq!(plan(5, &shelf, &[]).right, SaleRight::Allowed);
    assert_eq!(
        plan(6, &shelf, &[]).right,
        SaleRight::BeyondRights { available_milli: milli(5), needs_approval: true }
    );
    let books = level(StockPolicy::RingFenced, 10);
    assert_eq!(
        plan(11, &books, &[]).right,
        SaleRight::BeyondRights { available_milli: milli(10), needs_approval: false },
        "the web was given nothing of it: only the books are wrong"
    );
}

#[test]
fn pooled_strict_sells_from_leases_only_oldest_first() {
    let pool = Level { leased_milli: milli(3), ..level(StockPolicy::PooledStrict, 100) };
    let leases = [
        HeldLease { fence: 9, remaining_milli: milli(2) },
        HeldLease { fence: 4, remaining_milli: milli(1) },
    ];
    let planned = plan(5, &pool, &leases);
    assert_eq!(
        planned.right,
        SaleRight::BeyondRights { available_milli: milli(3), needs_approval: true }
    );
    let parts: Vec<_> = planned
        .movements
        .iter()
        .map(|part| (part.lease, part.quantity_milli, part.beyond_rights))
        .collect();
    let expected =
        vec![(Some(4), milli(-1), false), (Some(9), milli(-2), false), (None, milli(-2), true)];
    assert_eq!(parts, expected);
    assert_eq!(
        plan(1, &pool, &[]).right,
        SaleRight::BeyondRights { available_milli: milli(0), needs_approval: true }
    );
}

#[test]
fn pooled_soft_sells_beyond_what_is_free_and_says_so() {
    let pool = Level { reserved_milli: milli(4), ..level(StockPolicy::PooledSoft, 5) };
    let planned = plan(3, &pool, &[]);
    assert_eq!(
        planned.right,
        SaleRight::BeyondRights { available_milli: milli(1), needs_approval: false }
    );
    let beyond: i64 = planned
        .movements
        .iter()
        .filter(|part| part.beyond_rights)
        .map(|part| part.quantity_milli.0)
        .sum();
    assert_eq!(beyond, -2000, "only what is not free lies beyond");
}

#[test]
fn a_cashier_is_never_told_a_negative_quantity() {
    let negative = level(StockPolicy::RingFenced, -3);
    assert_eq!(available(&negative, &[]).unwrap(), Quantity::ZERO);
}

#[test]
fn a_plan_refuses_nothing_and_absurd_quantities() {
    let shelf = level(StockPolicy::RingFenced, 1);
    for (quantity, error) in [
        (0, StockError::NotPositive),
        (-1000, StockError::NotPositive),
        (i64::MAX, StockError::TooLarge),
    ] {
        let refused = plan_sale(&sku(), &location(), Quantity(quantity), &shelf, &[]);
        assert_eq!(refused, Err(error));
    }
}

#[test]
fn a_sale_under_a_lease_leaves_free_as_it_was() {
    let before = level(StockPolicy::PooledStrict, 10).lease(milli(3)).unwrap();
    let applied = apply(before, &movement(-2, Some(5)), Some(&lease(5, 3))).unwrap();
    assert_eq!(applied.level.on_hand_milli, milli(8));
    assert_eq!(applied.level.leased_milli, milli(1));
    assert_eq!(applied.level.free().unwrap(), before.free().unwrap());
    assert_eq!(applied.lease.unwrap().remaining_milli, milli(1));
    assert!(applied.exceptions.is_empty());
}

#[test]
fn a_sale_beyond_its_lease_is_applied_and_named() {
    let before = level(StockPolicy::PooledStrict, 10).lease(milli(3)).unwrap();
    let applied = apply(before, &movement(-5, Some(5)), Some(&lease(5, 3))).unwrap();
    assert_eq!(applied.level.on_hand_milli, milli(5));
    assert_eq!(applied.level.leased_milli, milli(0));
    assert_eq!(
        applied.exceptions,
        vec![StockException::LeaseExceeded { fence: 5, by_milli: milli(2) }]
    );
}

#[test]
fn an_unknown_or_written_off_lease_covers_nothing() {
    let by = crate::ids::StaffId::new("asha").unwrap();
    let over = Lease { state: LeaseState::WrittenOff { by, at_ms: 9 }, ..lease(5, 3) };
    let other_fence = lease(6, 3);
    for held in [None, Some(&over), Some(&other_fence)] {
        let before = level(StockPolicy::PooledStrict, 10);
        let applied = apply(before, &movement(-2, Some(5)), held).unwrap();
        assert_eq!(applied.level.on_hand_milli, milli(8), "the goods are gone all the same");
        assert_eq!(
            applied.exceptions,
            vec![StockException::LeaseExceeded { fence: 5, by_milli: milli(2) }]
        );
    }
}

#[test]
fn overselling_names_the_newest_orders_first_and_no_more_than_needed() {
    let before = Level { reserved_milli: milli(5), ..level(StockPolicy::PooledSoft, 6) };
    let applied = apply(before, &movement(-3, None), None).unwrap();
    assert_eq!(applied.exceptions, vec![StockException::Oversold { short_milli: milli(2) }]);

    let promise = |id, placed_at_ms, units| Promise {
        order: OrderId(Uuid::from_u128(id)),
        placed_at_ms,
        quantity_milli: milli(units),
    };
    let promises = [promise(1, 10, 2), promise(2, 30, 1), promise(3, 20, 2)];
    let named = endangered(&applied.level, &promises).unwrap();
    let expected: Vec<_> = [2, 3].map(|id| OrderId(Uuid::from_u128(id))).to_vec();
    assert_eq!(named, expected);
}

#[test]
fn unsold_allotment_gives_way_before_an_order_does() {
    let short = Level {
        reserved_milli: milli(2),
        allotted_milli: milli(3),
        ..level(StockPolicy::RingFenced, 3)
    };
    let promise =
        Promise { order: OrderId(Uuid::from_u128(1)), placed_at_ms: 1, quantity_milli: milli(2) };
    assert_eq!(endangered(&short, &[promise]).unwrap(), vec![]);
}

#[test]
fn a_negative_level_without_promises_is_no_oversell() {
    let applied = apply(level(StockPolicy::RingFenced, 0), &movement(-1, None), None).unwrap();
    assert_eq!(
        applied.exceptions,
        vec![StockException::NegativeOnHand { on_hand_milli: milli(-1) }]
    );
}

#[test]
fn returning_goods_opens_no_exception_even_below_zero() {
    let applied = apply(level(StockPolicy::RingFenced, -5), &movement(1, None), None).unwrap();
    assert!(applied.exceptions.is_empty());
}

#[test]
fn the_books_refuse_to_take_more_out_of_a_pool_than_is_in_it() {
    let shelf = level(StockPolicy::PooledSoft, 5);
    for taken in [shelf.unlease(milli(1)), shelf.undoubt(milli(1)), shelf.deduct_reserved(milli(1))]
    {
        assert!(matches!(taken, Err(StockError::PoolShort { .. })));
    }
    assert_eq!(shelf.unlease(milli(-1)), Err(StockError::NotPositive));
}

#[test]
fn sums_out_of_range_are_errors_not_panics() {
    let full = Level { on_hand_milli: Quantity(i64::MAX), ..Level::default() };
    assert!(matches!(apply(full, &movement(1, None), None), Err(StockError::OutOfRange(_))));
    let empty = Level { on_hand_milli: Quantity(i64::MIN), ..Level::default() };
    assert!(matches!(apply(empty, &movement(-1, None), None), Err(StockError::OutOfRange(_))));
}

#[derive(Debug, Clone)]
enum Step {
    Lease(i64),
    Doubt(i64),
    Unlease(i64),
    Undoubt(i64),
    ReserveFree(i64),
    ReserveAllotted(i64),
    UnreserveFree(i64),
    UnreserveAllotted(i64),
    Deduct(i64),
    Move(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let units = -2..6_i64;
    let step = prop_oneof![
        units.clone().prop_map(Step::Lease),
        units.clone().prop_map(Step::Doubt),
        units.clone().prop_map(Step::Unlease),
        units.clone().prop_map(Step::Undoubt),
        units.clone().prop_map(Step::ReserveFree),
        units.clone().prop_map(Step::ReserveAllotted),
        units.clone().prop_map(Step::UnreserveFree),
        units.clone().prop_map(Step::UnreserveAllotted),
        units.clone().prop_map(Step::Deduct),
        (-6..6_i64).prop_map(Step::Move),
    ];
    prop::collection::vec(step, 0..60)
}

fn take_step(level: Level, step: &Step) -> Result<Level, StockError> {
    match *step {
        Step::Lease(units) => level.lease(milli(units)),
        Step::Doubt(units) => level.doubt(milli(units)),
        Step::Unlease(units) => level.unlease(milli(units)),
        Step::Undoubt(units) => level.undoubt(milli(units)),
        Step::ReserveFree(units) => level.reserve_free(milli(units)),
        Step::ReserveAllotted(units) => level.reserve_allotted(milli(units)),
        Step::UnreserveFree(units) => level.unreserve_free(milli(units)),
        Step::UnreserveAllotted(units) => level.unreserve_allotted(milli(units)),
        Step::Deduct(units) => level.deduct_reserved(milli(units)),
        Step::Move(units) => apply(level, &movement(units, None), None).map(|done| done.level),
    }
}

proptest! {
    #[test]
    fn parts_always_sum_to_on_hand_and_grants_never_push_free_below_zero(steps in steps()) {
        let mut now = Level { allotted_milli: milli(4), ..level(StockPolicy::PooledSoft, 20) };
        for step in &steps {
            let Ok(next) = take_step(now, step) else { continue };
            let sum = Quantity::total([
                next.free().unwrap(), next.leased_milli, next.in_doubt_milli,
                next.reserved_milli, next.allotted_milli,
            ]).unwrap();
            prop_assert_eq!(sum, next.on_hand_milli);
            for part in [next.leased_milli, next.in_doubt_milli, next.reserved_milli, next.allotted_milli] {
                prop_assert!(part >= Quantity::ZERO);
            }
            if next.free().unwrap() < now.free().unwrap() && !matches!(step, Step::Move(_)) {
                prop_assert!(next.free().unwrap() >= Quantity::ZERO);
            }
            now = next;
        }
    }

    #[test]
    fn a_plan_moves_exactly_what_is_sold(
        units in 1..50_i64, on_hand in -10..50_i64, first in 0..10_i64, second in 0..10_i64,
        policy in prop_oneof![
            Just(StockPolicy::RingFenced), Just(StockPolicy::PooledStrict), Just(StockPolicy::PooledSoft)
        ],
    ) {
        let leases = [
            HeldLease { fence: 1, remaining_milli: milli(first) },
            HeldLease { fence: 2, remaining_milli: milli(second) },
        ];
        let shown = level(policy, on_hand);
        let planned = plan(units, &shown, &leases);
        let moved = Quantity::total(planned.movements.iter().map(|part| part.quantity_milli)).unwrap();
        prop_assert_eq!(moved, milli(-units));
        for part in &planned.movements {
            prop_assert_eq!(validate(part), Ok(()));
        }
        let beyond = planned.movements.iter().any(|part| part.beyond_rights);
        prop_assert_eq!(beyond, planned.right != SaleRight::Allowed);
        prop_assert_eq!(beyond, milli(units) > available(&shown, &leases).unwrap());
    }
}
