//! What can go wrong in the database, and what to do about it.

use std::sync::Arc;

/// A failure of the database or of a row in it. Cheap to clone: a failed commit is told to all of its batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// SQLite failed.
    #[error("database: {0}")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// PostgreSQL failed.
    #[error("database: {}", describe(.0))]
    Postgres(#[source] Arc<postgres::Error>),
    /// No connection could be had.
    #[error("database: no connection: {0}")]
    Pool(String),
    /// No connection came free in time: come back later.
    #[error("database: no connection came free in time: {0}")]
    Crowded(String),
    /// A migration failed, or the data are of a newer version than this program.
    #[error("database migration: {0}")]
    Migration(String),
    /// A stored row breaks a rule.
    #[error("corrupt row in {table}: {id}")]
    Corrupt {
        /// Its table.
        table: &'static str,
        /// Its key, as text.
        id: String,
    },
    /// A column holds another type than asked for, or the row is missing.
    #[error("database: column {column} does not hold {wanted}")]
    Column {
        /// Index of the column, from 0.
        column: usize,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The writer has ended, or its queue is full: come back later.
    #[error("the store is busy")]
    Busy,
}

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The data broke a rule of the schema: roll back the use-case.
    Refuse,
    /// Another transaction was in the way: run the use-case again.
    Retry,
    /// Disk, memory or connection: nothing of the transaction may be believed.
    Recover,
    /// A mistake of the program or of a stored row.
    Report,
}

impl DbError {
    /// A row that breaks a rule, named.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over errors and texts")]
    pub fn corrupt(table: &'static str, id: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string() }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Sqlite(error) => sqlite_remedy(error),
            Self::Postgres(error) => postgres_remedy(error),
            Self::Pool(_) => Remedy::Recover,
            Self::Crowded(_) | Self::Busy => Remedy::Retry,
            Self::Migration(_) | Self::Corrupt { .. } | Self::Column { .. } => Remedy::Report,
        }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Corrupt { .. } => "store.corrupt_row",
            Self::Migration(_) => "store.migration",
            Self::Sqlite(error) if is_damage(error) => "store.damaged",
            Self::Sqlite(_)
            | Self::Postgres(_)
            | Self::Pool(_)
            | Self::Crowded(_)
            | Self::Column { .. }
            | Self::Busy => match self.remedy() {
                Remedy::Refuse => "store.rule",
                Remedy::Retry => "store.busy",
                Remedy::Recover => "store.io",
                Remedy::Report => "store.internal",
            },
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::ErrorCode;
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn sqlite_remedy(error: &rusqlite::Error) -> Remedy {
    use rusqlite::ffi::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            Remedy::Refuse
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Remedy::Retry,
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied,
        ) => Remedy::Recover,
        Some(_) | None => Remedy::Report,
    }
}

fn postgres_remedy(error: &postgres::Error) -> Remedy {
    let Some(state) = error.code() else {
        // Without a state the server did not answer: the connection is gone; or a value did not fit its parameter.
        return if error.is_closed()
            || std::error::Error::source(error)
                .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            Remedy::Recover
        } else {
            Remedy::Report
        };
    };
    let class = state.code().get(..2).unwrap_or_default();
    match (state.code(), class) {
        ("40001" | "40P01" | "55P03", _) => Remedy::Retry,
        (_, "22" | "23") => Remedy::Refuse,
        (_, "08" | "53" | "57" | "58") => Remedy::Recover,
        _ => Remedy::Report,
    }
}

fn describe(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<postgres::Error> for DbError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(Arc::new(error))
    }
}

impl From<r2d2::Error> for DbError {
    fn from(error: r2d2::Error) -> Self {
        Self::Pool(error.to_string())
    }
}

impl DbError {
    /// No connection: with all of them in use it is a crowd, else the server cannot be reached.
    pub(super) fn of_pool<M: r2d2::ManageConnection>(
        pool: &r2d2::Pool<M>,
        error: &r2d2::Error,
    ) -> Self {
        if pool.state().connections >= pool.max_size() {
            return Self::Crowded(error.to_string());
        }
        Self::Pool(error.to_string())
    }
}

impl From<refinery::Error> for DbError {
    fn from(error: refinery::Error) -> Self {
        if let refinery::error::Kind::MissingVersion(newer) = error.kind() {
            return Self::Migration(format!(
                "the data are of version {} ({}), which is newer than this program",
                newer.version(),
                newer.name()
            ));
        }
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            text = format!("{text}: {source}");
        }
        Self::Migration(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct One;

    impl r2d2::ManageConnection for One {
        type Connection = ();
        type Error = std::io::Error;
        fn connect(&self) -> Result<(), std::io::Error> {
            Ok(())
        }
        fn is_valid(&self, (): &mut ()) -> Result<(), std::io::Error> {
            Ok(())
        }
        fn has_broken(&self, (): &mut ()) -> bool {
            false
        }
    }

    #[test]
    fn a_pool_without_a_free_connection_is_busy_and_one_that_gets_none_is_not() {
        let pool = r2d2::Pool::builder().max_size(1).build(One).unwrap();
        let held = pool.get().unwrap();
        let error = pool.get_timeout(Duration::from_millis(1)).unwrap_err();
        let crowded = DbError::of_pool(&pool, &error);
        assert_eq!((crowded.remedy(), crowded.code()), (Remedy::Retry, "store.busy"));
        drop(held);
        let empty = r2d2::Pool::builder().max_size(2).min_idle(Some(0)).build(One).unwrap();
        assert_eq!(DbError::of_pool(&empty, &error).remedy(), Remedy::Recover);
    }
}
