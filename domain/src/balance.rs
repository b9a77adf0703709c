//! Balances that are held for a customer under a number: gift cards (bought) and store credit (owed). Both are
//! liabilities of the shop; whoever shows the number spends from it.
//!
//! What a document does to balances follows from its lines and tenders ([`changes`]); there is no other way to
//! change one. A gift card may be used for anything the shop sells (a multi-purpose voucher in the terms of tax law):
//! its sale is no supply and bears no tax, the goods that it pays for do.
//!
//! ```
//! use daybook_domain::balance::{Medium, Number};
//! let number = Number::from_random(Medium::GiftCard, 1_234_567_890_123);
//! assert_eq!(number.as_str(), "9012345678901238");
//! assert_eq!(number.medium(), Some(Medium::GiftCard));
//! assert_eq!(Number::new("9012 3456 7890 1238"), Ok(number));
//! ```

use crate::amount::{Minor, OutOfRange};
use crate::document::{Document, DocumentKind, TenderType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest number, characters.
pub const NUMBER_MAX: usize = 32;
/// Shortest number, characters: shorter ones are guessed.
pub const NUMBER_MIN: usize = 8;
/// Issued numbers are what follows the leading digits, below this.
const RANDOM_BELOW: u64 = 10_000_000_000_000;

/// What kind of balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Medium {
    /// Bought, transferable.
    GiftCard,
    /// Owed to the customer for goods that came back.
    StoreCredit,
}

impl Medium {
    /// Both.
    pub const ALL: [Self; 2] = [Self::GiftCard, Self::StoreCredit];

    /// The balance that a tender is taken from.
    #[must_use]
    pub fn of(tender_type: TenderType) -> Option<Self> {
        match tender_type {
            TenderType::GiftCard => Some(Self::GiftCard),
            TenderType::StoreCredit => Some(Self::StoreCredit),
            TenderType::Cash
            | TenderType::Card
            | TenderType::Upi
            | TenderType::Coupon
            | TenderType::Online
            | TenderType::Cod => None,
        }
    }

    /// The tender that is taken from it.
    #[must_use]
    pub fn tender_type(self) -> TenderType {
        match self {
            Self::GiftCard => TenderType::GiftCard,
            Self::StoreCredit => TenderType::StoreCredit,
        }
    }

    /// Its name in data.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GiftCard => "gift_card",
            Self::StoreCredit => "store_credit",
        }
    }

    /// Leading digits of the numbers that the shop issues. No payment network uses them (ISO/IEC 7812-1 leaves the
    /// leading 9 to national bodies), so that such a number is never taken for a bank card.
    fn lead(self) -> &'static str {
        match self {
            Self::GiftCard => "90",
            Self::StoreCredit => "91",
        }
    }
}

/// Number of a balance: 8 to 32 digits and capital letters. Those that the shop issues have 16 digits, the last one a
/// check digit (ISO/IEC 7812-1 annex B, known as Luhn); cards that were printed elsewhere keep theirs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Number(String);

/// A number that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Too short, too long, or other characters.
    #[error("the number must have {NUMBER_MIN} to {NUMBER_MAX} digits and letters")]
    Form,
    /// Mistyped.
    #[error("the check digit of the number is wrong: it was mistyped")]
    CheckDigit,
}

impl NumberError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Form => "balance.number",
            Self::CheckDigit => "balance.check_digit",
        }
    }
}

impl Number {
    /// Reads a number as typed or scanned; spaces, hyphens and case do not matter.
    ///
    /// # Errors
    /// [`NumberError`].
    pub fn new(text: &str) -> Result<Self, NumberError> {
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let number: String = kept.map(|c| c.to_ascii_uppercase()).collect();
        let fits = (NUMBER_MIN..=NUMBER_MAX).contains(&number.len());
        if !fits || !number.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
            return Err(NumberError::Form);
        }
        let number = Self(number);
        if number.medium().is_some() && check_digit(&number.0[..15]) != number.0[15..] {
            return Err(NumberError::CheckDigit);
        }
        Ok(number)
    }

    /// A new number from a random one; only its last thirteen digits count.
    #[must_use]
    pub fn from_random(medium: Medium, random: u64) -> Self {
        let body = format!("{}{:013}", medium.lead(), random % RANDOM_BELOW);
        let check = check_digit(&body);
        Self(body + &check)
    }

    /// What it is the number of, where the shop issued it.
    #[must_use]
    pub fn medium(&self) -> Option<Medium> {
        let issued = self.0.len() == 16 && self.0.chars().all(|c| c.is_ascii_digit());
        Medium::ALL.into_iter().find(|medium| issued && self.0.starts_with(medium.lead()))
    }

    /// As it stands in data.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is printed and shown: in groups of four.
    #[must_use]
    pub fn grouped(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }
}

impl std::str::FromStr for Number {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::new(text)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every second digit from the right is doubled; the check digit brings the sum of all digits to a multiple of ten.
fn check_digit(body: &str) -> String {
    let digits = body.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match digit * if place % 2 == 0 { 2 } else { 1 } {
            doubled if doubled > 9 => doubled - 9,
            plain => plain,
        })
        .sum();
    ((10 - sum % 10) % 10).to_string()
}

/// Which balance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Kind.
    pub medium: Medium,
    /// Number as it stands in the document.
    pub number: String,
}

/// What a document does to balances, by balance: above zero put on it, below zero spent. A sold card brings its line's
/// total; a tender of a sale spends, that of a credit note puts back. Tenders without a number change no balance, and
/// neither does anything in training.
///
/// # Errors
/// [`OutOfRange`] when a sum does not fit.
pub fn changes(document: &Document) -> Result<BTreeMap<Key, Minor>, OutOfRange> {
    let mut changes = BTreeMap::new();
    if document.training {
        return Ok(changes);
    }
    let back = document.kind == DocumentKind::CreditNote;
    let cards = document.lines.iter().filter_map(|line| {
        let number = line.gift_card.as_ref()?;
        Some((Medium::GiftCard, number, line.total_minor, back))
    });
    let tenders = document.tenders.iter().filter_map(|tender| {
        let number = tender.reference.as_ref()?;
        Some((Medium::of(tender.tender_type)?, number, tender.amount_minor, !back))
    });
    for (medium, number, amount, takes) in cards.chain(tenders) {
        let amount = if takes { amount.checked_neg()? } else { amount };
        let sum: &mut Minor =
            changes.entry(Key { medium, number: number.clone() }).or_insert(Minor::ZERO);
        *sum = sum.checked_add(amount)?;
    }
    changes.retain(|_, sum| !sum.is_zero());
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // The worked example of ISO/IEC 7812-1 annex B.
        assert_eq!(check_digit("7992739871"), "3");
    }

    #[test]
    fn a_number_is_read_as_it_was_printed_and_not_otherwise() {
        let number = Number::from_random(Medium::StoreCredit, 42);
        assert_eq!(Number::new(&number.grouped()), Ok(number.clone()));
        assert_eq!(Number::new("gc-2026-0001").unwrap().as_str(), "GC20260001");
        for bad in ["", "1234567", "12345678é", "1234 5678!", &"9".repeat(33)] {
            assert_eq!(Number::new(bad), Err(NumberError::Form), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_found(random: u64, place in 2_usize..16, by in 1_u8..10) {
            for medium in Medium::ALL {
                let number = Number::from_random(medium, random);
                prop_assert_eq!(number.medium(), Some(medium));
                let mut digits = number.as_str().as_bytes().to_vec();
                digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
                let mistyped = String::from_utf8(digits).unwrap();
                prop_assert_eq!(Number::new(&mistyped), Err(NumberError::CheckDigit));
            }
        }
    }
}
