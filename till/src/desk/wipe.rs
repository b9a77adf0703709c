//! Taking the till out of service.

use super::{Approval, Counter, Desk, Fault, Start, Turn, lock};
use crate::clock;
use crate::error::TillError;
use crate::goods;
use crate::ledger::{Ledger, Topics};
use crate::wipe;
use daybook_domain::staff::Action;
use std::sync::{Arc, Mutex};

impl Desk {
    /// Removes the shop from this machine: ledger, keys, backups and papers; what was sealed stays. `code` is the till's own,
    /// as a person typed it to say that they mean it. Refused while anything would be lost.
    ///
    /// # Errors
    /// `wipe.code`, `wipe.training`, `wipe.shift_open`, `wipe.basket_open`, `wipe.unsent` with how many, `approval.…`.
    pub fn wipe(&self, code: &str, approval: Option<&Approval>) -> Result<Start, Fault> {
        let mut opened = lock(&self.opened);
        let Some(ledger) = opened.ledger.clone() else { return Err(opened.start.fault()) };
        if opened.aside.is_some() {
            let message = "end the practice first";
            return Err(Fault::from(&TillError::refused("wipe.training", message)));
        }
        let sealed = opened.sealed;
        self.decide_to_wipe(&mut opened.counter, &ledger, code, approval, sealed)
            .map_err(|error| Fault::from(&error))?;
        drop(ledger);
        *lock(&self.reader) = None;
        opened.close();
        opened.counter = Counter::default();
        // Opening a folder that is marked empties it.
        self.open_ledger(&mut opened);
        let start = opened.start.clone();
        drop(opened);
        self.all_changed();
        Ok(start)
    }

    fn decide_to_wipe(
        &self,
        counter: &mut Counter,
        ledger: &Arc<Mutex<Ledger>>,
        code: &str,
        approval: Option<&Approval>,
        sealed: Option<i64>,
    ) -> Result<(), TillError> {
        let mut ledger = lock(ledger);
        let mut turn = Turn {
            counter,
            ledger: &mut ledger,
            moment: clock::now(),
            topics: Topics::new(),
            drawer: false,
        };
        turn.may_wipe(code, approval, sealed)?;
        wipe::begin(&self.dir)
    }
}

impl Turn<'_> {
    fn may_wipe(
        &mut self,
        code: &str,
        approval: Option<&Approval>,
        sealed: Option<i64>,
    ) -> Result<(), TillError> {
        let who = self.who_with(approval)?;
        if code.trim().to_uppercase() != self.ledger.identity()?.code.as_str() {
            return Err(TillError::refused("wipe.code", "this is not the code of this till"));
        }
        self.allow(&who, Action::Maintain)?;
        if self.ledger.live()?.shift.is_some() {
            let message = "a shift is open: count and close it first";
            return Err(TillError::refused("wipe.shift_open", message));
        }
        if !self.counter.draft.is_empty() || goods::count_parked(self.conn())? > 0 {
            let message = "a basket is open or parked: sell or empty it first";
            return Err(TillError::refused("wipe.basket_open", message));
        }
        let unsent = super::sync::unsent(self.ledger)?.0;
        if unsent > 0 && sealed != Some(self.ledger.live()?.pos()) {
            let message = format!("{unsent} entries have not reached the store");
            return Err(TillError::refused("wipe.unsent", message).with("count", unsent));
        }
        Ok(())
    }
}
