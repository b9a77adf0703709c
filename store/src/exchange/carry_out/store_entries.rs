//! Entries into the journal, their effects into the tables, what fails into quarantine.

use crate::apply::{Placed, Prepared, Unapplied, apply};
use crate::args;
use crate::customers::{erased_of, ids_in};
use crate::db::{Arg, Bind, DbError, Table, Tx, storable};
use crate::gate::Dirty;
use crate::tills::Till;
use daybook_sync::frame::{FramedEntry, Journal};
use daybook_sync::overlay::{ack_key, ack_ranges};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Consecutive entries of one journal with what they say.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) journal: &'a Journal,
    pub(super) entries: &'a [FramedEntry],
    pub(super) prepared: &'a [Prepared],
}

const ENTRY: Table = Table {
    name: "journal_entry",
    columns: &[
        "tenant_id",
        "till_id",
        "incarnation",
        "seq",
        "entry_id",
        "kind",
        "at_ms",
        "bytes",
        "prev_hash",
        "hash",
        "signature",
        "received_at_ms",
        "txn",
    ],
    then: "",
};

const SIDECAR: Table = Table {
    name: "journal_sidecar",
    columns: &["tenant_id", "till_id", "incarnation", "seq", "text", "erased_at_ms", "erased_by"],
    then: "",
};

/// Who erased a sidecar that came after its customer had been erased.
pub(super) const ERASED_BEFORE: &str = "store";

const QUARANTINE: Table = Table {
    name: "quarantine",
    columns: &[
        "tenant_id",
        "till_id",
        "incarnation",
        "seq",
        "code",
        "detail",
        "state",
        "since_ms",
        "tried_at_ms",
    ],
    then: "",
};

const BRANCH_ENTRY: Table = Table {
    name: "journal_branch_entry",
    columns: &[
        "tenant_id",
        "till_id",
        "incarnation",
        "branch_no",
        "seq",
        "bytes",
        "prev_hash",
        "hash",
        "signature",
        "received_at_ms",
        "sidecar",
    ],
    then: "",
};

/// Appends to the first history: bytes, effects, quarantine, acknowledgements, head.
pub(super) fn append(
    tx: &mut Tx<'_>,
    till: &Till,
    batch: &Batch<'_>,
    blocked: bool,
) -> Result<(), DbError> {
    let (Some(first), Some(last)) = (batch.entries.first(), batch.entries.last()) else {
        return Ok(());
    };
    let withheld = withheld(tx, batch.entries)?;
    insert_entries(tx, batch, &withheld)?;
    let refused = if blocked { all_blocked(batch, till) } else { effects(tx, batch, &withheld)? };
    quarantine(tx, batch.journal, &refused)?;
    let refused = refused.keys().copied().collect();
    for range in ack_ranges(batch.journal.incarnation, first.frame.seq, last.frame.seq, &refused) {
        let value =
            serde_json::to_string(&range).map_err(|_| DbError::corrupt("feed_row", range.from))?;
        let key = ack_key(&batch.journal.till, range.incarnation, range.from);
        tx.touch(Dirty::Ack { key, till: batch.journal.till, value });
    }
    let tenant = tx.tenant();
    let (journal, head) = (batch.journal, last.frame.head());
    tx.execute(
        "UPDATE till_incarnation SET received_seq = $4, received_hash = $5
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3",
        args![tenant, journal.till, journal.incarnation, head.seq, head.hash],
    )?;
    Ok(())
}

/// Entries whose sidecar names a customer that a person erased: its text is not kept, whenever it comes.
pub(super) fn withheld(tx: &mut Tx<'_>, entries: &[FramedEntry]) -> Result<BTreeSet<i64>, DbError> {
    let mut named: BTreeMap<i64, BTreeSet<Uuid>> = BTreeMap::new();
    for entry in entries {
        let Some(sidecar) = &entry.sidecar else { continue };
        // The sidecar may leave the id to the body.
        let ids = ids_in(sidecar.as_bytes()).chain(ids_in(&entry.bytes));
        named.insert(entry.frame.seq, ids.collect());
    }
    let all = named.values().flatten().copied().collect();
    let erased = erased_of(tx, &all)?;
    let named = named.into_iter().filter(|(_, ids)| !ids.is_disjoint(&erased));
    Ok(named.map(|(seq, _)| seq).collect())
}

fn insert_entries(
    tx: &mut Tx<'_>,
    batch: &Batch<'_>,
    withheld: &BTreeSet<i64>,
) -> Result<(), DbError> {
    let (tenant, now_ms, txn, journal) = (tx.tenant(), tx.now_ms(), tx.txn(), batch.journal);
    let rows: Vec<Vec<Arg<'_>>> = batch
        .entries
        .iter()
        .zip(batch.prepared)
        .map(|(entry, prepared)| {
            let (frame, meta) = (&entry.frame, prepared.meta.as_ref());
            vec![
                Arg::Int(tenant),
                journal.till.arg(),
                journal.incarnation.arg(),
                frame.seq.arg(),
                meta.map_or(Arg::Null, |meta| meta.id.arg()),
                meta.map_or(Arg::Null, |meta| meta.kind.arg()),
                meta.map_or(Arg::Null, |meta| meta.at_ms.arg()),
                Arg::Bytes(&entry.bytes),
                frame.prev.arg(),
                frame.hash.arg(),
                frame.sig.arg(),
                Arg::Int(now_ms),
                Arg::Uuid(txn),
            ]
        })
        .collect();
    tx.insert(&ENTRY, &rows)?;
    let sidecars: Vec<(i64, Cow<'_, str>)> = batch
        .entries
        .iter()
        .filter_map(|entry| Some((entry.frame.seq, storable(entry.sidecar.as_ref()?))))
        .collect();
    let sidecars: Vec<Vec<Arg<'_>>> = sidecars
        .iter()
        .map(|(seq, text)| {
            let (text, at, by) = if withheld.contains(seq) {
                (Arg::Null, Arg::Int(now_ms), Arg::Text(ERASED_BEFORE))
            } else {
                (Arg::Text(text), Arg::Null, Arg::Null)
            };
            let (till, incarnation) = (journal.till.arg(), journal.incarnation.arg());
            vec![Arg::Int(tenant), till, incarnation, Arg::Int(*seq), text, at, by]
        })
        .collect();
    tx.insert(&SIDECAR, &sidecars)
}

type Refused = BTreeMap<i64, Unapplied>;

fn all_blocked(batch: &Batch<'_>, till: &Till) -> Refused {
    let why = || Unapplied {
        code: "till.blocked",
        detail: format!("till {} was {} when this came", till.code, till.state.name()),
    };
    batch.entries.iter().map(|entry| (entry.frame.seq, why())).collect()
}

/// Applies all at once; if that fails, one by one to find what must wait.
fn effects(
    tx: &mut Tx<'_>,
    batch: &Batch<'_>,
    withheld: &BTreeSet<i64>,
) -> Result<Refused, DbError> {
    let mut refused = Refused::new();
    let mut facts = Vec::with_capacity(batch.entries.len());
    for (entry, prepared) in batch.entries.iter().zip(batch.prepared) {
        match (&prepared.meta, &prepared.fact) {
            (Some(meta), Ok(fact)) => facts.push(Placed {
                till: batch.journal.till,
                incarnation: batch.journal.incarnation,
                seq: entry.frame.seq,
                meta,
                fact,
                sidecar: entry.sidecar.as_deref().filter(|_| !withheld.contains(&entry.frame.seq)),
            }),
            (_, Err(why)) => {
                refused.insert(entry.frame.seq, why.clone());
            }
            (None, Ok(_)) => unreachable!("a fact is read from an envelope"),
        }
    }
    if tx.attempt(|tx| apply(tx, &facts))?.is_ok() {
        return Ok(refused);
    }
    for fact in &facts {
        if let Err(why) = tx.attempt(|tx| apply(tx, std::slice::from_ref(fact)))? {
            refused.insert(fact.seq, why);
        }
    }
    Ok(refused)
}

fn quarantine(tx: &mut Tx<'_>, journal: &Journal, refused: &Refused) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let rows: Vec<Vec<Arg<'_>>> = refused
        .iter()
        .map(|(seq, why)| {
            vec![
                Arg::Int(tenant),
                journal.till.arg(),
                journal.incarnation.arg(),
                seq.arg(),
                Arg::Text(why.code),
                why.detail.arg(),
                Arg::Text("open"),
                Arg::Int(now_ms),
                Arg::Int(now_ms),
            ]
        })
        .collect();
    tx.insert(&QUARANTINE, &rows)
}

/// Begins a branch with entries that contradict the first history; they are kept and have no effect.
pub(super) fn start_branch(
    tx: &mut Tx<'_>,
    journal: &Journal,
    at: i64,
    entries: &[FramedEntry],
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let Some(last) = entries.last() else { return Ok(()) };
    let row = tx.query_one(
        "SELECT coalesce(max(branch_no), 0) + 1 FROM journal_branch
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3",
        args![tenant, journal.till, journal.incarnation],
    )?;
    let branch = row.int(0)?;
    let head = last.frame.head();
    tx.execute(
        "INSERT INTO journal_branch (tenant_id, till_id, incarnation, branch_no, from_seq, through_seq, through_hash,
             found_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![tenant, journal.till, journal.incarnation, branch, at, head.seq, head.hash, now_ms],
    )?;
    insert_branch_entries(tx, journal, branch, entries)
}

/// Goes on with a known branch.
pub(super) fn extend_branch(
    tx: &mut Tx<'_>,
    journal: &Journal,
    branch: i64,
    entries: &[FramedEntry],
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let Some(last) = entries.last() else { return Ok(()) };
    let head = last.frame.head();
    tx.execute(
        "UPDATE journal_branch SET through_seq = $5, through_hash = $6
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND branch_no = $4",
        args![tenant, journal.till, journal.incarnation, branch, head.seq, head.hash],
    )?;
    insert_branch_entries(tx, journal, branch, entries)
}

fn insert_branch_entries(
    tx: &mut Tx<'_>,
    journal: &Journal,
    branch: i64,
    entries: &[FramedEntry],
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let withheld = withheld(tx, entries)?;
    let kept = |entry: &&FramedEntry| !withheld.contains(&entry.frame.seq);
    let sidecars: Vec<Option<Cow<'_, str>>> = entries
        .iter()
        .map(|entry| Some(entry).filter(kept)?.sidecar.as_deref().map(storable))
        .collect();
    let rows: Vec<Vec<Arg<'_>>> = entries
        .iter()
        .zip(&sidecars)
        .map(|(entry, sidecar)| {
            let frame = &entry.frame;
            vec![
                Arg::Int(tenant),
                journal.till.arg(),
                journal.incarnation.arg(),
                Arg::Int(branch),
                frame.seq.arg(),
                Arg::Bytes(&entry.bytes),
                frame.prev.arg(),
                frame.hash.arg(),
                frame.sig.arg(),
                Arg::Int(now_ms),
                sidecar.as_deref().map_or(Arg::Null, Arg::Text),
            ]
        })
        .collect();
    tx.insert(&BRANCH_ENTRY, &rows)
}
