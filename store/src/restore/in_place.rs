//! A backup takes the place of the data: made whole beside them first, then moved. What was moved when the program ended is
//! told by a note, so that whoever comes next ends the move; the data that were there are kept under a name of their own.

use super::begin_epoch;
use crate::backup::{beside, check, remove, sync_folder_of};
use crate::db::{DbError, Moment};
use crate::gate::{FIRST_TENANT, alone_in_sqlite};
use crate::keyring::{Keyring, KeyringError};
use crate::open::{Place, SEAL_STORE_KEY};
use crate::tenant::Tenant;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The data and what SQLite keeps beside them.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// Why the data stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error("file: {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is the data.
    #[error("file: {path} is the store's own data, not a backup of them; nothing was done")]
    Itself {
        /// The file.
        path: String,
    },
    /// The file is no whole store.
    #[error("file: {path} is not the backup of a whole store: {why}")]
    NotAStore {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The backup is of another store.
    #[error("file: {path} is a backup of store {found}, and the data are of store {wanted}")]
    OtherStore {
        /// The file.
        path: String,
        /// Whose it is.
        found: Uuid,
        /// Whose data these are.
        wanted: Uuid,
    },
    /// The key file is not there, and a backup does not hold it.
    #[error(
        "data: {path} is missing; put the copy of the key file there that belongs to the backup, then restore again"
    )]
    NoKey {
        /// Where it belongs.
        path: String,
    },
    /// The key file cannot be read or is of another store.
    #[error("{0}; put the key file that belongs to the backup in its place, then restore again")]
    Key(#[from] KeyringError),
    /// A program still works with the data.
    #[error("data: {path} is still in use")]
    InUse {
        /// The data.
        path: String,
    },
    /// The data folder cannot be written.
    #[error("data: {path}: {source}")]
    Folder {
        /// The file in it.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The backup is of a newer version, or the disk failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl RestoreError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "restore.file",
            Self::Itself { .. } => "restore.itself",
            Self::NotAStore { .. } => "restore.not_a_store",
            Self::OtherStore { .. } => "restore.other_store",
            Self::NoKey { .. } | Self::Key(_) => "store.key",
            Self::InUse { .. } => "restore.running",
            Self::Folder { .. } => "store.folder",
            Self::Db(error) => error.code(),
        }
    }
}

/// Puts a backup in the place of the data, in a new epoch. The caller holds the folder's lock. The data that were there are
/// kept as `store.db.before-restore`, then `store.db.before-restore-2` and so on.
///
/// # Errors
/// [`RestoreError`]; the data then stay as they were, or the next opening ends the move.
pub fn restore(
    place: &Place,
    file: &Path,
    moment: Moment,
    epoch_before: i64,
) -> Result<Tenant, RestoreError> {
    settle(place).map_err(|source| at(&place.sqlite(), source))?;
    refuse_itself(place, file)?;
    let next = place.next();
    let made = make(place, file, &next, moment, epoch_before);
    let placed = made.and_then(|business| put(place).map(|()| business));
    if placed.is_err() && !place.intent().exists() {
        remove(&next);
    }
    placed
}

/// Ends a move that was begun. Whoever calls this holds the folder's lock.
///
/// # Errors
/// The folder cannot be written.
pub fn settle(place: &Place) -> std::io::Result<()> {
    let (live, next, intent) = (place.sqlite(), place.next(), place.intent());
    let kept = match std::fs::read_to_string(&intent) {
        Ok(name) => place.data.join(name.trim()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // As long as it stands beside the data, they are the old ones.
    if next.exists() {
        for part in PARTS {
            rename_if_there(&beside(&live, part), &beside(&kept, part))?;
        }
        std::fs::rename(&next, &live)?;
    }
    sync_folder_of(&live)?;
    std::fs::remove_file(&intent)?;
    sync_folder_of(&live)
}

fn rename_if_there(from: &Path, to: &Path) -> std::io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

fn at(path: &Path, source: std::io::Error) -> RestoreError {
    RestoreError::Folder { path: path.display().to_string(), source }
}

fn refuse_itself(place: &Place, file: &Path) -> Result<(), RestoreError> {
    let path = || file.display().to_string();
    let named =
        std::fs::metadata(file).map_err(|source| RestoreError::File { path: path(), source })?;
    if !named.is_file() {
        let why = "it is no file".to_owned();
        return Err(RestoreError::NotAStore { path: path(), why });
    }
    // By what it is and not by its name: a link leads to the same file.
    let same = |own: &Path| {
        let own = std::fs::metadata(own);
        own.is_ok_and(|own| (own.dev(), own.ino()) == (named.dev(), named.ino()))
    };
    if same(&place.sqlite()) || same(&place.next()) {
        return Err(RestoreError::Itself { path: path() });
    }
    Ok(())
}

/// Makes the new data beside the old: copied, checked, of this version, of this store, in their new epoch, on disk.
fn make(
    place: &Place,
    file: &Path,
    next: &Path,
    moment: Moment,
    epoch_before: i64,
) -> Result<Tenant, RestoreError> {
    std::fs::create_dir_all(&place.data).map_err(|source| at(&place.data, source))?;
    remove(next);
    copy(file, next).map_err(|source| at(next, source))?;
    let path = || file.display().to_string();
    whole(next).map_err(|error| match error {
        error if is_of_the_file(&error) => {
            RestoreError::NotAStore { path: path(), why: error.to_string() }
        }
        error => RestoreError::Db(error),
    })?;
    let found = identity(next)?;
    let live = place.sqlite();
    // Data that do not open have no say: they are what is restored.
    let old = identity(&live).ok().flatten();
    if let (Some(found), Some(old)) = (&found, &old)
        && found.public_id != old.public_id
    {
        return Err(RestoreError::OtherStore {
            path: path(),
            found: found.public_id,
            wanted: old.public_id,
        });
    }
    let key = place.key_file();
    if !key.exists() {
        return Err(RestoreError::NoKey { path: key.display().to_string() });
    }
    let keyring = Keyring::open(&key)?;
    let epoch_before = epoch_before.max(old.map_or(0, |old| old.epoch));
    let business =
        alone_in_sqlite(next, FIRST_TENANT, moment, move |tx| begin_epoch(tx, epoch_before))?;
    keyring.unseal(SEAL_STORE_KEY, &business.sealed_key)?;
    File::open(next).and_then(|file| file.sync_all()).map_err(|source| at(next, source))?;
    Ok(business)
}

/// With the log that a copy made by hand may have beside it.
fn copy(file: &Path, next: &Path) -> std::io::Result<()> {
    std::fs::copy(file, next)?;
    let log = beside(file, "-wal");
    if log.exists() {
        std::fs::copy(log, beside(next, "-wal"))?;
    }
    Ok(())
}

fn whole(next: &Path) -> Result<(), DbError> {
    let connection = Connection::open_with_flags(next, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "delete")?;
    drop(connection);
    check(next)
}

/// Whether the file is to blame, and not the disk that its copy is on.
fn is_of_the_file(error: &DbError) -> bool {
    matches!(error, DbError::Corrupt { .. })
        || matches!(error.code(), "store.damaged" | "store.internal")
}

struct Identity {
    public_id: Uuid,
    epoch: i64,
}

/// Whose data a file holds, and of which epoch.
fn identity(file: &Path) -> Result<Option<Identity>, DbError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(Identity { public_id: row.get(0)?, epoch: row.get(1)? });
    let found = connection.query_row(
        "SELECT t.public_id, s.epoch FROM tenant t JOIN store_state s ON s.tenant_id = t.tenant_id
         WHERE t.tenant_id = ?1",
        [FIRST_TENANT],
        read,
    );
    Ok(found.optional()?)
}

fn put(place: &Place) -> Result<(), RestoreError> {
    let (live, intent) = (place.sqlite(), place.intent());
    close_log(&live)?;
    let kept = free_name(place);
    let note = kept.file_name().unwrap_or_default().as_encoded_bytes();
    // Whole under its name, or not there at all.
    let draft = beside(&intent, ".draft");
    let written = File::create(&draft)
        .and_then(|mut file| file.write_all(note).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&draft, &intent))
        .and_then(|()| sync_folder_of(&intent));
    written.map_err(|source| at(&intent, source))?;
    settle(place).map_err(|source| at(&live, source))
}

/// Takes what stands in the log into the old data, so that they are one file. Data that are damaged keep their log beside them.
fn close_log(live: &Path) -> Result<(), RestoreError> {
    if !live.exists() {
        return Ok(());
    }
    let closed = Connection::open_with_flags(live, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(
        |connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        },
    );
    match closed.map_err(DbError::from) {
        Ok(0) => Ok(()),
        Ok(_) => Err(RestoreError::InUse { path: live.display().to_string() }),
        Err(error) if error.code() == "store.busy" => {
            Err(RestoreError::InUse { path: live.display().to_string() })
        }
        Err(_) => Ok(()),
    }
}

fn free_name(place: &Place) -> PathBuf {
    let first = place.kept();
    let is_taken = |name: &Path| PARTS.iter().any(|part| beside(name, part).exists());
    let (mut name, mut nth) = (first.clone(), 1_u64);
    while is_taken(&name) {
        nth += 1;
        name = beside(&first, &format!("-{nth}"));
    }
    name
}
