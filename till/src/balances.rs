//! Gift cards and store credit at this till: new numbers, what may be taken from a number, and what the store has set aside.
//!
//! A tender from a balance rests on a hold of the store, or, while the store does not answer, on what this till itself
//! put on that number. Nobody else could have spent that before this till's entries arrived; afterwards another till
//! may have, and the store raises `balance.overspent`.

use crate::error::TillError;
use crate::ledger::Ledger;
use crate::random;
use crate::requests;
use crate::sell::basket_refused;
use daybook_domain::amount::{Minor, RatePpm};
use daybook_domain::balance::{Key, Medium, Number, NumberError};
use daybook_domain::basket::Basket;
use daybook_domain::catalogue::Snapshot;
use daybook_domain::clock::Moment;
use daybook_domain::document::{Document, Tender};
use daybook_domain::ids::Sku;
use daybook_domain::refund::balance_back;
use daybook_domain::tender::Offer;
use daybook_sync::message::{Request, RequestBody};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// What stands for a SKU on a line that sells a gift card.
const SKU: &str = "GIFT-CARD";
/// Name on the paper.
const NAME: &str = "Gift card";

/// What the store has set aside for a tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How much.
    pub amount: Minor,
    /// What is left of the balance beside it.
    pub left: Minor,
    /// Whether the time to take it is over.
    pub over: bool,
}

/// Reads a number as typed or scanned.
///
/// # Errors
/// Refused as `balance.number` or `balance.check_digit`.
pub fn number(text: &str) -> Result<Number, TillError> {
    let refused = |error: NumberError| TillError::refused(error.code(), error.to_string());
    Number::new(text).map_err(refused)
}

/// Reads which balance a number means. Cards that were printed elsewhere do not say what they are: they are gift cards.
///
/// # Errors
/// Those of [`number`].
pub fn key(text: &str) -> Result<Key, TillError> {
    let number = number(text)?;
    let medium = number.medium().unwrap_or(Medium::GiftCard);
    Ok(Key { medium, number: number.as_str().to_owned() })
}

/// A new number.
///
/// # Errors
/// [`TillError::Io`] when the system has no randomness to give.
pub fn new_number(medium: Medium) -> Result<Number, TillError> {
    Ok(Number::from_random(medium, u64::from_be_bytes(random::bytes::<8>()?)))
}

/// Puts a gift card with so much on it into a basket: one that carries its number, or a new one. Answers the line.
///
/// # Errors
/// Refused as `balance.number`, `balance.check_digit`, `balance.not_a_card`, `basket.…`.
pub fn add_card(
    basket: &mut Basket,
    amount: Minor,
    carried: Option<&str>,
) -> Result<u32, TillError> {
    let number = match carried.map(str::trim).filter(|number| !number.is_empty()) {
        Some(carried) => number(carried)?,
        None => new_number(Medium::GiftCard)?,
    };
    if number.medium() == Some(Medium::StoreCredit) {
        let message = "this is the number of a store credit, not of a gift card";
        return Err(TillError::refused("balance.not_a_card", message));
    }
    let item = Snapshot::open_item(Sku::new(SKU)?, NAME, RatePpm(0));
    basket.add_gift_card(item, &number, amount).map_err(|error| basket_refused(&error))
}

/// Asks the store to set so much aside; the answer comes with the next exchange.
///
/// # Errors
/// Refused as `store.offline`.
pub fn ask(conn: &Connection, now: Moment, key: &Key, amount: Minor) -> Result<Uuid, TillError> {
    requests::ensure_online(conn, now)?;
    let id = random::id(now.at_ms)?;
    let body = RequestBody::BalanceSpend {
        medium: key.medium.name().to_owned(),
        number: key.number.clone(),
        amount_minor: amount.0,
    };
    requests::put(conn, now, &Request::new(id, &body))?;
    Ok(id)
}

/// Gives back what was asked for, whether the store has answered yet or not.
///
/// # Errors
/// [`TillError::Database`].
pub fn give_up(conn: &Connection, now: Moment, request: Uuid) -> Result<(), TillError> {
    forget(conn, request)?;
    let body = RequestBody::BalanceRelease { hold: request };
    requests::put(conn, now, &Request::new(random::id(now.at_ms)?, &body))
}

/// Keeps what the store has set aside.
pub(crate) fn keep(
    conn: &Connection,
    request: Uuid,
    key: &Key,
    (amount, left): (Minor, Minor),
    asked: Moment,
    ttl_ms: i64,
) -> Result<(), TillError> {
    conn.prepare_cached(
        "INSERT INTO balance_hold (request, medium, number, amount_minor, left_minor, asked_at_ms,
             asked_mono_ms, asked_boot, ttl_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        request,
        key.medium.name(),
        key.number,
        amount.0,
        left.0,
        asked.at_ms,
        asked.mono_ms,
        asked.boot,
        ttl_ms
    ])?;
    Ok(())
}

/// It was spent, or given back.
pub(crate) fn forget(conn: &Connection, request: Uuid) -> Result<(), TillError> {
    conn.prepare_cached("DELETE FROM balance_hold WHERE request = ?1")?.execute([request])?;
    Ok(())
}

/// What the store has set aside under a request.
///
/// # Errors
/// [`TillError::Database`].
pub fn held(conn: &Connection, now: Moment, request: Uuid) -> Result<Option<Held>, TillError> {
    let row = conn
        .prepare_cached(
            "SELECT amount_minor, left_minor, asked_at_ms, asked_mono_ms, asked_boot, ttl_ms
             FROM balance_hold WHERE request = ?1",
        )?
        .query_row([request], |row| {
            let asked = Moment { at_ms: row.get(2)?, mono_ms: row.get(3)?, boot: row.get(4)? };
            let ttl_ms: i64 = row.get(5)?;
            Ok(Held {
                amount: Minor(row.get(0)?),
                left: Minor(row.get(1)?),
                // After a restart nobody knows how long it was.
                over: now.since(asked).is_none_or(|passed| passed >= ttl_ms),
            })
        })
        .optional()?;
    Ok(row)
}

/// What this till knows to be left on a number that it issued; nothing for all others.
///
/// # Errors
/// [`TillError::Database`].
pub fn known(conn: &Connection, key: &Key) -> Result<Option<Minor>, TillError> {
    let (issued, left): (bool, i64) = conn
        .prepare_cached(
            "SELECT coalesce(max(amount_minor > 0), 0), coalesce(sum(amount_minor), 0)
             FROM balance_change WHERE medium = ?1 AND number = ?2",
        )?
        .query_row([key.medium.name(), key.number.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(issued.then_some(Minor(left.max(0))))
}

/// Checks that the tenders of a sale rest on something, and ends the holds that they are taken from. Those of a sale that
/// happened elsewhere are taken as they are.
pub(crate) fn take(conn: &Connection, now: Moment, tenders: &[Tender]) -> Result<(), TillError> {
    for tender in tenders.iter().filter(|tender| tender.amount_minor.0 > 0) {
        let (Some(medium), Some(reference)) = (Medium::of(tender.tender_type), &tender.reference)
        else {
            continue;
        };
        let key = Key { medium, number: reference.clone() };
        let Some(request) = tender.hold else {
            covered(known(conn, &key)?, tender.amount_minor)?;
            continue;
        };
        let held = held(conn, now, request)?.filter(|held| !held.over);
        let held = held.ok_or_else(|| {
            let message = "the time to spend from this card or credit is over: take it again";
            TillError::refused("balance.hold_over", message)
        })?;
        covered(Some(held.amount), tender.amount_minor)?;
        forget(conn, request)?;
    }
    Ok(())
}

/// Whether an amount may be taken while the store does not answer.
pub(crate) fn covered(known: Option<Minor>, amount: Minor) -> Result<(), TillError> {
    match known {
        None => Err(TillError::refused(
            "balance.offline",
            "without asking the store, only what this till issued itself is taken",
        )),
        Some(left) if left < amount => {
            let message = format!("only {} minor units are left on it", left.0);
            Err(TillError::refused("balance.short", message).with("left_minor", left.0))
        }
        Some(_) => Ok(()),
    }
}

/// Names the balances that money goes back to: the one that it came from, or a new store credit.
pub(crate) fn name(
    offers: Vec<Offer>,
    original: Option<&Document>,
) -> Result<Vec<Offer>, TillError> {
    let named = offers.into_iter().map(|offer| {
        let medium = Medium::of(offer.tender_type).filter(|_| offer.reference.is_none());
        let Some(medium) = medium else { return Ok(offer) };
        let before = original.and_then(|original| balance_back(original, offer.tender_type));
        let reference = match (before, medium) {
            (Some(number), _) => Some(number.to_owned()),
            (None, Medium::StoreCredit) => Some(new_number(medium)?.as_str().to_owned()),
            (None, Medium::GiftCard) => None,
        };
        Ok(Offer { reference, ..offer })
    });
    named.collect()
}

/// What this till asked the store for and never took up, e.g. because the basket was lost with a backup, is given back.
///
/// # Errors
/// [`TillError::Database`].
pub fn give_up_all(ledger: &mut Ledger, now: Moment, but: &[Uuid]) -> Result<(), TillError> {
    let held: Vec<Uuid> = ledger
        .reader()
        .prepare_cached("SELECT request FROM balance_hold")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let stray: Vec<Uuid> = held.into_iter().filter(|request| !but.contains(request)).collect();
    if stray.is_empty() {
        return Ok(());
    }
    ledger.write_state(|conn| stray.iter().try_for_each(|request| give_up(conn, now, *request)))
}
