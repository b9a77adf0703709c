//! Stocktakes: the till says what it found and what it expected; the adjustment is the store's.

use super::{Placed, Unapplied};
use crate::args;
use crate::db::Tx;
use crate::gate::Dirty;
use daybook_domain::entry::{CountLine, Fact, StockCounted};

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        if let Fact::StockCounted(counted) = placed.fact {
            stocktake(tx, placed, counted)?;
            for (no, line) in (1_i64..).zip(&counted.lines) {
                adjust(tx, placed, counted, no, line)?;
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
    Ok(())
}

/// The variance is counted − expected **at that entry**: the till's expectation holds its own movements up to the
/// count, so what it sold before and sends later is in it already, and what others sold meanwhile is theirs.
fn adjust(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    counted: &StockCounted,
    no: i64,
    line: &CountLine,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let variance = line
        .counted_milli
        .checked_sub(line.expected_milli)
        .map_err(|error| Unapplied::new("count.out_of_range", error))?;
    if !variance.is_zero() {
        tx.execute(
            "INSERT INTO stock_level (tenant_id, location_id, sku, on_hand_milli) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, location_id, sku) DO UPDATE
             SET on_hand_milli = stock_level.on_hand_milli + excluded.on_hand_milli, version = stock_level.version + 1",
            args![tenant, counted.location, line.sku, variance],
        )?;
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
            line.expected_milli,
            variance,
            line.at_ms,
            placed.till,
            placed.incarnation,
            placed.seq
        ],
    )?;
    Ok(())
}
