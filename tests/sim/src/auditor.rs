//! The independent auditor: compares ledgers with the store's books by what is written in them, and by nothing that
//! the protocol's code has computed.

use crate::store::SimStore;
use crate::till::SimTill;
use crate::{Checked, broken};
use daybook_sync::feed::epoch_of;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a till shows at any moment: the level that it received, and each own movement that this level does not
/// contain, once. Compared with what the store really put into that level.
///
/// # Errors
/// The rule does not hold.
pub fn check_shown(till: &SimTill, store: &SimStore) -> Checked<()> {
    let (epoch, confirmed) = till.heard_epoch();
    if epoch != store.epoch() || !confirmed {
        // The till has not heard of the store's new history yet; its view is of the old one.
        return Ok(());
    }
    let own = till.own_entries();
    for (sku, level, row_feed, shown) in till.shown() {
        if epoch_of(row_feed) != epoch {
            continue;
        }
        let missing: i64 = own
            .iter()
            .filter(|entry| entry.body["sku"].as_str() == Some(&sku))
            .filter(|entry| !is_contained(till.till, entry, row_feed, store))
            .map(|entry| entry.body["q"].as_i64().unwrap_or(0))
            .sum();
        if shown != level + missing {
            let doubtful: Vec<String> = own
                .iter()
                .filter(|entry| entry.body["sku"].as_str() == Some(&sku))
                .filter(|entry| {
                    is_contained(till.till, entry, row_feed, store)
                        != entry.effect_feed.is_some_and(|applied| applied <= row_feed)
                })
                .map(|entry| describe(till.till, entry, store))
                .collect();
            return Err(broken(
                "a till counts each own sale exactly once",
                format!(
                    "{sku}: shows {shown}, level {level} of {row_feed}, not contained {missing}: {}",
                    doubtful.join("; ")
                ),
            ));
        }
    }
    Ok(())
}

/// What till and store say of an entry, for the one who looks for the reason.
fn describe(till: Uuid, entry: &crate::till::OwnEntry, store: &SimStore) -> String {
    let held: Vec<_> = store
        .held_entries(till, entry.incarnation, entry.seq)
        .iter()
        .map(|held| (held.branch, held.frame.hash == entry.hash, held.effect_feed))
        .collect();
    let (inc, seq, effect) = (entry.incarnation, entry.seq, entry.effect_feed);
    format!(
        "entry {inc}/{seq}: the till says {effect:?}, the store (branch, same, effect) {held:?}"
    )
}

fn is_contained(
    till: Uuid,
    entry: &crate::till::OwnEntry,
    row_feed: i64,
    store: &SimStore,
) -> bool {
    store
        .held_entries(till, entry.incarnation, entry.seq)
        .iter()
        .filter(|held| held.branch == 0 && held.frame.hash == entry.hash)
        .any(|held| held.effect_feed.is_some_and(|applied| applied <= row_feed))
}

/// When everything has come to rest: both sides hold the same.
///
/// # Errors
/// The first rule that does not hold.
pub fn check_rest(tills: &[SimTill], store: &SimStore, skus: &[String]) -> Checked<()> {
    let mut live: BTreeMap<(Uuid, u32), usize> = BTreeMap::new();
    let mut asked: BTreeSet<Uuid> = BTreeSet::new();
    for (number, till) in tills.iter().enumerate() {
        check_delivered(number, till, store)?;
        check_levels(number, till, store, skus)?;
        if let Some(other) = live.insert((till.till, till.incarnation()), number) {
            let detail = format!("machines {other} and {number}");
            return Err(broken("two copies of a till never share an incarnation", detail));
        }
        asked.extend(till.lease_requests());
    }
    Ok(())
}

fn check_delivered(number: usize, till: &SimTill, store: &SimStore) -> Checked<()> {
    for entry in till.own_entries() {
        let held = store.held_entries(till.till, entry.incarnation, entry.seq);
        let copies = held.iter().filter(|held| held.frame.hash == entry.hash).count();
        if copies != 1 {
            return Err(broken(
                "every entry is at the store exactly once",
                format!(
                    "machine {number}: entry {} of incarnation {} is there {copies} times",
                    entry.seq, entry.incarnation
                ),
            ));
        }
    }
    Ok(())
}

fn check_levels(number: usize, till: &SimTill, store: &SimStore, skus: &[String]) -> Checked<()> {
    let shown = till.shown();
    for sku in skus {
        let level = shown.iter().find(|(name, ..)| name == sku).map(|(_, level, ..)| *level);
        if level != Some(store.level(sku)) {
            return Err(broken(
                "at rest a till has the store's levels",
                format!("machine {number}: {sku} is {level:?}, at the store {}", store.level(sku)),
            ));
        }
    }
    check_shown(till, store)
}
