//! Whether an own movement counts on top of a level: it does while the store has not said that the level contains
//! it. Levels are absolute and stamped with their feed number; entries get an `effect_feed` from ack rows.

use crate::absent::or_default;
use crate::planted::{Planted, planted};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Keys of ack rows begin so.
pub const ACK_PREFIX: &str = "ack/";

/// Value of an ack row: own entries whose effects the store applied in the transaction of this row's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckRange {
    /// Incarnation.
    pub incarnation: u32,
    /// First sequence number.
    pub from: i64,
    /// Last sequence number.
    pub through: i64,
    /// Numbers in between that are in quarantine: stored, but without effect.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<i64>,
}

/// Key of an ack row.
#[must_use]
pub fn ack_key(till: &Uuid, incarnation: u32, from: i64) -> String {
    format!("{ACK_PREFIX}{till}/{incarnation}/{from}")
}

/// Cuts what was stored into ack rows: each run of applied entries one row, each quarantined entry a row of its own.
/// So a later release rewrites the row of that entry alone, and the numbers of its neighbours, whose effects are
/// older, stay.
#[must_use]
pub fn ack_ranges(
    incarnation: u32,
    from: i64,
    through: i64,
    quarantined: &BTreeSet<i64>,
) -> Vec<AckRange> {
    let mut ranges: Vec<AckRange> = Vec::new();
    for seq in from..=through {
        let alone = quarantined.contains(&seq);
        match ranges.last_mut() {
            Some(run) if !alone && run.quarantined.is_empty() => run.through = seq,
            Some(_) | None => ranges.push(AckRange {
                incarnation,
                from: seq,
                through: seq,
                quarantined: if alone { vec![seq] } else { Vec::new() },
            }),
        }
    }
    ranges
}

/// Set the `effect_feed` of own entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectUpdate {
    /// Incarnation.
    pub incarnation: u32,
    /// First sequence number.
    pub from: i64,
    /// Last sequence number.
    pub through: i64,
    /// Number at which the effect was applied; none while in quarantine.
    pub effect_feed: Option<i64>,
}

impl AckRange {
    /// What an ack row with this number says about own entries, in the order to apply it. `own_through` is the last
    /// own entry that can be meant: the head, or on a forked journal the last one before the fork, for the store
    /// speaks of the trunk, and beyond the fork the trunk is another history.
    #[must_use]
    pub fn updates(&self, feed: i64, own_through: i64) -> Vec<EffectUpdate> {
        self.updates_planted(feed, own_through, Planted::NONE)
    }

    /// [`AckRange::updates`] with a bug that a simulator must find.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn updates_with_bug(
        &self,
        feed: i64,
        own_through: i64,
        planted: Planted,
    ) -> Vec<EffectUpdate> {
        self.updates_planted(feed, own_through, planted)
    }

    fn updates_planted(&self, feed: i64, own_through: i64, planted: Planted) -> Vec<EffectUpdate> {
        let beyond_fork = planted!(planted, AckBeyondFork);
        let through = if beyond_fork { self.through } else { self.through.min(own_through) };
        if through < self.from || planted!(planted, SkipAckRow) {
            return Vec::new();
        }
        let update = |from, through, effect_feed| EffectUpdate {
            incarnation: self.incarnation,
            from,
            through,
            effect_feed,
        };
        let mut updates = vec![update(self.from, through, Some(feed))];
        if !planted!(planted, QuarantineHasEffect) {
            let held = self.quarantined.iter().filter(|seq| **seq <= through);
            updates.extend(held.map(|seq| update(*seq, *seq, None)));
        }
        updates
    }
}

/// Whether an own movement counts on top of a level with this number.
#[must_use]
pub fn counts_on_top(effect_feed: Option<i64>, row_feed: i64) -> bool {
    counts_on_top_planted(effect_feed, row_feed, Planted::NONE)
}

/// [`counts_on_top`] with a bug that a simulator must find.
#[cfg(feature = "planted-bugs")]
#[must_use]
pub fn counts_on_top_with_bug(effect_feed: Option<i64>, row_feed: i64, planted: Planted) -> bool {
    counts_on_top_planted(effect_feed, row_feed, planted)
}

fn counts_on_top_planted(effect_feed: Option<i64>, row_feed: i64, planted: Planted) -> bool {
    // The level right behind the ack row of the same transaction contains the effect.
    let off_by_one = planted!(planted, EffectFeedOffByOne);
    effect_feed.is_none_or(|effect_feed| {
        effect_feed > row_feed || (off_by_one && effect_feed + 1 == row_feed)
    })
}

/// What is known about the effects of own entries. A till keeps the same in a column of its journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectFeeds {
    known: BTreeMap<(u32, i64), i64>,
}

impl EffectFeeds {
    /// Takes an update; rows come in the order of their numbers, so the last word counts.
    pub fn apply(&mut self, update: &EffectUpdate) {
        for seq in update.from..=update.through {
            match update.effect_feed {
                Some(feed) => self.known.insert((update.incarnation, seq), feed),
                None => self.known.remove(&(update.incarnation, seq)),
            };
        }
    }

    /// The store was restored, and what it applied above this number is undone; or the journal forked there, and
    /// what the store applied is not these entries.
    pub fn forget_above(&mut self, incarnation: u32, received_through: i64) {
        self.known.retain(|(of, seq), _| *of != incarnation || *seq <= received_through);
    }

    /// When the effect was applied, as far as known.
    #[must_use]
    pub fn effect_feed(&self, incarnation: u32, seq: i64) -> Option<i64> {
        self.known.get(&(incarnation, seq)).copied()
    }

    /// Whether a movement of this entry counts on top of a level with this number.
    #[must_use]
    pub fn counts_on_top(&self, incarnation: u32, seq: i64, row_feed: i64) -> bool {
        counts_on_top(self.effect_feed(incarnation, seq), row_feed)
    }
}
