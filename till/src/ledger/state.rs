//! The `state` table: small values of this till that are no facts of business.

use crate::error::TillError;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// Reads a setting. What an older or newer program kept counts where it fits; for the rest the usual holds.
///
/// # Errors
/// [`TillError::Corrupt`] when it is no JSON.
pub fn get_over_usual<T>(conn: &Connection, name: &str) -> Result<T, TillError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let kept: Option<Value> = get(conn, name)?;
    let Ok(mut all) = serde_json::to_value(T::default()) else { return Ok(T::default()) };
    if let (Some(all), Some(Value::Object(kept))) = (all.as_object_mut(), kept) {
        all.extend(kept);
    }
    Ok(serde_json::from_value(all).unwrap_or_default())
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
