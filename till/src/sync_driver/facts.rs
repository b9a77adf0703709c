//! What the ledger says to the state machine.

use crate::error::TillError;
use crate::feed;
use crate::ledger::{Ledger, position, query, state};
use daybook_sync::client::{ExchangePlan, Facts, LocalJournal, Missing};
use daybook_sync::frame::{FramedEntry, Journal};
use daybook_sync::hash::Hash;
use daybook_sync::message::Request;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far the store has acknowledged one incarnation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AckedThrough {
    pub(crate) seq: i64,
    pub(crate) epoch: i64,
}

pub(crate) fn acked(conn: &Connection, incarnation: u32) -> Result<AckedThrough, TillError> {
    Ok(state::get(conn, &format!("acked/{incarnation}"))?.unwrap_or_default())
}

pub(super) fn set_acked(
    conn: &Connection,
    incarnation: u32,
    acked: AckedThrough,
) -> Result<(), TillError> {
    state::set(conn, &format!("acked/{incarnation}"), &acked)
}

/// Entries to download, as remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StillMissing {
    pub(super) incarnation: u32,
    pub(super) after: i64,
}

/// Order of an incarnation in this ledger.
pub(super) fn ord_of(conn: &Connection, incarnation: u32) -> Result<Option<i64>, TillError> {
    Ok(conn
        .prepare_cached("SELECT ord FROM incarnation WHERE incarnation = ?1")?
        .query_row([incarnation], |row| row.get(0))
        .optional()?)
}

pub(super) fn with<T>(
    ledger: &Ledger,
    use_facts: impl FnOnce(&Facts<'_>) -> T,
) -> Result<T, TillError> {
    let conn = ledger.reader();
    let identity = ledger.identity()?;
    let live = ledger.live()?;
    let till = identity.till.0;
    let hash_at = |incarnation: u32, seq: i64| hash_at(conn, till, incarnation, seq);
    let missing: Vec<StillMissing> = state::get(conn, "missing")?.unwrap_or_default();
    let facts = Facts {
        tenant: identity.tenant,
        till,
        store_key: identity.store_public_key,
        incarnation: live.journal.incarnation,
        session: state::get(conn, "session")?.unwrap_or_default(),
        epoch: state::get(conn, "epoch")?.unwrap_or(0),
        cursor: feed::cursor(conn)?,
        journals: journals(conn, till)?,
        requests: requests(conn)?,
        wish: state::get(conn, "wish")?,
        missing: missing
            .iter()
            .map(|one| Missing { incarnation: one.incarnation, after: one.after })
            .collect(),
        hash_at: &hash_at,
    };
    Ok(use_facts(&facts))
}

pub(super) fn entries_for(
    ledger: &Ledger,
    plan: &ExchangePlan,
) -> Result<Vec<FramedEntry>, TillError> {
    let conn = ledger.reader();
    let incarnation = plan.header.journal.incarnation;
    let ord = ord_of(conn, incarnation)?
        .ok_or_else(|| TillError::corrupt("incarnation", incarnation, "not there"))?;
    query::entries_after(conn, ord, plan.after, plan.entries_max, plan.bytes_max)
}

pub(super) fn journals(conn: &Connection, till: Uuid) -> Result<Vec<LocalJournal>, TillError> {
    query::incarnations(conn)?
        .into_iter()
        .map(|(ord, incarnation)| {
            let acked = acked(conn, incarnation)?;
            Ok(LocalJournal {
                incarnation,
                head: query::head_of(conn, ord, &Journal { till, incarnation })?,
                acked: acked.seq,
                acked_epoch: acked.epoch,
            })
        })
        .collect()
}

fn requests(conn: &Connection) -> Result<Vec<Request>, TillError> {
    let mut statement =
        conn.prepare_cached("SELECT id, fields FROM request ORDER BY id LIMIT 100")?;
    let mut rows = statement.query([])?;
    let mut requests = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, fields): (Uuid, String) = (row.get(0)?, row.get(1)?);
        requests.push(
            serde_json::from_str(&fields)
                .map_err(|error| TillError::corrupt("request", id, error))?,
        );
    }
    Ok(requests)
}

fn hash_at(conn: &Connection, till: Uuid, incarnation: u32, seq: i64) -> Option<Hash> {
    let ord = ord_of(conn, incarnation).ok()??;
    if seq == 0 {
        return Some(Journal { till, incarnation }.genesis());
    }
    let entry = query::entry_at(conn, position(ord, seq)).ok()??;
    Some(entry.frame.hash)
}
