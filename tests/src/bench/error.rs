//! Why a measurement came to nothing.

use crate::process::ProcessError;

/// Why a measurement came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A file or folder.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A program.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The till refused.
    #[error("till: {0}")]
    Till(#[from] daybook_till::error::TillError),
    /// The store cannot be opened.
    #[error("store: {0}")]
    Open(#[from] daybook_store::open::OpenError),
    /// The store did not take the shop.
    #[error("import: {0}")]
    Import(#[from] daybook_store::import::ImportError),
    /// The store made no enrolment code.
    #[error("enrolment: {0}")]
    Code(#[from] daybook_store::tills::TillError),
    /// The store's database.
    #[error("store: {0}")]
    Db(#[from] daybook_store::db::DbError),
    /// The store refused an exchange.
    #[error("exchange: {0}")]
    Refused(#[from] daybook_sync::refusal::Refusal),
    /// SQLite beside the products.
    #[error("sqlite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The window, or its driver.
    #[error("window: {0}")]
    Window(#[from] thirtyfour::error::WebDriverError),
    /// PostgreSQL beside the products.
    #[error("postgres: {0}")]
    Postgres(#[from] postgres::Error),
    /// PostgreSQL is to be measured and cannot be.
    #[error(
        "PostgreSQL cannot be measured: {0}; `make bench` starts a server, or run the command with scripts/with-postgres"
    )]
    NoPostgres(String),
    /// Paper.
    #[error("print: {0}")]
    Print(#[from] daybook_print::PrintError),
    /// A line of a generated file.
    #[error("csv: {0}")]
    Csv(#[from] csv::Error),
    /// A generated or stored text.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The product did something else than was measured.
    #[error("not as measured: {0}")]
    Unexpected(String),
}
