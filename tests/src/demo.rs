//! The main job, told as one day: tills sell without a network, the web sells from the same stock, machines die
//! and come back, and the books are reconciled to the last unit and coin.

pub mod audit;
pub mod books;
pub mod day;
pub mod figures;
pub mod office;
pub mod report;
pub mod shop;
pub mod till;
pub mod web;

use crate::process::ProcessError;

/// Why the day could not be told to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// One of the programs failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The books could not be read.
    #[error("books: {0}")]
    Books(#[from] rusqlite::Error),
    /// Something that must hold does not.
    #[error("{0}")]
    Broken(String),
}

impl DemoError {
    /// Names the file of an I/O error.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }
}
