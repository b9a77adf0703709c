//! What a person must decide: oversold stock, a number printed twice, a sale refunded twice.

use crate::args;
use crate::db::{DbError, Row, Tx};
use daybook_domain::ids::{LocationId, OrderId, Sku};
use serde::Serialize;
use uuid::Uuid;

/// Something to raise. A second cause of the same kind about the same subject adds nothing while the first is open.
#[derive(Debug, Clone, Default)]
pub struct Raised {
    /// Stable kind, e.g. `stock.oversold`.
    pub kind: &'static str,
    /// What it is about, e.g. `stock/<location>/<sku>`.
    pub subject: String,
    /// Where.
    pub location: Option<LocationId>,
    /// What.
    pub sku: Option<Sku>,
    /// Which till.
    pub till: Option<Uuid>,
    /// Which document.
    pub document: Option<Uuid>,
    /// Which order.
    pub order: Option<OrderId>,
    /// For a person, with the figures.
    pub detail: String,
}

/// Raises an exception unless it is open already.
///
/// # Errors
/// [`DbError`].
pub fn raise(tx: &mut Tx<'_>, raised: &Raised) -> Result<(), DbError> {
    let (tenant, now_ms, id) = (tx.tenant(), tx.now_ms(), tx.new_id());
    tx.execute(
        "INSERT INTO exception (tenant_id, exception_id, kind, subject, location_id, sku, till_id, document_id, order_id,
             detail, opened_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (tenant_id, kind, subject) WHERE resolved_at_ms IS NULL DO NOTHING",
        args![
            tenant,
            id,
            raised.kind,
            raised.subject,
            raised.location,
            raised.sku,
            raised.till,
            raised.document,
            raised.order,
            raised.detail,
            now_ms
        ],
    )?;
    Ok(())
}

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Id.
    pub id: Uuid,
    /// Kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// For a person.
    pub detail: String,
    /// UTC milliseconds.
    pub opened_at_ms: i64,
    /// Who decided, when it is no longer open.
    pub resolved_by: Option<String>,
    /// What was decided.
    pub resolution: Option<String>,
}

/// Lists exceptions, oldest first; the open ones only unless `all`.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &mut Tx<'_>, all: bool) -> Result<Vec<Exception>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT exception_id, kind, subject, detail, opened_at_ms, resolved_by, resolution FROM exception
         WHERE tenant_id = $1 AND (resolved_at_ms IS NULL OR CAST($2 AS BIGINT) = 1)
         ORDER BY opened_at_ms, exception_id",
        args![tenant, all],
    )?;
    rows.iter().map(exception).collect()
}

fn exception(row: &Row) -> Result<Exception, DbError> {
    Ok(Exception {
        id: row.uuid(0)?,
        kind: row.text(1)?.to_owned(),
        subject: row.text(2)?.to_owned(),
        detail: row.text(3)?.to_owned(),
        opened_at_ms: row.int(4)?,
        resolved_by: row.opt_text(5)?.map(str::to_owned),
        resolution: row.opt_text(6)?.map(str::to_owned),
    })
}

/// Closes the open exception of a kind about a subject, where there is one: its cause is gone.
///
/// # Errors
/// [`DbError`].
pub fn close(
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
    by: &str,
    resolution: &str,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE exception SET resolved_at_ms = $4, resolved_by = $5, resolution = $6
         WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND resolved_at_ms IS NULL",
        args![tenant, *kind, *subject, now_ms, *by, *resolution],
    )?;
    Ok(())
}

/// Closes an open exception with what a person decided. `false` when there is no such open one.
///
/// # Errors
/// [`DbError`].
pub fn resolve(tx: &mut Tx<'_>, id: Uuid, by: &str, resolution: &str) -> Result<bool, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let changed = tx.execute(
        "UPDATE exception SET resolved_at_ms = $3, resolved_by = $4, resolution = $5
         WHERE tenant_id = $1 AND exception_id = $2 AND resolved_at_ms IS NULL",
        args![tenant, id, now_ms, by, resolution],
    )?;
    Ok(changed == 1)
}
