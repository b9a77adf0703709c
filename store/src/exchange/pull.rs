//! The pull: rows of the feed after a till's cursor, from one snapshot.

use super::Done;
use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::current_head;
use crate::keyring::Keyring;
use crate::pins;
use crate::tenant::SyncSettings;
use crate::tills::{Incarnation, Till, TillState};
use daybook_sync::feed::{FeedView, LogRow, digest_lookup, judge, page};
use daybook_sync::limits::PAGE_ROWS_MAX;
use daybook_sync::message::{ExchangeHeader, FeedRow, PullAnswer};

pub(super) fn pull(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    done: &Done,
    header: &ExchangeHeader,
) -> Result<PullAnswer, DbError> {
    let (business, till) = (&done.business, &done.till);
    if till.state != TillState::Active {
        return Ok(PullAnswer::Blocked);
    }
    // Asked of this very snapshot: another copy of the ledger may have pushed since the plan was carried out.
    let journal = Incarnation::load(tx, header.till, header.journal.incarnation)?;
    let through = journal.map_or(0, |journal| journal.received_seq);
    if done.plan.holds_rows_at(header, through) {
        return Ok(PullAnswer::Wait);
    }
    let minimum = SyncSettings::load(tx)?.minimum_protocol;
    if header.protocol < minimum {
        return Ok(PullAnswer::UpgradeRequired { minimum });
    }
    let cursor = header.cursor.as_ref();
    let tenant = tx.tenant();
    let floor = tx.query_one("SELECT floor FROM feed_head WHERE tenant_id = $1", args![tenant])?;
    let view = FeedView {
        epoch: business.epoch,
        floor: floor.int(0)?,
        scope_since: till.scope_since_feed,
        top: current_head(tx)?,
        at_cursor: log_at(tx, digest_lookup(cursor))?,
    };
    let position = match judge(cursor, &view) {
        Ok(position) => position,
        Err(reason) => return Ok(PullAnswer::Refetch { reason }),
    };
    let wanted = header.page.rows.clamp(1, PAGE_ROWS_MAX);
    let rows = rows_after(tx, keyring, till, position.after, i64::from(wanted) + 1)?;
    page(rows.into_iter().map(Ok), &position, header.page, &view, |feed| log_at(tx, feed))
        .map(PullAnswer::Page)
}

fn log_at(tx: &mut Tx<'_>, feed: i64) -> Result<LogRow, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT feed, digest FROM feed_log WHERE tenant_id = $1 AND feed <= $2 ORDER BY feed DESC LIMIT 1",
        args![tenant, feed],
    )?;
    row.map_or(Ok(LogRow::start()), |row| Ok(LogRow { feed: row.int(0)?, digest: row.hash(1)? }))
}

fn rows_after(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    till: &Till,
    after: i64,
    limit: i64,
) -> Result<Vec<FeedRow>, DbError> {
    let tenant = tx.tenant();
    let own = till.till.to_string();
    let rows = tx.query(
        "SELECT feed, key, value FROM feed_row
         WHERE tenant_id = $1 AND feed > $2 AND scope IN ('', $3, $4) ORDER BY feed LIMIT $5",
        args![tenant, after, till.location, own, limit],
    )?;
    rows.iter()
        .map(|row| {
            let (feed, key) = (row.int(0)?, row.text(1)?);
            match row.opt_text(2)? {
                Some(value) => {
                    let corrupt = |_| DbError::corrupt("feed_row", key);
                    let value = if key.starts_with("staff/") {
                        let sealed = serde_json::from_str(value).map_err(corrupt)?;
                        serde_json::to_string(&pins::unseal(keyring, sealed)?).map_err(corrupt)?
                    } else {
                        value.to_owned()
                    };
                    FeedRow::value(feed, key, value).map_err(|_| DbError::corrupt("feed_row", key))
                }
                None => Ok(FeedRow::tombstone(feed, key)),
            }
        })
        .collect()
}
