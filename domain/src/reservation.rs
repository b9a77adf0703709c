//! Reservations: goods promised to a web order while it is paid.
//!
//! Reserve → confirm (paid: the goods are deducted) or release or expire. A payment that is captured late is never lost:
//! it takes the goods if they can still be had, and else is put before a person.

use crate::amount::Quantity;
use crate::feed::StockPolicy;
use crate::ids::OrderId;
use crate::stock::{Level, StockError};

/// Shortest and longest payment window that a setting may ask for: one minute to one week.
pub const WINDOW_MS: std::ops::RangeInclusive<i64> = 60_000..=7 * 24 * 3_600_000;

/// Where the goods were taken from, and go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// From what is set aside for the web.
    Allotment,
    /// From what is free.
    Free,
}

/// Why a reservation was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReason {
    /// The order was cancelled.
    Cancelled,
    /// The payment failed, and the setting says not to wait.
    PaymentFailed,
}

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// Holds the goods.
    Active {
        /// End of the payment window, UTC milliseconds.
        expires_at_ms: i64,
    },
    /// Paid; the goods are deducted.
    Confirmed {
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// Given up.
    Released {
        /// Why.
        why: ReleaseReason,
        /// When, UTC milliseconds.
        at_ms: i64,
    },
    /// The payment window ended.
    Expired {
        /// When, UTC milliseconds.
        at_ms: i64,
    },
}

/// A reservation of one SKU at one location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// For which order.
    pub order: OrderId,
    /// How much, thousandths.
    pub quantity_milli: Quantity,
    /// Where it was taken from.
    pub from: Pool,
    /// Where it stands.
    pub state: ReservationState,
}

/// What a confirmation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Deducted now.
    Deducted,
    /// Deducted before; nothing happened.
    Already,
    /// The hold was gone, but the goods could be had again: deducted now.
    Late,
    /// The hold was gone and so are the goods: the order is paid and short, and goes before a person.
    Short {
        /// What could still be had, thousandths.
        available_milli: Quantity,
    },
}

/// Reserves goods for an order, by the policy of the level.
///
/// # Errors
/// [`StockError::NotAvailable`] with what could be had, [`StockError::NotPositive`].
pub fn reserve(
    level: &mut Level,
    order: OrderId,
    quantity_milli: Quantity,
    expires_at_ms: i64,
) -> Result<Reservation, StockError> {
    let from = hold(level, quantity_milli)?;
    let state = ReservationState::Active { expires_at_ms };
    Ok(Reservation { order, quantity_milli, from, state })
}

impl Reservation {
    /// The payment was captured: deducts the goods, late or not. On an error nothing has changed.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and reservation contradict each other.
    pub fn confirm(&mut self, level: &mut Level, at_ms: i64) -> Result<Confirmation, StockError> {
        let outcome = match self.state {
            ReservationState::Confirmed { .. } => return Ok(Confirmation::Already),
            ReservationState::Active { .. } => Confirmation::Deducted,
            ReservationState::Released { .. } | ReservationState::Expired { .. } => {
                let mut again = *level;
                match hold(&mut again, self.quantity_milli) {
                    Ok(from) => {
                        self.from = from;
                        *level = again;
                        Confirmation::Late
                    }
                    Err(StockError::NotAvailable { available_milli }) => {
                        return Ok(Confirmation::Short { available_milli });
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        *level = level.deduct_reserved(self.quantity_milli)?;
        self.state = ReservationState::Confirmed { at_ms };
        Ok(outcome)
    }

    /// Gives the goods back to where they were taken from. Says whether anything was held.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and reservation contradict each other.
    pub fn release(
        &mut self,
        level: &mut Level,
        why: ReleaseReason,
        at_ms: i64,
    ) -> Result<bool, StockError> {
        self.end(level, ReservationState::Released { why, at_ms })
    }

    /// Ends a hold whose window is over. Says whether anything was held too long.
    ///
    /// # Errors
    /// [`StockError::PoolShort`] when level and reservation contradict each other.
    pub fn expire(&mut self, level: &mut Level, now_ms: i64) -> Result<bool, StockError> {
        match self.state {
            ReservationState::Active { expires_at_ms } if expires_at_ms <= now_ms => {
                self.end(level, ReservationState::Expired { at_ms: now_ms })
            }
            ReservationState::Active { .. }
            | ReservationState::Confirmed { .. }
            | ReservationState::Released { .. }
            | ReservationState::Expired { .. } => Ok(false),
        }
    }

    fn end(&mut self, level: &mut Level, state: ReservationState) -> Result<bool, StockError> {
        match self.state {
            ReservationState::Active { .. } => {
                *level = match self.from {
                    Pool::Allotment => level.unreserve_allotted(self.quantity_milli)?,
                    Pool::Free => level.unreserve_free(self.quantity_milli)?,
                };
                self.state = state;
                Ok(true)
            }
            ReservationState::Confirmed { .. }
            | ReservationState::Released { .. }
            | ReservationState::Expired { .. } => Ok(false),
        }
    }
}

fn hold(level: &mut Level, quantity: Quantity) -> Result<Pool, StockError> {
    let (after, from) = match level.policy {
        StockPolicy::RingFenced => (level.reserve_allotted(quantity)?, Pool::Allotment),
        StockPolicy::PooledStrict | StockPolicy::PooledSoft => {
            (level.reserve_free(quantity)?, Pool::Free)
        }
    };
    *level = after;
    Ok(from)
}

#[cfg(test)]
mod tests;
