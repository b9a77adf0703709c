use super::*;
use crate::feed::Role;

const MANAGER: Actor = Actor::Staff(Role::Manager);

fn pending() -> OrderState {
    OrderState::Pending { expires_at_ms: 900_000 }
}

fn open(stage: Stage) -> OrderState {
    OrderState::Open { stage, paid_minor: Minor(1_000) }
}

fn captured() -> OrderEvent {
    OrderEvent::Captured { amount_minor: Minor(1_000), short: false }
}

fn refunded(amount: i64) -> OrderEvent {
    OrderEvent::Refunded { amount_minor: Minor(amount) }
}

fn shipped() -> OrderEvent {
    OrderEvent::Shipped { tracking: "AWB123".into() }
}

fn cancelled(why: CancelReason, at_ms: i64) -> OrderEvent {
    OrderEvent::Cancelled { why, at_ms }
}

#[test]
fn an_order_goes_from_pending_to_delivered() {
    let steps = [
        (captured(), Actor::System, "paid"),
        (OrderEvent::Started, MANAGER, "processing"),
        (shipped(), MANAGER, "shipped"),
        (OrderEvent::Delivered, Actor::System, "delivered"),
    ];
    let mut state = pending();
    for (event, actor, name) in steps {
        state = next(&state, &event, actor).unwrap();
        assert_eq!(state.name(), name);
    }
}

#[test]
fn nothing_ships_before_it_is_paid() {
    let refused = next(&pending(), &shipped(), MANAGER).unwrap_err();
    assert_eq!(refused, OrderError::NotPossible { state: "pending", event: "shipped" });
}

#[test]
fn a_late_capture_opens_a_cancelled_order_and_flags_missing_goods() {
    let gone = OrderState::Cancelled { why: CancelReason::WindowEnded };
    let late = OrderEvent::Captured { amount_minor: Minor(1_000), short: true };
    let expected = open(Stage::Paid { short: true });
    assert_eq!(next(&gone, &late, Actor::System).unwrap(), expected);
}

#[test]
fn a_second_capture_is_not_taken_for_a_payment() {
    let paid = open(Stage::Paid { short: false });
    let refused = next(&paid, &captured(), Actor::System).unwrap_err();
    assert_eq!(refused.code(), "order.not_possible");
}

#[test]
fn the_window_cancels_nothing_before_its_end() {
    let early = cancelled(CancelReason::WindowEnded, 899_999);
    let refused = next(&pending(), &early, Actor::System).unwrap_err();
    assert_eq!(refused, OrderError::WindowOpen { expires_at_ms: 900_000 });
    let due = cancelled(CancelReason::WindowEnded, 900_000);
    assert_eq!(next(&pending(), &due, Actor::System).unwrap().name(), "cancelled");
}

#[test]
fn a_paid_order_is_refunded_not_cancelled() {
    let event = cancelled(CancelReason::Customer, 0);
    let refused = next(&open(Stage::Processing), &event, Actor::Customer).unwrap_err();
    assert_eq!(refused.code(), "order.not_possible");
}

#[test]
fn refunds_never_exceed_what_was_paid_in_any_split() {
    let mut state = open(Stage::Delivered);
    for amount in [300, 699] {
        state = next(&state, &refunded(amount), MANAGER).unwrap();
        assert_eq!(state.name(), "partially_refunded");
    }
    let refused = next(&state, &refunded(2), MANAGER).unwrap_err();
    assert_eq!(refused, OrderError::ExceedsPaid { left_minor: Minor(1) });
    for absurd in [0, -1, i64::MIN] {
        let refused = next(&state, &refunded(absurd), MANAGER).unwrap_err();
        assert_eq!(refused, OrderError::NotPositive);
    }
    let refused = next(&state, &refunded(i64::MAX), MANAGER).unwrap_err();
    assert_eq!(refused.code(), "refund.exceeds_paid");
    let whole = next(&state, &refunded(1), MANAGER).unwrap();
    assert_eq!(whole, OrderState::Refunded { refunded_minor: Minor(1_000) });
}

#[test]
fn what_cost_nothing_is_paid_and_comes_back_without_money() {
    let nothing = OrderEvent::Captured { amount_minor: Minor::ZERO, short: false };
    let free = next(&pending(), &nothing, Actor::System).unwrap();
    assert_eq!(free.name(), "paid");
    let returned = |all| OrderEvent::Returned { all };
    assert_eq!(next(&free, &returned(false), MANAGER).unwrap(), free, "some is still there");
    assert_eq!(next(&free, &returned(true), MANAGER).unwrap().name(), "refunded");
    let paid = open(Stage::Delivered);
    assert_eq!(next(&paid, &returned(true), MANAGER).unwrap(), paid, "money is still there");
    assert_eq!(
        next(&pending(), &returned(true), MANAGER).unwrap_err().code(),
        "order.not_possible"
    );
    assert!(next(&free, &returned(true), Actor::Customer).is_err());
}

#[test]
fn a_partly_refunded_order_still_ships() {
    let part = next(&open(Stage::Processing), &refunded(1), MANAGER).unwrap();
    let state = next(&part, &shipped(), MANAGER).unwrap();
    let expected = OrderState::PartiallyRefunded {
        stage: Stage::Shipped { tracking: "AWB123".into() },
        paid_minor: Minor(1_000),
        refunded_minor: Minor(1),
    };
    assert_eq!(state, expected);
}

#[test]
fn only_the_gateway_captures_and_only_a_manager_or_the_store_refunds() {
    for actor in [Actor::Customer, MANAGER] {
        let refused = next(&pending(), &captured(), actor).unwrap_err();
        assert_eq!(refused, OrderError::NotAllowed { event: "captured" });
    }
    for actor in [Actor::Customer, Actor::Staff(Role::Cashier)] {
        let refused = next(&open(Stage::Processing), &refunded(1), actor).unwrap_err();
        assert_eq!(refused, OrderError::NotAllowed { event: "refunded" });
    }
    assert!(next(&open(Stage::Processing), &OrderEvent::Delivered, Actor::Customer).is_err());
}

#[test]
fn a_tracking_number_is_wanted_and_bounded() {
    for tracking in ["", "  ", &"9".repeat(TRACKING_CHARS_MAX + 1)] {
        let event = OrderEvent::Shipped { tracking: tracking.to_owned() };
        assert_eq!(next(&open(Stage::Processing), &event, MANAGER), Err(OrderError::Tracking));
    }
}

#[test]
fn final_states_are_final() {
    let done = OrderState::Refunded { refunded_minor: Minor(1) };
    for event in [captured(), OrderEvent::Started, shipped(), OrderEvent::Delivered, refunded(1)] {
        assert_eq!(next(&done, &event, Actor::System).unwrap_err().code(), "order.not_possible");
    }
}

#[test]
fn order_numbers_count_within_the_day() {
    assert_eq!(order_number("2026-11-22", 7), "ORD-20261122-007");
    assert_eq!(order_number("2026-11-22", 1234), "ORD-20261122-1234");
}

#[test]
fn a_state_survives_storage() {
    for state in [pending(), open(Stage::Paid { short: true }), open(Stage::Delivered)] {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<OrderState>(&text).unwrap(), state);
    }
}
