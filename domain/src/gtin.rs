//! GTIN: the number in a retail barcode, kept as 14 digits.
//!
//! ```
//! use daybook_domain::gtin::Gtin;
//! let upc = Gtin::parse("036000291452").unwrap();
//! assert_eq!(upc.as_str(), "00036000291452");
//! assert_eq!(upc, Gtin::parse("0036000291452").unwrap());
//! ```

use std::fmt;

/// A GTIN normalised to 14 digits, so that UPC-A and its EAN-13 form are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gtin(String);

/// Why a text is no GTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// Not 8, 12, 13 or 14 digits.
    #[error("a GTIN has 8, 12, 13 or 14 digits, not {found} characters")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// Something else than a digit.
    #[error("a GTIN may not contain {found:?}")]
    Character {
        /// The first offending character.
        found: char,
    },
    /// Mistyped or misread.
    #[error("the GTIN's check digit is wrong: {expected} would fit")]
    CheckDigit {
        /// The digit that fits the others.
        expected: u8,
    },
    /// Not of number system 0 or 1.
    #[error("a UPC-E code begins with 0 or 1")]
    NumberSystem,
}

impl GtinError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "gtin.length",
            Self::Character { .. } => "gtin.character",
            Self::CheckDigit { .. } => "gtin.check_digit",
            Self::NumberSystem => "gtin.number_system",
        }
    }
}

impl Gtin {
    /// Reads EAN-8, UPC-A, EAN-13 or GTIN-14. UPC-E goes through [`Gtin::from_upc_e`]: eight digits are
    /// taken for EAN-8 here.
    ///
    /// # Errors
    /// [`GtinError`] says what is wrong, and which check digit would fit.
    pub fn parse(text: &str) -> Result<Self, GtinError> {
        let digits = digits(text)?;
        if !matches!(digits.len(), 8 | 12 | 13 | 14) {
            return Err(GtinError::Length { found: digits.len() });
        }
        verify(&digits)?;
        Ok(Self(format!("{text:0>14}")))
    }

    /// Reads UPC-E with number system and check digit (8 digits): zeros that were left out come back.
    ///
    /// # Errors
    /// [`GtinError`]; the check digit is that of the expanded UPC-A.
    pub fn from_upc_e(text: &str) -> Result<Self, GtinError> {
        digits(text)?;
        let parts = (text.get(..1), text.get(1..7), text.get(7..8));
        let (Some(system), Some(body), Some(check), 8) = (parts.0, parts.1, parts.2, text.len())
        else {
            return Err(GtinError::Length { found: text.len() });
        };
        if system != "0" && system != "1" {
            return Err(GtinError::NumberSystem);
        }
        let expanded = match body.as_bytes()[5] {
            b'0'..=b'2' => format!("{}{}0000{}", &body[..2], &body[5..], &body[2..5]),
            b'3' => format!("{}00000{}", &body[..3], &body[3..5]),
            b'4' => format!("{}00000{}", &body[..4], &body[4..5]),
            _ => format!("{}0000{}", &body[..5], &body[5..]),
        };
        Self::parse(&format!("{system}{expanded}{check}"))
    }

    /// The 14 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As printed below the bars: EAN-8 with 8 digits, a GTIN-14 of a case with 14, else 13.
    #[must_use]
    pub fn printed(&self) -> &str {
        if self.0.starts_with("000000") {
            &self.0[6..]
        } else if self.0.starts_with('0') {
            &self.0[1..]
        } else {
            &self.0
        }
    }

    /// Whether the number means something in this shop only: prefixes 02, 04, 20–29 and 0000000 (GS1).
    #[must_use]
    pub fn is_in_store(&self) -> bool {
        let ean13 = &self.0[1..];
        self.0.starts_with('0')
            && (ean13.starts_with("02")
                || ean13.starts_with("04")
                || (ean13.starts_with('2') && !self.0.starts_with("000000"))
                || ean13.starts_with("0000000"))
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The check digit for the digits before it: from the right, weights 3, 1, 3, 1 … (EAN, UPC, GTIN-14, SSCC).
///
/// ```
/// assert_eq!(daybook_domain::gtin::check_digit(b"890400021003"), 7);
/// ```
#[must_use]
pub fn check_digit(before: &[u8]) -> u8 {
    let weighted = before.iter().rev().zip([3_u32, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit & 0x0f) * weight).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

fn digits(text: &str) -> Result<Vec<u8>, GtinError> {
    match text.chars().find(|c| !c.is_ascii_digit()) {
        Some(found) => Err(GtinError::Character { found }),
        None => Ok(text.bytes().map(|byte| byte - b'0').collect()),
    }
}

fn verify(digits: &[u8]) -> Result<(), GtinError> {
    let Some((last, before)) = digits.split_last() else {
        return Err(GtinError::Length { found: 0 });
    };
    let expected = check_digit(before);
    if *last == expected { Ok(()) } else { Err(GtinError::CheckDigit { expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_good_codes_pass() {
        for text in [
            "8904000210037",
            "4006381333931",
            "5901234123457",
            "036000291452",
            "96385074",
            "10012345000017",
        ] {
            assert_eq!(Gtin::parse(text).unwrap().as_str().len(), 14, "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_named_with_the_right_one() {
        assert_eq!(Gtin::parse("8904000210038"), Err(GtinError::CheckDigit { expected: 7 }));
    }

    #[test]
    fn upc_a_and_its_ean_13_are_one_number() {
        assert_eq!(Gtin::parse("036000291452"), Gtin::parse("0036000291452"));
        assert_eq!(Gtin::parse("036000291452").unwrap().printed(), "0036000291452");
        assert_eq!(Gtin::parse("96385074").unwrap().printed(), "96385074");
    }

    #[test]
    fn upc_e_expands_to_upc_a() {
        for (short, long) in [
            ("04252614", "042100005264"),
            ("01234565", "012345000065"),
            ("01234531", "012300000451"),
            ("01234543", "012340000053"),
        ] {
            assert_eq!(Gtin::from_upc_e(short), Gtin::parse(long), "{short}");
        }
        assert_eq!(Gtin::from_upc_e("24252614"), Err(GtinError::NumberSystem));
        assert_eq!(Gtin::from_upc_e("0425261"), Err(GtinError::Length { found: 7 }));
    }

    #[test]
    fn other_lengths_and_characters_are_refused() {
        for text in ["", "1", "123456789", "123456789012345"] {
            assert_eq!(Gtin::parse(text), Err(GtinError::Length { found: text.len() }));
        }
        assert_eq!(Gtin::parse("89040002100३7"), Err(GtinError::Character { found: '३' }));
    }

    #[test]
    fn in_store_codes_are_told_apart() {
        assert!(Gtin::parse("2101234007501").unwrap().is_in_store());
        assert!(!Gtin::parse("8904000210037").unwrap().is_in_store());
        assert!(!Gtin::parse("10012345000017").unwrap().is_in_store());
    }
}
