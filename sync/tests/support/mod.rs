//! A store and a till in memory around the real protocol code.
#![allow(dead_code, reason = "each test file uses its part of the actors")]
#![expect(clippy::unwrap_used, reason = "actors of tests")]

pub(crate) mod rules;
pub(crate) mod store;
pub(crate) mod till;
pub(crate) mod world;

use daybook_sync::frame::Signer;
use uuid::Uuid;

pub(crate) const TENANT: Uuid = Uuid::from_u128(0xd00d_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const TILL: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const ON_HAND: i64 = 1_000_000;

pub(crate) fn till_signer() -> Signer {
    Signer::from_seed(&[7; 32])
}

pub(crate) fn store_signer() -> Signer {
    Signer::from_seed(&[9; 32])
}

/// What an entry sells, read from its bytes: `sold 3 as 7`, or an entry with movements of SKU `A`.
pub(crate) fn sold(bytes: &[u8]) -> i64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    if let Some(rest) = text.strip_prefix("sold ") {
        return rest.split_whitespace().next().unwrap().parse().unwrap();
    }
    let entry: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let moves = entry["body"]["movements"].as_array().cloned().unwrap_or_default();
    moves.iter().map(|one| -one["quantity_milli"].as_i64().unwrap()).sum()
}
