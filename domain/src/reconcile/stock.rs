//! Stock of one SKU at one location, as one till shows it and as the store holds it.

use super::{Cause, Causes, EffectState, EntryEffect, EntryRef, Explanation, Ledger};
use crate::amount::{OutOfRange, Quantity};
use crate::stock::counts_on_top;

/// What the till stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockView {
    /// Feed number of the last level it had received, 0 without one.
    pub row_feed: i64,
    /// On hand as it showed it: that level plus own movements.
    pub shown_milli: Quantity,
    /// What stood in its ledger when it made the statement.
    pub ledger: Ledger,
}

/// What moved stock without a till's entry saying how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreCause {
    /// First stock, import, goods receipt at the store.
    Receipt,
    /// A web order was deducted.
    WebOrder,
    /// A web order was restored.
    WebReturn,
    /// Adjustment of a stocktake, or a correction linked to one.
    Count,
    /// By hand.
    Adjustment,
}

/// Who moved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An entry of a till said so.
    Entry(EntryRef),
    /// The store decided it.
    Store {
        /// Why.
        cause: StoreCause,
        /// Order number, import, stocktake entry.
        reference: String,
    },
}

/// A movement in the store's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockMovement {
    /// Feed number of the level row written with it.
    pub feed: i64,
    /// Signed, thousandths.
    pub quantity_milli: Quantity,
    /// Who moved it.
    pub origin: Origin,
}

/// Explains the store's on hand less what a till showed.
///
/// `movements` are all movements of the SKU at the location, or at least those after `view.row_feed`. `own` are the
/// till's entries that move this SKU here, as their bytes say, of every incarnation.
///
/// # Errors
/// [`OutOfRange`].
pub fn explain_stock(
    on_hand_milli: Quantity,
    view: &StockView,
    movements: &[StockMovement],
    own: &[EntryEffect],
) -> Result<Explanation, OutOfRange> {
    let mut causes = Causes::default();
    for movement in movements.iter().filter(|movement| movement.feed > view.row_feed) {
        let (cause, reference) = match &movement.origin {
            // Own entries are taken from the journal below: a movement booked twice must stand out.
            Origin::Entry(entry) if own.iter().any(|own| own.entry == *entry) => continue,
            Origin::Entry(entry) => (Cause::OtherTill, entry.to_string()),
            Origin::Store { cause, reference } => (Cause::from(*cause), reference.clone()),
        };
        causes.add(cause, reference, movement.quantity_milli.0);
    }
    for own in own {
        if let Some((cause, amount)) = own_cause(view, own)? {
            causes.add(cause, own.entry.to_string(), amount);
        }
    }
    causes.explain(on_hand_milli.0, view.shown_milli.0)
}

/// What an own entry adds to `store − till`. In the till's view it counts if it stood in the ledger and the level
/// did not contain it; in the store's books it counts if it was applied. Where both or neither hold, it adds
/// nothing, and so it does where the level contains it.
fn own_cause(view: &StockView, own: &EntryEffect) -> Result<Option<(Cause, i64)>, OutOfRange> {
    let in_level = match own.state {
        EffectState::Applied { feed } | EffectState::Dropped { feed } => {
            !counts_on_top(Some(feed), view.row_feed)
        }
        EffectState::Quarantined | EffectState::Unsent => false,
    };
    if in_level {
        return Ok(None);
    }
    super::own_cause(&view.ledger, own.entry, own.state)
        .map(|(cause, side)| side.signed(own.amount).map(|amount| (cause, amount)))
        .transpose()
}

impl From<StoreCause> for Cause {
    fn from(cause: StoreCause) -> Self {
        match cause {
            StoreCause::Receipt => Self::Receipt,
            StoreCause::WebOrder => Self::WebOrder,
            StoreCause::WebReturn => Self::WebReturn,
            StoreCause::Count => Self::Count,
            StoreCause::Adjustment => Self::Adjustment,
        }
    }
}
