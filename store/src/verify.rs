//! Checks what the store holds against itself: chains, signatures, heads, levels against their movements,
//! balances against their changes.

use crate::args;
use crate::balances::{Book, books};
use crate::db::{DbError, Tx};
use crate::tills::{Incarnation, Till};
use daybook_sync::frame::{Frame, FramedEntry, Head, Journal, VerifiedPush};
use daybook_sync::hash::Signature;
use serde::Serialize;

/// Entries read at once.
const PAGE: i64 = 500;

/// What was checked, and what does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries whose chain and signature were checked.
    pub entries: usize,
    /// Levels compared with their movements.
    pub levels: i64,
    /// Gift cards and store credit compared with their changes.
    pub balances: i64,
    /// One line for each fault.
    pub faults: Vec<String>,
}

/// Checks everything.
///
/// # Errors
/// [`DbError`]; a fault of the data is no error but stands in the report.
pub fn verify(tx: &mut Tx<'_>) -> Result<Report, DbError> {
    let mut report = Report::default();
    for till in Till::all(tx)? {
        for journal in Incarnation::all(tx, till.till)? {
            chain(tx, &till, &journal, &mut report)?;
        }
    }
    levels(tx, &mut report)?;
    balances(tx, &mut report)?;
    Ok(report)
}

fn chain(
    tx: &mut Tx<'_>,
    till: &Till,
    held: &Incarnation,
    report: &mut Report,
) -> Result<(), DbError> {
    let journal = Journal { till: till.till, incarnation: held.incarnation };
    let name = format!("{}/{}", till.code, held.incarnation);
    let mut head = journal.start();
    loop {
        let entries = page(tx, &journal, head.seq)?;
        if entries.is_empty() {
            break;
        }
        let first = entries.first().map(|entry| entry.frame);
        if first.is_some_and(|frame| frame.prev != head.hash || frame.seq != head.seq + 1) {
            report.faults.push(format!("{name}: entry {} does not follow", head.seq + 1));
            return Ok(());
        }
        let verified = VerifiedPush::verify(&held.public_key, &journal, entries);
        report.entries += verified.view().entries().len();
        if let Some(bad) = verified.view().bad() {
            report.faults.push(format!("{name}/{}: {}", bad.seq, bad.fault));
            return Ok(());
        }
        head = verified.view().entries().last().map_or(head, |entry| entry.frame.head());
    }
    if head != (Head { seq: held.received_seq, hash: held.received_hash }) {
        report
            .faults
            .push(format!("{name}: ends at {}, acknowledged {}", head.seq, held.received_seq));
    }
    Ok(())
}

fn page(tx: &mut Tx<'_>, journal: &Journal, after: i64) -> Result<Vec<FramedEntry>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT seq, prev_hash, hash, signature, bytes FROM journal_entry
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq > $4 ORDER BY seq LIMIT $5",
        args![tenant, journal.till, journal.incarnation, after, PAGE],
    )?;
    rows.iter()
        .map(|row| {
            let sig = Signature::from_slice(row.bytes(3)?)
                .ok_or(DbError::Column { column: 3, wanted: "64 bytes" })?;
            let frame = Frame { seq: row.int(0)?, prev: row.hash(1)?, hash: row.hash(2)?, sig };
            Ok(FramedEntry { frame, bytes: row.bytes(4)?.to_owned(), sidecar: None })
        })
        .collect()
}

fn balances(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), DbError> {
    for book in books(tx)? {
        report.balances += 1;
        let Book { medium, number, amount_minor, changes_minor } = book;
        if amount_minor != changes_minor {
            let fault = format!(
                "balance/{medium}/{number}: amount {amount_minor}, changes {changes_minor}"
            );
            report.faults.push(fault);
        }
    }
    Ok(())
}

fn levels(tx: &mut Tx<'_>, report: &mut Report) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let all =
        tx.query_one("SELECT count(*) FROM stock_level WHERE tenant_id = $1", args![tenant])?;
    report.levels = all.int(0)?;
    let rows = tx.query(
        "SELECT l.location_id, l.sku, l.on_hand_milli, CAST(coalesce(sum(m.quantity_milli), 0) AS BIGINT)
         FROM stock_level l LEFT JOIN stock_movement m
              ON m.tenant_id = l.tenant_id AND m.location_id = l.location_id AND m.sku = l.sku
         WHERE l.tenant_id = $1 GROUP BY l.location_id, l.sku, l.on_hand_milli
         HAVING l.on_hand_milli <> coalesce(sum(m.quantity_milli), 0) ORDER BY l.location_id, l.sku",
        args![tenant],
    )?;
    for row in rows {
        report.faults.push(format!(
            "stock/{}/{}: on hand {}, movements {}",
            row.text(0)?,
            row.text(1)?,
            row.int(2)?,
            row.int(3)?
        ));
    }
    Ok(())
}
