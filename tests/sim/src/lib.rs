//! A seeded simulator of tills, store and the network between them, over the protocol's own core with real SQLite in
//! memory, and an auditor who keeps his own books.
//!
//! One seed is one history: tills sell, the web sells, messages are lost, doubled, held back and cut, machines die at
//! every commit boundary, ledgers and the store are restored from backups, disks are cloned, clocks jump. Then the
//! faults end, everything must come to rest, and the books must agree. The same seed gives the same history.

pub mod auditor;
pub mod store;
pub mod till;
pub mod world;

use daybook_sync::planted::Planted;

/// A rule of the protocol that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule, in words.
    pub rule: &'static str,
    /// Where and how.
    pub detail: String,
}

/// Ends a history at the first broken rule.
pub type Checked<T> = Result<T, Violation>;

/// Says that a rule does not hold.
#[must_use]
pub fn broken(rule: &'static str, detail: impl Into<String>) -> Violation {
    Violation { rule, detail: detail.into() }
}

/// What happened in a history, to see that the faults were really there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Entries written by tills.
    pub entries: u64,
    /// Exchanges that reached the store.
    pub exchanges: u64,
    /// Messages lost or cut.
    pub lost: u64,
    /// Messages delivered twice.
    pub doubled: u64,
    /// Crashes of tills and store.
    pub crashes: u64,
    /// Ledgers restored or cloned.
    pub restored: u64,
    /// Times the store came back from a backup.
    pub store_restored: u64,
    /// New incarnations begun.
    pub incarnations: u64,
    /// Forks seen by the store.
    pub forks: u64,
}

impl Tally {
    /// Adds another history.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.exchanges += other.exchanges;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.crashes += other.crashes;
        self.restored += other.restored;
        self.store_restored += other.store_restored;
        self.incarnations += other.incarnations;
        self.forks += other.forks;
    }
}

/// Runs the history of one seed.
///
/// # Errors
/// The first rule that did not hold.
pub fn run(seed: u64, steps: usize, planted: Planted) -> Checked<Tally> {
    world::World::new(seed, planted).run(steps)
}
