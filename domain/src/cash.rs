//! Notes and coins: what a drawer is counted in, and what a customer is likely to hand over.
//!
//! ```
//! use daybook_domain::amount::{Currency, Minor};
//! use daybook_domain::cash::quick;
//! let handed = quick(Minor(43_700), Currency::INR);
//! assert_eq!(handed, [43_700, 44_000, 45_000, 50_000, 60_000].map(Minor));
//! ```

use crate::amount::{Currency, Minor};

/// How many amounts [`quick`] offers at most.
pub const QUICK_MAX: usize = 5;

/// A note or coin in circulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denomination {
    /// Face value.
    pub face: Minor,
    /// A note, else a coin.
    pub note: bool,
}

/// Most change that is believed, in largest notes: who hands over more wants no change but made a mistake, or a scan was
/// taken for an amount.
pub const CHANGE_NOTES_MAX: i64 = 10;

/// Most change that is believed.
#[must_use]
pub fn change_max(currency: Currency) -> Minor {
    let largest = match issued(currency) {
        Some((notes, _)) => notes.first().copied().unwrap_or(i64::MAX),
        // No currency has a larger note than a million of its units.
        None => 10_i64.pow(currency.exponent()).saturating_mul(1_000_000),
    };
    Minor(largest.saturating_mul(CHANGE_NOTES_MAX))
}

/// Notes and coins in circulation, the largest first: those that the issuing bank names (RBI, ECB, Bank of England,
/// US Federal Reserve, CBUAE, SAMA); for other currencies the usual steps of 1, 2 and 5.
#[must_use]
pub fn denominations(currency: Currency) -> Vec<Denomination> {
    let Some((notes, coins)) = issued(currency) else { return usual(currency) };
    let of = |note: bool| move |face: &i64| Denomination { face: Minor(*face), note };
    notes.iter().map(of(true)).chain(coins.iter().map(of(false))).collect()
}

/// Notes and coins that the issuing bank names, the largest first, where they are known.
fn issued(currency: Currency) -> Option<(&'static [i64], &'static [i64])> {
    Some(match currency.code() {
        "INR" => (&[50_000, 20_000, 10_000, 5_000, 2_000, 1_000], &[2_000, 1_000, 500, 200, 100]),
        "EUR" => {
            (&[50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500], &[200, 100, 50, 20, 10, 5, 2, 1])
        }
        "GBP" => (&[5_000, 2_000, 1_000, 500], &[200, 100, 50, 20, 10, 5, 2, 1]),
        "USD" => (&[10_000, 5_000, 2_000, 1_000, 500, 200, 100], &[50, 25, 10, 5, 1]),
        "AED" => (&[100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500], &[100, 50, 25]),
        "SAR" => (&[50_000, 20_000, 10_000, 5_000, 1_000, 500], &[200, 100, 50, 25, 10, 5, 1]),
        _ => return None,
    })
}

/// 1, 2 and 5 at every power of ten, from a hundred thousandth part of the largest down to the minor unit.
fn usual(currency: Currency) -> Vec<Denomination> {
    let major = 10_i64.pow(currency.exponent());
    let mut faces = Vec::new();
    let mut step = major.saturating_mul(1_000);
    while step > 0 {
        faces.extend([5, 2, 1].map(|times| step / 10 * times).into_iter().filter(|face| *face > 0));
        step /= 10;
    }
    faces.dedup();
    faces.into_iter().map(|face| Denomination { face: Minor(face), note: face > major }).collect()
}

/// Amounts that a customer is likely to hand over for what is due: the exact amount, then what is next in notes.
/// Empty where nothing is due.
#[must_use]
pub fn quick(due: Minor, currency: Currency) -> Vec<Minor> {
    if due.0 <= 0 {
        return Vec::new();
    }
    let notes = denominations(currency).into_iter().filter(|piece| piece.note);
    let next = |face: i64| due.0.checked_add(face - 1).map(|sum| Minor(sum / face * face));
    let mut amounts: Vec<Minor> = notes.filter_map(|piece| next(piece.face.0)).collect();
    amounts.push(due);
    amounts.sort_unstable();
    amounts.dedup();
    amounts.truncate(QUICK_MAX);
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec!["INR", "EUR", "GBP", "USD", "AED", "SAR", "JPY", "KWD", "CHF"])
            .prop_map(|code| Currency::try_from(code.to_owned()).unwrap())
    }

    proptest! {
        #[test]
        fn every_amount_offered_covers_what_is_due(due in 1..10_000_000_i64, currency in currency()) {
            let amounts = quick(Minor(due), currency);
            prop_assert_eq!(amounts.first(), Some(&Minor(due)));
            prop_assert!(amounts.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(amounts.len() <= QUICK_MAX);
        }

        #[test]
        fn pieces_are_positive_and_no_note_is_smaller_than_the_next(currency in currency()) {
            let pieces = denominations(currency);
            prop_assert!(pieces.iter().all(|piece| piece.face.0 > 0));
            for kind in [true, false] {
                let faces: Vec<i64> =
                    pieces.iter().filter(|p| p.note == kind).map(|p| p.face.0).collect();
                prop_assert!(faces.windows(2).all(|pair| pair[0] > pair[1]));
            }
        }
    }

    #[test]
    fn change_is_believed_up_to_what_notes_can_give_and_a_scanned_code_is_not() {
        assert_eq!(change_max(Currency::INR), Minor(500_000));
        for (code, usual, minor) in [("JPY", 9_000, 1), ("VND", 450_000, 1), ("KWD", 19_000, 1_000)]
        {
            let max = change_max(Currency::try_from(code.to_owned()).unwrap());
            assert!(max.0 >= usual, "{code}");
            assert!(max.0 < 89_040_002 * minor, "{code}: an EAN-8 is no amount");
        }
    }

    #[test]
    fn nothing_is_offered_for_nothing() {
        assert!(quick(Minor(0), Currency::INR).is_empty());
        assert!(quick(Minor(-5), Currency::INR).is_empty());
        assert_eq!(quick(Minor(i64::MAX), Currency::INR), [Minor(i64::MAX)]);
    }
}
