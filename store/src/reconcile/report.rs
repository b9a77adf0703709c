//! What a reconciliation found.

use super::claims::Claim;
use super::money::NO_SHIFT;
use crate::balances::BalanceView;
use crate::exceptions::Exception;
use daybook_domain::reconcile::{BookFault, Explanation};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything found. Quantities are thousandths, amounts minor units.
#[derive(Debug, Serialize)]
pub struct Report {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// As of this feed number.
    pub feed: i64,
    /// Tills and how far they have spoken.
    pub tills: Vec<TillLine>,
    /// SKUs and locations that differ or stand out; all of them when asked for.
    pub stock: Vec<StockLine>,
    /// Shifts by tender.
    pub money: Vec<MoneyLine>,
    /// Gift cards and store credit with something on them, set aside or overspent; all of them when asked for.
    pub balances: Vec<BalanceView>,
    /// Identities of the books that do not hold.
    pub faults: Vec<String>,
    /// What waits for a person.
    pub exceptions: Vec<Exception>,
    /// In a few figures.
    pub summary: Summary,
}

/// One till.
#[derive(Debug, Serialize)]
pub struct TillLine {
    /// Short code.
    pub till: String,
    /// Where.
    pub location: String,
    /// `active`, `blocked`, `retired`.
    pub state: String,
    /// When it made the statement that is compared; none yet.
    pub stated_at_ms: Option<i64>,
    /// Entries it said to have and that have not arrived.
    pub unsent: i64,
    /// Those entries, as the first and the last of each incarnation: `till/incarnation/seq…seq`.
    pub unsent_entries: Vec<String>,
    /// Entries that wait in quarantine.
    pub quarantined: i64,
}

/// One SKU at one location.
#[derive(Debug, Serialize)]
pub struct StockLine {
    /// Where.
    pub location: String,
    /// What.
    pub sku: String,
    /// The store's level.
    pub level: LevelView,
    /// Who holds a right to a part of it, or took without one.
    pub claims: Vec<Claim>,
    /// The last count.
    pub count: Option<CountView>,
    /// Each till's view, explained.
    pub tills: Vec<TillView>,
    /// Identities that do not hold.
    pub faults: Vec<BookFault>,
}

/// A level with its parts.
#[derive(Debug, Serialize)]
pub struct LevelView {
    /// How it is shared.
    pub policy: &'static str,
    /// By the books.
    pub on_hand_milli: i64,
    /// For web orders.
    pub reserved_milli: i64,
    /// For the web.
    pub allotted_milli: i64,
    /// In leases.
    pub leased_milli: i64,
    /// In leases that expired unsettled.
    pub in_doubt_milli: i64,
    /// What nobody holds a right to.
    pub free_milli: i64,
}

/// A count.
#[derive(Debug, Clone, Serialize)]
pub struct CountView {
    /// Found.
    pub counted_milli: i64,
    /// What the till expected then.
    pub expected_milli: i64,
    /// counted − expected: posted as an adjustment.
    pub variance_milli: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// The entry.
    pub entry: String,
}

/// One till's view of a SKU.
#[derive(Debug, Serialize)]
pub struct TillView {
    /// Short code.
    pub till: String,
    /// store − till, explained.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Where something is unexplained: entries in the till's ledger that nobody could read, which may be why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl StockLine {
    /// Whether a person should see it.
    #[must_use]
    pub fn stands_out(&self) -> bool {
        let differs =
            |view: &TillView| view.explanation.difference != 0 || view.explanation.unexplained != 0;
        self.level.free_milli < 0
            || self.level.on_hand_milli < 0
            || !self.faults.is_empty()
            || self.tills.iter().any(differs)
            || self.count.as_ref().is_some_and(|count| count.variance_milli != 0)
    }

    pub(super) fn fault_texts(&self) -> Vec<String> {
        let place = format!("{} at {}", self.sku, self.location);
        self.faults
            .iter()
            .map(|fault| match fault {
                BookFault::Effect { entry, stated, booked } => {
                    format!("{place}: entry {entry} states {stated}, booked are {booked}")
                }
                BookFault::Pool { pool, level, behind } => {
                    format!("{place}: {pool} is {level}, behind it stand {behind}")
                }
            })
            .collect()
    }
}

/// One shift and tender.
#[derive(Debug, Serialize)]
pub struct MoneyLine {
    /// Short code of the till.
    pub till: String,
    /// Shift; `no shift` for what was taken without one.
    pub shift: String,
    /// Business day; `no shift` likewise.
    pub day: String,
    /// Z number, when it is closed.
    pub z_no: Option<i64>,
    /// Tender.
    pub tender: &'static str,
    /// store − till, explained; none while the till has not stated it.
    pub explanation: Option<Explanation>,
    /// By the store's documents and cash movements.
    pub store_minor: i64,
    /// Counted, where it was.
    pub counted_minor: Option<i64>,
    /// Counted less what the till expected: over above zero, short below.
    pub over_short_minor: Option<i64>,
    /// Where something is unexplained: entries in the till's ledger that nobody could read, which may be why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// What a cause explains in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CauseTotal {
    /// Comparisons it takes part in.
    pub lines: usize,
    /// Entries, orders and movements behind it.
    pub parts: usize,
    /// Signed sum.
    pub amount: i64,
}

/// The report in a few figures.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// SKUs at locations that were read.
    pub levels: usize,
    /// Views of tills that were compared with a level.
    pub compared: usize,
    /// Of them, how many differ.
    pub differing: usize,
    /// Shifts and tenders compared.
    pub money_compared: usize,
    /// Shifts and tenders that the till has not stated yet.
    pub money_unstated: usize,
    /// Differences of stock by cause.
    pub stock_causes: BTreeMap<String, CauseTotal>,
    /// Differences of money by cause.
    pub money_causes: BTreeMap<String, CauseTotal>,
    /// Σ |unexplained| of stock, thousandths.
    pub unexplained_milli: i64,
    /// Σ |unexplained| of money, minor units.
    pub unexplained_minor: i64,
    /// Identities that do not hold.
    pub faults: usize,
}

impl Summary {
    pub(super) fn of(
        stock: &[StockLine],
        levels: usize,
        money: &[MoneyLine],
        faults: &[String],
    ) -> Self {
        let mut summary = Self { levels, faults: faults.len(), ..Self::default() };
        for view in stock.iter().flat_map(|line| &line.tills) {
            summary.compared += 1;
            summary.differing += usize::from(view.explanation.difference != 0);
            summary.unexplained_milli = summary
                .unexplained_milli
                .saturating_add(view.explanation.unexplained.saturating_abs());
            add(&mut summary.stock_causes, &view.explanation);
        }
        for line in money {
            match &line.explanation {
                Some(explanation) => {
                    summary.money_compared += 1;
                    summary.unexplained_minor = summary
                        .unexplained_minor
                        .saturating_add(explanation.unexplained.saturating_abs());
                    add(&mut summary.money_causes, explanation);
                }
                None if line.shift == NO_SHIFT => {}
                None => summary.money_unstated += 1,
            }
        }
        summary
    }

    /// Whether everything is accounted for.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.unexplained_milli == 0 && self.unexplained_minor == 0 && self.faults == 0
    }
}

fn add(totals: &mut BTreeMap<String, CauseTotal>, explanation: &Explanation) {
    for explained in &explanation.causes {
        let name = cause_name(explained.cause);
        let total = totals.entry(name).or_default();
        total.lines += 1;
        total.parts += explained.parts.len();
        total.amount = total.amount.saturating_add(explained.amount);
    }
}

/// The name of a cause as it stands in JSON.
pub(super) fn cause_name(cause: daybook_domain::reconcile::Cause) -> String {
    match serde_json::to_value(cause) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => "unknown".to_owned(),
    }
}
