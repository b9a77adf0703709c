//! Sidecars of entries that are here already: one that was damaged or missing when its entry came is taken when the right
//! one is sent, for the entry names it by its hash.

use super::store_entries::{ERASED_BEFORE, withheld};
use crate::apply::people;
use crate::args;
use crate::db::{DbError, Tx, storable};
use crate::exchange::Push;
use crate::quarantine::{self, Place, QuarantineError};
use crate::tills::{Till, TillState};
use daybook_domain::entry::Fact;
use daybook_sync::decide::Append;
use daybook_sync::frame::FramedEntry;
use std::collections::BTreeSet;

/// Code of what waits for its sidecar.
const WAITS: &str = "entry.sidecar";

/// Sequence numbers of pushed entries that are held with another sidecar than the one they name, or with none.
///
/// # Errors
/// [`DbError`].
pub(in crate::exchange) fn wanted(
    tx: &mut Tx<'_>,
    push: &Push,
    append: Option<&Append>,
) -> Result<BTreeSet<i64>, DbError> {
    let offered: Vec<&FramedEntry> = offered(push, append).map(|(entry, _)| entry).collect();
    let (Some(first), Some(last)) = (offered.first(), offered.last()) else {
        return Ok(BTreeSet::new());
    };
    let (tenant, header) = (tx.tenant(), &push.header);
    let rows = tx.query(
        "SELECT e.seq, e.hash, s.text, s.erased_by FROM journal_entry e
         LEFT JOIN journal_sidecar s ON s.tenant_id = e.tenant_id AND s.till_id = e.till_id
              AND s.incarnation = e.incarnation AND s.seq = e.seq
         WHERE e.tenant_id = $1 AND e.till_id = $2 AND e.incarnation = $3 AND e.seq BETWEEN $4 AND $5",
        args![tenant, header.till, header.journal.incarnation, first.frame.seq, last.frame.seq],
    )?;
    let mut wanted = BTreeSet::new();
    for row in &rows {
        let (seq, hash) = (row.int(0)?, row.hash(1)?);
        let same = |entry: &&&FramedEntry| entry.frame.seq == seq && entry.frame.hash == hash;
        let Some(entry) = offered.iter().find(same) else { continue };
        let text = entry.sidecar.as_deref().map(storable);
        if row.opt_text(3)?.is_none() && row.opt_text(2)? != text.as_deref() {
            wanted.insert(seq);
        }
    }
    Ok(wanted)
}

/// Pushed entries that are not new and bring the sidecar that they name.
fn offered<'a>(
    push: &'a Push,
    append: Option<&Append>,
) -> impl Iterator<Item = (&'a FramedEntry, Option<&'a Fact>)> {
    let fresh = append.map_or(0..0, |append| append.entries.clone());
    let known = push.verified.view().entries().iter().zip(&push.prepared).enumerate();
    known.filter_map(move |(index, (entry, prepared))| {
        let fits = prepared.meta.as_ref().is_some_and(|meta| meta.sidecar_fits);
        (fits && !fresh.contains(&index)).then_some((entry, prepared.fact.as_ref().ok()))
    })
}

/// Takes them, and tries what waited for one again.
///
/// # Errors
/// [`DbError`].
pub(super) fn take(
    tx: &mut Tx<'_>,
    push: &Push,
    till: &Till,
    append: Option<&Append>,
) -> Result<(), DbError> {
    let wanted = wanted(tx, push, append)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let incarnation = push.header.journal.incarnation;
    for (entry, fact) in
        offered(push, append).filter(|(entry, _)| wanted.contains(&entry.frame.seq))
    {
        let seq = entry.frame.seq;
        let erased = !withheld(tx, std::slice::from_ref(entry))?.is_empty();
        let text = entry.sidecar.as_deref().map(storable).filter(|_| !erased);
        tx.execute(
            "INSERT INTO journal_sidecar (tenant_id, till_id, incarnation, seq, text, erased_at_ms, erased_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant_id, till_id, incarnation, seq) DO UPDATE SET text = excluded.text,
                 erased_at_ms = excluded.erased_at_ms, erased_by = excluded.erased_by",
            args![
                tenant,
                till.till,
                incarnation,
                seq,
                text.as_deref(),
                erased.then_some(now_ms),
                erased.then_some(ERASED_BEFORE)
            ],
        )?;
        // What a till says that was blocked waits for a person, whatever it waited for before.
        if till.state != TillState::Active {
            continue;
        }
        let waits = tx.query_opt(
            "SELECT 1 FROM quarantine WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq = $4
                 AND state = 'open' AND code = $5",
            args![tenant, till.till, incarnation, seq, *WAITS],
        )?;
        if waits.is_some() {
            let place = Place { till: till.code.to_string(), incarnation, seq };
            match quarantine::retry(tx, &place, "till") {
                Ok(_) | Err(QuarantineError::Unknown(_)) => {}
                Err(QuarantineError::Db(error)) => return Err(error),
            }
        } else if let (Some(Fact::CustomerCreated(created)), Some(text)) = (fact, text.as_deref()) {
            people::name(tx, created, text)?;
        }
    }
    Ok(())
}
