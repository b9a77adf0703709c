//! How the till is: what it holds of the store, what the store lacks of it, its copies.

use super::wipe::Sealed;
use super::{Desk, Fault, lock};
use crate::backup;
use crate::catalogue;
use crate::clock;
use crate::error::TillError;
use crate::home::{BACKUPS, SEALED};
use crate::ledger::{Ledger, query, state};
use crate::sealed;
use chrono::DateTime;
use daybook_domain::amount::Quantity;
use daybook_domain::ids::Sku;
use serde::Serialize;
use specta::Type;
use std::path::{Path, PathBuf};

/// Backups that are kept; the oldest go.
const BACKUPS_KEPT: usize = 10;
/// Name in `state`.
const LAST_BACKUP: &str = "last_backup_at_ms";

/// Pooled stock that this till may sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LeaseRow {
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// What was leased.
    pub quantity_milli: Quantity,
    /// What was sold of it.
    pub spent_milli: Quantity,
}

/// How the till is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Address of the store.
    pub store_url: String,
    /// Incarnation of the journal.
    pub incarnation: u32,
    /// Number of its last entry.
    pub seq: i64,
    /// Hash of its last entry.
    pub hash: String,
    /// Rights to pooled stock.
    pub leases: Vec<LeaseRow>,
    /// Requests that the store has not answered.
    pub requests: i64,
    /// Entries that the store put aside for a person of the office.
    pub quarantined: i64,
    /// When the ledger was last backed up here.
    pub last_backup_at_ms: Option<i64>,
    /// Free bytes of the disk.
    pub free_bytes: u64,
    /// Data folder.
    pub data_dir: String,
}

impl Desk {
    /// How the till is.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn health(&self) -> Result<Health, Fault> {
        self.till(health)
    }

    /// Copies the ledger into a verified file beside the selling, and answers the file.
    ///
    /// # Errors
    /// `file.failed`, `ledger.damaged` when the copy does not verify.
    pub fn backup_now(&self) -> Result<String, Fault> {
        let copying = lock(&self.copying);
        let (database, folder, stem) = self.till(|ledger| place_of(ledger, BACKUPS))?;
        let file = folder.join(format!("{stem}.db"));
        let copied = backup::backup(&database, &file, &mut |_, _| {})
            .and_then(|_| drop_oldest(&folder, BACKUPS_KEPT));
        copied.map_err(|error| Fault::from(&error))?;
        drop(copying);
        let at_ms = clock::now().at_ms;
        self.act(|turn| {
            turn.ledger.write_state(|conn| state::set(conn, LAST_BACKUP, &at_ms))?;
            turn.changed([crate::ledger::Topic::Session]);
            Ok(file.display().to_string())
        })
    }

    /// Seals the ledger under a passphrase into a file, and answers the file: the way out for a till whose store does not
    /// answer. As long as nothing is added to the journal, the program may end then, or the till be taken out of service. A
    /// damaged ledger is sealed as it is.
    ///
    /// # Errors
    /// `input.invalid` for a short passphrase, `file.failed`.
    pub fn sealed_export(&self, passphrase: &str) -> Result<String, Fault> {
        let _copying = lock(&self.copying);
        if self.is_damaged() {
            return self.seal_damaged(passphrase);
        }
        let (database, folder, stem) = self.till(|ledger| place_of(ledger, SEALED))?;
        let pos = self.till(|ledger| Ok(ledger.live()?.pos()))?;
        let file = folder.join(format!("{stem}.db.age"));
        sealed::export(&database, &file, passphrase).map_err(|error| Fault::from(&error))?;
        let said = file.display().to_string();
        lock(&self.opened).sealed = Some(Sealed { pos, file });
        Ok(said)
    }

    /// Whether the last sealed file holds all that the journal holds.
    pub(super) fn all_sealed(&self) -> Result<bool, Fault> {
        let sealed = lock(&self.opened).sealed.as_ref().map(|sealed| sealed.pos);
        self.till(|ledger| {
            Ok(sealed.is_some_and(|pos| pos == ledger.live().map_or(0, crate::ledger::Live::pos)))
        })
    }
}

fn health(ledger: &Ledger) -> Result<Health, TillError> {
    let conn = ledger.reader();
    let (live, identity) = (ledger.live()?, ledger.identity()?);
    let counts = query::counts(conn)?;
    let leases = query::leases(conn)?.into_iter().map(|lease| {
        let sku = Sku::new(lease.sku.as_str())?;
        let name = catalogue::item(conn, &sku)?.map(|item| item.name);
        Ok(LeaseRow {
            name: name.unwrap_or_else(|| lease.sku.clone()),
            sku: lease.sku,
            quantity_milli: lease.quantity_milli,
            spent_milli: lease.spent_milli,
        })
    });
    Ok(Health {
        store_url: identity.store_url.clone(),
        incarnation: live.journal.incarnation,
        seq: live.head.seq,
        hash: live.head.hash.to_string(),
        leases: leases.collect::<Result<_, TillError>>()?,
        requests: counts.requests,
        quarantined: query::quarantined(conn)?,
        last_backup_at_ms: state::get(conn, LAST_BACKUP)?,
        free_bytes: ledger.home().free_bytes()?,
        data_dir: ledger.home().dir().display().to_string(),
    })
}

/// The database, a folder that is there, and a name that says till and moment.
fn place_of(ledger: &Ledger, folder: &str) -> Result<(PathBuf, PathBuf, String), TillError> {
    let (folder, stem) = place(ledger.home().dir(), ledger.identity()?.code.as_str(), folder)?;
    Ok((ledger.home().database(), folder, stem))
}

/// A folder of the data folder that is there, and a name that says till and moment.
pub(super) fn place(dir: &Path, code: &str, folder: &str) -> Result<(PathBuf, String), TillError> {
    let folder = dir.join(folder);
    std::fs::create_dir_all(&folder).map_err(TillError::io(folder.display().to_string()))?;
    let at = DateTime::from_timestamp_millis(clock::now().at_ms).unwrap_or_default();
    Ok((folder, format!("daybook-{code}-{}", at.format("%Y%m%dT%H%M%S%3fZ"))))
}

fn drop_oldest(folder: &Path, kept: usize) -> Result<(), TillError> {
    let files = backup::files(folder)?;
    let surplus = files.len().saturating_sub(kept);
    for file in files.into_iter().take(surplus) {
        std::fs::remove_file(&file).map_err(TillError::io(file.display().to_string()))?;
    }
    Ok(())
}
