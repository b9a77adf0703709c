//! Import of master data and opening stock from CSV files: all or nothing, beside a running server.
//!
//! Everything is read and checked first, against the other files and the store. What differs from the store is staged
//! in small transactions; one marker makes the import certain; then it is carried out in small transactions, and
//! carried on after a crash ([`resume`]). So nothing holds the writer long, and nobody is left with half an import.

mod apply;
mod change;
pub mod current;
mod fault;
mod files;
mod lines;
mod plan;
mod settings;
mod sheet;

pub use apply::resume;
pub use fault::{FAULTS_MAX, Fault, Faults};
pub use files::FILES;

use crate::clock::random;
use crate::db::DbError;
use crate::gate::Gate;
use crate::keyring::Keyring;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Largest file, bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The bytes of each file by its name, one of [`FILES`].
pub type Sources = BTreeMap<String, Vec<u8>>;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The files contradict themselves or the store.
    #[error("{0}")]
    Faults(Faults),
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is larger than an import takes.
    #[error("{0}: a file may have 512 MiB")]
    TooLarge(PathBuf),
    /// The folder holds none of the files.
    #[error(
        "{0}: holds none of locations.csv, taxes.csv, products.csv, prices.csv, staff.csv, customers.csv, stock.csv, settings.json"
    )]
    Nothing(PathBuf),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ImportError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Faults(_) => "import.faults",
            Self::Io { .. } => "import.io",
            Self::TooLarge(_) => "import.too_large",
            Self::Nothing(_) => "import.nothing",
            Self::Db(error) => error.code(),
        }
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Files read and compared: so many changes.
    Checked {
        /// Changes.
        changes: usize,
    },
    /// Changes staged.
    Staged {
        /// So many.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Changes carried out.
    Applied {
        /// So many.
        done: usize,
        /// Of so many.
        of: usize,
    },
}

/// What an import changed, by kind: `item` → 80.
pub type Summary = BTreeMap<&'static str, usize>;

/// Reads the files of a folder; any of [`FILES`] may be missing, but not all.
///
/// # Errors
/// [`ImportError::Io`], [`ImportError::TooLarge`] or [`ImportError::Nothing`].
pub fn read_folder(folder: &Path) -> Result<Sources, ImportError> {
    let mut sources = Sources::new();
    for name in FILES {
        let path = folder.join(name);
        let failed = |source| ImportError::Io { path: path.clone(), source };
        match std::fs::metadata(&path) {
            Ok(found) if found.len() > FILE_BYTES_MAX => return Err(ImportError::TooLarge(path)),
            Ok(_) => {
                sources.insert(name.to_owned(), std::fs::read(&path).map_err(failed)?);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if sources.is_empty() {
        return Err(ImportError::Nothing(folder.to_owned()));
    }
    Ok(sources)
}

/// Imports the files. What they state already changes nothing, and writes no rows of the feed.
///
/// # Errors
/// [`ImportError::Faults`] with every fault found; nothing was imported then.
pub fn import(
    gate: &Gate,
    keyring: &Keyring,
    sources: &Sources,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, ImportError> {
    resume(gate, progress)?;
    let current = gate.read(|tx| current::load(tx, keyring))?;
    let mut faults = Faults::default();
    let changes = plan::plan(sources, &current, keyring, &mut faults, &mut random);
    if faults.count > 0 {
        return Err(ImportError::Faults(faults));
    }
    progress(Progress::Checked { changes: changes.len() });
    let mut summary = Summary::new();
    for change in &changes {
        *summary.entry(change.kind()).or_default() += 1;
    }
    if !changes.is_empty() {
        apply::stage(gate, &changes, progress)?;
        resume(gate, progress)?;
    }
    Ok(summary)
}
