//! A backup under a passphrase, for the way out of the shop: in the age format (age-encryption.org/v1, scrypt recipient), so
//! that `age -d` opens it as well as this program does.

use crate::backup;
use crate::error::TillError;
use crate::home::{SEALED, sync_folder};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::iter;
use std::path::{Path, PathBuf};

/// Shortest passphrase, characters.
pub const PASSPHRASE_MIN: usize = 10;

/// Most work that a sealed file may ask for, as a power of two: 4 GiB of memory. By itself `age` takes only what its own
/// machine measured and a little more, and refuses the file of a faster one.
const WORK_FACTOR_MAX: u8 = 22;

/// Writes a verified backup of a ledger's database, sealed. Nothing unsealed stays behind.
///
/// # Errors
/// [`TillError::BadInput`] for a short passphrase; those of [`backup::backup`].
pub fn export(database: &Path, file: &Path, passphrase: &str) -> Result<(), TillError> {
    export_with(file, passphrase, |plain| {
        backup::backup(database, plain, &mut |_, _| {}).map(|_| ())
    })
}

/// Writes a ledger's database that does not verify, sealed as it is.
///
/// # Errors
/// [`TillError::BadInput`] for a short passphrase; those of [`backup::copy_as_is`].
pub fn export_as_is(database: &Path, file: &Path, passphrase: &str) -> Result<(), TillError> {
    export_with(file, passphrase, |plain| backup::copy_as_is(database, plain))
}

fn export_with(
    file: &Path,
    passphrase: &str,
    copy: impl FnOnce(&Path) -> Result<(), TillError>,
) -> Result<(), TillError> {
    if passphrase.chars().count() < PASSPHRASE_MIN {
        let short = format!("must have at least {PASSPHRASE_MIN} characters");
        return Err(TillError::bad("passphrase", short));
    }
    let plain = beside(file, "plain");
    let sealed = copy(&plain).and_then(|()| seal(&plain, file, passphrase));
    if !plain.exists() {
        return sealed;
    }
    let removed = fs::remove_file(&plain).map_err(TillError::io(plain.display().to_string()));
    sealed.and(removed)
}

fn seal(plain: &Path, file: &Path, passphrase: &str) -> Result<(), TillError> {
    let fresh = beside(file, "part");
    let io = |path: &Path| TillError::io(path.display().to_string());
    let mut from = File::open(plain).map_err(io(plain))?;
    let to = File::create(&fresh).map_err(io(&fresh))?;
    let encryptor = Encryptor::with_user_passphrase(SecretString::from(passphrase.to_owned()));
    let mut sealed = encryptor.wrap_output(BufWriter::new(to)).map_err(io(&fresh))?;
    std::io::copy(&mut from, &mut sealed).map_err(io(&fresh))?;
    let written = sealed.finish().and_then(|mut written| {
        written.flush()?;
        written.get_ref().sync_all()
    });
    written.map_err(io(&fresh))?;
    fs::rename(&fresh, file).map_err(io(file))?;
    file.parent().map_or(Ok(()), sync_folder).map_err(io(file))
}

/// Whether a file is sealed, by its name: what has another one beside it is an export that was cut off.
pub(crate) fn is_sealed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "age")
}

/// The folder of sealed files in a data folder, where it holds any.
#[must_use]
pub fn kept(data: &Path) -> Option<PathBuf> {
    let folder = data.join(SEALED);
    let mut entries = fs::read_dir(&folder).ok()?.flatten();
    entries.any(|entry| is_sealed(&entry.path())).then_some(folder)
}

/// Opens a sealed backup into a file, to be restored.
///
/// # Errors
/// Refused as `sealed.passphrase`; [`TillError::Corrupt`] for a file that is none or was changed.
pub fn open(file: &Path, to: &Path, passphrase: &str) -> Result<(), TillError> {
    let io = |path: &Path| TillError::io(path.display().to_string());
    let from = BufReader::new(File::open(file).map_err(io(file))?);
    let mut scrypt = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    scrypt.set_max_work_factor(WORK_FACTOR_MAX);
    let identity: &dyn age::Identity = &scrypt;
    let opened =
        Decryptor::new_buffered(from).and_then(|sealed| sealed.decrypt(iter::once(identity)));
    let mut plain = opened.map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys => {
            TillError::refused("sealed.passphrase", "this passphrase does not open it")
        }
        other => TillError::corrupt("sealed", file.display(), other),
    })?;
    let fresh = beside(to, "part");
    let mut out = File::create(&fresh).map_err(io(&fresh))?;
    let copied = std::io::copy(&mut plain, &mut out).and_then(|_| out.sync_all());
    if let Err(error) = copied {
        fs::remove_file(&fresh).map_err(io(&fresh))?;
        return Err(TillError::corrupt("sealed", file.display(), error));
    }
    fs::rename(&fresh, to).map_err(io(to))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
