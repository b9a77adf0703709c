//! One-of-a-kind goods: whole at their home till, or kept for the web.

use super::{StockError, level};
use crate::args;
use crate::db::Tx;
use crate::tills::Till;
use daybook_domain::ids::{LocationId, Sku};

/// Makes a level one of a kind. Its home till alone gets a lease of it, and the whole of it; without one it is kept
/// for the web.
///
/// # Errors
/// [`StockError::NoLevel`], [`StockError::UnknownTill`] when no such till stands there, and of the database.
pub fn home(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    till: Option<&str>,
) -> Result<(), StockError> {
    if level::lock(tx, location, sku)?.is_none() {
        return Err(StockError::NoLevel { sku: sku.clone(), location: location.clone() });
    }
    let home = match till {
        None => None,
        Some(code) => {
            let found = Till::by_code(tx, code)?.filter(|till| till.location == *location);
            Some(found.ok_or_else(|| StockError::UnknownTill(code.to_owned()))?.till)
        }
    };
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE stock_level SET one_of_a_kind = 1, home_till = $4, version = version + 1
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![tenant, location, sku, home],
    )?;
    Ok(())
}
