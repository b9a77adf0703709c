//! What is reserved for an order, and where it was taken from.

use crate::args;
use crate::db::{DbError, Row, Tx};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::reservation::Pool;
use uuid::Uuid;

/// A reservation of an order.
#[derive(Debug, Clone)]
pub(super) struct ReservationRow {
    /// Id.
    pub id: Uuid,
    /// SKU.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How much.
    pub quantity_milli: Quantity,
    /// Where it was taken from.
    pub from: Pool,
    /// `held`, `deducted`, `released`, `expired`.
    pub state: String,
    /// End of the payment window, UTC milliseconds.
    pub expires_at_ms: i64,
}

/// The reservations of an order in the order of locking, in any state.
///
/// # Errors
/// [`DbError`].
pub(super) fn reservations(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<ReservationRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT reservation_id, sku, location_id, quantity_milli, from_allotment_milli, state, expires_at_ms
         FROM reservation WHERE tenant_id = $1 AND order_id = $2 ORDER BY location_id, sku",
        args![tenant, id],
    )?;
    let reservation = |row: &Row| {
        Ok(ReservationRow {
            id: row.uuid(0)?,
            sku: row.parsed(1, "reservation")?,
            location: row.parsed(2, "reservation")?,
            quantity_milli: Quantity(row.int(3)?),
            from: if row.int(4)? > 0 { Pool::Allotment } else { Pool::Free },
            state: row.text(5)?.to_owned(),
            expires_at_ms: row.opt_int(6)?.unwrap_or_default(),
        })
    };
    rows.iter().map(reservation).collect()
}

/// How many reservations are held now, for watching.
///
/// # Errors
/// [`DbError`].
pub fn open_reservations(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT count(*) FROM reservation WHERE tenant_id = $1 AND state = 'held'",
        args![tenant],
    )?;
    row.int(0)
}
