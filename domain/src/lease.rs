//! Leases: the right of one till to sell so many whole units without asking.
//!
//! The till counts the time to live from before it asked, so its right always ends before the store's
//! books say so. **Expiry ends the till's right, not the store's ignorance**: an expired lease is in doubt until every
//! entry that the till wrote under it has arrived and had its effect, or a named person writes it off.

mod grant;
mod till;

pub use grant::{GrantTerms, LeaseRefusal, Outcome, answer, grant_size, next_fence};
pub use till::TillLease;

use crate::amount::Quantity;
use crate::ids::{StaffId, TillId};
use crate::stock::{Level, StockError};

/// Longest time to live of a lease: one week.
pub const TTL_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// How much slower than the store's clock a till's clock may run. Crystals drift by less than 200 ppm.
pub const DRIFT_PPM_MAX: i64 = 1_000;

/// A lease as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Number that only ever grows; a sale names it.
    pub fence: i64,
    /// Who holds it.
    pub till: TillId,
    /// In which incarnation: the next one holds nothing.
    pub incarnation: u32,
    /// Granted, thousandths, whole units.
    pub quantity_milli: Quantity,
    /// Not known to be sold.
    pub remaining_milli: Quantity,
    /// Where it stands.
    pub state: LeaseState,
}

/// Where a lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseState {
    /// The till may sell. Its remaining quantity is in the level's `leased`.
    Granted {
        /// End of the right by the store's clock, UTC milliseconds ([`expiry`]).
        expires_at_ms: i64,
    },
    /// The right is over, what was sold is not known yet. Its remaining quantity is in the level's `in_doubt`.
    InDoubt {
        /// Since when, UTC milliseconds.
        since_ms: i64,
        /// Head of the till's journal when it first spoke after that: all sales under the lease are up to here.
        last_seq: Option<i64>,
    },
    /// Everything is known; the rest went back to free.
    Settled {
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// A person decided not to wait; the rest went back to free.
    WrittenOff {
        /// Who.
        by: StaffId,
        /// When, UTC milliseconds.
        at_ms: i64,
    },
}

/// What a till said of its journal in an exchange, and what the store knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TillReport {
    /// When it spoke by the store's clock, UTC milliseconds.
    pub at_ms: i64,
    /// Its incarnation.
    pub incarnation: u32,
    /// The head it reported, sent or not.
    pub head_seq: i64,
    /// Last entry of that incarnation up to which the store holds and has applied all.
    pub applied_through: i64,
}

/// What happened to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// Nothing.
    Unchanged,
    /// The lease or its place in the level changed; write both.
    Changed,
}

/// End of a lease by the store's clock: the time to live and what a slow clock at the till may add.
#[must_use]
pub fn expiry(granted_at_ms: i64, ttl_ms: i64) -> i64 {
    let drift_ms = (ttl_ms / 1_000_000).saturating_mul(DRIFT_PPM_MAX).saturating_add(1_000);
    granted_at_ms.saturating_add(ttl_ms).saturating_add(drift_ms)
}

impl Lease {
    /// Moves an expired lease into doubt.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and lease contradict each other.
    pub fn expire(&mut self, level: &mut Level, now_ms: i64) -> Result<LeaseChange, StockError> {
        match self.state {
            LeaseState::Granted { expires_at_ms } if expires_at_ms <= now_ms => {
                self.enter_doubt(level, now_ms, None)?;
                Ok(LeaseChange::Changed)
            }
            LeaseState::Granted { .. }
            | LeaseState::InDoubt { .. }
            | LeaseState::Settled { .. }
            | LeaseState::WrittenOff { .. } => Ok(LeaseChange::Unchanged),
        }
    }

    /// The till's right ends before its time: its incarnation is over, or nobody waits for it any more. What was sold
    /// under it is not known.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and lease contradict each other.
    pub fn end(&mut self, level: &mut Level, now_ms: i64) -> Result<LeaseChange, StockError> {
        match self.state {
            LeaseState::Granted { .. } => {
                self.enter_doubt(level, now_ms, None)?;
                Ok(LeaseChange::Changed)
            }
            LeaseState::InDoubt { .. }
            | LeaseState::Settled { .. }
            | LeaseState::WrittenOff { .. } => Ok(LeaseChange::Unchanged),
        }
    }

    /// The till gives the lease back. `report.head_seq` is its head when it gave up the right.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and lease contradict each other.
    pub fn give_back(
        &mut self,
        level: &mut Level,
        report: TillReport,
    ) -> Result<LeaseChange, StockError> {
        if report.incarnation != self.incarnation {
            return Ok(LeaseChange::Unchanged);
        }
        match self.state {
            LeaseState::Granted { .. } => {
                self.enter_doubt(level, report.at_ms, Some(report.head_seq))?;
                self.hear(level, report)?;
                Ok(LeaseChange::Changed)
            }
            LeaseState::InDoubt { .. }
            | LeaseState::Settled { .. }
            | LeaseState::WrittenOff { .. } => self.hear(level, report),
        }
    }

    /// Learns from an exchange: a lease in doubt is settled once every entry that the till had when it first
    /// spoke after the expiry has been applied. Another incarnation's word settles nothing: what the lost ledger
    /// sold may never arrive, and only a person can say so.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and lease contradict each other.
    pub fn hear(
        &mut self,
        level: &mut Level,
        report: TillReport,
    ) -> Result<LeaseChange, StockError> {
        let LeaseState::InDoubt { since_ms, last_seq } = self.state else {
            return Ok(LeaseChange::Unchanged);
        };
        if report.incarnation != self.incarnation || report.at_ms < since_ms {
            return Ok(LeaseChange::Unchanged);
        }
        let end = last_seq.unwrap_or(report.head_seq);
        if report.applied_through >= end {
            *level = level.undoubt(self.remaining_milli)?;
            self.state = LeaseState::Settled { at_ms: report.at_ms };
            return Ok(LeaseChange::Changed);
        }
        self.state = LeaseState::InDoubt { since_ms, last_seq: Some(end) };
        Ok(if last_seq.is_none() { LeaseChange::Changed } else { LeaseChange::Unchanged })
    }

    /// A person decides not to wait for the till: the rest goes back to free, and a sale that arrives later
    /// opens an exception. Only a lease in doubt can be written off.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and lease contradict each other.
    pub fn write_off(
        &mut self,
        level: &mut Level,
        by: StaffId,
        at_ms: i64,
    ) -> Result<LeaseChange, StockError> {
        match self.state {
            LeaseState::InDoubt { .. } => {
                *level = level.undoubt(self.remaining_milli)?;
                self.state = LeaseState::WrittenOff { by, at_ms };
                Ok(LeaseChange::Changed)
            }
            LeaseState::Granted { .. }
            | LeaseState::Settled { .. }
            | LeaseState::WrittenOff { .. } => Ok(LeaseChange::Unchanged),
        }
    }

    fn enter_doubt(
        &mut self,
        level: &mut Level,
        since_ms: i64,
        last_seq: Option<i64>,
    ) -> Result<(), StockError> {
        *level = level.doubt(self.remaining_milli)?;
        self.state = LeaseState::InDoubt { since_ms, last_seq };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
