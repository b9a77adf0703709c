//! Carries out the plan of a push: entries, effects, head, session and acknowledgements in one transaction.

pub(super) mod sidecars;
mod store_entries;

use super::{Done, Push, parties, plan, requests};
use crate::args;
use crate::balances;
use crate::db::{DbError, Tx};
use crate::exceptions::{Raised, raise};
use crate::leases;
use crate::restore;
use crate::tenant::Tenant;
use crate::tills::{Incarnation, Till, TillState, waits};
use daybook_sync::decide::{Alarm, Append, Line, PushPlan, SessionPlan};
use daybook_sync::feed::digest_lookup;
use daybook_sync::frame::Journal;
use daybook_sync::limits::PROVISIONAL_FROM;
use daybook_sync::message::ExchangeHeader;

/// How often an idle till is noted as seen.
const SEEN_EVERY_MS: i64 = 60_000;

pub(super) fn carry_out(tx: &mut Tx<'_>, push: &Push) -> Result<Done, DbError> {
    // The till's row first: exchanges of one till follow each other, whichever process takes them.
    note_seen(tx, push)?;
    let (business, till) = parties(tx, push)?;
    let plan = plan(tx, push, &business, &till)?;
    let journal = Journal { till: till.till, incarnation: push.header.journal.incarnation };
    start_journal(tx, push, &plan, &journal)?;
    if let Some(append) = &plan.append {
        append_entries(tx, push, &till, &journal, append)?;
    }
    sidecars::take(tx, push, &till, plan.append.as_ref())?;
    if let Some(report) = plan.report {
        let tenant = tx.tenant();
        tx.execute(
            "UPDATE till_incarnation SET reported_seq = $4, reported_hash = $5
             WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND reported_seq < $4",
            args![tenant, till.till, journal.incarnation, report.seq, report.hash],
        )?;
    }
    write_session(tx, push, &plan)?;
    let live_is_known = Incarnation::load(tx, till.till, push.header.incarnation)?.is_some();
    // The word of a ledger that is no longer the live one settles nothing: it may lack what was sold.
    if live_is_known && journal.incarnation == push.header.incarnation {
        let word = leases::Word {
            incarnation: journal.incarnation,
            head_seq: push.header.journal.head,
            knows: knows_its_rights(&push.header, &business, &till),
        };
        leases::hear(tx, till.till, word)?;
        if plan.received.seq >= push.header.journal.head && !waits(tx, till.till)? {
            balances::hear_all(tx, till.till)?;
        }
    }
    if business.frozen && live_is_known {
        note_spoken(tx, push, &plan)?;
    }
    for alarm in &plan.alarms {
        sound(tx, &till, &journal, *alarm)?;
    }
    let answers = match till.state {
        TillState::Active if plan.session != SessionPlan::Refuse => {
            requests::answer(tx, &business, &till, push)?
        }
        TillState::Active | TillState::Blocked | TillState::Retired => Vec::new(),
    };
    Ok(Done { business, till, plan, answers })
}

/// Whether the till has learned of what may have ended its leases before their time: a restore of the store by the epoch,
/// its move by a cursor that began at the new location. One that was retired is told nothing.
fn knows_its_rights(header: &ExchangeHeader, business: &Tenant, till: &Till) -> bool {
    let from = digest_lookup(header.cursor.as_ref());
    till.state == TillState::Active
        && header.epoch == business.epoch
        && from >= till.scope_since_feed
}

/// Whether the till's row should be written even if the push brings nothing.
pub(super) fn has_news(
    tx: &mut Tx<'_>,
    till: &Till,
    business: &Tenant,
    push: &Push,
) -> Result<bool, DbError> {
    let pulled = push.header.cursor.as_ref().map(|cursor| cursor.feed);
    let long_ago = till.last_seen_at_ms.is_none_or(|seen| seen + SEEN_EVERY_MS <= tx.now_ms());
    // After a restore a till's first word thaws what waits for it.
    Ok(long_ago || pulled != till.pull_feed || business.frozen)
}

fn note_seen(tx: &mut Tx<'_>, push: &Push) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let header = &push.header;
    let cursor = header.cursor.as_ref();
    tx.execute(
        "UPDATE till SET last_seen_at_ms = $3, pull_epoch = $4, pull_feed = $5
         WHERE tenant_id = $1 AND till_id = $2",
        args![
            tenant,
            header.till,
            now_ms,
            cursor.map(|cursor| cursor.epoch),
            cursor.map(|cursor| cursor.feed)
        ],
    )?;
    Ok(())
}

/// After a restore a till has spoken when it knows the new epoch and has nothing left that the store lacks.
fn note_spoken(tx: &mut Tx<'_>, push: &Push, plan: &PushPlan) -> Result<(), DbError> {
    let header = &push.header;
    let all_here = header.incarnation == header.journal.incarnation
        && plan.received.seq >= header.journal.head;
    if all_here {
        let tenant = tx.tenant();
        tx.execute(
            "UPDATE till SET spoke_epoch = $3 WHERE tenant_id = $1 AND till_id = $2",
            args![tenant, header.till, header.epoch],
        )?;
        restore::thaw(tx)?;
    }
    Ok(())
}

/// Records the pushed journal when entries of it prove that it exists, signed as they are. A number alone proves nothing,
/// and must not change what is granted next.
fn start_journal(
    tx: &mut Tx<'_>,
    push: &Push,
    plan: &PushPlan,
    journal: &Journal,
) -> Result<(), DbError> {
    if !plan.start_journal || plan.append.is_none() {
        return Ok(());
    }
    let reason = if journal.incarnation >= PROVISIONAL_FROM { "provisional" } else { "unknown" };
    let start = journal.start();
    let started = Incarnation {
        incarnation: journal.incarnation,
        received_seq: start.seq,
        received_hash: start.hash,
        reported_seq: 0,
        public_key: push.key,
        session_current: push.next_session.clone(),
        session_previous: push.header.session.clone(),
    };
    started.insert(tx, journal.till, reason, None)?;
    if journal.incarnation == push.header.incarnation {
        let tenant = tx.tenant();
        tx.execute(
            "UPDATE till SET incarnation = $3 WHERE tenant_id = $1 AND till_id = $2",
            args![tenant, journal.till, journal.incarnation],
        )?;
        leases::end(tx, journal.till, Some(journal.incarnation))?;
    }
    Ok(())
}

fn append_entries(
    tx: &mut Tx<'_>,
    push: &Push,
    till: &Till,
    journal: &Journal,
    append: &Append,
) -> Result<(), DbError> {
    let held = push.verified.view();
    let entries = held.entries().get(append.entries.clone()).unwrap_or_default();
    let prepared = push.prepared.get(append.entries.clone()).unwrap_or_default();
    match append.line {
        Line::Trunk => {
            let batch = store_entries::Batch { journal, entries, prepared };
            store_entries::append(tx, till, &batch, append.quarantine)
        }
        Line::Branch { id } => store_entries::extend_branch(tx, journal, id, entries),
        Line::NewBranch { at } => store_entries::start_branch(tx, journal, at, entries),
    }
}

fn write_session(tx: &mut Tx<'_>, push: &Push, plan: &PushPlan) -> Result<(), DbError> {
    let SessionPlan::Rotate(session) = &plan.session else { return Ok(()) };
    let (tenant, header) = (tx.tenant(), &push.header);
    tx.execute(
        "UPDATE till_incarnation SET session_current = $4, session_previous = $5
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3",
        args![tenant, header.till, header.incarnation, session.current, session.previous],
    )?;
    Ok(())
}

fn sound(tx: &mut Tx<'_>, till: &Till, journal: &Journal, alarm: Alarm) -> Result<(), DbError> {
    let (kind, what) = match alarm {
        Alarm::StoreLost { acked, received } => (
            "store.lost_entries",
            format!("was told that {acked} entries are safe, but the store holds {received}"),
        ),
        Alarm::StoreBehind { epoch } => (
            "store.runs_on_an_old_copy",
            format!("has seen epoch {epoch}, which this store has not reached"),
        ),
        Alarm::UnknownIncarnation { incarnation } => (
            "till.unknown_incarnation",
            format!("writes incarnation {incarnation}, which this store did not grant"),
        ),
        Alarm::Forked { at } => (
            "till.forked",
            format!("has another history from entry {at} on; numbers may be printed twice"),
        ),
    };
    let raised = Raised {
        kind,
        subject: format!("till/{}/{}", till.till, journal.incarnation),
        location: Some(till.location.clone()),
        till: Some(till.till),
        detail: format!("till {} {what}", till.code),
        ..Raised::default()
    };
    raise(tx, &raised)
}
