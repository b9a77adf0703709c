//! The history of migrations, read before the library that migrates reads it: that one ends the program over a row that it
//! does not understand.

use super::DbError;
use chrono::DateTime;

/// Version, moment and checksum of each migration that was applied.
pub(super) const HISTORY: &str =
    "SELECT version, applied_on, checksum FROM refinery_schema_history ORDER BY version";

/// Checks one row of it.
///
/// # Errors
/// [`DbError::Corrupt`] names the version.
pub(super) fn check_applied(version: i32, applied_on: &str, checksum: &str) -> Result<(), DbError> {
    let is_read =
        DateTime::parse_from_rfc3339(applied_on).is_ok() && checksum.parse::<u64>().is_ok();
    if is_read { Ok(()) } else { Err(DbError::corrupt("refinery_schema_history", version)) }
}
