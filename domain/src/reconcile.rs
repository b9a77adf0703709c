//! Reconciliation: every unit and every coin of difference, down to the entry.
//!
//! What a till shows comes from its own statement, never from the store's tables; what the store holds comes from its
//! tables, never from the till. Between them stand named causes, each with the entries or movements behind
//! it. What no cause explains is `unexplained`, and it is an alarm: no cause may absorb a remainder.

mod books;
mod money;
mod stock;

pub use books::{BookFault, EntryEffect, LevelBooks, check_effects, check_level};
pub use money::{MoneyFact, MoneyView, explain_money};
pub use stock::{Origin, StockMovement, StockView, StoreCause, explain_stock};

use crate::amount::OutOfRange;
use crate::ids::TillId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One entry of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct EntryRef {
    /// Whose journal.
    pub till: TillId,
    /// Which incarnation.
    pub incarnation: u32,
    /// 0 for the trunk, else the branch that the store keeps beside it after a fork.
    pub branch: u32,
    /// Sequence number.
    pub seq: i64,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.till, self.incarnation)?;
        if self.branch != 0 {
            write!(f, "~{}", self.branch)?;
        }
        write!(f, "/{}", self.seq)
    }
}

/// A journal, or the part of it, that stands in a till's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extent {
    /// Which incarnation.
    pub incarnation: u32,
    /// 0 for the trunk, else the branch.
    pub branch: u32,
    /// Last sequence number.
    pub through: i64,
}

/// What stood in a till's ledger when it made its statement: the head of its own incarnation, and of every earlier
/// one that it carried on. A ledger restored from a backup holds less of the earlier one than the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger(pub Vec<Extent>);

/// Whether an entry was in the till's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InView {
    /// Yes.
    Yes,
    /// No: it was written later.
    Later,
    /// No: the ledger it stood in was lost, and the restored one does not hold it.
    Lost,
}

impl Ledger {
    /// Whether an entry stands in it.
    #[must_use]
    pub fn holds(&self, entry: EntryRef) -> bool {
        self.view_of(entry) == InView::Yes
    }

    /// The ledger of a till that was never restored: one journal up to its head.
    #[must_use]
    pub fn up_to(incarnation: u32, through: i64) -> Self {
        Self(vec![Extent { incarnation, branch: 0, through }])
    }

    fn view_of(&self, entry: EntryRef) -> InView {
        let journal = (entry.incarnation, entry.branch);
        let holds = |extent: &Extent| {
            (extent.incarnation, extent.branch) == journal && entry.seq <= extent.through
        };
        if self.0.iter().any(holds) {
            return InView::Yes;
        }
        let newest = self.0.iter().map(|extent| extent.incarnation).max().unwrap_or(0);
        let goes_on = entry.incarnation == newest && entry.branch == 0;
        if goes_on || entry.incarnation > newest { InView::Later } else { InView::Lost }
    }
}

/// What became of an entry at the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectState {
    /// Its effects were applied at this feed number.
    Applied {
        /// Feed number.
        feed: i64,
    },
    /// Stored, but its effects wait for a person.
    Quarantined,
    /// Stored, and left without effect for good; the till was told so at this feed number.
    Dropped {
        /// Feed number.
        feed: i64,
    },
    /// Not at the store. Known only where the till's own ledger is at hand.
    Unsent,
}

/// Why store and till differ. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Sales and other acts at other tills that this till has not heard of.
    OtherTill,
    /// Web orders deducted since.
    WebOrder,
    /// Web orders restored since.
    WebReturn,
    /// Goods entered at the store since.
    Receipt,
    /// Adjustments of stocktakes since, and corrections linked to them.
    Count,
    /// Adjustments by hand at the store since.
    Adjustment,
    /// This till's own acts after it made its statement.
    AfterStatement,
    /// This till's entries that the store holds and its restored ledger does not.
    LostLedger,
    /// This till's entries that wait in quarantine.
    Quarantined,
    /// This till's entries that have not arrived.
    Unsent,
}

/// One cause with everything behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The cause.
    pub cause: Cause,
    /// What it adds to `store − till`, in the unit of the report.
    pub amount: i64,
    /// The entries, orders or movements behind it, each with its own share.
    pub parts: Vec<Part>,
}

/// One entry, order or movement behind a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What to look up.
    pub reference: String,
    /// Its share.
    pub amount: i64,
}

/// `store − till`, explained. Amounts are thousandths of a unit for stock, minor units for money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What the store holds.
    pub store: i64,
    /// What the till stated.
    pub till: i64,
    /// store − till.
    pub difference: i64,
    /// Causes that contribute, in the order of [`Cause`].
    pub causes: Vec<Explained>,
    /// difference − Σ causes. Anything but zero is an alarm.
    pub unexplained: i64,
}

/// Collects causes.
#[derive(Debug, Default)]
struct Causes(BTreeMap<Cause, Vec<Part>>);

impl Causes {
    fn add(&mut self, cause: Cause, reference: String, amount: i64) {
        self.0.entry(cause).or_default().push(Part { reference, amount });
    }

    fn explain(self, store: i64, till: i64) -> Result<Explanation, OutOfRange> {
        let difference = store.checked_sub(till).ok_or(OutOfRange)?;
        let causes = self
            .0
            .into_iter()
            .map(|(cause, parts)| {
                let amount = sum(parts.iter().map(|part| part.amount))?;
                Ok(Explained { cause, amount, parts })
            })
            .collect::<Result<Vec<_>, OutOfRange>>()?;
        let named = sum(causes.iter().map(|explained| explained.amount))?;
        let unexplained = difference.checked_sub(named).ok_or(OutOfRange)?;
        Ok(Explanation { store, till, difference, causes, unexplained })
    }
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, OutOfRange> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(OutOfRange)
}

/// On which side of `store − till` an entry stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Store,
    Till,
}

impl Side {
    fn signed(self, amount: i64) -> Result<i64, OutOfRange> {
        match self {
            Self::Store => Ok(amount),
            Self::Till => amount.checked_neg().ok_or(OutOfRange),
        }
    }
}

/// Why a till's own entry stands on one side only, if it does.
fn own_cause(ledger: &Ledger, entry: EntryRef, state: EffectState) -> Option<(Cause, Side)> {
    match (state, ledger.view_of(entry)) {
        (EffectState::Applied { .. }, InView::Yes)
        | (
            EffectState::Quarantined | EffectState::Dropped { .. } | EffectState::Unsent,
            InView::Later | InView::Lost,
        ) => None,
        (EffectState::Applied { .. }, InView::Later) => Some((Cause::AfterStatement, Side::Store)),
        (EffectState::Applied { .. }, InView::Lost) => Some((Cause::LostLedger, Side::Store)),
        (EffectState::Quarantined | EffectState::Dropped { .. }, InView::Yes) => {
            Some((Cause::Quarantined, Side::Till))
        }
        (EffectState::Unsent, InView::Yes) => Some((Cause::Unsent, Side::Till)),
    }
}

#[cfg(test)]
mod tests;
