//! Leases: granted and given back on request, put in doubt when they expire, settled when everything is known.

use crate::args;
use crate::counter;
use crate::db::{DbError, Row, Tx};
use crate::stock;
use crate::tills::{Till, applied_through, record};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{LocationId, Sku, StaffId, TillId};
use daybook_domain::lease::{GrantTerms, Lease, LeaseChange, LeaseState, TillReport};
use daybook_domain::lease::{Outcome as Granted, answer};
use daybook_domain::stock::{Level, StockError};
use daybook_sync::feed::feed_number;
use daybook_sync::message::Outcome;
use serde::Serialize;
use uuid::Uuid;

/// How long a lease lasts: a shop's longest day.
pub const TTL_MS: i64 = 16 * 3_600_000;

/// Counter of the fences: as with the feed, each epoch has its own numbers.
const FENCES: &str = "lease";

/// A request for a lease as it came.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its id.
    pub request: Uuid,
    /// SKU.
    pub sku: String,
    /// Location.
    pub location: String,
    /// How much, thousandths.
    pub quantity_milli: i64,
}

/// Answers a request for a lease.
///
/// # Errors
/// [`DbError`].
pub fn acquire(
    tx: &mut Tx<'_>,
    till: &Till,
    incarnation: u32,
    wish: &Wish,
) -> Result<Outcome, DbError> {
    let (Ok(sku), Ok(location)) =
        (Sku::new(wish.sku.as_str()), LocationId::new(wish.location.as_str()))
    else {
        return Ok(Outcome::refused("lease.unknown_item"));
    };
    if location != till.location {
        return Ok(Outcome::refused("lease.other_location"));
    }
    let Some(found) = stock::lock(tx, &location, &sku)? else {
        return Ok(Outcome::refused("lease.unknown_item"));
    };
    let mut level = found.level;
    let terms = terms(tx, till, incarnation, wish, &location, &sku)?;
    match answer(None, &mut level, &terms) {
        Granted::Granted(lease) => {
            insert(tx, wish, &location, &sku, &lease)?;
            stock::save(tx, &location, &sku, &level)?;
            Ok(Outcome::Granted {
                fence: lease.fence,
                quantity_milli: lease.quantity_milli.0,
                ttl_ms: TTL_MS,
            })
        }
        Granted::Refused(why) => Ok(Outcome::refused(why.code())),
    }
}

/// How long the till may still sell under a grant, milliseconds; nothing when that has ended. The store itself waits
/// longer, for clocks that differ.
///
/// # Errors
/// [`DbError`].
pub fn left_ms(tx: &mut Tx<'_>, fence: i64) -> Result<Option<i64>, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let row = tx.query_opt(
        "SELECT granted_at_ms FROM lease WHERE tenant_id = $1 AND lease_id = $2 AND state = 'granted'",
        args![tenant, fence],
    )?;
    let left = row.map(|row| Ok::<_, DbError>(row.int(0)? + TTL_MS - now_ms)).transpose()?;
    Ok(left.filter(|left| *left > 0))
}

fn terms(
    tx: &mut Tx<'_>,
    till: &Till,
    incarnation: u32,
    wish: &Wish,
    location: &LocationId,
    sku: &Sku,
) -> Result<GrantTerms, DbError> {
    let tenant = tx.tenant();
    let setting = tx.query_one(
        "SELECT lease_size_milli, one_of_a_kind, home_till FROM stock_level
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![tenant, location, sku],
    )?;
    let live = tx.query_one(
        "SELECT count(*) FROM till WHERE tenant_id = $1 AND location_id = $2 AND state = 'active'",
        args![tenant, location],
    )?;
    let size = setting.int(0)?;
    Ok(GrantTerms {
        till: TillId(till.till),
        incarnation,
        wanted_milli: Quantity(wish.quantity_milli),
        // Not set by hand: the share of a till is the only limit.
        setting_milli: Quantity(if size == 0 { i64::MAX } else { size }),
        live_tills: live.int(0)?,
        home: setting.opt_uuid(2)?.map(TillId),
        unique: setting.bool(1)?,
        ttl_ms: TTL_MS,
        now_ms: tx.now_ms(),
        // Numbers of refused requests are lost; a fence need only grow.
        last_fence: counter::next(tx, FENCES)? - 1,
    })
}

fn insert(
    tx: &mut Tx<'_>,
    wish: &Wish,
    location: &LocationId,
    sku: &Sku,
    lease: &Lease,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let LeaseState::Granted { expires_at_ms } = lease.state else {
        return Err(DbError::corrupt("lease", lease.fence));
    };
    tx.execute(
        "INSERT INTO lease (tenant_id, lease_id, request_id, till_id, incarnation, location_id, sku, granted_milli,
             remaining_milli, state, granted_at_ms, expires_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 'granted', $9, $10)",
        args![
            tenant,
            lease.fence,
            wish.request,
            lease.till,
            lease.incarnation,
            location,
            sku,
            lease.quantity_milli,
            now_ms,
            expires_at_ms
        ],
    )?;
    Ok(())
}

/// The till gives a lease back; `head_seq` is its head when it did.
///
/// # Errors
/// [`DbError`].
pub fn release(
    tx: &mut Tx<'_>,
    till: &Till,
    head_seq: i64,
    fence: i64,
) -> Result<Outcome, DbError> {
    let Some(mut held) = Held::load(tx, fence)?.filter(|held| held.lease.till.0 == till.till)
    else {
        return Ok(Outcome::refused("lease.unknown"));
    };
    let applied_through = applied_through(tx, till.till, held.lease.incarnation)?;
    let report =
        TillReport { at_ms: tx.now_ms(), incarnation: till.incarnation, head_seq, applied_through };
    held.change(tx, |lease, level| lease.give_back(level, report))?;
    Ok(Outcome::Done)
}

/// What a till said in an exchange that may settle its leases.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// Its live incarnation, whose journal it spoke of.
    pub incarnation: u32,
    /// Last entry written there, sent or not.
    pub head_seq: i64,
    /// Whether it had learned of all that ends its leases before their time.
    pub knows: bool,
}

/// Learns from an exchange: leases of this till that are in doubt are settled when all its entries have arrived and
/// none of them waits in quarantine. A lease that ended before its time has to wait until the till knows: it may still sell
/// under it.
///
/// # Errors
/// [`DbError`].
pub fn hear(tx: &mut Tx<'_>, till: Uuid, word: Word) -> Result<(), DbError> {
    let Word { incarnation, head_seq, knows } = word;
    let applied_through = applied_through(tx, till, incarnation)?;
    let (tenant, at_ms) = (tx.tenant(), tx.now_ms());
    let rows = tx.query(
        "SELECT lease_id FROM lease
         WHERE tenant_id = $1 AND till_id = $2 AND state = 'in_doubt' AND (expires_at_ms <= $3 OR CAST($4 AS BIGINT) = 1)
         ORDER BY lease_id",
        args![tenant, till, at_ms, knows],
    )?;
    settle(tx, &rows, TillReport { at_ms, incarnation, head_seq, applied_through })
}

/// Learns that an entry no longer waits in quarantine: leases whose till has said where its sales under them end are
/// settled without another word of it.
///
/// # Errors
/// [`DbError`].
pub fn hear_applied(tx: &mut Tx<'_>, till: Uuid, incarnation: u32) -> Result<(), DbError> {
    let applied_through = applied_through(tx, till, incarnation)?;
    let (tenant, at_ms) = (tx.tenant(), tx.now_ms());
    let rows = tx.query(
        "SELECT lease_id FROM lease
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND state = 'in_doubt' AND last_seq <= $4
         ORDER BY lease_id",
        args![tenant, till, incarnation, applied_through],
    )?;
    let report = TillReport { at_ms, incarnation, head_seq: applied_through, applied_through };
    settle(tx, &rows, report)
}

fn settle(tx: &mut Tx<'_>, leases: &[Row], report: TillReport) -> Result<(), DbError> {
    for row in leases {
        if let Some(mut held) = Held::load(tx, row.int(0)?)? {
            held.change(tx, |lease, level| lease.hear(level, report))?;
        }
    }
    Ok(())
}

/// Puts expired leases in doubt, at most `limit` of them, and says how many.
///
/// # Errors
/// [`DbError`].
pub fn expire(tx: &mut Tx<'_>, limit: i64) -> Result<usize, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let rows = tx.query(
        "SELECT lease_id FROM lease WHERE tenant_id = $1 AND state = 'granted' AND expires_at_ms <= $2
         ORDER BY location_id, sku, lease_id LIMIT $3",
        args![tenant, now_ms, limit],
    )?;
    for row in &rows {
        if let Some(mut held) = Held::load(tx, row.int(0)?)? {
            held.change(tx, |lease, level| lease.expire(level, now_ms))?;
        }
    }
    Ok(rows.len())
}

/// Ends a till's rights before their time: those of all incarnations but the live one, or all of them. Says how many.
///
/// # Errors
/// [`DbError`].
pub fn end(tx: &mut Tx<'_>, till: Uuid, live: Option<u32>) -> Result<usize, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT lease_id FROM lease
         WHERE tenant_id = $1 AND till_id = $2 AND state = 'granted'
             AND (CAST($3 AS BIGINT) IS NULL OR incarnation <> CAST($3 AS BIGINT))
         ORDER BY location_id, sku, lease_id",
        args![tenant, till, live],
    )?;
    end_these(tx, &rows)?;
    Ok(rows.len())
}

/// Ends the rights of all tills before their time, and never gives one of their numbers again: a restored store knows
/// nothing of what it granted after the backup.
///
/// # Errors
/// [`DbError`].
pub fn begin_epoch(tx: &mut Tx<'_>, epoch: i64) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT lease_id FROM lease WHERE tenant_id = $1 AND state = 'granted' ORDER BY location_id, sku, lease_id",
        args![tenant],
    )?;
    end_these(tx, &rows)?;
    let last = feed_number(epoch, 0).map_err(|_| DbError::corrupt("store_state", epoch))?;
    counter::raise(tx, FENCES, last)
}

fn end_these(tx: &mut Tx<'_>, leases: &[Row]) -> Result<(), DbError> {
    let now_ms = tx.now_ms();
    for row in leases {
        if let Some(mut held) = Held::load(tx, row.int(0)?)? {
            held.change(tx, |lease, level| lease.end(level, now_ms))?;
            stock::reassess(tx, &held.location, &held.sku)?;
        }
    }
    Ok(())
}

/// A named person decides not to wait for a till. `false` when the lease is not in doubt.
///
/// # Errors
/// [`DbError`].
pub fn write_off(tx: &mut Tx<'_>, fence: i64, by: &StaffId, reason: &str) -> Result<bool, DbError> {
    let now_ms = tx.now_ms();
    let Some(mut held) = Held::load(tx, fence)? else { return Ok(false) };
    let left = held.lease.remaining_milli;
    let change = held.change(tx, |lease, level| lease.write_off(level, by.clone(), now_ms))?;
    if change == LeaseChange::Unchanged {
        return Ok(false);
    }
    let detail = format!("lease {fence}, {} of {}: {reason}", left.to_decimal(), held.sku);
    record(tx, held.lease.till.0, "lease_written_off", by.as_str(), &detail)?;
    stock::reassess(tx, &held.location, &held.sku)?;
    Ok(true)
}

/// A lease in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseView {
    /// Its number.
    pub fence: i64,
    /// Short code of the till that has it.
    pub till: String,
    /// In which incarnation.
    pub incarnation: u32,
    /// Where.
    pub location: String,
    /// What.
    pub sku: String,
    /// Granted, thousandths.
    pub granted_milli: i64,
    /// Not known to be sold.
    pub remaining_milli: i64,
    /// `granted`, `in_doubt`, `settled`, `written_off`.
    pub state: String,
    /// UTC milliseconds.
    pub granted_at_ms: i64,
    /// End of the right, UTC milliseconds.
    pub expires_at_ms: i64,
    /// Since when it is in doubt, UTC milliseconds.
    pub doubt_since_ms: Option<i64>,
    /// Who wrote it off.
    pub settled_by: Option<String>,
}

/// Lists leases, oldest first; the open ones only unless `all`.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &mut Tx<'_>, all: bool) -> Result<Vec<LeaseView>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT l.lease_id, t.code, l.incarnation, l.location_id, l.sku, l.granted_milli, l.remaining_milli, l.state,
                l.granted_at_ms, l.expires_at_ms, l.doubt_since_ms, l.settled_by
         FROM lease l JOIN till t ON t.tenant_id = l.tenant_id AND t.till_id = l.till_id
         WHERE l.tenant_id = $1 AND (l.state IN ('granted', 'in_doubt') OR CAST($2 AS BIGINT) = 1)
         ORDER BY l.lease_id",
        args![tenant, all],
    )?;
    let view = |row: &Row| {
        Ok(LeaseView {
            fence: row.int(0)?,
            till: row.text(1)?.to_owned(),
            incarnation: row.u32(2)?,
            location: row.text(3)?.to_owned(),
            sku: row.text(4)?.to_owned(),
            granted_milli: row.int(5)?,
            remaining_milli: row.int(6)?,
            state: row.text(7)?.to_owned(),
            granted_at_ms: row.int(8)?,
            expires_at_ms: row.int(9)?,
            doubt_since_ms: row.opt_int(10)?,
            settled_by: row.opt_text(11)?.map(str::to_owned),
        })
    };
    rows.iter().map(view).collect()
}

/// A lease with its place.
struct Held {
    lease: Lease,
    location: LocationId,
    sku: Sku,
}

impl Held {
    fn load(tx: &mut Tx<'_>, fence: i64) -> Result<Option<Self>, DbError> {
        let tenant = tx.tenant();
        let row = tx.query_opt(
            "SELECT till_id, incarnation, location_id, sku, granted_milli, remaining_milli, state, expires_at_ms,
                 doubt_since_ms, last_seq, settled_at_ms, settled_by
             FROM lease WHERE tenant_id = $1 AND lease_id = $2",
            args![tenant, fence],
        )?;
        row.map(|row| Self::of(fence, &row)).transpose()
    }

    fn of(fence: i64, row: &Row) -> Result<Self, DbError> {
        let state = match row.text(6)? {
            "granted" => LeaseState::Granted { expires_at_ms: row.int(7)? },
            "in_doubt" => LeaseState::InDoubt { since_ms: row.int(8)?, last_seq: row.opt_int(9)? },
            "settled" => LeaseState::Settled { at_ms: row.int(10)? },
            "written_off" => {
                LeaseState::WrittenOff { by: row.parsed(11, "lease")?, at_ms: row.int(10)? }
            }
            _ => return Err(DbError::corrupt("lease", fence)),
        };
        Ok(Self {
            lease: Lease {
                fence,
                till: TillId(row.uuid(0)?),
                incarnation: row.u32(1)?,
                quantity_milli: Quantity(row.int(4)?),
                remaining_milli: Quantity(row.int(5)?),
                state,
            },
            location: row.parsed(2, "lease")?,
            sku: row.parsed(3, "lease")?,
        })
    }

    /// Changes lease and level together under the lock of the level.
    fn change(
        &mut self,
        tx: &mut Tx<'_>,
        rule: impl FnOnce(&mut Lease, &mut Level) -> Result<LeaseChange, StockError>,
    ) -> Result<LeaseChange, DbError> {
        let fence = self.lease.fence;
        let found = stock::lock(tx, &self.location, &self.sku)?;
        let mut level = found.ok_or_else(|| DbError::corrupt("lease", fence))?.level;
        // Read again under the lock: another process may have settled it meanwhile.
        let now = Self::load(tx, fence)?.ok_or_else(|| DbError::corrupt("lease", fence))?;
        self.lease = now.lease;
        let change = rule(&mut self.lease, &mut level)
            .map_err(|_| DbError::corrupt("stock_level", fence))?;
        if change == LeaseChange::Changed {
            self.write(tx)?;
            stock::save(tx, &self.location, &self.sku, &level)?;
        }
        Ok(change)
    }

    fn write(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let tenant = tx.tenant();
        let (state, since, last_seq, settled, by) = match &self.lease.state {
            LeaseState::Granted { .. } => ("granted", None, None, None, None),
            LeaseState::InDoubt { since_ms, last_seq } => {
                ("in_doubt", Some(*since_ms), *last_seq, None, None)
            }
            LeaseState::Settled { at_ms } => ("settled", None, None, Some(*at_ms), None),
            LeaseState::WrittenOff { by, at_ms } => {
                ("written_off", None, None, Some(*at_ms), Some(by.clone()))
            }
        };
        tx.execute(
            "UPDATE lease SET state = $3, doubt_since_ms = $4, last_seq = $5, settled_at_ms = $6, settled_by = $7,
                 remaining_milli = $8
             WHERE tenant_id = $1 AND lease_id = $2",
            args![tenant, self.lease.fence, state, since, last_seq, settled, by, self.lease.remaining_milli],
        )?;
        Ok(())
    }
}
