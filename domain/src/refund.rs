//! What comes back: returns, exchanges and voids over an original document and what was returned of it before.
//!
//! Figures of a partial return are differences of cumulative rounding, so any split of a full return sums to the
//! sale. A credit note carries positive figures; [`Basket::add_return`](crate::basket::Basket::add_return) turns a
//! line negative for an exchange.
//!
//! ```no_run
//! # use daybook_domain::document::Document;
//! use daybook_domain::amount::Quantity;
//! use daybook_domain::refund::{ReturnLine, plan};
//! # fn example(original: &Document, before: &[Document]) -> Result<(), daybook_domain::refund::RefundError> {
//! let wanted = ReturnLine { line: 1, quantity: Quantity(1000), restock: true };
//! let plan = plan(original, before, &[wanted])?;
//! // plan.figures: lines, tax table, totals of the credit note; settle with tender::give_back(…, &plan.refundable)
//! # Ok(()) }
//! ```

mod cumulative;
mod ways;

use crate::amount::{Minor, OutOfRange, Quantity, Uom};
use crate::balance::Medium;
use crate::document::{Document, DocumentKind, DocumentLine, LineFlag, Tender, TenderType, Totals};
use crate::figures::Figures;
use cumulative::Returned;
pub use ways::{Way, as_it_came, check_ways, ways_back};

/// A line of the original that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLine {
    /// Number of the line in the original.
    pub line: u32,
    /// How much of it; zero only where the line itself was sold with quantity zero.
    pub quantity: Quantity,
    /// Sellable again, or written off.
    pub restock: bool,
}

/// How much money may still go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refundable {
    /// Paid, less what went back before.
    pub left_minor: Minor,
    /// What earlier credit notes gave back above their exact totals by rounding cash.
    pub rounded_minor: Minor,
}

/// A return that is allowed: the figures of its credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Lines, tax table and totals, all positive.
    pub figures: Figures,
    /// Limit for [`crate::tender::give_back`].
    pub refundable: Refundable,
}

/// A void: the whole sale with its tenders and its rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void {
    /// Lines and tax table; totals with the original's rounding.
    pub figures: Figures,
    /// The original's tenders, going back.
    pub tenders: Vec<Tender>,
}

/// Why something cannot come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// A credit note was given as the original.
    #[error("{number} is not a sale")]
    NotASale {
        /// Its number.
        number: String,
    },
    /// Nothing was paid.
    #[error("{number} has not been paid")]
    NotPaid {
        /// Its number.
        number: String,
    },
    /// No lines were asked for.
    #[error("nothing was asked to come back")]
    Nothing,
    /// No such line, or a line that itself came back in an exchange.
    #[error("the original has no sold line {line}")]
    UnknownLine {
        /// Line.
        line: u32,
    },
    /// A line is named twice.
    #[error("line {line} is named twice")]
    LineTwice {
        /// Line.
        line: u32,
    },
    /// Zero, negative, or a part of a piece.
    #[error("line {line}: quantity is not valid")]
    Quantity {
        /// Line.
        line: u32,
    },
    /// More than was bought and is still there.
    #[error("line {line}: only {} are left to return", .left.to_decimal())]
    ExceedsBought {
        /// Line.
        line: u32,
        /// What is left.
        left: Quantity,
    },
    /// Money on a card does not come back as goods do.
    #[error(
        "line {line}: a gift card is not taken back; void its sale on the same day, or spend it"
    )]
    GiftCard {
        /// Line.
        line: u32,
    },
    /// More money than was paid and is still there.
    #[error("only {} minor units of what was paid are left to refund", .left.0)]
    ExceedsPaid {
        /// What is left.
        left: Minor,
    },
    /// More by this medium than came by it, or from a balance into something else.
    #[error("only {} minor units may go back by that tender", .left.0)]
    Way {
        /// Medium.
        tender_type: TenderType,
        /// What may.
        left: Minor,
    },
    /// A void after a return.
    #[error("{number} cannot be voided: something of it came back already")]
    AlreadyReturned {
        /// Its number.
        number: String,
    },
    /// A void of an exchange.
    #[error("{number} is an exchange: return its sold lines instead")]
    Exchange {
        /// Its number.
        number: String,
    },
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl RefundError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotASale { .. } => "refund.not_a_sale",
            Self::NotPaid { .. } => "refund.not_paid",
            Self::Nothing => "refund.nothing",
            Self::UnknownLine { .. } => "refund.unknown_line",
            Self::LineTwice { .. } => "refund.line_twice",
            Self::Quantity { .. } => "refund.quantity",
            Self::ExceedsBought { .. } => "refund.exceeds_bought",
            Self::GiftCard { .. } => "refund.gift_card",
            Self::ExceedsPaid { .. } => "refund.exceeds_paid",
            Self::Way { .. } => "refund.tender",
            Self::AlreadyReturned { .. } => "refund.already_returned",
            Self::Exchange { .. } => "refund.exchange",
            Self::OutOfRange(_) => "amount.out_of_range",
        }
    }
}

/// Plans the return of some lines. `before` holds the credit notes and exchanges that refer to the original;
/// others are ignored.
///
/// # Errors
/// [`RefundError`] names the line and what is left.
pub fn plan(
    original: &Document,
    before: &[Document],
    wanted: &[ReturnLine],
) -> Result<Plan, RefundError> {
    check_sale(original)?;
    if wanted.is_empty() {
        return Err(RefundError::Nothing);
    }
    let notes: Vec<&Document> = before.iter().filter(|note| corrects(note, original)).collect();
    let mut lines = Vec::with_capacity(wanted.len());
    for (index, asked) in wanted.iter().enumerate() {
        if wanted[..index].iter().any(|other| other.line == asked.line) {
            return Err(RefundError::LineTwice { line: asked.line });
        }
        let sold = sold_line(original, asked.line)?;
        if sold.gift_card.is_some() {
            return Err(RefundError::GiftCard { line: sold.no });
        }
        let returned = Returned::of(sold.no, &notes)?;
        check_quantity(sold, &returned, asked.quantity)?;
        let mut line = returned.next_share(sold, asked.quantity, original.tax_inclusive)?;
        line.no = u32::try_from(index + 1).map_err(|_| OutOfRange)?;
        line.restock = Some(asked.restock);
        lines.push(line);
    }
    let figures = Figures::of(lines)?;
    let refundable = refundable(original, &notes)?;
    check_paid(original, &figures.totals, &refundable)?;
    Ok(Plan { figures, refundable })
}

/// All that is still left of the original's sold lines, for returning the rest; empty when everything came back.
///
/// # Errors
/// [`RefundError::NotASale`], or an amount out of range.
pub fn remaining(
    original: &Document,
    before: &[Document],
    restock: bool,
) -> Result<Vec<ReturnLine>, RefundError> {
    if original.kind == DocumentKind::CreditNote {
        return Err(RefundError::NotASale { number: original.number.clone() });
    }
    let notes: Vec<&Document> = before.iter().filter(|note| corrects(note, original)).collect();
    let mut left = Vec::new();
    for sold in original.lines.iter().filter(|line| goods(line)) {
        let returned = Returned::of(sold.no, &notes)?;
        let quantity = sold.quantity_milli.checked_sub(returned.quantity)?;
        if quantity.0 > 0 || (sold.quantity_milli.is_zero() && !returned.any) {
            left.push(ReturnLine { line: sold.no, quantity, restock });
        }
    }
    Ok(left)
}

/// What of the money paid may still go back, never below zero.
///
/// # Errors
/// [`RefundError::NotASale`], or an amount out of range.
pub fn left_to_refund(original: &Document, before: &[Document]) -> Result<Minor, RefundError> {
    if original.kind == DocumentKind::CreditNote {
        return Err(RefundError::NotASale { number: original.number.clone() });
    }
    let notes: Vec<&Document> = before.iter().filter(|note| corrects(note, original)).collect();
    Ok(refundable(original, &notes)?.left_minor.max(Minor::ZERO))
}

/// Reverses a whole sale with its tenders, before anything of it came back: a gift card that was sold loses what was put
/// on it. Whether it is still the same business day is the caller's to check.
///
/// # Errors
/// [`RefundError::AlreadyReturned`], [`RefundError::Exchange`], [`RefundError::NotASale`], [`RefundError::NotPaid`].
pub fn void(original: &Document, before: &[Document]) -> Result<Void, RefundError> {
    let number = || original.number.clone();
    if original.lines.iter().any(|line| line.original_line.is_some()) {
        return Err(RefundError::Exchange { number: number() });
    }
    if before.iter().any(|note| corrects(note, original)) {
        return Err(RefundError::AlreadyReturned { number: number() });
    }
    check_sale(original)?;
    let mut lines = Vec::with_capacity(original.lines.len());
    for sold in &original.lines {
        let inclusive = original.tax_inclusive;
        let whole = Returned::default().next_share(sold, sold.quantity_milli, inclusive)?;
        lines.push(DocumentLine { restock: Some(true), ..whole });
    }
    let mut figures = Figures::of(lines)?;
    let Totals { rounding_minor, payable_minor, .. } = original.totals;
    figures.totals = Totals { rounding_minor, payable_minor, ..figures.totals };
    let given_back = |tender: &Tender| Tender {
        given_minor: None,
        change_minor: None,
        hold: None,
        ..tender.clone()
    };
    Ok(Void { figures, tenders: original.tenders.iter().map(given_back).collect() })
}

/// How all the money may go back by one medium, the way it came first. What was paid from a balance goes to a balance and
/// does not come out in cash; what came several ways goes back so ([`as_it_came`]) where nothing of these fits.
///
/// # Errors
/// [`OutOfRange`].
pub fn media_back(original: &Document) -> Result<Vec<TenderType>, OutOfRange> {
    let (cash, credit) = (TenderType::Cash, TenderType::StoreCredit);
    let ways = ways_back(original, &[])?;
    let mut media = match ways.as_slice() {
        [only] => vec![only.tender_type],
        _ => Vec::new(),
    };
    if ways.iter().all(|way| Medium::of(way.tender_type).is_none()) {
        media.push(cash);
    }
    media.push(credit);
    media.dedup();
    Ok(media)
}

/// The number that a part of the sale was paid from, for it to go back there.
#[must_use]
pub fn balance_back(original: &Document, tender_type: TenderType) -> Option<&str> {
    Medium::of(tender_type)?;
    let same = original.tenders.iter().find(|tender| tender.tender_type == tender_type);
    same?.reference.as_deref()
}

/// Whether a line sold something that may come back: no line that came back itself, and no gift card.
fn goods(line: &DocumentLine) -> bool {
    line.original_line.is_none() && line.gift_card.is_none()
}

fn check_sale(original: &Document) -> Result<(), RefundError> {
    let number = || original.number.clone();
    if original.kind == DocumentKind::CreditNote {
        return Err(RefundError::NotASale { number: number() });
    }
    if original.tenders.is_empty() && !original.totals.payable_minor.is_zero() {
        return Err(RefundError::NotPaid { number: number() });
    }
    Ok(())
}

/// Whether a document refers to the original; by id where both are known, else by number.
fn corrects(note: &Document, original: &Document) -> bool {
    note.original.as_ref().is_some_and(|reference| match reference.id {
        Some(id) => id == original.id,
        None => reference.number == original.number,
    })
}

fn sold_line(original: &Document, line: u32) -> Result<&DocumentLine, RefundError> {
    original
        .lines
        .iter()
        .find(|sold| sold.no == line && sold.original_line.is_none())
        .ok_or(RefundError::UnknownLine { line })
}

fn check_quantity(
    sold: &DocumentLine,
    returned: &Returned,
    asked: Quantity,
) -> Result<(), RefundError> {
    let line = sold.no;
    if sold.quantity_milli.is_zero() {
        return match (asked.is_zero(), returned.any) {
            (false, _) => Err(RefundError::Quantity { line }),
            (true, true) => Err(RefundError::ExceedsBought { line, left: Quantity::ZERO }),
            (true, false) => Ok(()),
        };
    }
    let by_piece = sold.uom == Uom::Each
        && sold.quantity_milli.is_whole()
        && !sold.flags.contains(&LineFlag::Weighed);
    if asked.0 <= 0 || (by_piece && !asked.is_whole()) {
        return Err(RefundError::Quantity { line });
    }
    let left = sold.quantity_milli.checked_sub(returned.quantity)?;
    if asked > left {
        return Err(RefundError::ExceedsBought { line, left: left.max(Quantity::ZERO) });
    }
    Ok(())
}

/// Paid for the sold lines, less what went back. In an exchange the returned goods paid too.
fn refundable(original: &Document, notes: &[&Document]) -> Result<Refundable, OutOfRange> {
    let sold = original.lines.iter().filter(|line| goods(line));
    let mut left = Minor::total(sold.map(|line| line.total_minor))?
        .checked_add(original.totals.rounding_minor)?;
    let mut rounded_minor = Minor::ZERO;
    for note in notes {
        let returned = note.lines.iter().filter(|line| line.original_line.is_some());
        for line in returned {
            left = left.checked_sub(Minor(line.total_minor.0.saturating_abs()))?;
        }
        if note.kind == DocumentKind::CreditNote {
            left = left.checked_sub(note.totals.rounding_minor)?;
            rounded_minor = rounded_minor.checked_add(note.totals.rounding_minor)?;
        }
    }
    Ok(Refundable { left_minor: left, rounded_minor })
}

/// A total may pass what is left only by what the sale itself was rounded down.
fn check_paid(
    original: &Document,
    totals: &Totals,
    refundable: &Refundable,
) -> Result<(), RefundError> {
    let rounding = original.totals.rounding_minor.0.saturating_abs();
    let slack = rounding.saturating_add(refundable.rounded_minor.0.saturating_abs());
    if totals.total_minor.0 > refundable.left_minor.0.saturating_add(slack) {
        return Err(RefundError::ExceedsPaid { left: refundable.left_minor.max(Minor::ZERO) });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
