//! Roles, rights and approvals.

use crate::amount::{Minor, RatePpm};
use crate::feed::{Role, Settings};
use crate::ids::StaffId;

/// Something a person does at a till, with what the answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sell, park, recall, and empty a basket before payment.
    Sell,
    /// Give a line or bill discount.
    Discount {
        /// Discount by what it is taken from.
        rate_ppm: RatePpm,
    },
    /// Replace the price of a line.
    PriceOverride,
    /// Refund or exchange against a document.
    RefundWithReceipt,
    /// Refund without one.
    RefundWithoutReceipt,
    /// Reverse a whole sale of the day.
    Void,
    /// Open the drawer without a document.
    NoSale,
    /// Put cash in that is no sale, or fetch change from the safe.
    PayIn,
    /// Take cash out that is no refund.
    PayOut,
    /// Bring cash to the safe.
    Drop,
    /// Open a shift, or read its turnover.
    OpenShift,
    /// Read what an open shift should hold of each tender: who counts it must not know.
    ReadExpected,
    /// Count and close a shift.
    CloseShift {
        /// Counted less expected, the tender that is most off.
        over_short_minor: Minor,
    },
    /// Print a document again.
    Reprint,
    /// Pick, ship or hand over a web order, or call off one that was not paid.
    FulfilOrder,
    /// Take in goods, or receive a transfer.
    ReceiveStock,
    /// Send goods to another location.
    TransferStock,
    /// Count goods.
    CountStock,
    /// Correct stock by hand, or write it off.
    AdjustStock,
    /// Call off a web order that was paid: its money goes back.
    CancelPaidOrder,
    /// Sell goods beyond the stock rights of the till.
    SellBeyondRights,
    /// Say that a payment failed of which nobody knows.
    SettlePayment,
    /// Confirm date and time after the clock jumped.
    ConfirmClock,
    /// Go on with a provisional series after a restore without network.
    StartProvisional,
    /// Back up, restore, or export the journal.
    Maintain,
    /// Take the till out of service: all of the shop goes from the machine.
    TakeOutOfService,
}

/// Limits of a business that decide on approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest discount of a cashier on their own.
    pub cashier_discount_max_ppm: RatePpm,
    /// Over or short, either way, up to which a cashier may close.
    pub over_short_limit_minor: Minor,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        Self {
            cashier_discount_max_ppm: settings.cashier_discount_max_ppm,
            over_short_limit_minor: settings.over_short_limit_minor,
        }
    }
}

/// Answer to "may this role do that".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Yes, alone.
    Granted,
    /// Only with the approval of another person of at least this role.
    NeedsApproval(Role),
}

/// Lowest role that does an action on its own. Whoever is below may do it with the approval of such a person.
fn alone(action: Action, limits: &Limits) -> Role {
    match action {
        Action::Sell
        | Action::RefundWithReceipt
        | Action::PayIn
        | Action::Drop
        | Action::OpenShift
        | Action::Reprint
        | Action::FulfilOrder
        | Action::ReceiveStock
        | Action::CountStock => Role::Cashier,
        Action::PriceOverride
        | Action::RefundWithoutReceipt
        | Action::Void
        | Action::NoSale
        | Action::PayOut
        | Action::ReadExpected
        | Action::TransferStock
        | Action::AdjustStock
        | Action::CancelPaidOrder
        | Action::SellBeyondRights
        | Action::SettlePayment
        | Action::ConfirmClock
        | Action::StartProvisional
        | Action::Maintain
        | Action::TakeOutOfService => Role::Manager,
        Action::Discount { rate_ppm } => within(rate_ppm.0 <= limits.cashier_discount_max_ppm.0),
        Action::CloseShift { over_short_minor } => {
            let limit = limits.over_short_limit_minor.0.max(0).unsigned_abs();
            within(over_short_minor.0.unsigned_abs() <= limit)
        }
    }
}

fn within(limit_kept: bool) -> Role {
    if limit_kept { Role::Cashier } else { Role::Manager }
}

/// Whether a role may do something alone, or whose approval it takes.
#[must_use]
pub fn access(action: Action, role: Role, limits: &Limits) -> Access {
    let needed = alone(action, limits);
    if role >= needed { Access::Granted } else { Access::NeedsApproval(needed) }
}

/// A person as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person<'a> {
    /// Who.
    pub staff: &'a StaffId,
    /// Their role.
    pub role: Role,
    /// May sign in.
    pub active: bool,
}

/// Why an action does not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The acting person may not sign in any more.
    #[error("this person is no longer active")]
    ActorInactive,
    /// Approval is needed and none was given.
    #[error("approval of a {needed:?} is needed")]
    Missing {
        /// Lowest role that can give it.
        needed: Role,
    },
    /// Nobody approves their own act.
    #[error("nobody can approve their own act")]
    OwnAct,
    /// The approver may not sign in any more.
    #[error("the approver is no longer active")]
    ApproverInactive,
    /// The approver may not do this either.
    #[error("the approver must be at least {needed:?}")]
    ApproverLacksRight {
        /// Lowest role that can give it.
        needed: Role,
    },
}

impl ApprovalError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ActorInactive => "staff.inactive",
            Self::Missing { .. } => "approval.missing",
            Self::OwnAct => "approval.own_act",
            Self::ApproverInactive => "approval.inactive",
            Self::ApproverLacksRight { .. } => "approval.lacks_right",
        }
    }
}

/// Decides on an action with the approval given, and says whose approval belongs into the entry: none where
/// none was needed.
///
/// # Errors
/// [`ApprovalError`].
pub fn approve<'a>(
    action: Action,
    actor: Person<'_>,
    approver: Option<Person<'a>>,
    limits: &Limits,
) -> Result<Option<&'a StaffId>, ApprovalError> {
    if !actor.active {
        return Err(ApprovalError::ActorInactive);
    }
    let needed = match access(action, actor.role, limits) {
        Access::Granted => return Ok(None),
        Access::NeedsApproval(needed) => needed,
    };
    let approver = approver.ok_or(ApprovalError::Missing { needed })?;
    if approver.staff == actor.staff {
        return Err(ApprovalError::OwnAct);
    }
    if !approver.active {
        return Err(ApprovalError::ApproverInactive);
    }
    if approver.role < needed {
        return Err(ApprovalError::ApproverLacksRight { needed });
    }
    Ok(Some(approver.staff))
}
