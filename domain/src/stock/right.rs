//! What a till may sell, and what a sale beyond that looks like.

use super::{Level, StockError, level::positive};
use crate::amount::{OutOfRange, Quantity};
use crate::entry::{Movement, MovementReason};
use crate::feed::StockPolicy;
use crate::ids::{LocationId, Sku};

/// A lease of this till that is valid now (see [`TillLease`](crate::lease::TillLease)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLease {
    /// Its fence.
    pub fence: i64,
    /// What is left of it, thousandths.
    pub remaining_milli: Quantity,
}

/// Whether a quantity lies within the rights of a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleRight {
    /// Within.
    Allowed,
    /// Beyond. The goods may still be in the customer's hand, so the sale can be recorded all the same, as an override
    /// that a manager approves where they may be promised to somebody else ([`needs_approval`]).
    BeyondRights {
        /// What may be sold, to tell the cashier; never below zero.
        available_milli: Quantity,
        /// Whether a manager must approve.
        needs_approval: bool,
    },
}

/// A sale of one SKU as it goes into the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalePlan {
    /// Within rights or beyond.
    pub right: SaleRight,
    /// The movements: one per lease used, one for the rest within rights, one for what lies beyond.
    pub movements: Vec<Movement>,
}

/// What a till may sell now. `shown` is the level as shown ([`shown`](super::shown)), `leases` its valid leases.
///
/// - ring-fenced: the shelf, that is on hand less what is set aside or reserved for the web;
/// - pooled-strict: what is left in its leases, nothing else;
/// - pooled-soft: what is free as shown.
///
/// Never below zero.
///
/// # Errors
/// [`OutOfRange`].
pub fn available(shown: &Level, leases: &[HeldLease]) -> Result<Quantity, OutOfRange> {
    let available = match shown.policy {
        StockPolicy::RingFenced | StockPolicy::PooledSoft => shown.shelf()?,
        StockPolicy::PooledStrict => {
            Quantity::total(leases.iter().map(|lease| lease.remaining_milli))?
        }
    };
    Ok(available.max(Quantity::ZERO))
}

/// Decides on a sale of `quantity` and lays out its movements. `quantity` is the sum of all lines of the
/// basket with this SKU: lines are not judged one by one, or the last unit would be sold once per line.
///
/// # Errors
/// [`StockError::NotPositive`], [`StockError::TooLarge`], [`StockError::OutOfRange`].
pub fn plan_sale(
    sku: &Sku,
    location: &LocationId,
    quantity: Quantity,
    shown: &Level,
    leases: &[HeldLease],
) -> Result<SalePlan, StockError> {
    positive(quantity)?;
    if quantity.0 > super::MOVEMENT_MILLI_MAX {
        return Err(StockError::TooLarge);
    }
    let available_milli = available(shown, leases)?;
    let within = quantity.min(available_milli);
    let mut parts = match shown.policy {
        StockPolicy::PooledStrict => spend(within, leases)?,
        StockPolicy::RingFenced | StockPolicy::PooledSoft => vec![Part::plain(within)],
    };
    let beyond = quantity.checked_sub(within)?;
    parts.push(Part { quantity: beyond, lease: None, beyond_rights: true });

    let movements = parts
        .into_iter()
        .filter(|part| !part.quantity.is_zero())
        .map(|part| part.movement(sku, location))
        .collect::<Result<_, OutOfRange>>()?;
    let right = if beyond.is_zero() {
        SaleRight::Allowed
    } else {
        SaleRight::BeyondRights { available_milli, needs_approval: needs_approval(shown) }
    };
    Ok(SalePlan { right, movements })
}

/// Whether a manager must approve a sale beyond what a till may sell: where that may be promised to somebody else. Of a
/// shelf that is kept from the web that is what the web was given of it; beyond the books alone the goods are in the
/// customer's hand.
#[must_use]
pub fn needs_approval(shown: &Level) -> bool {
    match shown.policy {
        StockPolicy::RingFenced => {
            shown.reserved_milli.max(shown.allotted_milli).max(shown.allotted_proposed_milli).0 > 0
        }
        StockPolicy::PooledStrict => true,
        StockPolicy::PooledSoft => false,
    }
}

struct Part {
    quantity: Quantity,
    lease: Option<i64>,
    beyond_rights: bool,
}

impl Part {
    fn plain(quantity: Quantity) -> Self {
        Self { quantity, lease: None, beyond_rights: false }
    }

    fn movement(&self, sku: &Sku, location: &LocationId) -> Result<Movement, OutOfRange> {
        Ok(Movement {
            sku: sku.clone(),
            location: location.clone(),
            quantity_milli: self.quantity.checked_neg()?,
            reason: MovementReason::Sale,
            lease: self.lease,
            beyond_rights: self.beyond_rights,
        })
    }
}

/// Oldest lease first: it ends first.
fn spend(quantity: Quantity, leases: &[HeldLease]) -> Result<Vec<Part>, OutOfRange> {
    let mut by_age: Vec<_> = leases.iter().collect();
    by_age.sort_by_key(|lease| lease.fence);
    let mut left = quantity;
    let mut parts = Vec::new();
    for lease in by_age {
        let part = left.min(lease.remaining_milli).max(Quantity::ZERO);
        left = left.checked_sub(part)?;
        parts.push(Part { quantity: part, lease: Some(lease.fence), beyond_rights: false });
    }
    Ok(parts)
}
