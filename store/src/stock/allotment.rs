//! Policies and allotments by hand, adjustments, and the moment when a raised allotment takes effect.

use super::{MovementKind, Posting, StockError, level, post};
use crate::args;
use crate::db::{DbError, Tx};
use daybook_domain::allotment::{TillSeen, acknowledged_through, propose, take_effect};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::StockPolicy;
use daybook_domain::ids::{LocationId, Sku, TillId};
use daybook_domain::stock::{Level, MOVEMENT_MILLI_MAX};

/// Sets how shelf and web share a level, made with nothing on hand where it is missing.
///
/// # Errors
/// [`StockError`].
pub fn policy(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    policy: StockPolicy,
) -> Result<Level, StockError> {
    let level = level::with_policy(locked(tx, location, sku)?.level, policy);
    level::save(tx, location, sku, &level)?;
    Ok(level)
}

/// Sets so much aside for the web. Lowering takes effect at once, raising when every till has seen it.
///
/// # Errors
/// [`StockError::NotRingFenced`] and of the database.
pub fn allot(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    target: Quantity,
) -> Result<Level, StockError> {
    let level = locked(tx, location, sku)?.level;
    if level.policy != StockPolicy::RingFenced {
        return Err(StockError::NotRingFenced { sku: sku.clone(), location: location.clone() });
    }
    let level = propose(level, target)?;
    level::save(tx, location, sku, &level)?;
    Ok(level)
}

/// Changes what is on hand by hand, with a reason.
///
/// # Errors
/// [`StockError`]; `version` guards against a level that changed since it was looked at.
pub fn adjust(
    tx: &mut Tx<'_>,
    posting: &Posting,
    version: Option<i64>,
) -> Result<Level, StockError> {
    let quantity = posting.quantity_milli;
    if quantity.is_zero() {
        return Err(daybook_domain::stock::StockError::Zero.into());
    }
    if quantity.0.unsigned_abs() > MOVEMENT_MILLI_MAX.unsigned_abs() {
        return Err(daybook_domain::stock::StockError::TooLarge.into());
    }
    let found = locked(tx, &posting.location, &posting.sku)?;
    // The lock itself counted one up.
    let now = found.version - 1;
    if version.is_some_and(|version| version != now) {
        return Err(StockError::Version { now });
    }
    let posting = Posting { kind: MovementKind::Adjustment, ..posting.clone() };
    post(tx, std::slice::from_ref(&posting))?;
    let on_hand_milli = found.level.on_hand_milli.checked_add(quantity);
    let on_hand_milli = on_hand_milli.map_err(daybook_domain::stock::StockError::from)?;
    Ok(Level { on_hand_milli, ..found.level })
}

fn locked(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
) -> Result<level::Versioned, StockError> {
    let tenant = tx.tenant();
    let known = "SELECT 1 FROM item WHERE tenant_id = $1 AND sku = $2";
    if tx.query_opt(known, args![tenant, sku])?.is_none() {
        return Err(StockError::UnknownSku(sku.clone()));
    }
    let known = "SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2 AND active = 1";
    if tx.query_opt(known, args![tenant, location])?.is_none() {
        return Err(StockError::UnknownLocation(location.clone()));
    }
    tx.execute(
        "INSERT INTO stock_level (tenant_id, location_id, sku) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, location_id, sku) DO NOTHING",
        args![tenant, location, sku],
    )?;
    let found = level::lock(tx, location, sku)?;
    found.ok_or_else(|| StockError::NoLevel { sku: sku.clone(), location: location.clone() })
}

/// Whether a raise waits at a location. One look at an index, so that every exchange can afford it.
///
/// # Errors
/// [`DbError`].
pub fn is_proposed(tx: &mut Tx<'_>, location: &LocationId) -> Result<bool, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT 1 FROM stock_level
         WHERE tenant_id = $1 AND location_id = $2 AND allotted_proposed_milli > allotted_milli LIMIT 1",
        args![tenant, location],
    )?;
    Ok(row.is_some())
}

/// Lets raised allotments take effect whose rows every live till of the location has seen, with nothing it sold
/// before still on its way or in quarantine; at most `at_once`. Says how many did.
///
/// # Errors
/// [`DbError`].
pub fn settle(tx: &mut Tx<'_>, at_once: i64) -> Result<usize, DbError> {
    let tenant = tx.tenant();
    // Stamped late, so never too low: the present row is the proposal or a later one.
    tx.execute(
        "UPDATE stock_level SET proposed_feed =
             (SELECT f.feed FROM feed_row f WHERE f.tenant_id = stock_level.tenant_id
              AND f.key = 'stock/' || stock_level.location_id || '/' || stock_level.sku)
         WHERE tenant_id = $1 AND allotted_proposed_milli > allotted_milli AND proposed_feed IS NULL",
        args![tenant],
    )?;
    let rows = tx.query(
        "SELECT DISTINCT location_id FROM stock_level
         WHERE tenant_id = $1 AND allotted_proposed_milli > allotted_milli AND proposed_feed IS NOT NULL
             AND on_hand_milli - reserved_milli - allotted_milli - leased_milli - in_doubt_milli > 0
         ORDER BY location_id",
        args![tenant],
    )?;
    let mut settled = 0;
    for row in &rows {
        settled += settle_at(tx, &row.parsed(0, "stock_level")?, at_once - settled)?;
    }
    Ok(usize::try_from(settled).unwrap_or_default())
}

/// Only what the tills have acknowledged is looked at, so that what waits for them keeps nothing else waiting.
fn settle_at(tx: &mut Tx<'_>, location: &LocationId, at_once: i64) -> Result<i64, DbError> {
    let tills = tills(tx, location)?;
    let Some(through) = acknowledged_through(&tills) else { return Ok(0) };
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT sku, proposed_feed FROM stock_level
         WHERE tenant_id = $1 AND location_id = $2 AND allotted_proposed_milli > allotted_milli AND proposed_feed <= $3
             AND on_hand_milli - reserved_milli - allotted_milli - leased_milli - in_doubt_milli > 0
         ORDER BY sku LIMIT $4",
        args![tenant, location, through, at_once],
    )?;
    let mut settled = 0;
    for row in &rows {
        let sku: Sku = row.parsed(0, "stock_level")?;
        let Some(found) = level::lock(tx, location, &sku)? else { continue };
        let level = take_effect(found.level, row.int(1)?, &tills)
            .map_err(|_| DbError::corrupt("stock_level", &sku))?;
        if level != found.level {
            level::save(tx, location, &sku, &level)?;
            settled += 1;
        }
    }
    Ok(settled)
}

fn tills(tx: &mut Tx<'_>, location: &LocationId) -> Result<Vec<TillSeen>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT t.till_id, t.state, CASE WHEN t.pull_epoch = s.epoch THEN coalesce(t.pull_feed, 0) ELSE 0 END,
             i.reported_seq,
             coalesce((SELECT min(CASE WHEN q.incarnation = i.incarnation THEN q.seq - 1 ELSE 0 END) FROM quarantine q
                       WHERE q.tenant_id = t.tenant_id AND q.till_id = t.till_id AND q.state = 'open'), i.received_seq),
             t.incarnation
         FROM till t JOIN store_state s ON s.tenant_id = t.tenant_id JOIN till_incarnation i ON i.tenant_id = t.tenant_id AND i.till_id = t.till_id
              AND i.incarnation = t.incarnation
         WHERE t.tenant_id = $1 AND t.location_id = $2",
        args![tenant, location],
    )?;
    rows.iter()
        .map(|row| {
            Ok(TillSeen {
                till: TillId(row.uuid(0)?),
                live: row.text(1)? != "retired",
                cursor: row.int(2)?,
                // A later life begins by an entry, which comes after all that the earlier ones left unsent.
                head_seq: row.int(3)?.max(i64::from(row.u32(5)? > 1)),
                applied_through: row.int(4)?,
            })
        })
        .collect()
}
