//! Requests to the store: what may be refused is asked for, waits for its answer, and is never offered offline.

use crate::error::TillError;
use crate::ledger::state;
use daybook_domain::clock::Moment;
use daybook_sync::client::POLL_MS;
use daybook_sync::message::{Outcome, Request, RequestBody};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use uuid::Uuid;

/// How old the last exchange may be for the store to count as reachable: an idle till exchanges every [`POLL_MS`].
const ONLINE_MS: i64 = 3 * POLL_MS;
/// How long the outcome of a request is kept for whoever asks again.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RequestState {
    /// No answer yet; it is sent with every exchange until there is one.
    Waiting,
    /// The store has answered, for good.
    Answered {
        /// What.
        #[serde(flatten)]
        outcome: Outcome,
    },
}

/// How a request stands; nothing where it was never asked, or long ago.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn state_of(conn: &Connection, id: Uuid) -> Result<Option<RequestState>, TillError> {
    let waiting = conn
        .prepare_cached("SELECT 1 FROM request WHERE id = ?1")?
        .query_row([id], |_| Ok(()))
        .optional()?;
    if waiting.is_some() {
        return Ok(Some(RequestState::Waiting));
    }
    let outcome: Option<String> = conn
        .prepare_cached("SELECT outcome FROM request_outcome WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let read = |text: String| {
        serde_json::from_str(&text)
            .map(|outcome| RequestState::Answered { outcome })
            .map_err(|error| TillError::corrupt("request_outcome", id, error))
    };
    outcome.map(read).transpose()
}

/// The last request about something, and how it stands. `about` names it, e.g. `order/<order>`.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn last_about(
    conn: &Connection,
    about: &str,
) -> Result<Option<(Uuid, RequestState)>, TillError> {
    let mut waiting = conn.prepare_cached("SELECT id, fields FROM request")?;
    let mut rows = waiting.query([])?;
    while let Some(row) = rows.next()? {
        let (id, fields): (Uuid, String) = (row.get(0)?, row.get(1)?);
        if subject(&read(id, &fields)?).as_deref() == Some(about) {
            return Ok(Some((id, RequestState::Waiting)));
        }
    }
    let id: Option<Uuid> = conn
        .prepare_cached(
            "SELECT id FROM request_outcome WHERE about = ?1 ORDER BY at_ms DESC, id DESC LIMIT 1",
        )?
        .query_row([about], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    Ok(state_of(conn, id)?.map(|state| (id, state)))
}

/// Refuses what may only be asked for while the store answers.
///
/// # Errors
/// Refused as `store.offline`.
pub fn ensure_online(conn: &Connection, now: Moment) -> Result<(), TillError> {
    let last: Option<i64> = state::get(conn, "last_exchange_at_ms")?;
    let age = last.map(|last| now.at_ms.saturating_sub(last).saturating_abs());
    match age {
        Some(age) if age <= ONLINE_MS => Ok(()),
        Some(_) | None => Err(offline()),
    }
}

/// What is said while the store does not answer.
pub(crate) fn offline() -> TillError {
    TillError::refused("store.offline", "the store must be reachable for this, and is not now")
}

/// Puts a request among those that the next exchange sends.
pub(crate) fn put(conn: &Connection, now: Moment, request: &Request) -> Result<(), TillError> {
    let fields = serde_json::to_string(request)
        .map_err(|error| TillError::corrupt("request", request.id, error))?;
    conn.prepare_cached(
        "INSERT INTO request (id, fields, asked_at_ms, asked_mono_ms, asked_boot)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![request.id, fields, now.at_ms, now.mono_ms, now.boot])?;
    Ok(())
}

/// A request that waits, with the moment before it was asked.
pub(crate) struct Asked {
    pub(crate) body: RequestBody,
    pub(crate) at: Moment,
}

/// A request that waits; none where it was answered before: a late second answer says the same as the first.
pub(crate) fn asked(conn: &Connection, id: Uuid) -> Result<Option<Asked>, TillError> {
    let row: Option<(String, Moment)> = conn
        .prepare_cached(
            "SELECT fields, asked_at_ms, asked_mono_ms, asked_boot FROM request WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let at = Moment { at_ms: row.get(1)?, mono_ms: row.get(2)?, boot: row.get(3)? };
            Ok((row.get(0)?, at))
        })
        .optional()?;
    row.map(|(fields, at)| Ok(Asked { body: read(id, &fields)?, at })).transpose()
}

/// Ends a request with its outcome, which is kept where a person waits for it.
pub(crate) fn settle(
    conn: &Connection,
    id: Uuid,
    body: &RequestBody,
    outcome: &Outcome,
    now_ms: i64,
) -> Result<(), TillError> {
    conn.prepare_cached("DELETE FROM request WHERE id = ?1")?.execute([id])?;
    let Some(about) = subject(body) else { return Ok(()) };
    let text = serde_json::to_string(outcome)
        .map_err(|error| TillError::corrupt("request_outcome", id, error))?;
    conn.prepare_cached("DELETE FROM request_outcome WHERE at_ms < ?1")?
        .execute([now_ms.saturating_sub(KEPT_MS)])?;
    conn.prepare_cached(
        "INSERT INTO request_outcome (id, kind, about, outcome, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id, Request::new(id, body).kind, about, text, now_ms])?;
    Ok(())
}

fn read(id: Uuid, fields: &str) -> Result<RequestBody, TillError> {
    let request: Request =
        serde_json::from_str(fields).map_err(|error| TillError::corrupt("request", id, error))?;
    request.body().map_err(|error| TillError::corrupt("request", id, error))
}

/// What a request is about, where a person waits for its answer.
fn subject(body: &RequestBody) -> Option<String> {
    match body {
        RequestBody::LeaseAcquire { .. }
        | RequestBody::LeaseRelease { .. }
        | RequestBody::BalanceRelease { .. } => None,
        RequestBody::OrderCancel { order, .. } => Some(format!("order/{order}")),
        RequestBody::BalanceSpend { medium, number, .. } => {
            Some(format!("balance/{medium}/{number}"))
        }
    }
}
