//! Histories of tills that part from each other: both are kept, a person says what became of it.

use crate::args;
use crate::db::{DbError, Tx};
use serde::Serialize;

/// A history that parts from the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fork {
    /// Short code of the till.
    pub till: String,
    /// Incarnation.
    pub incarnation: u32,
    /// Number of the branch.
    pub branch: i64,
    /// First number that differs.
    pub from_seq: i64,
    /// Last number held of the branch.
    pub through_seq: i64,
    /// UTC milliseconds.
    pub found_at_ms: i64,
    /// What was decided, when it was.
    pub resolution: Option<String>,
}

/// All of them, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Fork>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT t.code, b.incarnation, b.branch_no, b.from_seq, b.through_seq, b.found_at_ms, b.resolution
         FROM journal_branch b JOIN till t ON t.tenant_id = b.tenant_id AND t.till_id = b.till_id
         WHERE b.tenant_id = $1 ORDER BY b.found_at_ms, t.code, b.incarnation, b.branch_no",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Fork {
                till: row.text(0)?.to_owned(),
                incarnation: row.u32(1)?,
                branch: row.int(2)?,
                from_seq: row.int(3)?,
                through_seq: row.int(4)?,
                found_at_ms: row.int(5)?,
                resolution: row.opt_text(6)?.map(str::to_owned),
            })
        })
        .collect()
}

/// What a person decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Who.
    pub by: String,
    /// What.
    pub resolution: String,
}

/// Notes what was decided. `false` when there is no such open fork.
///
/// # Errors
/// [`DbError`].
pub fn resolve(
    tx: &mut Tx<'_>,
    till: &str,
    incarnation: u32,
    branch: i64,
    decision: &Decision,
) -> Result<bool, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let changed = tx.execute(
        "UPDATE journal_branch SET resolved_at_ms = $5, resolved_by = $6, resolution = $7
         WHERE tenant_id = $1 AND incarnation = $3 AND branch_no = $4 AND resolved_at_ms IS NULL
           AND till_id = (SELECT till_id FROM till WHERE tenant_id = $1 AND code = $2)",
        args![tenant, till, incarnation, branch, now_ms, decision.by, decision.resolution],
    )?;
    Ok(changed == 1)
}
