//! What must have been there by the books when something was counted: what the till expected, and what it could not know.

use crate::apply::{Placed, Unapplied};
use crate::args;
use crate::db::{DbError, Tx};
use crate::ledger::{ledger, previous};
use crate::quarantine;
use crate::said::Said;
use daybook_domain::amount::Quantity;
use daybook_domain::entry::{CountLine, StockCounted};
use daybook_domain::ids::{LocationId, Sku, TillId};
use daybook_domain::reconcile::{EntryRef, Ledger};
use daybook_domain::stocktake::{Placement, place};
use std::collections::BTreeMap;

/// A till's expectation is the level that it had received, and its own movements on top. To that belongs what earlier
/// counts adjusted and the till had not received, and from it goes what its ledger counts on top and no level will ever
/// hold. Nothing where a later count has spoken already: what this one found is in it.
pub(super) fn of(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    line: &CountLine,
    idle: &Idle,
) -> Result<Option<Quantity>, Unapplied> {
    if is_overtaken(tx, placed, counted, line)? {
        return Ok(None);
    }
    let adjusted = adjusted(tx, placed, counted, line)?;
    let idle = idle.get(&(counted.location.clone(), line.sku.clone())).copied().unwrap_or(0);
    line.expected_milli
        .checked_add(Quantity(adjusted))
        .and_then(|sum| sum.checked_sub(Quantity(idle)))
        .map(Some)
        .map_err(|error| Unapplied::new("count.out_of_range", error))
}

/// Of one till the journal tells which count came later, of two tills their clocks do.
fn is_overtaken(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    line: &CountLine,
) -> Result<bool, Unapplied> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT till_id, counted_at_ms FROM stocktake_line
         WHERE tenant_id = $1 AND sku = $2 AND location_id = $3
           AND ((till_id = $4 AND incarnation = $5 AND seq > $6) OR (till_id <> $4 AND counted_at_ms > $7))",
        args![
            tenant,
            line.sku,
            counted.location,
            placed.till,
            placed.incarnation,
            placed.seq,
            line.at_ms
        ],
    )?;
    for row in &rows {
        let later = row.uuid(0)? == placed.till
            || place(row.int(1)?, line.at_ms, super::CLOCK_ERROR_MS) == Placement::After;
        if later {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What counts, and corrections linked to them, did to the level beyond the feed that the till had seen.
fn adjusted(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    line: &CountLine,
) -> Result<i64, Unapplied> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT CAST(coalesce(sum(m.quantity_milli), 0) AS BIGINT) FROM stock_movement m
         LEFT JOIN feed_log f ON f.tenant_id = m.tenant_id AND f.txn = m.txn
         WHERE m.tenant_id = $1 AND m.sku = $2 AND m.location_id = $3 AND m.kind = 'count'
           AND m.stocktake_id IS NOT NULL AND (f.feed IS NULL OR f.feed > $4)",
        args![tenant, line.sku, counted.location, placed.meta.feed],
    )?;
    Ok(row.int(0)?)
}

/// What a till counts on top of its levels for ever, thousandths.
pub(super) type Idle = BTreeMap<(LocationId, Sku), i64>;

/// Of an entry of the till: entries of a branch, and those that a person left without effect and of which the till had not
/// heard yet.
pub(super) fn idle(tx: &mut Tx<'_>, placed: &Placed<'_>) -> Result<Idle, Unapplied> {
    let mut idle = Idle::new();
    let candidates = candidates(tx, placed)?;
    if candidates.is_empty() {
        return Ok(idle);
    }
    let till = TillId(placed.till);
    let ledger: Ledger =
        ledger(tx, till, placed.incarnation, placed.seq, |tx, at| previous(tx, till, at))?;
    for (entry, bytes) in candidates.into_iter().filter(|(entry, _)| ledger.holds(*entry)) {
        let told = match entry.branch {
            0 => quarantine::told_of(tx, placed.till, entry.incarnation, entry.seq)?,
            _ => None,
        };
        if told.is_some_and(|feed| feed <= placed.meta.feed) {
            continue;
        }
        for moved in Said::read(&bytes).moves {
            let sum = idle.entry((moved.location, moved.sku)).or_default();
            *sum = sum.saturating_add(moved.quantity_milli);
        }
    }
    Ok(idle)
}

/// Entries of the till that stand without effect for good.
fn candidates(tx: &mut Tx<'_>, placed: &Placed<'_>) -> Result<Vec<(EntryRef, Vec<u8>)>, DbError> {
    let (tenant, till) = (tx.tenant(), TillId(placed.till));
    let mut found = Vec::new();
    let rows = tx.query(
        "SELECT e.incarnation, e.seq, e.bytes FROM quarantine q
         JOIN journal_entry e ON e.tenant_id = q.tenant_id AND e.till_id = q.till_id
              AND e.incarnation = q.incarnation AND e.seq = q.seq
         WHERE q.tenant_id = $1 AND q.till_id = $2 AND q.state = 'resolved'",
        args![tenant, placed.till],
    )?;
    for row in &rows {
        let entry = EntryRef { till, incarnation: row.u32(0)?, branch: 0, seq: row.int(1)? };
        found.push((entry, row.bytes(2)?.to_owned()));
    }
    let rows = tx.query(
        "SELECT incarnation, seq, bytes, branch_no FROM journal_branch_entry
         WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, placed.till],
    )?;
    for row in &rows {
        let entry =
            EntryRef { till, incarnation: row.u32(0)?, branch: row.u32(3)?, seq: row.int(1)? };
        found.push((entry, row.bytes(2)?.to_owned()));
    }
    Ok(found)
}
