//! Ids and secrets from the operating system's generator: the only place of the till that draws randomness.

use crate::error::TillError;
use uuid::Uuid;

/// Fills an array with secret random bytes.
///
/// # Errors
/// [`TillError::Io`] when the system has no randomness to give.
pub fn bytes<const N: usize>() -> Result<[u8; N], TillError> {
    let mut out = [0_u8; N];
    getrandom::fill(&mut out).map_err(|error| TillError::Io {
        what: "random numbers of the system".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(out)
}

/// A new UUIDv7 of a moment.
///
/// # Errors
/// As [`bytes`].
pub fn id(wall_ms: i64) -> Result<Uuid, TillError> {
    let ms = u64::try_from(wall_ms).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(ms, &bytes::<10>()?).into_uuid())
}
