//! The till's ledger: one database, one writer, one gate through which everything is written.
//!
//! Invariant: number, entry, read-model rows, stock movements and the lease spent are committed together or not
//! at all, and nothing is printed before that commit.

pub mod checkpoint;
pub mod gate;
pub mod incarnation;
pub mod keys;
pub mod project;
pub mod query;
pub mod rebuild;
pub mod schema;
pub mod state;
pub mod verify;

use crate::error::TillError;
use crate::feed;
use crate::home::{Home, Witness, install_of, witness_of};
use crate::staff;
use checkpoint::Checkpointer;
use daybook_domain::clock::Moment;
use daybook_domain::entry::AppStarted;
use daybook_domain::ids::{LocationId, StaffId, TillCode, TillId};
use daybook_sync::frame::{Head, Journal};
use daybook_sync::hash::PublicKey;
use gate::Gate;
use keys::Keys;
use rusqlite::{Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Bits of a position below the order of its incarnation.
pub const SEQ_BITS: u32 = 40;

/// What this till was told at enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The business.
    pub tenant: Uuid,
    /// The till.
    pub till: TillId,
    /// Its short code.
    pub code: TillCode,
    /// Where it stands.
    pub location: LocationId,
    /// Where its store answers.
    pub store_url: String,
    /// Certificate authority to trust instead of the system's, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// What the store's acknowledgements are verified with.
    pub store_public_key: PublicKey,
    /// It is a ledger to practise on: its documents are marked and numbered as training, and no store hears of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub training: bool,
}

/// The shift that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenShift {
    /// Which.
    pub shift: daybook_domain::ids::ShiftId,
    /// Business day, fixed.
    pub day: String,
    /// Fiscal year, fixed.
    pub fiscal_year: String,
    /// Position of its opening entry.
    pub pos: i64,
    /// UTC milliseconds.
    pub opened_at_ms: i64,
}

/// Where the journal stands: what the next entry needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Order of the incarnation in this ledger.
    pub ord: i64,
    /// Till and incarnation.
    pub journal: Journal,
    /// Last entry.
    pub head: Head,
    /// Tag of this incarnation in document numbers.
    pub series_tag: String,
    /// Open shift.
    pub shift: Option<OpenShift>,
    /// Last feed number seen.
    pub feed: i64,
    /// Offset of local time, minutes.
    pub offset_min: i32,
    /// Clocks at the last entry.
    pub last: Option<Moment>,
}

impl Live {
    /// Position of the last entry.
    #[must_use]
    pub fn pos(&self) -> i64 {
        position(self.ord, self.head.seq)
    }
}

/// Position of an entry in this ledger.
#[must_use]
pub fn position(ord: i64, seq: i64) -> i64 {
    (ord << SEQ_BITS) | seq
}

/// Sequence number of a position.
#[must_use]
pub fn seq_of(pos: i64) -> i64 {
    pos & ((1 << SEQ_BITS) - 1)
}

/// Whether the till may write facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not enrolled.
    New,
    /// Yes.
    Ready,
    /// Only after a new incarnation has begun; says how that was found out.
    NeedsIncarnation(&'static str),
}

/// Who acts, when.
#[derive(Debug, Clone)]
pub struct Act {
    /// The machine's clocks.
    pub moment: Moment,
    /// Time of the record itself, where it comes from data that is imported.
    pub data_at_ms: Option<i64>,
    /// Who acts.
    pub staff: Option<StaffId>,
    /// Who approved.
    pub approver: Option<StaffId>,
}

impl Act {
    /// An act of the program itself.
    #[must_use]
    pub fn of_program(moment: Moment) -> Self {
        Self { moment, data_at_ms: None, staff: None, approver: None }
    }

    /// An act of a person.
    #[must_use]
    pub fn of(moment: Moment, staff: StaffId) -> Self {
        Self { moment, data_at_ms: None, staff: Some(staff), approver: None }
    }

    /// When it happened, UTC milliseconds.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        self.data_at_ms.unwrap_or(self.moment.at_ms)
    }
}

/// What changed, for those who show it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, specta::Type,
)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Journal and what is unsent.
    Journal,
    /// Documents.
    Documents,
    /// Stock as shown.
    Stock,
    /// Shift and cash.
    Shift,
    /// Parked baskets.
    Parked,
    /// Web orders.
    Orders,
    /// Products, prices, staff, settings.
    Catalogue,
    /// Exchange with the store.
    Sync,
    /// Who works at the till.
    Session,
    /// The open basket and its payment.
    Basket,
    /// What goes to paper.
    Papers,
}

/// Set of topics.
pub type Topics = BTreeSet<Topic>;

/// The ledger, open for writing by this process alone.
#[derive(Debug)]
pub struct Ledger {
    conn: Connection,
    home: Home,
    keys: Arc<Keys>,
    identity: Option<Identity>,
    live: Option<Live>,
    standing: Standing,
    poisoned: Option<String>,
    started: Option<AppStarted>,
    checkpointer: Checkpointer,
}

impl Ledger {
    /// Opens the ledger of a folder: takes the lock, migrates, recovers what a crash left, verifies the tail of the
    /// journal since the last verified point, and finds out whether this is still the installation that wrote it.
    ///
    /// # Errors
    /// [`TillError::Locked`], [`TillError::ReadOnly`], [`TillError::NewerSchema`], [`TillError::Corrupt`].
    pub fn open(dir: &Path) -> Result<Self, TillError> {
        let mut home = Home::open(dir)?;
        if home.witness().is_some() && !home.has_database() {
            // To begin with an empty ledger here would hide that one is gone.
            let problem =
                "is missing or empty, though entries were committed here: restore a backup";
            return Err(TillError::corrupt("ledger", crate::home::DATABASE, problem));
        }
        let keys = Arc::new(Keys::open(&home)?);
        let conn = schema::open_writer(&home.database())?;
        let identity: Option<Identity> = state::get(&conn, "identity")?;
        let live = match &identity {
            Some(identity) => query::live(&conn, identity.till)?,
            None => None,
        };
        if let Some(live) = &live {
            verify::tail(&conn, live)?;
        }
        let here = Here { install: home.install(), witness: home.witness() };
        let mut standing = standing(&conn, &here, identity.as_ref(), live.as_ref())?;
        if standing == Standing::Ready
            && let Some(live) = &live
            && query::public_key(&conn, live.ord)? != Some(keys.signer().public_key())
        {
            // What it signed from here on would verify nowhere.
            standing = Standing::NeedsIncarnation("the key that signs its entries is lost");
        }
        if identity.is_some() && !staff::pins_open(&conn, &keys)? {
            // They were sealed on another machine: the store tells them once more.
            feed::forget_cursor(&conn)?;
        }
        home.reserve_ballast();
        let started = home
            .ended_unclean()
            .then(|| AppStarted { recovered: true, schema: schema::known_version() });
        let checkpointer = Checkpointer::start(&home.database())?;
        home.mark_open()?;
        let poisoned = None;
        Ok(Self { conn, home, keys, identity, live, standing, poisoned, started, checkpointer })
    }

    /// Closes it: the next start knows that nothing was cut off.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn close(mut self) -> Result<(), TillError> {
        if self.poisoned.is_none()
            && let Some(live) = &self.live
        {
            verify::note_verified(&self.conn, live.pos())?;
        }
        self.home.close()
    }

    /// The one write gate: opens a transaction, runs one use-case, commits, and says what changed.
    ///
    /// # Errors
    /// Those of the use-case, with nothing written; [`TillError::NotEnrolled`], [`TillError::NeedsIncarnation`];
    /// [`TillError::Poisoned`] when the commit failed and its outcome is unknown: open the ledger again.
    pub fn write<T>(
        &mut self,
        act: Act,
        use_case: impl FnOnce(&mut Gate<'_>) -> Result<T, TillError>,
    ) -> Result<(T, Topics), TillError> {
        match self.standing {
            Standing::Ready => {}
            Standing::New => return Err(TillError::NotEnrolled),
            Standing::NeedsIncarnation(why) => return Err(TillError::NeedsIncarnation { why }),
        }
        let started = self.started.take();
        let result = self.write_now(act, |gate| {
            if let Some(started) = &started {
                gate.append_by_program(&daybook_domain::entry::Fact::AppStarted(started.clone()))?;
            }
            gate.note_clock()?;
            use_case(gate)
        });
        if result.is_err() {
            self.started = started;
        }
        result
    }

    /// Begins a new incarnation, the one act that is allowed while [`Standing::NeedsIncarnation`] holds.
    pub(crate) fn write_incarnation<T>(
        &mut self,
        act: Act,
        live: Live,
        use_case: impl FnOnce(&mut Gate<'_>) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        let before = self.live.replace(live);
        let result = self.write_now(act, use_case);
        match result {
            Ok((value, _)) => {
                self.standing = Standing::Ready;
                Ok(value)
            }
            Err(error) => {
                self.live = before;
                Err(error)
            }
        }
    }

    fn write_now<T>(
        &mut self,
        act: Act,
        use_case: impl FnOnce(&mut Gate<'_>) -> Result<T, TillError>,
    ) -> Result<(T, Topics), TillError> {
        if let Some(why) = &self.poisoned {
            return Err(TillError::Poisoned(why.clone()));
        }
        let (Some(live), Some(identity)) = (self.live.clone(), self.identity.as_ref()) else {
            return Err(TillError::NotEnrolled);
        };
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut gate = Gate::new(&tx, self.keys.signer(), identity, live, act);
        let value = use_case(&mut gate)?;
        let (live, topics) = gate.finish();
        if let Err(error) = tx.commit() {
            return Err(self.commit_failed(&error));
        }
        self.home.note_witness(&Witness { pos: live.pos(), hash: live.head.hash.to_string() });
        self.live = Some(live);
        self.checkpointer.committed();
        Ok((value, topics))
    }

    /// Writes what is no fact: feed rows, sync state, leases. Same transaction rules, no entry.
    ///
    /// # Errors
    /// As [`Ledger::write`], but allowed in every standing.
    pub(crate) fn write_state<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        if let Some(why) = &self.poisoned {
            return Err(TillError::Poisoned(why.clone()));
        }
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&tx)?;
        if let Err(error) = tx.commit() {
            return Err(self.commit_failed(&error));
        }
        self.checkpointer.committed();
        if let Some(live) = &mut self.live {
            query::refresh(&self.conn, live)?;
        }
        Ok(value)
    }

    /// A failed write to a full disk was rolled back. After anything else the outcome is unknown, and this process
    /// has no right to write any more: an fsync is never tried twice.
    fn commit_failed(&mut self, error: &rusqlite::Error) -> TillError {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            let free_bytes = self.home.free_bytes().unwrap_or(0);
            return TillError::DiskFull { free_bytes, need_bytes: crate::home::SALE_BYTES };
        }
        self.poisoned = Some(error.to_string());
        TillError::Poisoned(error.to_string())
    }

    /// Reads.
    #[must_use]
    pub fn reader(&self) -> &Connection {
        &self.conn
    }

    /// The data folder.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Whether the till may write facts.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// What the till was told at enrolment.
    ///
    /// # Errors
    /// [`TillError::NotEnrolled`].
    pub fn identity(&self) -> Result<&Identity, TillError> {
        self.identity.as_ref().ok_or(TillError::NotEnrolled)
    }

    /// Where the journal stands.
    ///
    /// # Errors
    /// [`TillError::NotEnrolled`].
    pub fn live(&self) -> Result<&Live, TillError> {
        self.live.as_ref().ok_or(TillError::NotEnrolled)
    }

    pub(crate) fn set_identity(&mut self, identity: Identity) -> Result<(), TillError> {
        self.write_state(|conn| state::set(conn, "identity", &identity))?;
        self.identity = Some(identity);
        Ok(())
    }

    pub(crate) fn set_standing(&mut self, standing: Standing) {
        self.standing = standing;
    }
}

/// What lies in the data folder beside the database.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    install: Option<Uuid>,
    witness: Option<Witness>,
}

impl Here {
    /// Of a folder, whoever has its lock. The witness runs behind the database, so it is read before.
    pub(crate) fn of(dir: &Path) -> Self {
        Self { install: install_of(dir), witness: witness_of(dir) }
    }
}

/// A ledger goes on only where it was written: same install id, and not behind the witness.
pub(crate) fn standing(
    conn: &Connection,
    here: &Here,
    identity: Option<&Identity>,
    live: Option<&Live>,
) -> Result<Standing, TillError> {
    if identity.is_none() {
        return Ok(Standing::New);
    }
    let Some(live) = live else {
        return Ok(Standing::NeedsIncarnation("no incarnation has begun"));
    };
    if let Some(verdict) = state::get::<String>(conn, "verdict")? {
        return Ok(Standing::NeedsIncarnation(match verdict.as_str() {
            "fork" => "the store holds another entry at one of its numbers",
            _ => "the store has heard of another copy",
        }));
    }
    let wrote: Option<Uuid> = state::get(conn, "install")?;
    Ok(match (wrote, here.install) {
        (None, _) => Standing::NeedsIncarnation("it came from a backup"),
        (_, None) => Standing::NeedsIncarnation("the install id is missing or was copied"),
        (Some(wrote), Some(here)) if wrote != here => {
            Standing::NeedsIncarnation("it was written by another installation")
        }
        (Some(_), Some(_)) if behind(here, live) => {
            Standing::NeedsIncarnation("it ends before an entry that was committed here")
        }
        (Some(_), Some(_)) => Standing::Ready,
    })
}

fn behind(here: &Here, live: &Live) -> bool {
    here.witness.as_ref().is_some_and(|witness| {
        witness.pos > live.pos()
            || (witness.pos == live.pos() && witness.hash != live.head.hash.to_string())
    })
}
