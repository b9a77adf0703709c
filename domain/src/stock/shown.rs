//! What a till shows: the last level it received, plus its own movements that the level does not contain.

use super::Level;
use crate::amount::{OutOfRange, Quantity};

/// One of the till's own movements of a SKU at its location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnMovement {
    /// Signed, thousandths.
    pub quantity_milli: Quantity,
    /// Sold under a lease: it lowers what is leased as well.
    pub under_lease: bool,
    /// Feed number of the row that told that the store has applied this movement; unknown before, and while
    /// the entry is quarantined.
    pub effect_feed: Option<i64>,
}

/// Whether an own movement is missing from a level stamped `row_feed` and so counts on top of it.
///
/// It is missing if the store has not said when it applied it, or said a feed number after the level's. This
/// rests on one promise of the store: in the transaction that applies entries, the row that says so gets a
/// lower feed number than the level rows it changed. Then a level after it contains them, and a level
/// before it does not, however the rows are cut into pages.
#[must_use]
pub fn counts_on_top(effect_feed: Option<i64>, row_feed: i64) -> bool {
    effect_feed.is_none_or(|effect| effect > row_feed)
}

/// The level as the till shows it. `level` is the last one received with its feed number, if any.
///
/// # Errors
/// [`OutOfRange`].
pub fn shown(
    level: Option<(Level, i64)>,
    own: impl IntoIterator<Item = OwnMovement>,
) -> Result<Level, OutOfRange> {
    let (start, row_feed) = level.unwrap_or_default();
    own.into_iter().filter(|movement| counts_on_top(movement.effect_feed, row_feed)).try_fold(
        start,
        |level, movement| {
            let leased_change =
                if movement.under_lease { movement.quantity_milli } else { Quantity::ZERO };
            // The level may be older than the grant of the lease; less than nothing is never leased.
            let leased_milli = level.leased_milli.checked_add(leased_change)?.max(Quantity::ZERO);
            let on_hand_milli = level.on_hand_milli.checked_add(movement.quantity_milli)?;
            Ok(Level { on_hand_milli, leased_milli, ..level })
        },
    )
}
