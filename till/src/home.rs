//! The data folder and what lies in it beside the database: lock, install id, witness, ballast, keys.
//!
//! ```text
//! till.db       the ledger            lock      one process at a time, and whether it ended cleanly
//! install       id of this copy       witness   last committed head, outside the database
//! ballast       space for the open sale          keys/     signing seed, sealing key, store secret
//! training/     the ledger to practise on        papers/   saved as PDF
//! backups/      verified copies       sealed/   copies under a passphrase
//! logs/         what the program said            wiping    all but lock, logs and what is sealed goes
//! ```

use crate::backup;
use crate::error::TillError;
use crate::wipe;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// File of the ledger; what SQLite keeps beside it, and ledgers that a restore put aside, have names that begin so.
pub(crate) const DATABASE: &str = "till.db";
/// File that one process at a time has locked.
pub(crate) const LOCK: &str = "lock";
/// Folder of the keys.
pub(crate) const KEYS: &str = "keys";
/// File with the id of this copy.
pub(crate) const INSTALL: &str = "install";
/// File with the last committed head.
pub(crate) const WITNESS: &str = "witness";
/// File that reserves space.
pub(crate) const BALLAST: &str = "ballast";
/// Folder of the training ledger.
pub(crate) const TRAINING: &str = "training";
/// Folder of the papers that were saved.
pub(crate) const PAPERS: &str = "papers";
/// Folder of backups.
pub(crate) const BACKUPS: &str = "backups";
/// Folder of sealed files.
pub(crate) const SEALED: &str = "sealed";
/// Folder of the logs that a window writes.
pub const LOGS: &str = "logs";

/// Space kept back so that a sale that has begun can be finished on a full disk.
pub const BALLAST_BYTES: u64 = 4 * 1024 * 1024;

/// What one sale may need on disk at most, write-ahead log included.
pub const SALE_BYTES: u64 = 2 * 1024 * 1024;

/// Space that opening the ledger may take.
const OPEN_BYTES: u64 = 256 * 1024;

/// The data folder, locked by this process.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    lock: File,
    witness: File,
    unclean: bool,
}

/// Identity of this copy of the ledger on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Install {
    id: Uuid,
    /// A copied folder has other inodes than the one that was written.
    inode: u64,
    machine: String,
}

/// The last committed head, kept outside the database: a database that lags behind it was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Last position.
    pub pos: i64,
    /// Hash there, hex.
    pub hash: String,
}

impl Home {
    /// Creates the folder if need be and takes its lock. A wipe that was begun here is ended before anything is opened.
    ///
    /// # Errors
    /// [`TillError::Locked`] while another process has it; [`TillError::ReadOnly`] when it cannot be written;
    /// [`TillError::Io`] when a wipe cannot be ended.
    pub fn open(dir: &Path) -> Result<Self, TillError> {
        let read_only = |source| TillError::ReadOnly { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(read_only)?;
        let path = dir.join(LOCK);
        let mut lock = writable(&path).map_err(read_only)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(TillError::Locked { path }),
            Err(fs::TryLockError::Error(source)) => {
                return Err(TillError::Io { what: path.display().to_string(), source });
            }
        }
        let mut before = Vec::new();
        lock.read_to_end(&mut before).map_err(TillError::io("lock"))?;
        let wiped = wipe::finish(dir)?;
        backup::finish_restore(dir)?;
        // After what only moves and removes.
        release_ballast_to_open(dir)?;
        fs::create_dir_all(dir.join(KEYS)).map_err(read_only)?;
        let witness = writable(&dir.join(WITNESS)).map_err(read_only)?;
        let unclean = !wiped && before.trim_ascii() == b"open";
        Ok(Self { dir: dir.to_owned(), lock, witness, unclean })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join(DATABASE)
    }

    /// Whether there is a database file with something in it.
    #[must_use]
    pub fn has_database(&self) -> bool {
        fs::metadata(self.database()).is_ok_and(|meta| meta.len() > 0)
    }

    /// Whether the last run ended without [`Home::close`].
    #[must_use]
    pub fn ended_unclean(&self) -> bool {
        self.unclean
    }

    /// Notes that a run has begun to write.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn mark_open(&mut self) -> Result<(), TillError> {
        self.mark("open\n")
    }

    /// Notes that the run ended cleanly.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn close(&mut self) -> Result<(), TillError> {
        self.mark("")
    }

    fn mark(&mut self, text: &str) -> Result<(), TillError> {
        let wrong = |source| TillError::Io { what: "lock".to_owned(), source };
        self.lock.set_len(0).map_err(wrong)?;
        self.lock.seek(SeekFrom::Start(0)).map_err(wrong)?;
        self.lock.write_all(text.as_bytes()).map_err(wrong)
    }

    /// The install id of this copy; `None` when the file is missing, unreadable or was copied.
    #[must_use]
    pub fn install(&self) -> Option<Uuid> {
        install_of(&self.dir)
    }

    /// Makes this copy the installation with this id.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn adopt_install(&self, id: Uuid) -> Result<(), TillError> {
        let path = self.dir.join(INSTALL);
        let wrong = |source| TillError::Io { what: path.display().to_string(), source };
        let mut file = writable(&path).map_err(wrong)?;
        let inode = file.metadata().map_err(wrong)?.ino();
        let text = serde_json::to_string(&Install { id, inode, machine: machine() })
            .map_err(|error| wrong(error.into()))?;
        file.set_len(0).map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)?;
        file.sync_all().map_err(wrong)
    }

    /// What the witness says; `None` when it is missing or torn.
    #[must_use]
    pub fn witness(&self) -> Option<Witness> {
        witness_in(&self.witness)
    }

    /// Notes the committed head. Not forced to disk: after a power cut it may lag behind the database, which
    /// says nothing; it can never be ahead of an honest one.
    pub fn note_witness(&self, witness: &Witness) {
        if let Ok(mut text) = serde_json::to_vec(witness) {
            text.resize(128, b' ');
            if let Err(error) = self.witness.write_all_at(&text, 0) {
                tracing::warn!(%error, "the witness could not be written");
            }
        }
    }

    /// Free bytes for this process on the folder's disk.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn free_bytes(&self) -> Result<u64, TillError> {
        free_bytes(&self.dir)
    }

    /// Looks, before a payment is taken, whether the sale can be written; releases the ballast if need be.
    /// Returns whether the disk is low, so that the cashier hears of it.
    ///
    /// # Errors
    /// [`TillError::DiskFull`] when even the ballast is gone.
    pub fn ensure_space(&self) -> Result<bool, TillError> {
        let free = self.free_bytes()?;
        if free >= SALE_BYTES {
            // What is free may be the ballast that was released before.
            return Ok(free < SALE_BYTES + BALLAST_BYTES && !has_ballast(&self.dir));
        }
        if release_ballast(&self.dir)? && self.free_bytes()? >= SALE_BYTES {
            return Ok(true);
        }
        Err(TillError::DiskFull { free_bytes: free, need_bytes: SALE_BYTES })
    }

    /// Reserves the ballast where there is room for it.
    pub fn reserve_ballast(&self) {
        let path = self.dir.join(BALLAST);
        let has = fs::metadata(&path).map_or(0, |meta| meta.len());
        if has == BALLAST_BYTES
            || self.free_bytes().is_ok_and(|free| free < BALLAST_BYTES.saturating_mul(4))
        {
            return;
        }
        let reserved = writable(&path).and_then(|file| {
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES)
                .map_err(std::io::Error::from)
        });
        if let Err(error) = reserved {
            tracing::warn!(%error, "no ballast could be reserved");
        }
    }

    /// Reads a file of the keys folder; `None` when there is none.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn key(&self, name: &str) -> Result<Option<Vec<u8>>, TillError> {
        let path = self.dir.join(KEYS).join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(TillError::Io { what: path.display().to_string(), source }),
        }
    }

    /// Writes a file of the keys folder, whole or not at all, readable by its owner only.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn store_key(&self, name: &str, bytes: &[u8]) -> Result<(), TillError> {
        let folder = self.dir.join(KEYS);
        let path = folder.join(name);
        let fresh = folder.join(format!("{name}.new"));
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            sync_folder(&folder)
        };
        write().map_err(TillError::io(path.display().to_string()))
    }
}

fn free_bytes(dir: &Path) -> Result<u64, TillError> {
    let stat = rustix::fs::statvfs(dir)
        .map_err(|error| TillError::Io { what: dir.display().to_string(), source: error.into() })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn has_ballast(dir: &Path) -> bool {
    fs::metadata(dir.join(BALLAST)).is_ok_and(|meta| meta.len() > 0)
}

/// Gives the reserved space back to the disk; whether there was any.
fn release_ballast(dir: &Path) -> Result<bool, TillError> {
    if !has_ballast(dir) {
        return Ok(false);
    }
    fs::remove_file(dir.join(BALLAST)).map_err(TillError::io("ballast"))?;
    Ok(true)
}

/// Sees to the space that opening itself takes. SQLite maps its index of the log into memory: on a disk without a block to
/// spare a write there ends the process.
fn release_ballast_to_open(dir: &Path) -> Result<(), TillError> {
    let free = free_bytes(dir)?;
    if free >= OPEN_BYTES || (release_ballast(dir)? && free_bytes(dir)? >= OPEN_BYTES) {
        return Ok(());
    }
    Err(TillError::DiskFull { free_bytes: free, need_bytes: OPEN_BYTES })
}

/// The install id of the copy in a folder, whoever has its lock; as [`Home::install`].
pub(crate) fn install_of(dir: &Path) -> Option<Uuid> {
    let file = File::open(dir.join(INSTALL)).ok()?;
    let inode = file.metadata().ok()?.ino();
    let install: Install = serde_json::from_reader(file).ok()?;
    (install.inode == inode && install.machine == machine()).then_some(install.id)
}

/// What the witness in a folder says, whoever has its lock; as [`Home::witness`].
pub(crate) fn witness_of(dir: &Path) -> Option<Witness> {
    witness_in(&File::open(dir.join(WITNESS)).ok()?)
}

fn witness_in(file: &File) -> Option<Witness> {
    let mut text = [0_u8; 128];
    let read = file.read_at(&mut text, 0).ok()?;
    serde_json::from_slice(text.get(..read)?.trim_ascii_end()).ok()
}

/// Brings names to disk: files of a folder that were made, renamed or removed.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn writable(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The machine's own id where it has one: a disk moved to another machine is another installation.
fn machine() -> String {
    fs::read_to_string("/etc/machine-id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Home::open(dir.path()).unwrap();
        assert!(matches!(Home::open(dir.path()), Err(TillError::Locked { .. })));
        drop(first);
        Home::open(dir.path()).unwrap();
    }

    #[test]
    fn a_run_that_did_not_close_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let mut home = Home::open(dir.path()).unwrap();
        home.mark_open().unwrap();
        drop(home);
        let mut home = Home::open(dir.path()).unwrap();
        assert!(home.ended_unclean());
        home.close().unwrap();
        drop(home);
        assert!(!Home::open(dir.path()).unwrap().ended_unclean());
    }

    #[test]
    fn a_copied_install_file_is_no_install() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let id = Uuid::from_u128(7);
        home.adopt_install(id).unwrap();
        assert_eq!(home.install(), Some(id));
        let file = dir.path().join("install");
        fs::copy(&file, dir.path().join("copy")).unwrap();
        fs::rename(dir.path().join("copy"), &file).unwrap();
        assert_eq!(home.install(), None);
    }

    #[test]
    fn a_torn_witness_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        assert_eq!(home.witness(), None);
        let head = Witness { pos: 7, hash: "ab".repeat(32) };
        home.note_witness(&head);
        assert_eq!(home.witness(), Some(head));
        home.witness.set_len(9).unwrap();
        assert_eq!(home.witness(), None);
    }
}
