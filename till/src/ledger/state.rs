//! The `state` table: small values of this till that are no facts of business.

use crate::error::TillError;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a value.
///
/// # Errors
/// [`TillError::Corrupt`] when it is not of the expected form.
pub fn get<T: DeserializeOwned>(conn: &Connection, name: &str) -> Result<Option<T>, TillError> {
    let text: Option<String> = conn
        .prepare_cached("SELECT value FROM state WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|error| TillError::corrupt("state", name, error))
    })
    .transpose()
}

/// Writes a value.
///
/// # Errors
/// [`TillError::Database`].
pub fn set<T: Serialize>(conn: &Connection, name: &str, value: &T) -> Result<(), TillError> {
    let text =
        serde_json::to_string(value).map_err(|error| TillError::corrupt("state", name, error))?;
    conn.prepare_cached(
        "INSERT INTO state (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute([name, &text])?;
    Ok(())
}

/// Removes a value.
///
/// # Errors
/// [`TillError::Database`].
pub fn clear(conn: &Connection, name: &str) -> Result<(), TillError> {
    conn.prepare_cached("DELETE FROM state WHERE name = ?1")?.execute([name])?;
    Ok(())
}
