//! Key material, all of it outside the database: the signing seed, the sealing key, the store's secret.

use crate::error::TillError;
use crate::home::Home;
use crate::random;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use daybook_sync::frame::Signer;
use daybook_sync::message::NewKey;

const SEED: &str = "seed";
const SEAL: &str = "seal";
const REQUEST: &str = "request";

/// The till's keys.
pub struct Keys {
    signer: Signer,
    seal: ChaCha20Poly1305,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Reads the keys, making those that do not exist yet.
    ///
    /// # Errors
    /// [`TillError::Corrupt`] for a key file of the wrong size.
    pub fn open(home: &Home) -> Result<Self, TillError> {
        let seed = read_or_make(home, SEED)?;
        let seal = read_or_make(home, SEAL)?;
        Ok(Self { signer: Signer::from_seed(&seed), seal: ChaCha20Poly1305::new(&Key::from(seal)) })
    }

    /// Signs heads.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Encrypts so that only this machine's key file opens it.
    ///
    /// # Errors
    /// [`TillError::Io`] without randomness.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, TillError> {
        let nonce = random::bytes::<12>()?;
        let sealed = self
            .seal
            .encrypt(&Nonce::from(nonce), plain)
            .map_err(|error| TillError::corrupt("keys", SEAL, error))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] made.
    ///
    /// # Errors
    /// [`TillError::Corrupt`] when it was changed, or sealed with another key.
    pub fn open_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>, TillError> {
        let wrong = || TillError::corrupt("keys", SEAL, "does not open with this machine's key");
        let (nonce, body) = sealed.split_first_chunk::<12>().ok_or_else(wrong)?;
        self.seal.decrypt(&Nonce::from(*nonce), body).map_err(|_| wrong())
    }

    /// Keeps the key that signs requests to the store.
    ///
    /// # Errors
    /// [`TillError::Io`].
    pub fn store_request_key(&self, home: &Home, key: &NewKey) -> Result<(), TillError> {
        let text =
            serde_json::to_vec(key).map_err(|error| TillError::corrupt("keys", REQUEST, error))?;
        home.store_key(REQUEST, &self.seal(&text)?)
    }

    /// The key that signs requests to the store.
    ///
    /// # Errors
    /// [`TillError::NotEnrolled`] without one, and where another machine sealed it.
    pub fn request_key(&self, home: &Home) -> Result<NewKey, TillError> {
        let sealed = home.key(REQUEST)?.ok_or(TillError::NotEnrolled)?;
        let key = self.open_sealed(&sealed).map_err(|_| TillError::NotEnrolled)?;
        serde_json::from_slice(&key).map_err(|error| TillError::corrupt("keys", REQUEST, error))
    }
}

fn read_or_make(home: &Home, name: &'static str) -> Result<[u8; 32], TillError> {
    if let Some(bytes) = home.key(name)? {
        return <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| TillError::corrupt("keys", name, "must have 32 bytes"));
    }
    let fresh = random::bytes::<32>()?;
    home.store_key(name, &fresh)?;
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_data_opens_only_unchanged_and_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let keys = Keys::open(&home).unwrap();
        let mut sealed = keys.seal(b"4711").unwrap();
        assert_eq!(keys.open_sealed(&sealed).unwrap(), b"4711");
        assert!(!sealed.windows(4).any(|part| part == b"4711"));
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(keys.open_sealed(&sealed).unwrap_err().code(), "ledger.damaged");
        assert!(keys.open_sealed(b"short").is_err());
    }

    #[test]
    fn keys_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let first = Keys::open(&home).unwrap();
        let key = NewKey { key_id: "k1".to_owned(), secret: daybook_sync::hash::Hash([7; 32]) };
        first.store_request_key(&home, &key).unwrap();
        let second = Keys::open(&home).unwrap();
        assert_eq!(first.signer().public_key(), second.signer().public_key());
        assert_eq!(second.request_key(&home).unwrap(), key);
    }
}
