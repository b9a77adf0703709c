//! Keys of web front ends. Shown once, kept as a hash.

use crate::args;
use crate::clock::random;
use crate::db::{DbError, Row, Tx};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// UTC milliseconds.
    pub created_at_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

/// Makes the text of a new key.
#[must_use]
pub fn generate() -> String {
    format!("dbk_{}", hex::encode(random::<32>()))
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Keeps a key under a name. Its 256 random bits need no slow hash.
///
/// # Errors
/// [`DbError`].
pub fn create(tx: &mut Tx<'_>, name: &str, key: &str) -> Result<Uuid, DbError> {
    let (tenant, now_ms, id) = (tx.tenant(), tx.now_ms(), tx.new_id());
    tx.execute(
        "INSERT INTO api_key (tenant_id, key_id, name, key_hash, created_at_ms) VALUES ($1, $2, $3, $4, $5)",
        args![tenant, id, *name, hash(key), now_ms],
    )?;
    Ok(id)
}

/// The name of a valid key; nothing for an unknown or revoked one. Looked up by its hash, so the time it takes
/// says nothing about the key.
///
/// # Errors
/// [`DbError`].
pub fn verify(tx: &mut Tx<'_>, key: &str) -> Result<Option<String>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT name FROM api_key WHERE tenant_id = $1 AND key_hash = $2 AND revoked_at_ms IS NULL",
        args![tenant, hash(key)],
    )?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// All keys, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<ApiKey>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT key_id, name, created_at_ms, revoked_at_ms FROM api_key WHERE tenant_id = $1
         ORDER BY created_at_ms, key_id",
        args![tenant],
    )?;
    let key = |row: &Row| {
        Ok(ApiKey {
            id: row.uuid(0)?,
            name: row.text(1)?.to_owned(),
            created_at_ms: row.int(2)?,
            revoked_at_ms: row.opt_int(3)?,
        })
    };
    rows.iter().map(key).collect()
}

/// Ends a key. `false` when there is no such valid one.
///
/// # Errors
/// [`DbError`].
pub fn revoke(tx: &mut Tx<'_>, id: Uuid) -> Result<bool, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let changed = tx.execute(
        "UPDATE api_key SET revoked_at_ms = $3 WHERE tenant_id = $1 AND key_id = $2 AND revoked_at_ms IS NULL",
        args![tenant, id, now_ms],
    )?;
    Ok(changed == 1)
}
