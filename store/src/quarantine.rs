//! Entries that are stored and acknowledged but have no effect yet: shown to a person, tried again later.

use crate::apply::{Placed, Unapplied, apply, prepare};
use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::Dirty;
use crate::leases;
use crate::said::Said;
use daybook_sync::frame::{Frame, FramedEntry};
use daybook_sync::hash::Signature;
use daybook_sync::overlay::{AckRange, ack_key};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Where an entry stands: till code, incarnation, sequence number; written `T1/1/42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Short code of the till.
    pub till: String,
    /// Incarnation.
    pub incarnation: u32,
    /// Sequence number.
    pub seq: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.till, self.incarnation, self.seq)
    }
}

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an entry is written TILL/INCARNATION/SEQ, e.g. T1/1/42";
        let mut parts = text.split('/');
        let (Some(till), Some(incarnation), Some(seq), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong);
        };
        Ok(Self {
            till: till.to_owned(),
            incarnation: incarnation.parse().map_err(|_| wrong)?,
            seq: seq.parse().map_err(|_| wrong)?,
        })
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An entry that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Which.
    #[serde(rename = "entry")]
    pub place: Place,
    /// Its kind, where it could be read.
    pub kind: Option<String>,
    /// Why it waits.
    pub code: String,
    /// For a person.
    pub detail: String,
    /// UTC milliseconds.
    pub since_ms: i64,
}

/// What another try came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Which entry.
    #[serde(rename = "entry")]
    pub place: Place,
    /// Why it still waits; absent when it was applied.
    pub code: Option<&'static str>,
    /// For a person.
    pub detail: String,
}

/// Why an entry cannot be handled.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// Nothing waits there.
    #[error("entry: {0} does not wait in quarantine")]
    Unknown(Place),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Everything that waits, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn open(tx: &mut Tx<'_>) -> Result<Vec<Waiting>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT t.code, q.incarnation, q.seq, e.kind, q.code, q.detail, q.since_ms
         FROM quarantine q
         JOIN till t ON t.tenant_id = q.tenant_id AND t.till_id = q.till_id
         JOIN journal_entry e ON e.tenant_id = q.tenant_id AND e.till_id = q.till_id
              AND e.incarnation = q.incarnation AND e.seq = q.seq
         WHERE q.tenant_id = $1 AND q.state = 'open' ORDER BY q.since_ms, t.code, q.incarnation, q.seq",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                place: Place {
                    till: row.text(0)?.to_owned(),
                    incarnation: row.u32(1)?,
                    seq: row.int(2)?,
                },
                kind: row.opt_text(3)?.map(str::to_owned),
                code: row.text(4)?.to_owned(),
                detail: row.text(5)?.to_owned(),
                since_ms: row.int(6)?,
            })
        })
        .collect()
}

/// Tries to apply an entry again. When it succeeds, its till is told at which feed number.
///
/// # Errors
/// [`QuarantineError`].
pub fn retry(tx: &mut Tx<'_>, place: &Place, by: &str) -> Result<Tried, QuarantineError> {
    let (till, entry) = load(tx, place)?;
    let prepared = prepare(&entry);
    let result = match (&prepared.meta, &prepared.fact) {
        (Some(meta), Ok(fact)) => {
            let placed = Placed {
                till,
                incarnation: place.incarnation,
                seq: place.seq,
                meta,
                fact,
                sidecar: entry.sidecar.as_deref(),
            };
            tx.attempt(|tx| apply(tx, &[placed]))?
        }
        (_, Err(why)) => Err(why.clone()),
        (None, Ok(_)) => unreachable!("a fact is read from an envelope"),
    };
    match result {
        Ok(()) => {
            close(tx, till, place, "applied", by, "")?;
            tell(tx, till, place)?;
            Ok(Tried { place: place.clone(), code: None, detail: String::new() })
        }
        Err(why) => {
            note(tx, till, place, &why)?;
            Ok(Tried { place: place.clone(), code: Some(why.code), detail: why.detail })
        }
    }
}

/// Leaves an entry without effect for good. Its till is told, and the levels of what it moved follow with a later number:
/// from then on they stand without it, there as here.
///
/// # Errors
/// [`QuarantineError`].
pub fn resolve(
    tx: &mut Tx<'_>,
    place: &Place,
    by: &str,
    reason: &str,
) -> Result<(), QuarantineError> {
    let (till, entry) = load(tx, place)?;
    close(tx, till, place, "resolved", by, reason)?;
    tell(tx, till, place)?;
    for moved in Said::read(&entry.bytes).moves {
        tx.touch(Dirty::Stock(moved.location, moved.sku));
    }
    Ok(())
}

/// Says in the till's own row of the entry that it waits no more.
fn tell(tx: &mut Tx<'_>, till: Uuid, place: &Place) -> Result<(), DbError> {
    let range = AckRange {
        incarnation: place.incarnation,
        from: place.seq,
        through: place.seq,
        quarantined: Vec::new(),
    };
    let value =
        serde_json::to_string(&range).map_err(|_| DbError::corrupt("feed_row", place.seq))?;
    let key = ack_key(&till, place.incarnation, place.seq);
    tx.touch(Dirty::Ack { key, till, value });
    Ok(())
}

/// The feed number at which a till was told that an entry of its own waits no more; none where it was not.
pub(crate) fn told_of(
    tx: &mut Tx<'_>,
    till: Uuid,
    incarnation: u32,
    seq: i64,
) -> Result<Option<i64>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT feed, value FROM feed_row WHERE tenant_id = $1 AND key = $2",
        args![tenant, ack_key(&till, incarnation, seq)],
    )?;
    let Some(row) = row else { return Ok(None) };
    let range: Option<AckRange> =
        row.opt_text(1)?.map(serde_json::from_str).transpose().ok().flatten();
    let told = range.is_some_and(|range| !range.quarantined.contains(&seq));
    Ok(if told { Some(row.int(0)?) } else { None })
}

fn load(tx: &mut Tx<'_>, place: &Place) -> Result<(Uuid, FramedEntry), QuarantineError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT e.till_id, e.prev_hash, e.hash, e.signature, e.bytes, s.text
         FROM till t
         JOIN quarantine q ON q.tenant_id = t.tenant_id AND q.till_id = t.till_id AND q.state = 'open'
         JOIN journal_entry e ON e.tenant_id = q.tenant_id AND e.till_id = q.till_id
              AND e.incarnation = q.incarnation AND e.seq = q.seq
         LEFT JOIN journal_sidecar s ON s.tenant_id = e.tenant_id AND s.till_id = e.till_id
              AND s.incarnation = e.incarnation AND s.seq = e.seq
         WHERE t.tenant_id = $1 AND t.code = $2 AND q.incarnation = $3 AND q.seq = $4",
        args![tenant, place.till, place.incarnation, place.seq],
    )?;
    let row = row.ok_or_else(|| QuarantineError::Unknown(place.clone()))?;
    let sig = Signature::from_slice(row.bytes(3)?)
        .ok_or_else(|| DbError::corrupt("journal_entry", place))?;
    let frame = Frame { seq: place.seq, prev: row.hash(1)?, hash: row.hash(2)?, sig };
    let entry = FramedEntry {
        frame,
        bytes: row.bytes(4)?.to_owned(),
        sidecar: row.opt_text(5)?.map(str::to_owned),
    };
    Ok((row.uuid(0)?, entry))
}

fn close(
    tx: &mut Tx<'_>,
    till: Uuid,
    place: &Place,
    state: &str,
    by: &str,
    reason: &str,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE quarantine SET state = $5, closed_at_ms = $6, closed_by = $7, note = $8
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq = $4 AND state = 'open'",
        args![tenant, till, place.incarnation, place.seq, state, now_ms, by, reason],
    )?;
    leases::hear_applied(tx, till, place.incarnation)
}

fn note(tx: &mut Tx<'_>, till: Uuid, place: &Place, why: &Unapplied) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE quarantine SET code = $5, detail = $6, tried_at_ms = $7, attempts = attempts + 1
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq = $4",
        args![tenant, till, place.incarnation, place.seq, why.code, why.detail, now_ms],
    )?;
    Ok(())
}
