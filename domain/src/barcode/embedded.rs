//! In-store labels (prefixes 02, 20–29) whose layout is the shop's own: configuration, not code.

use crate::gtin::check_digit;
use serde::{Deserialize, Serialize};

/// Layout of a label as a pattern of 13 characters: digits and `x` (any digit) match the prefix, `I` is the
/// item, `V` the price verifier, `P` the price in minor units, `W` the weight in grams, `C` the check digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Layout(String);

/// Why a pattern is no layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Not 13 characters.
    #[error("a label layout has 13 characters")]
    Length,
    /// A letter that means nothing.
    #[error("a label layout may not contain {0:?}")]
    Letter(char),
    /// Without item or check digit, or without exactly one of price and weight.
    #[error("a label layout needs I, one kind of P or W, and C at the end")]
    Incomplete,
    /// A verifier for anything but four or five digits of price.
    #[error("a price verifier needs four or five digits of price")]
    Verifier,
}

/// What the label carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedded {
    /// Price of the pack, minor units.
    PriceMinor(i64),
    /// Weight, thousandths of a kilogram.
    WeightMilli(i64),
}

/// A label that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Item digits as they stand, for look-up among the in-store codes.
    pub item: String,
    /// Price or weight.
    pub embedded: Embedded,
}

/// Why a label that fits the layout cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Misread.
    #[error("the label's check digit is wrong: {expected} would fit")]
    CheckDigit {
        /// The digit that fits.
        expected: u8,
    },
    /// The price was misread or altered.
    #[error("the label's price verifier is wrong: {expected} would fit")]
    Verifier {
        /// The digit that fits.
        expected: u8,
    },
}

impl ReadError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CheckDigit { .. } => "barcode.check_digit",
            Self::Verifier { .. } => "barcode.price_verifier",
        }
    }
}

impl Layout {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`LayoutError`] says what is wrong with it.
    pub fn new(pattern: &str) -> Result<Self, LayoutError> {
        if pattern.chars().count() != 13 {
            return Err(LayoutError::Length);
        }
        let known = |c: &char| c.is_ascii_digit() || matches!(c, 'x' | 'I' | 'V' | 'P' | 'W' | 'C');
        if let Some(letter) = pattern.chars().find(|c| !known(c)) {
            return Err(LayoutError::Letter(letter));
        }
        let count = |letter| pattern.matches(letter).count();
        let one_value = (count('P') == 0) != (count('W') == 0);
        if count('I') == 0 || !one_value || count('C') != 1 || !pattern.ends_with('C') {
            return Err(LayoutError::Incomplete);
        }
        if count('V') > 1 || (count('V') == 1 && !matches!(count('P'), 4 | 5)) {
            return Err(LayoutError::Verifier);
        }
        Ok(Self(pattern.to_owned()))
    }

    /// Reads a scanned code of 13 digits; nothing when it has another prefix or length.
    ///
    /// # Errors
    /// [`ReadError`] when it fits the layout and a check fails: such a scan must not be sold.
    pub fn read(&self, code: &str) -> Result<Option<Label>, ReadError> {
        if code.len() != 13 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let fits = |(kind, digit): (char, char)| !kind.is_ascii_digit() || kind == digit;
        if !self.0.chars().zip(code.chars()).all(fits) {
            return Ok(None);
        }
        let expected = check_digit(&code.as_bytes()[..12]);
        if self.digits('C', code) != expected.to_string() {
            return Err(ReadError::CheckDigit { expected });
        }
        let price = self.digits('P', code);
        let verifier = self.digits('V', code);
        if let (false, Some(expected)) = (verifier.is_empty(), price_verifier(&price))
            && verifier != expected.to_string()
        {
            return Err(ReadError::Verifier { expected });
        }
        // At most eleven digits, which always fit.
        let number = |digits: &str| digits.parse::<i64>().unwrap_or(0);
        let embedded = if price.is_empty() {
            Embedded::WeightMilli(number(&self.digits('W', code)))
        } else {
            Embedded::PriceMinor(number(&price))
        };
        Ok(Some(Label { item: self.digits('I', code), embedded }))
    }

    fn digits(&self, kind: char, code: &str) -> String {
        let wanted = |(letter, digit)| (letter == kind).then_some(digit);
        self.0.chars().zip(code.chars()).filter_map(wanted).collect()
    }
}

impl TryFrom<String> for Layout {
    type Error = LayoutError;
    fn try_from(pattern: String) -> Result<Self, LayoutError> {
        Self::new(&pattern)
    }
}

impl From<Layout> for String {
    fn from(layout: Layout) -> String {
        layout.0
    }
}

/// Weighted products of GS1 General Specifications 7.9, by digit.
const TWO_MINUS: [u8; 10] = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
const THREE: [u8; 10] = [0, 3, 6, 9, 2, 5, 8, 1, 4, 7];
const FIVE_PLUS: [u8; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
const FIVE_MINUS: [u8; 10] = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];

/// The verifier digit of a price of four or five digits (GS1 General Specifications 7.9); nothing for any
/// other text.
///
/// ```
/// use daybook_domain::barcode::price_verifier;
/// assert_eq!(price_verifier("2875"), Some(9));
/// assert_eq!(price_verifier("14685"), Some(6));
/// ```
#[must_use]
pub fn price_verifier(price: &str) -> Option<u8> {
    if !price.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sum = |tables: &[[u8; 10]]| -> u8 {
        let product = |(table, byte): (&[u8; 10], u8)| table[usize::from(byte - b'0')];
        tables.iter().zip(price.bytes()).map(product).sum()
    };
    match price.len() {
        4 => Some(sum(&[TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS]) * 3 % 10),
        5 => {
            let rest = sum(&[FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS]) % 10;
            let wanted = (10 - rest) % 10;
            let digit = FIVE_MINUS.iter().position(|product| *product == wanted)?;
            u8::try_from(digit).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(pattern: &str) -> Layout {
        Layout::new(pattern).unwrap()
    }

    #[test]
    fn price_verifiers_are_those_of_the_specification() {
        assert_eq!(price_verifier("2875"), Some(9));
        assert_eq!(price_verifier("14685"), Some(6));
        assert_eq!(price_verifier("123"), None);
        assert_eq!(price_verifier("12a4"), None);
    }

    #[test]
    fn a_label_carries_a_price_or_a_weight() {
        let price = layout("21IIIIIPPPPPC").read("2101234007501").unwrap().unwrap();
        assert_eq!(price, Label { item: "01234".into(), embedded: Embedded::PriceMinor(750) });
        let weight = layout("20IIIIIWWWWWC").read("2001234012508").unwrap().unwrap();
        assert_eq!(weight, Label { item: "01234".into(), embedded: Embedded::WeightMilli(1250) });
        assert_eq!(layout("2xIIIIIPPPPPC").read("2101234007501").unwrap().unwrap(), price);
    }

    #[test]
    fn another_prefix_is_no_label_of_this_layout() {
        assert_eq!(layout("21IIIIIPPPPPC").read("2001234012508"), Ok(None));
        assert_eq!(layout("21IIIIIPPPPPC").read("210123400750"), Ok(None));
        assert_eq!(layout("21IIIIIPPPPPC").read("21012३00750"), Ok(None));
    }

    #[test]
    fn a_misread_label_is_never_sold() {
        let plain = layout("21IIIIIPPPPPC");
        assert_eq!(plain.read("2101234007502"), Err(ReadError::CheckDigit { expected: 1 }));
        let verified = layout("2xIIIIIVPPPPC");
        let with_check = |first: &str| format!("{first}{}", check_digit(first.as_bytes()));
        let good = verified.read(&with_check("210123492875")).unwrap().unwrap();
        assert_eq!(good.embedded, Embedded::PriceMinor(2875));
        let altered = verified.read(&with_check("210123491875"));
        assert!(matches!(altered, Err(ReadError::Verifier { .. })), "{altered:?}");
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused() {
        assert_eq!(Layout::new("21IIIIIPPPPC"), Err(LayoutError::Length));
        assert_eq!(Layout::new("21IIIIIPPPPPQ"), Err(LayoutError::Letter('Q')));
        assert_eq!(Layout::new("21IIIIIPPWWWC"), Err(LayoutError::Incomplete));
        assert_eq!(Layout::new("21xxxxxPPPPPC"), Err(LayoutError::Incomplete));
        assert_eq!(Layout::new("21IIIIVWWWWWC"), Err(LayoutError::Verifier));
    }
}
