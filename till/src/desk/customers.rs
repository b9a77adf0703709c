//! Customers at the till.

use super::view::Customer;
use daybook_domain::feed::CustomerRow;

impl From<&CustomerRow> for Customer {
    fn from(row: &CustomerRow) -> Self {
        Self {
            id: row.customer.0,
            name: row.name.clone(),
            phone: row.phone.clone(),
            tax_id: row.tax_id.clone(),
        }
    }
}
