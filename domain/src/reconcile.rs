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
    /// Sequence number.
    pub seq: i64,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.till, self.incarnation, self.seq)
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

fn negated(amount: i64) -> Result<i64, OutOfRange> {
    amount.checked_neg().ok_or(OutOfRange)
}

#[cfg(test)]
mod tests;
