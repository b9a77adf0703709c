//! Practising: the till steps aside with its basket and its exchange, and a ledger of its own takes its place.

use super::start::close_ledger;
use super::{Counter, Desk, Fault, Opened, Signal, lock, printing, sync};
use crate::clock;
use crate::error::TillError;
use crate::ledger::{Ledger, Topic, schema};
use crate::printing::worker::Printing;
use crate::training;
use std::sync::{Arc, Mutex};

/// The till itself, while somebody practises: it goes on to exchange with the store, and to print what waits.
pub(super) struct Aside {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) running: Option<sync::Running>,
    pub(super) printing: Option<Printing>,
    counter: Counter,
}

impl Desk {
    /// Begins to practise. The open basket and the shift of the till wait as they are. A program that ends meanwhile starts
    /// with the till itself.
    ///
    /// # Errors
    /// `session.signed_out`, `session.locked`, `ledger.…`.
    pub fn enter_training(&self) -> Result<(), Fault> {
        let mut opened = lock(&self.opened);
        if opened.aside.is_none() {
            self.step_aside(&mut opened).map_err(|error| Fault::from(&error))?;
        }
        drop(opened);
        self.all_changed();
        Ok(())
    }

    /// Ends the practice: the till is as it was left.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn leave_training(&self) -> Result<(), Fault> {
        let mut opened = lock(&self.opened);
        let Some(till) = opened.aside.take() else { return Ok(()) };
        let reader = schema::open_reader(&lock(&till.ledger).home().database());
        *lock(&self.reader) = Some(reader.map_err(|error| Fault::from(&error))?);
        let person = opened.counter.person.take();
        if let Some(printing) = opened.printing.take() {
            printing.stop();
        }
        if let Some(practice) = opened.ledger.replace(till.ledger) {
            close_ledger(practice);
        }
        (opened.running, opened.printing) = (till.running, till.printing);
        // Whoever took over in training signs in: the till knows of no change of hands.
        let same = person.map(|person| person.staff)
            == till.counter.person.as_ref().map(|person| person.staff.clone());
        opened.counter = Counter { locked: till.counter.locked || !same, ..till.counter };
        drop(opened);
        self.all_changed();
        Ok(())
    }

    fn step_aside(&self, opened: &mut Opened) -> Result<(), TillError> {
        let Some(ledger) = opened.ledger.clone() else { return Err(TillError::NotEnrolled) };
        let person = opened.counter.person.clone().ok_or_else(|| {
            TillError::refused("session.signed_out", "nobody is signed in at this till")
        })?;
        if opened.counter.locked {
            return Err(TillError::refused("session.locked", "the till is locked"));
        }
        let practice = training::open(&lock(&ledger), clock::now())?;
        let reader = schema::open_reader(&practice.home().database())?;
        let counter = Counter { person: Some(person), ..Counter::restore(&practice)? };
        let practice = Arc::new(Mutex::new(practice));
        let printing = printing::start(&practice, &self.notify, &self.trouble)?;
        *lock(&self.reader) = Some(reader);
        opened.ledger = Some(Arc::clone(&practice));
        opened.aside = Some(Aside {
            ledger,
            running: opened.running.take(),
            printing: opened.printing.take(),
            counter: std::mem::replace(&mut opened.counter, counter),
        });
        opened.printing = Some(printing);
        Ok(())
    }

    fn all_changed(&self) {
        let all = [
            Topic::Session,
            Topic::Basket,
            Topic::Shift,
            Topic::Parked,
            Topic::Catalogue,
            Topic::Stock,
            Topic::Documents,
            Topic::Papers,
            Topic::Orders,
        ];
        (self.notify)(Signal::Changed(all.into()));
        if let Ok(screen) = self.display() {
            (self.notify)(Signal::Display(screen));
        }
    }

    /// Reads of the till itself, also while somebody practises.
    pub(super) fn till<T>(
        &self,
        read: impl FnOnce(&Ledger) -> Result<T, TillError>,
    ) -> Result<T, Fault> {
        let opened = lock(&self.opened);
        let aside = opened.aside.as_ref().map(|till| &till.ledger);
        let Some(ledger) = aside.or(opened.ledger.as_ref()) else {
            return Err(opened.start.fault());
        };
        read(&lock(ledger)).map_err(|error| Fault::from(&error))
    }
}
