//! Settings, locations, staff and customers.

use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::Dirty;
use crate::master::{self, LOCATION_KINDS, ROLES, word};
use daybook_domain::feed::{CustomerRow, LocationRow, Settings, StaffRow};

pub(super) fn settings(tx: &mut Tx<'_>, settings: &Settings) -> Result<(), DbError> {
    master::set_named(tx, "settings", settings)?;
    tx.touch(Dirty::Settings);
    Ok(())
}

pub(super) fn location(tx: &mut Tx<'_>, row: &LocationRow) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let seller = serde_json::to_string(&row.seller)
        .map_err(|_| DbError::corrupt("location", &row.location))?;
    tx.execute(
        "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, location_id) DO UPDATE SET kind = excluded.kind, seller = excluded.seller, active = 1",
        args![tenant, row.location, *word(&LOCATION_KINDS, row.kind), seller],
    )?;
    tx.touch(Dirty::Location(row.location.clone()));
    Ok(())
}

pub(super) fn staff(tx: &mut Tx<'_>, row: &StaffRow) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO staff (tenant_id, staff_id, name, role, pin_hash, active) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, staff_id) DO UPDATE SET name = excluded.name, role = excluded.role,
             pin_hash = excluded.pin_hash, active = excluded.active",
        args![tenant, row.staff, row.name, *word(&ROLES, row.role), row.pin_hash, row.active],
    )?;
    tx.touch(Dirty::Staff(row.staff.clone()));
    Ok(())
}

/// A customer who was erased stays so.
pub(super) fn customer(tx: &mut Tx<'_>, row: &CustomerRow) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let written = tx.execute(
        "INSERT INTO customer (tenant_id, customer_id, name, phone, tax_id, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, customer_id) DO UPDATE SET name = excluded.name, phone = excluded.phone,
             tax_id = excluded.tax_id WHERE customer.erased_at_ms IS NULL",
        args![tenant, row.customer, row.name, row.phone, row.tax_id, now_ms],
    )?;
    if written > 0 {
        tx.touch(Dirty::Customer(row.customer));
    }
    Ok(())
}
