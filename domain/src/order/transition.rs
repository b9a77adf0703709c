//! Every change of every state.

use super::{CancelReason, OrderError, OrderState, Stage, TRACKING_CHARS_MAX};
use crate::amount::Minor;
use crate::feed::Role;

/// Who asks for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The customer whose order it is.
    Customer,
    /// Staff of the shop.
    Staff(Role),
    /// The store itself: gateway answers and jobs.
    System,
}

/// Something that happens to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEvent {
    /// A payment was captured, in time or late.
    Captured {
        /// How much; nothing where nothing was owed.
        amount_minor: Minor,
        /// Whether goods were missing when the reservation was confirmed.
        short: bool,
    },
    /// Work on it began.
    Started,
    /// It left with this tracking number.
    Shipped {
        /// Tracking number.
        tracking: String,
    },
    /// It reached the customer.
    Delivered,
    /// It is called off before payment.
    Cancelled {
        /// Why.
        why: CancelReason,
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// Money was given back.
    Refunded {
        /// How much, this time.
        amount_minor: Minor,
    },
    /// Goods that had cost nothing came back.
    Returned {
        /// Whether it was all that was left of the order.
        all: bool,
    },
}

impl OrderEvent {
    /// Name for messages and history.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Captured { .. } => "captured",
            Self::Started => "started",
            Self::Shipped { .. } => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled { .. } => "cancelled",
            Self::Refunded { .. } => "refunded",
            Self::Returned { .. } => "returned",
        }
    }
}

/// The state after an event, or why there is none.
///
/// A capture for a cancelled order opens it again, because the money is there: the store either had the goods
/// once more or flags the order as short, and a person ships or refunds it.
///
/// # Errors
/// [`OrderError`].
pub fn next(
    state: &OrderState,
    event: &OrderEvent,
    actor: Actor,
) -> Result<OrderState, OrderError> {
    if !may(actor, event) {
        return Err(OrderError::NotAllowed { event: event.name() });
    }
    match (state, event) {
        (
            OrderState::Pending { .. } | OrderState::Cancelled { .. },
            OrderEvent::Captured { amount_minor, short },
        ) => {
            let stage = Stage::Paid { short: *short };
            let owed = *amount_minor != Minor::ZERO;
            let paid_minor = if owed { positive(*amount_minor)? } else { Minor::ZERO };
            Ok(OrderState::Open { stage, paid_minor })
        }
        (OrderState::Pending { expires_at_ms }, OrderEvent::Cancelled { why, at_ms }) => {
            cancel(*expires_at_ms, *why, *at_ms)
        }
        (
            OrderState::Open { stage, paid_minor },
            OrderEvent::Started | OrderEvent::Shipped { .. } | OrderEvent::Delivered,
        ) => {
            let stage = advance(stage, event).ok_or_else(|| refuse(state, event))??;
            Ok(OrderState::Open { stage, paid_minor: *paid_minor })
        }
        (
            OrderState::PartiallyRefunded { stage, paid_minor, refunded_minor },
            OrderEvent::Started | OrderEvent::Shipped { .. } | OrderEvent::Delivered,
        ) => {
            let stage = advance(stage, event).ok_or_else(|| refuse(state, event))??;
            Ok(OrderState::PartiallyRefunded {
                stage,
                paid_minor: *paid_minor,
                refunded_minor: *refunded_minor,
            })
        }
        (OrderState::Open { stage, paid_minor }, OrderEvent::Refunded { amount_minor }) => {
            refund(stage, *paid_minor, Minor::ZERO, *amount_minor)
        }
        (
            OrderState::PartiallyRefunded { stage, paid_minor, refunded_minor },
            OrderEvent::Refunded { amount_minor },
        ) => refund(stage, *paid_minor, *refunded_minor, *amount_minor),
        (OrderState::Open { paid_minor: Minor::ZERO, .. }, OrderEvent::Returned { all: true }) => {
            Ok(OrderState::Refunded { refunded_minor: Minor::ZERO })
        }
        (
            OrderState::Open { .. } | OrderState::PartiallyRefunded { .. },
            OrderEvent::Returned { .. },
        ) => Ok(state.clone()),
        (
            OrderState::Pending { .. } | OrderState::Cancelled { .. },
            OrderEvent::Started
            | OrderEvent::Shipped { .. }
            | OrderEvent::Delivered
            | OrderEvent::Refunded { .. }
            | OrderEvent::Returned { .. },
        )
        | (
            OrderState::Open { .. }
            | OrderState::PartiallyRefunded { .. }
            | OrderState::Refunded { .. },
            OrderEvent::Captured { .. } | OrderEvent::Cancelled { .. },
        )
        | (OrderState::Cancelled { .. }, OrderEvent::Cancelled { .. })
        | (
            OrderState::Refunded { .. },
            OrderEvent::Started
            | OrderEvent::Shipped { .. }
            | OrderEvent::Delivered
            | OrderEvent::Refunded { .. }
            | OrderEvent::Returned { .. },
        ) => Err(refuse(state, event)),
    }
}

/// Who may do what. Money only moves by the store itself or a manager; a customer may only call off.
fn may(actor: Actor, event: &OrderEvent) -> bool {
    match (event, actor) {
        (OrderEvent::Captured { .. }, Actor::System) => true,
        (OrderEvent::Captured { .. }, Actor::Customer | Actor::Staff(_)) => false,
        (OrderEvent::Started | OrderEvent::Shipped { .. } | OrderEvent::Delivered, actor) => {
            match actor {
                Actor::Staff(_) | Actor::System => true,
                Actor::Customer => false,
            }
        }
        (OrderEvent::Cancelled { why, .. }, actor) => match (why, actor) {
            (CancelReason::Customer, Actor::Customer | Actor::Staff(_))
            | (CancelReason::Staff, Actor::Staff(_))
            | (CancelReason::WindowEnded | CancelReason::PaymentFailed, Actor::System) => true,
            (CancelReason::Customer, Actor::System)
            | (CancelReason::Staff, Actor::Customer | Actor::System)
            | (
                CancelReason::WindowEnded | CancelReason::PaymentFailed,
                Actor::Customer | Actor::Staff(_),
            ) => false,
        },
        (OrderEvent::Refunded { .. } | OrderEvent::Returned { .. }, actor) => match actor {
            Actor::System => true,
            Actor::Staff(role) => role >= Role::Manager,
            Actor::Customer => false,
        },
    }
}

fn refuse(state: &OrderState, event: &OrderEvent) -> OrderError {
    OrderError::NotPossible { state: state.name(), event: event.name() }
}

fn cancel(expires_at_ms: i64, why: CancelReason, at_ms: i64) -> Result<OrderState, OrderError> {
    match why {
        CancelReason::WindowEnded if at_ms < expires_at_ms => {
            Err(OrderError::WindowOpen { expires_at_ms })
        }
        CancelReason::WindowEnded
        | CancelReason::Customer
        | CancelReason::Staff
        | CancelReason::PaymentFailed => Ok(OrderState::Cancelled { why }),
    }
}

/// The stage after an event; `None` where the stage knows no such step.
fn advance(stage: &Stage, event: &OrderEvent) -> Option<Result<Stage, OrderError>> {
    match (stage, event) {
        (Stage::Paid { .. }, OrderEvent::Started) => Some(Ok(Stage::Processing)),
        (Stage::Paid { .. } | Stage::Processing, OrderEvent::Shipped { tracking }) => {
            Some(checked_tracking(tracking).map(|tracking| Stage::Shipped { tracking }))
        }
        // Handed over the counter without ever being shipped, or delivered by the carrier.
        (Stage::Paid { .. } | Stage::Processing | Stage::Shipped { .. }, OrderEvent::Delivered) => {
            Some(Ok(Stage::Delivered))
        }
        (Stage::Processing | Stage::Shipped { .. } | Stage::Delivered, OrderEvent::Started)
        | (Stage::Shipped { .. } | Stage::Delivered, OrderEvent::Shipped { .. })
        | (Stage::Delivered, OrderEvent::Delivered)
        | (
            Stage::Paid { .. } | Stage::Processing | Stage::Shipped { .. } | Stage::Delivered,
            OrderEvent::Captured { .. }
            | OrderEvent::Cancelled { .. }
            | OrderEvent::Refunded { .. }
            | OrderEvent::Returned { .. },
        ) => None,
    }
}

/// A tracking number without the blanks around it.
///
/// # Errors
/// [`OrderError::Tracking`] unless it has 1 to [`TRACKING_CHARS_MAX`] characters.
pub fn checked_tracking(tracking: &str) -> Result<String, OrderError> {
    let tracking = tracking.trim();
    let fits = (1..=TRACKING_CHARS_MAX).contains(&tracking.chars().count());
    if fits { Ok(tracking.to_owned()) } else { Err(OrderError::Tracking) }
}

fn refund(
    stage: &Stage,
    paid_minor: Minor,
    before: Minor,
    amount: Minor,
) -> Result<OrderState, OrderError> {
    let left_minor = Minor(paid_minor.0.saturating_sub(before.0));
    let exceeds = OrderError::ExceedsPaid { left_minor };
    if positive(amount)? > left_minor {
        return Err(exceeds);
    }
    let refunded_minor = before.checked_add(amount).map_err(|_| exceeds)?;
    Ok(if refunded_minor == paid_minor {
        OrderState::Refunded { refunded_minor }
    } else {
        OrderState::PartiallyRefunded { stage: stage.clone(), paid_minor, refunded_minor }
    })
}

fn positive(amount: Minor) -> Result<Minor, OrderError> {
    if amount > Minor::ZERO { Ok(amount) } else { Err(OrderError::NotPositive) }
}
