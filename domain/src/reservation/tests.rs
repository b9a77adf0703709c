use super::*;
use uuid::Uuid;

fn milli(units: i64) -> Quantity {
    Quantity(units * 1000)
}

fn order() -> OrderId {
    OrderId(Uuid::from_u128(1))
}

fn pool(on_hand: i64) -> Level {
    Level { policy: StockPolicy::PooledStrict, on_hand_milli: milli(on_hand), ..Level::default() }
}

fn shop(on_hand: i64, allotted: i64) -> Level {
    Level {
        policy: StockPolicy::RingFenced,
        on_hand_milli: milli(on_hand),
        allotted_milli: milli(allotted),
        allotted_proposed_milli: milli(allotted),
        ..Level::default()
    }
}

#[test]
fn the_last_unit_goes_to_one_buyer() {
    let mut level = pool(1);
    assert!(reserve(&mut level, order(), milli(1), 9).is_ok());
    let refused = reserve(&mut level, order(), milli(1), 9).unwrap_err();
    assert_eq!(refused, StockError::NotAvailable { available_milli: milli(0) });
}

#[test]
fn a_refusal_names_what_could_be_had() {
    let refused = reserve(&mut pool(3), order(), milli(5), 9).unwrap_err();
    assert_eq!(refused, StockError::NotAvailable { available_milli: milli(3) });
}

#[test]
fn ring_fenced_goods_come_from_the_allotment_and_never_count_twice() {
    let mut level = shop(10, 2);
    let shelf = level.shelf().unwrap();
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    assert_eq!(held.from, Pool::Allotment);
    assert_eq!((level.allotted_milli, level.reserved_milli), (milli(0), milli(2)));
    assert_eq!(level.shelf().unwrap(), shelf);
    let refused = reserve(&mut level, order(), milli(1), 9).unwrap_err();
    assert_eq!(refused, StockError::NotAvailable { available_milli: milli(0) });
    held.release(&mut level, ReleaseReason::Cancelled, 5).unwrap();
    assert_eq!(level, shop(10, 2));
}

#[test]
fn a_payment_deducts_once() {
    let mut level = pool(5);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    assert_eq!(held.confirm(&mut level, 3).unwrap(), Confirmation::Deducted);
    assert_eq!(held.confirm(&mut level, 4).unwrap(), Confirmation::Already);
    assert_eq!((level.on_hand_milli, level.reserved_milli), (milli(3), milli(0)));
}

#[test]
fn a_payment_past_the_window_still_counts_while_the_goods_are_held() {
    let mut level = pool(5);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    assert_eq!(held.confirm(&mut level, 1_000).unwrap(), Confirmation::Deducted);
}

#[test]
fn expiry_frees_the_goods_at_its_time_and_once() {
    let mut level = pool(5);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    assert!(!held.expire(&mut level, 8).unwrap());
    assert!(held.expire(&mut level, 9).unwrap());
    assert!(!held.expire(&mut level, 10).unwrap());
    assert!(!held.release(&mut level, ReleaseReason::PaymentFailed, 11).unwrap());
    assert_eq!(level, pool(5));
}

#[test]
fn a_late_capture_takes_the_goods_if_they_can_be_had() {
    let mut level = pool(2);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    held.expire(&mut level, 9).unwrap();
    assert_eq!(held.confirm(&mut level, 20).unwrap(), Confirmation::Late);
    assert_eq!(level, pool(0));
}

#[test]
fn a_late_capture_without_goods_is_flagged_and_changes_nothing() {
    let mut level = pool(2);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    held.expire(&mut level, 9).unwrap();
    reserve(&mut level, order(), milli(1), 99).unwrap();
    let (before, state) = (level, held.state);
    let short = Confirmation::Short { available_milli: milli(1) };
    assert_eq!(held.confirm(&mut level, 20).unwrap(), short);
    assert_eq!((level, held.state), (before, state));
}

#[test]
fn a_paid_reservation_is_not_released() {
    let mut level = pool(5);
    let mut held = reserve(&mut level, order(), milli(2), 9).unwrap();
    held.confirm(&mut level, 3).unwrap();
    assert!(!held.release(&mut level, ReleaseReason::Cancelled, 4).unwrap());
    assert!(!held.expire(&mut level, 100).unwrap());
    assert_eq!(level, pool(3));
}

#[test]
fn nothing_and_less_cannot_be_reserved() {
    for quantity in [0, -1, i64::MIN] {
        let refused = reserve(&mut pool(5), order(), Quantity(quantity), 9).unwrap_err();
        assert_eq!(refused, StockError::NotPositive);
        let refused = reserve(&mut shop(5, 5), order(), Quantity(quantity), 9).unwrap_err();
        assert_eq!(refused, StockError::NotPositive);
    }
}
