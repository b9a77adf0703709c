//! Taking a till out of service: all of the shop goes from the data folder, but not what was sealed for the way out.
//!
//! ```text
//! `wiping` is on disk ─► the ledger goes, then the rest ─► that is on disk ─► `wiping` goes
//! ```
//!
//! Invariant: from the moment that `wiping` is on disk nobody opens what is left. Whoever takes the folder's lock ends the
//! wipe before anything else ([`Home::open`]), also after a power cut at any line of it.

use crate::error::TillError;
use crate::home::{
    BACKUPS, BALLAST, DATABASE, Home, INSTALL, KEYS, LOGS, PAPERS, SEALED, TRAINING, WITNESS,
    sync_folder,
};
use crate::sealed;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// File whose presence says that a wipe was begun.
const MARKER: &str = "wiping";

/// What a till keeps in its data folder beside the ledger, the lock, the logs and what is sealed.
const BESIDE: [&str; 7] = [KEYS, INSTALL, WITNESS, BALLAST, TRAINING, PAPERS, BACKUPS];

/// Begins a wipe: when this returns, it will be ended by whoever opens the folder next, and no sooner.
///
/// # Errors
/// [`TillError::Io`]; then the wipe has not begun, or will be ended at the next opening all the same.
pub fn begin(home: &Home) -> Result<(), TillError> {
    let marker = home.dir().join(MARKER);
    let write = || {
        File::create(&marker)?.sync_all()?;
        // The folder of sealed files as well: its name must be on disk before the ledger goes.
        sync_folder(home.dir())
    };
    write().map_err(TillError::io(marker.display().to_string()))
}

/// Ends a wipe that was begun in a folder whose lock the caller has. Says whether there was one.
///
/// # Errors
/// [`TillError::Io`] for what cannot be removed; the wipe is still to be ended then.
pub(crate) fn finish(dir: &Path) -> Result<bool, TillError> {
    let marker = dir.join(MARKER);
    if !marker.try_exists().map_err(TillError::io(marker.display().to_string()))? {
        return Ok(false);
    }
    for path in doomed(dir)? {
        remove(&path).map_err(TillError::io(path.display().to_string()))?;
    }
    empty_logs(dir)?;
    let end = || {
        sync_folder(dir)?;
        fs::remove_file(&marker)?;
        sync_folder(dir)
    };
    end().map_err(TillError::io(marker.display().to_string()))?;
    Ok(true)
}

/// What goes, in this order. The ledger's file is the first: without it nobody takes the rest for a ledger. Nothing goes that
/// the till does not write, whatever folder it was given.
pub(crate) fn doomed(dir: &Path) -> Result<Vec<PathBuf>, TillError> {
    let mut paths = vec![dir.join(DATABASE)];
    paths.extend(BESIDE.iter().map(|name| dir.join(name)));
    paths.extend(entries(dir)?.into_iter().filter(|path| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(DATABASE.as_bytes()))
    }));
    // An export that a power cut ended leaves a copy that is not sealed.
    let sealed = entries(&dir.join(SEALED))?.into_iter();
    paths.extend(sealed.filter(|path| !sealed::is_sealed(path)));
    Ok(paths)
}

/// Removes a file or a folder, if it is there; of a link, the link.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Logs speak of the shop too. They are emptied where they are: the program writes on into one of them.
fn empty_logs(dir: &Path) -> Result<(), TillError> {
    for path in entries(&dir.join(LOGS))? {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
            continue;
        }
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&path)
            .and_then(|file| file.sync_all())
            .map_err(TillError::io(path.display().to_string()))?;
    }
    Ok(())
}

/// What a folder holds; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, TillError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed,
    };
    listed
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(TillError::io(folder.display().to_string()))
}
