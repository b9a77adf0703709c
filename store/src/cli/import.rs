//! `import FOLDER` and `export FOLDER`.

use super::{Common, Failure, tell};
use crate::export::{self, ExportError};
use crate::import::{self, ImportError, Progress};
use clap::Args;
use std::path::PathBuf;

/// Reads locations.csv, taxes.csv, products.csv, prices.csv, staff.csv, customers.csv, stock.csv and settings.json from
/// a folder; any of them may be missing. All or nothing, and the same files again change nothing.
#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    common: Common,
    /// Folder with the files.
    folder: PathBuf,
}

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        let sources = import::read_folder(&self.folder)?;
        let store = self.common.open()?;
        let summary = import::import(&store.gate, &store.keyring, &sources, &mut progress)?;
        let parts: Vec<String> =
            summary.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let text =
            if parts.is_empty() { "nothing has changed".to_owned() } else { parts.join(", ") };
        self.common.print(&serde_json::json!({ "changed": summary }), &text);
        Ok(())
    }
}

fn progress(progress: Progress) {
    match progress {
        Progress::Checked { changes } => tell(&format!("checked: {changes} changes")),
        Progress::Staged { done, of } => told("staged", done, of),
        Progress::Applied { done, of } => told("carried out", done, of),
    }
}

/// Tells each tenth of the work.
fn told(what: &str, done: usize, of: usize) {
    let tenth = (of / 10).max(1_000);
    if done == of || done % tenth < 150 {
        tell(&format!("{what}: {done} of {of}"));
    }
}

/// Writes the files that an import reads.
#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    common: Common,
    /// Folder for the files; made where it is missing.
    folder: PathBuf,
}

impl Export {
    pub(super) fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        for (file, rows) in export::to_folder(&store.gate, &store.keyring, &self.folder)? {
            let answer = serde_json::json!({ "file": file, "rows": rows });
            self.common.print(&answer, &format!("{file}: {rows} rows"));
        }
        Ok(())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Db(error) => Self::from(error),
            ImportError::Faults(_)
            | ImportError::Io { .. }
            | ImportError::TooLarge(_)
            | ImportError::Nothing(_) => Self::input(error.code(), error),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Db(error) => Self::from(error),
            ExportError::Io { .. } => {
                Self { exit: 5, code: "export.io".to_owned(), message: error.to_string() }
            }
            ExportError::Write { .. } => {
                Self { exit: 6, code: "export.value".to_owned(), message: error.to_string() }
            }
        }
    }
}
