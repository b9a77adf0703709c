//! Feed rows from the tables.

mod catalogue;
mod order;
mod people;
mod stock;

use super::Dirty;
use crate::db::{DbError, Tx};
use serde::Serialize;

/// A row of the feed before it has its number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) key: String,
    pub(super) scope: String,
    /// JSON, or nothing for a deletion.
    pub(super) value: Option<String>,
}

impl Rendered {
    fn of<T: Serialize>(key: String, scope: String, value: Option<&T>) -> Result<Self, DbError> {
        let json = value.map(serde_json::to_string).transpose();
        let value = json.map_err(|_| DbError::corrupt("feed_row", &key))?;
        Ok(Self { key, scope, value })
    }
}

/// One row for each key, in the order of the keys.
pub(super) fn render_all(tx: &mut Tx<'_>, keys: &[Dirty]) -> Result<Vec<Rendered>, DbError> {
    let mut levels = stock::levels(tx, keys)?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        rows.push(match key {
            Dirty::Settings => people::settings(tx)?,
            Dirty::Location(location) => people::location(tx, location)?,
            Dirty::Staff(staff) => people::staff(tx, staff)?,
            Dirty::Customer(customer) => people::customer(tx, *customer)?,
            Dirty::TaxClass(class) => catalogue::tax_class(tx, class)?,
            Dirty::Item(sku) => catalogue::item(tx, sku)?,
            Dirty::Order(order) => order::order(tx, *order)?,
            Dirty::Stock(location, sku) => {
                let level = levels.remove(&(location.clone(), sku.clone()));
                Rendered::of(
                    format!("stock/{location}/{sku}"),
                    location.to_string(),
                    level.as_ref(),
                )?
            }
            Dirty::Ack { key, till, value } => {
                Rendered { key: key.clone(), scope: till.to_string(), value: Some(value.clone()) }
            }
        });
    }
    Ok(rows)
}
