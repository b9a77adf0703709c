//! What comes back: refund, exchange, void.

use crate::balances;
use crate::error::TillError;
use crate::issue::{Paper, Shop, issue};
use crate::ledger::gate::Gate;
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, Topics};
use crate::said;
use crate::sell::{approval, believe, figures, goods_out, jurisdiction, moves_stock};
use crate::staff::Who;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::basket::Basket;
use daybook_domain::document::{
    Document, DocumentKind, DocumentLine, OriginalRef, Tender, TenderType,
};
use daybook_domain::entry::{Fact, Movement, MovementReason, Sale};
use daybook_domain::feed::Settings;
use daybook_domain::ids::{CustomerId, DocumentId, LocationId};
use daybook_domain::refund::{self, Plan, RefundError, Refundable, ReturnLine};
use daybook_domain::rounding::CashRounding;
use daybook_domain::staff::Action;
use daybook_domain::tender::{Offer, Settled, give_back, settle};
use serde::{Deserialize, Serialize};

/// A line that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Its number in the original.
    pub line: u32,
    /// How much of it; all that is left without one.
    pub quantity: Option<Quantity>,
    /// Sellable again, or written off.
    pub restock: bool,
}

/// What comes back of a document.
#[derive(Debug, Clone)]
pub struct ReturnRequest {
    /// Made where the act starts; the same id again gives the same document.
    pub id: DocumentId,
    /// Number of the original.
    pub number: String,
    /// Lines and quantities; empty for all that is left.
    pub lines: Vec<Returned>,
    /// Sellable again, or written off, where no lines are named.
    pub restock: bool,
    /// How the money goes back; empty for the way it came.
    pub offers: Vec<Offer>,
    /// Why.
    pub reason: String,
}

/// Refunds.
///
/// # Errors
/// Refused as `refund.…`, `tender.…`, `approval.…`.
pub fn refund(
    ledger: &mut Ledger,
    who: &Who,
    request: &ReturnRequest,
) -> Result<(Document, Topics), TillError> {
    issue_once(ledger, who, request.id, |gate| {
        let shop = Shop::load(gate)?;
        gate.approved_by(who.allow(Action::RefundWithReceipt, &shop.settings)?);
        let (original, before) = original_of(gate, &request.number)?;
        let wanted = wanted(&original, &before, request)?;
        let plan = refund::plan(&original, &before, &wanted).map_err(|error| refused(&error))?;
        let settled = settle_back(&shop.settings, &original, &before, &plan, &request.offers)?;
        let movements = goods_back(&gate.identity().location, &plan.figures.lines)?;
        let paper = Paper {
            id: request.id,
            kind: DocumentKind::CreditNote,
            lines: plan.figures.lines,
            tax_table: plan.figures.tax_table,
            totals: settled.totals,
            tenders: settled.tenders,
            original: Some(reference(&original)),
            reason: Some(said::reason(&request.reason)?),
            buyer: original.buyer.clone(),
            customer: original.customer,
            place_of_supply: original.place_of_supply.clone(),
            note: None,
            gift_message: None,
        };
        let document = issue(gate, &shop, who, paper)?;
        Ok(Fact::RefundCompleted(Sale { document, movements, source: None }))
    })
}

/// Voids a whole sale of the business day.
///
/// # Errors
/// Refused as `refund.…`, `void.other_day`, `approval.…`.
pub fn void(
    ledger: &mut Ledger,
    who: &Who,
    id: DocumentId,
    number: &str,
    reason: &str,
) -> Result<(Document, Topics), TillError> {
    issue_once(ledger, who, id, |gate| {
        let shop = Shop::load(gate)?;
        gate.approved_by(who.allow(Action::Void, &shop.settings)?);
        let (original, before) = original_of(gate, number)?;
        if original.day != gate.shift()?.day {
            return Err(TillError::refused(
                "void.other_day",
                format!("{number} is of {}; refund it instead", original.day),
            ));
        }
        let void = refund::void(&original, &before).map_err(|error| refused(&error))?;
        let mut movements = goods_back(&gate.identity().location, &void.figures.lines)?;
        for movement in &mut movements {
            movement.reason = MovementReason::Void;
        }
        let paper = Paper {
            id,
            kind: DocumentKind::CreditNote,
            totals: void.figures.totals,
            lines: void.figures.lines,
            tax_table: void.figures.tax_table,
            tenders: void.tenders,
            original: Some(reference(&original)),
            reason: Some(said::reason(reason)?),
            buyer: original.buyer.clone(),
            customer: original.customer,
            place_of_supply: original.place_of_supply.clone(),
            note: None,
            gift_message: None,
        };
        let document = issue(gate, &shop, who, paper)?;
        Ok(Fact::SaleVoided(Sale { document, movements, source: None }))
    })
}

/// Exchanges: some lines come back, others leave, one document with the balance. `basket` holds what leaves.
///
/// # Errors
/// Refused as `refund.…`, `basket.…`, `tender.…`, `stock.…`.
pub fn exchange(
    ledger: &mut Ledger,
    who: &Who,
    request: &ReturnRequest,
    mut basket: Basket,
) -> Result<(Document, Topics), TillError> {
    issue_once(ledger, who, request.id, |gate| {
        let shop = Shop::load(gate)?;
        let (original, before) = original_of(gate, &request.number)?;
        let wanted = wanted(&original, &before, request)?;
        let plan = refund::plan(&original, &before, &wanted).map_err(|error| refused(&error))?;
        for line in &plan.figures.lines {
            basket
                .add_return(line)
                .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        }
        let mut figures = figures(&shop, &basket, original.place_of_supply.as_ref())?;
        gate.approved_by(approval(who, &shop.settings, &figures)?);
        let (mut movements, _) = goods_out(gate, &shop, who, &mut figures.lines, false)?;
        movements.extend(goods_back(&gate.identity().location, &plan.figures.lines)?);
        let total = figures.totals.total_minor;
        let offers = match request.offers.as_slice() {
            [] if total.0 < 0 => {
                let ways = refund::ways_back(&original, &before)?;
                let back = refund::as_it_came(total.checked_neg()?, &plan.refundable, &ways)?;
                back.into_iter().map(to_customer).collect::<Result<_, _>>()?
            }
            [] => vec![Offer::of(TenderType::Cash, None)],
            given => given.to_vec(),
        };
        // What goes to the customer may become store credit.
        let offers = if total.0 < 0 { balances::name(offers, None)? } else { offers };
        let rounding = CashRounding::to(shop.settings.cash_rounding_minor);
        let settled = settle(&figures.totals, &offers, rounding)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        believe(&offers, &settled, shop.settings.currency)?;
        if settled.totals.payable_minor.0 < 0 {
            check_ways(&original, &before, &settled.tenders)?;
        }
        balances::take(gate.conn(), who.moment, &settled.tenders)?;
        let registered = original.buyer.as_ref().is_some_and(|buyer| buyer.tax_id.is_some());
        let kind = jurisdiction(&shop.settings)?.document_kind(&figures.lines, registered);
        let paper = Paper {
            id: request.id,
            kind,
            lines: figures.lines,
            tax_table: figures.tax_table,
            totals: settled.totals,
            tenders: settled.tenders,
            original: Some(reference(&original)),
            reason: Some(said::reason(&request.reason)?),
            buyer: original.buyer.clone(),
            customer: original.customer,
            place_of_supply: original.place_of_supply.clone(),
            note: None,
            gift_message: None,
        };
        let document = issue(gate, &shop, who, paper)?;
        Ok(Fact::ExchangeCompleted(Sale { document, movements, source: None }))
    })
}

/// Goods that come back without their receipt: `basket` holds them at the prices of today. The credit note names no
/// original, so nothing limits it but the manager who approves it.
#[derive(Debug, Clone)]
pub struct UnreferencedReturn {
    /// Made where the act starts; the same id again gives the same document.
    pub id: DocumentId,
    /// What came back.
    pub basket: Basket,
    /// Sellable again, or written off.
    pub restock: bool,
    /// How the money goes back.
    pub offer: Offer,
    /// Of whom, where it is known.
    pub customer: Option<CustomerId>,
    /// Why.
    pub reason: String,
}

/// Takes goods back without their receipt.
///
/// # Errors
/// Refused as `approval.…`, `basket.…`, `tender.…`.
pub fn without_receipt(
    ledger: &mut Ledger,
    who: &Who,
    request: &UnreferencedReturn,
) -> Result<(Document, Topics), TillError> {
    issue_once(ledger, who, request.id, |gate| {
        let shop = Shop::load(gate)?;
        gate.approved_by(who.allow(Action::RefundWithoutReceipt, &shop.settings)?);
        let mut figures = figures(&shop, &request.basket, None)?;
        for line in &mut figures.lines {
            line.restock = Some(request.restock);
        }
        let limit =
            Refundable { left_minor: figures.totals.total_minor, rounded_minor: Minor::ZERO };
        let rounding = CashRounding::to(shop.settings.cash_rounding_minor);
        let offers = balances::name(vec![request.offer.clone()], None)?;
        let settled = give_back(&figures.totals, &offers, rounding, &limit)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let movements = goods_back(&gate.identity().location, &figures.lines)?;
        let paper = Paper {
            id: request.id,
            kind: DocumentKind::CreditNote,
            lines: figures.lines,
            tax_table: figures.tax_table,
            totals: settled.totals,
            tenders: settled.tenders,
            original: None,
            reason: Some(said::reason(&request.reason)?),
            buyer: None,
            customer: request.customer,
            place_of_supply: shop.location.seller.state.clone(),
            note: None,
            gift_message: None,
        };
        let document = issue(gate, &shop, who, paper)?;
        Ok(Fact::RefundCompleted(Sale { document, movements, source: None }))
    })
}

fn issue_once(
    ledger: &mut Ledger,
    who: &Who,
    id: DocumentId,
    make: impl FnOnce(&mut Gate<'_>) -> Result<Fact, TillError>,
) -> Result<(Document, Topics), TillError> {
    if let Some(done) = query::document(ledger.reader(), By::Id(id))? {
        return Ok((done.sale.document, Topics::new()));
    }
    ledger.home().ensure_space()?;
    ledger.write(who.act(), |gate| {
        gate.shift()?;
        let fact = make(gate)?;
        gate.append(&fact)?;
        match fact {
            Fact::RefundCompleted(sale)
            | Fact::ExchangeCompleted(sale)
            | Fact::SaleVoided(sale) => Ok(sale.document),
            other => Err(TillError::corrupt("document", id, other.kind())),
        }
    })
}

fn original_of(gate: &Gate<'_>, number: &str) -> Result<(Document, Vec<Document>), TillError> {
    let found = query::document(gate.conn(), By::Number(number))?.ok_or_else(|| {
        TillError::refused("refund.unknown_document", format!("no document {number} here"))
    })?;
    let original = found.sale.document;
    let before = query::corrections_of(gate.conn(), original.id)?;
    Ok((original, before))
}

fn wanted(
    original: &Document,
    before: &[Document],
    request: &ReturnRequest,
) -> Result<Vec<ReturnLine>, TillError> {
    let left =
        refund::remaining(original, before, request.restock).map_err(|error| refused(&error))?;
    if request.lines.is_empty() {
        return Ok(left);
    }
    let all_of = |line: u32| left.iter().find(|row| row.line == line).map(|row| row.quantity);
    Ok(request
        .lines
        .iter()
        .map(|returned| ReturnLine {
            line: returned.line,
            // Nothing left of it: asking for one more names what is left.
            quantity: returned
                .quantity
                .or_else(|| all_of(returned.line))
                .unwrap_or(Quantity(Quantity::WHOLE)),
            restock: returned.restock,
        })
        .collect())
}

pub(crate) fn refused(error: &RefundError) -> TillError {
    let refused = TillError::refused(error.code(), error.to_string());
    match error {
        RefundError::ExceedsBought { line, left } => {
            refused.with("line", line).with("left", left.to_decimal())
        }
        RefundError::ExceedsPaid { left } | RefundError::Way { left, .. } => {
            refused.with("left_minor", left.0)
        }
        RefundError::UnknownLine { line }
        | RefundError::LineTwice { line }
        | RefundError::GiftCard { line }
        | RefundError::Quantity { line } => refused.with("line", line),
        RefundError::NotASale { number }
        | RefundError::NotPaid { number }
        | RefundError::AlreadyReturned { number }
        | RefundError::Exchange { number } => refused.with("number", number),
        RefundError::Nothing | RefundError::OutOfRange(_) => refused,
    }
}

fn reference(original: &Document) -> OriginalRef {
    OriginalRef {
        id: Some(original.id),
        number: original.number.clone(),
        day: original.day.clone(),
    }
}

/// In an exchange what goes to the customer is below zero.
fn to_customer(offer: Offer) -> Result<Offer, TillError> {
    let amount = offer.amount.map(Minor::checked_neg).transpose()?;
    Ok(Offer { amount, ..offer })
}

/// Settles a credit note: as was offered, or the way the money came where nothing was, and never otherwise than it may go
/// back.
pub(crate) fn settle_back(
    settings: &Settings,
    original: &Document,
    before: &[Document],
    plan: &Plan,
    offers: &[Offer],
) -> Result<Settled, TillError> {
    let offers = match offers {
        [] => {
            let ways = refund::ways_back(original, before)?;
            refund::as_it_came(plan.figures.totals.total_minor, &plan.refundable, &ways)?
        }
        given => given.to_vec(),
    };
    let offers = balances::name(offers, Some(original))?;
    let rounding = CashRounding::to(settings.cash_rounding_minor);
    let settled = give_back(&plan.figures.totals, &offers, rounding, &plan.refundable)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    check_ways(original, before, &settled.tenders)?;
    Ok(settled)
}

/// Refuses money that would go back otherwise than it may. Tenders of an exchange are below zero where they go back.
fn check_ways(
    original: &Document,
    before: &[Document],
    tenders: &[Tender],
) -> Result<(), TillError> {
    let back: Vec<(TenderType, Minor)> = tenders
        .iter()
        .map(|tender| (tender.tender_type, Minor(tender.amount_minor.0.saturating_abs())))
        .collect();
    refund::check_ways(original, before, &back).map_err(|error| refused(&error))
}

/// Goods that become sellable again; what is written off came back and went, which is nothing.
fn goods_back(location: &LocationId, lines: &[DocumentLine]) -> Result<Vec<Movement>, TillError> {
    let back = lines.iter().filter(|line| moves_stock(line) && line.restock == Some(true));
    Ok(back
        .map(|line| Movement {
            sku: line.sku.clone(),
            location: location.clone(),
            quantity_milli: Quantity(line.quantity_milli.0.saturating_abs()),
            reason: MovementReason::Return,
            lease: None,
            beyond_rights: false,
        })
        .collect())
}
