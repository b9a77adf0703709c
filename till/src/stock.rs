//! Stock as this till shows it, and what it may sell.

use crate::error::TillError;
use daybook_domain::amount::Quantity;
use daybook_domain::clock::Moment;
use daybook_domain::feed::{LOW_STOCK, StockPolicy};
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::lease::TillLease;
use daybook_domain::stock::{self, HeldLease, Level, OwnMovement};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// Stock of a SKU as shown here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Level plus own movements that it does not contain.
    pub level: Level,
    /// On hand by the last level received.
    pub level_milli: Quantity,
    /// Feed of that level, 0 without one.
    pub row_feed: i64,
    /// Whether the store has ever stated a level.
    pub known: bool,
}

/// Stock of a SKU at a location.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn shown(conn: &Connection, location: &LocationId, sku: &Sku) -> Result<Shown, TillError> {
    let row = conn
        .prepare_cached(
            "SELECT feed, policy, on_hand_milli, reserved_milli, allotted_milli,
                    allotted_proposed_milli, leased_milli, in_doubt_milli
             FROM stock WHERE location = ?1 AND sku = ?2",
        )?
        .query_row([location.as_str(), sku.as_str()], |row| {
            let policy: String = row.get(1)?;
            let level = Level {
                policy: policy_of(&policy),
                on_hand_milli: Quantity(row.get(2)?),
                reserved_milli: Quantity(row.get(3)?),
                allotted_milli: Quantity(row.get(4)?),
                allotted_proposed_milli: Quantity(row.get(5)?),
                leased_milli: Quantity(row.get(6)?),
                in_doubt_milli: Quantity(row.get(7)?),
            };
            Ok((level, row.get(0)?))
        })
        .optional()?;
    let own = own_movements(conn, location, sku)?;
    Ok(Shown {
        level: stock::shown(row, own)?,
        level_milli: row.map_or(Quantity::ZERO, |(level, _)| level.on_hand_milli),
        row_feed: row.map_or(0, |(_, feed)| feed),
        known: row.is_some(),
    })
}

fn policy_of(text: &str) -> StockPolicy {
    // The table's CHECK knows no fourth.
    match text {
        "pooled_strict" => StockPolicy::PooledStrict,
        "pooled_soft" => StockPolicy::PooledSoft,
        _ => StockPolicy::RingFenced,
    }
}

fn own_movements(
    conn: &Connection,
    location: &LocationId,
    sku: &Sku,
) -> Result<Vec<OwnMovement>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT quantity_milli, leased_milli, effect_feed FROM overlay
         WHERE location = ?1 AND sku = ?2",
    )?;
    let mut rows = statement.query([location.as_str(), sku.as_str()])?;
    let mut own = Vec::new();
    while let Some(row) = rows.next()? {
        let (all, leased): (i64, i64) = (row.get(0)?, row.get(1)?);
        let effect_feed = row.get(2)?;
        own.push(OwnMovement { quantity_milli: Quantity(leased), under_lease: true, effect_feed });
        own.push(OwnMovement {
            quantity_milli: Quantity(all - leased),
            under_lease: false,
            effect_feed,
        });
    }
    Ok(own)
}

/// Leases of a SKU that are valid now, with what is left of them.
///
/// # Errors
/// [`TillError::Database`].
pub fn held_leases(
    conn: &Connection,
    location: &LocationId,
    sku: &Sku,
    now: Moment,
    incarnation: u32,
) -> Result<Vec<HeldLease>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT fence, incarnation, quantity_milli, spent_milli, asked_at_ms, asked_mono_ms,
                asked_boot, ttl_ms
         FROM lease WHERE location = ?1 AND sku = ?2",
    )?;
    let rows = statement.query_map([location.as_str(), sku.as_str()], |row| {
        Ok(TillLease {
            fence: row.get(0)?,
            incarnation: row.get(1)?,
            quantity_milli: Quantity(row.get(2)?),
            spent_milli: Quantity(row.get(3)?),
            asked_at: Moment {
                at_ms: row.get(4)?,
                mono_ms: row.get(5)?,
                boot: row.get::<_, Uuid>(6)?,
            },
            ttl_ms: row.get(7)?,
        })
    })?;
    let mut held = Vec::new();
    for lease in rows {
        held.extend(lease?.held(now, incarnation)?);
    }
    Ok(held)
}

/// Stock of a SKU and, where only leased units may be sold, the leases that are valid now.
///
/// # Errors
/// [`TillError::Corrupt`].
pub(crate) fn rights(
    conn: &Connection,
    location: &LocationId,
    sku: &Sku,
    now: Moment,
    incarnation: u32,
) -> Result<(Shown, Vec<HeldLease>), TillError> {
    let shown = shown(conn, location, sku)?;
    let leases = match shown.level.policy {
        StockPolicy::PooledStrict => held_leases(conn, location, sku, now, incarnation)?,
        StockPolicy::RingFenced | StockPolicy::PooledSoft => Vec::new(),
    };
    Ok((shown, leases))
}

/// Notes what was sold under a lease.
///
/// # Errors
/// [`TillError::Corrupt`] when the lease is not there.
pub fn spend(conn: &Connection, fence: i64, quantity: Quantity) -> Result<(), TillError> {
    let changed = conn
        .prepare_cached("UPDATE lease SET spent_milli = spent_milli + ?2 WHERE fence = ?1")?
        .execute(params![fence, quantity.0])?;
    if changed == 1 { Ok(()) } else { Err(TillError::corrupt("lease", fence, "not there")) }
}

/// What a till may sell of a SKU now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sellable {
    /// So much.
    pub quantity: Quantity,
    /// How its stock is shared with the web.
    pub policy: StockPolicy,
    /// More takes a manager's approval.
    pub needs_approval: bool,
}

/// What this till may sell of a SKU now; nothing where the store never stated a level.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn available(
    conn: &Connection,
    location: &LocationId,
    sku: &Sku,
    now: Moment,
    incarnation: u32,
) -> Result<Option<Sellable>, TillError> {
    let (shown, leases) = rights(conn, location, sku, now, incarnation)?;
    if !shown.known {
        return Ok(None);
    }
    Ok(Some(Sellable {
        quantity: stock::available(&shown.level, &leases)?,
        policy: shown.level.policy,
        needs_approval: stock::needs_approval(&shown.level),
    }))
}

/// SKUs of a location whose level as shown is at or below their limit, the lowest first, at most so many.
///
/// # Errors
/// [`TillError::Database`].
pub fn low(
    conn: &Connection,
    location: &LocationId,
    limit: u32,
) -> Result<Vec<(Sku, Quantity)>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT stock.sku, stock.on_hand_milli + coalesce((
             SELECT sum(quantity_milli) FROM overlay
             WHERE overlay.location = stock.location AND overlay.sku = stock.sku
               AND (effect_feed IS NULL OR effect_feed > stock.feed)), 0) AS shown
         FROM stock JOIN item ON item.sku = stock.sku AND item.archived = 0
         WHERE stock.location = ?1 AND shown <= coalesce(low_stock_milli, ?2)
         ORDER BY shown, stock.sku LIMIT ?3",
    )?;
    let rows = statement.query_map(params![location.as_str(), LOW_STOCK.0, limit], |row| {
        Ok((row.get::<_, String>(0)?, Quantity(row.get(1)?)))
    })?;
    rows.map(|row| {
        let (sku, shown) = row?;
        Ok((Sku::new(sku)?, shown))
    })
    .collect()
}

/// A movement of goods that this till recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Position of its entry.
    pub pos: i64,
    /// Why.
    pub reason: String,
    /// How much, signed.
    pub quantity_milli: Quantity,
    /// Number of the document that moved it.
    pub number: Option<String>,
}

/// Movements of a SKU that this till recorded, the latest first, at most so many.
///
/// # Errors
/// [`TillError::Database`].
pub fn movements(
    conn: &Connection,
    location: &LocationId,
    sku: &Sku,
    limit: u32,
) -> Result<Vec<Moved>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT movement.pos, reason, quantity_milli, number FROM movement
         LEFT JOIN document ON document.pos = movement.pos
         WHERE location = ?1 AND sku = ?2 ORDER BY movement.pos DESC, no DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![location.as_str(), sku.as_str(), limit], |row| {
        Ok(Moved {
            pos: row.get(0)?,
            reason: row.get(1)?,
            quantity_milli: Quantity(row.get(2)?),
            number: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
