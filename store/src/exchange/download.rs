//! What the store holds and a till lacks: entries of a journal, given back as they came.

use crate::args;
use crate::db::{DbError, Tx};
use crate::tills::{Incarnation, is_served};
use daybook_sync::frame::{Frame, FramedEntry};
use daybook_sync::hash::Signature;
use daybook_sync::limits::{PROTOCOL, PUSH_BYTES_MAX, PUSH_ENTRIES_MAX};
use daybook_sync::message::{EntriesHeader, EntriesRequest};
use daybook_sync::refusal::Refusal;
use daybook_sync::wire::EntriesAnswer;

/// Entries after a number, up to the limits of one answer.
///
/// # Errors
/// [`DbError`], also for a row that breaks a rule; the inner [`Refusal`] when the till is given nothing, or the journal is
/// not known.
pub fn download(
    tx: &mut Tx<'_>,
    request: &EntriesRequest,
) -> Result<Result<EntriesAnswer, Refusal>, DbError> {
    if !is_served(tx, request.till)? {
        return Ok(Err(Refusal::Blocked));
    }
    let Some(journal) = Incarnation::load(tx, request.till, request.incarnation)? else {
        return Ok(Err(Refusal::UnknownJournal { incarnation: request.incarnation }));
    };
    let tenant = tx.tenant();
    let limit = i64::try_from(PUSH_ENTRIES_MAX).unwrap_or(i64::MAX);
    let rows = tx.query(
        "SELECT e.seq, e.prev_hash, e.hash, e.signature, e.bytes, s.text
         FROM journal_entry e LEFT JOIN journal_sidecar s ON s.tenant_id = e.tenant_id AND s.till_id = e.till_id
              AND s.incarnation = e.incarnation AND s.seq = e.seq
         WHERE e.tenant_id = $1 AND e.till_id = $2 AND e.incarnation = $3 AND e.seq > $4 ORDER BY e.seq LIMIT $5",
        args![tenant, request.till, request.incarnation, request.after, limit],
    )?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for row in rows {
        let entry = row.bytes(4)?.to_owned();
        bytes += entry.len();
        if bytes > PUSH_BYTES_MAX {
            break;
        }
        let sig = Signature::from_slice(row.bytes(3)?)
            .ok_or_else(|| DbError::corrupt("journal_entry", request.incarnation))?;
        let frame = Frame { seq: row.int(0)?, prev: row.hash(1)?, hash: row.hash(2)?, sig };
        entries.push(FramedEntry {
            frame,
            bytes: entry,
            sidecar: row.opt_text(5)?.map(str::to_owned),
        });
    }
    let last = entries.last().map_or(request.after, |entry| entry.frame.seq);
    let header = EntriesHeader {
        protocol: PROTOCOL,
        incarnation: request.incarnation,
        public_key: journal.public_key,
        received_through: journal.received_seq,
        more: last < journal.received_seq,
        entries: entries.len(),
    };
    Ok(Ok(EntriesAnswer { header, entries }))
}
