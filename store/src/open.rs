//! A store opened: its data, its keys, its identity.

use crate::backup::beside;
use crate::clock::random;
use crate::db::DbError;
use crate::gate::{Clock, Gate};
use crate::keyring::{Keyring, KeyringError};
use crate::pins;
use crate::restore::settle;
use crate::tenant::{self, Founding, Tenant};
use crate::witness::Witness;
use daybook_sync::frame::Signer;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the store's signing key is sealed for.
pub(crate) const SEAL_STORE_KEY: &str = "store.signing-key";

/// Where the data are.
#[derive(Debug, Clone)]
pub struct Place {
    /// Folder with the key file, and with the SQLite file unless there is a database.
    pub data: PathBuf,
    /// PostgreSQL, as `postgres://user@host/database`.
    pub database: Option<String>,
}

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// Where the data are.
    pub place: Place,
    /// The way to the data.
    pub gate: Gate,
    /// Opens sealed secrets.
    pub keyring: Keyring,
    /// Signs acknowledgements.
    pub signer: Signer,
    /// The business as it was when the store opened.
    pub business: Tenant,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made or written.
    #[error("data: {path}: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The key file or the store's own sealed key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The data are behind their witness: they came from a backup.
    #[error(
        "data: they are at epoch {} feed {}, but went as far as epoch {} feed {}; \
         they came from a backup: {remedy}",
        found.epoch, found.feed, witness.epoch, witness.feed
    )]
    Behind {
        /// As far as they went.
        witness: Witness,
        /// As far as they go.
        found: Witness,
        /// What to do.
        remedy: &'static str,
    },
    /// The witness holds something else.
    #[error(
        "data: {path}: {source}; this file says how far the data went: if they did not come from a backup, delete it and \
         start again, else restore the backup with `daybook-store restore FILE --accept-restore`"
    )]
    Witness {
        /// The file.
        path: String,
        /// Why it cannot be read.
        #[source]
        source: std::io::Error,
    },
    /// A file of a store is missing beside the others.
    #[error("data: {path} is missing beside the store's other files: {remedy}")]
    Missing {
        /// The file.
        path: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The data are there but cannot be opened: damaged, of a newer version, not to be written.
    #[error("data: {path}: {source}")]
    Data {
        /// The file or the database.
        path: String,
        /// Why not.
        #[source]
        source: DbError,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl OpenError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "store.folder",
            Self::Keyring(_) => "store.key",
            Self::Behind { .. } => "store.behind_witness",
            Self::Witness { .. } => "store.witness",
            Self::Missing { .. } => "store.missing",
            Self::Data { source, .. } => source.code(),
            Self::Db(error) => error.code(),
        }
    }
}

impl Place {
    /// The SQLite file.
    #[must_use]
    pub fn sqlite(&self) -> PathBuf {
        self.data.join("store.db")
    }

    /// The file that remembers how far the data went.
    #[must_use]
    pub fn witness(&self) -> PathBuf {
        self.data.join("store.witness")
    }

    /// The new data while a restore makes them.
    #[must_use]
    pub fn next(&self) -> PathBuf {
        self.data.join("store.db.next")
    }

    /// The note of a restore that moves the data, with the name under which the old ones are kept.
    #[must_use]
    pub fn intent(&self) -> PathBuf {
        self.data.join("store.db.restoring")
    }

    /// Where the first restore keeps the old data.
    #[must_use]
    pub fn kept(&self) -> PathBuf {
        self.data.join("store.db.before-restore")
    }

    /// Makes sure that no program works in this folder, and keeps one from starting while the file is held.
    ///
    /// # Errors
    /// When one does, or the folder cannot be written.
    pub fn lock_alone(&self) -> std::io::Result<File> {
        let file = self.lock_file()?;
        file.try_lock()?;
        Ok(file)
    }

    /// Tells others that a program works in this folder, as long as the file is held. A restore that was cut off is ended
    /// first.
    ///
    /// # Errors
    /// When a restore is at work, or the folder cannot be written.
    pub fn lock_running(&self) -> std::io::Result<File> {
        let file = self.lock_file()?;
        if self.intent().exists() {
            file.try_lock()?;
            settle(self)?;
            file.unlock()?;
        }
        file.try_lock_shared()?;
        Ok(file)
    }

    /// As [`Self::lock_running`], also where nothing can be written: data on a disk that failed can still be read and backed
    /// up. Nothing is held where there is no file to hold.
    ///
    /// # Errors
    /// When a restore is at work.
    pub fn lock_reading(&self) -> std::io::Result<Option<File>> {
        match self.lock_running() {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
                ) =>
            {
                match File::open(self.lock_path()) {
                    Ok(file) => file.try_lock_shared().map(|()| Some(file)).map_err(Into::into),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            }
            held => held.map(Some),
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.data.join("store.lock")
    }

    fn lock_file(&self) -> std::io::Result<File> {
        std::fs::create_dir_all(&self.data)?;
        File::options().create(true).truncate(false).write(true).open(self.lock_path())
    }

    /// A database's address may hold a password, so only the file is named.
    fn unopened(&self, source: DbError) -> OpenError {
        let path = match &self.database {
            Some(_) => "the PostgreSQL database".to_owned(),
            None => self.sqlite().display().to_string(),
        };
        OpenError::Data { path, source }
    }

    /// Ends a restore that was cut off.
    fn end_restore(&self) -> Result<(), OpenError> {
        if self.database.is_some() || !self.intent().exists() {
            return Ok(());
        }
        let ended = self.lock_alone().and_then(|_alone| settle(self));
        ended.map_err(|source| OpenError::Folder {
            path: self.intent().display().to_string(),
            source,
        })
    }

    /// The data's file is there before the key, so that a key alone always tells of data that are missing.
    fn begin_file(&self) -> Result<(), OpenError> {
        if self.database.is_some() || self.key_file().exists() {
            return Ok(());
        }
        let live = self.sqlite();
        match File::options().create_new(true).write(true).open(&live) {
            Err(source) if source.kind() != ErrorKind::AlreadyExists => {
                Err(OpenError::Folder { path: live.display().to_string(), source })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Refuses to found a store where there was one: an empty file must not take the place of data that are only elsewhere.
    fn refuse_gap(&self) -> Result<(), OpenError> {
        if self.database.is_some() {
            return Ok(());
        }
        let live = self.sqlite();
        let holds = std::fs::metadata(&live).map(|file| file.len() > 0).ok();
        let was_here = self.witness().exists() || self.kept().exists() || self.next().exists();
        let has_rest = self.key_file().exists() || beside(&live, "-wal").exists();
        let path = |path: PathBuf| path.display().to_string();
        match holds {
            Some(true) if !self.key_file().exists() => Err(OpenError::Missing {
                path: path(self.key_file()),
                remedy: "put the copy of the key file back that belongs to the data",
            }),
            Some(true) => Ok(()),
            Some(false) if !was_here => Ok(()),
            None if !was_here && !has_rest => Ok(()),
            Some(false) | None => Err(OpenError::Missing {
                path: path(live),
                remedy: "put it back, or put a backup in its place with `daybook-store restore FILE --accept-restore`; \
                         data in PostgreSQL need --database",
            }),
        }
    }

    /// The file with the sealing key.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.data.join("store.key")
    }
}

impl Store {
    /// Opens the data, founds the business where there is none, and unseals its key.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(place: &Place, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let store = Self::open_restored(place, clock)?;
        let witness = Witness::read(&place.witness()).map_err(|source| OpenError::Witness {
            path: place.witness().display().to_string(),
            source,
        })?;
        let found = store.gate.read(Witness::of)?;
        let remedy = match place.database {
            Some(_) => {
                "run `daybook-store restore --accept-restore` with the same --data and --database"
            }
            None => {
                "take store.db out of the folder, and put that backup in place with \
                 `daybook-store restore FILE --accept-restore` and the same --data"
            }
        };
        match witness {
            Some(witness) if witness.is_ahead_of(&found) => {
                Err(OpenError::Behind { witness, found, remedy })
            }
            Some(_) | None => Ok(store),
        }
    }

    /// Writes down how far the data go.
    ///
    /// # Errors
    /// The database or the file failed.
    pub fn remember(&self) -> Result<(), OpenError> {
        let now = self.gate.read(Witness::of)?;
        let path = self.place.witness();
        now.write(&path)
            .map_err(|source| OpenError::Folder { path: path.display().to_string(), source })
    }

    /// Opens data that may be behind their witness, for a restore that was accepted.
    ///
    /// # Errors
    /// [`OpenError`], but never [`OpenError::Behind`].
    pub fn open_restored(place: &Place, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        make_folder(&place.data)?;
        place.end_restore()?;
        place.refuse_gap()?;
        place.begin_file()?;
        let keyring = Keyring::open(&place.key_file())?;
        let (gate, business) =
            open_data(place, clock, &keyring).map_err(|source| place.unopened(source))?;
        let seed = keyring.unseal(SEAL_STORE_KEY, &business.sealed_key)?;
        let seed = <[u8; 32]>::try_from(seed).map_err(|_| KeyringError::Sealed)?;
        // With a key that has opened what it sealed before.
        seal_pins(&gate, &keyring).map_err(|source| place.unopened(source))?;
        let place = place.clone();
        Ok(Self { place, gate, keyring, signer: Signer::from_seed(&seed), business })
    }
}

fn open_data(
    place: &Place,
    clock: Arc<dyn Clock>,
    keyring: &Keyring,
) -> Result<(Gate, Tenant), DbError> {
    let gate = match &place.database {
        Some(url) => Gate::open_postgres(url, clock)?,
        None => Gate::open_sqlite(&place.sqlite(), clock)?,
    };
    let business = match gate.read(tenant::load)? {
        Some(business) => business,
        None => {
            let founding = founding(keyring);
            gate.write(move |tx| tenant::found(tx, &founding))?
        }
    };
    Ok((gate, business))
}

fn seal_pins(gate: &Gate, keyring: &Keyring) -> Result<(), DbError> {
    let held = keyring.clone();
    let sealed = gate.write(move |tx| pins::seal_all(tx, &held))?;
    if sealed > 0 {
        tracing::info!(people = sealed, "hashes of PINs are sealed now");
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(path)
        .map_err(|source| OpenError::Folder { path: path.display().to_string(), source })
}

fn founding(keyring: &Keyring) -> Founding {
    let seed: [u8; 32] = random();
    let id: [u8; 16] = random();
    Founding {
        tenant: uuid::Builder::from_random_bytes(id).into_uuid(),
        name: "Daybook".to_owned(),
        public_key: Signer::from_seed(&seed).public_key(),
        sealed_key: keyring.seal(SEAL_STORE_KEY, &seed),
    }
}
