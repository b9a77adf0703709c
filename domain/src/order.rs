//! Web orders: their states, who may move them, and their numbers.
//!
//! pending → paid → processing → shipped → delivered; cancelled, refunded and partly refunded beside. Every state
//! carries what it needs, and every change that is not listed here is refused.

mod transition;

pub use transition::{Actor, OrderEvent, checked_tracking, next};

use crate::amount::Minor;
use serde::{Deserialize, Serialize};

/// How far a paid order has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Paid, nothing done yet.
    Paid {
        /// Goods were missing when the payment came: a person must act. Never dropped.
        short: bool,
    },
    /// Being picked and packed.
    Processing,
    /// On its way.
    Shipped {
        /// Tracking number.
        tracking: String,
    },
    /// With the customer, by parcel or over the counter.
    Delivered,
}

/// How an order reaches its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// Collected at the counter.
    Collect,
    /// Sent to an address.
    Ship,
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer asked.
    Customer,
    /// Staff decided.
    Staff,
    /// The payment window ended.
    WindowEnded,
    /// The payment failed, and the setting says not to wait.
    PaymentFailed,
}

/// State of a web order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OrderState {
    /// Under payment; the goods are reserved until then.
    Pending {
        /// End of the payment window, UTC milliseconds.
        expires_at_ms: i64,
    },
    /// Paid in full.
    Open {
        /// How far it has come.
        #[serde(flatten)]
        stage: Stage,
        /// What was paid.
        paid_minor: Minor,
    },
    /// Called off before anything was paid.
    Cancelled {
        /// Why.
        why: CancelReason,
    },
    /// Paid, and partly given back; goes on from its stage.
    PartiallyRefunded {
        /// How far it has come.
        #[serde(flatten)]
        stage: Stage,
        /// What was paid.
        paid_minor: Minor,
        /// What was given back so far: above zero, less than was paid.
        refunded_minor: Minor,
    },
    /// Everything was given back.
    Refunded {
        /// How much.
        refunded_minor: Minor,
    },
}

impl OrderState {
    /// Name for lists, filters and [`OrderRow`](crate::feed::OrderRow).
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Open { stage: Stage::Paid { .. }, .. } => "paid",
            Self::Open { stage: Stage::Processing, .. } => "processing",
            Self::Open { stage: Stage::Shipped { .. }, .. } => "shipped",
            Self::Open { stage: Stage::Delivered, .. } => "delivered",
            Self::Cancelled { .. } => "cancelled",
            Self::PartiallyRefunded { .. } => "partially_refunded",
            Self::Refunded { .. } => "refunded",
        }
    }
}

/// Why an order stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The state knows no such change.
    #[error("an order that is {state} cannot be {event}")]
    NotPossible {
        /// Name of the state.
        state: &'static str,
        /// Name of the change.
        event: &'static str,
    },
    /// The change is not for this kind of person.
    #[error("{event} is not for this person to do")]
    NotAllowed {
        /// Name of the change.
        event: &'static str,
    },
    /// More is to be given back than is left of what was paid.
    #[error("only {left_minor:?} is left to refund")]
    ExceedsPaid {
        /// What is left.
        left_minor: Minor,
    },
    /// An amount must be above zero.
    #[error("amount_minor must be above zero")]
    NotPositive,
    /// The tracking number is empty or longer than [`TRACKING_CHARS_MAX`].
    #[error("tracking must have 1 to {TRACKING_CHARS_MAX} characters")]
    Tracking,
    /// The payment window has not ended yet.
    #[error("the payment window is open until {expires_at_ms}")]
    WindowOpen {
        /// When it ends, UTC milliseconds.
        expires_at_ms: i64,
    },
}

/// Longest name of a carrier, in characters.
pub const CARRIER_CHARS_MAX: usize = 64;

/// Longest tracking number, in characters.
pub const TRACKING_CHARS_MAX: usize = 64;

impl OrderError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPossible { .. } => "order.not_possible",
            Self::NotAllowed { .. } => "order.not_allowed",
            Self::ExceedsPaid { .. } => "refund.exceeds_paid",
            Self::NotPositive => "refund.not_positive",
            Self::Tracking => "order.tracking",
            Self::WindowOpen { .. } => "order.window_open",
        }
    }
}

/// Number of the nth order of a day: `ORD-YYYYMMDD-NNN`, longer above 999. `day` is `YYYY-MM-DD`.
#[must_use]
pub fn order_number(day: &str, nth: u32) -> String {
    format!("ORD-{}-{nth:03}", day.replace('-', ""))
}

#[cfg(test)]
mod tests;
