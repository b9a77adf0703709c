//! Gift cards and store credit at the desk: sold into the basket, asked for and taken in a payment.

use super::draft::{Asking, Payment, Tendered};
use super::view::{self, BalanceLeft, Paid, Scanned};
use super::{Approval, Desk, Fault, Turn};
use crate::balances;
use crate::error::TillError;
use crate::requests::{self, RequestState};
use crate::staff::Who;
use daybook_domain::amount::Minor;
use daybook_domain::balance::Key;
use daybook_sync::message::Outcome;
use uuid::Uuid;

impl Desk {
    /// Sells a gift card with so much on it: one that carries its number, or a new number, which the receipt shows.
    ///
    /// # Errors
    /// `balance.number`, `balance.check_digit`, `balance.not_a_card`, `basket.…`, `shift.none_open`.
    pub fn add_gift_card(&self, amount: Minor, number: Option<&str>) -> Result<Scanned, Fault> {
        self.act(|turn| turn.add_gift_card(amount, number))
    }

    /// Takes so much from a gift card or a store credit, or as much as is left to pay. While the store answers it is asked to
    /// set the amount aside, and [`Desk::settle_balance`] says what came of it; otherwise only what this till issued
    /// itself is taken, at once.
    ///
    /// # Errors
    /// `balance.…`, `tender.…`, `payment.…`, those of [`Desk::pay`].
    pub fn pay_from_balance(
        &self,
        number: &str,
        amount: Option<Minor>,
        approval: Option<&Approval>,
    ) -> Result<Paid, Fault> {
        let online = self.store_answers();
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            turn.pay_from_balance(&who, number, amount, online)
        })
    }

    /// Takes what the store has set aside as a tender, once it has answered. Until then nothing changes; but where the store
    /// was lost meanwhile, what this till issued itself is taken without it.
    ///
    /// # Errors
    /// `balance.unknown`, `balance.empty` and the like when the store refused; those of [`Desk::pay`].
    pub fn settle_balance(&self, approval: Option<&Approval>) -> Result<Paid, Fault> {
        let online = self.store_answers();
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            if let Some(done) = turn.paid_before() {
                return Ok(Paid::Sold { sold: Box::new(done) });
            }
            turn.settle_balance(&who, online)
        })
    }

    /// Does not wait for the store's answer any longer: what it may set aside is given back.
    ///
    /// # Errors
    /// `payment.none`.
    pub fn drop_balance(&self) -> Result<view::Payment, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.let_go(|payment| {
                let asking = payment.asking.take();
                Ok(asking.map(|asking| asking.request).into_iter().collect())
            })?;
            turn.payment_view()
        })
    }

    /// Asks the store what is left of a gift card or a store credit; [`Desk::balance_left`] has the answer.
    ///
    /// # Errors
    /// `store.offline`, `balance.number`, `balance.check_digit`.
    pub fn ask_balance(&self, number: &str) -> Result<Uuid, Fault> {
        let online = self.store_answers();
        self.act(|turn| {
            turn.who()?;
            let key = balances::key(number)?;
            if !online {
                return Err(requests::offline());
            }
            let now = turn.moment;
            let ask = |conn: &rusqlite::Connection| balances::ask(conn, now, &key, Minor::ZERO);
            let request = turn.ledger.write_state(ask)?;
            turn.changed([crate::ledger::Topic::Journal]);
            Ok(request)
        })
    }

    /// What is left of the balance that was asked for; nothing while the store has not answered.
    ///
    /// # Errors
    /// `balance.unknown` and the like when the store refused.
    pub fn balance_left(&self, request: Uuid) -> Result<Option<BalanceLeft>, Fault> {
        self.look(|conn| match requests::state_of(conn, request)? {
            Some(RequestState::Answered { outcome: Outcome::Held { left_minor, .. } }) => {
                Ok(Some(BalanceLeft { left_minor: Minor(left_minor) }))
            }
            Some(RequestState::Answered { outcome: Outcome::Refused { code } }) => {
                Err(refused(&code))
            }
            Some(RequestState::Waiting | RequestState::Answered { .. }) | None => Ok(None),
        })
    }
}

impl Turn<'_> {
    fn add_gift_card(&mut self, amount: Minor, number: Option<&str>) -> Result<Scanned, TillError> {
        self.who()?;
        self.not_paying()?;
        self.day()?;
        let line = self.change(|draft| {
            let line = balances::add_card(&mut draft.basket, amount, number)?;
            draft.last_line = Some(line);
            Ok(line)
        })?;
        Ok(Scanned::Added { line, basket: Box::new(self.basket()?) })
    }

    fn pay_from_balance(
        &mut self,
        who: &Who,
        number: &str,
        amount: Option<Minor>,
        online: bool,
    ) -> Result<Paid, TillError> {
        self.begin_payment()?;
        self.not_asking()?;
        let key = balances::key(number)?;
        if !self.offered()?.contains(&key.medium.tender_type()) {
            let message = "a gift card cannot be bought with a gift card or store credit";
            return Err(TillError::refused("payment.not_offered", message));
        }
        let payment = self.counter.draft.payment()?;
        let same = |tender: &Tendered| tender.reference.as_deref() == Some(key.number.as_str());
        if payment.tendered.iter().any(same) {
            // All of it is paid, and a manager was asked before the goods could leave.
            if self.left()?.is_zero() {
                return self.sell_if_paid(who);
            }
            let message = "this card or credit is among the tenders already";
            return Err(TillError::refused("balance.twice", message));
        }
        let left = self.left()?;
        let amount = amount.unwrap_or(left);
        self.check_amount(amount, left)?;
        let now = self.moment;
        if online && requests::ensure_online(self.conn(), now).is_ok() {
            return self.ask_for(key, amount);
        }
        let known = balances::known(self.conn(), &key)?;
        if known == Some(Minor::ZERO) {
            return Err(refused("balance.empty"));
        }
        balances::covered(known, known.map_or(amount, |known| known.min(amount)))?;
        self.take_known(who, key, amount, known.unwrap_or_default())
    }

    /// Takes from what this till issued itself.
    fn take_known(
        &mut self,
        who: &Who,
        key: Key,
        amount: Minor,
        known: Minor,
    ) -> Result<Paid, TillError> {
        let part = known.min(amount);
        self.take_from(key, part, None, Some(known.checked_sub(part)?))?;
        self.sell_if_paid(who)
    }

    /// Asks the store, and keeps that it was asked together with the wish itself.
    fn ask_for(&mut self, key: Key, amount: Minor) -> Result<Paid, TillError> {
        let now = self.moment;
        self.change_with(|draft, conn| {
            let request = balances::ask(conn, now, &key, amount)?;
            let payment = draft.payment.as_mut();
            if let Some(payment) = payment {
                let Key { medium, number } = key;
                payment.asking = Some(Asking { request, medium, number, amount });
            }
            Ok(())
        })?;
        // The exchange is woken by what is in the journal; a wish is worth one too.
        self.changed([crate::ledger::Topic::Journal]);
        Ok(Paid::More { payment: Box::new(self.payment_view()?) })
    }

    fn settle_balance(&mut self, who: &Who, online: bool) -> Result<Paid, TillError> {
        let payment = self.counter.draft.payment()?;
        let Some(asking) = payment.asking.clone() else {
            if payment.tendered.iter().any(|tender| tender.hold.is_some()) {
                return self.sell_if_paid(who);
            }
            return Ok(Paid::More { payment: Box::new(self.payment_view()?) });
        };
        match requests::state_of(self.conn(), asking.request)? {
            Some(RequestState::Waiting) => self.go_on_alone(who, asking, online),
            Some(RequestState::Answered { outcome: Outcome::Held { .. } }) => {
                let held = balances::held(self.conn(), self.moment, asking.request)?;
                let Some(held) = held.filter(|held| !held.over) else {
                    return self.asked_in_vain(&asking, "balance.hold_over");
                };
                let amount = held.amount.min(self.left()?);
                let key = Key { medium: asking.medium, number: asking.number };
                self.take_from(key, amount, Some(asking.request), Some(held.left))?;
                self.sell_if_paid(who)
            }
            Some(RequestState::Answered { outcome: Outcome::Refused { code } }) => {
                self.asked_in_vain(&asking, &code)
            }
            // An answer of another kind, or none that this ledger remembers.
            Some(RequestState::Answered { .. }) | None => {
                self.asked_in_vain(&asking, "balance.hold_over")
            }
        }
    }

    /// There is no answer yet; where the store was lost, what is known here counts.
    fn go_on_alone(&mut self, who: &Who, asking: Asking, online: bool) -> Result<Paid, TillError> {
        let Asking { request, medium, number, amount } = asking;
        let key = Key { medium, number };
        let known = balances::known(self.conn(), &key)?.filter(|known| known.0 > 0);
        let Some(known) = known.filter(|_| !online) else {
            return Ok(Paid::More { payment: Box::new(self.payment_view()?) });
        };
        self.let_go(|payment| {
            payment.asking = None;
            Ok(vec![request])
        })?;
        self.take_known(who, key, amount, known)
    }

    fn asked_in_vain(&mut self, asking: &Asking, code: &str) -> Result<Paid, TillError> {
        let request = asking.request;
        self.let_go(|payment| {
            payment.asking = None;
            Ok(vec![request])
        })?;
        Err(refused(code))
    }

    fn take_from(
        &mut self,
        key: Key,
        amount: Minor,
        hold: Option<Uuid>,
        left: Option<Minor>,
    ) -> Result<(), TillError> {
        self.change_payment(|payment| {
            payment.asking = None;
            payment.last_no += 1;
            payment.tendered.push(Tendered {
                no: payment.last_no,
                tender_type: key.medium.tender_type(),
                amount,
                reference: Some(key.number),
                upi: None,
                hold,
                balance_left: left,
            });
            Ok(())
        })
    }

    /// Changes the payment and gives back what the store had set aside for what is let go.
    pub(super) fn let_go(
        &mut self,
        change: impl FnOnce(&mut Payment) -> Result<Vec<Uuid>, TillError>,
    ) -> Result<(), TillError> {
        let now = self.moment;
        let let_go = self.change_with(|draft, conn| {
            let none = || TillError::refused("payment.none", "no payment was begun");
            let let_go = change(draft.payment.as_mut().ok_or_else(none)?)?;
            for request in &let_go {
                balances::give_up(conn, now, *request)?;
            }
            Ok(let_go)
        })?;
        if !let_go.is_empty() {
            self.changed([crate::ledger::Topic::Journal]);
        }
        Ok(())
    }

    /// Refuses what must wait for the store's answer.
    pub(super) fn not_asking(&self) -> Result<(), TillError> {
        match self.counter.draft.payment()?.asking {
            None => Ok(()),
            Some(_) => Err(TillError::refused(
                "payment.balance_open",
                "the store is being asked for a gift card or store credit: wait, or let it go",
            )),
        }
    }
}

/// Why the store did not set anything aside.
fn refused(code: &str) -> TillError {
    TillError::refused(code, format!("the store refused: {code}"))
}
