//! What a message need not say.

use serde::{Deserialize, Deserializer};

/// Reads an optional field: `null` means the same as an absent one, the default. Beside `#[serde(default)]`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
