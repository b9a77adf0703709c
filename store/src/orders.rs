//! Web orders: placed with a reservation, paid, called off, refunded; every change with who and why.
//!
//! The ground that a web shop stands on. States and rights are those of [`daybook_domain::order`].

mod at_till;
mod change;
mod error;
mod held;
mod invoice;
mod pay;
mod place;
mod read;
mod refund;
mod relocate;
mod settings;
mod state;

pub use at_till::{CancelWish, Deed, Done, cancel_wished, take};
pub use change::{Step, cancel, deliver, expire, ship, start};
pub use error::OrderError;
pub use held::open_reservations;
pub use invoice::{document, documents_of};
pub use pay::{Charge, Paid, ask, pay, test_card};
pub use place::{Address, NewLine, NewOrder, place};
pub(crate) use read::fulfilment;
pub use read::{Event, Order, OrderLine, OrderList, PaymentView, find, list};
pub use refund::{NewRefund, RefundLine, Refunded, refund};
pub use relocate::relocate;
pub use settings::{OnPaymentFailed, OrderSettings};

/// Who asks for a change, and why, for the history.
#[derive(Debug, Clone)]
pub struct By {
    /// Name: a customer, a member of staff, `store`.
    pub actor: String,
    /// What the actor may do.
    pub role: daybook_domain::order::Actor,
    /// Why.
    pub reason: String,
}

impl By {
    /// The store itself.
    #[must_use]
    pub fn store(reason: &str) -> Self {
        let role = daybook_domain::order::Actor::System;
        Self { actor: "store".to_owned(), role, reason: reason.to_owned() }
    }
}
