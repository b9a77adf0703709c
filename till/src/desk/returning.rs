//! What comes back: refund, void, exchange.

use super::draft::{About, Draft, Exchange};
use super::printing::paper_state;
use super::view::{
    self, ReturnLine, ReturnPreview, Returnable, ReturnableLine, ReturnedAmount, Sold, TenderAmount,
};
use super::{Approval, Desk, Fault, Turn};
use crate::catalogue;
use crate::error::TillError;
use crate::ledger::query::{self, By};
use crate::refund::{self, ReturnRequest, Returned, UnreferencedReturn, refused};
use crate::said::{self, text};
use crate::sell::basket_refused;
use daybook_domain::amount::{Quantity, Uom};
use daybook_domain::balance::Medium;
use daybook_domain::document::{Document, DocumentLine, LineFlag, Tender, TenderType};
use daybook_domain::ids::DocumentId;
use daybook_domain::refund as rules;
use daybook_domain::tender::{Offer, REFERENCE_MAX};

impl Desk {
    /// A document that something may come back of, with what is left of it as far as this till knows.
    ///
    /// # Errors
    /// `refund.unknown_document`, `refund.not_a_sale`.
    pub fn returnable(&self, number: &str) -> Result<Returnable, Fault> {
        self.act(|turn| turn.returnable(number))
    }

    /// What would go back for some lines.
    ///
    /// # Errors
    /// `refund.…`.
    pub fn preview_return(
        &self,
        number: &str,
        lines: &[ReturnLine],
        tender: Option<TenderType>,
    ) -> Result<ReturnPreview, Fault> {
        self.act(|turn| turn.preview(number, lines, tender))
    }

    /// Refunds. Sent again with its act it answers the same credit note again.
    ///
    /// # Errors
    /// `refund.…`, `tender.…`, `approval.…`.
    pub fn refund(
        &self,
        refund: &view::Refund,
        approval: Option<&Approval>,
    ) -> Result<Sold, Fault> {
        self.act(|turn| turn.refund(refund, approval))
    }

    /// Voids a whole sale of the open business day.
    ///
    /// # Errors
    /// `refund.…`, `void.other_day`, `approval.…`.
    pub fn void_sale(
        &self,
        number: &str,
        reason: &str,
        approval: Option<&Approval>,
    ) -> Result<Sold, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            let reason = said::reason(reason)?;
            let id = DocumentId(turn.new_id()?);
            let number = number.trim().to_uppercase();
            let (document, topics) = refund::void(turn.ledger, &who, id, &number, &reason)?;
            turn.changed(topics);
            turn.opens_drawer(&document);
            Ok(Sold { paper: paper_state(turn.conn(), document.id)?, ..Sold::of(&document) })
        })
    }

    /// Takes what is in the open basket back without a receipt, at the prices of today; for a manager to approve.
    ///
    /// # Errors
    /// `basket.empty`, `payment.open`, `exchange.open`, `approval.…`, `tender.…`.
    pub fn return_without_receipt(
        &self,
        back: &view::UnreferencedReturn,
        approval: Option<&Approval>,
    ) -> Result<Sold, Fault> {
        self.act(|turn| turn.without_receipt(back, approval))
    }

    /// Takes lines of a document back into the open basket: what leaves instead is scanned, then the difference is
    /// paid, either way.
    ///
    /// # Errors
    /// `refund.…`, `exchange.open`, `payment.open`.
    pub fn exchange(
        &self,
        number: &str,
        lines: &[ReturnLine],
        reason: &str,
    ) -> Result<view::Basket, Fault> {
        self.act(|turn| turn.begin_exchange(number, lines, reason))
    }

    /// Lets what comes back go again; what was scanned stays.
    ///
    /// # Errors
    /// `payment.open`.
    pub fn drop_exchange(&self) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.edit(|draft| {
                draft.basket.drop_returns();
                draft.exchange = None;
                Ok(())
            })
        })
    }
}

impl Turn<'_> {
    fn original(&self, number: &str) -> Result<(Document, Vec<Document>), TillError> {
        let number = number.trim().to_uppercase();
        let found = query::document(self.conn(), By::Number(&number))?.ok_or_else(|| {
            let message = format!("no document {number} here");
            TillError::refused("refund.unknown_document", message).with("number", &number)
        })?;
        let original = found.sale.document;
        let before = query::corrections_of(self.conn(), original.id)?;
        Ok((original, before))
    }

    fn returnable(&self, number: &str) -> Result<Returnable, TillError> {
        let (original, before) = self.original(number)?;
        let left = rules::remaining(&original, &before, true).map_err(|error| refused(&error))?;
        let left_minor =
            rules::left_to_refund(&original, &before).map_err(|error| refused(&error))?;
        let lines = original.lines.iter().filter(|line| line.original_line.is_none());
        let lines = lines.map(|line| ReturnableLine {
            no: line.no,
            sku: line.sku.to_string(),
            name: line.name.clone(),
            options: line.options.clone(),
            uom: line.uom,
            by_piece: by_piece(line),
            sold_milli: line.quantity_milli,
            left_milli: left
                .iter()
                .find(|left| left.line == line.no)
                .map_or(Quantity::ZERO, |left| left.quantity),
            total_minor: line.total_minor,
        });
        let customer = match original.customer {
            Some(id) => catalogue::customer(self.conn(), id)?.map(|customer| customer.name),
            None => None,
        };
        let open_day = self.ledger.live()?.shift.as_ref().map(|shift| shift.day.as_str());
        let exchanged = original.lines.iter().any(|line| line.original_line.is_some());
        Ok(Returnable {
            number: original.number.clone(),
            kind: original.kind,
            day: original.day.clone(),
            issued_at_ms: original.issued_at_ms,
            cashier: original.cashier.clone(),
            customer: customer.or_else(|| original.buyer.as_ref().map(|buyer| buyer.name.clone())),
            lines: lines.collect(),
            tenders: amounts(&original.tenders),
            payable_minor: original.totals.payable_minor,
            left_minor,
            media_back: rules::media_back(&original)?,
            several_ways: rules::ways_back(&original, &[])?.len() > 1,
            voidable: before.is_empty() && !exchanged && open_day == Some(original.day.as_str()),
            corrections: before.into_iter().map(|note| note.number).collect(),
            act: self.new_id()?,
        })
    }

    fn preview(
        &self,
        number: &str,
        lines: &[ReturnLine],
        tender: Option<TenderType>,
    ) -> Result<ReturnPreview, TillError> {
        let (original, before) = self.original(number)?;
        let wanted: Vec<rules::ReturnLine> = lines.iter().map(ReturnLine::wanted).collect();
        let plan = rules::plan(&original, &before, &wanted).map_err(|error| refused(&error))?;
        let offers: Vec<Offer> = tender.map(|tender| Offer::of(tender, None)).into_iter().collect();
        let settled = refund::settle_back(&self.settings()?, &original, &before, &plan, &offers)?;
        let figures = lines.iter().zip(&plan.figures.lines);
        Ok(ReturnPreview {
            lines: figures
                .map(|(line, figure)| ReturnedAmount {
                    line: line.line,
                    total_minor: figure.total_minor,
                })
                .collect(),
            total_minor: plan.figures.totals.total_minor,
            back_minor: settled.totals.payable_minor,
            tenders: amounts(&settled.tenders),
        })
    }

    fn refund(
        &mut self,
        refund: &view::Refund,
        approval: Option<&Approval>,
    ) -> Result<Sold, TillError> {
        let who = self.who_with(approval)?;
        if refund.lines.is_empty() {
            return Err(refused(&rules::RefundError::Nothing));
        }
        let (original, before) = self.original(&refund.number)?;
        let again = query::document(self.conn(), By::Id(DocumentId(refund.act)))?.is_some();
        // A second press finds what came back, and plans nothing.
        let offers = if again { Vec::new() } else { offers_back(refund, &original, &before)? };
        let request = ReturnRequest {
            id: DocumentId(refund.act),
            number: original.number,
            lines: refund.lines.iter().map(ReturnLine::returned).collect(),
            restock: true,
            offers,
            reason: said::reason(&refund.reason)?,
        };
        let (document, topics) = refund::refund(self.ledger, &who, &request)?;
        self.changed(topics);
        if !again {
            self.opens_drawer(&document);
        }
        let paper = paper_state(self.conn(), document.id)?;
        Ok(Sold { again, paper, ..Sold::of(&document) })
    }

    fn without_receipt(
        &mut self,
        back: &view::UnreferencedReturn,
        approval: Option<&Approval>,
    ) -> Result<Sold, TillError> {
        let who = self.who_with(approval)?;
        self.not_paying()?;
        let draft = self.counter.draft.clone();
        if draft.exchange.is_some() {
            return Err(exchange_open());
        }
        let Some(id) = draft.id.filter(|_| !draft.basket.lines().is_empty()) else {
            return Err(TillError::refused("basket.empty", "the basket has no lines"));
        };
        let fits = match back.tender {
            TenderType::StoreCredit | TenderType::Cash | TenderType::Card | TenderType::Upi => true,
            TenderType::GiftCard | TenderType::Coupon | TenderType::Online | TenderType::Cod => {
                false
            }
        };
        if !fits {
            let message =
                "without a receipt the money goes back as store credit, in cash, by card or by UPI";
            return Err(TillError::refused("refund.tender", message));
        }
        let reference = text("reference", back.reference.as_deref(), REFERENCE_MAX)?;
        let request = UnreferencedReturn {
            // A basket comes back once: a second press finds the credit note.
            id: DocumentId(id.0),
            basket: draft.basket.clone(),
            restock: back.restock,
            offer: Offer { reference, ..Offer::of(back.tender, None) },
            customer: draft.about.customer,
            reason: said::reason(&back.reason)?,
        };
        let again = query::document(self.conn(), By::Id(request.id))?.is_some();
        let (document, topics) = refund::without_receipt(self.ledger, &who, &request)?;
        self.changed(topics);
        if !again {
            self.opens_drawer(&document);
        }
        let paper = paper_state(self.conn(), document.id)?;
        let sold = Sold { again, paper, ..Sold::of(&document) };
        self.keep(Draft::after(document.id))?;
        self.counter.done = Some(sold.clone());
        Ok(sold)
    }

    fn begin_exchange(
        &mut self,
        number: &str,
        lines: &[ReturnLine],
        reason: &str,
    ) -> Result<view::Basket, TillError> {
        let (original, before) = self.original(number)?;
        let wanted: Vec<rules::ReturnLine> = lines.iter().map(ReturnLine::wanted).collect();
        let plan = rules::plan(&original, &before, &wanted).map_err(|error| refused(&error))?;
        let exchange = Exchange {
            number: original.number.clone(),
            lines: lines.iter().map(ReturnLine::returned).collect(),
            reason: said::reason(reason)?,
            place_of_supply: original.place_of_supply.clone(),
        };
        self.edit(|draft: &mut Draft| {
            if draft.exchange.is_some() {
                return Err(exchange_open());
            }
            for line in &plan.figures.lines {
                draft.basket.add_return(line).map_err(|error| basket_refused(&error))?;
            }
            draft.about = About::of(&original);
            draft.exchange = Some(exchange);
            Ok(())
        })
    }
}

/// How the money is to go back, each way with its number.
fn offers_back(
    refund: &view::Refund,
    original: &Document,
    before: &[Document],
) -> Result<Vec<Offer>, TillError> {
    let wanted: Vec<rules::ReturnLine> = refund.lines.iter().map(ReturnLine::wanted).collect();
    let mut offers = match refund.tender {
        Some(tender) => vec![Offer::of(tender, None)],
        None => {
            let plan = rules::plan(original, before, &wanted).map_err(|error| refused(&error))?;
            let ways = rules::ways_back(original, before)?;
            rules::as_it_came(plan.figures.totals.total_minor, &plan.refundable, &ways)?
        }
    };
    for named in &refund.references {
        let reference = text("reference", Some(&named.reference), REFERENCE_MAX)?;
        let fits = |offer: &&mut Offer| {
            offer.tender_type == named.tender_type && Medium::of(offer.tender_type).is_none()
        };
        if let Some(offer) = offers.iter_mut().find(fits) {
            offer.reference = reference;
        }
    }
    Ok(offers)
}

fn amounts(tenders: &[Tender]) -> Vec<TenderAmount> {
    let amount = |tender: &Tender| TenderAmount {
        tender_type: tender.tender_type,
        amount_minor: tender.amount_minor,
    };
    tenders.iter().map(amount).collect()
}

impl ReturnLine {
    fn wanted(&self) -> rules::ReturnLine {
        rules::ReturnLine { line: self.line, quantity: self.quantity_milli, restock: self.restock }
    }

    fn returned(&self) -> Returned {
        Returned { line: self.line, quantity: Some(self.quantity_milli), restock: self.restock }
    }
}

fn exchange_open() -> TillError {
    TillError::refused("exchange.open", "the basket takes something back already")
}

fn by_piece(line: &DocumentLine) -> bool {
    let whole = line.uom == Uom::Each && line.quantity_milli.is_whole();
    whole && !line.flags.contains(&LineFlag::Weighed)
}
