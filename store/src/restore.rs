//! What a store does after a restore: a new epoch, and patience until every till has spoken.

mod in_place;

pub use in_place::{RestoreError, restore, settle};

use crate::args;
use crate::counter;
use crate::db::{DbError, Tx};
use crate::enrol::TILLS;
use crate::leases;
use crate::tenant::{self, Tenant};

/// Numbers of tills that a restored store leaves out, for those that were enrolled after its backup: a code stands on
/// their documents.
const TILLS_SKIPPED: i64 = 100;

/// Begins a new epoch after a restore: another number series, the end of all leases, and no grants until every till has
/// spoken.
///
/// # Errors
/// [`DbError`].
pub fn begin_epoch(tx: &mut Tx<'_>, epoch_before: i64) -> Result<Tenant, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tenant))?;
    let epoch = business.epoch.max(epoch_before) + 1;
    tx.execute(
        "UPDATE store_state SET epoch = $2, series = $3, frozen = 1, restored_at_ms = $4 WHERE tenant_id = $1",
        args![tenant, epoch, format!("W{epoch}"), now_ms],
    )?;
    leases::begin_epoch(tx, epoch)?;
    counter::skip(tx, TILLS, TILLS_SKIPPED)?;
    // Without a till there is nobody to wait for.
    thaw(tx)?;
    tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tenant))
}

/// Ends the patience when each till has spoken in this epoch, with nothing left unsent, or was retired.
///
/// # Errors
/// [`DbError`].
pub fn thaw(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE store_state SET frozen = 0
         WHERE tenant_id = $1 AND frozen = 1 AND NOT EXISTS (
             SELECT 1 FROM till t WHERE t.tenant_id = $1 AND t.state <> 'retired'
                AND (t.spoke_epoch IS NULL OR t.spoke_epoch < store_state.epoch))",
        args![tenant],
    )?;
    Ok(())
}
