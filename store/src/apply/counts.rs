//! Stocktakes: the till says what it found and what it expected; the adjustment is the store's. A movement of another
//! till that the counter did not know of is in the count already if it happened before: it is corrected by its time.

mod expected;

use super::stock::{movements_of, within_range};
use super::{Placed, Unapplied};
use crate::args;
use crate::db::{Lookup, Row, Tx};
use crate::exceptions::{Raised, raise};
use crate::gate::Dirty;
use daybook_domain::amount::Quantity;
use daybook_domain::entry::{CountLine, Fact, Movement, StockCounted};
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::stocktake::{Placement, place};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How far the clock of a till may be off before a person is asked, milliseconds.
const CLOCK_ERROR_MS: i64 = 60_000;

const COUNT: Lookup = Lookup {
    table: "stocktake_line",
    by: &["tenant_id", "sku", "location_id"],
    columns: &["sku", "location_id", "till_id", "counted_at_ms", "stocktake_id"],
};

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        if let Fact::StockCounted(counted) = placed.fact {
            stocktake(tx, placed, counted)?;
            let idle = expected::idle(tx, placed)?;
            for (no, line) in (1_i64..).zip(&counted.lines) {
                let expected = expected::of(tx, placed, counted, line, &idle)?;
                adjust(tx, placed, counted, no, Found { line, expected })?;
                // A later count holds what an earlier one had not seen.
                if expected.is_some() {
                    unseen(tx, placed, counted, line)?;
                }
            }
        }
    }
    Ok(())
}

fn stocktake(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
) -> Result<(), Unapplied> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "INSERT INTO stocktake (tenant_id, stocktake_id, location_id, till_id, parts, first_seen_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, stocktake_id) DO NOTHING",
        args![tenant, counted.stocktake, counted.location, placed.till, counted.parts, now_ms],
    )?;
    let begun = tx.query_one(
        "SELECT location_id, till_id, parts,
                (SELECT count(*) FROM stocktake_line l WHERE l.tenant_id = s.tenant_id
                    AND l.stocktake_id = s.stocktake_id AND l.part = $3)
         FROM stocktake s WHERE s.tenant_id = $1 AND s.stocktake_id = $2",
        args![tenant, counted.stocktake, counted.part],
    )?;
    let (stocktake, part) = (counted.stocktake, counted.part);
    let same = begun.text(0)? == counted.location.as_str()
        && begun.uuid(1)? == placed.till
        && begun.u32(2)? == counted.parts;
    if !same {
        let detail = format!(
            "body.stocktake: {stocktake} was begun elsewhere, or with another number of parts"
        );
        return Err(Unapplied::new("count.stocktake", detail));
    }
    if begun.int(3)? > 0 {
        let detail = format!("body.part: part {part} of stocktake {stocktake} came before");
        return Err(Unapplied::new("count.part_twice", detail));
    }
    Ok(())
}

/// What was found, and what must have been there; nothing where a later count has spoken already.
#[derive(Clone, Copy)]
struct Found<'a> {
    line: &'a CountLine,
    expected: Option<Quantity>,
}

/// Names what the store does not know.
fn known(
    tx: &mut Tx<'_>,
    counted: &StockCounted,
    no: i64,
    line: &CountLine,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let item = tx.query_opt(
        "SELECT 1 FROM item WHERE tenant_id = $1 AND sku = $2",
        args![tenant, line.sku],
    )?;
    if item.is_none() {
        let detail = format!("body.lines[{}].sku: {} is not in the catalogue", no - 1, line.sku);
        return Err(Unapplied::new("count.unknown_sku", detail));
    }
    let location = tx.query_opt(
        "SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2",
        args![tenant, counted.location],
    )?;
    if location.is_none() {
        let detail = format!("body.location: there is no location {}", counted.location);
        return Err(Unapplied::new("count.unknown_location", detail));
    }
    Ok(())
}

/// The variance is counted − expected **at that entry**: the till's expectation holds its own movements up to the
/// count, so what it sold before and sends later is in it already, and what others sold meanwhile is theirs.
fn adjust(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    no: i64,
    found: Found<'_>,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let line = found.line;
    let expected = found.expected.unwrap_or(line.counted_milli);
    let variance = line
        .counted_milli
        .checked_sub(expected)
        .map_err(|error| Unapplied::new("count.out_of_range", error))?;
    if !variance.is_zero() {
        known(tx, counted, no, line)?;
        let level = tx.query_one(
            "INSERT INTO stock_level (tenant_id, location_id, sku, on_hand_milli) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, location_id, sku) DO UPDATE
             SET on_hand_milli = stock_level.on_hand_milli + excluded.on_hand_milli, version = stock_level.version + 1
             RETURNING on_hand_milli",
            args![tenant, counted.location, line.sku, variance],
        )?;
        let place = crate::stock::Place { location: &counted.location, sku: &line.sku };
        within_range(&format!("body.lines[{}]", no - 1), place, level.int(0)?)?;
        let (txn, no) = (tx.txn(), tx.next_movement_no());
        tx.execute(
            "INSERT INTO stock_movement (tenant_id, txn, no, location_id, sku, quantity_milli, kind, till_id, incarnation,
                 seq, stocktake_id, actor, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, 'count', $7, $8, $9, $10, $11, $12)",
            args![
                tenant,
                txn,
                no,
                counted.location,
                line.sku,
                variance,
                placed.till,
                placed.incarnation,
                placed.seq,
                counted.stocktake,
                placed.meta.staff,
                line.at_ms
            ],
        )?;
        tx.touch(Dirty::Stock(counted.location.clone(), line.sku.clone()));
    }
    tx.execute(
        "INSERT INTO stocktake_line (tenant_id, stocktake_id, part, line_no, location_id, sku, counted_milli,
             expected_milli, variance_milli, counted_at_ms, till_id, incarnation, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        args![
            tenant,
            counted.stocktake,
            counted.part,
            no,
            counted.location,
            line.sku,
            line.counted_milli,
            expected,
            variance,
            line.at_ms,
            placed.till,
            placed.incarnation,
            placed.seq
        ],
    )?;
    Ok(())
}

/// Movements of others that the store had applied and the counter had not seen.
fn unseen(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    line: &CountLine,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT m.quantity_milli, m.at_ms FROM stock_movement m
         LEFT JOIN feed_log f ON f.tenant_id = m.tenant_id AND f.txn = m.txn
         WHERE m.tenant_id = $1 AND m.sku = $2 AND m.location_id = $3 AND m.kind <> 'count'
           AND (m.till_id IS NULL OR m.till_id <> $4) AND (f.feed IS NULL OR f.feed > $5)",
        args![tenant, line.sku, counted.location, placed.till, placed.meta.feed],
    )?;
    for row in rows {
        let late = Late {
            location: &counted.location,
            sku: &line.sku,
            quantity_milli: row.int(0)?,
            at_ms: row.int(1)?,
        };
        settle(tx, placed, &late, counted.stocktake, line.at_ms)?;
    }
    Ok(())
}

/// Movements that arrive after a count of another till which was made later.
pub(super) fn late(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let counts = counts_of(tx, facts)?;
    if counts.is_empty() {
        return Ok(());
    }
    for placed in facts {
        for movement in movements_of(placed.fact).0 {
            late_one(tx, placed, movement, &counts)?;
        }
    }
    Ok(())
}

/// The counts of everything that moved, oldest first.
fn counts_of(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<Vec<Row>, Unapplied> {
    let tenant = tx.tenant();
    let moved: BTreeSet<(&Sku, &LocationId)> = facts
        .iter()
        .flat_map(|placed| movements_of(placed.fact).0)
        .map(|movement| (&movement.sku, &movement.location))
        .collect();
    let keys: Vec<_> =
        moved.iter().map(|(sku, location)| args![tenant, *sku, *location].to_vec()).collect();
    let mut counts = Vec::new();
    for row in tx.find(&COUNT, &keys)? {
        counts.push((row.int(3)?, row));
    }
    counts.sort_by_key(|(counted_at_ms, _)| *counted_at_ms);
    Ok(counts.into_iter().map(|(_, row)| row).collect())
}

/// Corrected once, by the first count that can hold it: later counts were compared with a level that lacked it.
fn late_one(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    movement: &Movement,
    counts: &[Row],
) -> Result<(), Unapplied> {
    for count in counts {
        let same =
            count.text(0)? == movement.sku.as_str() && count.text(1)? == movement.location.as_str();
        if !same || count.uuid(2)? == placed.till {
            continue;
        }
        let late = Late {
            location: &movement.location,
            sku: &movement.sku,
            quantity_milli: movement.quantity_milli.0,
            at_ms: placed.meta.at_ms,
        };
        if settle(tx, placed, &late, count.uuid(4)?, count.int(3)?)? {
            return Ok(());
        }
    }
    Ok(())
}

struct Late<'a> {
    location: &'a LocationId,
    sku: &'a Sku,
    quantity_milli: i64,
    at_ms: i64,
}

/// `true` when the count says something about the movement: it was corrected, or a person is asked.
fn settle(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    late: &Late<'_>,
    stocktake: Uuid,
    counted_at_ms: i64,
) -> Result<bool, Unapplied> {
    match place(late.at_ms, counted_at_ms, CLOCK_ERROR_MS) {
        Placement::After => return Ok(false),
        Placement::Before => {}
        Placement::Undecided => {
            let raised = Raised {
                kind: "count.undecided",
                subject: format!("count/{stocktake}/{}", late.sku),
                location: Some(late.location.clone()),
                sku: Some(late.sku.clone()),
                till: Some(placed.till),
                detail: format!(
                    "{} at {}: {} thousandths moved so close to the count that the clocks cannot tell which came first",
                    late.sku, late.location, late.quantity_milli
                ),
                ..Raised::default()
            };
            raise(tx, &raised)?;
            return Ok(true);
        }
    }
    let correction = late.quantity_milli.checked_neg().ok_or_else(|| {
        Unapplied::new("count.out_of_range", format!("{} at {}", late.sku, late.location))
    })?;
    let (tenant, txn, no) = (tx.tenant(), tx.txn(), tx.next_movement_no());
    tx.execute(
        "UPDATE stock_level SET on_hand_milli = on_hand_milli + $4, version = version + 1
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![tenant, late.location, late.sku, correction],
    )?;
    tx.execute(
        "INSERT INTO stock_movement (tenant_id, txn, no, location_id, sku, quantity_milli, kind, reason, till_id,
             incarnation, seq, stocktake_id, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, 'count', 'late movement', $7, $8, $9, $10, $11)",
        args![
            tenant,
            txn,
            no,
            late.location,
            late.sku,
            correction,
            placed.till,
            placed.incarnation,
            placed.seq,
            stocktake,
            late.at_ms
        ],
    )?;
    tx.touch(Dirty::Stock(late.location.clone(), late.sku.clone()));
    Ok(true)
}
