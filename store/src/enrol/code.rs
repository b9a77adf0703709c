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

/// Short code of the n-th till: `T1` to `T99`, then three characters from `TA0` to `ZZZ`, the second one a letter, which
/// leaves room for a long tag in document numbers; after thousands of tills, three characters of base 36 behind `U`.
pub(super) fn till_code(number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const LETTERS: usize = 26;
    let digit = |value: usize| char::from(DIGITS[value % 36]);
    let from = |first: i64| usize::try_from(number - first).unwrap_or_default();
    if number < 100 {
        return format!("T{number}");
    }
    let (series, rest) = (from(100) / (LETTERS * 36), from(100) % (LETTERS * 36));
    if let Some(first) = "TUVWXYZ".chars().nth(series) {
        return format!("{first}{}{}", digit(10 + rest / 36), digit(rest));
    }
    let rest = from(1_000);
    format!("U{}{}{}", digit(rest / (36 * 36)), digit(rest / 36), digit(rest))
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
    fn till_codes_are_short_and_none_is_given_twice() {
        let codes = [
            (1, "T1"),
            (99, "T99"),
            (100, "TA0"),
            (136, "TB0"),
            (1_036, "UA0"),
            (6_651, "ZZZ"),
            (6_652, "U4D0"),
        ];
        for (number, code) in codes {
            assert_eq!(till_code(number), code);
        }
        let mut seen = std::collections::HashSet::new();
        for number in 1..20_000 {
            let code = till_code(number);
            assert!(code.len() <= 4 && seen.insert(code.clone()), "{number}: {code}");
        }
        // Codes that were given by plain counting.
        assert!((100..1_000).all(|number| !seen.contains(&format!("T{number}"))));
    }
}
