//! What can go wrong at a till, a variant per remedy, with a stable code and an exit status at the edge.

use daybook_domain::ids::IdError;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Figures and names by their name in a sentence.
pub type Values = BTreeMap<&'static str, String>;

/// Why an act was not done. Nothing of it has happened.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// A rule of the shop says no; shown to the cashier, who may do something else.
    #[error("{message}")]
    Refused {
        /// Stable code, e.g. `refund.exceeds_paid`.
        code: String,
        /// What it says, for people.
        message: String,
        /// Figures and names that the words are made of, for whoever says them in another language.
        values: Values,
    },
    /// What came in is wrong; the message names the field.
    #[error("{field}: {message}")]
    BadInput {
        /// Field or place.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// The till has not been enrolled.
    #[error("this till is not enrolled; run `daybook-till enrol`")]
    NotEnrolled,
    /// The ledger was restored or copied; it must begin a new incarnation before it sells.
    #[error(
        "this ledger was restored or copied ({why}); run `daybook-till sync`, or `daybook-till recover --offline` with a manager's approval, before the next sale"
    )]
    NeedsIncarnation {
        /// How it was found out.
        why: &'static str,
    },
    /// Another process has the ledger.
    #[error("another process works on this ledger ({path})")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The folder was written by a newer program.
    #[error("the ledger has schema {found}, this program knows {known}; install the newer program")]
    NewerSchema {
        /// In the folder.
        found: i64,
        /// Known here.
        known: i64,
    },
    /// The folder cannot be written.
    #[error("the data folder cannot be written: {path} ({source})")]
    ReadOnly {
        /// The folder or file.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The disk is full. What was begun was rolled back.
    #[error("the disk is full: {free_bytes} bytes free, {need_bytes} needed")]
    DiskFull {
        /// What is left.
        free_bytes: u64,
        /// What a sale needs.
        need_bytes: u64,
    },
    /// A write failed in a way that leaves its outcome unknown; the process must reopen the ledger.
    #[error("the ledger could not be written and must be opened again: {0}")]
    Poisoned(String),
    /// A row or entry breaks a rule of the ledger.
    #[error("damaged: {table} {id}: {problem}")]
    Corrupt {
        /// Table or file.
        table: &'static str,
        /// Which one.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// The store did not answer, or not as agreed; tried again later.
    #[error("the store is not reachable: {0}")]
    Unreachable(String),
    /// The store answered and said no.
    #[error("the store refused: {code}: {message}")]
    StoreRefused {
        /// Its code.
        code: String,
        /// Its words.
        message: String,
    },
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// Which file, for what.
        what: String,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The database failed.
    #[error("the ledger's database failed: {0}")]
    Database(#[source] rusqlite::Error),
}

impl TillError {
    /// A refusal by rule.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), message: message.into(), values: Values::new() }
    }

    /// Adds a figure or name that a refusal speaks of.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "figures and names are small")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Refused { values, .. } = &mut self {
            values.insert(name, value.to_string());
        }
        self
    }

    /// Wrong input.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand the cause over")]
    pub fn bad(field: impl Into<String>, message: impl ToString) -> Self {
        Self::BadInput { field: field.into(), message: message.to_string() }
    }

    /// A damaged row.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand the cause over")]
    pub fn corrupt(table: &'static str, id: impl ToString, problem: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string(), problem: problem.to_string() }
    }

    /// A file that could not be used.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::BadInput { .. } => "input.invalid",
            Self::NotEnrolled => "till.not_enrolled",
            Self::NeedsIncarnation { .. } => "till.needs_incarnation",
            Self::Locked { .. } => "ledger.locked",
            Self::NewerSchema { .. } => "ledger.newer_schema",
            Self::ReadOnly { .. } => "disk.read_only",
            Self::DiskFull { .. } => "disk.full",
            Self::Poisoned(_) => "ledger.poisoned",
            Self::Corrupt { .. } => "ledger.damaged",
            Self::Unreachable(_) => "store.unreachable",
            Self::StoreRefused { .. } => "store.refused",
            Self::Io { .. } => "file.failed",
            Self::Database(_) => "ledger.failed",
        }
    }

    /// The exit status of the command line, as its help documents.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::StoreRefused { .. } => 3,
            Self::BadInput { .. } => 4,
            Self::NotEnrolled | Self::NeedsIncarnation { .. } | Self::Locked { .. } => 5,
            Self::Unreachable(_) => 6,
            Self::Corrupt { .. } | Self::NewerSchema { .. } => 7,
            Self::ReadOnly { .. }
            | Self::DiskFull { .. }
            | Self::Poisoned(_)
            | Self::Io { .. }
            | Self::Database(_) => 8,
        }
    }
}

impl From<rusqlite::Error> for TillError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { free_bytes: 0, need_bytes: 0 },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Self::ReadOnly {
                path: PathBuf::from("till.db"),
                source: io::Error::other(error.to_string()),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::corrupt("till.db", "file", error)
            }
            _ => Self::Database(error),
        }
    }
}

impl From<IdError> for TillError {
    fn from(error: IdError) -> Self {
        match error {
            IdError::Length { field, max } => {
                Self::bad(field, format!("must have 1 to {max} characters"))
            }
            IdError::Character { field, found } => {
                Self::bad(field, format!("may not contain {found:?}"))
            }
        }
    }
}

impl From<daybook_domain::amount::OutOfRange> for TillError {
    fn from(error: daybook_domain::amount::OutOfRange) -> Self {
        Self::bad("amount", error)
    }
}
