//! The transaction that every use-case is given.

use super::postgres::Statements;
use super::{Arg, DbError, Remedy, Row};
use crate::gate::Dirty;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// When a use-case runs, and the seed of the ids it makes. Read from clock and random source at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Random bytes, fresh for each use-case.
    pub seed: [u8; 16],
}

/// A running transaction of either engine. Statements use `$1`, `$2`, … and are bound by name, so `SELECT $2, $1` means
/// the same on both.
pub struct Tx<'a> {
    pub(super) engine: Engine<'a>,
    tenant: i64,
    txn: Uuid,
    moment: Moment,
    ids: u32,
    movements: i64,
    pub(crate) dirty: Vec<Dirty>,
    savepoints: u32,
    remedy: Option<(Remedy, DbError)>,
}

pub(crate) enum Engine<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres { tx: postgres::Transaction<'a>, statements: &'a mut Statements },
}

impl<'a> Tx<'a> {
    pub(crate) fn new(engine: Engine<'a>, tenant: i64, moment: Moment) -> Self {
        let txn = uuid_v7(&moment, 0);
        Self {
            engine,
            tenant,
            txn,
            moment,
            ids: 0,
            movements: 0,
            dirty: Vec::new(),
            savepoints: 0,
            remedy: None,
        }
    }

    /// A transaction that a writer has begun; each use-case brings its moment.
    pub(crate) fn on_sqlite(
        connection: &'a rusqlite::Connection,
        tenant: i64,
        moment: Moment,
    ) -> Self {
        Self::new(Engine::Sqlite(connection), tenant, moment)
    }

    /// The business whose rows this transaction reads and writes; first parameter of nearly every statement.
    #[must_use]
    pub fn tenant(&self) -> i64 {
        self.tenant
    }

    /// Names this transaction; `feed_log` says at which feed number its work became visible.
    #[must_use]
    pub fn txn(&self) -> Uuid {
        self.txn
    }

    /// The moment of this use-case, UTC milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.moment.at_ms
    }

    /// A new id (UUIDv7) of this moment.
    pub fn new_id(&mut self) -> Uuid {
        self.ids += 1;
        uuid_v7(&self.moment, self.ids)
    }

    /// The next number of a stock movement within this transaction.
    pub fn next_movement_no(&mut self) -> i64 {
        self.movements += 1;
        self.movements
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, DbError> {
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => super::sqlite::execute(connection, sql, args),
            Engine::Postgres { tx, statements } => {
                super::postgres::execute(tx, statements, sql, args)
            }
        };
        self.remember(result)
    }

    /// Runs a query.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub fn query(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<Row>, DbError> {
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => super::sqlite::query(connection, sql, args),
            Engine::Postgres { tx, statements } => {
                super::postgres::query(tx, statements, sql, args)
            }
        };
        self.remember(result)
    }

    /// Runs a query that finds at most one row.
    ///
    /// # Errors
    /// [`DbError`] of the engine; the first row is returned where there are more.
    pub fn query_opt(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, args)?.into_iter().next())
    }

    /// Runs a query that always finds a row, such as a count.
    ///
    /// # Errors
    /// [`DbError`] of the engine, or [`DbError::Column`] when there is no row.
    pub fn query_one(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Row, DbError> {
        self.query_opt(sql, args)?.ok_or(DbError::Column { column: 0, wanted: "a row" })
    }

    /// Runs several statements without parameters.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => connection.execute_batch(sql).map_err(DbError::from),
            Engine::Postgres { tx, .. } => tx.batch_execute(sql).map_err(DbError::from),
        };
        self.remember(result)
    }

    /// Runs a part of the work that may fail alone: on an error its writes and dirty keys are rolled back, the rest
    /// stays. The inner result is what the part said.
    ///
    /// # Errors
    /// [`DbError`] when nothing of the transaction may be believed any more (disk, connection, deadlock).
    pub fn attempt<T, E>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, DbError> {
        self.savepoints += 1;
        let name = format!("s{}", self.savepoints);
        let (dirty, movements) = (self.dirty.len(), self.movements);
        self.batch(&format!("SAVEPOINT {name}"))?;
        let result = part(self);
        if let Some((Remedy::Retry | Remedy::Recover, error)) = &self.remedy {
            return Err(error.clone());
        }
        match &result {
            Ok(_) => self.batch(&format!("RELEASE SAVEPOINT {name}"))?,
            Err(_) => {
                self.dirty.truncate(dirty);
                self.movements = movements;
                self.batch(&format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"))?;
                self.remedy = None;
            }
        }
        self.savepoints -= 1;
        Ok(result)
    }

    /// The failure after which nothing of this transaction may be committed, if there was one.
    pub(crate) fn broken(&self) -> Option<(Remedy, DbError)> {
        match &self.remedy {
            Some((Remedy::Retry | Remedy::Recover, _)) => self.remedy.clone(),
            Some((Remedy::Refuse | Remedy::Report, _)) | None => None,
        }
    }

    /// Lets the next use-case of a group commit run in the same transaction with a moment of its own.
    pub(crate) fn set_moment(&mut self, moment: Moment) {
        self.moment = moment;
        self.ids = 0;
    }

    pub(crate) fn commit(self) -> Result<(), DbError> {
        match self.engine {
            Engine::Sqlite(connection) => Ok(connection.execute_batch("COMMIT")?),
            Engine::Postgres { tx, .. } => Ok(tx.commit()?),
        }
    }

    pub(super) fn remember<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &result
            && self.broken().is_none()
        {
            self.remedy = Some((error.remedy(), error.clone()));
        }
        result
    }
}

/// UUIDv7 of a moment: its milliseconds, then bits drawn from its seed.
fn uuid_v7(moment: &Moment, number: u32) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(moment.seed);
    hasher.update(moment.at_ms.to_be_bytes());
    hasher.update(number.to_be_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(moment.at_ms).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
