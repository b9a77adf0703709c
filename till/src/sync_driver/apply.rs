//! Committing what the store answered.

use super::facts::{self, AckedThrough, StillMissing};
use super::{balance, lease};
use crate::error::TillError;
use crate::feed;
use crate::ledger::incarnation::Beginning;
use crate::ledger::{Act, Identity, Ledger, Standing, query, state};
use crate::random;
use crate::requests;
use daybook_domain::clock::Moment;
use daybook_domain::entry::{Fact, IncarnationReason, JournalHead, PerpetualTotals};
use daybook_domain::ids::LocationId;
use daybook_sync::client::{Applied, Missing};
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{
    HeldJournal, IncarnationAnswer, IncarnationHead, IncarnationRequest, NewIncarnation,
    RequestAnswer,
};
use daybook_sync::wire::EntriesAnswer;
use rusqlite::{Connection, params};
use uuid::Uuid;

/// Applies an answer in one transaction. Returns how many feed rows could not be read.
pub(super) fn apply(
    ledger: &mut Ledger,
    applied: &Applied,
    now: Moment,
) -> Result<usize, TillError> {
    if let Some(key) = &applied.key {
        // Before the transaction: the old key stays valid until the new one was used.
        ledger.keys().store_request_key(ledger.home(), key)?;
    }
    let wish = match &applied.want_incarnation {
        Some(want) => Some((wish(ledger, want.reason, now)?, want.store_head)),
        None => None,
    };
    let keys = std::sync::Arc::clone(ledger.keys());
    let unread = ledger.write_state(|conn| {
        let epoch_before: Option<i64> = state::get(conn, "epoch")?;
        state::set(conn, "epoch", &applied.epoch)?;
        state::set(conn, "last_exchange_at_ms", &now.at_ms)?;
        state::set(conn, "store_now_ms", &applied.store_now_ms)?;
        if let Some(session) = &applied.session {
            state::set(conn, "session", session)?;
        }
        if let Some(acked) = &applied.acked {
            let through = AckedThrough { seq: acked.head.seq, epoch: acked.epoch };
            facts::set_acked(conn, acked.incarnation, through)?;
            conn.prepare_cached(
                "INSERT OR REPLACE INTO acknowledgement
                     (incarnation, seq, hash, epoch, at_ms, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                acked.incarnation,
                acked.head.seq,
                acked.head.hash.0,
                acked.epoch,
                acked.at_ms,
                acked.sig.0
            ])?;
        }
        if let Some(history) = &applied.history
            && let Some(ord) = facts::ord_of(conn, history.incarnation)?
        {
            feed::forget_effects(conn, ord, history.forget_effects_above)?;
            feed::note_fork(conn, history.incarnation, history.forked_at)?;
        }
        let unread = apply_feed(conn, &keys, applied)?;
        for answer in &applied.answers {
            take_answer(conn, answer, now.at_ms)?;
        }
        if epoch_before.is_some_and(|epoch| epoch != applied.epoch) {
            // A restored store may know nothing of what it granted, and repeats what it has forgotten the end of.
            lease::drop_all(conn)?;
        }
        if let Some((wish, store_head)) = &wish {
            state::set(conn, "wish", wish)?;
            state::set(conn, "wish_head", store_head)?;
            state::set(conn, "verdict", &verdict_text(wish.reason))?;
        }
        Ok(unread)
    })?;
    if let Some(location) = &applied.location {
        settle_at(ledger, location)?;
    }
    if wish.is_some() {
        ledger.set_standing(Standing::NeedsIncarnation("the store asked for it"));
    }
    Ok(unread)
}

/// The office moved this till. Told with every answer until the first page of the new location is here.
fn settle_at(ledger: &mut Ledger, location: &str) -> Result<(), TillError> {
    let identity = ledger.identity()?;
    if identity.location.as_str() == location {
        return Ok(());
    }
    let moved = Identity { location: LocationId::new(location)?, ..identity.clone() };
    ledger.set_identity(moved)
}

/// Takes the outcome of a request.
pub(super) fn take_answer(
    conn: &Connection,
    answer: &RequestAnswer,
    now_ms: i64,
) -> Result<(), TillError> {
    let Some(asked) = requests::asked(conn, answer.id)? else { return Ok(()) };
    lease::take_outcome(conn, answer.id, &asked, &answer.outcome)?;
    balance::take_outcome(conn, answer.id, &asked, &answer.outcome)?;
    requests::settle(conn, answer.id, &asked.body, &answer.outcome, now_ms)
}

fn apply_feed(
    conn: &Connection,
    keys: &crate::ledger::keys::Keys,
    applied: &Applied,
) -> Result<usize, TillError> {
    if applied.fill_begins {
        feed::begin_fill(conn)?;
    }
    let unread = match &applied.page {
        Some(page) => feed::apply(conn, keys, page)?,
        None => 0,
    };
    if applied.fill_ends {
        feed::end_fill(conn)?;
    }
    if applied.refetch.is_some() {
        feed::forget_cursor(conn)?;
    }
    Ok(unread)
}

fn verdict_text(reason: NewIncarnation) -> &'static str {
    match reason {
        NewIncarnation::Forked => "fork",
        NewIncarnation::Restored | NewIncarnation::Replaced => "recover",
    }
}

/// Writes the wish of a ledger that was restored or copied, once.
pub(super) fn wish_for_restored(ledger: &mut Ledger, now: Moment) -> Result<(), TillError> {
    if state::get::<IncarnationRequest>(ledger.reader(), "wish")?.is_some() {
        return Ok(());
    }
    let wish = wish(ledger, NewIncarnation::Restored, now)?;
    ledger.write_state(|conn| state::set(conn, "wish", &wish))
}

fn wish(
    ledger: &Ledger,
    reason: NewIncarnation,
    now: Moment,
) -> Result<IncarnationRequest, TillError> {
    let previous = ledger.live().ok().map(|live| IncarnationHead {
        incarnation: live.journal.incarnation,
        seq: live.head.seq,
        hash: live.head.hash,
    });
    Ok(IncarnationRequest {
        protocol: PROTOCOL,
        id: random::id(now.at_ms)?,
        till: ledger.identity()?.till.0,
        reason,
        install: random::id(now.at_ms)?,
        public_key: ledger.keys().signer().public_key(),
        previous,
    })
}

/// Begins the incarnation that the store gave.
pub(super) fn begin(
    ledger: &mut Ledger,
    answer: &IncarnationAnswer,
    now: Moment,
) -> Result<(), TillError> {
    let wish: IncarnationRequest = state::get(ledger.reader(), "wish")?
        .ok_or_else(|| TillError::corrupt("state", "wish", "an incarnation nobody asked for"))?;
    let named: Option<IncarnationHead> = state::get(ledger.reader(), "wish_head")?;
    let live = ledger.live()?.journal.incarnation;
    let held = answer.held.iter().find(|held| held.incarnation == live).map(|held| JournalHead {
        incarnation: held.incarnation,
        seq: held.received_through,
        hash: held.received_hash.to_string(),
    });
    let store_head = named
        .map(|head| JournalHead {
            incarnation: head.incarnation,
            seq: head.seq,
            hash: head.hash.to_string(),
        })
        .or(held);
    let missing = missing(ledger, &answer.held)?;
    let reason = match wish.reason {
        NewIncarnation::Restored => IncarnationReason::Restored,
        NewIncarnation::Forked => IncarnationReason::Forked,
        NewIncarnation::Replaced => IncarnationReason::Replaced,
    };
    let begin = Beginning {
        incarnation: answer.incarnation,
        reason,
        install: wish.install,
        session: answer.session.clone(),
        store_head,
    };
    ledger.write_state(|conn| state::set(conn, "missing", &missing))?;
    ledger.begin_incarnation(Act::of_program(now), &begin)
}

/// What the store holds and this ledger lacks.
fn missing(ledger: &Ledger, held: &[HeldJournal]) -> Result<Vec<StillMissing>, TillError> {
    let conn = ledger.reader();
    let till = ledger.identity()?.till.0;
    let mut missing = Vec::new();
    for held in held {
        let incarnation = held.incarnation;
        let after = match facts::ord_of(conn, incarnation)? {
            Some(ord) => {
                let journal = daybook_sync::frame::Journal { till, incarnation };
                query::head_of(conn, ord, &journal)?.seq
            }
            None => 0,
        };
        if held.received_through > after {
            missing.push(StillMissing { incarnation, after });
        }
    }
    Ok(missing)
}

/// Notes what a resumed till must download.
pub(super) fn note_missing(ledger: &mut Ledger, held: &[HeldJournal]) -> Result<(), TillError> {
    let missing = missing(ledger, held)?;
    ledger.write_state(|conn| state::set(conn, "missing", &missing))
}

/// Keeps downloaded entries read-only beside the journal, and takes from them what must be carried on.
pub(super) fn keep(ledger: &mut Ledger, answer: &EntriesAnswer) -> Result<(), TillError> {
    let incarnation = answer.header.incarnation;
    ledger.write_state(|conn| {
        for entry in &answer.entries {
            conn.prepare_cached(
                "INSERT OR IGNORE INTO fetched_entry
                     (incarnation, seq, prev, hash, signature, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                incarnation,
                entry.frame.seq,
                entry.frame.prev.0,
                entry.frame.hash.0,
                entry.frame.sig.0,
                entry.bytes
            ])?;
            note_source(conn, &entry.bytes)?;
            carry_on(conn, &entry.bytes)?;
        }
        let mut missing: Vec<StillMissing> = state::get(conn, "missing")?.unwrap_or_default();
        let last = answer.entries.last().map(|entry| entry.frame.seq);
        for one in missing.iter_mut().filter(|one| one.incarnation == incarnation) {
            one.after = last.unwrap_or(one.after);
        }
        if !answer.header.more {
            missing.retain(|one| one.incarnation != incarnation);
        }
        state::set(conn, "missing", &missing)
    })
}

/// The store was restored and no longer holds these: nothing is left to download.
pub(super) fn drop_missing(ledger: &mut Ledger, gone: Missing) -> Result<(), TillError> {
    ledger.write_state(|conn| {
        let mut missing: Vec<StillMissing> = state::get(conn, "missing")?.unwrap_or_default();
        missing.retain(|one| one.incarnation != gone.incarnation);
        state::set(conn, "missing", &missing)
    })
}

/// A sale from a file that this ledger lacks: its basket is not sold again.
fn note_source(conn: &Connection, bytes: &[u8]) -> Result<(), TillError> {
    let Ok(envelope) = daybook_domain::entry::Envelope::parse(bytes) else { return Ok(()) };
    let Ok(Fact::SaleCompleted(sale)) = envelope.fact() else { return Ok(()) };
    if let Some(source) = &sale.source {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO fetched_source (source, number) VALUES (?1, ?2)",
        )?
        .execute(params![source, sale.document.number])?;
    }
    Ok(())
}

/// A Z report that this ledger lacks: its number and totals go on, and its shift is closed.
fn carry_on(conn: &Connection, bytes: &[u8]) -> Result<(), TillError> {
    let Ok(envelope) = daybook_domain::entry::Envelope::parse(bytes) else { return Ok(()) };
    let Ok(Fact::ShiftClosed(z)) = envelope.fact() else { return Ok(()) };
    let before: Option<(i64, PerpetualTotals)> = state::get(conn, "carried")?;
    if before.is_none_or(|(z_no, _)| z_no < z.z_no) {
        state::set(conn, "carried", &(z.z_no, z.perpetual))?;
    }
    let mut closed: Vec<Uuid> = state::get(conn, "shifts_closed_elsewhere")?.unwrap_or_default();
    if !closed.contains(&z.totals.shift.0) {
        closed.push(z.totals.shift.0);
        state::set(conn, "shifts_closed_elsewhere", &closed)?;
    }
    Ok(())
}
