//! The one write gate: every write is a use-case run here, in one transaction, with its feed rows.
//!
//! SQLite: one writer thread runs the queued use-cases, each in a savepoint, in one transaction and answers them after
//! its commit. PostgreSQL: each use-case has a transaction of its own and runs again when another was in its way.

mod feed;
mod postgres;
mod sqlite;

pub use feed::{Dirty, current_head, hold_head};
pub use postgres::PostgresGate;
pub(crate) use sqlite::alone as alone_in_sqlite;

use crate::db::{DbError, Moment, PostgresPool, SqliteFile, Tx};
use std::path::Path;
use std::sync::Arc;

/// Where moments and seeds come from: the machine's clock and random source, or those of a test.
pub trait Clock: Send + Sync + 'static {
    /// The present moment with a fresh seed.
    fn moment(&self) -> Moment;
}

/// The first, and today the only, business of a store.
pub const FIRST_TENANT: i64 = 1;

/// The way to the data: reads, and writes one use-case at a time. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    engine: Engine,
    tenant: i64,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
enum Engine {
    Sqlite { file: SqliteFile, writer: sqlite::Writer },
    Postgres(PostgresGate),
}

impl Gate {
    /// Opens the data in an SQLite file, creating it where it is missing.
    ///
    /// # Errors
    /// [`DbError`] when it cannot be opened or is of a newer version.
    pub fn open_sqlite(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, DbError> {
        let file = SqliteFile::open(path)?;
        let writer = sqlite::Writer::start(file.clone(), FIRST_TENANT)?;
        Ok(Self { engine: Engine::Sqlite { file, writer }, tenant: FIRST_TENANT, clock })
    }

    /// Opens the data in a PostgreSQL database.
    ///
    /// # Errors
    /// [`DbError`] when it cannot be reached or is of a newer version.
    pub fn open_postgres(url: &str, clock: Arc<dyn Clock>) -> Result<Self, DbError> {
        let pool = PostgresPool::open(url)?;
        Ok(Self { engine: Engine::Postgres(PostgresGate::new(pool)), tenant: FIRST_TENANT, clock })
    }

    /// Runs a use-case in a transaction and answers when it is durable. Blocks: call it from a blocking thread.
    /// The use-case may run more than once, so it keeps nothing outside the transaction.
    ///
    /// # Errors
    /// The error of the use-case, whose writes are rolled back, or of the database.
    pub fn write<T, E>(
        &self,
        use_case: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.write(self.clock.moment(), use_case),
            Engine::Postgres(gate) => gate.write(self.tenant, self.clock.moment(), use_case),
        }
    }

    /// Runs a reader on one unchanging view of the data. Blocks: call it from a blocking thread.
    ///
    /// # Errors
    /// The error of the reader or of the database.
    pub fn read<T, E: From<DbError>>(
        &self,
        reader: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.engine {
            Engine::Sqlite { file, .. } => file.read(self.tenant, self.clock.moment(), reader),
            Engine::Postgres(gate) => gate.pool().read(self.tenant, self.clock.moment(), reader),
        }
    }

    /// Leaves nothing of what was erased in the files of SQLite: its log is emptied. PostgreSQL keeps old versions of rows
    /// until its vacuum, and its own log as long as it is set up to.
    ///
    /// # Errors
    /// [`DbError`]; [`DbError::Busy`] when somebody reads for too long: erase again.
    pub fn forget(&self) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite { file, .. } => file.empty_log(),
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// The clock of this store.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// The SQLite file behind this gate, where the data are in one.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Sqlite { file, .. } => Some(file.path()),
            Engine::Postgres(_) => None,
        }
    }
}
