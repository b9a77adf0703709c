//! Fixed-size byte strings of the protocol, in JSON as lower-case hexadecimal text.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that is not the hexadecimal form of the expected number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {bytes} bytes as {} lower-case hexadecimal digits", bytes * 2)]
pub struct NotHex {
    /// What was expected.
    pub what: &'static str,
    /// How many bytes it has.
    pub bytes: usize,
}

macro_rules! hex_bytes {
    ($($(#[$doc:meta])* $name:ident, $len:literal, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Takes bytes of the right length, as a database returns them.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                <[u8; $len]>::try_from(bytes).ok().map(Self)
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                let error = NotHex { what: $what, bytes: $len };
                // One spelling only: the text is signed in places.
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(error);
                }
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| error)?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotHex;
            fn try_from(text: String) -> Result<Self, NotHex> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(bytes: $name) -> String {
                bytes.to_string()
            }
        }
    )*};
}

hex_bytes! {
    /// SHA-256 of something, usually of an entry on its chain.
    Hash, 32, "a hash";
    /// Ed25519 signature (RFC 8032).
    Signature, 64, "a signature";
    /// Ed25519 public key (RFC 8032).
    PublicKey, 32, "a public key";
}

impl Hash {
    /// SHA-256 over the parts, one after the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        use sha2::{Digest, Sha256};
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

impl PublicKey {
    /// Whether it is a point of the curve in its one spelling, and not one of the few with which anything verifies.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        // The prime of the field is 2^255 - 19, without the bit of the sign: ed ff … ff 7f.
        let [first, between @ .., last] = &self.0;
        let beyond =
            *first >= 0xed && between.iter().all(|byte| *byte == 0xff) && *last | 0x80 == 0xff;
        if beyond {
            return false;
        }
        ed25519_dalek::VerifyingKey::from_bytes(&self.0).is_ok_and(|key| !key.is_weak())
    }
}
