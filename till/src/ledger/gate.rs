//! One transaction of the write gate: what a use-case may do inside it.

use super::project::{Place, project};
use super::{Act, Identity, Live, OpenShift, Topic, Topics, position};
use crate::error::TillError;
use crate::random;
use daybook_domain::clock::{self, ClockVerdict};
use daybook_domain::entry::{ENTRY_BYTES_MAX, Envelope, FORMAT, Fact};
use daybook_domain::ids::{EntryId, StaffId};
use daybook_sync::frame::{Signer, sidecar_hash};
use rusqlite::{Connection, Transaction, params};

/// Name in `state`: the clock has jumped so far that a manager must confirm it before the next shift opens.
pub const CLOCK_IN_DOUBT: &str = "clock_in_doubt";

/// A transaction in which entries are appended.
pub struct Gate<'a> {
    tx: &'a Transaction<'a>,
    signer: &'a Signer,
    identity: &'a Identity,
    live: Live,
    act: Act,
    topics: Topics,
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        tx: &'a Transaction<'a>,
        signer: &'a Signer,
        identity: &'a Identity,
        live: Live,
        act: Act,
    ) -> Self {
        Self { tx, signer, identity, live, act, topics: Topics::new() }
    }

    pub(super) fn finish(self) -> (Live, Topics) {
        (self.live, self.topics)
    }

    /// The tables, inside the transaction.
    #[must_use]
    pub fn conn(&self) -> &'a Connection {
        self.tx
    }

    /// Who and where this till is.
    #[must_use]
    pub fn identity(&self) -> &'a Identity {
        self.identity
    }

    /// Where the journal stands.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Who acts, when.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The open shift.
    ///
    /// # Errors
    /// Refused as `shift.none_open`.
    pub fn shift(&self) -> Result<&OpenShift, TillError> {
        self.live
            .shift
            .as_ref()
            .ok_or_else(|| TillError::refused("shift.none_open", "no shift is open"))
    }

    /// Puts the approver's name on what is appended from here on.
    pub fn approved_by(&mut self, approver: Option<StaffId>) {
        self.act.approver = approver;
    }

    /// Notes that something was changed beside the journal.
    pub fn touch(&mut self, topic: Topic) {
        self.topics.insert(topic);
    }

    /// States a jump of the clock before anything else is stated.
    pub(super) fn note_clock(&mut self) -> Result<(), TillError> {
        if let Some(last) = self.live.last {
            match clock::check(last, self.act.moment) {
                ClockVerdict::Steady => {}
                ClockVerdict::Jumped(jump) => {
                    self.append_by_program(&Fact::ClockJumped(jump))?;
                }
                ClockVerdict::AskManager(jump) => {
                    self.append_by_program(&Fact::ClockJumped(jump))?;
                    super::state::set(self.tx, CLOCK_IN_DOUBT, &true)?;
                }
            }
        }
        Ok(())
    }

    /// Appends a fact of the person who acts. Returns its position.
    ///
    /// # Errors
    /// Refused as `entry.too_large`; [`TillError::Database`].
    pub fn append(&mut self, fact: &Fact) -> Result<i64, TillError> {
        self.append_with(fact, None)
    }

    /// Appends a fact with personal data beside it, which can be erased.
    ///
    /// # Errors
    /// As [`Gate::append`].
    pub fn append_with(&mut self, fact: &Fact, sidecar: Option<&str>) -> Result<i64, TillError> {
        let (staff, approver) = (self.act.staff.clone(), self.act.approver.clone());
        let at_ms = self.act.at_ms();
        self.put(fact, sidecar, staff, approver, at_ms)
    }

    /// Appends a fact that the program itself states.
    pub(super) fn append_by_program(&mut self, fact: &Fact) -> Result<i64, TillError> {
        let at_ms = self.act.moment.at_ms;
        self.put(fact, None, None, None, at_ms)
    }

    fn put(
        &mut self,
        fact: &Fact,
        sidecar: Option<&str>,
        staff: Option<StaffId>,
        approver: Option<StaffId>,
        at_ms: i64,
    ) -> Result<i64, TillError> {
        if let Fact::ShiftOpened(opened) = fact {
            self.live.shift = Some(OpenShift {
                shift: opened.shift,
                day: opened.day.clone(),
                fiscal_year: opened.fiscal_year.clone(),
                pos: position(self.live.ord, self.live.head.seq + 1),
                opened_at_ms: at_ms,
            });
        }
        let moment = self.act.moment;
        let envelope = Envelope {
            v: FORMAT,
            id: EntryId(random::id(at_ms)?),
            kind: fact.kind().to_owned(),
            at_ms,
            offset_min: self.live.offset_min,
            mono_ms: moment.mono_ms,
            boot: moment.boot,
            day: match &self.live.shift {
                Some(shift) => shift.day.clone(),
                None => {
                    clock::shift_day(at_ms, self.live.offset_min, 1)
                        .map_err(|error| TillError::bad("at_ms", error))?
                        .day
                }
            },
            staff,
            approver,
            shift: self.live.shift.as_ref().map(|shift| shift.shift),
            feed: self.live.feed,
            app: env!("CARGO_PKG_VERSION").to_owned(),
            sidecar: sidecar.map(|text| sidecar_hash(text).to_string()),
            body: fact,
        };
        let bytes = serde_json::to_vec(&envelope)
            .map_err(|error| TillError::corrupt("entry", envelope.id, error))?;
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(TillError::refused(
                "entry.too_large",
                format!(
                    "the entry has {} bytes, at most {ENTRY_BYTES_MAX} are allowed",
                    bytes.len()
                ),
            ));
        }
        let frame = self.signer.frame(&self.live.journal, &self.live.head, &bytes);
        let pos = position(self.live.ord, frame.seq);
        self.tx
            .prepare_cached(
                "INSERT INTO entry (pos, prev, hash, signature, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![pos, frame.prev.0, frame.hash.0, frame.sig.0, bytes])?;
        if let Some(text) = sidecar {
            self.tx
                .prepare_cached("INSERT INTO sidecar (pos, body) VALUES (?1, ?2)")?
                .execute(params![pos, text.as_bytes()])?;
        }
        let shift = self.live.shift.as_ref().map(|shift| shift.shift.0);
        project(self.tx, Place { pos, shift }, fact)?;
        self.after(fact);
        self.live.head = frame.head();
        if self.act.data_at_ms.is_none() {
            self.live.last = Some(moment);
        } else {
            // The time of imported data says nothing about this machine's clock.
            super::state::set(self.tx, "imported_through", &pos)?;
        }
        Ok(pos)
    }

    fn after(&mut self, fact: &Fact) {
        self.topics.insert(Topic::Journal);
        match fact {
            Fact::SaleCompleted(_)
            | Fact::RefundCompleted(_)
            | Fact::ExchangeCompleted(_)
            | Fact::SaleVoided(_) => {
                self.topics.extend([Topic::Documents, Topic::Stock, Topic::Shift]);
            }
            Fact::ShiftOpened(_) => {
                self.topics.insert(Topic::Shift);
            }
            Fact::ShiftClosed(_) => {
                self.live.shift = None;
                self.topics.insert(Topic::Shift);
            }
            Fact::CashPaidIn(_)
            | Fact::CashPaidOut(_)
            | Fact::CashDropped(_)
            | Fact::CashLoaned(_)
            | Fact::DrawerOpened(_) => {
                self.topics.insert(Topic::Shift);
            }
            Fact::StockReceived(_)
            | Fact::StockAdjusted(_)
            | Fact::StockWrittenOff(_)
            | Fact::StockTransferredOut(_)
            | Fact::StockTransferredIn(_)
            | Fact::StockCounted(_) => {
                self.topics.insert(Topic::Stock);
            }
            Fact::BasketParked(_) | Fact::BasketRecalled(_) => {
                self.topics.insert(Topic::Parked);
            }
            Fact::ReceiptReprinted(_) => {
                self.topics.insert(Topic::Documents);
            }
            Fact::OrderPicked(_) | Fact::OrderShipped(_) | Fact::OrderHandedOver(_) => {
                self.topics.insert(Topic::Orders);
            }
            Fact::IncarnationStarted(_)
            | Fact::AppStarted(_)
            | Fact::StaffSignedIn(_)
            | Fact::StaffSignedOut(_)
            | Fact::StaffSignInFailed(_)
            | Fact::StaffLocked(_)
            | Fact::XReport(_)
            | Fact::BasketAborted(_)
            | Fact::CustomerCreated(_)
            | Fact::ClockJumped(_)
            | Fact::Statement(_) => {}
        }
    }
}
