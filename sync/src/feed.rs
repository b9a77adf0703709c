//! The feed: numbering what a transaction changed, judging a cursor, cutting a page. Rows are opaque but for one
//! thing: acknowledgements come first in their transaction.

use crate::hash::Hash;
use crate::limits::{EPOCH_MAX, FEED_BITS, PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::message::{Cursor, FeedPage, FeedRow, PageLimits, RefetchReason};
use crate::overlay::ACK_PREFIX;
use crate::planted::{Planted, planted};
use std::collections::BTreeMap;

const FEED_TAG: &[u8] = b"daybook/feed/v1\n";
const ROW_TAG: &[u8] = b"daybook/row/v1\n";

/// The number space is used up, or an epoch or counter is out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("feed number out of range: epoch at most {EPOCH_MAX}, counter below 2^{FEED_BITS}")]
pub struct OutOfFeed;

/// A feed number: the epoch in the high bits, a counter of the tenant below. Below 2^53.
///
/// # Errors
/// [`OutOfFeed`] when a part does not fit.
pub fn feed_number(epoch: i64, n: i64) -> Result<i64, OutOfFeed> {
    if !(0..=EPOCH_MAX).contains(&epoch) || !(0..1 << FEED_BITS).contains(&n) {
        return Err(OutOfFeed);
    }
    Ok((epoch << FEED_BITS) | n)
}

/// The counter below the epoch.
#[must_use]
pub fn counter_of(feed: i64) -> i64 {
    feed & ((1 << FEED_BITS) - 1)
}

/// The epoch that a number was given in.
#[must_use]
pub fn epoch_of(feed: i64) -> i64 {
    feed >> FEED_BITS
}

/// A row of the append-only log: one per transaction that changed the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow {
    /// Highest number of the transaction.
    pub feed: i64,
    /// Digest of everything up to there.
    pub digest: Hash,
}

impl LogRow {
    /// Before the first row.
    #[must_use]
    pub fn start() -> Self {
        Self { feed: 0, digest: Hash::of(&[FEED_TAG]) }
    }
}

/// What a transaction changed, numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Rows to write, latest version of each key.
    pub rows: Vec<FeedRow>,
    /// The log row to append.
    pub log: LogRow,
}

/// Numbers the dirty keys of one transaction: acknowledgements first, so that no level of the same transaction has
/// a number below the effect that it contains; the rest by key. `None` deletes. `last` is the newest log row; the
/// counter goes on from it, the epoch is today's.
///
/// # Errors
/// [`NumberError`] when the number space is used up or a value is not JSON.
pub fn number(
    epoch: i64,
    last: &LogRow,
    dirty: BTreeMap<String, Option<String>>,
) -> Result<Numbered, NumberError> {
    number_planted(epoch, last, dirty, Planted::NONE)
}

/// Why rows cannot be numbered.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    /// The number space is used up.
    #[error(transparent)]
    OutOfFeed(#[from] OutOfFeed),
    /// A value is not JSON.
    #[error("value of {key:?}: {source}")]
    NotJson {
        /// The key.
        key: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// [`number`] with a bug that a simulator must find.
///
/// # Errors
/// As [`number`].
#[cfg(feature = "planted-bugs")]
pub fn number_with_bug(
    epoch: i64,
    last: &LogRow,
    dirty: BTreeMap<String, Option<String>>,
    planted: Planted,
) -> Result<Numbered, NumberError> {
    number_planted(epoch, last, dirty, planted)
}

fn number_planted(
    epoch: i64,
    last: &LogRow,
    dirty: BTreeMap<String, Option<String>>,
    planted: Planted,
) -> Result<Numbered, NumberError> {
    let (acks, others): (Vec<_>, Vec<_>) =
        dirty.into_iter().partition(|(key, _)| key.starts_with(ACK_PREFIX));
    let (first, second) =
        if planted!(planted, AckAfterLevels) { (others, acks) } else { (acks, others) };
    let mut log = *last;
    let mut rows = Vec::with_capacity(first.len() + second.len());
    let mut hashes = Vec::new();
    for (key, value) in first.into_iter().chain(second) {
        log.feed = feed_number(epoch, counter_of(log.feed) + 1)?;
        hashes.extend_from_slice(&row_hash(log.feed, &key, value.as_deref()).0);
        rows.push(match value {
            Some(value) => FeedRow::value(log.feed, key.clone(), value)
                .map_err(|source| NumberError::NotJson { key, source })?,
            None => FeedRow::tombstone(log.feed, key),
        });
    }
    if !rows.is_empty() {
        log.digest =
            Hash::of(&[FEED_TAG, &last.digest.0, &log.feed.to_be_bytes(), hashes.as_slice()]);
    }
    Ok(Numbered { rows, log })
}

fn row_hash(feed: i64, key: &str, value: Option<&str>) -> Hash {
    // A key has no control characters, so the newline ends it without doubt.
    let (mark, value) = match value {
        Some(value) => (b"=", value),
        None => (b"-", ""),
    };
    Hash::of(&[ROW_TAG, &feed.to_be_bytes(), key.as_bytes(), b"\n", mark, value.as_bytes()])
}

/// What the store knows of its feed, in the snapshot from which the page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedView {
    /// Epoch of the store.
    pub epoch: i64,
    /// Deletions up to here may have been dropped.
    pub floor: i64,
    /// The till's scope (its location) changed at this number; 0 for never.
    pub scope_since: i64,
    /// Newest log row.
    pub top: LogRow,
    /// Greatest log row not above [`digest_lookup`]; [`LogRow::start`] when there is none.
    pub at_cursor: LogRow,
}

/// Which number to look up in the log for [`FeedView::at_cursor`].
#[must_use]
pub fn digest_lookup(cursor: Option<&Cursor>) -> i64 {
    cursor.map_or(0, |cursor| cursor.fill.unwrap_or(cursor.feed))
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Rows with greater numbers follow.
    pub after: i64,
    /// During a fill: the log row at which it began.
    pub fill: Option<LogRow>,
}

/// Says where reading goes on, or why it must begin from nothing.
///
/// # Errors
/// The reason for a refetch.
pub fn judge(cursor: Option<&Cursor>, view: &FeedView) -> Result<Position, RefetchReason> {
    judge_planted(cursor, view, Planted::NONE)
}

/// [`judge`] with a bug that a simulator must find.
///
/// # Errors
/// As [`judge`].
#[cfg(feature = "planted-bugs")]
pub fn judge_with_bug(
    cursor: Option<&Cursor>,
    view: &FeedView,
    planted: Planted,
) -> Result<Position, RefetchReason> {
    judge_planted(cursor, view, planted)
}

fn judge_planted(
    cursor: Option<&Cursor>,
    view: &FeedView,
    planted: Planted,
) -> Result<Position, RefetchReason> {
    let Some(cursor) = cursor else {
        return Ok(Position { after: 0, fill: Some(view.top) });
    };
    let known = digest_lookup(Some(cursor));
    if cursor.epoch != view.epoch && !planted!(planted, IgnoreDigest) {
        return Err(RefetchReason::Epoch);
    }
    if cursor.feed < 0 || known < cursor.feed || known > view.top.feed {
        return Err(RefetchReason::Ahead);
    }
    if cursor.digest != view.at_cursor.digest && !planted!(planted, IgnoreDigest) {
        return Err(RefetchReason::Digest);
    }
    if known < view.floor {
        return Err(RefetchReason::Floor);
    }
    if known < view.scope_since {
        return Err(RefetchReason::Scope);
    }
    Ok(Position { after: cursor.feed, fill: cursor.fill.map(|_| view.at_cursor) })
}

/// Cuts a page from rows in the order of their numbers, all after the position and in the till's scope. `rows` may
/// end early only when there are no more. `log_at` gives the greatest log row not above a number.
///
/// # Errors
/// Whatever `rows` or `log_at` fail with.
pub fn page<E>(
    rows: impl IntoIterator<Item = Result<FeedRow, E>>,
    position: &Position,
    limits: PageLimits,
    view: &FeedView,
    log_at: impl FnOnce(i64) -> Result<LogRow, E>,
) -> Result<FeedPage, E> {
    page_planted(rows, position, limits, view, log_at, Planted::NONE)
}

/// [`page`] with a bug that a simulator must find.
///
/// # Errors
/// As [`page`].
#[cfg(feature = "planted-bugs")]
pub fn page_with_bug<E>(
    rows: impl IntoIterator<Item = Result<FeedRow, E>>,
    position: &Position,
    limits: PageLimits,
    view: &FeedView,
    log_at: impl FnOnce(i64) -> Result<LogRow, E>,
    planted: Planted,
) -> Result<FeedPage, E> {
    page_planted(rows, position, limits, view, log_at, planted)
}

fn page_planted<E>(
    rows: impl IntoIterator<Item = Result<FeedRow, E>>,
    position: &Position,
    limits: PageLimits,
    view: &FeedView,
    log_at: impl FnOnce(i64) -> Result<LogRow, E>,
    planted: Planted,
) -> Result<FeedPage, E> {
    let (taken, more) = cut(rows, limits)?;
    let last = taken.last().map_or(position.after, |row| row.feed);
    if !more {
        let LogRow { feed, digest } = view.top;
        let cursor = Cursor { epoch: view.epoch, feed, digest, fill: None };
        return Ok(FeedPage { rows: taken, cursor, more: false });
    }
    // A row that was passed during a fill may change again above the number at which the fill began, and is then
    // met again; so the fill's own beginning is what must still be known.
    let (digest, fill) = match position.fill {
        Some(began) if last < began.feed => (began.digest, Some(began.feed)),
        Some(_) | None => (log_at(last)?.digest, None),
    };
    let mut rows = taken;
    if planted!(planted, PageLosesRow) {
        rows.pop();
    }
    let cursor = Cursor { epoch: view.epoch, feed: last, digest, fill };
    Ok(FeedPage { rows, cursor, more: true })
}

/// Takes rows up to the limits, at least one, and says whether there is another.
fn cut<E>(
    rows: impl IntoIterator<Item = Result<FeedRow, E>>,
    limits: PageLimits,
) -> Result<(Vec<FeedRow>, bool), E> {
    let rows_max = usize::try_from(limits.rows.clamp(1, PAGE_ROWS_MAX)).unwrap_or(1);
    let bytes_max = usize::try_from(limits.bytes.clamp(1, PAGE_BYTES_MAX)).unwrap_or(1);
    let mut taken: Vec<FeedRow> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let row = row?;
        bytes += row.size();
        if taken.len() == rows_max || (bytes > bytes_max && !taken.is_empty()) {
            return Ok((taken, true));
        }
        taken.push(row);
    }
    Ok((taken, false))
}
