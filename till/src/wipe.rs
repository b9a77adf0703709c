//! Taking a till out of service: what is the shop's leaves the machine, but for what was sealed for the way out.
//!
//! A mark goes into the data folder before the first file is removed and leaves it after the last. Whoever opens a folder
//! with the mark finishes first: a wipe that the power cut off never leaves half a ledger to be opened.

use crate::error::TillError;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

/// Says that everything is to go.
const MARK: &str = "wiping";
/// What stays: the lock that is held meanwhile, the program's own log, and sealed files.
const KEPT: [&str; 4] = ["lock", "logs", "sealed", MARK];
/// What goes first: without the keys nobody can go on as this till.
const FIRST: &str = "keys";

/// Decides that everything in a data folder is to go; from now on there is no way back.
///
/// # Errors
/// [`TillError::Io`]; nothing is decided then.
pub fn begin(dir: &Path) -> Result<(), TillError> {
    let path = dir.join(MARK);
    File::create(&path)
        .and_then(|mark| mark.sync_all())
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(TillError::io(path.display().to_string()))
}

/// Removes everything, where that was decided, and says whether it was. The folder's lock must be held.
///
/// # Errors
/// [`TillError::Io`] names what could not be removed; the next call goes on from there.
pub fn finish(dir: &Path) -> Result<bool, TillError> {
    let io = |path: &Path| TillError::io(path.display().to_string());
    let mark = dir.join(MARK);
    if !mark.try_exists().map_err(io(&mark))? {
        return Ok(false);
    }
    remove(&dir.join(FIRST))?;
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let entry = entry.map_err(io(dir))?;
        if !KEPT.iter().any(|kept| entry.file_name() == *kept) {
            remove(&entry.path())?;
        }
    }
    let folder = File::open(dir).map_err(io(dir))?;
    folder.sync_all().map_err(io(dir))?;
    remove(&mark)?;
    folder.sync_all().map_err(io(dir))?;
    Ok(true)
}

fn remove(path: &Path) -> Result<(), TillError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(TillError::Io { what: path.display().to_string(), source: error })
        }
        _ => Ok(()),
    }
}
