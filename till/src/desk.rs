//! The till as its window uses it: one call per act, everything computed, errors as codes.
//!
//! A [`Desk`] holds the ledger, the person who works at it and the open basket. Each act takes one turn: nobody else
//! acts meanwhile. What is shown comes as [`view`] types; what changed is told through [`Notify`].
//!
//! Invariant: the open basket is kept in the ledger's `state` before an act on it is answered. A power cut loses no
//! line, and a payment in progress keeps the id of its document, so that it is sold once or not at all.

mod balances;
mod browse;
mod check;
mod command_card;
mod customers;
mod damage;
mod draft;
mod fault;
mod health;
mod history;
mod orders;
mod paying;
mod preferences;
mod pricing;
mod printing;
mod returning;
mod selling;
mod session;
mod shift;
mod start;
mod stock;
mod sync;
mod training;
pub mod view;
mod wipe;

pub use check::LedgerCheck;
pub use command_card::{Caption, ScanCommand};
pub use damage::BackupRow;
pub use fault::Fault;
pub use health::{Health, LeaseRow};
pub use history::{
    DocumentLineView, DocumentView, EntryView, HistoryEvent, HistoryFilter, HistoryRow, PaperForm,
};
pub use orders::{OrderCancel, OrderLine, OrderView};
pub use preferences::{Preferences, Scanner, Theme};
pub use printing::{PrintJob, PrintQueue};
pub use start::{Enrol, Start};
pub use stock::{
    Elsewhere, Goods, LocationChoice, LowRow, MoveKind, MovementRow, StockMove, StockView,
};
pub use wipe::WayOut;

use crate::clock;
use crate::error::TillError;
use crate::ledger::{Ledger, Topic, Topics};
use crate::printing::worker::Printing;
use crate::staff::{Failures, SignedIn, Who, check_pin};
use crate::sync_driver::Nudge;
use daybook_domain::clock::Moment;
use daybook_domain::ids::StaffId;
use draft::Draft;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use view::{CustomerScreen, Sold};

/// What is told to whoever shows the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Read again what is shown of these.
    Changed(Topics),
    /// What the customer's window shows.
    Display(CustomerScreen),
}

/// Hears of changes, on any thread; it must not call the desk back before it returns.
pub type Notify = Arc<dyn Fn(Signal) + Send + Sync>;

/// A second person's PIN, for an act that needs their approval.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
pub struct Approval {
    /// Who.
    pub staff: String,
    /// Their PIN.
    pub pin: String,
}

/// Topics of a change, as an event carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Changed {
    /// Topics.
    pub topics: Vec<Topic>,
}

/// A till that is open for a window.
pub struct Desk {
    dir: PathBuf,
    notify: Notify,
    opened: Mutex<Opened>,
    reader: Mutex<Option<Connection>>,
    seen: Arc<sync::Seen>,
    checked: Arc<check::Checked>,
    trouble: Arc<printing::Trouble>,
    /// Held while a copy of the ledger is written into the data folder; taken before what is open.
    copying: Mutex<()>,
    /// Wrong PINs for what is done to a ledger that cannot take them down.
    guesses: Mutex<Option<Failures>>,
}

/// What is open.
struct Opened {
    start: Start,
    ledger: Option<Arc<Mutex<Ledger>>>,
    counter: Counter,
    running: Option<sync::Running>,
    printing: Option<Printing>,
    /// The till itself, while somebody practises.
    aside: Option<training::Aside>,
    /// How far the journal was sealed for the way out.
    sealed: Option<wipe::Sealed>,
}

/// Who works at the till, and on what.
#[derive(Debug, Clone, Default)]
struct Counter {
    person: Option<SignedIn>,
    locked: bool,
    draft: Draft,
    /// The sale that was just made, until the next one begins.
    done: Option<Sold>,
    /// Position of the entry with the X report that was just made.
    last_x: Option<i64>,
}

impl Desk {
    /// Opens the till of a folder. What stands in the way is told by [`Desk::start`]; it is never a panic.
    #[must_use]
    pub fn open(dir: &Path, notify: Notify) -> Self {
        let desk = Self {
            dir: dir.to_owned(),
            notify,
            opened: Mutex::new(Opened::nothing()),
            reader: Mutex::new(None),
            seen: Arc::default(),
            checked: Arc::default(),
            trouble: Arc::default(),
            copying: Mutex::default(),
            guesses: Mutex::default(),
        };
        desk.open_ledger(&mut lock(&desk.opened));
        desk
    }

    /// The data folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// One act: nobody else acts meanwhile.
    fn act<T>(&self, run: impl FnOnce(&mut Turn<'_>) -> Result<T, TillError>) -> Result<T, Fault> {
        self.act_in(&mut lock(&self.opened), run)
    }

    /// One act among what is open, for whoever goes on with it.
    fn act_in<T>(
        &self,
        opened: &mut Opened,
        run: impl FnOnce(&mut Turn<'_>) -> Result<T, TillError>,
    ) -> Result<T, Fault> {
        self.heed_damage(opened);
        let Some(ledger) = &opened.ledger else { return Err(opened.start.fault()) };
        let (result, topics, display) = {
            let mut ledger = lock(ledger);
            let mut turn = Turn {
                counter: &mut opened.counter,
                ledger: &mut ledger,
                moment: clock::now(),
                topics: Topics::new(),
                drawer: false,
            };
            let result = run(&mut turn);
            let topics = std::mem::take(&mut turn.topics);
            let shown = topics.contains(&Topic::Basket) || topics.contains(&Topic::Session);
            let display = shown.then(|| turn.customer_screen().ok()).flatten();
            // Said before anybody can see the paper that the act queued: the drawer opens first.
            if turn.drawer
                && result.is_ok()
                && opened.aside.is_none()
                && let Some(printing) = &opened.printing
            {
                printing.open_drawer();
            }
            (result, topics, display)
        };
        if matches!(result, Err(TillError::Poisoned(_))) {
            // The outcome of the commit is unknown; what is in the file is the truth.
            opened.close();
            self.open_ledger(opened);
        }
        if topics.contains(&Topic::Journal)
            && let Some(running) = &opened.running
        {
            running.nudge(Nudge::News);
        }
        if (topics.contains(&Topic::Documents) || topics.contains(&Topic::Papers))
            && let Some(printing) = &opened.printing
        {
            printing.look();
        }
        // Told before the next act: who shows the till hears of acts in their order.
        if let Some(display) = display {
            (self.notify)(Signal::Display(display));
        }
        if !topics.is_empty() {
            (self.notify)(Signal::Changed(topics));
        }
        result.map_err(|error| Fault::from(&error))
    }

    /// The ledger behind the desk, as the exchange with the store has it.
    #[cfg(test)]
    pub(crate) fn behind<T>(&self, run: impl FnOnce(&mut Ledger) -> T) -> T {
        run(&mut lock(lock(&self.opened).ledger.as_ref().expect("the till is open")))
    }

    /// Reads beside whoever acts: never waits for the exchange with the store, nor makes it wait.
    fn look<T>(&self, run: impl FnOnce(&Connection) -> Result<T, TillError>) -> Result<T, Fault> {
        let reader = lock(&self.reader);
        let Some(conn) = &*reader else {
            drop(reader);
            return Err(lock(&self.opened).start.fault());
        };
        run(conn).map_err(|error| Fault::from(&error))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        lock(&self.opened).close();
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// A panic elsewhere left no half-written transaction: those are rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One act at the till.
struct Turn<'a> {
    counter: &'a mut Counter,
    ledger: &'a mut Ledger,
    moment: Moment,
    topics: Topics,
    /// The drawer is to open once the act is done.
    drawer: bool,
}

impl Turn<'_> {
    fn conn(&self) -> &Connection {
        self.ledger.reader()
    }

    fn changed(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.topics.extend(topics);
    }

    /// The person at the till.
    fn who(&self) -> Result<Who, TillError> {
        let actor = self.counter.person.clone().ok_or_else(|| {
            TillError::refused("session.signed_out", "nobody is signed in at this till")
        })?;
        if self.counter.locked {
            return Err(TillError::refused("session.locked", "the till is locked"));
        }
        Ok(Who { moment: self.moment, data_at_ms: None, actor, approver: None })
    }

    /// The person at the till with whoever approves.
    fn who_with(&mut self, approval: Option<&Approval>) -> Result<Who, TillError> {
        let mut who = self.who()?;
        if let Some(approval) = approval {
            let staff = StaffId::new(approval.staff.as_str())?;
            who.approver = Some(check_pin(self.ledger, self.moment, &staff, &approval.pin)?);
        }
        Ok(who)
    }
}
