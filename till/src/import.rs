//! Selling the baskets of a file: idempotent by their source key, with the time of the data, shift by business day.

use crate::catalogue;
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::ledger::gate::Gate;
use crate::ledger::query::{self, By};
use crate::random;
use crate::sell::{Offers, SaleRequest, Sold, sell_after, snapshot};
use crate::shift::{self, Counted};
use crate::staff::Who;
use daybook_domain::amount::Minor;
use daybook_domain::basket::Basket;
use daybook_domain::basket::import::{ImportError, Record, RecordLine, parse};
use daybook_domain::catalogue::Snapshot;
use daybook_domain::document::TenderType;
use daybook_domain::entry::ShiftTotals;
use daybook_domain::ids::{CustomerId, DocumentId};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// A line of a file of baskets.
#[derive(Debug, Clone, Copy)]
pub struct FileLine<'a> {
    /// Which, from 1.
    pub no: usize,
    /// What stands there.
    pub text: &'a str,
}

/// A record that is in the ledger.
#[derive(Debug)]
pub struct Done {
    /// The key under which it is sold once.
    pub source: String,
    /// Its business day: that of its own time with `auto_shift`, else of the open shift.
    pub day: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a record.
#[derive(Debug)]
pub enum Outcome {
    /// Sold now.
    Sold(Box<Sold>),
    /// Sold before, under this number.
    Already(String),
}

/// Sells one line of a file. With `auto_shift` shifts open and close by the business day of the data, together with the
/// sale: a record that is refused leaves them as they were.
///
/// # Errors
/// [`TillError::BadInput`] names line and field; refused as `sell.conflict` for a record that was sold otherwise, and as a
/// sale is.
pub fn sell_record(
    ledger: &mut Ledger,
    who: &Who,
    line: FileLine<'_>,
    auto_shift: bool,
) -> Result<Done, TillError> {
    let at_line =
        |error: &dyn ToString| TillError::bad(format!("line {}", line.no), error.to_string());
    let record = parse(line.text).map_err(|error| at_line(&error))?;
    let source = source_key(&record);
    let who = Who { data_at_ms: record.at_ms, ..who.clone() };
    let day = if auto_shift {
        let settings = catalogue::settings(ledger.reader())?;
        Some(shift::day_of(&who, &settings).map_err(|error| at_line(&error))?.day)
    } else {
        ledger.live()?.shift.as_ref().map(|shift| shift.day.clone())
    };
    if let Some(number) = sold_before(ledger.reader(), &source, &record)? {
        return Ok(Done { source, day, outcome: Outcome::Already(number) });
    }
    let Some(day) = day else {
        return Err(TillError::refused("shift.none_open", "no shift is open"));
    };
    let at_ms = who.at_ms();
    let basket = basket(ledger.reader(), &record, at_ms, &day)?.map_err(|error| at_line(&error))?;
    let request = SaleRequest {
        id: DocumentId(random::id(at_ms)?),
        basket,
        happened: record.happened(),
        offers: Offers::OfRecord(Box::new(record)),
        buyer: None,
        customer: None::<CustomerId>,
        place_of_supply: None,
        note: None,
        gift_message: None,
        source: Some(source.clone()),
    };
    let sold = sell_after(ledger, &who, &request, |gate| {
        if auto_shift { turn_to(gate, &who, &day) } else { Ok(()) }
    });
    let sold = sold.map_err(|error| match error {
        error @ TillError::BadInput { .. } => at_line(&error),
        error => error,
    })?;
    Ok(Done { source, day: Some(day), outcome: Outcome::Sold(Box::new(sold)) })
}

/// The basket of a record as it can be sold.
fn basket(
    conn: &Connection,
    record: &Record,
    at_ms: i64,
    day: &str,
) -> Result<Result<Basket, ImportError>, TillError> {
    let mut failed = None;
    let find = |line: &RecordLine| -> Result<Option<Snapshot>, TillError> {
        // What is no longer sold may have been.
        let item = catalogue::item(conn, &line.sku)?;
        let item = item.filter(|item| !item.archived || line.given.is_some());
        item.map(|item| snapshot(conn, &item, at_ms, day)).transpose()
    };
    let basket = record.to_basket(|line| {
        find(line).unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(basket),
    }
}

/// The key under which a record is sold once. What divides its parts stands in none of them.
fn source_key(record: &Record) -> String {
    let part = |key: &str| key.replace('%', "%25").replace('/', "%2F");
    match &record.store {
        Some(store) => format!("{}/{}", part(store), part(&record.basket)),
        None => part(&record.basket),
    }
}

/// The number under which a record was sold, if it was, and as it says.
fn sold_before(
    conn: &Connection,
    source: &str,
    record: &Record,
) -> Result<Option<String>, TillError> {
    let Some(number) = query::number_of_source(conn, source)? else { return Ok(None) };
    // Of a document that the store told after a loss there is only the number.
    let stored = query::document(conn, By::Source(source))?;
    if stored.is_some_and(|stored| !record.is_of(&stored.sale.document)) {
        let message = format!("basket {source} was sold as {number} with other goods or amounts");
        return Err(TillError::refused("sell.conflict", message).with("number", number));
    }
    Ok(Some(number))
}

/// Closes the shift of another day, counted as expected, and opens one for the day of the data.
fn turn_to(gate: &mut Gate<'_>, who: &Who, day: &str) -> Result<(), TillError> {
    let open = gate.live().shift.as_ref().map(|shift| shift.day == day);
    if open == Some(true) {
        return Ok(());
    }
    if open.is_some() {
        // The whole ledger at each day of an import would take the square of it: what closes the last one verifies all.
        shift::close_in(gate, who, as_expected)?;
    }
    shift::open_in(gate, who, Minor::ZERO, BTreeMap::new())?;
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
    let counted = as_expected(&shift::totals(ledger)?);
    shift::close(ledger, who, counted, check)?;
    Ok(())
}

fn as_expected(totals: &ShiftTotals) -> Counted {
    let cash = totals.tenders.iter().find(|row| row.tender_type == TenderType::Cash);
    let expected = cash.map_or(Minor::ZERO, |row| row.expected_minor);
    // Coupons that exceeded their baskets can leave the drawer below nothing; nobody counts that.
    Counted {
        amounts: BTreeMap::from([(TenderType::Cash, expected.max(Minor::ZERO))]),
        reason: Some("counted as expected".to_owned()),
        ..Counted::default()
    }
}
