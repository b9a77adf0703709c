//! One-time codes as a person types them, and the short codes of tills.

use crate::clock::random;
use daybook_sync::hash::Hash;
use subtle::ConstantTimeEq;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HANDLE_CHARS: usize = 4;
/// 8 × 5 = 40 secret bits.
const SECRET_CHARS: usize = 8;
const CODE_TAG: &[u8] = b"daybook/enrolment-code/v1\n";

/// A one-time code: four characters that find it, eight that prove it.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolCode {
    handle: String,
    secret: String,
}

impl EnrolCode {
    /// Draws one.
    #[must_use]
    pub fn draw() -> Self {
        let bytes: [u8; HANDLE_CHARS + SECRET_CHARS] = random();
        let text: String =
            bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let (handle, secret) = text.split_at(HANDLE_CHARS);
        Self { handle: handle.to_owned(), secret: secret.to_owned() }
    }

    /// Reads one as typed: case, spaces and `-` do not matter; O is 0, I and L are 1.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut text = String::new();
        for typed in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !known || text.len() == HANDLE_CHARS + SECRET_CHARS {
                return None;
            }
            text.push(c);
        }
        let (handle, secret) = text.split_at_checked(HANDLE_CHARS)?;
        (secret.len() == SECRET_CHARS)
            .then(|| Self { handle: handle.to_owned(), secret: secret.to_owned() })
    }

    /// The part that finds it.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// What is kept of the part that proves it.
    #[must_use]
    pub fn secret_hash(&self) -> Hash {
        Hash::of(&[CODE_TAG, self.secret.as_bytes()])
    }

    /// Whether this is the secret kept, in constant time.
    #[must_use]
    pub fn matches(&self, kept: &Hash) -> bool {
        self.secret_hash().0.ct_eq(&kept.0).into()
    }
}

impl std::fmt::Display for EnrolCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second) = self.secret.split_at(SECRET_CHARS / 2);
        write!(f, "{}-{first}-{second}", self.handle)
    }
}

/// Short code of the n-th till: `T1` to `T999`, then three characters of base 36 after `U`.
pub(super) fn till_code(number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if number <= 999 {
        return format!("T{number}");
    }
    let mut rest = usize::try_from(number - 1_000).unwrap_or_default();
    let mut digits = ['0'; 3];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(DIGITS[rest % 36]);
        rest /= 36;
    }
    format!("U{}{}{}", digits[0], digits[1], digits[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = EnrolCode::draw();
        let typed = code.to_string().to_lowercase().replace('-', " ");
        assert!(EnrolCode::parse(&typed) == Some(code));
    }

    #[test]
    fn a_text_that_is_no_code_is_told() {
        for text in
            ["", "ABCD", "ABCD-EFGH-JKM", "ABCD-EFGH-JKMNP", "ABCD-EFGH-JK€N", "UUUU-UUUU-UUUU"]
        {
            assert!(EnrolCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn till_codes_stay_within_four_characters() {
        assert_eq!(till_code(1), "T1");
        assert_eq!(till_code(999), "T999");
        assert_eq!(till_code(1_000), "U000");
        assert_eq!(till_code(1_036), "U010");
    }
}
