//! What the store knows about a till and the journal that it pushes, as the protocol wants to see it.

use super::Push;
use crate::args;
use crate::db::{DbError, Tx};
use crate::tenant::Tenant;
use crate::tills::Incarnation;
use daybook_sync::decide::{BranchView, JournalView, LineView, Lookup, PushView, Session, lookup};
use daybook_sync::frame::Head;
use daybook_sync::hash::Hash;
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) fn push_view(
    tx: &mut Tx<'_>,
    push: &Push,
    business: &Tenant,
    blocked: bool,
) -> Result<PushView, DbError> {
    let header = &push.header;
    let live = Incarnation::load(tx, header.till, header.incarnation)?;
    let session =
        live.map(|live| Session { current: live.session_current, previous: live.session_previous });
    let wanted = lookup(header, &push.verified.view());
    Ok(PushView {
        epoch: business.epoch,
        blocked,
        session,
        next_session: push.next_session.clone(),
        journal: journal(tx, header.till, header.journal.incarnation, &wanted)?,
    })
}

fn journal(
    tx: &mut Tx<'_>,
    till: Uuid,
    incarnation: u32,
    wanted: &Lookup,
) -> Result<Option<JournalView>, DbError> {
    let Some(held) = Incarnation::load(tx, till, incarnation)? else { return Ok(None) };
    let tenant = tx.tenant();
    let stored = hashes(
        tx,
        "SELECT seq, hash FROM journal_entry
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3
           AND (seq BETWEEN $4 AND $5 OR seq = $6)",
        args![tenant, till, incarnation, wanted.from, wanted.through, wanted.head],
    )?;
    let through = Head { seq: held.received_seq, hash: held.received_hash };
    Ok(Some(JournalView {
        reported: held.reported_seq,
        trunk: LineView { through, stored },
        branches: branches(tx, till, incarnation, wanted)?,
    }))
}

fn branches(
    tx: &mut Tx<'_>,
    till: Uuid,
    incarnation: u32,
    wanted: &Lookup,
) -> Result<Vec<BranchView>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT branch_no, from_seq, through_seq, through_hash FROM journal_branch
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 ORDER BY branch_no",
        args![tenant, till, incarnation],
    )?;
    let mut branches = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.int(0)?;
        let stored = hashes(
            tx,
            "SELECT seq, hash FROM journal_branch_entry
             WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND branch_no = $4
               AND (seq BETWEEN $5 AND $6 OR seq = $7)",
            args![tenant, till, incarnation, id, wanted.from, wanted.through, wanted.head],
        )?;
        let through = Head { seq: row.int(2)?, hash: row.hash(3)? };
        branches.push(BranchView { id, at: row.int(1)?, line: LineView { through, stored } });
    }
    Ok(branches)
}

fn hashes(
    tx: &mut Tx<'_>,
    sql: &str,
    args: &[crate::db::Arg<'_>],
) -> Result<BTreeMap<i64, Hash>, DbError> {
    tx.query(sql, args)?.iter().map(|row| Ok((row.int(0)?, row.hash(1)?))).collect()
}
