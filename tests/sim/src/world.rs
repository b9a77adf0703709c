//! One history: who does what when, and which faults strike, all from the seed.

use crate::auditor::{check_rest, check_shown};
use crate::store::{Crash, SimStore};
use crate::till::{Death, Outgoing, SimTill, copy_of, signer};
use crate::{Checked, Tally, broken};
use daybook_sync::client::{Action, Event, Failure, Reply};
use daybook_sync::planted::Planted;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use uuid::Uuid;

const TILLS: u8 = 2;
const MACHINES_MAX: usize = 5;
const TIMEOUT_MS: i64 = 5_000;
/// Rounds of undisturbed exchanges within which everything must come to rest.
const ROUNDS_MAX: usize = 80;
/// Messages of one round; more means that two sides talk without end.
const MESSAGES_MAX: usize = 2_000;

enum Flight {
    ToStore { machine: usize, generation: u64, attempt: u64, what: Outgoing },
    ToTill { machine: usize, generation: u64, attempt: u64, event: Event },
}

/// Tills, store, the network between them, and the faults.
pub struct World {
    random: StdRng,
    store: SimStore,
    machines: Vec<SimTill>,
    backups: Vec<(usize, Connection)>,
    flights: VecDeque<Flight>,
    skus: Vec<String>,
    /// Time that does not go back: the one of timers.
    now_ms: i64,
    /// The store's clock less that time: it is set forth and back.
    store_ahead_ms: i64,
    next_id: u64,
    calm: bool,
    excused: BTreeSet<Uuid>,
    leases: BTreeSet<Uuid>,
    tally: Tally,
}

impl World {
    /// A store with two enrolled tills.
    #[must_use]
    pub fn new(seed: u64, planted: Planted) -> Self {
        let skus: Vec<String> = (0..3).map(|number| format!("sku-{number}")).collect();
        let tills: Vec<(Uuid, u8)> =
            (1..=TILLS).map(|number| (Uuid::from_u128(u128::from(number)), number)).collect();
        let keys: BTreeMap<_, _> =
            tills.iter().map(|(till, number)| (*till, signer(*number).public_key())).collect();
        let mut store = SimStore::new(&skus, keys, planted);
        let machines = tills
            .iter()
            .map(|(till, number)| {
                SimTill::enrolled(*till, signer(*number), &mut store, u64::from(*number), planted)
            })
            .collect();
        Self {
            random: StdRng::seed_from_u64(seed),
            store,
            machines,
            backups: Vec::new(),
            flights: VecDeque::new(),
            skus,
            now_ms: 1_000_000,
            store_ahead_ms: 0,
            next_id: 100,
            calm: false,
            excused: BTreeSet::new(),
            leases: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Runs so many steps with faults, then lets everything come to rest and audits the books.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn run(mut self, steps: usize) -> Checked<Tally> {
        for _ in 0..steps {
            self.step()?;
        }
        self.calm = true;
        self.flights.clear();
        self.come_to_rest()?;
        for machine in 0..self.machines.len() {
            if self.machines[machine].may_write() {
                self.sell(machine)?;
            }
            self.come_to_rest()?;
        }
        self.store.release_quarantine();
        self.come_to_rest()?;
        check_rest(&self.machines, &self.store, &self.skus)?;
        self.check_causes()?;
        Ok(self.tally)
    }

    fn one_in(&mut self, n: u32) -> bool {
        !self.calm && self.random.random_ratio(1, n)
    }

    fn any_machine(&mut self) -> usize {
        self.random.random_range(0..self.machines.len())
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn step(&mut self) -> Checked<()> {
        self.now_ms += self.random.random_range(0..1_500);
        let machine = self.any_machine();
        match self.random.random_range(0..100_u32) {
            0..25 => self.sell(machine)?,
            25..65 => self.deliver_any()?,
            65..80 => self.tick(machine)?,
            80..84 => {
                let sku = self.random.random_range(0..self.skus.len());
                self.store.web_sale(&self.skus[sku]);
            }
            84..87 => self.drive(machine, Event::Urge)?,
            87..89 => self.crash(machine),
            89..91 => self.backups.push((machine, copy_of(&self.machines[machine]))),
            91..93 => self.restore_till(),
            93 => self.clone_machine(machine),
            94 => self.store.back_up(),
            95 => self.restore_store(),
            96 => self.ask_lease(machine),
            97 => {
                self.now_ms += self.random.random_range(0..10_000_000);
                self.store_ahead_ms = self.random.random_range(-10_000_000..10_000_000);
            }
            98.. => self.store.release_quarantine(),
        }
        Ok(())
    }

    fn sell(&mut self, machine: usize) -> Checked<()> {
        if !self.machines[machine].may_write() {
            return Ok(());
        }
        let id = self.fresh_id();
        let sku = self.skus[self.random.random_range(0..self.skus.len())].clone();
        let poison = self.one_in(10);
        self.machines[machine].sell(&sku, id, poison)?;
        self.tally.entries += 1;
        check_shown(&self.machines[machine], &self.store)?;
        if self.random.random_bool(0.5) {
            self.drive(machine, Event::Wake)?;
        }
        Ok(())
    }

    fn ask_lease(&mut self, machine: usize) {
        let id = Uuid::from_u128(u128::from(self.fresh_id()) << 8);
        self.leases.insert(id);
        self.machines[machine].ask_lease(id);
    }

    fn crash(&mut self, machine: usize) {
        self.machines[machine].die();
        self.tally.crashes += 1;
        self.boot(machine);
    }

    fn boot(&mut self, machine: usize) {
        let (offline, random) = (self.one_in(3), self.random.random());
        self.machines[machine].start(offline, random);
    }

    fn restore_till(&mut self) {
        if self.backups.is_empty() {
            return;
        }
        let (machine, disk) = &self.backups[self.random.random_range(0..self.backups.len())];
        let old = &self.machines[*machine];
        // Silent: even the install id came back, as with the image of a whole disk.
        let install =
            if self.random.random_bool(0.5) { old.install } else { self.next_id + 1_000_000 };
        let restored = old.with_disk(disk, install, old.generation + 1);
        self.excused.insert(restored.till);
        let machine = *machine;
        self.machines[machine] = restored;
        self.next_id += 1;
        self.tally.restored += 1;
        self.boot(machine);
    }

    fn clone_machine(&mut self, machine: usize) {
        if self.machines.len() >= MACHINES_MAX {
            return;
        }
        let old = &self.machines[machine];
        let install =
            if self.random.random_bool(0.5) { old.install } else { self.next_id + 2_000_000 };
        let twin = old.with_disk(old.disk(), install, 0);
        self.excused.insert(twin.till);
        self.machines.push(twin);
        self.next_id += 1;
        self.tally.restored += 1;
        self.boot(self.machines.len() - 1);
    }

    fn restore_store(&mut self) {
        // The last backup only: an older one is the same case with more lost.
        if self.store.restore() {
            let tills: Vec<Uuid> = self.machines.iter().map(|machine| machine.till).collect();
            self.excused.extend(tills);
            self.tally.store_restored += 1;
        }
    }

    /// Timer and time-out of a machine, where they are due.
    fn tick(&mut self, machine: usize) -> Checked<()> {
        let till = &mut self.machines[machine];
        if let Some((attempt, until_ms)) = till.waiting
            && self.now_ms >= until_ms
        {
            till.waiting = None;
            return self.drive(machine, Event::Failed(attempt, Failure::Transport));
        }
        if self.now_ms >= till.timer_ms {
            self.drive(machine, Event::Timer)?;
        }
        Ok(())
    }

    /// Hands an event to a till and does what it wants, until it wants nothing more.
    fn drive(&mut self, machine: usize, event: Event) -> Checked<()> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let actions = self.machines[machine].step(self.now_ms, event);
            for action in actions {
                match action {
                    Action::Exchange(attempt, plan) => {
                        let max = self.random.random_range(1..=4);
                        let request = self.machines[machine].complete(*plan, max);
                        self.send(machine, attempt, Outgoing::Exchange(Box::new(request)));
                    }
                    Action::AskIncarnation(attempt, request) => {
                        self.send(machine, attempt, Outgoing::Incarnation(request));
                    }
                    Action::AskEntries(attempt, request) => {
                        let what = Outgoing::Entries(request.incarnation, request.after);
                        self.send(machine, attempt, what);
                    }
                    Action::Wait { until_ms } => self.machines[machine].timer_ms = until_ms,
                    Action::Show(_) => {}
                    writes @ (Action::Apply(_)
                    | Action::BeginIncarnation(_)
                    | Action::KeepEntries(_)
                    | Action::DropMissing(_)) => {
                        if self.commit(machine, writes)? {
                            events.push_back(Event::Saved);
                        } else {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn commit(&mut self, machine: usize, action: Action) -> Checked<bool> {
        let death = match () {
            () if self.one_in(25) => Death::BeforeCommit,
            () if self.one_in(25) => Death::AfterCommit,
            () => Death::No,
        };
        let random = self.random.random();
        if matches!(action, Action::BeginIncarnation(_)) && death != Death::BeforeCommit {
            self.tally.incarnations += 1;
        }
        let lived = self.machines[machine].carry_out(action, &self.store, random, death)?;
        self.tally.crashes += u64::from(!lived);
        check_shown(&self.machines[machine], &self.store)?;
        Ok(lived)
    }

    fn send(&mut self, machine: usize, attempt: u64, what: Outgoing) {
        let generation = self.machines[machine].generation;
        self.machines[machine].waiting = Some((attempt, self.now_ms + TIMEOUT_MS));
        if self.one_in(8) {
            self.tally.lost += 1;
            return;
        }
        if self.one_in(12) {
            self.tally.doubled += 1;
            let what = what.clone();
            self.flights.push_back(Flight::ToStore { machine, generation, attempt, what });
        }
        self.flights.push_back(Flight::ToStore { machine, generation, attempt, what });
    }

    /// Delivers any message: they overtake each other.
    fn deliver_any(&mut self) -> Checked<()> {
        if self.flights.is_empty() {
            return Ok(());
        }
        let place = self.random.random_range(0..self.flights.len());
        match self.flights.remove(place) {
            Some(flight) => self.deliver(flight),
            None => Ok(()),
        }
    }

    fn deliver(&mut self, flight: Flight) -> Checked<()> {
        match flight {
            Flight::ToStore { machine, generation, attempt, what } => {
                let Some(event) = self.at_store(machine, attempt, what)? else { return Ok(()) };
                if self.one_in(8) {
                    self.tally.lost += 1;
                    return Ok(());
                }
                if self.one_in(12) {
                    self.tally.doubled += 1;
                    let event = event.clone();
                    self.flights.push_back(Flight::ToTill { machine, generation, attempt, event });
                }
                self.flights.push_back(Flight::ToTill { machine, generation, attempt, event });
                Ok(())
            }
            Flight::ToTill { machine, generation, attempt, event } => {
                let till = &mut self.machines[machine];
                // The process that asked is gone, and its connection with it.
                if till.generation != generation {
                    return Ok(());
                }
                if till.waiting.is_some_and(|(waits_for, _)| waits_for == attempt) {
                    till.waiting = None;
                }
                self.drive(machine, event)
            }
        }
    }

    fn at_store(&mut self, machine: usize, attempt: u64, what: Outgoing) -> Checked<Option<Event>> {
        let store_now_ms = self.now_ms + self.store_ahead_ms;
        let reply = match what {
            Outgoing::Exchange(request) => {
                let crash = match () {
                    () if self.one_in(25) => Crash::BeforeCommit,
                    () if self.one_in(25) => Crash::AfterCommit,
                    () => Crash::No,
                };
                self.tally.exchanges += 1;
                self.tally.crashes += u64::from(crash != Crash::No);
                let answer = self.store.exchange(&request, store_now_ms, crash, &mut self.tally)?;
                let Some(answer) = answer else { return Ok(None) };
                Reply::Exchange(Box::new(answer))
            }
            Outgoing::Incarnation(request) => {
                Reply::Incarnation(self.store.incarnation(&request, store_now_ms))
            }
            Outgoing::Entries(inc, after) => {
                let till = self.machines[machine].till;
                match self.store.entries(till, inc, after) {
                    Some(answer) => Reply::Entries(answer),
                    None => {
                        let failure = Failure::Refused {
                            status: 404,
                            retry_after_ms: None,
                            code: Some("sync.unknown_journal".to_owned()),
                        };
                        return Ok(Some(Event::Failed(attempt, failure)));
                    }
                }
            }
        };
        Ok(Some(Event::Reply(attempt, reply)))
    }

    /// Without faults, exchanges until nobody has anything left to say.
    fn come_to_rest(&mut self) -> Checked<()> {
        let mut quiet = 0;
        for _ in 0..ROUNDS_MAX {
            for machine in 0..self.machines.len() {
                self.machines[machine].start(false, u64::from(self.random.random::<u32>()));
                if let Some((attempt, _)) = self.machines[machine].waiting.take() {
                    self.drive(machine, Event::Failed(attempt, Failure::Transport))?;
                }
                self.now_ms += 1_000_000;
                self.drive(machine, Event::Timer)?;
                self.deliver_all()?;
            }
            quiet = if self.machines.iter().all(SimTill::is_settled) { quiet + 1 } else { 0 };
            if quiet == 3 {
                return Ok(());
            }
        }
        Err(broken("without faults everything comes to rest", format!("{ROUNDS_MAX} rounds")))
    }

    fn deliver_all(&mut self) -> Checked<()> {
        for _ in 0..MESSAGES_MAX {
            match self.flights.pop_front() {
                Some(flight) => self.deliver(flight)?,
                None => return Ok(()),
            }
        }
        Err(broken("without faults everything comes to rest", format!("{MESSAGES_MAX} messages")))
    }

    /// Nothing happens without a cause.
    fn check_causes(&self) -> Checked<()> {
        let restless = self
            .machines
            .iter()
            .find(|till| till.incarnation() != 1 && !self.excused.contains(&till.till));
        if let Some(till) = restless {
            return Err(broken(
                "an incarnation ends only after a restore or a copy",
                format!("till {} is in incarnation {}", till.till, till.incarnation()),
            ));
        }
        let asked = i64::try_from(self.leases.len()).unwrap_or(i64::MAX);
        if self.store.grants() > asked {
            let detail = format!("{} grants, {asked} requests", self.store.grants());
            return Err(broken("a request is granted once", detail));
        }
        Ok(())
    }
}
