//! Splitting an amount so that nothing is lost: the largest-remainder method.

use super::{Minor, OutOfRange};
use std::cmp::Reverse;

/// Why an amount cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocateError {
    /// There is something to split and nobody to give it to.
    #[error("nothing to allocate to")]
    NoWeights,
    /// A share below nothing.
    #[error("weight {index} is negative")]
    NegativeWeight {
        /// Which one, from 0.
        index: usize,
    },
    /// A share does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl Minor {
    /// Splits the amount in proportion to the weights; the shares sum to the amount exactly.
    ///
    /// Each share is cut towards zero, then what is left goes unit by unit to the largest remainders, earlier
    /// ones first. So no share is more than one unit from its exact value, and where the amount is no more than
    /// the sum of the weights, no share exceeds its weight. Weights that are all zero share equally.
    ///
    /// # Errors
    /// [`AllocateError`] for a negative weight, or no weights and an amount that is not zero.
    pub fn allocate(self, weights: &[i64]) -> Result<Vec<Minor>, AllocateError> {
        if let Some(index) = weights.iter().position(|weight| *weight < 0) {
            return Err(AllocateError::NegativeWeight { index });
        }
        if weights.is_empty() {
            return if self.is_zero() { Ok(Vec::new()) } else { Err(AllocateError::NoWeights) };
        }
        if weights.iter().all(|weight| *weight == 0) {
            return shares(self, &vec![1; weights.len()]);
        }
        shares(self, weights)
    }
}

fn shares(amount: Minor, weights: &[i64]) -> Result<Vec<Minor>, AllocateError> {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let size = i128::from(amount.0).abs();
    let mut left = size;
    let mut parts: Vec<(usize, i128, i128)> = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        // Both factors come from 64 bits, so the product fits into 127.
        let exact = size * i128::from(*weight);
        left -= exact / whole;
        parts.push((index, exact / whole, exact % whole));
    }
    parts.sort_by_key(|(index, _, remainder)| (Reverse(*remainder), *index));
    for (_, share, _) in &mut parts {
        if left == 0 {
            break;
        }
        *share += 1;
        left -= 1;
    }
    assert_eq!(left, 0, "fewer units are left than there are remainders");
    parts.sort_by_key(|(index, ..)| *index);
    parts
        .into_iter()
        .map(|(_, share, _)| {
            i64::try_from(share * i128::from(amount.0.signum()))
                .map(Minor)
                .map_err(|_| OutOfRange.into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_remainder_gets_the_odd_unit() {
        assert_eq!(Minor(100).allocate(&[1, 1, 1]).unwrap(), [Minor(34), Minor(33), Minor(33)]);
        assert_eq!(Minor(10).allocate(&[1, 2, 3]).unwrap(), [Minor(2), Minor(3), Minor(5)]);
        assert_eq!(Minor(-100).allocate(&[1, 1, 1]).unwrap(), [Minor(-34), Minor(-33), Minor(-33)]);
    }

    #[test]
    fn a_zero_weight_gets_nothing_unless_all_are_zero() {
        assert_eq!(Minor(7).allocate(&[0, 3, 0]).unwrap(), [Minor(0), Minor(7), Minor(0)]);
        assert_eq!(Minor(3).allocate(&[0, 0]).unwrap(), [Minor(2), Minor(1)]);
    }

    #[test]
    fn an_amount_needs_somebody_to_take_it() {
        assert_eq!(Minor(0).allocate(&[]), Ok(vec![]));
        assert_eq!(Minor(1).allocate(&[]), Err(AllocateError::NoWeights));
        assert_eq!(Minor(1).allocate(&[1, -1]), Err(AllocateError::NegativeWeight { index: 1 }));
    }

    #[test]
    fn the_ends_of_the_range_are_split_too() {
        assert_eq!(Minor(i64::MIN).allocate(&[i64::MAX]).unwrap(), [Minor(i64::MIN)]);
        assert_eq!(
            Minor(i64::MAX).allocate(&[i64::MAX, i64::MAX]).unwrap(),
            [Minor(i64::MAX / 2 + 1), Minor(i64::MAX / 2)]
        );
    }

    proptest! {
        #[test]
        fn allocation_loses_nothing(
            amount in -1_000_000_000_000_i64..1_000_000_000_000,
            weights in prop::collection::vec(0_i64..1_000_000_000, 1..60),
        ) {
            let parts = Minor(amount).allocate(&weights).unwrap();
            prop_assert_eq!(Minor::total(parts).unwrap(), Minor(amount));
        }

        #[test]
        fn no_share_exceeds_its_weight(
            weights in prop::collection::vec(0_i64..1000, 1..40),
            part_ppm in 0_i64..=1_000_000,
        ) {
            let whole: i64 = weights.iter().sum();
            let parts = Minor(whole * part_ppm / 1_000_000).allocate(&weights).unwrap();
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((0..=*weight).contains(&part.0));
            }
        }
    }
}
