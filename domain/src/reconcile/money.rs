//! Money of one shift and tender, as the till reports it and as the store's documents add up.

use super::{Causes, EffectState, EntryRef, Explanation, Ledger, own_cause};
use crate::amount::{Minor, OutOfRange};

/// What the till reported: in a Z report, an X report or a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyView {
    /// What must be there by the till's records.
    pub expected_minor: Minor,
    /// What stood in its ledger when it reported.
    pub ledger: Ledger,
}

/// An entry that moved money of this shift and tender, as its bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyFact {
    /// The entry.
    pub entry: EntryRef,
    /// Signed: the float, takings, pay-ins and loans above zero, refunds, pay-outs and drops below.
    pub amount_minor: Minor,
    /// What became of it.
    pub state: EffectState,
}

/// Explains the store's sum for a shift and tender less what the till expects. What was counted stays out of it:
/// over or short is the difference between count and expectation, and has nothing to absorb here.
///
/// # Errors
/// [`OutOfRange`].
pub fn explain_money(
    store_minor: Minor,
    view: &MoneyView,
    facts: &[MoneyFact],
) -> Result<Explanation, OutOfRange> {
    let mut causes = Causes::default();
    for fact in facts {
        if let Some((cause, side)) = own_cause(&view.ledger, fact.entry, fact.state) {
            causes.add(cause, fact.entry.to_string(), side.signed(fact.amount_minor.0)?);
        }
    }
    causes.explain(store_minor.0, view.expected_minor.0)
}
