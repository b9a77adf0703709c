//! What the store does by itself, again and again. Each round is a few short use-cases.

use crate::db::DbError;
use crate::gate::Gate;
use crate::orders::{self, OrderError};
use crate::{import, leases, restore, stock};

/// How often a server runs a round.
pub const EVERY_SECONDS: u64 = 10;
/// Things handled by one transaction, so that it stays short.
const AT_ONCE: i64 = 100;

/// Runs one round: expired leases are put in doubt, unpaid orders end, allotments that every till has seen take
/// effect, a broken-off import is carried on, and a restored store stops waiting when it may.
///
/// # Errors
/// [`DbError`]; the next round tries again.
pub fn round(gate: &Gate) -> Result<(), DbError> {
    while gate.write(|tx| leases::expire(tx, AT_ONCE))? > 0 {}
    while gate.write(|tx| orders::expire(tx, AT_ONCE)).map_err(of_order)? > 0 {}
    while gate.write(|tx| stock::settle(tx, AT_ONCE))? > 0 {}
    import::resume(gate, &mut |_| {})?;
    gate.write(restore::thaw)
}

/// Only the database stops a job; an order that breaks a rule is a corrupt row.
fn of_order(error: OrderError) -> DbError {
    match error {
        OrderError::Db(error) => error,
        other => DbError::corrupt("web_order", other),
    }
}
