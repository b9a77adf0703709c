//! What the command line prints: one JSON object a line with `--json`, else the same as words.

use crate::error::TillError;
use serde_json::{Value, json};
use std::io::Write;

pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// One line on stdout. A reader that has gone away is no reason to stop an act.
    pub(super) fn line(&self, value: &Value) {
        let text = if self.json { value.to_string() } else { words(value) };
        let _gone = writeln!(std::io::stdout(), "{text}");
    }

    /// Progress of long work, on stderr.
    pub(super) fn progress(&self, text: &str) {
        let _gone = writeln!(std::io::stderr(), "{text}");
    }

    /// What a person should know of an act that was done, on stderr; with `--json` as an object.
    pub(super) fn warning(&self, code: &str, message: &str) {
        let text = if self.json {
            json!({"warning": {"code": code, "message": message}}).to_string()
        } else {
            format!("warning: {code}: {message}")
        };
        let _gone = writeln!(std::io::stderr(), "{text}");
    }

    /// Why it was not done, on stderr; with `--json` as an object with a stable code.
    pub(super) fn error(&self, error: &TillError) {
        let text = if self.json {
            json!({"error": {"code": error.code(), "message": error.to_string()}}).to_string()
        } else {
            format!("{}: {error}", error.code())
        };
        let _gone = writeln!(std::io::stderr(), "{text}");
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}: {text}"),
                other => format!("{name}: {other}"),
            })
            .collect::<Vec<_>>()
            .join("  "),
        other => other.to_string(),
    }
}
