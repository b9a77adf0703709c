//! The store's answer to a request for a lease.

use super::{Lease, LeaseState, TTL_MS_MAX, expiry};
use crate::amount::Quantity;
use crate::feed::StockPolicy;
use crate::ids::TillId;
use crate::stock::{Level, StockError};

/// One whole unit in thousandths: leases are of whole units only.
const UNIT_MILLI: i64 = 1_000;

/// What a request for a lease is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantTerms {
    /// Who asks.
    pub till: TillId,
    /// In which incarnation.
    pub incarnation: u32,
    /// How much it wants, thousandths.
    pub wanted_milli: Quantity,
    /// Largest lease of this SKU here, set by hand, thousandths.
    pub setting_milli: Quantity,
    /// Live tills of the location.
    pub live_tills: i64,
    /// Home till of a one-of-a-kind item; `None` keeps such an item for the web.
    pub home: Option<TillId>,
    /// Whether the SKU is one of a kind.
    pub unique: bool,
    /// Time to live, milliseconds, at most [`TTL_MS_MAX`].
    pub ttl_ms: i64,
    /// When it is granted by the store's clock, UTC milliseconds.
    pub now_ms: i64,
    /// Highest fence ever given.
    pub last_fence: i64,
}

/// Why a lease was refused. A refused request never succeeds later; the next attempt takes a new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaseRefusal {
    /// The SKU's policy here knows no leases.
    #[error("stock here is not leased to tills")]
    NotPooled,
    /// Too little is free to give any of it away.
    #[error("too little is free to lease any of it")]
    NothingFree,
    /// One of a kind, and this till is not its home.
    #[error("a one-of-a-kind item is kept for its home till or for the web")]
    NotHome,
    /// The time to live is not between 1 and [`TTL_MS_MAX`] milliseconds.
    #[error("the time to live of a lease must be 1 to {TTL_MS_MAX} ms")]
    BadTtl,
    /// Not above zero.
    #[error("the quantity of a lease must be at least one unit")]
    NotPositive,
    /// The books are broken or full: numbers left their range.
    #[error("the level is out of range")]
    OutOfRange,
}

impl LeaseRefusal {
    /// Stable code for the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPooled => "lease.not_pooled",
            Self::NothingFree => "lease.nothing_free",
            Self::NotHome => "lease.not_home",
            Self::BadTtl => "lease.bad_ttl",
            Self::NotPositive => "lease.not_positive",
            Self::OutOfRange => "lease.out_of_range",
        }
    }
}

/// What a request came to, kept for ever under its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Granted.
    Granted(Lease),
    /// Refused, for good.
    Refused(LeaseRefusal),
}

/// Answers a request. `previous` is what the same request id came to before: it is repeated as it was, so that
/// a lost answer grants nothing twice and a refused id never succeeds. A new grant changes `level`.
pub fn answer(previous: Option<Outcome>, level: &mut Level, terms: &GrantTerms) -> Outcome {
    if let Some(outcome) = previous {
        return outcome;
    }
    match grant(level, terms) {
        Ok(lease) => Outcome::Granted(lease),
        Err(refusal) => Outcome::Refused(refusal),
    }
}

fn grant(level: &mut Level, terms: &GrantTerms) -> Result<Lease, LeaseRefusal> {
    check(level.policy, terms)?;
    let free = level.shelf().map_err(|_| LeaseRefusal::OutOfRange)?;
    let quantity_milli = if terms.unique {
        unique_size(free, terms)?
    } else {
        grant_size(terms.wanted_milli.min(terms.setting_milli), free, terms.live_tills)
    };
    if quantity_milli.is_zero() {
        return Err(LeaseRefusal::NothingFree);
    }
    let fence = next_fence(terms.last_fence).ok_or(LeaseRefusal::OutOfRange)?;
    *level = level.lease(quantity_milli).map_err(|refused| match refused {
        StockError::NotAvailable { .. } => LeaseRefusal::NothingFree,
        StockError::Zero
        | StockError::TooLarge
        | StockError::NotPositive
        | StockError::LeaseOnIncoming
        | StockError::PoolShort { .. }
        | StockError::OutOfRange(_) => LeaseRefusal::OutOfRange,
    })?;
    Ok(Lease {
        fence,
        till: terms.till,
        incarnation: terms.incarnation,
        quantity_milli,
        remaining_milli: quantity_milli,
        state: LeaseState::Granted { expires_at_ms: expiry(terms.now_ms, terms.ttl_ms) },
    })
}

fn check(policy: StockPolicy, terms: &GrantTerms) -> Result<(), LeaseRefusal> {
    match policy {
        StockPolicy::RingFenced => return Err(LeaseRefusal::NotPooled),
        StockPolicy::PooledStrict | StockPolicy::PooledSoft => {}
    }
    if terms.wanted_milli.0 < UNIT_MILLI {
        return Err(LeaseRefusal::NotPositive);
    }
    if !(1..=TTL_MS_MAX).contains(&terms.ttl_ms) {
        return Err(LeaseRefusal::BadTtl);
    }
    Ok(())
}

/// A one-of-a-kind item is not divided: its home till gets it whole, nobody else gets any.
fn unique_size(free: Quantity, terms: &GrantTerms) -> Result<Quantity, LeaseRefusal> {
    if terms.home != Some(terms.till) {
        return Err(LeaseRefusal::NotHome);
    }
    Ok(whole_units(free.0.min(UNIT_MILLI)))
}

/// Size of a lease: the smaller of the wish and `free ÷ (tills + 1)`, in whole units, at least nothing. The one
/// more than there are tills is the web's share.
#[must_use]
pub fn grant_size(wish_milli: Quantity, free_milli: Quantity, live_tills: i64) -> Quantity {
    let shares = live_tills.max(0).saturating_add(1);
    whole_units(wish_milli.0.min(free_milli.0 / shares))
}

/// The fence after the last one: fences strictly increase and are never given twice.
#[must_use]
pub fn next_fence(last: i64) -> Option<i64> {
    last.checked_add(1)
}

fn whole_units(milli: i64) -> Quantity {
    let milli = milli.max(0);
    Quantity(milli - milli % UNIT_MILLI)
}
