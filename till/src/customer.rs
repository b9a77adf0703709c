//! Customers at the till: found by telephone or name, entered offline, told to the store with the next exchange.

use crate::catalogue;
use crate::error::TillError;
use crate::feed;
use crate::ledger::{Ledger, Topic, Topics};
use crate::random;
use crate::search::fold;
use crate::staff::Who;
use daybook_domain::entry::{CustomerCreated, Fact};
use daybook_domain::feed::CustomerRow;
use daybook_domain::gstin;
use daybook_domain::ids::CustomerId;
use phonenumber::Mode;
use phonenumber::country::Id as Country;
use rusqlite::Connection;
use serde_json::json;

/// Most numbers that begin alike and are looked at.
const PHONES_MAX: usize = 1_000;

/// Longest name, characters.
pub const NAME_CHARS_MAX: usize = 120;

/// Customers whose telephone number holds the digits of the query, or whose name holds its words, by name.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn find(conn: &Connection, query: &str, limit: usize) -> Result<Vec<CustomerRow>, TillError> {
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    // A number may be typed with the national prefix that its international form lacks.
    let digits = digits.trim_start_matches('0');
    let folded = fold(query.trim());
    let words: Vec<&str> = folded.split_whitespace().collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let by_phone = digits.len() >= 3 && !folded.chars().any(char::is_alphabetic);
    if by_phone {
        return feed::customers_by_phone(conn, digits, limit);
    }
    let mut found: Vec<CustomerRow> = feed::rows(conn, "customer/")?;
    found.retain(|row| {
        let name = fold(&row.name);
        words.iter().all(|word| name.contains(word))
    });
    found.sort_by_cached_key(|row| fold(&row.name));
    found.truncate(limit);
    Ok(found)
}

/// A telephone number in its international form (E.164), read as people of the shop's country write it.
///
/// # Errors
/// Refused as `customer.phone`.
pub fn phone(text: &str, jurisdiction: &str) -> Result<String, TillError> {
    let country = match jurisdiction {
        "IN" => Some(Country::IN),
        "GB" => Some(Country::GB),
        "US" => Some(Country::US),
        "AE" => Some(Country::AE),
        "SA" => Some(Country::SA),
        _ => None,
    };
    let wrong = || TillError::refused("customer.phone", "this is no telephone number");
    let number = phonenumber::parse(country, text.trim()).map_err(|_| wrong())?;
    if !phonenumber::is_valid(&number) {
        return Err(wrong());
    }
    Ok(number.format().mode(Mode::E164).to_string())
}

/// A customer as entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// Name.
    pub name: String,
    /// Telephone number as written.
    pub phone: String,
    /// Tax registration.
    pub tax_id: Option<String>,
}

/// The customer with this telephone number: the one that is known here, else a new one. The personal data stand beside
/// the entry, where they can be erased.
///
/// # Errors
/// Refused as `customer.phone`, `gstin.…`; [`TillError::BadInput`] for the name.
pub fn find_or_create(
    ledger: &mut Ledger,
    who: &Who,
    new: &NewCustomer,
) -> Result<(CustomerRow, Topics), TillError> {
    let jurisdiction = catalogue::settings(ledger.reader())?.jurisdiction;
    let phone = phone(&new.phone, &jurisdiction)?;
    let known = feed::customers_by_phone(ledger.reader(), &phone, PHONES_MAX)?;
    // A longer number may hold this one.
    if let Some(known) = known.into_iter().find(|row| row.phone.as_ref() == Some(&phone)) {
        return Ok((known, Topics::new()));
    }
    let name = new.name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if !fits || name.chars().any(char::is_control) {
        return Err(TillError::bad("name", format!("must have 1 to {NAME_CHARS_MAX} characters")));
    }
    let tax_id = new.tax_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    if let (Some(id), "IN") = (tax_id, jurisdiction.as_str()) {
        gstin::check(id).map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    }
    let row = CustomerRow {
        customer: CustomerId(random::id(who.at_ms())?),
        name: name.to_owned(),
        phone: Some(phone),
        tax_id: tax_id.map(str::to_owned),
    };
    // The id stands in the sidecar too: whoever erases the customer finds it by that.
    let sidecar = json!({
        "customer": row.customer, "name": row.name, "phone": row.phone, "tax_id": row.tax_id,
    });
    let fact = Fact::CustomerCreated(CustomerCreated { customer: row.customer });
    let ((), topics) = ledger.write(who.act(), |gate| {
        gate.append_with(&fact, Some(&sidecar.to_string()))?;
        feed::put_customer(gate.conn(), &row)?;
        gate.touch(Topic::Catalogue);
        Ok(())
    })?;
    Ok((row, topics))
}
