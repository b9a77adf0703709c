//! Levels, what stands behind them, and what tills show.

use super::claims::{self, Claim};
use super::journal::{Journal, Key, entry_ref};
use super::report::{CountView, LevelView, StockLine, TillView};
use super::{Scope, out_of_range};
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::master::{self, POLICIES, word};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{StaffId, TillId};
use daybook_domain::lease::{Lease, LeaseState};
use daybook_domain::reconcile::{
    LevelBooks, Origin, StockMovement, StockView, StoreCause, check_effects, check_level,
    explain_stock,
};
use daybook_domain::stock::Level;
use std::collections::{BTreeMap, HashMap};

/// What stands behind one level.
#[derive(Default)]
struct Behind {
    movements: Vec<StockMovement>,
    leases: Vec<Lease>,
    reserved: Vec<Quantity>,
    count: Option<CountView>,
    views: Vec<(TillId, StockView)>,
    claims: Vec<Claim>,
}

/// All levels in the scope, and how many there are.
pub(super) fn lines(
    tx: &mut Tx<'_>,
    journal: &Journal,
    scope: &Scope,
) -> Result<(Vec<StockLine>, usize), DbError> {
    let levels = levels(tx)?;
    let mut behind: HashMap<Key, Behind> = HashMap::new();
    movements(tx, &mut behind)?;
    leases(tx, &mut behind)?;
    reservations(tx, &mut behind)?;
    counts(tx, &mut behind)?;
    views(tx, journal, &mut behind)?;
    for (key, claims) in claims::read(tx)? {
        behind.entry(key).or_default().claims = claims;
    }
    let mut lines = Vec::new();
    let here = |key: &Key| scope.location.as_ref().is_none_or(|only| *only == key.0);
    let mut count = 0;
    for (key, level) in levels.iter().filter(|(key, _)| here(key)) {
        count += 1;
        let found = behind.remove(key).unwrap_or_default();
        lines.push(line(journal, key, level, &found)?);
    }
    // A till may show what the store has no level of: that is compared with nothing.
    let mut rest: Vec<_> =
        behind.into_iter().filter(|(key, found)| here(key) && !found.views.is_empty()).collect();
    rest.sort_by(|one, other| one.0.cmp(&other.0));
    for (key, found) in &rest {
        lines.push(line(journal, key, &Level::default(), found)?);
    }
    Ok((lines, count))
}

fn line(journal: &Journal, key: &Key, level: &Level, found: &Behind) -> Result<StockLine, DbError> {
    let range = |error| out_of_range("stock_level", format!("{}/{}", key.0, key.1))(error);
    let none = Vec::new();
    let effects = journal.effects.get(key).unwrap_or(&none);
    let books = LevelBooks {
        movements: &found.movements,
        leases: &found.leases,
        reserved_milli: &found.reserved,
    };
    let mut faults = check_level(level, &books).map_err(range)?;
    faults.extend(check_effects(effects, &found.movements).map_err(range)?);
    let mut tills = Vec::new();
    for (till, view) in &found.views {
        let own: Vec<_> = effects.iter().filter(|own| own.entry.till == *till).copied().collect();
        let explanation =
            explain_stock(level.on_hand_milli, view, &found.movements, &own).map_err(range)?;
        let unread = journal.unread_of(*till, &view.ledger, explanation.unexplained);
        let till = journal.codes.get(till).cloned().unwrap_or_else(|| till.to_string());
        tills.push(TillView { till, explanation, unread });
    }
    tills.sort_by(|one, other| one.till.cmp(&other.till));
    let level = LevelView {
        policy: word(&POLICIES, level.policy),
        on_hand_milli: level.on_hand_milli.0,
        reserved_milli: level.reserved_milli.0,
        allotted_milli: level.allotted_milli.0,
        leased_milli: level.leased_milli.0,
        in_doubt_milli: level.in_doubt_milli.0,
        free_milli: level.free().map_err(range)?.0,
    };
    let (location, sku) = (key.0.to_string(), key.1.to_string());
    let (count, claims) = (found.count.clone(), found.claims.clone());
    Ok(StockLine { location, sku, level, claims, count, tills, faults })
}

pub(super) fn key(row: &Row, at: usize) -> Result<Key, DbError> {
    Ok((row.parsed(at, "stock_level")?, row.parsed(at + 1, "stock_level")?))
}

fn levels(tx: &mut Tx<'_>) -> Result<BTreeMap<Key, Level>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT location_id, sku, policy, on_hand_milli, leased_milli, in_doubt_milli, reserved_milli, allotted_milli,
                allotted_proposed_milli
         FROM stock_level WHERE tenant_id = $1",
        args![tenant],
    )?;
    rows.iter()
        .map(|row| {
            let policy = row.text(2)?;
            let policy =
                master::policy(policy).ok_or_else(|| DbError::corrupt("stock_level", policy))?;
            let level = Level {
                policy,
                on_hand_milli: Quantity(row.int(3)?),
                leased_milli: Quantity(row.int(4)?),
                in_doubt_milli: Quantity(row.int(5)?),
                reserved_milli: Quantity(row.int(6)?),
                allotted_milli: Quantity(row.int(7)?),
                allotted_proposed_milli: Quantity(row.int(8)?),
            };
            Ok((key(row, 0)?, level))
        })
        .collect()
}

fn movements(tx: &mut Tx<'_>, behind: &mut HashMap<Key, Behind>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT m.till_id, m.incarnation, m.seq, m.location_id, m.sku, m.quantity_milli, m.kind,
                coalesce(o.number, m.reason, m.kind), coalesce(f.feed, 0)
         FROM stock_movement m
         LEFT JOIN feed_log f ON f.tenant_id = m.tenant_id AND f.txn = m.txn
         LEFT JOIN web_order o ON o.tenant_id = m.tenant_id AND o.order_id = m.order_id
         WHERE m.tenant_id = $1",
        args![tenant],
    )?;
    for row in &rows {
        let by_till = row.opt_uuid(0)?.is_some();
        let kind = row.text(6)?;
        let reference = || row.text(7).map(str::to_owned);
        let origin = match (by_till, kind) {
            // What was counted is the till's; the adjustment is the store's.
            (true, "count") => Origin::Store {
                cause: StoreCause::Count,
                reference: entry_ref(row, 0)?.to_string(),
            },
            (true, _) => Origin::Entry(entry_ref(row, 0)?),
            (false, "opening" | "receipt") => {
                Origin::Store { cause: StoreCause::Receipt, reference: reference()? }
            }
            (false, "order") => {
                Origin::Store { cause: StoreCause::WebOrder, reference: reference()? }
            }
            (false, "order_return") => {
                Origin::Store { cause: StoreCause::WebReturn, reference: reference()? }
            }
            (false, "count") => Origin::Store { cause: StoreCause::Count, reference: reference()? },
            (false, _) => Origin::Store { cause: StoreCause::Adjustment, reference: reference()? },
        };
        let quantity_milli = Quantity(row.int(5)?);
        let movement = StockMovement { feed: row.int(8)?, quantity_milli, origin };
        behind.entry(key(row, 3)?).or_default().movements.push(movement);
    }
    Ok(())
}

fn leases(tx: &mut Tx<'_>, behind: &mut HashMap<Key, Behind>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT location_id, sku, lease_id, till_id, incarnation, granted_milli, remaining_milli, state, expires_at_ms,
                doubt_since_ms, last_seq, settled_at_ms, settled_by
         FROM lease WHERE tenant_id = $1",
        args![tenant],
    )?;
    for row in &rows {
        let at_ms = row.opt_int(11)?.unwrap_or_default();
        let state = match row.text(7)? {
            "granted" => LeaseState::Granted { expires_at_ms: row.int(8)? },
            "in_doubt" => LeaseState::InDoubt {
                since_ms: row.opt_int(9)?.unwrap_or_default(),
                last_seq: row.opt_int(10)?,
            },
            "settled" => LeaseState::Settled { at_ms },
            "written_off" => {
                let by = row.opt_text(12)?.and_then(|by| StaffId::new(by).ok());
                by.map_or(LeaseState::Settled { at_ms }, |by| LeaseState::WrittenOff { by, at_ms })
            }
            other => return Err(DbError::corrupt("lease", other)),
        };
        behind.entry(key(row, 0)?).or_default().leases.push(Lease {
            fence: row.int(2)?,
            till: TillId(row.uuid(3)?),
            incarnation: row.u32(4)?,
            quantity_milli: Quantity(row.int(5)?),
            remaining_milli: Quantity(row.int(6)?),
            state,
        });
    }
    Ok(())
}

fn reservations(tx: &mut Tx<'_>, behind: &mut HashMap<Key, Behind>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT location_id, sku, quantity_milli FROM reservation WHERE tenant_id = $1 AND state = 'held'",
        args![tenant],
    )?;
    for row in &rows {
        behind.entry(key(row, 0)?).or_default().reserved.push(Quantity(row.int(2)?));
    }
    Ok(())
}

fn counts(tx: &mut Tx<'_>, behind: &mut HashMap<Key, Behind>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT till_id, incarnation, seq, location_id, sku, counted_milli, expected_milli, variance_milli,
                counted_at_ms
         FROM stocktake_line WHERE tenant_id = $1 ORDER BY counted_at_ms, till_id, incarnation, seq",
        args![tenant],
    )?;
    for row in &rows {
        let count = CountView {
            counted_milli: row.int(5)?,
            expected_milli: row.int(6)?,
            variance_milli: row.int(7)?,
            at_ms: row.int(8)?,
            entry: entry_ref(row, 0)?.to_string(),
        };
        behind.entry(key(row, 3)?).or_default().count = Some(count);
    }
    Ok(())
}

/// What tills show. A level row of the feed holds everything of its transaction, so its number is taken to the last
/// one of that transaction before it is compared with those of movements.
fn views(
    tx: &mut Tx<'_>,
    journal: &Journal,
    behind: &mut HashMap<Key, Behind>,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows =
        tx.query("SELECT feed FROM feed_log WHERE tenant_id = $1 ORDER BY feed", args![tenant])?;
    let ends = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    for (till, stated) in &journal.statements {
        for line in &stated.lines {
            let at = ends.partition_point(|end| *end < line.row_feed);
            let row_feed = match ends.get(at) {
                Some(end) if line.row_feed > 0 => *end,
                Some(_) | None => line.row_feed,
            };
            let ledger = stated.ledger.clone();
            let view = StockView { row_feed, shown_milli: line.shown_milli, ledger };
            let key = (stated.location.clone(), line.sku.clone());
            behind.entry(key).or_default().views.push((*till, view));
        }
    }
    Ok(())
}
