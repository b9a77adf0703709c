//! Selling the baskets of a file: idempotent by their source key, with the time of the data, shift by business day.

use crate::catalogue;
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::ledger::query;
use crate::random;
use crate::sell::{Offers, SaleRequest, Sold, sell, snapshot};
use crate::shift::{self, Counted};
use crate::staff::Who;
use daybook_domain::amount::Minor;
use daybook_domain::basket::import::{ImportError, Record, parse};
use daybook_domain::clock::shift_day;
use daybook_domain::document::TenderType;
use daybook_domain::ids::{CustomerId, DocumentId};
use std::collections::BTreeMap;

/// What became of a record.
#[derive(Debug)]
pub enum Outcome {
    /// Sold now.
    Sold(Box<Sold>),
    /// Sold before, under this number.
    Already(String),
}

/// Sells one line of a file. With `auto_shift` shifts open and close by the business day of the data.
///
/// # Errors
/// [`TillError::BadInput`] names line and field; refused as a sale is.
pub fn sell_record(
    ledger: &mut Ledger,
    who: &Who,
    text: &str,
    auto_shift: bool,
) -> Result<(String, Outcome), TillError> {
    let record = parse(text).map_err(|error| bad(&error))?;
    let source = source_key(&record);
    if let Some(number) = query::number_of_source(ledger.reader(), &source)? {
        return Ok((source, Outcome::Already(number)));
    }
    let who = Who { data_at_ms: record.at_ms, ..who.clone() };
    if auto_shift {
        shift_of_day(ledger, &who)?;
    }
    let day = match &ledger.live()?.shift {
        Some(shift) => shift.day.clone(),
        None => return Err(TillError::refused("shift.none_open", "no shift is open")),
    };
    let happened = record.lines.iter().any(|line| line.given.is_some());
    let at_ms = who.at_ms();
    let mut failed = None;
    let conn = ledger.reader();
    let basket = record.to_basket(|sku| {
        let found = catalogue::item(conn, sku)
            .and_then(|item| item.map(|item| snapshot(conn, &item, at_ms, &day)).transpose());
        found.unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let basket = basket.map_err(|error| bad(&error))?;
    let request = SaleRequest {
        id: DocumentId(random::id(at_ms)?),
        basket,
        offers: Offers::OfRecord(Box::new(record)),
        buyer: None,
        customer: None::<CustomerId>,
        place_of_supply: None,
        note: None,
        gift_message: None,
        source: Some(source.clone()),
        happened,
    };
    let sold = sell(ledger, &who, &request)?;
    Ok((source, Outcome::Sold(Box::new(sold))))
}

/// The key under which a record is sold once.
fn source_key(record: &Record) -> String {
    match &record.store {
        Some(store) => format!("{store}/{}", record.basket),
        None => record.basket.clone(),
    }
}

fn bad(error: &ImportError) -> TillError {
    TillError::bad("basket", error)
}

/// Closes the shift of another day, counted as expected, and opens one for the day of the data.
fn shift_of_day(ledger: &mut Ledger, who: &Who) -> Result<(), TillError> {
    let settings = catalogue::settings(ledger.reader())?;
    let month = settings.fiscal_year_start_month;
    let day = shift_day(who.at_ms(), settings.offset_min, month)
        .map_err(|error| TillError::bad("at", error))?;
    let open = ledger.live()?.shift.as_ref().map(|shift| shift.day.clone());
    if open.as_ref() == Some(&day.day) {
        return Ok(());
    }
    if open.is_some() {
        // The whole ledger at each day of an import would take the square of it: what closes the last one verifies all.
        close_as_expected(ledger, who, None)?;
    }
    shift::open(ledger, who, Minor::ZERO, BTreeMap::new())?;
    Ok(())
}

/// Closes the open shift with what the records expect: nobody counts what happened elsewhere. With `check` the whole
/// ledger is verified before.
///
/// # Errors
/// As [`shift::close`].
pub fn close_as_expected(
    ledger: &mut Ledger,
    who: &Who,
    check: Option<&mut dyn FnMut(i64)>,
) -> Result<(), TillError> {
    let totals = shift::totals(ledger)?;
    let cash = totals.tenders.iter().find(|row| row.tender_type == TenderType::Cash);
    let expected = cash.map_or(Minor::ZERO, |row| row.expected_minor);
    // Coupons that exceeded their baskets can leave the drawer below nothing; nobody counts that.
    let counted = Counted {
        amounts: BTreeMap::from([(TenderType::Cash, expected.max(Minor::ZERO))]),
        reason: Some("counted as expected".to_owned()),
        ..Counted::default()
    };
    shift::close(ledger, who, counted, check)?;
    Ok(())
}
