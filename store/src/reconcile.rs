//! Reconciliation: store, till and count of every SKU, and money of every shift and tender, down to the entry.
//!
//! What a till shows comes from its own signed statement, never from the store's tables. The rules stand in
//! [`daybook_domain::reconcile`]; here both sides are read, in one unchanging view of the data.

mod balances;
mod books;
mod claims;
mod journal;
mod money;
mod report;
mod stock;
mod text;

pub use claims::{Claim, ClaimKind};
pub use report::{
    CauseTotal, CountView, LevelView, MoneyLine, Report, StockLine, Summary, TillLine, TillView,
};
pub use text::table;

use crate::args;
use crate::db::{DbError, Tx};
use crate::exceptions;
use crate::gate::current_head;
use daybook_domain::amount::OutOfRange;
use daybook_domain::ids::{LocationId, TillId};
use daybook_domain::reconcile::EntryRef;
use std::collections::HashMap;
use std::fmt;

/// What a report covers.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only this location.
    pub location: Option<LocationId>,
    /// Lines without any difference too.
    pub all: bool,
}

/// Reads both sides and explains every difference.
///
/// # Errors
/// [`DbError`]; a stored row that breaks a rule is corrupt.
pub fn reconcile(tx: &mut Tx<'_>, scope: &Scope) -> Result<Report, DbError> {
    let head = current_head(tx)?;
    let journal = journal::read(tx)?;
    let tills = tills(tx, &journal)?;
    let (stock, compared) = stock::lines(tx, &journal, scope)?;
    let money = money::lines(tx, &journal, scope)?;
    let mut faults = books::faults(tx)?;
    faults.extend(stock.iter().flat_map(StockLine::fault_texts));
    faults.extend(balances::faults(tx, &journal)?);
    let exceptions = exceptions::list(tx, false)?;
    let summary = Summary::of(&stock, compared, &money, &faults);
    Ok(Report {
        at_ms: tx.now_ms(),
        feed: head.feed,
        tills,
        stock: stock.into_iter().filter(|line| scope.all || line.stands_out()).collect(),
        money,
        balances: crate::balances::list(tx, None, scope.all)?,
        faults,
        exceptions,
        summary,
    })
}

fn tills(tx: &mut Tx<'_>, journal: &journal::Journal) -> Result<Vec<TillLine>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT t.till_id, t.code, t.location_id, t.state,
                (SELECT count(*) FROM quarantine q
                 WHERE q.tenant_id = t.tenant_id AND q.till_id = t.till_id AND q.state = 'open')
         FROM till t WHERE t.tenant_id = $1 ORDER BY t.code",
        args![tenant],
    )?;
    let unsent = unsent(tx)?;
    rows.iter()
        .map(|row| {
            let till = TillId(row.uuid(0)?);
            let missing = unsent.get(&till).map_or(&[][..], Vec::as_slice);
            Ok(TillLine {
                till: row.text(1)?.to_owned(),
                location: row.text(2)?.to_owned(),
                state: row.text(3)?.to_owned(),
                stated_at_ms: journal.statements.get(&till).map(|said| said.at_ms),
                unsent: missing.iter().map(Span::count).sum(),
                unsent_entries: missing.iter().map(Span::to_string).collect(),
                quarantined: row.int(4)?,
            })
        })
        .collect()
}

/// Entries of one journal that a till said to have and that have not arrived.
struct Span {
    first: EntryRef,
    last_seq: i64,
}

impl Span {
    fn count(&self) -> i64 {
        self.last_seq - self.first.seq + 1
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.last_seq > self.first.seq { write!(f, "…{}", self.last_seq) } else { Ok(()) }
    }
}

fn unsent(tx: &mut Tx<'_>) -> Result<HashMap<TillId, Vec<Span>>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT till_id, incarnation, received_seq, reported_seq FROM till_incarnation
         WHERE tenant_id = $1 AND reported_seq > received_seq ORDER BY till_id, incarnation",
        args![tenant],
    )?;
    let mut unsent: HashMap<TillId, Vec<Span>> = HashMap::new();
    for row in &rows {
        let till = TillId(row.uuid(0)?);
        let first = EntryRef { till, incarnation: row.u32(1)?, branch: 0, seq: row.int(2)? + 1 };
        unsent.entry(till).or_default().push(Span { first, last_seq: row.int(3)? });
    }
    Ok(unsent)
}

/// A sum that left its range cannot come from sound rows.
#[expect(clippy::needless_pass_by_value, reason = "callers hand over texts, errors and ids alike")]
fn out_of_range(table: &'static str, id: impl ToString) -> impl FnOnce(OutOfRange) -> DbError {
    let id = id.to_string();
    move |_| DbError::Corrupt { table, id }
}
