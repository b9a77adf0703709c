//! What went wrong, for a window that says it in the person's language.

use crate::error::TillError;
use serde::Serialize;
use specta::Type;
use std::collections::BTreeMap;

/// Why an act was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Fault {
    /// Stable code; the window has a sentence for each.
    pub code: String,
    /// The same in English, for logs and for codes that the window does not know.
    pub message: String,
    /// Field that is wrong.
    pub field: Option<String>,
    /// Figures and names in the sentence.
    pub values: BTreeMap<String, String>,
}

impl Fault {
    /// The window itself failed.
    #[must_use]
    pub fn of_window(message: &str) -> Self {
        Self {
            code: "window.failed".to_owned(),
            message: message.to_owned(),
            field: None,
            values: BTreeMap::new(),
        }
    }
}

impl From<&TillError> for Fault {
    fn from(error: &TillError) -> Self {
        let mut values = BTreeMap::new();
        let mut field = None;
        match error {
            TillError::Refused { values: said, .. } => {
                values.extend(said.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
            TillError::BadInput { field: name, .. } => field = Some(name.clone()),
            TillError::DiskFull { free_bytes, need_bytes } => {
                values.insert("free_bytes".to_owned(), free_bytes.to_string());
                values.insert("need_bytes".to_owned(), need_bytes.to_string());
            }
            TillError::StoreRefused { code, .. } => {
                values.insert("store_code".to_owned(), code.clone());
            }
            TillError::NewerSchema { found, known } => {
                values.insert("found".to_owned(), found.to_string());
                values.insert("known".to_owned(), known.to_string());
            }
            TillError::Locked { path } | TillError::ReadOnly { path, .. } => {
                values.insert("path".to_owned(), path.display().to_string());
            }
            TillError::Corrupt { table, id, .. } => {
                values.insert("where".to_owned(), format!("{table} {id}"));
            }
            TillError::NotEnrolled
            | TillError::NeedsIncarnation { .. }
            | TillError::Poisoned(_)
            | TillError::Unreachable(_)
            | TillError::Io { .. }
            | TillError::Database(_) => {}
        }
        Self { code: error.code().to_owned(), message: error.to_string(), field, values }
    }
}
