//! The store applies a movement to its level: always, and says what a person must look at.

use super::{Level, StockError, validate};
use crate::amount::{OutOfRange, Quantity};
use crate::entry::Movement;
use crate::ids::OrderId;
use crate::lease::{Lease, LeaseState};

/// What a person must look at after a movement was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockException {
    /// More is promised than is there: some web orders are endangered (see [`endangered`]).
    Oversold {
        /// By how much, above zero.
        short_milli: Quantity,
    },
    /// More left than was known to be there.
    NegativeOnHand {
        /// The level, below zero.
        on_hand_milli: Quantity,
    },
    /// A till sold more than it had a right to.
    BeyondRights {
        /// How much, above zero.
        quantity_milli: Quantity,
    },
    /// A sale names a lease that is not this till's, is over, or does not cover it.
    LeaseExceeded {
        /// The fence that was named.
        fence: i64,
        /// How much was not covered, above zero.
        by_milli: Quantity,
    },
}

impl StockException {
    /// Stable code for lists and texts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Oversold { .. } => "stock.oversold",
            Self::NegativeOnHand { .. } => "stock.negative_on_hand",
            Self::BeyondRights { .. } => "stock.beyond_rights",
            Self::LeaseExceeded { .. } => "stock.lease_exceeded",
        }
    }
}

/// Level and lease after a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The level.
    pub level: Level,
    /// The lease, where one was named and found.
    pub lease: Option<Lease>,
    /// What a person must look at; empty for nearly every sale.
    pub exceptions: Vec<StockException>,
}

/// Applies a movement. `lease` is the lease of the sending till and incarnation with the named fence, if the
/// store knows one: a fence of another till is no lease at all.
///
/// # Errors
/// Of [`validate`], and [`StockError::PoolShort`] when lease and level contradict each other.
pub fn apply(
    level: Level,
    movement: &Movement,
    lease: Option<&Lease>,
) -> Result<Applied, StockError> {
    validate(movement)?;
    let mut exceptions = Vec::new();
    let mut after =
        Level { on_hand_milli: level.on_hand_milli.checked_add(movement.quantity_milli)?, ..level };
    let mut lease_after = lease.cloned();
    if let Some(fence) = movement.lease {
        let sold = movement.quantity_milli.checked_neg()?;
        let covered = match lease_after.as_mut().filter(|lease| lease.fence == fence) {
            Some(lease) => spend(&mut after, lease, sold)?,
            None => Quantity::ZERO,
        };
        let by_milli = sold.checked_sub(covered)?;
        if !by_milli.is_zero() {
            exceptions.push(StockException::LeaseExceeded { fence, by_milli });
        }
    }
    if movement.quantity_milli < Quantity::ZERO {
        exceptions.extend(shortages(&after, movement)?);
    }
    Ok(Applied { level: after, lease: lease_after, exceptions })
}

/// Takes what a lease covers out of it, and says how much that was.
fn spend(level: &mut Level, lease: &mut Lease, sold: Quantity) -> Result<Quantity, StockError> {
    let covered = sold.min(lease.remaining_milli).max(Quantity::ZERO);
    *level = match lease.state {
        LeaseState::Granted { .. } => level.unlease(covered)?,
        LeaseState::InDoubt { .. } => level.undoubt(covered)?,
        LeaseState::Settled { .. } | LeaseState::WrittenOff { .. } => return Ok(Quantity::ZERO),
    };
    lease.remaining_milli = lease.remaining_milli.checked_sub(covered)?;
    Ok(covered)
}

fn shortages(after: &Level, movement: &Movement) -> Result<Vec<StockException>, OutOfRange> {
    let mut found = Vec::new();
    if movement.beyond_rights {
        let quantity_milli = movement.quantity_milli.checked_neg()?;
        found.push(StockException::BeyondRights { quantity_milli });
    }
    if after.on_hand_milli < Quantity::ZERO {
        found.push(StockException::NegativeOnHand { on_hand_milli: after.on_hand_milli });
    }
    let free = after.free()?;
    // Without a promise to anybody, a negative free is just a negative level.
    let promised = after.on_hand_milli.checked_sub(free)?;
    if free < Quantity::ZERO && promised > Quantity::ZERO {
        found.push(StockException::Oversold { short_milli: free.checked_neg()? });
    }
    Ok(found)
}

/// A promise to a web order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The order.
    pub order: OrderId,
    /// When it was placed, UTC milliseconds.
    pub placed_at_ms: i64,
    /// How much, thousandths.
    pub quantity_milli: Quantity,
}

/// The orders that a level below zero endangers, newest first: as many as it takes to cover what is
/// missing. What is set aside for the web but not sold yet gives way before any order does.
///
/// # Errors
/// [`OutOfRange`].
pub fn endangered(level: &Level, promises: &[Promise]) -> Result<Vec<OrderId>, OutOfRange> {
    let mut short = level.free()?.checked_add(level.allotted_milli)?.checked_neg()?;
    let mut newest_first = promises.to_vec();
    newest_first.sort_by_key(|promise| std::cmp::Reverse((promise.placed_at_ms, promise.order)));
    let mut orders = Vec::new();
    for promise in newest_first {
        if short <= Quantity::ZERO {
            break;
        }
        short = short.checked_sub(promise.quantity_milli)?;
        orders.push(promise.order);
    }
    Ok(orders)
}
