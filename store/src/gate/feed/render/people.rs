//! Settings, locations, staff, customers.

use super::Rendered;
use crate::args;
use crate::db::{DbError, Tx};
use daybook_domain::document::Party;
use daybook_domain::feed::{CustomerRow, LocationKind, LocationRow, Role, StaffRow};
use daybook_domain::ids::{CustomerId, LocationId, StaffId};

pub(super) fn settings(tx: &mut Tx<'_>) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT value FROM setting WHERE tenant_id = $1 AND name = 'settings'",
        args![tenant],
    )?;
    let value = row.map(|row| row.text(0).map(str::to_owned)).transpose()?;
    Ok(Rendered { key: "settings".to_owned(), scope: String::new(), value })
}

pub(super) fn location(tx: &mut Tx<'_>, location: &LocationId) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT kind, seller FROM location WHERE tenant_id = $1 AND location_id = $2 AND active = 1",
        args![tenant, location],
    )?;
    let value = row
        .map(|row| {
            let corrupt = |_| DbError::corrupt("location", location);
            Ok::<_, DbError>(LocationRow {
                location: location.clone(),
                kind: match row.text(0)? {
                    "warehouse" => LocationKind::Warehouse,
                    _ => LocationKind::Shop,
                },
                seller: serde_json::from_str::<Party>(row.text(1)?).map_err(corrupt)?,
            })
        })
        .transpose()?;
    Rendered::of(format!("location/{location}"), String::new(), value.as_ref())
}

pub(super) fn staff(tx: &mut Tx<'_>, staff: &StaffId) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT name, role, pin_hash, active FROM staff WHERE tenant_id = $1 AND staff_id = $2",
        args![tenant, staff],
    )?;
    let value = row
        .map(|row| {
            Ok::<_, DbError>(StaffRow {
                staff: staff.clone(),
                name: row.text(0)?.to_owned(),
                role: match row.text(1)? {
                    "cashier" => Role::Cashier,
                    "manager" => Role::Manager,
                    "admin" => Role::Admin,
                    _ => return Err(DbError::corrupt("staff", staff)),
                },
                pin_hash: row.text(2)?.to_owned(),
                active: row.bool(3)?,
            })
        })
        .transpose()?;
    Rendered::of(format!("staff/{staff}"), String::new(), value.as_ref())
}

pub(super) fn customer(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT name, phone, tax_id FROM customer
         WHERE tenant_id = $1 AND customer_id = $2 AND erased_at_ms IS NULL",
        args![tenant, customer],
    )?;
    let value = row
        .map(|row| {
            Ok::<_, DbError>(CustomerRow {
                customer,
                name: row.text(0)?.to_owned(),
                phone: row.opt_text(1)?.map(str::to_owned),
                tax_id: row.opt_text(2)?.map(str::to_owned),
            })
        })
        .transpose()?;
    Rendered::of(format!("customer/{customer}"), String::new(), value.as_ref())
}
