//! How the money goes back: the way it came, as far as it came that way; in cash or as store credit otherwise.

use super::{RefundError, Refundable, corrects, refundable};
use crate::amount::{Minor, OutOfRange};
use crate::balance::Medium;
use crate::document::{Document, DocumentKind, Tender, TenderType};
use crate::tender::Offer;

/// Money that came one way, and may go back that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Medium; a coupon of the maker is cash.
    pub tender_type: TenderType,
    /// Number of the gift card or store credit.
    pub reference: Option<String>,
    /// How much of it did not go back yet; above zero.
    pub left_minor: Minor,
}

impl Way {
    fn is(&self, tender_type: TenderType, reference: Option<&str>) -> bool {
        self.tender_type == tender_type && self.reference.as_deref() == reference
    }

    fn is_balance(&self) -> bool {
        Medium::of(self.tender_type).is_some()
    }
}

/// The ways by which a sale was paid, with what may still go back by each: gift cards and store credit first, then in the
/// order of payment, cash last. `before` holds the corrections of the sale; others are ignored.
///
/// # Errors
/// [`OutOfRange`].
pub fn ways_back(original: &Document, before: &[Document]) -> Result<Vec<Way>, OutOfRange> {
    let mut ways: Vec<Way> = Vec::new();
    for tender in original.tenders.iter().filter(|tender| tender.amount_minor.0 > 0) {
        let (tender_type, reference) = way_of(tender.tender_type, tender.reference.as_deref());
        match ways.iter_mut().find(|way| way.is(tender_type, reference)) {
            Some(way) => way.left_minor = way.left_minor.checked_add(tender.amount_minor)?,
            None => ways.push(Way {
                tender_type,
                reference: reference.map(str::to_owned),
                left_minor: tender.amount_minor,
            }),
        }
    }
    ways.sort_by_key(|way| (!way.is_balance(), way.tender_type == TenderType::Cash));
    for note in before.iter().filter(|note| corrects(note, original)) {
        for tender in &note.tenders {
            let amount = went_back(note, tender)?;
            let (tender_type, reference) = way_of(tender.tender_type, tender.reference.as_deref());
            take(&mut ways, tender_type, reference, amount)?;
        }
    }
    ways.retain(|way| way.left_minor.0 > 0);
    Ok(ways)
}

/// What of a tender of a correction went to the customer: all of it on a credit note, in an exchange what is below zero.
fn went_back(note: &Document, tender: &Tender) -> Result<Minor, OutOfRange> {
    let amount = match note.kind {
        DocumentKind::CreditNote => tender.amount_minor,
        _ => tender.amount_minor.checked_neg()?,
    };
    Ok(amount.max(Minor::ZERO))
}

fn way_of(tender_type: TenderType, reference: Option<&str>) -> (TenderType, Option<&str>) {
    match tender_type {
        TenderType::Coupon => (TenderType::Cash, None),
        other => (other, reference.filter(|_| Medium::of(other).is_some())),
    }
}

/// Takes what went back from the way it came; what went to another balance than it came from counts as well.
fn take(
    ways: &mut [Way],
    tender_type: TenderType,
    reference: Option<&str>,
    amount: Minor,
) -> Result<(), OutOfRange> {
    let mut left = amount;
    let balance = Medium::of(tender_type).is_some();
    for exact in [true, false] {
        for way in ways.iter_mut() {
            let same = way.is(tender_type, reference);
            if same == exact && (exact || (balance && way.is_balance())) {
                let part = left.min(way.left_minor);
                way.left_minor = way.left_minor.checked_sub(part)?;
                left = left.checked_sub(part)?;
            }
        }
    }
    Ok(())
}

/// Offers that give `total_minor` back the way it came, no more than is left; what came no way that is known (goods in an
/// exchange) goes in cash. For [`crate::tender::give_back`].
///
/// # Errors
/// [`OutOfRange`].
pub fn as_it_came(
    total_minor: Minor,
    refundable: &Refundable,
    ways: &[Way],
) -> Result<Vec<Offer>, OutOfRange> {
    let mut left = total_minor.min(refundable.left_minor);
    let mut offers = Vec::new();
    for way in ways.iter().filter(|way| way.tender_type != TenderType::Cash) {
        let part = left.min(way.left_minor);
        if part.0 > 0 {
            let reference = way.reference.clone();
            offers.push(Offer { reference, ..Offer::of(way.tender_type, Some(part)) });
            left = left.checked_sub(part)?;
        }
    }
    if left.0 > 0 || offers.is_empty() {
        offers.push(Offer::of(TenderType::Cash, None));
    }
    Ok(offers)
}

/// Checks what is to go back to the customer, amounts above zero: by card or another account no more than came from
/// there, and what was paid from a balance to a balance only. Cash and store credit may take the place of the rest.
///
/// # Errors
/// [`RefundError::Way`].
pub fn check_ways(
    original: &Document,
    before: &[Document],
    back: &[(TenderType, Minor)],
) -> Result<(), RefundError> {
    let ways = ways_back(original, before)?;
    let sum = |wanted: &dyn Fn(TenderType) -> bool| {
        Minor::total(back.iter().filter(|(by, _)| wanted(*by)).map(|(_, amount)| *amount))
    };
    for (tender_type, _) in back {
        if matches!(tender_type, TenderType::Cash | TenderType::StoreCredit) {
            continue;
        }
        let same = ways.iter().filter(|way| way.tender_type == *tender_type);
        let left = Minor::total(same.map(|way| way.left_minor))?;
        if sum(&|by| by == *tender_type)? > left {
            return Err(RefundError::Way { tender_type: *tender_type, left });
        }
    }
    let notes: Vec<&Document> = before.iter().filter(|note| corrects(note, original)).collect();
    let balances = ways.iter().filter(|way| way.is_balance()).map(|way| way.left_minor);
    let left = refundable(original, &notes)?.left_minor.checked_sub(Minor::total(balances)?)?;
    let left = left.max(Minor::ZERO);
    match back.iter().find(|(by, _)| Medium::of(*by).is_none()) {
        Some((tender_type, _)) if sum(&|by| Medium::of(by).is_none())? > left => {
            Err(RefundError::Way { tender_type: *tender_type, left })
        }
        _ => Ok(()),
    }
}
