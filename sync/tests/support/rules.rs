//! The rules of the crate, with a planted bug where the feature is on.

use daybook_sync::client::Client;
use daybook_sync::decide::{self, PushPlan, PushView};
use daybook_sync::feed::{self, FeedView, LogRow, Numbered, Position};
use daybook_sync::frame::Verified;
use daybook_sync::message::{Cursor, ExchangeHeader, FeedPage, FeedRow, PageLimits, RefetchReason};
use daybook_sync::overlay::{self, AckRange, EffectUpdate};
use daybook_sync::planted::Planted;
use std::collections::BTreeMap;

/// One of two calls, by feature.
macro_rules! with_bug {
    ($planted:ident, $plain:expr, $buggy:expr) => {{
        #[cfg(not(feature = "planted-bugs"))]
        {
            let _: Planted = $planted;
            $plain
        }
        #[cfg(feature = "planted-bugs")]
        {
            $buggy
        }
    }};
}

pub(crate) fn client(seed: u64, planted: Planted) -> Client {
    with_bug!(planted, Client::new(seed), Client::with_bug(seed, planted))
}

pub(crate) fn decide(
    view: &PushView,
    header: &ExchangeHeader,
    push: &Verified<'_>,
    planted: Planted,
) -> PushPlan {
    with_bug!(
        planted,
        decide::decide(view, header, push),
        decide::decide_with_bug(view, header, push, planted)
    )
}

pub(crate) fn number(
    epoch: i64,
    last: &LogRow,
    dirty: BTreeMap<String, Option<String>>,
    planted: Planted,
) -> Numbered {
    with_bug!(
        planted,
        feed::number(epoch, last, dirty),
        feed::number_with_bug(epoch, last, dirty, planted)
    )
    .unwrap()
}

pub(crate) fn judge(
    cursor: Option<&Cursor>,
    view: &FeedView,
    planted: Planted,
) -> Result<Position, RefetchReason> {
    with_bug!(planted, feed::judge(cursor, view), feed::judge_with_bug(cursor, view, planted))
}

pub(crate) fn page(
    rows: Vec<FeedRow>,
    position: &Position,
    limits: PageLimits,
    view: &FeedView,
    log_at: impl FnOnce(i64) -> LogRow,
    planted: Planted,
) -> FeedPage {
    let rows = rows.into_iter().map(Ok::<_, ()>);
    let log_at = |feed| Ok(log_at(feed));
    with_bug!(
        planted,
        feed::page(rows, position, limits, view, log_at),
        feed::page_with_bug(rows, position, limits, view, log_at, planted)
    )
    .unwrap()
}

pub(crate) fn updates(ack: &AckRange, feed: i64, own: i64, planted: Planted) -> Vec<EffectUpdate> {
    with_bug!(planted, ack.updates(feed, own), ack.updates_with_bug(feed, own, planted))
}

pub(crate) fn counts_on_top(effect: Option<i64>, row_feed: i64, planted: Planted) -> bool {
    with_bug!(
        planted,
        overlay::counts_on_top(effect, row_feed),
        overlay::counts_on_top_with_bug(effect, row_feed, planted)
    )
}
