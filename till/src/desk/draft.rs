//! The open basket as it is kept between acts, and across a power cut.

use super::printing::paper_state;
use super::view::{Sold, UpiState};
use super::{Counter, Turn};
use crate::clock;
use crate::error::TillError;
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, Topic, state};
use crate::random;
use crate::refund::Returned;
use crate::staff::SignedIn;
use daybook_domain::amount::Minor;
use daybook_domain::balance::Medium;
use daybook_domain::basket::Basket;
use daybook_domain::document::{Party, Place, TenderType};
use daybook_domain::ids::{BasketId, CustomerId, DocumentId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Name of the open basket in `state`.
pub(super) const DRAFT: &str = "draft";

/// The open basket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) id: BasketIdOrNone,
    pub(super) basket: Basket,
    pub(super) about: About,
    pub(super) exchange: Option<Exchange>,
    pub(super) approver: Option<SignedIn>,
    pub(super) payment: Option<Payment>,
    pub(super) last_line: Option<u32>,
    /// What the last basket became, until the next one has a line: told to the cashier again after a power cut.
    #[serde(default)]
    pub(super) after: Option<DocumentId>,
}

/// Id of a basket; none before its first line.
pub(super) type BasketIdOrNone = Option<BasketId>;

/// What is said about a basket beside its lines; it lies aside with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) customer: Option<CustomerId>,
    pub(super) buyer: Option<Party>,
    pub(super) note: Option<String>,
    pub(super) gift_message: Option<String>,
}

/// What comes back in an exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) number: String,
    pub(super) lines: Vec<Returned>,
    pub(super) reason: String,
    pub(super) place_of_supply: Option<Place>,
}

/// A payment in progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Payment {
    /// The document to come: made once, so that it is sold once.
    pub(super) document: DocumentId,
    pub(super) tendered: Vec<Tendered>,
    pub(super) attempts: Vec<Attempt>,
    /// What the store is being asked to set aside.
    #[serde(default)]
    pub(super) asking: Option<Asking>,
    pub(super) last_no: u32,
}

/// An amount of a balance that the store is being asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asking {
    pub(super) request: Uuid,
    pub(super) medium: Medium,
    pub(super) number: String,
    pub(super) amount: Minor,
}

/// A tender that was taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tendered {
    pub(super) no: u32,
    pub(super) tender_type: TenderType,
    pub(super) amount: Minor,
    pub(super) reference: Option<String>,
    pub(super) upi: Option<Uuid>,
    /// Request by which the store set the amount aside.
    #[serde(default)]
    pub(super) hold: Option<Uuid>,
    /// What is left of the balance beside it.
    #[serde(default)]
    pub(super) balance_left: Option<Minor>,
}

/// A UPI payment that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) id: Uuid,
    pub(super) amount: Minor,
    pub(super) state: UpiState,
    pub(super) uri: String,
    pub(super) started_at_ms: i64,
    pub(super) reference: Option<String>,
}

impl Attempt {
    /// Whether money may be on its way that nobody has accounted for.
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            UpiState::Waiting | UpiState::Unknown => true,
            UpiState::Paid | UpiState::Failed => false,
        }
    }
}

impl Payment {
    /// What the store has set aside for it, or was asked to.
    pub(super) fn holds(&self) -> Vec<Uuid> {
        let tendered = self.tendered.iter().filter_map(|tender| tender.hold);
        tendered.chain(self.asking.as_ref().map(|asking| asking.request)).collect()
    }
}

impl Draft {
    /// No basket, after one that was sold.
    pub(super) fn after(document: DocumentId) -> Self {
        Self { after: Some(document), ..Self::default() }
    }

    /// Whether there is nothing to lose in it.
    pub(super) fn is_empty(&self) -> bool {
        self.basket.is_empty() && self.payment.is_none()
    }

    pub(super) fn place_of_supply(&self) -> Option<&Place> {
        match &self.exchange {
            Some(exchange) => exchange.place_of_supply.as_ref(),
            None => self.about.buyer.as_ref().and_then(|buyer| buyer.state.as_ref()),
        }
    }

    pub(super) fn payment(&self) -> Result<&Payment, TillError> {
        self.payment
            .as_ref()
            .ok_or_else(|| TillError::refused("payment.none", "no payment was begun"))
    }
}

impl Counter {
    /// Takes up the basket that was open when the program ended. A payment whose document was committed is over, and is
    /// told as long as its shift is open; a UPI payment that was waited for is unknown now.
    pub(super) fn restore(ledger: &Ledger) -> Result<Self, TillError> {
        let mut counter = Self::default();
        let Some(mut draft) = state::get::<Draft>(ledger.reader(), DRAFT)? else {
            return Ok(counter);
        };
        let last = draft.payment.as_ref().map(|payment| payment.document).or(draft.after);
        if let Some(id) = last
            && let Some(done) = query::document(ledger.reader(), By::Id(id))?
        {
            if ledger.live().is_ok_and(|live| live.shift.is_some()) {
                let paper = paper_state(ledger.reader(), id)?;
                counter.done = Some(Sold { paper, ..Sold::of(&done.sale.document) });
            }
            // What was said about the next sale already stays said.
            counter.draft = if draft.payment.is_some() { Draft::default() } else { draft };
            counter.draft.after = Some(id);
            return Ok(counter);
        }
        if let Some(payment) = &mut draft.payment {
            for attempt in &mut payment.attempts {
                if attempt.state == UpiState::Waiting {
                    attempt.state = UpiState::Unknown;
                }
            }
        }
        counter.draft = draft;
        Ok(counter)
    }
}

impl Turn<'_> {
    /// Changes the open basket: kept in the ledger first, then here.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Draft) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        let mut draft = self.counter.draft.clone();
        if draft.id.is_none() {
            draft.id = Some(BasketId(random::id(self.moment.at_ms)?));
        }
        let value = change(&mut draft)?;
        if !draft.basket.is_empty() {
            draft.after = None;
            self.counter.done = None;
        }
        self.keep(draft)?;
        Ok(value)
    }

    /// Changes the open basket together with something else in the ledger.
    pub(super) fn change_with<T>(
        &mut self,
        change: impl FnOnce(&mut Draft, &Connection) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        let mut draft = self.counter.draft.clone();
        let value = self.ledger.write_state(|conn| {
            let value = change(&mut draft, conn)?;
            state::set(conn, DRAFT, &draft)?;
            Ok(value)
        })?;
        self.put(draft);
        Ok(value)
    }

    pub(super) fn keep(&mut self, draft: Draft) -> Result<(), TillError> {
        self.ledger.write_state(|conn| state::set(conn, DRAFT, &draft))?;
        self.put(draft);
        Ok(())
    }

    /// Takes over a basket that the ledger keeps already.
    pub(super) fn put(&mut self, draft: Draft) {
        self.counter.draft = draft;
        self.changed([Topic::Basket, Topic::Session]);
    }

    /// Refuses changes of the basket while it is being paid.
    pub(super) fn not_paying(&self) -> Result<(), TillError> {
        match self.counter.draft.payment {
            Some(_) => Err(TillError::refused("payment.open", "the basket is being paid")),
            None => Ok(()),
        }
    }

    /// The business day that prices and rates are taken for.
    pub(super) fn day(&self) -> Result<String, TillError> {
        match &self.ledger.live()?.shift {
            Some(shift) => Ok(shift.day.clone()),
            None => Err(TillError::refused("shift.none_open", "no shift is open")),
        }
    }

    pub(super) fn new_id(&self) -> Result<Uuid, TillError> {
        random::id(clock::now().at_ms)
    }
}
