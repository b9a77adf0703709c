//! Training: a ledger of its own beside the till's, with the same catalogue, people and settings, its own keys, numbers and
//! till id. What is done there is recorded as it is on the till, marked on every paper, and never sent to the store.

use crate::error::TillError;
use crate::feed;
use crate::home::TRAINING;
use crate::ledger::incarnation::Beginning;
use crate::ledger::keys::Keys;
use crate::ledger::{Act, Identity, Ledger, Standing, state};
use crate::random;
use daybook_domain::clock::Moment;
use daybook_domain::entry::IncarnationReason;
use daybook_domain::feed::StaffRow;
use daybook_domain::ids::TillId;
use daybook_sync::hash::Hash;
use daybook_sync::message::{Cursor, FeedPage, FeedRow};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are copied in one transaction.
const PAGE: usize = 500;
/// Settings of this till that hold in training too.
const KEPT: [&str; 3] = ["preferences", "printer", "favourites"];

/// Where the training ledger of a till is.
#[must_use]
pub fn folder(till: &Path) -> PathBuf {
    till.join(TRAINING)
}

/// Opens the training ledger of a till, made on its first use, with the catalogue as the till has it now. Goods that were
/// sold in training are on the shelf again.
///
/// # Errors
/// Those of [`Ledger::open`]; [`TillError::NotEnrolled`] before the till itself is enrolled.
pub fn open(till: &Ledger, now: Moment) -> Result<Ledger, TillError> {
    let mut training = Ledger::open(&folder(till.home().dir()))?;
    if training.standing() == Standing::New {
        training.set_identity(Identity {
            till: TillId(random::id(now.at_ms)?),
            store_url: String::new(),
            training: true,
            ..till.identity()?.clone()
        })?;
    }
    if training.standing() != Standing::Ready {
        let begin = Beginning {
            incarnation: training.live().map_or(0, |live| live.journal.incarnation) + 1,
            reason: IncarnationReason::Enrolled,
            install: random::id(now.at_ms)?,
            session: String::new(),
            store_head: None,
        };
        training.begin_incarnation(Act::of_program(now), &begin)?;
    }
    copy_feed(till, &mut training)?;
    training.write_state(|conn| {
        conn.execute("DELETE FROM overlay", [])?;
        for name in KEPT {
            match state::get::<serde_json::Value>(till.reader(), name)? {
                Some(value) => state::set(conn, name, &value)?,
                None => state::clear(conn, name)?,
            }
        }
        Ok(())
    })?;
    Ok(training)
}

/// Gives the training ledger the feed's rows as the till holds them, in place of those it had.
fn copy_feed(till: &Ledger, training: &mut Ledger) -> Result<(), TillError> {
    let keys = Arc::clone(training.keys());
    training.write_state(feed::begin_fill)?;
    let mut page = Vec::with_capacity(PAGE);
    let give = |training: &mut Ledger, page: &mut Vec<FeedRow>| {
        let cursor = Cursor { epoch: 0, feed: 0, digest: Hash([0; 32]), fill: None };
        let rows = std::mem::take(page);
        let page = FeedPage { rows, cursor, more: false };
        training.write_state(|conn| feed::apply(conn, &keys, &page)).map(|_| ())
    };
    each_row(till.reader(), till.keys(), &mut |key, value| {
        page.push(
            FeedRow::value(0, key, value)
                .map_err(|error| TillError::corrupt("feed_row", key, error))?,
        );
        if page.len() == PAGE { give(training, &mut page) } else { Ok(()) }
    })?;
    give(training, &mut page)?;
    training.write_state(|conn| {
        feed::end_fill(conn)?;
        feed::forget_cursor(conn)
    })
}

/// Visits what the till knows of the shop: no orders, no acknowledgements, no stock of others' baskets.
fn each_row(
    conn: &Connection,
    keys: &Keys,
    visit: &mut dyn FnMut(&str, String) -> Result<(), TillError>,
) -> Result<(), TillError> {
    let mut statement = conn.prepare(
        "SELECT key, value FROM feed_row WHERE key NOT LIKE 'ack/%' AND key NOT LIKE 'order/%'
         UNION ALL SELECT 'item/' || sku, value FROM item
         UNION ALL SELECT 'stock/' || location || '/' || sku, json_object(
             'sku', sku, 'location', location, 'policy', policy, 'on_hand_milli', on_hand_milli,
             'reserved_milli', reserved_milli, 'allotted_milli', allotted_milli,
             'allotted_proposed_milli', allotted_proposed_milli, 'leased_milli', leased_milli,
             'in_doubt_milli', in_doubt_milli, 'low_stock_milli', low_stock_milli) FROM stock",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
        let value = if key.starts_with("staff/") { unsealed(keys, &key, &value)? } else { value };
        visit(&key, value)?;
    }
    Ok(())
}

/// A person's row as the store sent it: the training ledger seals the PIN's hash with its own key.
fn unsealed(keys: &Keys, key: &str, value: &str) -> Result<String, TillError> {
    let corrupt = |error: &dyn std::fmt::Display| TillError::corrupt("feed_row", key, error);
    let mut staff: StaffRow = serde_json::from_str(value).map_err(|error| corrupt(&error))?;
    let sealed = hex::decode(&staff.pin_hash).map_err(|error| corrupt(&error))?;
    staff.pin_hash =
        String::from_utf8(keys.open_sealed(&sealed)?).map_err(|error| corrupt(&error))?;
    serde_json::to_string(&staff).map_err(|error| corrupt(&error))
}
