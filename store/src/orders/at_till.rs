//! Web orders at a till: what was done there is a fact and kept whatever state the order is in; calling one off is a
//! wish that may be refused.

use super::refund::NewRefund;
use super::state::{self, Locked, Noted};
use super::{By, OrderError, change, refund};
use crate::args;
use crate::db::{DbError, Tx};
use crate::exceptions::{Raised, raise};
use crate::gate::Dirty;
use crate::master::{ROLES, by_word};
use crate::tills::Till;
use daybook_domain::feed::Role;
use daybook_domain::ids::{OrderId, StaffId};
use daybook_domain::order::{Actor, OrderError as Rule, OrderEvent, OrderState, Stage, next};
use daybook_sync::message::Outcome;
use uuid::Uuid;

/// What was done with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Its goods were put together.
    Picked,
    /// It left.
    Shipped {
        /// Who carries it.
        carrier: Option<&'a str>,
        /// Tracking number.
        tracking: &'a str,
    },
    /// The customer has it.
    HandedOver,
}

impl Deed<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Picked => "picked",
            Self::Shipped { .. } => "shipped",
            Self::HandedOver => "handed_over",
        }
    }

    fn event(self) -> OrderEvent {
        match self {
            Self::Picked => OrderEvent::Started,
            Self::Shipped { tracking, .. } => OrderEvent::Shipped { tracking: tracking.to_owned() },
            Self::HandedOver => OrderEvent::Delivered,
        }
    }

    /// What a person must be asked when this was done to an order in that state; both facts stay.
    fn contradicts(self, state: &OrderState, marks: &Marks) -> Option<&'static str> {
        match (self, state) {
            (Self::Picked, OrderState::Cancelled { .. } | OrderState::Refunded { .. }) => {
                Some("order.picked_cancelled")
            }
            (Self::Shipped { .. }, OrderState::Cancelled { .. } | OrderState::Refunded { .. }) => {
                Some("order.shipped_cancelled")
            }
            (Self::HandedOver, OrderState::Cancelled { .. } | OrderState::Refunded { .. }) => {
                Some("order.handed_over_cancelled")
            }
            (Self::Picked, OrderState::Pending { .. }) => Some("order.picked_unpaid"),
            (Self::Shipped { .. }, OrderState::Pending { .. }) => Some("order.shipped_unpaid"),
            (Self::HandedOver, OrderState::Pending { .. }) => Some("order.handed_over_unpaid"),
            (Self::Picked, OrderState::Open { .. } | OrderState::PartiallyRefunded { .. }) => None,
            (
                Self::Shipped { tracking, .. },
                OrderState::Open { stage, .. } | OrderState::PartiallyRefunded { stage, .. },
            ) => {
                let other =
                    matches!(stage, Stage::Shipped { tracking: before } if before != tracking);
                let given = marks.handed_over_at_ms.map(|_| "order.shipped_handed_over");
                given.or(other.then_some("order.shipped_twice"))
            }
            (Self::HandedOver, OrderState::Open { .. } | OrderState::PartiallyRefunded { .. }) => {
                marks.handed_over_at_ms.map(|_| "order.handed_over_twice")
            }
        }
    }
}

/// A deed with who did it, where and when.
#[derive(Debug, Clone, Copy)]
pub struct Done<'a> {
    /// What.
    pub deed: Deed<'a>,
    /// With which order.
    pub order: OrderId,
    /// At which till.
    pub till: Uuid,
    /// By whom.
    pub actor: &'a str,
    /// When, by the till's clock.
    pub at_ms: i64,
}

/// What tills have done with an order before.
struct Marks {
    handed_over_at_ms: Option<i64>,
}

/// Takes what was done at a till. It stands in the order's history in any case; where it contradicts what the store
/// knows, the order stays as it is and an exception is opened.
///
/// # Errors
/// [`OrderError::Unknown`] or of the database.
pub fn take(tx: &mut Tx<'_>, done: &Done<'_>) -> Result<(), OrderError> {
    let locked = state::lock(tx, done.order)?;
    let marks = marks(tx, done.order)?;
    let trouble = done.deed.contradicts(&locked.state, &marks);
    let after = match trouble {
        Some(kind) => {
            ask(tx, done, &locked, kind)?;
            None
        }
        // Too late for the state, and harmless: picked again, or delivered meanwhile.
        None => next(&locked.state, &done.deed.event(), Actor::Staff(Role::Cashier)).ok(),
    };
    if let Some(after) = &after {
        state::write_state(tx, done.order, after)?;
    }
    if trouble.is_none() {
        mark(tx, done)?;
    }
    let detail = match done.deed {
        Deed::Shipped { carrier: Some(carrier), tracking } => format!("{carrier} {tracking}"),
        Deed::Shipped { carrier: None, tracking } => tracking.to_owned(),
        Deed::Picked | Deed::HandedOver => trouble.unwrap_or_default().to_owned(),
    };
    let noted = Noted {
        kind: done.deed.name(),
        from: Some(&locked.name),
        to: after.as_ref().map_or(locked.name.as_str(), |after| after.name()),
        actor: done.actor,
        detail: &detail,
        at_ms: done.at_ms,
    };
    state::note(tx, done.order, &noted)?;
    tx.touch(Dirty::Order(done.order));
    Ok(())
}

fn marks(tx: &mut Tx<'_>, order: OrderId) -> Result<Marks, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT handed_over_at_ms FROM web_order WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, order],
    )?;
    Ok(Marks { handed_over_at_ms: row.opt_int(0)? })
}

/// The first time counts.
fn mark(tx: &mut Tx<'_>, done: &Done<'_>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    match done.deed {
        Deed::Picked => tx.execute(
            "UPDATE web_order SET picked_at_ms = coalesce(picked_at_ms, $3) WHERE tenant_id = $1 AND order_id = $2",
            args![tenant, done.order, done.at_ms],
        ),
        Deed::Shipped { carrier, tracking } => tx.execute(
            "UPDATE web_order SET carrier = coalesce($3, carrier), tracking = coalesce(tracking, $4)
             WHERE tenant_id = $1 AND order_id = $2",
            args![tenant, done.order, carrier, *tracking],
        ),
        Deed::HandedOver => tx.execute(
            "UPDATE web_order SET handed_over_at_ms = $3 WHERE tenant_id = $1 AND order_id = $2",
            args![tenant, done.order, done.at_ms],
        ),
    }?;
    Ok(())
}

fn ask(
    tx: &mut Tx<'_>,
    done: &Done<'_>,
    locked: &Locked,
    kind: &'static str,
) -> Result<(), DbError> {
    let raised = Raised {
        kind,
        subject: format!("order/{}", done.order),
        location: Some(locked.location.clone()),
        till: Some(done.till),
        order: Some(done.order),
        detail: format!(
            "order {} was {} at a till by {} while it was {}: look for its goods and its money",
            locked.number,
            done.deed.name(),
            done.actor,
            locked.name
        ),
        ..Raised::default()
    };
    raise(tx, &raised)
}

/// A till's wish to call an order off.
#[derive(Debug, Clone)]
pub struct CancelWish {
    /// Id of the request; a refund takes it for its own.
    pub request: Uuid,
    /// Which order.
    pub order: OrderId,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub staff: String,
    /// Who approves, if someone does.
    pub approver: Option<String>,
}

/// Answers a wish to call an order off: before payment its goods are free again; a paid order that has not left is
/// refunded whole, which takes a manager.
///
/// # Errors
/// [`DbError`].
pub fn cancel_wished(tx: &mut Tx<'_>, till: &Till, wish: &CancelWish) -> Result<Outcome, DbError> {
    let Some(by) = by(tx, wish)? else { return Ok(Outcome::refused("order.not_allowed")) };
    let done = tx.attempt(|tx| cancel_now(tx, till, wish, &by))?;
    match done {
        Ok(()) => Ok(Outcome::Done),
        Err(OrderError::Db(error)) => Err(error),
        Err(refused) => Ok(Outcome::refused(refused.code())),
    }
}

fn cancel_now(tx: &mut Tx<'_>, till: &Till, wish: &CancelWish, by: &By) -> Result<(), OrderError> {
    let locked = state::lock(tx, wish.order)?;
    if locked.location != till.location {
        // What another location has is none of this till's business.
        return Err(OrderError::Unknown);
    }
    super::place::limited("reason", Some(&wish.reason), 200)?;
    match &locked.state {
        OrderState::Pending { .. } | OrderState::Cancelled { .. } => {
            change::cancel(tx, wish.order, by)?;
        }
        OrderState::Open { stage, .. } | OrderState::PartiallyRefunded { stage, .. } => {
            match stage {
                Stage::Paid { .. } | Stage::Processing => {}
                Stage::Shipped { .. } | Stage::Delivered => return Err(gone(&locked)),
            }
            let reason = by.reason.clone();
            let new = NewRefund { id: wish.request, lines: None, restock: true, reason };
            refund::refund(tx, wish.order, &new, by)?;
        }
        OrderState::Refunded { .. } => return Err(gone(&locked)),
    }
    Ok(())
}

fn gone(locked: &Locked) -> OrderError {
    Rule::NotPossible { state: locked.state.name(), event: "cancelled" }.into()
}

/// Who asks, with the higher right of who asks and who approves; nobody where one of them may not act.
fn by(tx: &mut Tx<'_>, wish: &CancelWish) -> Result<Option<By>, DbError> {
    let Some(mut role) = role_of(tx, &wish.staff)? else { return Ok(None) };
    if let Some(approver) = &wish.approver {
        match role_of(tx, approver)? {
            Some(theirs) => role = role.max(theirs),
            None => return Ok(None),
        }
    }
    let actor = match &wish.approver {
        Some(approver) => format!("{}, approved by {approver}", wish.staff),
        None => wish.staff.clone(),
    };
    Ok(Some(By { actor, role: Actor::Staff(role), reason: wish.reason.clone() }))
}

fn role_of(tx: &mut Tx<'_>, staff: &str) -> Result<Option<Role>, DbError> {
    let Ok(staff) = StaffId::new(staff) else { return Ok(None) };
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT role FROM staff WHERE tenant_id = $1 AND staff_id = $2 AND active = 1",
        args![tenant, staff],
    )?;
    let role = |row: crate::db::Row| {
        by_word(&ROLES, row.text(0)?).ok_or_else(|| DbError::corrupt("staff", &staff))
    };
    row.map(role).transpose()
}
