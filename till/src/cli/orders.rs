//! Web orders of this location.

use super::args::{Arguments, Order, OrderCommand};
use super::output::Output;
use super::session::{close, person, with_ledger, with_person};
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::orders::{self, OrderView, Parcel, Which};
use crate::requests::{self, RequestState};
use crate::sync_driver::{self, Until, locked};
use daybook_domain::ids::OrderId;
use daybook_sync::message::Outcome;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::sync::Mutex;

pub(super) fn order(
    arguments: &Arguments,
    order: &Order,
    output: &Output,
) -> Result<(), TillError> {
    match &order.command {
        OrderCommand::List { all } => {
            let which = if *all { Which::All } else { Which::Open };
            with_ledger(arguments, |ledger| {
                for view in orders::list(ledger.reader(), which)? {
                    output.line(&line("order", &view));
                }
                Ok(())
            })
        }
        OrderCommand::Show { order } => with_ledger(arguments, |ledger| {
            output.line(&line("order", &found(ledger.reader(), order)?));
            Ok(())
        }),
        OrderCommand::Pick { order } => with_person(arguments, |ledger, who| {
            let id = found(ledger.reader(), order)?.row.order;
            orders::pick(ledger, who, id)?;
            told(ledger, "picked", id, output)
        }),
        OrderCommand::HandOver { order } => with_person(arguments, |ledger, who| {
            let id = found(ledger.reader(), order)?.row.order;
            orders::hand_over(ledger, who, id)?;
            told(ledger, "handed_over", id, output)
        }),
        OrderCommand::Ship { order, tracking, carrier } => with_person(arguments, |ledger, who| {
            let id = found(ledger.reader(), order)?.row.order;
            let parcel = Parcel { carrier: carrier.clone(), tracking: tracking.clone() };
            orders::ship(ledger, who, id, &parcel)?;
            told(ledger, "shipped", id, output)
        }),
        OrderCommand::Cancel { order, reason } => cancel(arguments, order, reason, output),
    }
}

/// By id, or by the number that the customer shows.
fn found(conn: &Connection, which: &str) -> Result<OrderView, TillError> {
    match which.parse::<OrderId>() {
        Ok(id) => orders::detail(conn, id),
        Err(_) => orders::by_number(conn, which),
    }
}

fn told(ledger: &Ledger, event: &str, id: OrderId, output: &Output) -> Result<(), TillError> {
    output.line(&line(event, &orders::detail(ledger.reader(), id)?));
    Ok(())
}

fn line(event: &str, view: &OrderView) -> Value {
    let mut line = json!(view);
    if let Value::Object(fields) = &mut line {
        fields.insert("event".to_owned(), json!(event));
    }
    line
}

/// Asks the store and waits for its answer: only it knows whether the order can still be called off.
fn cancel(
    arguments: &Arguments,
    which: &str,
    reason: &str,
    output: &Output,
) -> Result<(), TillError> {
    let ledger = Mutex::new(Ledger::open(&arguments.data)?);
    let result = ask_and_wait(arguments, &ledger, which, reason);
    close(arguments, ledger.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    let view = result?;
    output.line(&line("cancelled", &view));
    Ok(())
}

fn ask_and_wait(
    arguments: &Arguments,
    ledger: &Mutex<Ledger>,
    which: &str,
    reason: &str,
) -> Result<OrderView, TillError> {
    exchange(ledger)?;
    let (order, request) = {
        let mut ledger = locked(ledger);
        let who = person(arguments, &mut ledger)?;
        let order = found(ledger.reader(), which)?.row.order;
        (order, orders::ask_cancel(&mut ledger, &who, order, reason)?)
    };
    exchange(ledger)?;
    let ledger = locked(ledger);
    match requests::state_of(ledger.reader(), request)? {
        Some(RequestState::Answered { outcome: Outcome::Refused { code } }) => {
            Err(TillError::refused(code, "the store refused to call the order off"))
        }
        Some(RequestState::Answered {
            outcome: Outcome::Done | Outcome::Granted { .. } | Outcome::Held { .. },
        }) => orders::detail(ledger.reader(), order),
        Some(RequestState::Waiting) | None => {
            Err(TillError::Unreachable("it has not answered yet".to_owned()))
        }
    }
}

pub(super) fn exchange(ledger: &Mutex<Ledger>) -> Result<(), TillError> {
    let (_wake, wakes) = tokio::sync::mpsc::unbounded_channel();
    sync_driver::run(ledger, Until::Idle, wakes, &mut |_, _| {}).map(|_| ())
}
