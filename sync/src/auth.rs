//! Requests carry an HMAC-SHA-256 over method, path, body and session, so that a thief of the wire can neither
//! change nor make one. A replay is harmless because every request is idempotent; no clock is involved.

use crate::hash::Hash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Header with the till id, hyphenated lower-case UUID.
pub const HEADER_TILL: &str = "daybook-till";
/// Header with the id of the request key.
pub const HEADER_KEY: &str = "daybook-key";
/// Header with the session, the same text as in the body; may be empty.
pub const HEADER_SESSION: &str = "daybook-session";
/// Header with the MAC, hex.
pub const HEADER_MAC: &str = "daybook-mac";

/// Path of an exchange.
pub const PATH_EXCHANGE: &str = "/sync/v1/exchange";
/// Path of an enrolment.
pub const PATH_ENROL: &str = "/sync/v1/enrol";
/// Path of a request for a new incarnation.
pub const PATH_INCARNATION: &str = "/sync/v1/incarnation";
/// Path of a download of entries.
pub const PATH_ENTRIES: &str = "/sync/v1/entries";

const REQUEST_TAG: &str = "daybook/request/v1";

/// What a MAC covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// HTTP method in capitals.
    pub method: &'a str,
    /// Path without host and query.
    pub path: &'a str,
    /// Body as sent, compressed if it is.
    pub body: &'a [u8],
    /// Value of the session header.
    pub session: &'a str,
}

impl Signed<'_> {
    /// The MAC as it stands in the header.
    #[must_use]
    pub fn mac(&self, secret: &[u8]) -> String {
        hex::encode(self.hmac(secret).finalize().into_bytes())
    }

    /// Compares in constant time.
    #[must_use]
    pub fn verify(&self, secret: &[u8], mac: &str) -> bool {
        hex::decode(mac).is_ok_and(|mac| self.hmac(secret).verify_slice(&mac).is_ok())
    }

    fn hmac(&self, secret: &[u8]) -> Hmac<Sha256> {
        let mut hmac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        let digest = Hash::of(&[self.body]).to_string();
        for part in [REQUEST_TAG, self.method, self.path, &digest, self.session] {
            hmac.update(part.as_bytes());
            hmac.update(b"\n");
        }
        hmac
    }
}
