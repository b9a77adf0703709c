//! How this till likes to be used: language, theme, scanner, keys. No fact of business.

use super::{Desk, Fault};
use crate::error::TillError;
use crate::ledger::{Topic, state};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// Name in `state`.
const PREFERENCES: &str = "preferences";
/// Longest name of an action or key, characters.
const KEY_CHARS_MAX: usize = 32;
/// Name in `state`.
const CUSTOMER_WINDOW: &str = "customer_window";
/// Most keys that may be mapped anew.
const KEYS_MAX: usize = 60;

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the desktop.
    #[default]
    System,
}

/// How a scanner that types is told from a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Scanner {
    /// What it sends before a code.
    pub prefix: String,
    /// What it sends after a code: `Enter`, `Tab` or characters.
    pub suffix: String,
    /// Longest pause between two of its keys, milliseconds.
    pub max_gap_ms: u32,
    /// Shortest code.
    pub min_length: u32,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { prefix: String::new(), suffix: "Enter".to_owned(), max_gap_ms: 50, min_length: 4 }
    }
}

/// How this till likes to be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// `en`, `hi`, `ar`.
    pub language: String,
    /// Light or dark.
    pub theme: Theme,
    /// Whether it makes sounds.
    pub sounds: bool,
    /// Idle minutes after which it locks; 0 for never.
    pub lock_after_minutes: u32,
    /// Whether keys come on the screen for every field; otherwise for one that is touched with a finger.
    pub touch_keys: bool,
    /// The scanner.
    pub scanner: Scanner,
    /// Action to key, what differs from the usual only.
    pub keymap: BTreeMap<String, String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            theme: Theme::System,
            sounds: true,
            lock_after_minutes: 10,
            touch_keys: false,
            scanner: Scanner::default(),
            keymap: BTreeMap::new(),
        }
    }
}

impl Preferences {
    fn check(&self) -> Result<(), TillError> {
        if !["en", "hi", "ar"].contains(&self.language.as_str()) {
            return Err(TillError::bad("language", "must be en, hi or ar"));
        }
        if !(5..=500).contains(&self.scanner.max_gap_ms) {
            return Err(TillError::bad("scanner.max_gap_ms", "must be 5 to 500"));
        }
        if !(1..=48).contains(&self.scanner.min_length) {
            return Err(TillError::bad("scanner.min_length", "must be 1 to 48"));
        }
        if self.scanner.prefix.len() > 8 || self.scanner.suffix.len() > 8 {
            return Err(TillError::bad("scanner", "prefix and suffix may have 8 characters"));
        }
        if self.lock_after_minutes > 24 * 60 {
            return Err(TillError::bad("lock_after_minutes", "may be a day"));
        }
        let long = |text: &String| text.chars().count() > KEY_CHARS_MAX;
        if self.keymap.iter().any(|(action, key)| long(action) || long(key)) {
            return Err(TillError::bad("keymap", "has a name that is too long"));
        }
        if self.keymap.len() > KEYS_MAX {
            return Err(TillError::bad("keymap", format!("may have {KEYS_MAX} keys")));
        }
        Ok(())
    }
}

impl Desk {
    /// How this till likes to be used.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn preferences(&self) -> Result<Preferences, Fault> {
        self.look(read)
    }

    /// Changes how this till likes to be used.
    ///
    /// # Errors
    /// `input.invalid` with the field.
    pub fn set_preferences(&self, preferences: &Preferences) -> Result<Preferences, Fault> {
        self.act(|turn| {
            preferences.check()?;
            turn.ledger.write_state(|conn| state::set(conn, PREFERENCES, preferences))?;
            turn.changed([Topic::Session]);
            Ok(preferences.clone())
        })
    }

    /// Whether the customer's window was open when the program ended.
    #[must_use]
    pub fn had_customer_window(&self) -> bool {
        let kept = self.look(|conn| state::get(conn, CUSTOMER_WINDOW));
        kept.ok().flatten().unwrap_or(false)
    }

    /// Remembers whether the customer's window is open.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn keep_customer_window(&self, open: bool) -> Result<(), Fault> {
        self.act(|turn| turn.ledger.write_state(|conn| state::set(conn, CUSTOMER_WINDOW, &open)))
    }
}

pub(super) fn read(conn: &Connection) -> Result<Preferences, TillError> {
    state::get_over_usual(conn, PREFERENCES)
}
