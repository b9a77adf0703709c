//! What the office does beside the running store, each act one command line of `daybook-store`.

use super::DemoError;
use crate::process::{ProcessError, program, run_json};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The office of one business.
#[derive(Debug, Clone)]
pub struct Office {
    data: PathBuf,
}

impl Office {
    /// Its store's data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// The store's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.join("store.db")
    }

    /// Runs a command; answers its lines.
    ///
    /// # Errors
    /// The command failed.
    pub fn act(&self, args: &[&str]) -> Result<Vec<Value>, DemoError> {
        let mut command = self.command(args);
        Ok(run_json(command.arg("--json"))?)
    }

    /// Imports a shop's folder. Answers what changed, by kind.
    ///
    /// # Errors
    /// The command failed.
    pub fn import(&self, folder: &Path) -> Result<Value, DemoError> {
        let mut told = self.act(&["import", &folder.display().to_string()])?;
        Ok(told.pop().unwrap_or_default()["changed"].take())
    }

    /// A one-time code for a till.
    ///
    /// # Errors
    /// The command failed.
    pub fn code(&self, location: &str) -> Result<String, DemoError> {
        let told = self.act(&["till", "code", "--location", location])?;
        text(told.first(), "code")
    }

    /// Reconciles. Answers the text for a person and the report; the report is written to `json` too.
    ///
    /// # Errors
    /// It could not be run, or something is unexplained.
    pub fn reconcile(&self, json: &Path) -> Result<(String, Value), DemoError> {
        let mut command = self.command(&["reconcile"]);
        let output =
            command.arg("--out").arg(json).stdin(Stdio::null()).output().map_err(|source| {
                ProcessError::Io { program: "daybook-store".to_owned(), source }
            })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(DemoError::Broken(format!(
                "reconcile ended with {}\n{text}\n{why}",
                output.status
            )));
        }
        let report = std::fs::read_to_string(json).map_err(DemoError::file(json))?;
        let report = serde_json::from_str(&report)
            .map_err(|error| DemoError::Broken(format!("{}: {error}", json.display())))?;
        Ok((text, report))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("daybook-store"));
        command.args(args).arg("--data").arg(&self.data);
        command
    }
}

/// A text of an answer.
///
/// # Errors
/// It is not there.
pub fn text(answer: Option<&Value>, name: &str) -> Result<String, DemoError> {
    let found = answer.and_then(|answer| answer[name].as_str());
    found.map(str::to_owned).ok_or_else(|| DemoError::Broken(format!("no {name} in {answer:?}")))
}
