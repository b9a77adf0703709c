//! What the store makes of an entry: documents, movements, levels, shifts, exceptions.
//!
//! Reading and checking happen before the transaction ([`prepare`]); applying a whole push is one pass over its
//! facts ([`apply`]) with few statements. A fact is never refused: what cannot be applied goes to quarantine.

mod balances;
mod cash;
mod counts;
mod figures;
pub(crate) mod limits;
mod orders;
pub(crate) mod people;
mod refunds;
mod sales;
mod shape;
mod stock;

use crate::db::{DbError, Tx, storable};
use daybook_domain::entry::{EntryError, Envelope, Fact};
use daybook_domain::ids::{EntryId, ShiftId, StaffId};
use daybook_sync::frame::{FramedEntry, sidecar_hash};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An entry read and checked, before any transaction.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its envelope, where it has one.
    pub meta: Option<Meta>,
    /// The fact, or why it has no effect.
    pub fact: Result<Fact, Unapplied>,
}

/// What of the envelope the effects need.
#[derive(Debug, Clone)]
pub struct Meta {
    /// Entry id.
    pub id: EntryId,
    /// Kind, as a column can hold it.
    pub kind: String,
    /// When it happened by the till's clock, UTC milliseconds.
    pub at_ms: i64,
    /// Last feed number that the till had seen.
    pub feed: i64,
    /// Business day.
    pub day: String,
    /// Who did it.
    pub staff: Option<StaffId>,
    /// In which shift.
    pub shift: Option<ShiftId>,
    /// Whether a sidecar came, and is the one that the entry names.
    pub sidecar_fits: bool,
}

/// Why an entry has no effect: the stable code and a text for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unapplied {
    /// Stable code, e.g. `entry.unknown_kind`.
    pub code: &'static str,
    /// For a person, with what is wrong.
    pub detail: String,
}

impl Unapplied {
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over errors and texts")]
    fn new(code: &'static str, detail: impl ToString) -> Self {
        Self { code, detail: storable(&detail.to_string()).into_owned() }
    }
}

impl From<DbError> for Unapplied {
    fn from(error: DbError) -> Self {
        // What a table says is for the log; a person at the desk needs other words.
        tracing::info!(code = error.code(), %error, "an entry could not be booked");
        let detail =
            "a value of it breaks a rule of the store's tables; the store's log names the rule";
        Self::new("effect.refused", detail)
    }
}

/// Reads an entry and checks its figures.
#[must_use]
pub fn prepare(entry: &FramedEntry) -> Prepared {
    let (meta, fact) = read(entry);
    Prepared { meta, fact }
}

fn read(entry: &FramedEntry) -> (Option<Meta>, Result<Fact, Unapplied>) {
    let envelope = match Envelope::parse(&entry.bytes) {
        Ok(envelope) => envelope,
        Err(error) => return (None, Err(unreadable(&error))),
    };
    let said = envelope.sidecar.as_deref();
    let found = entry.sidecar.as_deref().map(|sidecar| sidecar_hash(sidecar).to_string());
    let meta = Meta {
        id: envelope.id,
        kind: storable(&envelope.kind).into_owned(),
        at_ms: envelope.at_ms,
        feed: envelope.feed,
        day: envelope.day.clone(),
        staff: envelope.staff.clone(),
        shift: envelope.shift,
        sidecar_fits: found.is_some() && said == found.as_deref(),
    };
    let fact = if found.is_some() && said != found.as_deref() {
        Err(Unapplied::new("entry.sidecar", "sidecar: its hash is not the one in the entry"))
    } else if entry.sidecar.as_ref().is_some_and(|sidecar| limits::holds_nul(sidecar.as_bytes())) {
        Err(Unapplied::new("entry.sidecar", "sidecar: a text holds U+0000"))
    } else {
        fact_of(&entry.bytes, &envelope)
    };
    (Some(meta), fact)
}

fn fact_of(bytes: &[u8], envelope: &Envelope<&RawValue>) -> Result<Fact, Unapplied> {
    limits::check_json(bytes)?;
    let fact = envelope.fact().map_err(|error| unreadable(&error))?;
    limits::check_fact(&fact)?;
    shape::check(&fact)?;
    figures::check(&fact)?;
    Ok(fact)
}

fn unreadable(error: &EntryError) -> Unapplied {
    let code = match error {
        EntryError::NotAnEntry(_) => "entry.not_json",
        EntryError::UnknownFormat(_) => "entry.unknown_format",
        EntryError::NewerFormat(_) => "entry.newer_format",
        EntryError::UnknownKind(_) => "entry.unknown_kind",
        EntryError::Body { .. } => "entry.body",
    };
    Unapplied::new(code, error)
}

/// A fact with its place in a journal.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The till.
    pub till: Uuid,
    /// Its incarnation.
    pub incarnation: u32,
    /// Sequence number.
    pub seq: i64,
    /// Its envelope.
    pub meta: &'a Meta,
    /// What happened.
    pub fact: &'a Fact,
    /// Personal data beside it.
    pub sidecar: Option<&'a str>,
}

/// Applies facts of one journal in their order, all or nothing.
///
/// # Errors
/// Why one of them cannot be applied; the caller rolls back and finds out which.
pub fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    people::apply(tx, facts)?;
    cash::apply(tx, facts)?;
    sales::apply(tx, facts)?;
    // Orders before levels, as everywhere.
    orders::apply(tx, facts)?;
    stock::apply(tx, facts)?;
    // Balances after levels, as requests ask.
    balances::apply(tx, facts)?;
    counts::late(tx, facts)?;
    counts::apply(tx, facts)?;
    refunds::check(tx, facts)
}
