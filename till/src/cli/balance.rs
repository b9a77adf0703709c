//! `balance ask | drop`.

use super::args::{Arguments, BalanceCommand};
use super::orders::exchange;
use super::output::Output;
use super::session::{close, money, person};
use crate::balances;
use crate::catalogue;
use crate::clock;
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::requests::{self, RequestState};
use crate::sync_driver::locked;
use daybook_sync::message::Outcome;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

pub(super) fn balance(
    arguments: &Arguments,
    command: &BalanceCommand,
    output: &Output,
) -> Result<(), TillError> {
    let ledger = Mutex::new(Ledger::open(&arguments.data)?);
    let result = match command {
        BalanceCommand::Ask { number, amount } => ask(arguments, &ledger, number, amount),
        BalanceCommand::Drop { hold } => {
            let now = clock::now();
            let given_up = locked(&ledger)
                .write_state(|conn| balances::give_up(conn, now, *hold))
                .and_then(|()| exchange(&ledger));
            given_up.map(|()| json!({ "event": "dropped", "hold": hold }))
        }
    };
    close(arguments, ledger.into_inner().unwrap_or_else(PoisonError::into_inner));
    let line = result?;
    output.line(&line);
    Ok(())
}

/// Asks the store to set something aside, and waits for its answer.
fn ask(
    arguments: &Arguments,
    ledger: &Mutex<Ledger>,
    number: &str,
    amount: &str,
) -> Result<Value, TillError> {
    let key = balances::key(number)?;
    exchange(ledger)?;
    let request = {
        let mut ledger = locked(ledger);
        person(arguments, &mut ledger)?;
        let currency = catalogue::settings(ledger.reader())?.currency;
        let (now, amount) = (clock::now(), money("amount", amount, currency)?);
        ledger.write_state(|conn| balances::ask(conn, now, &key, amount))?
    };
    exchange(ledger)?;
    match requests::state_of(locked(ledger).reader(), request)? {
        Some(RequestState::Answered {
            outcome: Outcome::Held { amount_minor, left_minor, .. },
        }) => Ok(json!({
            "event": "held", "hold": request, "medium": key.medium, "number": key.number,
            "amount_minor": amount_minor, "left_minor": left_minor,
        })),
        Some(RequestState::Answered { outcome: Outcome::Refused { code } }) => {
            Err(TillError::refused(code, "the store refused to set it aside"))
        }
        Some(RequestState::Answered { .. } | RequestState::Waiting) | None => {
            Err(TillError::Unreachable("it has not answered yet".to_owned()))
        }
    }
}
