//! Tills: their state, their journals as the store holds them, their request keys.

use crate::args;
use crate::balances;
use crate::db::{DbError, Row, Tx};
use crate::gate::{self, Dirty};
use crate::leases;
use daybook_domain::ids::{LocationId, TillCode};
use daybook_sync::hash::{Hash, PublicKey};
use serde::Serialize;
use uuid::Uuid;

/// Whether a till may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TillState {
    /// Sells and is served.
    Active,
    /// Its facts are taken into quarantine; nothing is given.
    Blocked,
    /// Gone for good; as blocked, and nobody waits for it.
    Retired,
}

impl TillState {
    /// As it stands in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Retired => "retired",
        }
    }
}

/// A till as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Till {
    /// Id.
    pub till: Uuid,
    /// Short code in its document numbers.
    pub code: TillCode,
    /// Where it stands.
    pub location: LocationId,
    /// Whether it may act.
    pub state: TillState,
    /// Its live incarnation.
    pub incarnation: u32,
    /// When it last spoke, UTC milliseconds.
    pub last_seen_at_ms: Option<i64>,
    /// Its clock less the store's, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Program and version.
    pub app: Option<String>,
    /// Feed number it had received when it last spoke.
    pub pull_feed: Option<i64>,
    /// Feed number since which it belongs to its location.
    #[serde(skip)]
    pub scope_since_feed: i64,
}

const TILL_COLUMNS: &str = "till_id, code, location_id, state, incarnation, last_seen_at_ms, clock_offset_ms, app, \
                            pull_feed, scope_since_feed";

impl Till {
    fn of(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            till: row.uuid(0)?,
            code: row.parsed(1, "till")?,
            location: row.parsed(2, "till")?,
            state: match row.text(3)? {
                "active" => TillState::Active,
                "blocked" => TillState::Blocked,
                "retired" => TillState::Retired,
                _ => return Err(DbError::corrupt("till", row.uuid(0)?)),
            },
            incarnation: row.u32(4)?,
            last_seen_at_ms: row.opt_int(5)?,
            clock_offset_ms: row.opt_int(6)?,
            app: row.opt_text(7)?.map(str::to_owned),
            pull_feed: row.opt_int(8)?,
            scope_since_feed: row.int(9)?,
        })
    }

    /// Finds one by id.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn load(tx: &mut Tx<'_>, till: Uuid) -> Result<Option<Self>, DbError> {
        let tenant = tx.tenant();
        let sql = format!("SELECT {TILL_COLUMNS} FROM till WHERE tenant_id = $1 AND till_id = $2");
        tx.query_opt(&sql, args![tenant, till])?.map(|row| Self::of(&row)).transpose()
    }

    /// Finds one by its short code.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Self>, DbError> {
        let tenant = tx.tenant();
        let sql = format!("SELECT {TILL_COLUMNS} FROM till WHERE tenant_id = $1 AND code = $2");
        tx.query_opt(&sql, args![tenant, code])?.map(|row| Self::of(&row)).transpose()
    }

    /// All of them, by code.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Self>, DbError> {
        let tenant = tx.tenant();
        let sql = format!("SELECT {TILL_COLUMNS} FROM till WHERE tenant_id = $1 ORDER BY code");
        tx.query(&sql, args![tenant])?.iter().map(Self::of).collect()
    }
}

/// A journal of a till as far as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incarnation {
    /// Its number.
    pub incarnation: u32,
    /// Last entry held, 0 for none.
    pub received_seq: i64,
    /// Hash there.
    pub received_hash: Hash,
    /// Highest number ever reported.
    pub reported_seq: i64,
    /// Key that its frames verify with.
    pub public_key: PublicKey,
    /// Session given last.
    pub session_current: String,
    /// Session given before.
    pub session_previous: String,
}

const INCARNATION_COLUMNS: &str = "incarnation, received_seq, received_hash, reported_seq, public_key, \
                                   session_current, session_previous";

impl Incarnation {
    fn of(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            incarnation: row.u32(0)?,
            received_seq: row.int(1)?,
            received_hash: row.hash(2)?,
            reported_seq: row.int(3)?,
            public_key: row.public_key(4)?,
            session_current: row.text(5)?.to_owned(),
            session_previous: row.text(6)?.to_owned(),
        })
    }

    /// Finds one.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn load(tx: &mut Tx<'_>, till: Uuid, incarnation: u32) -> Result<Option<Self>, DbError> {
        let tenant = tx.tenant();
        let sql = format!(
            "SELECT {INCARNATION_COLUMNS} FROM till_incarnation
             WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3"
        );
        let row = tx.query_opt(&sql, args![tenant, till, incarnation])?;
        row.map(|row| Self::of(&row)).transpose()
    }

    /// All of a till, oldest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn all(tx: &mut Tx<'_>, till: Uuid) -> Result<Vec<Self>, DbError> {
        let tenant = tx.tenant();
        let sql = format!(
            "SELECT {INCARNATION_COLUMNS} FROM till_incarnation
             WHERE tenant_id = $1 AND till_id = $2 ORDER BY opened_at_ms, incarnation"
        );
        tx.query(&sql, args![tenant, till])?.iter().map(Self::of).collect()
    }

    /// Records one that is new here.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn insert(
        &self,
        tx: &mut Tx<'_>,
        till: Uuid,
        reason: &str,
        install: Option<Uuid>,
    ) -> Result<(), DbError> {
        let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
        tx.execute(
            "INSERT INTO till_incarnation (tenant_id, till_id, incarnation, opened_at_ms, reason, install_id, public_key,
                 session_current, session_previous, received_seq, received_hash, reported_seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            args![
                tenant,
                till,
                self.incarnation,
                now_ms,
                reason,
                install,
                self.public_key,
                self.session_current,
                self.session_previous,
                self.received_seq,
                self.received_hash,
                self.reported_seq
            ],
        )?;
        Ok(())
    }
}

/// Last entry of a journal up to which all are here and have had their effect. One that waits in quarantine may be a sale
/// that nobody has counted yet.
///
/// # Errors
/// [`DbError`].
pub fn applied_through(tx: &mut Tx<'_>, till: Uuid, incarnation: u32) -> Result<i64, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT coalesce(
             (SELECT min(q.seq) - 1 FROM quarantine q WHERE q.tenant_id = i.tenant_id AND q.till_id = i.till_id
              AND q.incarnation = i.incarnation AND q.state = 'open'),
             i.received_seq)
         FROM till_incarnation i WHERE i.tenant_id = $1 AND i.till_id = $2 AND i.incarnation = $3",
        args![tenant, till, incarnation],
    )?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Whether an entry of a till, of whichever incarnation, waits in quarantine.
///
/// # Errors
/// [`DbError`].
pub fn waits(tx: &mut Tx<'_>, till: Uuid) -> Result<bool, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT 1 FROM quarantine WHERE tenant_id = $1 AND till_id = $2 AND state = 'open' LIMIT 1",
        args![tenant, till],
    )?;
    Ok(row.is_some())
}

/// Whether a till is given anything: one that is blocked or retired only delivers.
///
/// # Errors
/// [`DbError`].
pub fn is_served(tx: &mut Tx<'_>, till: Uuid) -> Result<bool, DbError> {
    let till = Till::load(tx, till)?;
    Ok(till.is_some_and(|till| till.state == TillState::Active))
}

/// Records what happened to a till, and by whom.
///
/// # Errors
/// [`DbError`].
pub fn record(
    tx: &mut Tx<'_>,
    till: Uuid,
    kind: &str,
    actor: &str,
    detail: &str,
) -> Result<(), DbError> {
    let (tenant, now_ms, event) = (tx.tenant(), tx.now_ms(), tx.new_id());
    tx.execute(
        "INSERT INTO till_event (tenant_id, till_id, event_id, kind, actor, detail, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![tenant, till, event, kind, actor, detail, now_ms],
    )?;
    Ok(())
}

/// Blocks, unblocks or retires a till. A retired one never comes back.
///
/// # Errors
/// [`TillError`].
pub fn set_state(
    tx: &mut Tx<'_>,
    code: &str,
    state: TillState,
    actor: &str,
) -> Result<Till, TillError> {
    let tenant = tx.tenant();
    let till = Till::by_code(tx, code)?.ok_or_else(|| TillError::Unknown(code.to_owned()))?;
    if till.state == TillState::Retired && state != TillState::Retired {
        return Err(TillError::Retired(code.to_owned()));
    }
    tx.execute(
        "UPDATE till SET state = $3 WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, till.till, state.name()],
    )?;
    if state == TillState::Retired {
        // Nobody waits for it: its rights are over, what it sold under them may still arrive.
        leases::end(tx, till.till, None)?;
        balances::end(tx, till.till)?;
    }
    record(tx, till.till, state.name(), actor, "")?;
    Ok(Till { state, ..till })
}

/// Kind of the event of a till that was moved, and what stands between the two locations in its detail.
const MOVED: &str = "moved";
const TO: &str = " to ";

/// Where a till stands, and then where it once stood.
///
/// # Errors
/// [`DbError`].
pub(crate) fn stood_at(tx: &mut Tx<'_>, till: Uuid) -> Result<Vec<String>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT location_id FROM till WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, till],
    )?;
    let mut places = vec![row.text(0)?.to_owned()];
    let moves = tx.query(
        "SELECT detail FROM till_event WHERE tenant_id = $1 AND till_id = $2 AND kind = $3",
        args![tenant, till, *MOVED],
    )?;
    for row in &moves {
        places.extend(row.text(0)?.split(TO).map(str::to_owned));
    }
    Ok(places)
}

/// Moves a till to another location. It learns so with its next exchange, and fetches the rows of its new location.
///
/// # Errors
/// [`TillError`].
pub fn relocate(
    tx: &mut Tx<'_>,
    code: &str,
    location: &LocationId,
    actor: &str,
) -> Result<Till, TillError> {
    let tenant = tx.tenant();
    let till = Till::by_code(tx, code)?.ok_or_else(|| TillError::Unknown(code.to_owned()))?;
    if till.state == TillState::Retired {
        return Err(TillError::Retired(code.to_owned()));
    }
    let known = tx.query_opt(
        "SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2 AND active = 1",
        args![tenant, location],
    )?;
    if known.is_none() {
        return Err(TillError::UnknownLocation(location.to_string()));
    }
    if till.location == *location {
        return Ok(till);
    }
    leases::end(tx, till.till, None)?;
    record(tx, till.till, MOVED, actor, &format!("{}{TO}{location}", till.location))?;
    // A row of its own lifts the feed above the number since which it belongs there, else the till would fetch for ever.
    tx.touch(Dirty::Location(location.clone()));
    let scope_since_feed = gate::hold_head(tx)?.feed + 1;
    tx.execute(
        "UPDATE till SET location_id = $3, scope_since_feed = $4 WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, till.till, location, scope_since_feed],
    )?;
    Ok(Till { location: location.clone(), scope_since_feed, ..till })
}

/// Why something cannot be done with a till.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// No such till.
    #[error("till: there is no till {0}")]
    Unknown(String),
    /// It was retired for good.
    #[error("till: {0} is retired; enrol a new one")]
    Retired(String),
    /// It stands somewhere else.
    #[error("location: {till} stands at {stands}; move it first")]
    Elsewhere {
        /// Short code.
        till: String,
        /// Where it stands.
        stands: LocationId,
    },
    /// No such location.
    #[error("location: there is no location {0}")]
    UnknownLocation(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl TillError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "till.unknown",
            Self::Retired(_) => "till.retired",
            Self::Elsewhere { .. } => "till.elsewhere",
            Self::UnknownLocation(_) => "location.unknown",
            Self::Db(error) => error.code(),
        }
    }
}
