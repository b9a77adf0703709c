//! Taking the till out of service: refused while anything would be lost.

use super::view::CustomerScreen;
use super::{Approval, Desk, Fault, Opened, Signal, Start, Turn, lock};
use crate::error::TillError;
use crate::goods;
use crate::ledger::{Ledger, Topic};
use crate::sync_driver;
use crate::wipe;
use daybook_domain::staff::Action;
use serde::Serialize;
use specta::Type;
use std::path::PathBuf;

/// A file into which the ledger was sealed for the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Last position of the journal in it.
    pub(super) pos: i64,
    pub(super) file: PathBuf,
}

/// What a wipe would lose, and what keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct WayOut {
    /// Entries of all incarnations that the store has not acknowledged.
    pub unsent: i64,
    /// The sealed file that holds the journal as it stands.
    pub sealed: Option<String>,
}

impl WayOut {
    fn of(ledger: &Ledger, sealed: Option<&Sealed>) -> Result<Self, TillError> {
        let pos = ledger.live()?.pos();
        // A file that is gone keeps nothing.
        let holds = |sealed: &&Sealed| sealed.pos == pos && sealed.file.is_file();
        Ok(Self {
            unsent: sync_driver::unsent(ledger.reader(), ledger.identity()?.till)?.count,
            sealed: sealed.filter(holds).map(|sealed| sealed.file.display().to_string()),
        })
    }

    fn ensure(ledger: &Ledger, sealed: Option<&Sealed>) -> Result<(), TillError> {
        let Self { unsent, sealed } = Self::of(ledger, sealed)?;
        if unsent == 0 || sealed.is_some() {
            return Ok(());
        }
        let message = format!("{unsent} entries have not reached the store");
        Err(TillError::refused("wipe.unsent", message).with("count", unsent))
    }
}

impl Desk {
    /// What a wipe would lose now, and what keeps it.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn way_out(&self) -> Result<WayOut, Fault> {
        let sealed = lock(&self.opened).sealed.clone();
        self.till(|ledger| WayOut::of(ledger, sealed.as_ref()))
    }

    /// Takes the till out of service on this machine: the ledger, the keys and all else of the shop go, sealed files stay.
    /// Answers what the till begins with then. `till_code` is what the person typed, so that no other till is meant.
    ///
    /// # Errors
    /// `wipe.training`, `wipe.code`, `wipe.shift_open`, `wipe.parked`, `wipe.unsent` with how many, `basket.not_empty`,
    /// `session.…`, `approval.…`, `ledger.damaged`, `file.failed`. Nothing is lost by any of them.
    pub fn wipe(&self, till_code: &str, approval: Option<&Approval>) -> Result<Start, Fault> {
        let copying = lock(&self.copying);
        let mut opened = lock(&self.opened);
        if opened.aside.is_some() {
            let refused = TillError::refused("wipe.training", "end the practice first");
            return Err(Fault::from(&refused));
        }
        let sealed = opened.sealed.clone();
        let by =
            self.act_in(&mut opened, |turn| turn.may_wipe(till_code, sealed.as_ref(), approval))?;
        opened.stop_threads();
        self.checked.end();
        self.heed_damage(&mut opened);
        let begun = opened.begin_wipe();
        if begun.is_ok() {
            self.seen.forget();
            self.trouble.forget();
            self.checked.forget();
            (self.notify)(Signal::Display(CustomerScreen::nothing()));
        }
        if opened.ledger.is_some() {
            *lock(&self.reader) = None;
            opened.close();
            // Ends the wipe; where none could be begun, the till goes on as it was.
            self.open_ledger(&mut opened);
        }
        let start = opened.start.clone();
        (self.notify)(Signal::Changed([Topic::Session].into()));
        drop((opened, copying));
        begun?;
        tracing::warn!(till = till_code, %by, "this till was taken out of service");
        Ok(start)
    }
}

impl Opened {
    /// From here on the wipe happens, unless it could not be noted.
    fn begin_wipe(&self) -> Result<(), Fault> {
        let Some(ledger) = &self.ledger else { return Err(self.start.fault()) };
        let ledger = lock(ledger);
        // The exchange may have begun an incarnation before it ended.
        WayOut::ensure(&ledger, self.sealed.as_ref())
            .and_then(|()| wipe::begin(ledger.home()))
            .map_err(|error| Fault::from(&error))
    }
}

impl Turn<'_> {
    /// Who takes the till out of service, with whose approval, where nothing is lost by it.
    fn may_wipe(
        &mut self,
        till_code: &str,
        sealed: Option<&Sealed>,
        approval: Option<&Approval>,
    ) -> Result<String, TillError> {
        self.who()?;
        let code = &self.ledger.identity()?.code;
        if !code.as_str().eq_ignore_ascii_case(till_code.trim()) {
            let message = format!("this is till {code}");
            return Err(TillError::refused("wipe.code", message).with("code", code));
        }
        self.empty_basket()?;
        if self.ledger.live()?.shift.is_some() {
            return Err(TillError::refused("wipe.shift_open", "count and close the shift first"));
        }
        let parked = goods::count_parked(self.conn())?;
        if parked > 0 {
            let message = format!("{parked} baskets are parked");
            return Err(TillError::refused("wipe.parked", message).with("count", parked));
        }
        WayOut::ensure(self.ledger, sealed)?;
        let who = self.who_with(approval)?;
        let approver = self.allow(&who, Action::TakeOutOfService)?;
        let by = who.actor.staff.to_string();
        Ok(approver.map_or(by.clone(), |approver| format!("{by}, approved by {approver}")))
    }
}
