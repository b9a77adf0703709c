//! Tax on the lines of a basket: jurisdictions are data, rates come dated from the feed, places decide the split.
//!
//! ```
//! use daybook_domain::amount::{Minor, RatePpm};
//! use daybook_domain::tax::{Jurisdiction, Supply, TaxRules, Taxable};
//! let rules = TaxRules { jurisdiction: Jurisdiction::by_code("IN").unwrap(), supply: Supply::Intra, inclusive: true };
//! let line = Taxable { net: Minor(99_900), rate: RatePpm(180_000) };
//! let taxes = rules.taxes(&[line]).unwrap();
//! assert_eq!(taxes[0][0].component, "CGST");
//! assert_eq!(taxes[0][0].amount_minor, Minor(7619));
//! assert_eq!(taxes[0][1].amount_minor, Minor(7619));
//! ```

mod jurisdiction;
pub mod states;

pub use jurisdiction::{JURISDICTIONS, Jurisdiction, Levy, Supply, TaxRounding};

use crate::amount::{AllocateError, Minor, OutOfRange, RatePpm};
use crate::document::{Place, TaxAmount};
use crate::rounding::scale;
use std::collections::BTreeMap;

/// Highest rate of tax: 100 %.
pub const RATE_MAX: RatePpm = RatePpm(1_000_000);

/// Why tax cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    /// No such jurisdiction.
    #[error("jurisdiction {0:?} is not known")]
    Jurisdiction(String),
    /// GST needs to know where the seller is.
    #[error("the seller's State is missing: GST is split by place of supply")]
    SellerState,
    /// No such State.
    #[error("State code {0:?} is not known")]
    State(String),
    /// Below 0 or above 100 %.
    #[error("a tax rate must be between 0 and 100 %, not {} %", .0.to_percent())]
    Rate(RatePpm),
    /// An amount does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// Tax per rate could not be shared among its lines.
    #[error(transparent)]
    Allocate(#[from] AllocateError),
}

impl TaxError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jurisdiction(_) => "tax.jurisdiction",
            Self::SellerState => "tax.seller_state",
            Self::State(_) => "tax.state",
            Self::Rate(_) => "tax.rate",
            Self::OutOfRange(_) | Self::Allocate(_) => "amount.out_of_range",
        }
    }
}

/// One line's value and rate. The value is never below zero: returned lines keep the tax they were sold with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taxable {
    /// After discounts; contains the tax where prices are inclusive.
    pub net: Minor,
    /// Whole rate.
    pub rate: RatePpm,
}

/// What decides the tax of a document.
#[derive(Debug, Clone, Copy)]
pub struct TaxRules {
    /// Whose law.
    pub jurisdiction: &'static Jurisdiction,
    /// Inside one State or between two (GST).
    pub supply: Supply,
    /// Whether prices contain the tax.
    pub inclusive: bool,
}

impl TaxRules {
    /// The rules for a supply between two places. Without a place of supply the goods are handed over at the
    /// seller's (IGST Act s. 10(1)(ca)). Places matter for GST only.
    ///
    /// # Errors
    /// [`TaxError`] for an unknown jurisdiction or State, or a GST seller without State.
    pub fn new(
        jurisdiction: &str,
        inclusive: bool,
        seller: Option<&Place>,
        place_of_supply: Option<&Place>,
    ) -> Result<Self, TaxError> {
        let jurisdiction = Jurisdiction::by_code(jurisdiction)?;
        if jurisdiction.levy != Levy::Gst {
            return Ok(Self { jurisdiction, supply: Supply::Intra, inclusive });
        }
        let state = |place: &Place| {
            states::by_code(&place.code).ok_or_else(|| TaxError::State(place.code.clone()))
        };
        let seller = state(seller.ok_or(TaxError::SellerState)?)?;
        let place = place_of_supply.map(state).transpose()?.unwrap_or(seller);
        Ok(Self { jurisdiction, supply: Supply::between(seller, place), inclusive })
    }

    /// The taxes of each line, by component, in the order of the lines.
    ///
    /// # Errors
    /// [`TaxError::Rate`], or an amount out of range.
    pub fn taxes(&self, lines: &[Taxable]) -> Result<Vec<Vec<TaxAmount>>, TaxError> {
        if let Some(line) = lines.iter().find(|line| !(RatePpm(0)..=RATE_MAX).contains(&line.rate))
        {
            return Err(TaxError::Rate(line.rate));
        }
        match self.jurisdiction.rounding {
            TaxRounding::PerLine => lines.iter().map(|line| self.of_value(*line)).collect(),
            TaxRounding::PerRate => self.per_rate(lines),
        }
    }

    /// Tax by component on one value. Inclusive: gross × component's rate ÷ (100 + all rates), CGST Rule 35.
    /// The "third decimal, up above four" of the US agreement (SSUTA §324) is the same as half-up to the cent.
    fn of_value(&self, value: Taxable) -> Result<Vec<TaxAmount>, TaxError> {
        let whole = RATE_MAX.0 + if self.inclusive { value.rate.0 } else { 0 };
        let components = self.jurisdiction.components(value.rate, self.supply);
        components
            .into_iter()
            .map(|(component, rate_ppm)| {
                let amount_minor = Minor(scale(value.net.0, rate_ppm.0, whole)?);
                Ok(TaxAmount { component: component.to_owned(), rate_ppm, amount_minor })
            })
            .collect()
    }

    /// Rounds once per rate on the sum, then gives each line its share, so that lines and table agree.
    fn per_rate(&self, lines: &[Taxable]) -> Result<Vec<Vec<TaxAmount>>, TaxError> {
        let mut by_rate: BTreeMap<RatePpm, Vec<usize>> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            by_rate.entry(line.rate).or_default().push(index);
        }
        let mut taxes = vec![Vec::new(); lines.len()];
        for (rate, members) in by_rate {
            let net = Minor::total(members.iter().map(|index| lines[*index].net))?;
            let weights: Vec<i64> = members.iter().map(|index| lines[*index].net.0).collect();
            for whole in self.of_value(Taxable { net, rate })? {
                let shares = whole.amount_minor.allocate(&weights)?;
                for (index, amount_minor) in members.iter().zip(shares) {
                    taxes[*index].push(TaxAmount { amount_minor, ..whole.clone() });
                }
            }
        }
        Ok(taxes)
    }
}

#[cfg(test)]
mod tests;
