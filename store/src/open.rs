//! A store opened: its data, its keys, its identity.

use crate::clock::random;
use crate::db::DbError;
use crate::gate::{Clock, Gate};
use crate::keyring::{Keyring, KeyringError};
use crate::tenant::{self, Founding, Tenant};
use daybook_sync::frame::Signer;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SEAL_STORE_KEY: &str = "store.signing-key";

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
        make_folder(&place.data)?;
        let keyring = Keyring::open(&place.key_file())?;
        let gate = match &place.database {
            Some(url) => Gate::open_postgres(url, clock)?,
            None => Gate::open_sqlite(&place.sqlite(), clock)?,
        };
        let business = match gate.read(tenant::load)? {
            Some(business) => business,
            None => {
                let founding = founding(&keyring);
                gate.write(move |tx| tenant::found(tx, &founding))?
            }
        };
        let seed = keyring.unseal(SEAL_STORE_KEY, &business.sealed_key)?;
        let seed = <[u8; 32]>::try_from(seed).map_err(|_| KeyringError::Sealed)?;
        Ok(Self { gate, keyring, signer: Signer::from_seed(&seed), business })
    }
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
