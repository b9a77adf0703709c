use super::*;
use crate::amount::{Minor, Quantity};
use crate::stock::{Level, OwnMovement, shown};
use proptest::prelude::*;
use uuid::Uuid;

const TILLS: usize = 3;

fn till(index: usize) -> TillId {
    TillId(Uuid::from_u128(u128::try_from(index).unwrap() + 1))
}

fn entry_ref(index: usize, key: Key) -> EntryRef {
    EntryRef { till: till(index), incarnation: key.0, branch: 0, seq: key.1 }
}

/// Incarnation and sequence number.
type Key = (u32, i64);

/// A row of the feed.
#[derive(Debug, Clone)]
enum Row {
    /// Own entries of a till took effect here.
    Ack { till: usize, keys: Vec<Key> },
    /// The level as of here.
    Level(i64),
}

#[derive(Debug, Clone)]
struct OwnEntry {
    key: Key,
    amount: i64,
    /// What the till has been told.
    heard: Option<i64>,
}

#[derive(Debug, Default, Clone)]
struct Till {
    incarnation: u32,
    entries: Vec<OwnEntry>,
    cursor: i64,
    level: Option<(i64, i64)>,
}

impl Till {
    fn ledger(&self) -> Ledger {
        let mut heads = std::collections::BTreeMap::from([(self.incarnation, 0)]);
        for entry in &self.entries {
            heads.insert(entry.key.0, entry.key.1);
        }
        let extent = |(incarnation, through)| Extent { incarnation, branch: 0, through };
        Ledger(heads.into_iter().map(extent).collect())
    }

    fn act(&mut self, amount: i64) {
        let written = self.entries.iter().filter(|own| own.key.0 == self.incarnation).count();
        let key = (self.incarnation, i64::try_from(written).unwrap() + 1);
        self.entries.push(OwnEntry { key, amount, heard: None });
    }

    fn shown(&self) -> i64 {
        let own = self.entries.iter().map(|entry| OwnMovement {
            quantity_milli: Quantity(entry.amount),
            under_lease: false,
            effect_feed: entry.heard,
        });
        let level = self.level.map(|(on_hand, feed)| {
            (Level { on_hand_milli: Quantity(on_hand), ..Level::default() }, feed)
        });
        shown(level, own).unwrap().on_hand_milli.0
    }
}

/// A store and its tills, played step by step.
#[derive(Debug, Default)]
struct World {
    feed: i64,
    on_hand: i64,
    movements: Vec<StockMovement>,
    rows: Vec<(i64, Row)>,
    received: Vec<(usize, OwnEntry)>,
    quarantine: Vec<(usize, Key)>,
    tills: [Till; TILLS],
    backups: [Till; TILLS],
}

#[derive(Debug, Clone)]
enum Step {
    Act {
        till: usize,
        amount: i64,
    },
    /// Pushes some entries; the mask says which of them end in quarantine.
    Push {
        till: usize,
        count: usize,
        poison: u8,
    },
    Pull {
        till: usize,
        rows: usize,
    },
    Store {
        cause: StoreCause,
        amount: i64,
    },
    Release,
    Backup {
        till: usize,
    },
    /// The machine is lost; what was not in the backup is gone from the till.
    Restore {
        till: usize,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let cause = prop_oneof![
        Just(StoreCause::Receipt),
        Just(StoreCause::WebOrder),
        Just(StoreCause::WebReturn),
        Just(StoreCause::Count),
        Just(StoreCause::Adjustment),
    ];
    prop_oneof![
        6 => (0..TILLS, -5_000..3_000_i64).prop_map(|(till, amount)| Step::Act { till, amount }),
        4 => (0..TILLS, 1..5_usize, any::<u8>())
            .prop_map(|(till, count, poison)| Step::Push { till, count, poison }),
        4 => (0..TILLS, 1..4_usize).prop_map(|(till, rows)| Step::Pull { till, rows }),
        2 => (cause, -3_000..5_000_i64).prop_map(|(cause, amount)| Step::Store { cause, amount }),
        1 => Just(Step::Release),
        1 => (0..TILLS).prop_map(|till| Step::Backup { till }),
        1 => (0..TILLS).prop_map(|till| Step::Restore { till }),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 0..80)
}

impl World {
    fn play(steps: &[Step]) -> Self {
        let mut world = Self::default();
        for step in steps {
            world.step(step);
        }
        world
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Act { till, amount } => self.tills[*till].act(*amount),
            Step::Backup { till } => self.backups[*till] = self.tills[*till].clone(),
            Step::Restore { till } => {
                let incarnation = self.tills[*till].incarnation + 1;
                self.tills[*till] = Till { incarnation, ..self.backups[*till].clone() };
            }
            Step::Push { till, count, poison } => self.push(*till, *count, *poison),
            Step::Pull { till, rows } => self.pull(*till, *rows),
            Step::Store { cause, amount } => {
                let origin = Origin::Store { cause: *cause, reference: "store".into() };
                self.commit(None, vec![(origin, *amount)]);
            }
            Step::Release => {
                if let Some((till, key)) = self.quarantine.pop() {
                    self.apply(till, vec![key]);
                }
            }
        }
    }

    fn push(&mut self, till: usize, count: usize, poison: u8) {
        let unsent: Vec<_> = self.tills[till]
            .entries
            .iter()
            .filter(|own| self.entry(till, own.key).is_none())
            .take(count)
            .cloned()
            .collect();
        let mut good = vec![];
        for (nth, entry) in (0_u32..).zip(unsent) {
            // Rarely: two bits of the mask.
            if poison.checked_shr(nth).is_some_and(|bits| bits & 0b11 == 0b11) {
                self.quarantine.push((till, entry.key));
            } else {
                good.push(entry.key);
            }
            self.received.push((till, entry));
        }
        self.apply(till, good);
    }

    fn entry(&self, till: usize, key: Key) -> Option<&OwnEntry> {
        let found = self.received.iter().find(|(of, own)| (*of, own.key) == (till, key));
        found.map(|(_, own)| own)
    }

    fn apply(&mut self, till: usize, keys: Vec<Key>) {
        let moved = keys
            .iter()
            .map(|key| {
                let amount = self.entry(till, *key).unwrap().amount;
                (Origin::Entry(entry_ref(till, *key)), amount)
            })
            .collect();
        self.commit(Some((till, keys)), moved);
    }

    /// One transaction of the store: acknowledgement first, level after it, both in one go.
    fn commit(&mut self, ack: Option<(usize, Vec<Key>)>, moved: Vec<(Origin, i64)>) {
        if let Some((till, keys)) = ack {
            self.feed += 1;
            self.rows.push((self.feed, Row::Ack { till, keys }));
        }
        if moved.is_empty() {
            return;
        }
        self.feed += 1;
        for (origin, amount) in moved {
            self.on_hand += amount;
            let quantity_milli = Quantity(amount);
            self.movements.push(StockMovement { feed: self.feed, quantity_milli, origin });
        }
        // Only the latest version of a level is kept.
        self.rows.retain(|(_, row)| !matches!(row, Row::Level(_)));
        self.rows.push((self.feed, Row::Level(self.on_hand)));
    }

    /// One page of the feed, cut anywhere, even inside a transaction.
    fn pull(&mut self, index: usize, rows: usize) {
        let cursor = self.tills[index].cursor;
        let page: Vec<_> =
            self.rows.iter().filter(|(feed, _)| *feed > cursor).take(rows).cloned().collect();
        let mine = &mut self.tills[index];
        for (feed, row) in page {
            mine.cursor = feed;
            match row {
                Row::Level(on_hand) => mine.level = Some((on_hand, feed)),
                Row::Ack { till, keys } if till == index => {
                    for entry in mine.entries.iter_mut().filter(|own| keys.contains(&own.key)) {
                        entry.heard = Some(feed);
                    }
                }
                Row::Ack { .. } => {}
            }
        }
    }

    /// Everything sent, released and heard of.
    fn settle(&mut self) {
        for till in 0..TILLS {
            self.push(till, usize::MAX / 2, 0);
        }
        while let Some((till, key)) = self.quarantine.pop() {
            self.apply(till, vec![key]);
        }
        for till in 0..TILLS {
            self.pull(till, usize::MAX);
        }
    }

    fn state(&self, till: usize, key: Key) -> EffectState {
        let booked = self
            .movements
            .iter()
            .find(|movement| movement.origin == Origin::Entry(entry_ref(till, key)));
        match booked {
            Some(movement) => EffectState::Applied { feed: movement.feed },
            None if self.quarantine.contains(&(till, key)) => EffectState::Quarantined,
            None => EffectState::Unsent,
        }
    }

    /// What the store holds of a till's entries, and what stands in the till's own ledger beyond that.
    fn effects(&self, till: usize) -> Vec<EntryEffect> {
        let held = self.received.iter().filter(|(of, _)| *of == till).map(|(_, own)| own);
        let unsent =
            self.tills[till].entries.iter().filter(|own| self.entry(till, own.key).is_none());
        held.chain(unsent)
            .map(|own| EntryEffect {
                entry: entry_ref(till, own.key),
                amount: own.amount,
                state: self.state(till, own.key),
            })
            .collect()
    }

    fn all_effects(&self) -> Vec<EntryEffect> {
        (0..TILLS).flat_map(|till| self.effects(till)).collect()
    }

    fn view(&self, till: usize) -> StockView {
        let till = &self.tills[till];
        StockView {
            row_feed: till.level.map_or(0, |(_, feed)| feed),
            shown_milli: Quantity(till.shown()),
            ledger: till.ledger(),
        }
    }

    fn explain(&self, till: usize, view: &StockView) -> Explanation {
        let effects = self.effects(till);
        explain_stock(Quantity(self.on_hand), view, &self.movements, &effects).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_own_movement_is_shown_exactly_once_at_every_moment(steps in history()) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
            for index in 0..TILLS {
                let till = &world.tills[index];
                let (level, row_feed) = till.level.unwrap_or_default();
                let missing: i64 = till.entries.iter()
                    .filter(|own| match world.state(index, own.key) {
                        EffectState::Applied { feed } => feed > row_feed,
                        EffectState::Quarantined
                        | EffectState::Dropped { .. }
                        | EffectState::Unsent => true,
                    })
                    .map(|own| own.amount)
                    .sum();
                prop_assert_eq!(till.shown(), level + missing);
            }
        }
        world.settle();
        for till in &world.tills {
            prop_assert_eq!(till.shown(), world.on_hand, "in the end all show the same");
        }
    }

    #[test]
    fn every_difference_is_explained(
        before in history(), after in history(),
    ) {
        // Statements are made in the middle; the store explains them at the end.
        let mut world = World::play(&before);
        let views: Vec<_> = (0..TILLS).map(|till| world.view(till)).collect();
        for step in &after {
            // What only a lost ledger held is known to nobody; a statement that rests on it cannot be explained.
            if !matches!(step, Step::Restore { .. }) {
                world.step(step);
            }
        }
        for (till, view) in views.iter().enumerate() {
            let explained = world.explain(till, view);
            prop_assert_eq!(explained.unexplained, 0, "{:?}", explained);
        }
        prop_assert_eq!(check_effects(&world.all_effects(), &world.movements).unwrap(), vec![]);
        let level = Level { on_hand_milli: Quantity(world.on_hand), ..Level::default() };
        let books =
            LevelBooks { movements: &world.movements, leases: &[], reserved_milli: &[] };
        prop_assert_eq!(check_level(&level, &books).unwrap(), vec![]);
    }

    #[test]
    fn a_lost_or_doubled_movement_is_never_explained_away(
        steps in history(), pick in any::<prop::sample::Index>(), doubled: bool,
    ) {
        let mut world = World::play(&steps);
        let effects = world.all_effects();
        let unseen: Vec<_> = world.movements.iter().enumerate()
            .filter(|(_, movement)| matches!(movement.origin, Origin::Entry(_)))
            .filter(|(_, movement)| !movement.quantity_milli.is_zero())
            .map(|(at, _)| at)
            .collect();
        prop_assume!(!unseen.is_empty());
        let at = unseen[pick.index(unseen.len())];
        let broken = world.movements[at].clone();
        let Origin::Entry(entry) = broken.origin else { unreachable!("filtered above") };
        let own_effects: Vec<_> = (0..TILLS).map(|till| world.effects(till)).collect();
        if doubled {
            world.movements.push(broken.clone());
            world.on_hand += broken.quantity_milli.0;
        } else {
            world.movements.remove(at);
            world.on_hand -= broken.quantity_milli.0;
        }

        let faults = check_effects(&effects, &world.movements).unwrap();
        prop_assert_eq!(faults.len(), 1);
        let named = match faults[0] {
            BookFault::Effect { entry, .. } => Some(entry),
            BookFault::Pool { .. } => None,
        };
        prop_assert_eq!(named, Some(entry));

        // The till that wrote it sees it as a remainder as well.
        let writer = (0..TILLS).find(|index| till(*index) == entry.till).unwrap();
        let view = world.view(writer);
        let explained = explain_stock(
            Quantity(world.on_hand), &view, &world.movements, &own_effects[writer],
        ).unwrap();
        let expected = if doubled { broken.quantity_milli.0 } else { -broken.quantity_milli.0 };
        prop_assert_eq!(explained.unexplained, expected);
    }

    #[test]
    fn a_till_that_shows_something_else_is_never_explained_away(
        steps in history(), wrong in 1..5_000_i64,
    ) {
        let world = World::play(&steps);
        let mut view = world.view(0);
        view.shown_milli.0 += wrong;
        prop_assert_eq!(world.explain(0, &view).unexplained, -wrong);
    }

    #[test]
    fn money_is_explained_to_the_coin(
        amounts in prop::collection::vec((-9_000..9_000_i64, 0..4_u8), 0..40), head in 0..40_i64,
        stolen in 0..3_i64,
    ) {
        let mut facts = vec![];
        let (mut store, mut expected) = (0, 0);
        for (seq, (amount, fate)) in (1_i64..).zip(amounts) {
            let state = match fate {
                0 => EffectState::Quarantined,
                1 => EffectState::Unsent,
                _ => EffectState::Applied { feed: seq },
            };
            if let EffectState::Applied { .. } = state {
                store += amount;
            }
            if seq <= head {
                expected += amount;
            }
            facts.push(MoneyFact { entry: entry_ref(0, (1, seq)), amount_minor: Minor(amount), state });
        }
        let view = MoneyView { expected_minor: Minor(expected), ledger: Ledger::up_to(1, head) };
        let explained = explain_money(Minor(store - stolen), &view, &facts).unwrap();
        prop_assert_eq!(explained.unexplained, -stolen);
    }
}

#[test]
fn a_cause_names_every_entry_behind_it() {
    let quarantined = |seq, amount| EntryEffect {
        entry: entry_ref(0, (1, seq)),
        amount,
        state: EffectState::Quarantined,
    };
    let view = StockView { row_feed: 5, shown_milli: Quantity(7_000), ledger: Ledger::up_to(1, 9) };
    let own = [quarantined(8, -1_000), quarantined(9, -2_000)];
    let explained = explain_stock(Quantity(10_000), &view, &[], &own).unwrap();
    assert_eq!(explained.unexplained, 0);
    assert_eq!(explained.causes.len(), 1);
    assert_eq!(
        (explained.causes[0].cause, explained.causes[0].amount),
        (Cause::Quarantined, 3_000)
    );
    let references: Vec<_> =
        explained.causes[0].parts.iter().map(|part| part.reference.as_str()).collect();
    assert_eq!(references, [entry_ref(0, (1, 8)).to_string(), entry_ref(0, (1, 9)).to_string()]);
}

#[test]
fn a_count_of_this_till_is_the_stores_adjustment_not_an_own_movement() {
    let count = StockMovement {
        feed: 6,
        quantity_milli: Quantity(-2_000),
        origin: Origin::Store { cause: StoreCause::Count, reference: "count".into() },
    };
    let view =
        StockView { row_feed: 5, shown_milli: Quantity(10_000), ledger: Ledger::up_to(1, 9) };
    let explained = explain_stock(Quantity(8_000), &view, &[count], &[]).unwrap();
    assert_eq!(explained.unexplained, 0);
    assert_eq!(explained.causes[0].cause, Cause::Count);
}

#[test]
fn a_level_that_its_leases_and_reservations_do_not_bear_out_is_named() {
    let level = Level {
        on_hand_milli: Quantity(5_000),
        reserved_milli: Quantity(1_000),
        leased_milli: Quantity(2_000),
        ..Level::default()
    };
    let books = LevelBooks { movements: &[], leases: &[], reserved_milli: &[Quantity(1_000)] };
    let named: Vec<_> = check_level(&level, &books)
        .unwrap()
        .into_iter()
        .map(|fault| match fault {
            BookFault::Pool { pool, .. } => pool,
            BookFault::Effect { .. } => "effect",
        })
        .collect();
    assert_eq!(named, ["on_hand", "leased"]);
}

#[test]
fn what_a_restored_ledger_lost_is_named_and_its_branch_is_told_from_the_trunk() {
    // Backed up at 50; the store holds 51 of the lost machine; the restored one wrote another 51, now on a branch.
    let lost = EntryRef { till: till(0), incarnation: 1, branch: 0, seq: 51 };
    let forked = EntryRef { branch: 1, ..lost };
    let own = [
        EntryEffect { entry: lost, amount: -2_000, state: EffectState::Applied { feed: 8 } },
        EntryEffect { entry: forked, amount: -1_000, state: EffectState::Quarantined },
    ];
    let extent = |incarnation, branch, through| Extent { incarnation, branch, through };
    let ledger = Ledger(vec![extent(1, 0, 50), extent(1, 1, 51), extent(2, 0, 3)]);
    let view = StockView { row_feed: 5, shown_milli: Quantity(9_000), ledger };
    let booked =
        StockMovement { feed: 8, quantity_milli: Quantity(-2_000), origin: Origin::Entry(lost) };
    let explained = explain_stock(Quantity(8_000), &view, &[booked], &own).unwrap();
    let named: Vec<_> = explained.causes.iter().map(|found| (found.cause, found.amount)).collect();
    assert_eq!(named, [(Cause::LostLedger, -2_000), (Cause::Quarantined, 1_000)]);
    assert_eq!(explained.unexplained, 0);
    assert!(explained.causes[1].parts[0].reference.ends_with("/1~1/51"));
}
