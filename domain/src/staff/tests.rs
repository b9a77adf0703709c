use super::*;
use crate::amount::{Minor, RatePpm};
use crate::feed::Role;
use crate::ids::StaffId;

fn limits() -> Limits {
    Limits { cashier_discount_max_ppm: RatePpm(100_000), over_short_limit_minor: Minor(5_000) }
}

fn person(staff: &StaffId, role: Role) -> Person<'_> {
    Person { staff, role, active: true }
}

#[test]
fn a_cashier_sells_and_discounts_up_to_the_limit() {
    let within = Action::Discount { rate_ppm: RatePpm(100_000) };
    let above = Action::Discount { rate_ppm: RatePpm(100_001) };
    assert_eq!(access(Action::Sell, Role::Cashier, &limits()), Access::Granted);
    assert_eq!(access(within, Role::Cashier, &limits()), Access::Granted);
    assert_eq!(access(above, Role::Cashier, &limits()), Access::NeedsApproval(Role::Manager));
    assert_eq!(access(above, Role::Manager, &limits()), Access::Granted);
}

#[test]
fn closing_above_the_limit_takes_a_manager_over_or_short() {
    for off in [-5_001, 5_001, i64::MIN] {
        let close = Action::CloseShift { over_short_minor: Minor(off) };
        assert_eq!(access(close, Role::Cashier, &limits()), Access::NeedsApproval(Role::Manager));
    }
    let close = Action::CloseShift { over_short_minor: Minor(-5_000) };
    assert_eq!(access(close, Role::Cashier, &limits()), Access::Granted);
}

#[test]
fn nobody_approves_their_own_act() {
    let asha = StaffId::new("asha").unwrap();
    let actor = person(&asha, Role::Cashier);
    // Promoted in the same minute: still the same person.
    let as_manager = person(&asha, Role::Manager);
    let refused = approve(Action::Void, actor, Some(as_manager), &limits());
    assert_eq!(refused, Err(ApprovalError::OwnAct));
}

#[test]
fn the_approver_must_have_the_right_and_be_active() {
    let [asha, ravi, mira] = ["asha", "ravi", "mira"].map(|name| StaffId::new(name).unwrap());
    let actor = person(&asha, Role::Cashier);
    let missing = approve(Action::NoSale, actor, None, &limits());
    assert_eq!(missing, Err(ApprovalError::Missing { needed: Role::Manager }));
    let peer = approve(Action::NoSale, actor, Some(person(&ravi, Role::Cashier)), &limits());
    assert_eq!(peer, Err(ApprovalError::ApproverLacksRight { needed: Role::Manager }));
    let gone = Person { active: false, ..person(&mira, Role::Manager) };
    let refused = approve(Action::NoSale, actor, Some(gone), &limits());
    assert_eq!(refused, Err(ApprovalError::ApproverInactive));
    let approved = approve(Action::NoSale, actor, Some(person(&mira, Role::Manager)), &limits());
    assert_eq!(approved, Ok(Some(&mira)));
}

#[test]
fn no_approval_is_recorded_where_none_was_needed() {
    let [asha, mira] = ["asha", "mira"].map(|name| StaffId::new(name).unwrap());
    let approver = Some(person(&mira, Role::Manager));
    let sale = approve(Action::Sell, person(&asha, Role::Cashier), approver, &limits());
    assert_eq!(sale, Ok(None));
}

#[test]
fn an_inactive_person_does_nothing() {
    let asha = StaffId::new("asha").unwrap();
    let gone = Person { active: false, ..person(&asha, Role::Admin) };
    assert_eq!(approve(Action::Sell, gone, None, &limits()), Err(ApprovalError::ActorInactive));
}

#[test]
fn a_pin_has_four_to_eight_digits_and_is_not_trivial() {
    for good in ["4071", "90210", "20261122", "1357", "1221"] {
        assert_eq!(validate_pin(good), Ok(()), "{good}");
    }
    for trivial in ["0000", "1234", "4321", "7890", "87654321", "1212", "90909090"] {
        assert_eq!(validate_pin(trivial), Err(PinError::Trivial), "{trivial}");
    }
    for length in ["", "123", "407190210"] {
        assert_eq!(validate_pin(length), Err(PinError::Length), "{length}");
    }
    for other in ["12a4", "１２３４", "40 71", "-123", "४०७१"] {
        assert_eq!(validate_pin(other), Err(PinError::NotDigits), "{other}");
    }
}

#[test]
fn the_fifth_wrong_pin_locks_for_five_minutes_and_every_further_one_doubles() {
    let minutes: Vec<_> = (0..9).map(|failures| lock_ms(failures) / 60_000).collect();
    assert_eq!(minutes, [0, 0, 0, 0, 0, 5, 10, 20, 40]);
    assert_eq!(lock_ms(u32::MAX), 12 * 3_600_000);
}

#[test]
fn a_lock_ends_with_time_that_has_really_passed() {
    assert_eq!(locked_for_ms(5, 0), 300_000);
    assert_eq!(locked_for_ms(5, 299_999), 1);
    assert_eq!(locked_for_ms(5, 300_000), 0);
    assert_eq!(locked_for_ms(5, -1_000_000), 300_000, "time does not go back");
    assert_eq!(locked_for_ms(4, 0), 0);
}
