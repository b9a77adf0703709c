//! Paying the open basket: tenders are collected until nothing is left, then it is sold, once.

use super::draft::{Attempt, Draft, Exchange, Payment, Tendered};
use super::printing::paper_state;
use super::view::{self, Paid, Sold, UpiState};
use super::{Approval, Desk, Fault, Turn};
use crate::error::TillError;
use crate::ledger::query::{self, By};
use crate::refund::{self, ReturnRequest};
use crate::said::text;
use crate::sell::{self, SaleRequest, basket_refused, rules};
use crate::staff::Who;
use daybook_domain::amount::Minor;
use daybook_domain::balance::Medium;
use daybook_domain::cash::quick;
use daybook_domain::document::TenderType;
use daybook_domain::ids::DocumentId;
use daybook_domain::rounding::CashRounding;
use daybook_domain::staff::Action;
use daybook_domain::tender::{Offer, REFERENCE_MAX, TENDERS_MAX, TenderError};
use daybook_domain::upi::PayLink;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use uuid::Uuid;

/// Address of nobody, for payment codes in training.
const TRAINING_VPA: &str = "training@invalid";
/// Narrowest picture of a payment code, in its own units.
const QR_SIZE: u32 = 240;

impl Desk {
    /// Begins to pay the open basket, or goes on with the payment that was begun.
    ///
    /// # Errors
    /// `basket.empty`, `shift.none_open`, `basket.…`.
    pub fn begin_payment(&self) -> Result<view::Payment, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.begin_payment()?;
            turn.payment_view()
        })
    }

    /// The payment in progress.
    ///
    /// # Errors
    /// `payment.none`.
    pub fn payment(&self) -> Result<view::Payment, Fault> {
        self.act(|turn| turn.payment_view())
    }

    /// Takes a tender. When nothing is left the sale is committed, and the answer is what it was. Pressed a second time
    /// it answers the same sale again.
    ///
    /// # Errors
    /// `tender.…`, `payment.…`, `stock.beyond_rights`, `approval.…`, `disk.full`.
    pub fn pay(&self, offer: &view::Offer, approval: Option<&Approval>) -> Result<Paid, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            if let Some(done) = turn.paid_before() {
                return Ok(Paid::Sold { sold: Box::new(done) });
            }
            turn.take(&who, offer)
        })
    }

    /// Lets a tender go again.
    ///
    /// # Errors
    /// `payment.none`, `payment.no_tender`, `payment.upi_paid`.
    pub fn remove_tender(&self, no: u32) -> Result<view::Payment, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.let_go(|payment| {
                let at = payment.tendered.iter().position(|tender| tender.no == no);
                let at = at.ok_or_else(|| {
                    TillError::refused("payment.no_tender", format!("there is no tender {no}"))
                })?;
                if payment.tendered[at].upi.is_some() {
                    return Err(TillError::refused(
                        "payment.upi_paid",
                        "this UPI payment was received: sell, then refund it",
                    ));
                }
                Ok(payment.tendered.remove(at).hold.into_iter().collect())
            })?;
            turn.payment_view()
        })
    }

    /// Shows a UPI code for an amount, or for all that is left.
    ///
    /// # Errors
    /// `payment.upi_open`, `upi.…`, `tender.exceeds_due`.
    pub fn start_upi(&self, amount: Option<Minor>) -> Result<view::Payment, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.begin_payment()?;
            turn.start_upi(amount)?;
            turn.payment_view()
        })
    }

    /// Says what became of a UPI payment. That one which nobody knows of failed is for a manager to say.
    ///
    /// # Errors
    /// `payment.no_attempt`, `payment.upi_settled`, `approval.…`, those of [`Desk::pay`].
    pub fn settle_upi(
        &self,
        attempt: Uuid,
        outcome: UpiState,
        reference: Option<&str>,
        approval: Option<&Approval>,
    ) -> Result<Paid, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            if let Some(done) = turn.paid_before() {
                return Ok(Paid::Sold { sold: Box::new(done) });
            }
            turn.settle_upi(&who, attempt, outcome, reference)
        })
    }

    /// Goes back to the basket.
    ///
    /// # Errors
    /// `payment.upi_open`, `payment.upi_paid`.
    pub fn leave_payment(&self) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.who()?;
            let payment = turn.counter.draft.payment()?;
            if payment.attempts.iter().any(Attempt::is_open) {
                return Err(upi_open());
            }
            if payment.tendered.iter().any(|tender| tender.upi.is_some()) {
                let message = "a UPI payment was received: sell, then refund it";
                return Err(TillError::refused("payment.upi_paid", message));
            }
            turn.let_go(|payment| Ok(payment.holds()))?;
            turn.change(|draft| {
                draft.payment = None;
                Ok(())
            })?;
            turn.basket()
        })
    }
}

fn upi_open() -> TillError {
    let message = "a UPI payment is not settled: say what became of it";
    TillError::refused("payment.upi_open", message)
}

impl Turn<'_> {
    pub(super) fn begin_payment(&mut self) -> Result<(), TillError> {
        if self.counter.draft.payment.is_some() {
            return Ok(());
        }
        self.day()?;
        if self.counter.draft.basket.is_empty() {
            return Err(TillError::refused("basket.empty", "the basket has no lines"));
        }
        self.figures()?;
        let document = DocumentId(self.new_id()?);
        self.change(|draft| {
            draft.payment = Some(Payment {
                document,
                tendered: Vec::new(),
                attempts: Vec::new(),
                asking: None,
                last_no: 0,
            });
            Ok(())
        })
    }

    /// The sale that a second press asks for again.
    pub(super) fn paid_before(&self) -> Option<Sold> {
        let draft = &self.counter.draft;
        let over = draft.payment.is_none() && draft.basket.is_empty();
        self.counter.done.clone().filter(|_| over).map(|done| Sold { again: true, ..done })
    }

    pub(super) fn change_payment<T>(
        &mut self,
        change: impl FnOnce(&mut Payment) -> Result<T, TillError>,
    ) -> Result<T, TillError> {
        self.change(|draft| {
            let payment = draft.payment.as_mut();
            let none = || TillError::refused("payment.none", "no payment was begun");
            change(payment.ok_or_else(none)?)
        })
    }

    fn due(&self) -> Result<Minor, TillError> {
        let rules = rules(&self.shop_rules()?, self.counter.draft.place_of_supply())?;
        let figures = self.counter.draft.basket.checkout(&rules);
        Ok(figures.map_err(|error| basket_refused(&error))?.totals.total_minor)
    }

    pub(super) fn left(&self) -> Result<Minor, TillError> {
        let taken = self.counter.draft.payment()?.tendered.iter().map(|tender| tender.amount);
        Ok(self.due()?.checked_sub(Minor::total(taken)?)?)
    }

    fn rounding(&self) -> Result<CashRounding, TillError> {
        Ok(CashRounding::to(self.settings()?.cash_rounding_minor))
    }

    /// Takes one tender on top of those that were taken.
    fn take(&mut self, who: &Who, offer: &view::Offer) -> Result<Paid, TillError> {
        self.begin_payment()?;
        self.not_asking()?;
        let left = self.left()?;
        let reference = text("reference", offer.reference.as_deref(), REFERENCE_MAX)?;
        if offer.tender_type == TenderType::Upi {
            let message = "show a UPI code, and say what became of it";
            return Err(TillError::refused("payment.upi_unseen", message));
        }
        if offer.tender_type == TenderType::Cash {
            return self.take_cash(who, left, offer);
        }
        if !self.offered()?.contains(&offer.tender_type) {
            let message = "this till does not take this medium now";
            return Err(TillError::refused("payment.not_offered", message));
        }
        if Medium::of(offer.tender_type).is_some() && left.0 > 0 {
            let message = "scan the gift card or store credit that is to be spent";
            return Err(TillError::refused("balance.number", message));
        }
        let amount = offer.amount_minor.unwrap_or(left);
        self.check_amount(amount, left)?;
        self.add_tender(offer.tender_type, amount, reference, None)?;
        self.sell_if_paid(who)
    }

    /// Cash that covers the rest ends the payment; less is one tender of several.
    fn take_cash(
        &mut self,
        who: &Who,
        left: Minor,
        offer: &view::Offer,
    ) -> Result<Paid, TillError> {
        let due = self.rounding()?.apply(left)?;
        let handed = offer.given_minor.or(offer.amount_minor);
        let part = handed.filter(|handed| due.0 > 0 && handed.0 > 0 && *handed < due);
        if let Some(amount) = part {
            self.check_room()?;
            self.add_cash(amount)?;
            return Ok(Paid::More { payment: Box::new(self.payment_view()?) });
        }
        let given = handed.filter(|_| due.0 > 0);
        if let Some(given) = given {
            let change = given.checked_sub(due)?;
            sell::believe_change(change, self.settings()?.currency)?;
        }
        self.complete(who, Some(Offer { given, ..Offer::of(TenderType::Cash, None) }))
    }

    /// Notes that are handed over bit by bit are one tender.
    fn add_cash(&mut self, amount: Minor) -> Result<(), TillError> {
        self.change_payment(|payment| {
            let cash = payment.tendered.iter_mut();
            match cash.into_iter().find(|tender| tender.tender_type == TenderType::Cash) {
                Some(tender) => tender.amount = tender.amount.checked_add(amount)?,
                None => push(payment, TenderType::Cash, amount, None, None),
            }
            Ok(())
        })
    }

    fn check_room(&self) -> Result<(), TillError> {
        if self.counter.draft.payment()?.tendered.len() >= TENDERS_MAX {
            return Err(refused(&TenderError::TooMany));
        }
        Ok(())
    }

    /// Only cash gives change, and nothing is taken for nothing.
    pub(super) fn check_amount(&self, amount: Minor, left: Minor) -> Result<(), TillError> {
        self.check_room()?;
        if amount.is_zero() || amount.0.signum() != left.0.signum() {
            let no = self.counter.draft.payment()?.tendered.len() + 1;
            return Err(refused(&TenderError::Amount { no }));
        }
        if amount.0.abs() > left.0.abs() {
            let by = Minor(amount.checked_sub(left)?.0.saturating_abs());
            return Err(refused(&TenderError::ExceedsDue { by }));
        }
        Ok(())
    }

    fn add_tender(
        &mut self,
        tender_type: TenderType,
        amount: Minor,
        reference: Option<String>,
        upi: Option<Uuid>,
    ) -> Result<(), TillError> {
        self.change_payment(|payment| {
            push(payment, tender_type, amount, reference, upi);
            Ok(())
        })
    }

    pub(super) fn sell_if_paid(&mut self, who: &Who) -> Result<Paid, TillError> {
        if self.left()?.is_zero() {
            self.complete(who, None)
        } else {
            Ok(Paid::More { payment: Box::new(self.payment_view()?) })
        }
    }

    fn start_upi(&mut self, amount: Option<Minor>) -> Result<(), TillError> {
        if self.counter.draft.payment()?.attempts.iter().any(Attempt::is_open) {
            return Err(upi_open());
        }
        self.not_asking()?;
        let left = self.left()?;
        let amount = amount.unwrap_or(left);
        self.check_amount(amount, left)?;
        let shop = self.shop_rules()?;
        let Some(vpa) = &shop.settings.upi_vpa else {
            return Err(TillError::refused("upi.vpa", "this shop has no UPI address"));
        };
        let id = self.new_id()?;
        // Whoever practises asks nobody for money.
        let vpa = if self.ledger.identity()?.training { TRAINING_VPA } else { vpa.as_str() };
        let link = PayLink {
            vpa,
            payee: &shop.location.seller.name,
            amount,
            reference: &id.simple().to_string(),
        };
        let uri =
            link.to_uri().map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let started_at_ms = self.moment.at_ms;
        self.change_payment(|payment| {
            payment.attempts.push(Attempt {
                id,
                amount,
                state: UpiState::Waiting,
                uri,
                started_at_ms,
                reference: None,
            });
            Ok(())
        })
    }

    fn settle_upi(
        &mut self,
        who: &Who,
        id: Uuid,
        outcome: UpiState,
        reference: Option<&str>,
    ) -> Result<Paid, TillError> {
        let reference = text("reference", reference, REFERENCE_MAX)?;
        let attempt = self.counter.draft.payment()?.attempts.iter();
        let attempt = attempt.into_iter().find(|attempt| attempt.id == id).ok_or_else(|| {
            TillError::refused("payment.no_attempt", "there is no such UPI payment")
        })?;
        let (before, amount) = (attempt.state, attempt.amount);
        match (before, outcome) {
            (before, after) if before == after => return self.sell_if_paid(who),
            (UpiState::Paid | UpiState::Failed, _) => {
                let message = "what became of this UPI payment was said before";
                return Err(TillError::refused("payment.upi_settled", message));
            }
            // Money may have left the payer's account: a cashier alone does not write it off.
            (UpiState::Unknown, UpiState::Failed) => {
                self.allow(who, Action::SettlePayment)?;
            }
            (UpiState::Waiting | UpiState::Unknown, _) => {}
        }
        self.change_payment(|payment| {
            for attempt in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
                attempt.state = outcome;
                attempt.reference.clone_from(&reference);
            }
            if outcome == UpiState::Paid {
                push(payment, TenderType::Upi, amount, reference, Some(id));
            }
            Ok(())
        })?;
        self.sell_if_paid(who)
    }

    /// Sells: the tenders that were taken, and `last` for the rest.
    fn complete(&mut self, who: &Who, last: Option<Offer>) -> Result<Paid, TillError> {
        let draft = self.counter.draft.clone();
        let payment = draft.payment()?;
        if payment.attempts.iter().any(Attempt::is_open) {
            return Err(upi_open());
        }
        self.not_asking()?;
        let offers = offers(payment, last)?;
        let mut who = who.clone();
        who.approver = who.approver.or_else(|| draft.approver.clone());
        let again = query::document(self.conn(), By::Id(payment.document))?.is_some();
        let mut sold = match &draft.exchange {
            Some(exchange) => {
                self.exchange_now(&who, &draft, exchange, payment.document, offers)?
            }
            None => self.sell_now(&who, &draft, payment.document, offers)?,
        };
        sold.again = again;
        self.drawer &= !again;
        sold.paper = paper_state(self.conn(), payment.document)?;
        self.keep(Draft::after(payment.document))?;
        self.counter.done = Some(sold.clone());
        Ok(Paid::Sold { sold: Box::new(sold) })
    }

    fn sell_now(
        &mut self,
        who: &Who,
        draft: &Draft,
        id: DocumentId,
        offers: Vec<Offer>,
    ) -> Result<Sold, TillError> {
        let request = SaleRequest {
            buyer: draft.about.buyer.clone(),
            customer: draft.about.customer,
            place_of_supply: draft.place_of_supply().cloned(),
            note: draft.about.note.clone(),
            gift_message: draft.about.gift_message.clone(),
            ..SaleRequest::of(id, draft.basket.clone(), offers)
        };
        let sold = sell::sell(self.ledger, who, &request)?;
        self.changed(sold.topics.iter().copied());
        self.opens_drawer(&sold.document);
        self.sold(&sold)
    }

    fn exchange_now(
        &mut self,
        who: &Who,
        draft: &Draft,
        exchange: &Exchange,
        id: DocumentId,
        offers: Vec<Offer>,
    ) -> Result<Sold, TillError> {
        let request = ReturnRequest {
            id,
            number: exchange.number.clone(),
            lines: exchange.lines.clone(),
            restock: true,
            offers,
            reason: exchange.reason.clone(),
        };
        let mut leaving = draft.basket.clone();
        leaving.drop_returns();
        let (document, topics) = refund::exchange(self.ledger, who, &request, leaving)?;
        self.changed(topics);
        self.opens_drawer(&document);
        Ok(Sold::of(&document))
    }

    pub(super) fn offered(&self) -> Result<Vec<TenderType>, TillError> {
        let settings = self.settings()?;
        let basket = &self.counter.draft.basket;
        let sells_cards = basket.lines().iter().any(|line| line.gift_card.is_some());
        let to_customer = self.due()?.0 < 0;
        let mut offered = vec![TenderType::Cash, TenderType::Card];
        if settings.upi_vpa.is_some() && settings.currency.code() == "INR" {
            offered.push(TenderType::Upi);
        }
        offered.push(TenderType::Coupon);
        // Balances are the shop's own business: nobody practises with them. A card does not buy a card.
        if !self.ledger.identity()?.training && !sells_cards {
            let media: &[TenderType] = match to_customer {
                true => &[TenderType::StoreCredit],
                false => &[TenderType::GiftCard, TenderType::StoreCredit],
            };
            offered.extend(media);
        }
        Ok(offered)
    }

    /// The payment as it is shown.
    pub(super) fn payment_view(&self) -> Result<view::Payment, TillError> {
        let payment = self.counter.draft.payment()?;
        let left_minor = self.left()?;
        let cash_left_minor = self.rounding()?.apply(left_minor)?;
        let tendered = payment.tendered.iter().map(|tender| view::Tendered {
            no: tender.no,
            tender_type: tender.tender_type,
            amount_minor: tender.amount,
            reference: tender.reference.clone(),
            upi: tender.upi,
            balance_left_minor: tender.balance_left,
        });
        let attempt = payment.attempts.iter().find(|attempt| attempt.is_open());
        let attempt = attempt.or_else(|| payment.attempts.last());
        Ok(view::Payment {
            total_minor: self.due()?,
            tendered: tendered.collect(),
            left_minor,
            cash_left_minor,
            quick_minor: quick(cash_left_minor, self.settings()?.currency),
            upi: attempt.map(shown_attempt).transpose()?,
            asking: payment.asking.as_ref().map(|asking| view::Asking {
                tender_type: asking.medium.tender_type(),
                number: asking.number.clone(),
                amount_minor: asking.amount,
            }),
            offered: self.offered()?,
        })
    }
}

fn push(
    payment: &mut Payment,
    tender_type: TenderType,
    amount: Minor,
    reference: Option<String>,
    upi: Option<Uuid>,
) {
    payment.last_no += 1;
    payment.tendered.push(Tendered {
        no: payment.last_no,
        tender_type,
        amount,
        reference,
        upi,
        hold: None,
        balance_left: None,
    });
}

/// The tenders that were taken as offers. Cash is the one that takes the rest: what was handed over before is part of
/// what was handed over in the end.
fn offers(payment: &Payment, last: Option<Offer>) -> Result<Vec<Offer>, TillError> {
    let mut offers = Vec::new();
    let mut last = last;
    for tender in &payment.tendered {
        if tender.tender_type == TenderType::Cash {
            last = Some(match last {
                Some(rest) => {
                    let given = rest.given.map(|given| given.checked_add(tender.amount));
                    Offer { given: given.transpose()?, ..rest }
                }
                None => Offer::of(TenderType::Cash, Some(tender.amount)),
            });
            continue;
        }
        offers.push(Offer {
            reference: tender.reference.clone(),
            hold: tender.hold,
            ..Offer::of(tender.tender_type, Some(tender.amount))
        });
    }
    offers.extend(last);
    Ok(offers)
}

fn refused(error: &TenderError) -> TillError {
    let refused = TillError::refused(error.code(), error.to_string());
    match error {
        TenderError::NotEnough { missing } => refused.with("missing_minor", missing.0),
        TenderError::ExceedsDue { by } => refused.with("by_minor", by.0),
        TenderError::Amount { no }
        | TenderError::Given { no }
        | TenderError::AmountMissing { no }
        | TenderError::Reference { no } => refused.with("no", no),
        TenderError::TooLarge { .. } | TenderError::TooMany | TenderError::OutOfRange(_) => refused,
    }
}

fn shown_attempt(attempt: &Attempt) -> Result<view::UpiAttempt, TillError> {
    let code = QrCode::with_error_correction_level(&attempt.uri, EcLevel::M)
        .map_err(|error| TillError::corrupt("payment", attempt.id, error))?;
    let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(QR_SIZE, QR_SIZE).build();
    Ok(view::UpiAttempt {
        id: attempt.id,
        amount_minor: attempt.amount,
        state: attempt.state,
        uri: attempt.uri.clone(),
        qr_svg,
        started_at_ms: attempt.started_at_ms,
        reference: attempt.reference.clone(),
    })
}
