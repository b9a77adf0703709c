//! Verified backup while selling goes on, and restore, after which the ledger begins a new incarnation.

use crate::error::TillError;
use crate::home::{DATABASE, Home, INSTALL, KEYS, LOCK, sync_folder};
use crate::ledger::{Identity, query, schema, state};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied in one step.
const PAGES: i32 = 2_000;

/// Behind the name of the database: a backup that is about to take its place.
const RESTORING: &str = ".restoring";

/// File that says a restore was begun: the name under which the ledger before it is kept.
const INTENT: &str = "restoring";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BackedUp {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number.
    pub seq: i64,
    /// Hash there.
    pub hash: String,
    /// Size of the file.
    pub bytes: u64,
}

/// Copies a ledger's database into one file and verifies the copy: all of it as of one moment, beside whoever sells. The copy
/// knows no install id: whoever opens it begins anew.
///
/// # Errors
/// [`TillError::Io`], [`TillError::Corrupt`] when the copy does not verify; then there is no file.
pub fn backup(
    database: &Path,
    file: &Path,
    progress: &mut dyn FnMut(i32, i32),
) -> Result<BackedUp, TillError> {
    beside_the_ledger(database, file)?;
    let fresh = with_suffix(file, ".part");
    remove(&fresh)?;
    let result = copy(database, &fresh, progress);
    if result.is_err() {
        remove(&fresh)?;
        return result;
    }
    fs::rename(&fresh, file).map_err(TillError::io(file.display().to_string()))?;
    result
}

/// As [`backup`], of the ledger in a folder that cannot be written. SQLite reads no log there without files of its own
/// beside it, so database and log are copied first, which nobody may write meanwhile.
///
/// # Errors
/// As [`backup`]; [`TillError::Locked`] while a till runs there.
pub fn rescue(
    dir: &Path,
    file: &Path,
    progress: &mut dyn FnMut(i32, i32),
) -> Result<BackedUp, TillError> {
    // Without the file nobody has ever opened the ledger here.
    let lock = File::open(dir.join(LOCK));
    if let Ok(lock) = &lock
        && let Err(fs::TryLockError::WouldBlock) = lock.try_lock()
    {
        return Err(TillError::Locked { path: dir.join(LOCK) });
    }
    let copied = with_suffix(file, ".copied");
    let result =
        copy_with_log(&dir.join(DATABASE), &copied).and_then(|()| backup(&copied, file, progress));
    for suffix in ["", "-wal", "-shm"] {
        remove(&with_suffix(&copied, suffix))?;
    }
    result
}

fn copy_with_log(database: &Path, to: &Path) -> Result<(), TillError> {
    for suffix in ["", "-wal"] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(to, suffix));
        remove(&to)?;
        if from.exists() {
            fs::copy(&from, &to).map_err(TillError::io(from.display().to_string()))?;
        }
    }
    remove(&with_suffix(to, "-shm"))
}

/// Refuses to write a copy over what the ledger itself lives from, or over what is no file.
fn beside_the_ledger(database: &Path, file: &Path) -> Result<(), TillError> {
    let refused = |problem: &str| {
        let message = format!("{} {problem}", file.display());
        Err(TillError::BadInput { field: "file".to_owned(), message })
    };
    if fs::symlink_metadata(file).is_ok_and(|meta| !meta.is_file()) {
        return refused("is no regular file");
    }
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(folder) = folder.canonicalize() else { return refused("lies in no folder") };
    let own = database.parent().filter(|own| own.join(KEYS).exists());
    let own = own.and_then(|own| own.canonicalize().ok());
    if own.is_some_and(|own| folder == own || folder == own.join(KEYS)) {
        return refused("lies among the till's own files");
    }
    Ok(())
}

fn copy(
    database: &Path,
    fresh: &Path,
    progress: &mut dyn FnMut(i32, i32),
) -> Result<BackedUp, TillError> {
    let mut from = schema::open_reader(database)?;
    // One view of the file for all steps: a sale meanwhile neither waits nor begins the copy anew.
    let seen = from.transaction()?;
    let identity: Identity = state::get(&seen, "identity")?.ok_or(TillError::NotEnrolled)?;
    let expected = query::live(&seen, identity.till)?.ok_or(TillError::NotEnrolled)?;
    let mut to = Connection::open(fresh)?;
    {
        let backup = Backup::new(&seen, &mut to)?;
        loop {
            let step = backup.step(PAGES)?;
            let done = backup.progress();
            progress(done.pagecount - done.remaining, done.pagecount);
            if step == rusqlite::backup::StepResult::Done {
                break;
            }
        }
    }
    to.busy_timeout(Duration::from_secs(1))?;
    to.pragma_update(None, "journal_mode", "DELETE")?;
    state::clear(&to, "install")?;
    state::clear(&to, "session")?;
    state::clear(&to, "enrolling_install")?;
    to.execute("DELETE FROM lease", [])?;
    let found: String = to.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    let live = query::live(&to, identity.till)?;
    if found != "ok" || live.map(|live| live.head) != Some(expected.head) {
        return Err(TillError::corrupt("backup", fresh.display(), found));
    }
    drop(to);
    let synced = File::open(fresh)
        .and_then(|file| file.sync_all().and_then(|()| file.metadata()))
        .map_err(TillError::io(fresh.display().to_string()))?;
    Ok(BackedUp {
        incarnation: expected.journal.incarnation,
        seq: expected.head.seq,
        hash: expected.head.hash.to_string(),
        bytes: synced.len(),
    })
}

/// Copies a database that does not verify, as far as it can be read.
///
/// # Errors
/// [`TillError::Io`], [`TillError::Database`], [`TillError::Corrupt`].
pub fn copy_as_is(database: &Path, file: &Path) -> Result<(), TillError> {
    remove(file)?;
    let from = schema::open_reader(database)?;
    let mut to = Connection::open(file)?;
    Backup::new(&from, &mut to)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    Ok(())
}

/// Backups in a folder, the oldest first: names begin with the till and go on with the moment. None without the folder.
///
/// # Errors
/// [`TillError::Io`].
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, TillError> {
    let io = || TillError::io(folder.display().to_string());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io())?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(io())?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Puts a backup in the place of the ledger. What was there is kept beside it. The next start asks for a new
/// incarnation before the first sale.
///
/// # Errors
/// [`TillError::Corrupt`] when the file is no ledger; refused as `restore.other_till` for another till's.
pub fn restore(dir: &Path, file: &Path, now_ms: i64) -> Result<PathBuf, TillError> {
    let home = Home::open(dir)?;
    let identity = check(file)?;
    let database = home.database();
    if database.exists()
        && let Ok(here) = schema::open_reader(&database)
        && let Ok(Some(own)) = state::get::<Identity>(&here, "identity")
        && own.till != identity.till
    {
        return Err(TillError::refused(
            "restore.other_till",
            format!("the backup is of till {}, this is till {}", identity.code, own.code),
        ));
    }
    let fresh = with_suffix(&database, RESTORING);
    let io = |what: &Path| TillError::io(what.display().to_string());
    let copied = fs::copy(file, &fresh).and_then(|_| File::open(&fresh)?.sync_all());
    if let Err(source) = copied {
        // A part of a copy would take the space that selling needs.
        remove(&fresh)?;
        return Err(TillError::Io { what: fresh.display().to_string(), source });
    }
    let kept = format!("{DATABASE}.before-{now_ms}");
    let intent = dir.join(INTENT);
    fs::write(&intent, &kept).map_err(io(&intent))?;
    File::open(&intent).and_then(|file| file.sync_all()).map_err(io(&intent))?;
    sync_folder(dir).map_err(io(dir))?;
    finish_restore(dir)?;
    Ok(dir.join(kept))
}

/// Ends a restore that was begun, before anything of the ledger is opened. What was there moves aside with its log, which
/// SQLite would drop beside another database, and only then the backup takes its place; cut off anywhere, this goes on
/// where it was.
pub(crate) fn finish_restore(dir: &Path) -> Result<(), TillError> {
    let io = |what: &Path| TillError::io(what.display().to_string());
    let intent = dir.join(INTENT);
    let kept = match fs::read_to_string(&intent) {
        Ok(kept) => kept,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(TillError::Io { what: intent.display().to_string(), source }),
    };
    let database = dir.join(DATABASE);
    let fresh = with_suffix(&database, RESTORING);
    // An intent without its name was cut off before anything moved.
    if !kept.is_empty() && fresh.exists() {
        remove(&dir.join(INSTALL))?;
        let kept = dir.join(&kept);
        for suffix in ["-shm", "-wal", ""] {
            let from = with_suffix(&database, suffix);
            if from.exists() {
                fs::rename(&from, with_suffix(&kept, suffix)).map_err(io(&from))?;
            }
        }
        sync_folder(dir).map_err(io(dir))?;
        fs::rename(&fresh, &database).map_err(io(&fresh))?;
        sync_folder(dir).map_err(io(dir))?;
    }
    remove(&intent)?;
    sync_folder(dir).map_err(io(dir))
}

fn check(file: &Path) -> Result<Identity, TillError> {
    if !file.exists() {
        return Err(TillError::bad("file", format!("{} does not exist", file.display())));
    }
    let conn = schema::open_reader(file)?;
    let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(TillError::corrupt("backup", file.display(), found));
    }
    state::get(&conn, "identity")?
        .ok_or_else(|| TillError::corrupt("backup", file.display(), "is no till's ledger"))
}

fn remove(path: &Path) -> Result<(), TillError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(TillError::Io { what: path.display().to_string(), source: error })
        }
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
