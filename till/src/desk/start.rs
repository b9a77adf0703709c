//! Opening the till, enrolling it, closing it.

use super::draft::Payment;
use super::{Counter, Desk, Fault, Opened, lock, printing, sync};
use crate::balances;
use crate::clock;
use crate::error::TillError;
use crate::ledger::query;
use crate::ledger::{Ledger, Standing, Topic, schema};
use crate::sealed;
use crate::sync_driver::{self, Enrolment};
use serde::{Deserialize, Serialize};
use specta::Type;
use std::sync::{Arc, Mutex};

/// What the till begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Start {
    /// It belongs to no store yet.
    Enrol {
        /// Folder of what an earlier life of this till sealed, where there is anything.
        sealed: Option<String>,
    },
    /// People may sign in.
    Ready,
    /// It waits for its first catalogue, or for leave to go on after a restore.
    WaitingForStore {
        /// Why.
        fault: Option<Fault>,
    },
    /// Another program has the ledger.
    Locked {
        /// Which file.
        fault: Fault,
    },
    /// The ledger does not verify.
    Damaged {
        /// Where.
        fault: Fault,
    },
    /// A newer program wrote the ledger.
    Newer {
        /// Which.
        fault: Fault,
    },
    /// Something else is wrong with the folder.
    Failed {
        /// What.
        fault: Fault,
    },
}

impl Start {
    fn of(error: &TillError) -> Self {
        let fault = Fault::from(error);
        match error {
            TillError::Locked { .. } => Self::Locked { fault },
            TillError::Corrupt { .. } => Self::Damaged { fault },
            TillError::NewerSchema { .. } => Self::Newer { fault },
            _ => Self::Failed { fault },
        }
    }

    /// Why nothing can be done.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Locked { fault }
            | Self::Damaged { fault }
            | Self::Newer { fault }
            | Self::Failed { fault }
            | Self::WaitingForStore { fault: Some(fault) } => fault.clone(),
            Self::Enrol { .. } | Self::Ready | Self::WaitingForStore { fault: None } => {
                Fault::from(&TillError::NotEnrolled)
            }
        }
    }
}

/// Where and with what to enrol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Enrol {
    /// Address of the store.
    pub store_url: String,
    /// One-time code as typed.
    pub code: String,
    /// Certificate authority to trust instead of the system's, as PEM.
    pub ca_pem: Option<String>,
}

/// Closes a ledger that no thread uses any more.
pub(super) fn close_ledger(ledger: Arc<Mutex<Ledger>>) {
    let Some(ledger) = Arc::into_inner(ledger) else { return };
    let ledger = ledger.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Err(error) = ledger.close() {
        tracing::warn!(%error, "the ledger was not closed cleanly");
    }
}

impl Opened {
    pub(super) fn nothing() -> Self {
        Self {
            start: Start::Enrol { sealed: None },
            ledger: None,
            counter: Counter::default(),
            running: None,
            printing: None,
            aside: None,
            sealed: None,
        }
    }

    /// Ends the exchange and the printing.
    pub(super) fn stop_threads(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
        if let Some(printing) = self.printing.take() {
            printing.stop();
        }
    }

    /// Ends the exchange and closes the ledger.
    pub(super) fn close(&mut self) {
        self.stop_threads();
        if let Some(ledger) = self.ledger.take() {
            close_ledger(ledger);
        }
        if let Some(till) = self.aside.take() {
            (self.running, self.printing) = (till.running, till.printing);
            self.ledger = Some(till.ledger);
            self.close();
        }
    }
}

impl Desk {
    /// What the till begins with, as it is now.
    #[must_use]
    pub fn start(&self) -> Start {
        let mut opened = lock(&self.opened);
        self.heed_damage(&mut opened);
        let waiting = matches!(opened.start, Start::WaitingForStore { .. });
        if waiting && let Some(ledger) = opened.ledger.clone() {
            opened.start = standing(&lock(&ledger));
        }
        opened.start.clone()
    }

    /// Tries again to open what could not be opened.
    #[must_use]
    pub fn try_again(&self) -> Start {
        let mut opened = lock(&self.opened);
        if opened.ledger.is_none() {
            self.open_ledger(&mut opened);
        }
        opened.start.clone()
    }

    /// Enrols the till with a code of the office, and begins to exchange.
    ///
    /// # Errors
    /// `till.enrolled`, `store.unreachable`, `store.refused`.
    pub fn enrol(&self, enrol: &Enrol) -> Result<Start, Fault> {
        let mut opened = lock(&self.opened);
        let Some(ledger) = opened.ledger.clone() else { return Err(opened.start.fault()) };
        let enrolment = Enrolment {
            store_url: enrol.store_url.trim().trim_end_matches('/').to_owned(),
            code: enrol.code.trim().to_owned(),
            ca_pem: enrol.ca_pem.clone(),
        };
        sync_driver::enrol(&mut lock(&ledger), clock::now(), &enrolment)
            .map_err(|error| Fault::from(&error))?;
        drop(ledger);
        opened.close();
        self.open_ledger(&mut opened);
        Ok(opened.start.clone())
    }

    /// Opens the ledger and begins to exchange with the store.
    pub(super) fn open_ledger(&self, opened: &mut Opened) {
        let person = opened.counter.person.take();
        *opened = Opened::nothing();
        let mut ledger = match Ledger::open(&self.dir) {
            Ok(ledger) => ledger,
            Err(error) => {
                opened.start = Start::of(&error);
                if let Start::Damaged { .. } = opened.start {
                    self.read_only();
                }
                return;
            }
        };
        opened.start = standing(&ledger);
        let enrolled = ledger.standing() != Standing::New;
        // Nobody works at a till that belongs to no store.
        let person = person.filter(|_| enrolled);
        match (Counter::restore(&ledger), schema::open_reader(&ledger.home().database())) {
            (Ok(counter), Ok(reader)) => {
                opened.counter = Counter { person, ..counter };
                *lock(&self.reader) = Some(reader);
            }
            (Err(error), _) | (_, Err(error)) => {
                opened.start = Start::of(&error);
                self.read_only();
                return;
            }
        }
        if enrolled {
            let holds = opened.counter.draft.payment.as_ref().map(Payment::holds);
            let held = holds.unwrap_or_default();
            if let Err(error) = balances::give_up_all(&mut ledger, clock::now(), &held) {
                tracing::warn!(%error, "what the store has set aside is not given back yet");
            }
            self.checked.begin(ledger.home().database(), &self.notify);
        }
        let ledger = Arc::new(Mutex::new(ledger));
        if enrolled {
            match printing::start(&ledger, &self.notify, &self.trouble) {
                Ok(printing) => opened.printing = Some(printing),
                Err(error) => {
                    *lock(&self.reader) = None;
                    opened.start = Start::of(&error);
                    return;
                }
            }
            opened.running = Some(sync::start(&ledger, &self.notify, &self.seen));
        }
        opened.ledger = Some(ledger);
    }

    /// Entries that the store has not acknowledged: quitting for good would lose them.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn unsent(&self) -> Result<i64, Fault> {
        self.till(|ledger| sync::unsent(ledger).map(|(unsent, _)| unsent))
    }

    /// Refuses to end while the store lacks entries of this till, unless they were all sealed into a file. What the store
    /// lacks of a damaged ledger nobody can say: it is to be sealed too.
    ///
    /// # Errors
    /// `quit.unsent` with how many, `quit.damaged`.
    pub fn ensure_sent(&self) -> Result<(), Fault> {
        let damaged = self.is_damaged();
        let opened = lock(&self.opened);
        if damaged && !opened.sealed.as_ref().is_some_and(|sealed| sealed.file.is_file()) {
            let message = "what the store lacks of a damaged ledger is not known";
            return Err(Fault::from(&TillError::refused("quit.damaged", message)));
        }
        if opened.ledger.is_none() {
            return Ok(());
        }
        drop(opened);
        let unsent = self.unsent()?;
        if unsent == 0 || self.all_sealed()? {
            return Ok(());
        }
        let message = format!("{unsent} entries have not reached the store");
        Err(Fault::from(&TillError::refused("quit.unsent", message).with("count", unsent)))
    }

    /// Whether the program may end. A person who was told that the ledger is damaged may end it all the same: nothing can
    /// be sold, and the file stays.
    ///
    /// # Errors
    /// As [`Desk::ensure_sent`].
    pub fn may_end(&self, despite_damage: bool) -> Result<(), Fault> {
        match self.ensure_sent() {
            Err(fault) if despite_damage && fault.code == "quit.damaged" => Ok(()),
            sent => sent,
        }
    }

    /// Closes the till: the exchange ends, the ledger knows that nothing was cut off.
    pub fn close(&self) {
        *lock(&self.reader) = None;
        let mut opened = lock(&self.opened);
        opened.close();
        (self.notify)(super::Signal::Changed([Topic::Session].into()));
    }
}

fn standing(ledger: &Ledger) -> Start {
    // A ledger that was brought here and that the store does not know here waits for nobody: it enrols, with a code of its till.
    let unknown = ledger.identity().is_ok_and(|identity| !identity.training)
        && ledger.keys().request_key(ledger.home()).is_err();
    match ledger.standing() {
        Standing::NeedsIncarnation(_) if unknown => Start::Enrol { sealed: None },
        Standing::New => {
            let sealed = sealed::kept(ledger.home().dir());
            Start::Enrol { sealed: sealed.map(|folder| folder.display().to_string()) }
        }
        Standing::NeedsIncarnation(why) => {
            let fault = Fault::from(&TillError::NeedsIncarnation { why });
            Start::WaitingForStore { fault: Some(fault) }
        }
        Standing::Ready => {
            match query::settings(ledger.reader()).map(|settings| settings.is_some()) {
                Ok(true) => Start::Ready,
                Ok(false) => Start::WaitingForStore { fault: None },
                Err(error) => Start::of(&error),
            }
        }
    }
}
