//! Leases: asked for in the exchange, kept with the moment before they were asked for.

use crate::error::TillError;
use crate::ledger::{Ledger, Standing, state};
use crate::random;
use crate::requests::{self, Asked};
use crate::stock;
use daybook_domain::amount::Quantity;
use daybook_domain::clock::Moment;
use daybook_domain::ids::Sku;
use daybook_sync::limits::REQUESTS_MAX;
use daybook_sync::message::{Outcome, Request, RequestBody};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Largest lease that a till asks for by itself, thousandths; the store gives what it thinks right.
const WISH_MILLI: i64 = 5_000;

/// Asks for the right to sell so much of a SKU offline; the answer comes with the next exchange.
///
/// # Errors
/// [`TillError::NotEnrolled`], [`TillError::BadInput`].
pub fn ask_lease(
    ledger: &mut Ledger,
    now: Moment,
    sku: &Sku,
    quantity: Quantity,
) -> Result<Uuid, TillError> {
    if quantity.0 <= 0 || quantity.0 % 1000 != 0 {
        return Err(TillError::bad("quantity", "a lease is of whole units, at least one"));
    }
    let body = RequestBody::LeaseAcquire {
        sku: sku.to_string(),
        location: ledger.identity()?.location.to_string(),
        quantity_milli: quantity.0,
    };
    let id = random::id(now.at_ms)?;
    ledger.write_state(|conn| requests::put(conn, now, &Request::new(id, &body)))?;
    Ok(id)
}

/// Gives what is left of all leases back with the next exchange; nothing is sold under them from now on.
///
/// # Errors
/// [`TillError::NotEnrolled`].
pub fn release_leases(ledger: &mut Ledger, now: Moment) -> Result<usize, TillError> {
    ledger.identity()?;
    ledger.write_state(|conn| {
        let fences = conn
            .prepare_cached("SELECT fence FROM lease ORDER BY fence LIMIT 50")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        for fence in &fences {
            let body = RequestBody::LeaseRelease { fence: *fence };
            requests::put(conn, now, &Request::new(random::id(now.at_ms)?, &body))?;
            conn.execute("DELETE FROM lease WHERE fence = ?1", [fence])?;
        }
        Ok(fences.len())
    })
}

/// Asks for what is free of pooled-strict stock here and not leased yet: without a lease it cannot be sold offline.
/// What was refused is asked for again only when its level has changed.
pub(super) fn ask_for_pooled(ledger: &mut Ledger, now: Moment) -> Result<(), TillError> {
    if ledger.standing() != Standing::Ready {
        return Ok(());
    }
    let location = ledger.identity()?.location.clone();
    let incarnation = ledger.live()?.journal.incarnation;
    let conn = ledger.reader();
    let refused: BTreeMap<String, i64> = state::get(conn, "lease_refused")?.unwrap_or_default();
    let asked = asked_skus(conn)?;
    let mut statement = conn.prepare_cached(
        "SELECT sku, feed FROM stock
         WHERE location = ?1 AND policy = 'pooled_strict'
           AND on_hand_milli - leased_milli - in_doubt_milli - reserved_milli - allotted_milli
               >= 1000",
    )?;
    let rows = statement
        .query_map([location.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, i64)>, _>>()?;
    drop(statement);
    let mut wanted = Vec::new();
    for (sku, feed) in rows {
        if asked.contains(&sku) || refused.get(&sku) == Some(&feed) {
            continue;
        }
        let sku = Sku::new(sku)?;
        if stock::held_leases(conn, &location, &sku, now, incarnation)?.is_empty() {
            wanted.push(sku);
        }
    }
    wanted.truncate(REQUESTS_MAX.saturating_sub(asked.len()));
    if wanted.is_empty() {
        return Ok(());
    }
    ledger.write_state(|conn| {
        for sku in &wanted {
            let body = RequestBody::LeaseAcquire {
                sku: sku.to_string(),
                location: location.to_string(),
                quantity_milli: WISH_MILLI,
            };
            requests::put(conn, now, &Request::new(random::id(now.at_ms)?, &body))?;
        }
        Ok(())
    })
}

/// Takes the outcome of a request for a lease.
pub(super) fn take_outcome(
    conn: &Connection,
    id: Uuid,
    asked: &Asked,
    outcome: &Outcome,
) -> Result<(), TillError> {
    let RequestBody::LeaseAcquire { sku, location, .. } = &asked.body else { return Ok(()) };
    match outcome {
        Outcome::Granted { fence, quantity_milli, ttl_ms } => {
            let incarnation: u32 = conn.query_row(
                "SELECT incarnation FROM incarnation ORDER BY ord DESC LIMIT 1",
                [],
                |row| row.get(0),
            )?;
            conn.prepare_cached(
                "INSERT INTO lease (request, fence, incarnation, location, sku, quantity_milli,
                     asked_at_ms, asked_mono_ms, asked_boot, ttl_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                id,
                fence,
                incarnation,
                location,
                sku,
                quantity_milli,
                asked.at.at_ms,
                asked.at.mono_ms,
                asked.at.boot,
                ttl_ms
            ])?;
            Ok(())
        }
        Outcome::Refused { .. } => note_refused(conn, location, sku),
        Outcome::Done | Outcome::Held { .. } => Ok(()),
    }
}

/// Gives every lease up: nothing is sold under one from now on.
pub(super) fn drop_all(conn: &Connection) -> Result<(), TillError> {
    conn.execute("DELETE FROM lease", [])?;
    Ok(())
}

fn note_refused(conn: &Connection, location: &str, sku: &str) -> Result<(), TillError> {
    let mut refused: BTreeMap<String, i64> = state::get(conn, "lease_refused")?.unwrap_or_default();
    let feed: Option<i64> = conn
        .prepare_cached("SELECT feed FROM stock WHERE location = ?1 AND sku = ?2")?
        .query_row([location, sku], |row| row.get(0))
        .optional()?;
    refused.insert(sku.to_owned(), feed.unwrap_or(0));
    state::set(conn, "lease_refused", &refused)
}

fn asked_skus(conn: &Connection) -> Result<Vec<String>, TillError> {
    let mut statement = conn.prepare_cached("SELECT fields ->> 'sku' FROM request")?;
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
