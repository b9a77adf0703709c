//! What the store does by itself, again and again. Each round is a few short use-cases.

use crate::db::DbError;
use crate::gate::Gate;
use crate::leases;
use crate::restore;

/// How often a server runs a round.
pub const EVERY_SECONDS: u64 = 10;
/// Things handled by one transaction, so that it stays short.
const AT_ONCE: i64 = 100;

/// Runs one round: expired leases are put in doubt, and a restored store stops waiting when it may.
///
/// # Errors
/// [`DbError`]; the next round tries again.
pub fn round(gate: &Gate) -> Result<(), DbError> {
    while gate.write(|tx| leases::expire(tx, AT_ONCE))? > 0 {}
    gate.write(restore::thaw)
}
