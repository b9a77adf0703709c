//! The store's books against themselves and against the journals: an error that store and till share shows here.

use super::{EffectState, EntryRef, Origin, StockMovement, sum};
use crate::amount::{OutOfRange, Quantity};
use crate::lease::{Lease, LeaseState};
use crate::stock::Level;
use serde::Serialize;
use std::collections::BTreeMap;

/// What one entry's bytes say of one SKU at one location, and what became of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryEffect {
    /// The entry.
    pub entry: EntryRef,
    /// Sum of its movements of this SKU here, signed, thousandths.
    pub amount: i64,
    /// What became of it.
    pub state: EffectState,
}

/// Something in the books that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BookFault {
    /// An entry and the movements booked for it differ: lost, doubled or changed.
    Effect {
        /// The entry.
        entry: EntryRef,
        /// What it should have moved: nothing while it is quarantined.
        stated: i64,
        /// What was booked.
        booked: i64,
    },
    /// A part of a level is not the sum of what stands behind it.
    Pool {
        /// Which part.
        pool: &'static str,
        /// What the level says.
        level: i64,
        /// What stands behind it.
        behind: i64,
    },
}

/// Compares what entries say with what was booked for them: each applied entry exactly once, all others not at
/// all. `entries` are all entries of all tills that move this SKU here.
///
/// # Errors
/// [`OutOfRange`].
pub fn check_effects(
    entries: &[EntryEffect],
    movements: &[StockMovement],
) -> Result<Vec<BookFault>, OutOfRange> {
    let mut sides: BTreeMap<EntryRef, (i64, i64)> = BTreeMap::new();
    for effect in entries {
        let stated = match effect.state {
            EffectState::Applied { .. } => effect.amount,
            EffectState::Quarantined | EffectState::Dropped { .. } | EffectState::Unsent => 0,
        };
        let side = sides.entry(effect.entry).or_default();
        side.0 = sum([side.0, stated])?;
    }
    for movement in movements {
        if let Origin::Entry(entry) = movement.origin {
            let side = sides.entry(entry).or_default();
            side.1 = sum([side.1, movement.quantity_milli.0])?;
        }
    }
    Ok(sides
        .into_iter()
        .filter(|(_, (stated, booked))| stated != booked)
        .map(|(entry, (stated, booked))| BookFault::Effect { entry, stated, booked })
        .collect())
}

/// What stands behind a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelBooks<'a> {
    /// All movements of the SKU at the location.
    pub movements: &'a [StockMovement],
    /// Its leases, in any state.
    pub leases: &'a [Lease],
    /// Quantities of its active reservations.
    pub reserved_milli: &'a [Quantity],
}

/// Compares a level with what stands behind it.
///
/// # Errors
/// [`OutOfRange`].
pub fn check_level(level: &Level, books: &LevelBooks<'_>) -> Result<Vec<BookFault>, OutOfRange> {
    let moved = sum(books.movements.iter().map(|movement| movement.quantity_milli.0))?;
    let reserved = sum(books.reserved_milli.iter().map(|quantity| quantity.0))?;
    let leased = remaining(books.leases, |state| match state {
        LeaseState::Granted { .. } => true,
        LeaseState::InDoubt { .. } | LeaseState::Settled { .. } | LeaseState::WrittenOff { .. } => {
            false
        }
    })?;
    let in_doubt = remaining(books.leases, |state| match state {
        LeaseState::InDoubt { .. } => true,
        LeaseState::Granted { .. } | LeaseState::Settled { .. } | LeaseState::WrittenOff { .. } => {
            false
        }
    })?;
    let pools = [
        ("on_hand", level.on_hand_milli.0, moved),
        ("reserved", level.reserved_milli.0, reserved),
        ("leased", level.leased_milli.0, leased),
        ("in_doubt", level.in_doubt_milli.0, in_doubt),
        // An allotment has nothing behind it but the decision; it is never below zero.
        ("allotted", level.allotted_milli.0, level.allotted_milli.0.max(0)),
    ];
    Ok(pools
        .into_iter()
        .filter(|(_, level, behind)| level != behind)
        .map(|(pool, level, behind)| BookFault::Pool { pool, level, behind })
        .collect())
}

fn remaining(leases: &[Lease], counts: fn(&LeaseState) -> bool) -> Result<i64, OutOfRange> {
    sum(leases.iter().filter(|lease| counts(&lease.state)).map(|lease| lease.remaining_milli.0))
}
