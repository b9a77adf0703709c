//! Customers at the till.

use super::view::Customer;
use super::{Desk, Fault};
use crate::customer::{self, NewCustomer};
use daybook_domain::feed::CustomerRow;

/// How many customers a search shows.
const FOUND_MAX: usize = 20;

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

impl Desk {
    /// Customers by telephone number or name.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn find_customers(&self, query: &str) -> Result<Vec<Customer>, Fault> {
        self.look(|conn| {
            let found = customer::find(conn, query, FOUND_MAX)?;
            Ok(found.iter().map(Customer::from).collect())
        })
    }

    /// The customer with this telephone number, entered if nobody has it.
    ///
    /// # Errors
    /// `customer.phone`, `gstin.…`, `input.invalid`.
    pub fn create_customer(
        &self,
        name: String,
        phone: String,
        tax_id: Option<String>,
    ) -> Result<Customer, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            let new = NewCustomer { name, phone, tax_id };
            let (row, topics) = customer::find_or_create(turn.ledger, &who, &new)?;
            turn.changed(topics);
            Ok(Customer::from(&row))
        })
    }
}
