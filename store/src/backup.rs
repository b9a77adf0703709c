//! A copy of the data in one file, made while others write, and never over anything that is not such a copy.

use crate::db::DbError;
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied at once; others write in between.
const PAGES: i32 = 1_000;
/// How an SQLite file begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Where its header says how it is written, and what stands there in a file that nobody writes with a log beside it.
const WRITE_VERSION: usize = 18;
const PLAIN: u8 = 1;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there that is no earlier backup.
    #[error("file: {path} {why}; name another file")]
    Taken {
        /// The file.
        path: String,
        /// What it is.
        why: &'static str,
    },
    /// The file cannot be written.
    #[error("file: {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be copied, or the copy does not hold.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl BackupError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "backup.taken",
            Self::File { .. } => "backup.file",
            Self::Db(error) => error.code(),
        }
    }
}

/// Copies an SQLite store while it runs, and checks the copy. An earlier backup of the same name is replaced at the end.
///
/// # Errors
/// [`BackupError`]; then nothing is left behind, and what stood there stands there still.
pub fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: to.display().to_string(), source };
    refuse_taken(from, to)?;
    let part = part_of(to).ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
    let done =
        copy(from, &part).map_err(BackupError::from).and_then(|()| put(&part, to).map_err(failed));
    if done.is_err() {
        remove(&part);
    }
    done
}

fn part_of(to: &Path) -> Option<PathBuf> {
    let mut name = to.file_name()?.to_owned();
    name.push(".part");
    Some(to.with_file_name(name))
}

fn copy(from: &Path, part: &Path) -> Result<(), DbError> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    remove(part);
    let mut copy = Connection::open(part)?;
    rusqlite::backup::Backup::new(&source, &mut copy)?.run_to_completion(
        PAGES,
        Duration::ZERO,
        None,
    )?;
    copy.pragma_update(None, "journal_mode", "delete")?;
    drop(copy);
    check(part)
}

fn put(part: &Path, to: &Path) -> std::io::Result<()> {
    File::open(part)?.sync_all()?;
    std::fs::rename(part, to)?;
    sync_folder_of(to)
}

/// What is renamed in a folder stays renamed when the power fails.
pub(crate) fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

/// Removes a file of ours with what SQLite keeps beside it; none is as good.
pub(crate) fn remove(file: &Path) {
    for side in ["", "-journal", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(file, side));
    }
}

/// The file of this name with an ending more.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

fn refuse_taken(from: &Path, to: &Path) -> Result<(), BackupError> {
    let taken = |why| BackupError::Taken { path: to.display().to_string(), why };
    // A link counts as what it leads to; a name that is free yet counts by its folder.
    let real = to.canonicalize().or_else(|error| match (to.parent(), to.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            folder.canonicalize().map(|folder| folder.join(name))
        }
        _ => Err(error),
    });
    let real =
        real.map_err(|source| BackupError::File { path: to.display().to_string(), source })?;
    let data = from.canonicalize().ok();
    let in_data =
        data.as_deref().and_then(Path::parent).is_some_and(|folder| real.parent() == Some(folder));
    let named = real.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"store."));
    if in_data && named {
        return Err(taken("is a name of the store's own files"));
    }
    match std::fs::metadata(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::File { path: to.display().to_string(), source }),
        Ok(there) if !there.is_file() => Err(taken("is no file")),
        Ok(_) if is_backup(&real) => Ok(()),
        Ok(_) => Err(taken("is there and is no earlier backup")),
    }
}

/// Whether a file is a store's database that is not being written: what [`backup`] makes, and no store's own data.
fn is_backup(file: &Path) -> bool {
    let mut header = [0; WRITE_VERSION + 1];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut header));
    let plain = read.is_ok() && header.starts_with(SQLITE) && header.last() == Some(&PLAIN);
    plain && open(file).is_ok_and(|connection| is_founded(&connection).unwrap_or(false))
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn is_founded(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 1 FROM store_state", [], |row| row.get(0))
}

/// Checks that a file is a whole store.
///
/// # Errors
/// [`DbError`] says what is wrong.
pub fn check(file: &Path) -> Result<(), DbError> {
    let connection = open(file)?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(DbError::corrupt("sqlite", said));
    }
    if is_founded(&connection)? { Ok(()) } else { Err(DbError::corrupt("store_state", "rows")) }
}
