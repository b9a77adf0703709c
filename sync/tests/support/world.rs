//! Till and store between which everything happens that can.

use super::sold;
use super::store::Store;
use super::till::{Ledger, Out, Till, deliver, head_of};
use daybook_sync::client::{Event, Failure};
use daybook_sync::message::NewIncarnation;
use daybook_sync::planted::Planted;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Runs a history, lets the two come to rest, and audits both.
pub(crate) fn agree_in_the_end(
    what: &[Happening],
    quarantine_every: i64,
    planted: Planted,
) -> Result<(), TestCaseError> {
    let mut world = World::new(quarantine_every, planted);
    let mut once_held = Committed::new();
    for happening in what {
        let before = world.held();
        world.happen(happening);
        if matches!(happening, Happening::RestoreStore) {
            once_held = Committed::new();
        } else {
            once_held.extend(before);
            let held = world.held();
            prop_assert!(once_held.is_subset(&held), "what the store took, it keeps");
        }
    }
    world.till.settle(&mut world.store);
    prop_assert!(world.own().is_subset(&world.held()), "every own entry is at the store");
    world.till.settle(&mut world.store);
    let waiting: i64 = world
        .own()
        .iter()
        .filter(|(incarnation, seq, _)| {
            let applied =
                seq % quarantine_every != 0 || world.store.released.contains(&(*incarnation, *seq));
            let kept = &world.store.journals[incarnation];
            let on_trunk = kept.trunk.iter().any(|held| {
                held.frame.seq == *seq
                    && world.own().contains(&(*incarnation, *seq, held.bytes.clone()))
            });
            !(applied && on_trunk)
        })
        .map(|(_, _, bytes)| sold(bytes))
        .sum();
    prop_assert_eq!(
        world.till.shows(),
        Some(world.store.level_now() - waiting),
        "no unit is counted twice, none is forgotten"
    );
    prop_assert!(world.till.ledger.requests.is_empty(), "every request was answered");
    world.check_standing()?;
    Ok(())
}

impl World {
    /// What must hold of a till at rest, besides its sums.
    fn check_standing(&self) -> Result<(), TestCaseError> {
        let ledger = &self.till.ledger;
        let live = ledger.journals.last().unwrap();
        prop_assert_eq!(live.forked_at, None, "nobody sells on in a forked journal");
        let reported = self.store.journals[&live.incarnation].reported;
        prop_assert!(head_of(live).seq >= reported, "nobody goes on behind a reported head");
        for (key, row) in &self.store.rows {
            let held = ledger.rows.get(key).map(|(feed, _, _)| *feed);
            prop_assert_eq!(held, Some(row.feed), "the till has the latest {}", key);
        }
        let stale = ledger.rows.keys().find(|key| !self.store.rows.contains_key(*key));
        prop_assert_eq!(stale, None, "the till has no row that the store has not");
        let asked = self.store.answered.keys().all(|id| self.asked.contains(id));
        prop_assert!(asked, "a request keeps its id");
        Ok(())
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Sell(i64),
    Ask,
    Exchange,
    LoseRequest,
    LoseAnswer,
    DeliverTwice,
    LateAnswer,
    CutBody(usize),
    BackUpStore,
    RestoreStore,
    BackUpTill,
    RestoreTill,
    CopyTill,
    KillTill,
    Release,
    WebSale,
}

pub(crate) fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (1..5i64).prop_map(Happening::Sell),
        1 => Just(Happening::Ask),
        6 => Just(Happening::Exchange),
        2 => Just(Happening::LoseRequest),
        3 => Just(Happening::LoseAnswer),
        2 => Just(Happening::DeliverTwice),
        2 => Just(Happening::LateAnswer),
        1 => (0..400usize).prop_map(Happening::CutBody),
        1 => Just(Happening::BackUpStore),
        1 => Just(Happening::RestoreStore),
        1 => Just(Happening::BackUpTill),
        1 => Just(Happening::RestoreTill),
        1 => Just(Happening::CopyTill),
        1 => Just(Happening::KillTill),
        1 => Just(Happening::Release),
        1 => Just(Happening::WebSale),
    ]
}

/// Everything that was ever committed at a till, by journal, number and bytes.
pub(crate) type Committed = BTreeSet<(u32, i64, Vec<u8>)>;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) till: Till,
    pub(crate) store_backup: Store,
    pub(crate) till_backup: Ledger,
    pub(crate) late: Option<Event>,
    pub(crate) seed: u64,
    /// Ids of all requests that any till made.
    pub(crate) asked: BTreeSet<uuid::Uuid>,
}

impl World {
    pub(crate) fn new(quarantine_every: i64, planted: Planted) -> Self {
        let mut store = Store::new();
        store.quarantine_every = quarantine_every;
        store.planted = planted;
        let ledger = Till::new().ledger;
        let till = Till::start(ledger, 1, planted);
        Self {
            store_backup: store.clone(),
            till_backup: till.ledger.clone(),
            store,
            till,
            late: None,
            seed: 1,
            asked: BTreeSet::new(),
        }
    }

    pub(crate) fn happen(&mut self, what: &Happening) {
        match what {
            Happening::Sell(quantity) => {
                // No sale in an incarnation that must end.
                if self.till.ledger.wish.is_none() {
                    self.till.sell(*quantity);
                }
            }
            Happening::Ask => {
                self.till.ask();
                self.asked.extend(self.till.ledger.requests.last().map(|request| request.id));
            }
            Happening::BackUpStore => self.store_backup = self.store.clone(),
            Happening::RestoreStore => {
                let tokens = self.store.tokens;
                let epoch = self.store.epoch + 1;
                self.store = Store { tokens, epoch, ..self.store_backup.clone() };
                self.store_backup = self.store.clone();
            }
            Happening::BackUpTill => self.till_backup = self.till.ledger.clone(),
            Happening::RestoreTill => {
                self.restart(self.till_backup.clone());
                if self.till.ledger.wish.is_none() {
                    self.till.wish(NewIncarnation::Restored);
                }
            }
            // A snapshot of the machine put back: nobody notices, the install id is the same.
            Happening::CopyTill => self.restart(self.till_backup.clone()),
            Happening::KillTill => self.restart(self.till.ledger.clone()),
            Happening::Release => self.store.release(),
            Happening::WebSale | Happening::Exchange => self.talk(&Happening::Exchange),
            Happening::LoseRequest
            | Happening::LoseAnswer
            | Happening::DeliverTwice
            | Happening::LateAnswer
            | Happening::CutBody(_) => self.talk(what),
        }
    }

    pub(crate) fn restart(&mut self, ledger: Ledger) {
        self.seed += 1;
        self.late = None;
        self.till = Till::start(ledger, self.seed, self.store.planted);
    }

    pub(crate) fn talk(&mut self, how: &Happening) {
        let mut waiting = self.till.step(Event::Urge);
        let Some(out) = waiting.pop() else { return };
        let attempt = match &out {
            Out::Exchange(attempt, _) | Out::Incarnation(attempt, _) | Out::Entries(attempt, _) => {
                *attempt
            }
        };
        let lost = Event::Failed(attempt, Failure::Transport);
        let event = match how {
            Happening::LoseRequest => lost,
            Happening::LoseAnswer => {
                deliver(&mut self.store, &out);
                lost
            }
            Happening::DeliverTwice => {
                deliver(&mut self.store, &out);
                deliver(&mut self.store, &out)
            }
            Happening::LateAnswer => {
                let event = deliver(&mut self.store, &out);
                self.late = Some(event);
                lost
            }
            Happening::CutBody(at) => match &out {
                Out::Exchange(attempt, body) => {
                    let cut = body[..*at.min(&body.len().saturating_sub(1))].to_vec();
                    let event = deliver(&mut self.store, &Out::Exchange(*attempt, cut));
                    assert!(
                        matches!(&event, Event::Failed(_, Failure::Refused { status: 400, .. })),
                        "a cut body is refused: {event:?}"
                    );
                    event
                }
                Out::Incarnation(..) | Out::Entries(..) => lost,
            },
            _ => deliver(&mut self.store, &out),
        };
        let more = self.till.step(event);
        // A late answer arrives while the next attempt is on its way.
        if let Some(late) = self.late.take_if(|_| !more.is_empty()) {
            assert!(self.till.step(late).is_empty(), "an answer to a given-up attempt is nothing");
        }
        // The rest of the conversation breaks off here.
        for out in more {
            let (Out::Exchange(attempt, _)
            | Out::Incarnation(attempt, _)
            | Out::Entries(attempt, _)) = out;
            let broken = self.till.step(Event::Failed(attempt, Failure::Transport));
            assert!(broken.is_empty(), "a failure is not followed by haste");
        }
    }

    pub(crate) fn held(&self) -> Committed {
        let journals = self.store.journals.iter();
        let entries = journals.flat_map(|(incarnation, kept)| {
            let branches = kept.branches.iter().flat_map(|(_, entries)| entries);
            kept.trunk
                .iter()
                .chain(branches)
                .map(|entry| (*incarnation, entry.frame.seq, entry.bytes.clone()))
        });
        entries.collect()
    }

    pub(crate) fn own(&self) -> Committed {
        let journals = self.till.ledger.journals.iter();
        let entries = journals.flat_map(|own| {
            own.entries.iter().map(|entry| (own.incarnation, entry.frame.seq, entry.bytes.clone()))
        });
        entries.collect()
    }
}

/// A store goes back to its first day under a till with many sales; at no step the till shows goods that it sold.
pub(crate) fn a_restored_store_hides_no_sale(planted: Planted) -> Result<(), TestCaseError> {
    let mut world = World::new(i64::MAX, planted);
    for _ in 0..100 {
        world.till.sell(1);
    }
    world.till.settle(&mut world.store);
    world.happen(&Happening::RestoreStore);
    for _ in 0..40 {
        world.happen(&Happening::Exchange);
        // Less is possible while old levels stand beside forgotten effects, more is not.
        prop_assert!(world.till.shows() <= Some(super::ON_HAND - 100));
    }
    world.till.settle(&mut world.store);
    prop_assert_eq!(world.till.shows(), Some(super::ON_HAND - 100));
    Ok(())
}

/// A copy of a ledger speaks after the original has spoken twice: same head, older session.
pub(crate) fn a_copy_with_an_older_session_must_recover(
    planted: Planted,
) -> Result<(), TestCaseError> {
    let mut world = World::new(i64::MAX, planted);
    world.till.sell(1);
    world.till.settle(&mut world.store);
    world.happen(&Happening::BackUpTill);
    for _ in 0..2 {
        world.happen(&Happening::Ask);
        world.till.settle(&mut world.store);
    }
    world.happen(&Happening::CopyTill);
    world.till.settle(&mut world.store);
    prop_assert!(world.till.ledger.incarnation > 1, "it is not the live copy");
    Ok(())
}
