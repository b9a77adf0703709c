//! What is set aside for the web where shelves are ring-fenced.
//!
//! An allotment has a proposed and an effective value. Tills leave the larger of the two alone as soon as they see
//! it; the web sells only the effective one. So it may be raised only when every live till of the location
//! has seen the proposal and everything it sold before has arrived, and lowered at once.

use crate::amount::{OutOfRange, Quantity};
use crate::ids::TillId;
use crate::stock::{Level, StockError};

/// How far a till of the location has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TillSeen {
    /// Which till.
    pub till: TillId,
    /// Not retired: a retired till sells nothing and is not waited for.
    pub live: bool,
    /// Feed cursor it last reported.
    pub cursor: i64,
    /// Journal head it reported with it.
    pub head_seq: i64,
    /// Last of its entries up to which the store holds and has applied all.
    pub applied_through: i64,
}

/// Proposes to set `target` aside in all, beyond what is reserved already. Lowering takes effect at once; for
/// raising, [`take_effect`] waits for the tills.
///
/// # Errors
/// [`StockError::NotPositive`] below zero.
pub fn propose(level: Level, target: Quantity) -> Result<Level, StockError> {
    if target < Quantity::ZERO {
        return Err(StockError::NotPositive);
    }
    Ok(Level {
        allotted_milli: level.allotted_milli.min(target),
        allotted_proposed_milli: target,
        ..level
    })
}

/// Highest feed number of a proposal that every live till has acknowledged: it has seen the row, and nothing it sold before
/// is still on its way. The second half matters: a till can pull the proposal and still hold unsent sales from before.
/// `None` while one of them has something on its way.
#[must_use]
pub fn acknowledged_through(tills: &[TillSeen]) -> Option<i64> {
    tills.iter().filter(|seen| seen.live).try_fold(i64::MAX, |through, seen| {
        (seen.applied_through >= seen.head_seq).then_some(through.min(seen.cursor))
    })
}

/// Raises the effective allotment towards the proposed one, when every live till has acknowledged the row that
/// proposed it, and by no more than is free. Otherwise the level comes back as it was.
///
/// # Errors
/// [`OutOfRange`].
pub fn take_effect(
    level: Level,
    proposal_feed: i64,
    tills: &[TillSeen],
) -> Result<Level, OutOfRange> {
    let missing = level.allotted_proposed_milli.checked_sub(level.allotted_milli)?;
    let raise = missing.min(level.free()?);
    let waits = acknowledged_through(tills).is_none_or(|through| through < proposal_feed);
    if waits || raise <= Quantity::ZERO {
        return Ok(level);
    }
    Ok(Level { allotted_milli: level.allotted_milli.checked_add(raise)?, ..level })
}

#[cfg(test)]
mod tests;
