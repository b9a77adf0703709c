//! Secrets at rest: sealed with a key that lives in a file outside the database and its backups.

use crate::clock::random;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

const NONCE_BYTES: usize = 12;

/// The sealing key.
#[derive(Clone)]
pub struct Keyring {
    key: [u8; 32],
}

/// Why the key or a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read or written.
    #[error("key file: {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is not 64 hexadecimal digits.
    #[error("key file: {path}: must hold 64 hexadecimal digits")]
    NotAKey {
        /// The file.
        path: String,
    },
    /// The secret was sealed with another key, or was changed.
    #[error("a sealed secret does not open: the key file does not belong to these data")]
    Sealed,
}

impl Keyring {
    /// Reads the key file; makes it, readable by its owner only, where it is missing.
    ///
    /// # Errors
    /// [`KeyringError::File`] or [`KeyringError::NotAKey`].
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        let name = || path.display().to_string();
        let text =
            read_or_make(path).map_err(|source| KeyringError::File { path: name(), source })?;
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key)
            .map_err(|_| KeyringError::NotAKey { path: name() })?;
        Ok(Self { key })
    }

    /// Seals a secret for one purpose; it opens for no other.
    #[must_use]
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("sealing in memory fails only above 256 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens a sealed secret.
    ///
    /// # Errors
    /// [`KeyringError::Sealed`].
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(KeyringError::Sealed)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| KeyringError::Sealed)?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.cipher().decrypt(&Nonce::from(nonce), payload).map_err(|_| KeyringError::Sealed)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&Key::from(self.key))
    }
}

fn read_or_make(path: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path)?,
        read => return read,
    }
    std::fs::read_to_string(path)
}

/// The file appears whole or not at all: half a key would shut the data away. Who comes second takes what is there.
fn make(path: &Path) -> std::io::Result<()> {
    let key: [u8; 32] = random();
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let made = write_draft(&draft, &key).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = std::fs::remove_file(&draft);
    made.and(removed)
}

fn write_draft(draft: &Path, key: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_with_its_key_and_purpose() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(&dir.path().join("a.key")).unwrap();
        let again = Keyring::open(&dir.path().join("a.key")).unwrap();
        let other = Keyring::open(&dir.path().join("b.key")).unwrap();
        let sealed = keyring.seal("till", b"secret");
        assert_eq!(again.unseal("till", &sealed).unwrap(), b"secret");
        assert!(keyring.unseal("store", &sealed).is_err());
        assert!(other.unseal("till", &sealed).is_err());
        assert!(keyring.unseal("till", &sealed[..5]).is_err());
    }
}
