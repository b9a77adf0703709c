//! Stock: the level of one SKU at one location, what a till shows of it, what may be sold, and how a
//! movement changes it.
//!
//! Levels are absolute and belong to the store. A till shows the last level it received plus its own
//! movements that this level does not contain yet ([`shown`]). Facts always apply, even below zero, and then
//! name exceptions for a person; only grants (lease, reservation, allotment) are guarded by what is free.

mod applied;
mod level;
mod right;
mod shown;

pub use applied::{Applied, Promise, StockException, apply, endangered};
pub use level::Level;
pub use right::{HeldLease, SalePlan, SaleRight, available, needs_approval, plan_sale};
pub use shown::{OwnMovement, counts_on_top, shown};

use crate::amount::{OutOfRange, Quantity};
use crate::entry::Movement;

/// Largest quantity of one movement: a thousand million units.
pub const MOVEMENT_MILLI_MAX: i64 = 1_000_000_000_000;

/// Why a change of stock was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// A movement of nothing.
    #[error("a movement of stock may not be zero")]
    Zero,
    /// More than [`MOVEMENT_MILLI_MAX`].
    #[error("a movement of stock may not exceed {MOVEMENT_MILLI_MAX} thousandths")]
    TooLarge,
    /// The quantity of a grant, reservation or allotment is not above zero.
    #[error("the quantity must be above zero")]
    NotPositive,
    /// A lease can only be sold from: goods that come in name none.
    #[error("goods that come in cannot name a lease")]
    LeaseOnIncoming,
    /// Less is free than was asked for.
    #[error("only {available_milli:?} thousandths are available")]
    NotAvailable {
        /// What could be had instead, never below zero.
        available_milli: Quantity,
    },
    /// The books hold less of this kind than is to be taken from it: they are corrupt.
    #[error("the level holds less {pool} than is taken from it")]
    PoolShort {
        /// Which part of the level.
        pool: &'static str,
    },
    /// A sum left its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl StockError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Zero => "stock.zero",
            Self::TooLarge => "stock.too_large",
            Self::NotPositive => "stock.not_positive",
            Self::LeaseOnIncoming => "stock.lease_on_incoming",
            Self::NotAvailable { .. } => "stock.not_available",
            Self::PoolShort { .. } => "stock.corrupt",
            Self::OutOfRange(_) => "stock.out_of_range",
        }
    }
}

/// Checks a movement before it is written.
///
/// # Errors
/// [`StockError::Zero`], [`StockError::TooLarge`] or [`StockError::LeaseOnIncoming`].
pub fn validate(movement: &Movement) -> Result<(), StockError> {
    let quantity = movement.quantity_milli.0;
    if quantity == 0 {
        return Err(StockError::Zero);
    }
    if quantity.unsigned_abs() > MOVEMENT_MILLI_MAX.unsigned_abs() {
        return Err(StockError::TooLarge);
    }
    if quantity > 0 && movement.lease.is_some() {
        return Err(StockError::LeaseOnIncoming);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
