//! Gift cards and store credit: what is set aside for a till on request, and how that ends. What is put on a balance and
//! taken from it comes with documents only, see [`apply`](crate::apply).

use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::tills::{Till, record};
use daybook_domain::amount::Minor;
use daybook_domain::balance::{Medium, Number};
use daybook_domain::ids::StaffId;
use daybook_sync::message::Outcome;
use serde::Serialize;
use uuid::Uuid;

/// How long a till may take what was set aside as a tender: the longest that a customer stands at the till.
pub const TTL_MS: i64 = 15 * 60_000;

/// A request to set something aside, as it came.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its id.
    pub request: Uuid,
    /// `gift_card` or `store_credit`.
    pub medium: String,
    /// Number.
    pub number: String,
    /// How much, minor units; zero asks only.
    pub amount_minor: i64,
}

/// Sets so much of a balance aside as is asked for, or what there is.
///
/// # Errors
/// [`DbError`].
pub fn spend(tx: &mut Tx<'_>, till: &Till, wish: &Wish) -> Result<Outcome, DbError> {
    let medium = Medium::ALL.into_iter().find(|medium| medium.name() == wish.medium);
    let (Some(medium), Ok(number), 0..) = (medium, Number::new(&wish.number), wish.amount_minor)
    else {
        return Ok(Outcome::refused("balance.field"));
    };
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    // An update is what locks a row on both engines.
    let found = tx.query_opt(
        "UPDATE balance SET version = version + 1 WHERE tenant_id = $1 AND medium = $2 AND number = $3
         RETURNING amount_minor",
        args![tenant, *medium.name(), *number.as_str()],
    )?;
    let Some(found) = found else { return Ok(Outcome::refused("balance.unknown")) };
    let held = tx.query_one(
        "SELECT CAST(coalesce(sum(amount_minor), 0) AS BIGINT) FROM balance_hold
         WHERE tenant_id = $1 AND medium = $2 AND number = $3 AND state = 'held'",
        args![tenant, *medium.name(), *number.as_str()],
    )?;
    let left = Minor(found.int(0)?).checked_sub(Minor(held.int(0)?));
    let left = left.map_err(|_| DbError::corrupt("balance", &number))?.max(Minor::ZERO);
    let amount = Minor(wish.amount_minor).min(left);
    if amount.is_zero() && wish.amount_minor > 0 {
        return Ok(Outcome::refused("balance.empty"));
    }
    if !amount.is_zero() {
        tx.execute(
            "INSERT INTO balance_hold (tenant_id, hold_id, till_id, medium, number, amount_minor, state, held_at_ms,
                 expires_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, 'held', $7, $8)",
            args![
                tenant,
                wish.request,
                till.till,
                *medium.name(),
                *number.as_str(),
                amount,
                now_ms,
                now_ms + TTL_MS
            ],
        )?;
    }
    Ok(Outcome::Held { amount_minor: amount.0, left_minor: left.0 - amount.0, ttl_ms: TTL_MS })
}

/// How long something is still set aside, milliseconds; nothing when that has ended.
///
/// # Errors
/// [`DbError`].
pub fn left_ms(tx: &mut Tx<'_>, hold: Uuid) -> Result<Option<i64>, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let row = tx.query_opt(
        "SELECT expires_at_ms FROM balance_hold
         WHERE tenant_id = $1 AND hold_id = $2 AND state = 'held' AND expires_at_ms > $3",
        args![tenant, hold, now_ms],
    )?;
    row.map(|row| Ok(row.int(0)? - now_ms)).transpose()
}

/// The till gives back what was set aside for it.
///
/// # Errors
/// [`DbError`].
pub fn release(tx: &mut Tx<'_>, till: &Till, hold: Uuid) -> Result<Outcome, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE balance_hold SET state = 'released', ended_at_ms = $4
         WHERE tenant_id = $1 AND hold_id = $2 AND till_id = $3 AND state = 'held'",
        args![tenant, hold, till.till, now_ms],
    )?;
    Ok(Outcome::Done)
}

/// Learns that every entry a till has written is here and has had its effect: what was set aside for it and whose time is over is not going to be
/// spent.
///
/// # Errors
/// [`DbError`].
pub fn hear_all(tx: &mut Tx<'_>, till: Uuid) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE balance_hold SET state = 'lapsed', ended_at_ms = $3
         WHERE tenant_id = $1 AND till_id = $2 AND state = 'held' AND expires_at_ms <= $3",
        args![tenant, till, now_ms],
    )?;
    Ok(())
}

/// Sets free what is set aside for a till that is gone for good.
///
/// # Errors
/// [`DbError`].
pub fn end(tx: &mut Tx<'_>, till: Uuid) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "UPDATE balance_hold SET state = 'lapsed', ended_at_ms = $3
         WHERE tenant_id = $1 AND till_id = $2 AND state = 'held'",
        args![tenant, till, now_ms],
    )?;
    Ok(())
}

/// A named person decides not to wait for a till. `false` when nothing is set aside under this id.
///
/// # Errors
/// [`DbError`].
pub fn free(tx: &mut Tx<'_>, hold: Uuid, by: &StaffId, reason: &str) -> Result<bool, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let row = tx.query_opt(
        "UPDATE balance_hold SET state = 'freed', ended_at_ms = $3, ended_by = $4, reason = $5
         WHERE tenant_id = $1 AND hold_id = $2 AND state = 'held'
         RETURNING till_id, medium, number, amount_minor",
        args![tenant, hold, now_ms, by, *reason],
    )?;
    let Some(row) = row else { return Ok(false) };
    let detail =
        format!("{} of {} {}: {reason}", row.int(3)?, row.text(1)?.replace('_', " "), row.text(2)?);
    record(tx, row.uuid(0)?, "balance_freed", by.as_str(), &detail)?;
    Ok(true)
}

/// What is set aside for a till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldView {
    /// Id.
    pub hold: Uuid,
    /// Short code of the till.
    pub till: String,
    /// How much, minor units.
    pub amount_minor: i64,
    /// Since when, UTC milliseconds.
    pub held_at_ms: i64,
    /// End of the till's right, UTC milliseconds.
    pub expires_at_ms: i64,
}

/// A balance as it stands. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BalanceView {
    /// `gift_card` or `store_credit`.
    pub medium: String,
    /// Number.
    pub number: String,
    /// Put on it in all.
    pub put_minor: i64,
    /// Taken from it in all.
    pub spent_minor: i64,
    /// What is on it: put less spent; below zero where it was overspent.
    pub amount_minor: i64,
    /// What of that is set aside.
    pub holds: Vec<HoldView>,
}

/// Lists balances by number: those with something on them, set aside or overspent, unless `all`; or the one of a number.
///
/// # Errors
/// [`DbError`].
pub fn list(
    tx: &mut Tx<'_>,
    number: Option<&Number>,
    all: bool,
) -> Result<Vec<BalanceView>, DbError> {
    let tenant = tx.tenant();
    let number = number.map(Number::as_str);
    let all = all || number.is_some();
    let rows = tx.query(
        "SELECT b.medium, b.number, b.amount_minor,
                CAST(coalesce(sum(CASE WHEN c.amount_minor > 0 THEN c.amount_minor END), 0) AS BIGINT),
                CAST(coalesce(sum(CASE WHEN c.amount_minor < 0 THEN -c.amount_minor END), 0) AS BIGINT)
         FROM balance b
         LEFT JOIN balance_change c ON c.tenant_id = b.tenant_id AND c.medium = b.medium AND c.number = b.number
         WHERE b.tenant_id = $1 AND (CAST($2 AS BIGINT) = 1 OR b.amount_minor <> 0 OR EXISTS (
                   SELECT 1 FROM balance_hold h WHERE h.tenant_id = b.tenant_id AND h.medium = b.medium
                       AND h.number = b.number AND h.state = 'held'))
             AND (CAST($3 AS TEXT) IS NULL OR b.number = CAST($3 AS TEXT))
         GROUP BY b.medium, b.number, b.amount_minor ORDER BY b.medium, b.number",
        args![tenant, all, number],
    )?;
    let mut views = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let holds = tx.query(
        "SELECT h.medium, h.number, h.hold_id, t.code, h.amount_minor, h.held_at_ms, h.expires_at_ms
         FROM balance_hold h JOIN till t ON t.tenant_id = h.tenant_id AND t.till_id = h.till_id
         WHERE h.tenant_id = $1 AND h.state = 'held' ORDER BY h.held_at_ms, h.hold_id",
        args![tenant],
    )?;
    for row in &holds {
        let (medium, number) = (row.text(0)?, row.text(1)?);
        let of = views.iter_mut().find(|view| view.medium == medium && view.number == number);
        if let Some(view) = of {
            view.holds.push(HoldView {
                hold: row.uuid(2)?,
                till: row.text(3)?.to_owned(),
                amount_minor: row.int(4)?,
                held_at_ms: row.int(5)?,
                expires_at_ms: row.int(6)?,
            });
        }
    }
    Ok(views)
}

/// What stands on a balance, and what its changes come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// `gift_card` or `store_credit`.
    pub medium: String,
    /// Number.
    pub number: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Minor units.
    pub changes_minor: i64,
}

/// All balances beside the sums of their changes.
///
/// # Errors
/// [`DbError`].
pub fn books(tx: &mut Tx<'_>) -> Result<Vec<Book>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT b.medium, b.number, b.amount_minor, CAST(coalesce(sum(c.amount_minor), 0) AS BIGINT)
         FROM balance b LEFT JOIN balance_change c
              ON c.tenant_id = b.tenant_id AND c.medium = b.medium AND c.number = b.number
         WHERE b.tenant_id = $1 GROUP BY b.medium, b.number, b.amount_minor ORDER BY b.medium, b.number",
        args![tenant],
    )?;
    let book = |row: &Row| {
        Ok(Book {
            medium: row.text(0)?.to_owned(),
            number: row.text(1)?.to_owned(),
            amount_minor: row.int(2)?,
            changes_minor: row.int(3)?,
        })
    };
    rows.iter().map(book).collect()
}

fn view(row: &Row) -> Result<BalanceView, DbError> {
    Ok(BalanceView {
        medium: row.text(0)?.to_owned(),
        number: row.text(1)?.to_owned(),
        amount_minor: row.int(2)?,
        put_minor: row.int(3)?,
        spent_minor: row.int(4)?,
        holds: Vec::new(),
    })
}
