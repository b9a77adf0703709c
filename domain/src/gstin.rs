//! GSTIN: the Indian tax registration number of 15 characters.
//!
//! ```
//! use daybook_domain::gstin::{self, Shape};
//! let found = gstin::check("27AAPFU0939F1ZV").unwrap();
//! assert_eq!((found.state.name, found.shape), ("Maharashtra", Shape::Regular));
//! assert!(gstin::check("27AAPFU0939F1ZW").is_err());
//! ```

use crate::tax::states::{self, State};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a well-formed GSTIN says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gstin {
    /// State of registration.
    pub state: &'static State,
    /// Whether it looks like an ordinary taxpayer's.
    pub shape: Shape,
}

/// The pattern of a GSTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An ordinary taxpayer: State, PAN, entity number, `Z`, check character.
    Regular,
    /// Another shape with a right check character (UIN, TDS, non-resident): worth a warning, no refusal.
    Unusual,
}

/// Why a text is no GSTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GstinError {
    /// Not 15 characters.
    #[error("GSTIN must have 15 characters, not {found}")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// Something else than a digit or a capital letter.
    #[error("GSTIN may not contain {found:?}")]
    Character {
        /// The first offending character.
        found: char,
    },
    /// Mistyped.
    #[error("GSTIN ends in the wrong check character: {expected:?} would fit")]
    CheckCharacter {
        /// The character that fits the other 14.
        expected: char,
    },
    /// No State has this code.
    #[error("GSTIN begins with an unknown State code")]
    State,
    /// The PAN inside cannot exist.
    #[error("GSTIN holds an impossible PAN (number 0000)")]
    Pan,
}

impl GstinError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "gstin.length",
            Self::Character { .. } => "gstin.character",
            Self::CheckCharacter { .. } => "gstin.check_character",
            Self::State => "gstin.state",
            Self::Pan => "gstin.pan",
        }
    }
}

/// Checks a GSTIN.
///
/// # Errors
/// [`GstinError`] says what is wrong, and what would fit where only the check character is.
pub fn check(text: &str) -> Result<Gstin, GstinError> {
    if let Some(found) = text.chars().find(|c| !c.is_ascii_uppercase() && !c.is_ascii_digit()) {
        return Err(GstinError::Character { found });
    }
    let bytes = <&[u8; 15]>::try_from(text.as_bytes())
        .map_err(|_| GstinError::Length { found: text.len() })?;
    let expected = check_character(&bytes[..14]);
    if char::from(bytes[14]) != expected {
        return Err(GstinError::CheckCharacter { expected });
    }
    let state = states::by_code(&text[..2]).ok_or(GstinError::State)?;
    let shape = if is_regular(bytes) { Shape::Regular } else { Shape::Unusual };
    if shape == Shape::Regular && &bytes[7..11] == b"0000" {
        return Err(GstinError::Pan);
    }
    Ok(Gstin { state, shape })
}

/// Luhn's method in base 36: weights 1, 2 from the left, the digits of each product added.
fn check_character(first: &[u8]) -> char {
    let mut sum = 0;
    for (index, byte) in first.iter().enumerate() {
        let value = ALPHABET.iter().position(|known| known == byte).unwrap_or(0);
        let product = value * (1 + index % 2);
        sum += product / 36 + product % 36;
    }
    char::from(ALPHABET[(36 - sum % 36) % 36])
}

fn is_regular(text: &[u8; 15]) -> bool {
    let letters = |part: &[u8]| part.iter().all(u8::is_ascii_uppercase);
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    letters(&text[2..7])
        && digits(&text[7..11])
        && letters(&text[11..12])
        && text[12] != b'0'
        && text[13] == b'Z'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_good_numbers_pass() {
        for text in ["27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "37ADAPM1724A2Z6", "24AAACC1206D1ZM"] {
            assert_eq!(check(text).unwrap().shape, Shape::Regular, "{text}");
        }
        assert_eq!(check("29AAGCB7383J1Z4").unwrap().state.name, "Karnataka");
    }

    #[test]
    fn a_wrong_check_character_is_named_with_the_right_one() {
        assert_eq!(check("27AAPFU0939F1ZW"), Err(GstinError::CheckCharacter { expected: 'V' }));
        assert_eq!(check("06AABCU9605R1ZR"), Err(GstinError::CheckCharacter { expected: 'P' }));
    }

    #[test]
    fn an_impossible_pan_is_refused_though_its_check_character_fits() {
        assert_eq!(check("07AAAAA0000A1Z4"), Err(GstinError::Pan));
    }

    #[test]
    fn every_single_mistyped_character_is_found() {
        let good = b"27AAPFU0939F1ZV";
        for index in 0..15 {
            for other in ALPHABET {
                let mut typed = *good;
                typed[index] = *other;
                let text = std::str::from_utf8(&typed).unwrap();
                assert_eq!(check(text).is_ok(), typed == *good, "{text}");
            }
        }
    }

    #[test]
    fn length_and_characters_are_checked() {
        assert_eq!(check(""), Err(GstinError::Length { found: 0 }));
        assert_eq!(check("27AAPFU0939F1Z"), Err(GstinError::Length { found: 14 }));
        assert_eq!(check("27aapfu0939f1zv"), Err(GstinError::Character { found: 'a' }));
        assert_eq!(check("२7AAPFU0939F1ZV"), Err(GstinError::Character { found: '२' }));
    }

    #[test]
    fn an_unusual_shape_is_told_but_not_refused() {
        let mut text = String::from("2917IND00051UN");
        text.push(check_character(text.as_bytes()));
        assert_eq!(check(&text).unwrap().shape, Shape::Unusual);
    }
}
