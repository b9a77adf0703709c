//! Verification: hashes, chain, signatures, gapless numbers, and read models that equal the journal.

use super::query::{self, StoredEntry};
use super::{Identity, Live, rebuild, schema, seq_of, state};
use crate::error::TillError;
use daybook_domain::entry::{Fact, Sale};
use daybook_sync::frame::{Head, Journal, entry_hash, head_is_signed_by};
use daybook_sync::hash::PublicKey;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// What a full check found in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Entries whose bytes, chain and signature hold.
    pub entries: i64,
    /// Documents with gapless numbers.
    pub documents: i64,
    /// Incarnations.
    pub incarnations: i64,
    /// Last incarnation.
    pub incarnation: u32,
    /// Last sequence number.
    pub seq: i64,
    /// Hash there, hex.
    pub hash: String,
}

/// The full check: the file's integrity, every entry, every number, every read model. `progress` is told how many
/// entries are done.
///
/// # Errors
/// [`TillError::Corrupt`] names the first thing that does not hold.
pub fn full(
    conn: &Connection,
    live: &Live,
    progress: &mut dyn FnMut(i64),
) -> Result<Verified, TillError> {
    integrity(conn)?;
    let mut checker = Checker::new(conn, live.journal.till)?;
    query::each_entry(conn, 0, |entry| {
        checker.check(&entry)?;
        if checker.verified.entries % 1000 == 0 {
            progress(checker.verified.entries);
        }
        Ok(())
    })?;
    let verified = checker.finish(live)?;
    acknowledged_heads(conn)?;
    rebuild::compare(conn)?;
    Ok(verified)
}

/// The full check on a connection of its own, beside whoever writes: it sees the ledger as it is when it begins. Nothing
/// before the first incarnation.
///
/// # Errors
/// As [`full`].
pub fn beside(
    database: &Path,
    progress: &mut dyn FnMut(i64),
) -> Result<Option<Verified>, TillError> {
    let mut conn = schema::open_reader(database)?;
    let seen = conn.transaction()?;
    let Some(identity) = state::get::<Identity>(&seen, "identity")? else { return Ok(None) };
    let Some(live) = query::live(&seen, identity.till)? else { return Ok(None) };
    full(&seen, &live, progress).map(Some)
}

/// Checks the tail since the last verified point, as at every start.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn tail(conn: &Connection, live: &Live) -> Result<(), TillError> {
    let from: i64 = state::get(conn, "verified_pos")?.unwrap_or(0);
    if from > 0 && query::entry_at(conn, from)?.is_none() {
        return Err(TillError::corrupt("entry", seq_of(from), "the verified entry is missing"));
    }
    let mut checker = Checker::new(conn, live.journal.till)?;
    checker.skip_numbers();
    query::each_entry(conn, from, |entry| checker.check(&entry))?;
    Ok(())
}

/// Remembers how far all was verified.
///
/// # Errors
/// [`TillError::Database`].
pub fn note_verified(conn: &Connection, pos: i64) -> Result<(), TillError> {
    state::set(conn, "verified_pos", &pos)
}

fn integrity(conn: &Connection) -> Result<(), TillError> {
    let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(TillError::corrupt("till.db", "integrity_check", found));
    }
    let broken: Option<String> = conn
        .query_row("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1", [], |row| row.get(0))
        .optional()?;
    match broken {
        Some(table) => Err(TillError::corrupt("till.db", "foreign_key_check", table)),
        None => Ok(()),
    }
}

/// The store's word about our heads must fit what we have: it shows a tail that was cut off and written anew.
fn acknowledged_heads(conn: &Connection) -> Result<(), TillError> {
    let wrong: Option<(i64, i64)> = conn
        .query_row(
            "SELECT acknowledgement.incarnation, acknowledgement.seq
             FROM acknowledgement
             JOIN incarnation ON incarnation.incarnation = acknowledgement.incarnation
             LEFT JOIN entry ON entry.pos = (incarnation.ord << 40) + acknowledgement.seq
             WHERE acknowledgement.seq > 0
               AND (entry.hash IS NULL OR entry.hash <> acknowledgement.hash)
               AND NOT EXISTS (
                   SELECT 1 FROM fetched_entry
                   WHERE fetched_entry.incarnation = acknowledgement.incarnation
                     AND fetched_entry.seq = acknowledgement.seq
                     AND fetched_entry.hash = acknowledgement.hash)
             LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match wrong {
        Some((_, seq)) => {
            Err(TillError::corrupt("entry", seq, "the store acknowledged another entry here"))
        }
        None => Ok(()),
    }
}

struct Incarnation {
    ord: i64,
    journal: Journal,
    key: PublicKey,
}

struct Checker {
    incarnations: Vec<Incarnation>,
    before: Option<(i64, Head)>,
    numbers: Option<HashMap<String, i64>>,
    verified: Verified,
}

impl Checker {
    fn new(conn: &Connection, till: uuid::Uuid) -> Result<Self, TillError> {
        let mut rows =
            conn.prepare("SELECT ord, incarnation, public_key FROM incarnation ORDER BY ord")?;
        let mut rows = rows.query([])?;
        let mut incarnations = Vec::new();
        while let Some(row) = rows.next()? {
            let key: Vec<u8> = row.get(2)?;
            let incarnation = row.get(1)?;
            incarnations.push(Incarnation {
                ord: row.get(0)?,
                journal: Journal { till, incarnation },
                key: PublicKey::from_slice(&key)
                    .ok_or_else(|| TillError::corrupt("incarnation", incarnation, "public key"))?,
            });
        }
        Ok(Self {
            incarnations,
            before: None,
            numbers: Some(HashMap::new()),
            verified: Verified::default(),
        })
    }

    fn skip_numbers(&mut self) {
        self.numbers = None;
    }

    fn check(&mut self, entry: &StoredEntry) -> Result<(), TillError> {
        let ord = entry.pos >> super::SEQ_BITS;
        let seq = entry.frame.seq;
        let wrong = |problem: &str| TillError::corrupt("entry", seq, problem);
        let incarnation = self
            .incarnations
            .iter()
            .find(|incarnation| incarnation.ord == ord)
            .ok_or_else(|| wrong("belongs to no incarnation"))?;
        let expected = match self.before {
            Some((before, head)) if before == ord => Some(head),
            Some(_) => Some(incarnation.journal.start()),
            None if seq == 1 => Some(incarnation.journal.start()),
            // The tail check begins at an entry that was verified before.
            None if self.numbers.is_none() => None,
            None => return Err(wrong("the journal does not begin at 1")),
        };
        if let Some(expected) = expected {
            if seq != expected.seq + 1 {
                return Err(wrong("the sequence has a gap before it"));
            }
            if entry.frame.prev != expected.hash {
                return Err(wrong("prev is not the hash of the entry before"));
            }
        }
        if entry_hash(&entry.frame.prev, &entry.bytes) != entry.frame.hash {
            return Err(wrong("the bytes do not match the hash"));
        }
        let head = entry.frame.head();
        if !head_is_signed_by(&incarnation.key, &incarnation.journal, &head, &entry.frame.sig) {
            return Err(wrong("the signature does not verify"));
        }
        self.before = Some((ord, head));
        self.verified.entries += 1;
        self.check_number(entry)
    }

    fn check_number(&mut self, entry: &StoredEntry) -> Result<(), TillError> {
        let Some(numbers) = &mut self.numbers else { return Ok(()) };
        match query::fact_of(&entry.bytes, entry.pos)? {
            Fact::SaleCompleted(sale)
            | Fact::RefundCompleted(sale)
            | Fact::ExchangeCompleted(sale)
            | Fact::SaleVoided(sale) => {
                self.verified.documents += 1;
                follow(numbers, &sale)
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self, live: &Live) -> Result<Verified, TillError> {
        let end = self.before.map_or((live.ord, live.journal.start()), |before| before);
        if end != (live.ord, live.head) {
            return Err(TillError::corrupt(
                "entry",
                live.head.seq,
                "the head is not the last entry",
            ));
        }
        self.verified.incarnations = i64::try_from(self.incarnations.len()).unwrap_or(i64::MAX);
        self.verified.incarnation = live.journal.incarnation;
        self.verified.seq = live.head.seq;
        self.verified.hash = live.head.hash.to_string();
        Ok(self.verified)
    }
}

/// Each number is its series' last plus one.
fn follow(numbers: &mut HashMap<String, i64>, sale: &Sale) -> Result<(), TillError> {
    let document = &sale.document;
    let last = numbers.entry(document.series.clone()).or_insert(0);
    let counter = super::project::counter_of(document)?;
    if counter != *last + 1 {
        return Err(TillError::corrupt(
            "document",
            &document.number,
            format!("follows number {last} of its series"),
        ));
    }
    *last = counter;
    Ok(())
}
