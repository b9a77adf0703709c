//! Settling a document: what was offered becomes tenders that sum to what is payable.
//!
//! Cash alone is rounded and gives change; cards, UPI and balances pay exactly.
//!
//! ```
//! use daybook_domain::amount::Minor;
//! use daybook_domain::document::{TenderType, Totals};
//! use daybook_domain::rounding::CashRounding;
//! use daybook_domain::tender::{Offer, settle};
//! let totals = Totals { total_minor: Minor(117_950), payable_minor: Minor(117_950), ..Totals::default() };
//! let cash = Offer { given: Some(Minor(120_000)), ..Offer::of(TenderType::Cash, None) };
//! let settled = settle(&totals, &[cash], CashRounding::to(Minor(100))).unwrap();
//! assert_eq!(settled.totals.rounding_minor, Minor(50));
//! assert_eq!(settled.tenders[0].change_minor, Some(Minor(2000)));
//! ```

use crate::amount::{Minor, OutOfRange};
use crate::balance::Medium;
use crate::document::{Tender, TenderType, Totals};
use crate::figures::AMOUNT_MINOR_MAX;
use crate::refund::Refundable;
use crate::rounding::CashRounding;
use uuid::Uuid;

/// Most tenders of one document.
pub const TENDERS_MAX: usize = 20;
/// Longest reference, characters.
pub const REFERENCE_MAX: usize = 64;

const LARGEST: u64 = AMOUNT_MINOR_MAX.unsigned_abs();

/// What is offered for a document. Amounts that go to the customer in an exchange are below zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Medium.
    pub tender_type: TenderType,
    /// What it settles; none takes what the others leave.
    pub amount: Option<Minor>,
    /// Notes and coins handed over.
    pub given: Option<Minor>,
    /// Terminal slip, UTR, coupon code, number of the gift card or store credit.
    pub reference: Option<String>,
    /// Request by which the store set the amount of a balance aside.
    pub hold: Option<Uuid>,
}

impl Offer {
    /// An offer without reference.
    #[must_use]
    pub fn of(tender_type: TenderType, amount: Option<Minor>) -> Self {
        Self { tender_type, amount, given: None, reference: None, hold: None }
    }
}

/// A settled document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The totals with the round-off of the cash part.
    pub totals: Totals,
    /// What settled it; sums to payable.
    pub tenders: Vec<Tender>,
}

/// Why the offers do not settle the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenderError {
    /// Not enough.
    #[error("the tenders do not cover the total: {} minor units are missing", .missing.0)]
    NotEnough {
        /// What is missing.
        missing: Minor,
    },
    /// Too much by something that gives no change.
    #[error("the tenders exceed what is due by {} minor units, and only cash gives change", .by.0)]
    ExceedsDue {
        /// By how much.
        by: Minor,
    },
    /// Zero, or on the wrong side of zero.
    #[error("tender {no}: amount is not valid here")]
    Amount {
        /// Which one, from 1.
        no: usize,
    },
    /// Handed over is for cash taken.
    #[error("tender {no}: only cash that is taken has an amount given")]
    Given {
        /// Which one, from 1.
        no: usize,
    },
    /// More than a document can hold.
    #[error("tender {no}: {} minor units are more than a document can hold", .found.0)]
    TooLarge {
        /// Which one, from 1.
        no: usize,
        /// What was offered.
        found: Minor,
    },
    /// Two offers want the rest.
    #[error("tender {no}: amount is missing: only one tender can take the rest")]
    AmountMissing {
        /// Which one, from 1.
        no: usize,
    },
    /// Empty, too long, with characters of control, or missing where it names a balance.
    #[error(
        "tender {no}: reference must have 1 to 64 characters, none of control, and be there for a gift card or store credit"
    )]
    Reference {
        /// Which one, from 1.
        no: usize,
    },
    /// More than the limit.
    #[error("a document has at most {TENDERS_MAX} tenders")]
    TooMany,
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl TenderError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnough { .. } => "tender.not_enough",
            Self::ExceedsDue { .. } => "tender.exceeds_due",
            Self::Amount { .. } => "tender.amount",
            Self::Given { .. } => "tender.given",
            Self::TooLarge { .. } => "tender.too_large",
            Self::AmountMissing { .. } => "tender.amount_missing",
            Self::Reference { .. } => "tender.reference",
            Self::TooMany => "tender.too_many",
            Self::OutOfRange(_) => "amount.out_of_range",
        }
    }
}

/// Settles a sale or an exchange. A total below zero (an exchange in the customer's favour) takes offers below zero.
///
/// A maker's coupon may exceed what is due only where a cash offer states the amount below zero that
/// goes back to the customer.
///
/// # Errors
/// [`TenderError`] says what is missing or too much.
pub fn settle(
    totals: &Totals,
    offers: &[Offer],
    rounding: CashRounding,
) -> Result<Settled, TenderError> {
    let due = totals.total_minor;
    check(offers, |offer, amount| match offer.tender_type {
        TenderType::Cash => true,
        TenderType::Coupon if due.0 >= 0 => amount.0 > 0,
        _ if due.0 < 0 => amount.0 < 0,
        _ => amount.0 > 0,
    })?;
    let fixed = Minor::total(exact(offers))?;
    let left = due.checked_sub(fixed)?;
    let beyond = left.0.signum() * due.0.signum() < 0 || (due.0 == 0 && left.0 < 0);
    let Some((at, taker)) = rest_taker(offers)? else {
        return match left.0 {
            0 => with_tenders(totals, Minor::ZERO, exact_tenders(offers)),
            _ if beyond => Err(TenderError::ExceedsDue { by: Minor(left.0.saturating_abs()) }),
            _ => Err(TenderError::NotEnough { missing: left }),
        };
    };
    if beyond && !coupon_excess(offers, taker, left) {
        return Err(TenderError::ExceedsDue { by: Minor(left.0.saturating_abs()) });
    }
    let (amount, tender) = take(taker, at, left, rounding)?;
    let rounded_off = amount.checked_sub(left)?;
    let mut tenders = exact_tenders(offers);
    tenders.extend(tender);
    with_tenders(totals, rounded_off, tenders)
}

/// Gives back on a credit note. Rounds cash so that several partial refunds together come to what one would,
/// and never gives back more than was paid.
///
/// # Errors
/// [`TenderError`] as [`settle`]; change is never given on a refund.
pub fn give_back(
    totals: &Totals,
    offers: &[Offer],
    rounding: CashRounding,
    refundable: &Refundable,
) -> Result<Settled, TenderError> {
    check(offers, |_, amount| amount.0 > 0)?;
    if let Some(index) = offers.iter().position(|offer| offer.given.is_some()) {
        return Err(TenderError::Given { no: index + 1 });
    }
    let most = totals.total_minor.min(refundable.left_minor);
    let fixed = Minor::total(exact(offers))?;
    if fixed > most {
        return Err(TenderError::ExceedsDue { by: fixed.checked_sub(most)? });
    }
    let mut tenders = exact_tenders(offers);
    let mut paid = fixed;
    match rest_taker(offers)? {
        None if fixed < most => {
            return Err(TenderError::NotEnough { missing: most.checked_sub(fixed)? });
        }
        None => {}
        Some((at, taker)) => {
            let rest = cash_back(taker, totals, fixed, rounding, refundable)?;
            if taker
                .amount
                .is_some_and(|asked| asked != rest && fixed.checked_add(asked) != Ok(most))
            {
                return Err(TenderError::Amount { no: at + 1 });
            }
            if !rest.is_zero() {
                tenders.push(tender_of(taker, rest));
            }
            paid = paid.checked_add(rest)?;
        }
    }
    with_tenders(totals, paid.checked_sub(totals.total_minor)?, tenders)
}

fn cash_back(
    taker: &Offer,
    totals: &Totals,
    fixed: Minor,
    rounding: CashRounding,
    refundable: &Refundable,
) -> Result<Minor, TenderError> {
    let room = refundable.left_minor.checked_sub(fixed)?;
    let rest = totals.total_minor.checked_sub(fixed)?;
    if taker.tender_type != TenderType::Cash {
        return Ok(rest.min(room));
    }
    // What earlier refunds rounded up is missing now, so that all parts sum to what one refund gives.
    let owed = rest.checked_sub(refundable.rounded_minor)?;
    let rounded = rounding.apply(owed.checked_neg()?)?.checked_neg()?;
    let payable = if rounded > room { rounding.towards_zero(room) } else { rounded };
    Ok(payable.max(Minor::ZERO))
}

fn check(offers: &[Offer], fits: impl Fn(&Offer, Minor) -> bool) -> Result<(), TenderError> {
    if offers.len() > TENDERS_MAX {
        return Err(TenderError::TooMany);
    }
    for (no, offer) in (1..).zip(offers) {
        let mut stated = offer.amount.into_iter().chain(offer.given);
        if let Some(found) = stated.find(|sum| sum.0.unsigned_abs() > LARGEST) {
            return Err(TenderError::TooLarge { no, found });
        }
        if offer.amount.is_some_and(|amount| !fits(offer, amount)) {
            return Err(TenderError::Amount { no });
        }
        if offer.given.is_some() && offer.tender_type != TenderType::Cash {
            return Err(TenderError::Given { no });
        }
        let unnamed = usize::from(Medium::of(offer.tender_type).is_none());
        let length = offer.reference.as_ref().map_or(unnamed, |text| text.chars().count());
        let control = offer.reference.iter().any(|text| text.chars().any(char::is_control));
        if control || !(1..=REFERENCE_MAX).contains(&length) {
            return Err(TenderError::Reference { no });
        }
    }
    Ok(())
}

/// Cash, or the one offer without an amount: it takes what the others leave.
fn rest_taker(offers: &[Offer]) -> Result<Option<(usize, &Offer)>, TenderError> {
    let mut takers = offers.iter().enumerate().filter(|(_, offer)| takes_rest(offer));
    let first = takers.next();
    match takers.next() {
        Some((index, _)) => Err(TenderError::AmountMissing { no: index + 1 }),
        None => Ok(first),
    }
}

fn takes_rest(offer: &Offer) -> bool {
    offer.tender_type == TenderType::Cash || offer.amount.is_none()
}

fn exact(offers: &[Offer]) -> impl Iterator<Item = Minor> {
    offers.iter().filter(|offer| !takes_rest(offer)).filter_map(|offer| offer.amount)
}

fn exact_tenders(offers: &[Offer]) -> Vec<Tender> {
    let fixed = offers.iter().filter(|offer| !takes_rest(offer));
    fixed.filter_map(|offer| Some(tender_of(offer, offer.amount?))).collect()
}

fn tender_of(offer: &Offer, amount_minor: Minor) -> Tender {
    Tender {
        tender_type: offer.tender_type,
        amount_minor,
        given_minor: None,
        change_minor: None,
        reference: offer.reference.clone(),
        hold: offer.hold,
    }
}

/// Whether the cash that goes out is stated, and stems from makers' coupons.
fn coupon_excess(offers: &[Offer], taker: &Offer, left: Minor) -> bool {
    let coupons = offers.iter().filter(|offer| offer.tender_type == TenderType::Coupon);
    let coupons: i128 = coupons.filter_map(|o| o.amount).map(|amount| i128::from(amount.0)).sum();
    taker.tender_type == TenderType::Cash
        && taker.amount.is_some_and(|amount| amount.0 < 0)
        && coupons >= i128::from(left.0).abs()
}

/// What the taker of the rest pays, rounded where it is cash, and its tender unless there is nothing to record.
fn take(
    offer: &Offer,
    index: usize,
    left: Minor,
    rounding: CashRounding,
) -> Result<(Minor, Option<Tender>), TenderError> {
    if offer.tender_type != TenderType::Cash {
        let tender = (!left.is_zero()).then(|| tender_of(offer, left));
        return Ok((left, tender));
    }
    let amount = rounding.apply(left)?;
    // Either figure may be stated: the exact rest, or what it is rounded to.
    if let Some(stated) = offer.amount
        && stated != left
        && stated != amount
    {
        let missing = amount.checked_sub(stated)?;
        return Err(if missing.0.signum() * amount.0.signum() > 0 {
            TenderError::NotEnough { missing }
        } else {
            TenderError::ExceedsDue { by: Minor(missing.0.saturating_abs()) }
        });
    }
    let mut tender = tender_of(offer, amount);
    if let Some(given) = offer.given {
        if amount.0 < 0 || given.0 < 0 {
            return Err(TenderError::Given { no: index + 1 });
        }
        if given < amount {
            return Err(TenderError::NotEnough { missing: amount.checked_sub(given)? });
        }
        tender.given_minor = Some(given);
        tender.change_minor = Some(given.checked_sub(amount)?);
    }
    let nothing = amount.is_zero() && offer.given.is_none();
    Ok((amount, (!nothing).then_some(tender)))
}

fn with_tenders(
    totals: &Totals,
    rounding_minor: Minor,
    tenders: Vec<Tender>,
) -> Result<Settled, TenderError> {
    let payable_minor = totals.total_minor.checked_add(rounding_minor)?;
    let sum = Minor::total(tenders.iter().map(|tender| tender.amount_minor))?;
    assert_eq!(sum, payable_minor, "tenders sum to what is payable");
    Ok(Settled { totals: Totals { rounding_minor, payable_minor, ..*totals }, tenders })
}

#[cfg(test)]
mod tests;
