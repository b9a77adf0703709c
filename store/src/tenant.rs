//! The business itself: founded once, when a store first opens its data.

use crate::args;
use crate::db::{DbError, Tx};
use crate::master;
use daybook_sync::feed::LogRow;
use daybook_sync::hash::PublicKey;
use daybook_sync::limits::PROTOCOL;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a store is founded with.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Public id of the business.
    pub tenant: Uuid,
    /// Its name.
    pub name: String,
    /// The key that others verify its signatures with.
    pub public_key: PublicKey,
    /// The signing key, sealed with a key outside the database.
    pub sealed_key: Vec<u8>,
}

/// What every part of the store knows about the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Public id.
    pub tenant: Uuid,
    /// Name.
    pub name: String,
    /// Present epoch: one more after each restore.
    pub epoch: i64,
    /// Prefix of the store's own numbers, another after each restore.
    pub series: String,
    /// The key that others verify its signatures with.
    pub public_key: PublicKey,
    /// The signing key, sealed.
    pub sealed_key: Vec<u8>,
    /// After a restore: grants and web sale of pooled stock wait until each till has spoken.
    pub frozen: bool,
}

/// The business, if it has been founded.
///
/// # Errors
/// [`DbError`].
pub fn load(tx: &mut Tx<'_>) -> Result<Option<Tenant>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT t.public_id, t.name, s.epoch, s.series, s.public_key, s.sealed_key, s.frozen
         FROM tenant t JOIN store_state s ON s.tenant_id = t.tenant_id WHERE t.tenant_id = $1",
        args![tenant],
    )?;
    row.map(|row| {
        Ok(Tenant {
            tenant: row.uuid(0)?,
            name: row.text(1)?.to_owned(),
            epoch: row.int(2)?,
            series: row.text(3)?.to_owned(),
            public_key: row.public_key(4)?,
            sealed_key: row.bytes(5)?.to_owned(),
            frozen: row.bool(6)?,
        })
    })
    .transpose()
}

/// Founds the business unless it exists, and returns it.
///
/// # Errors
/// [`DbError`].
pub fn found(tx: &mut Tx<'_>, founding: &Founding) -> Result<Tenant, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let new = tx.execute(
        "INSERT INTO tenant (tenant_id, public_id, name, created_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO NOTHING",
        args![tenant, founding.tenant, founding.name, now_ms],
    )?;
    if new == 1 {
        tx.execute(
            "INSERT INTO store_state (tenant_id, epoch, series, public_key, sealed_key) VALUES ($1, 1, 'W1', $2, $3)",
            args![tenant, founding.public_key, founding.sealed_key],
        )?;
        let start = LogRow::start();
        tx.execute(
            "INSERT INTO feed_head (tenant_id, feed, digest) VALUES ($1, $2, $3)",
            args![tenant, start.feed, start.digest],
        )?;
    }
    load(tx)?.ok_or_else(|| DbError::corrupt("store_state", tenant))
}

/// Rules of the sync endpoint, kept as the setting `sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncSettings {
    /// Lowest version of the protocol that still gets rows. Entries are taken from every version.
    pub minimum_protocol: u32,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self { minimum_protocol: PROTOCOL }
    }
}

impl SyncSettings {
    /// The rules as they are set, or those that hold by default.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn load(tx: &mut Tx<'_>) -> Result<Self, DbError> {
        Ok(master::named(tx, "sync")?.unwrap_or_default())
    }

    /// Sets the rules.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn store(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        master::set_named(tx, "sync", self)
    }
}
