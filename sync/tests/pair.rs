//! A till and a store, and everything that can happen between them.

mod support;

use daybook_sync::client::{Event, Failure};
use daybook_sync::message::NewIncarnation;
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::store::Store;
use support::till::{Ledger, Out, Till, deliver};
use support::{ON_HAND, sold};

#[derive(Debug, Clone)]
enum Happening {
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

fn happening() -> impl Strategy<Value = Happening> {
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
type Committed = BTreeSet<(u32, i64, Vec<u8>)>;

struct World {
    store: Store,
    till: Till,
    store_backup: Store,
    till_backup: Ledger,
    late: Option<Event>,
    seed: u64,
}

impl World {
    fn new(quarantine_every: i64) -> Self {
        let mut store = Store::new();
        store.quarantine_every = quarantine_every;
        let till = Till::new();
        Self {
            store_backup: store.clone(),
            till_backup: till.ledger.clone(),
            store,
            till,
            late: None,
            seed: 1,
        }
    }

    fn happen(&mut self, what: &Happening) {
        match what {
            Happening::Sell(quantity) => {
                // No sale in an incarnation that must end.
                if self.till.ledger.wish.is_none() {
                    self.till.sell(*quantity);
                }
            }
            Happening::Ask => self.till.ask(),
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

    fn restart(&mut self, ledger: Ledger) {
        self.seed += 1;
        self.late = None;
        self.till = Till::start(ledger, self.seed);
    }

    fn talk(&mut self, how: &Happening) {
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

    fn held(&self) -> Committed {
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

    fn own(&self) -> Committed {
        let journals = self.till.ledger.journals.iter();
        let entries = journals.flat_map(|own| {
            own.entries.iter().map(|entry| (own.incarnation, entry.frame.seq, entry.bytes.clone()))
        });
        entries.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_two_agree_in_the_end(
        what in prop::collection::vec(happening(), 1..60),
        quarantine_every in prop_oneof![Just(i64::MAX), 2..4i64],
    ) {
        let mut world = World::new(quarantine_every);
        let mut once_held = Committed::new();
        for happening in &what {
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
                let applied = seq % quarantine_every != 0
                    || world.store.released.contains(&(*incarnation, *seq));
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
    }
}

#[test]
fn a_sale_reaches_the_store_and_comes_back_as_a_level() {
    let mut world = World::new(i64::MAX);
    world.till.sell(3);
    world.till.settle(&mut world.store);
    assert_eq!(world.store.level_now(), ON_HAND - 3);
    assert_eq!(world.till.shows(), Some(ON_HAND - 3));
}
