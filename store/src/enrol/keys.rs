//! Keys that tills sign their requests with, and their replacement while both count.

use super::{Fresh, SEAL_REQUEST_KEY};
use crate::args;
use crate::db::{DbError, Tx};
use crate::keyring::Keyring;
use crate::tills::{Till, TillError, record};
use uuid::Uuid;

/// The till that a request key belongs to, with the key as it is sealed; none when it is unknown or retired.
///
/// # Errors
/// [`DbError`].
pub fn request_key(tx: &mut Tx<'_>, key_id: &str) -> Result<Option<(Uuid, Vec<u8>)>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT till_id, sealed_secret FROM till_key
         WHERE tenant_id = $1 AND key_id = $2 AND retired_at_ms IS NULL",
        args![tenant, key_id],
    )?;
    row.map(|row| Ok((row.uuid(0)?, row.bytes(1)?.to_owned()))).transpose()
}

/// Adds a key that was drawn for a till.
pub(super) fn add(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    till: Uuid,
    fresh: &Fresh,
    replaces: Option<&str>,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let sealed = keyring.seal(SEAL_REQUEST_KEY, &fresh.secret);
    tx.execute(
        "INSERT INTO till_key (tenant_id, key_id, till_id, sealed_secret, created_at_ms, replaces)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![tenant, fresh.key_id, till, sealed, now_ms, replaces],
    )?;
    Ok(())
}

/// Gives a till new keys in the place of those that it has. Each old key counts until its till has used the new one.
/// Says how many there are.
///
/// # Errors
/// [`TillError`].
pub fn rotate(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    code: &str,
    actor: &str,
    draw: fn() -> Fresh,
) -> Result<usize, TillError> {
    let till = Till::by_code(tx, code)?.ok_or_else(|| TillError::Unknown(code.to_owned()))?;
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT k.key_id FROM till_key k
         WHERE k.tenant_id = $1 AND k.till_id = $2 AND k.retired_at_ms IS NULL AND NOT EXISTS (
             SELECT 1 FROM till_key n WHERE n.tenant_id = k.tenant_id AND n.replaces = k.key_id)
         ORDER BY k.created_at_ms, k.key_id",
        args![tenant, till.till],
    )?;
    for row in &rows {
        add(tx, keyring, till.till, &draw(), Some(row.text(0)?))?;
    }
    record(tx, till.till, "key_rotated", actor, &rows.len().to_string())?;
    Ok(rows.len())
}

/// What is to be done about the key that a till has just used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Nothing.
    None,
    /// Another has taken its place: tell the till.
    Give {
        /// Its id.
        key_id: String,
        /// Its secret, sealed.
        sealed: Vec<u8>,
    },
    /// It took another's place, which the till needs no more.
    Retire {
        /// Id of the old one.
        key_id: String,
    },
}

/// Looks what is to be done about a key that was used.
///
/// # Errors
/// [`DbError`].
pub fn rotation(tx: &mut Tx<'_>, used: &str) -> Result<Rotation, DbError> {
    let tenant = tx.tenant();
    let next = tx.query_opt(
        "SELECT key_id, sealed_secret FROM till_key
         WHERE tenant_id = $1 AND replaces = $2 AND retired_at_ms IS NULL",
        args![tenant, *used],
    )?;
    if let Some(row) = next {
        let (key_id, sealed) = (row.text(0)?.to_owned(), row.bytes(1)?.to_owned());
        return Ok(Rotation::Give { key_id, sealed });
    }
    let before = tx.query_opt(
        "SELECT o.key_id FROM till_key n
         JOIN till_key o ON o.tenant_id = n.tenant_id AND o.key_id = n.replaces
         WHERE n.tenant_id = $1 AND n.key_id = $2 AND o.retired_at_ms IS NULL",
        args![tenant, *used],
    )?;
    match before {
        Some(row) => Ok(Rotation::Retire { key_id: row.text(0)?.to_owned() }),
        None => Ok(Rotation::None),
    }
}

/// Ends a key.
///
/// # Errors
/// [`DbError`].
pub fn retire(tx: &mut Tx<'_>, key_id: &str) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE till_key SET retired_at_ms = $3 WHERE tenant_id = $1 AND key_id = $2 AND retired_at_ms IS NULL",
        args![tenant, *key_id, now_ms],
    )?;
    Ok(())
}
