//! Stock at the store's own hands: levels, movements that no till made, policies and allotments.
//!
//! What tills state is applied with their entries; both change `on_hand` only together with a movement that says why.

mod allotment;
mod check;
mod home;
mod level;
mod movement;
mod oversold;

pub use allotment::{adjust, allot, is_proposed, policy, settle};
pub use check::{Availability, AvailableAt, LowStock, available, low};
pub use home::home;
pub use level::{Versioned, find, lock, proposed, save, set_limits, with_policy};
pub use movement::{MovementKind, Posting, post};
pub use oversold::{Place, oversold, reassess};

use crate::db::DbError;
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::stock::StockError as Rule;

/// Why stock was not changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StockError {
    /// The catalogue lacks it.
    #[error("sku: {0} is unknown")]
    UnknownSku(Sku),
    /// There is no such place.
    #[error("location: {0} is unknown")]
    UnknownLocation(LocationId),
    /// No such till stands there.
    #[error("till: {0} does not stand there")]
    UnknownTill(String),
    /// No row of stock.
    #[error("sku: {sku} has no stock row at {location}")]
    NoLevel {
        /// What.
        sku: Sku,
        /// Where.
        location: LocationId,
    },
    /// Only ring-fenced stock is set aside for the web.
    #[error("allotted: {sku} at {location} is not ring_fenced")]
    NotRingFenced {
        /// What.
        sku: Sku,
        /// Where.
        location: LocationId,
    },
    /// The caller decided on an older state of the level.
    #[error("version: the level has changed since (now {now})")]
    Version {
        /// Present version.
        now: i64,
    },
    /// A rule of the domain.
    #[error("quantity: {0}")]
    Rule(#[from] Rule),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl StockError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownSku(_) => "stock.unknown_sku",
            Self::UnknownLocation(_) => "stock.unknown_location",
            Self::UnknownTill(_) => "till.unknown",
            Self::NoLevel { .. } => "stock.no_level",
            Self::NotRingFenced { .. } => "stock.not_ring_fenced",
            Self::Version { .. } => "stock.version",
            Self::Rule(rule) => rule.code(),
            Self::Db(error) => error.code(),
        }
    }
}
