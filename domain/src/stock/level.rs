//! The parts of a level and the moves between them.

use super::StockError;
use crate::amount::{OutOfRange, Quantity};
use crate::feed::{StockPolicy, StockRow};
use crate::ids::{LocationId, Sku};

/// One SKU at one location, without its key. All thousandths.
///
/// Invariant: `free + leased + in_doubt + reserved + allotted = on_hand`, because free is what is left.
/// Every part but `on_hand` and `free` is at least zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// How shelf and web share it.
    pub policy: StockPolicy,
    /// Physically there by the books; negative when more was sold than was known to be there.
    pub on_hand_milli: Quantity,
    /// In valid leases, unsold.
    pub leased_milli: Quantity,
    /// In leases that expired unsettled.
    pub in_doubt_milli: Quantity,
    /// Promised to open web orders.
    pub reserved_milli: Quantity,
    /// Set aside for the web and not reserved yet.
    pub allotted_milli: Quantity,
    /// Allotment on its way: tills already respect it, the web does not sell it yet.
    pub allotted_proposed_milli: Quantity,
}

impl From<&StockRow> for Level {
    fn from(row: &StockRow) -> Self {
        Self {
            policy: row.policy,
            on_hand_milli: row.on_hand_milli,
            leased_milli: row.leased_milli,
            in_doubt_milli: row.in_doubt_milli,
            reserved_milli: row.reserved_milli,
            allotted_milli: row.allotted_milli,
            allotted_proposed_milli: row.allotted_proposed_milli,
        }
    }
}

impl Level {
    /// The level as the row that tells tills about it.
    #[must_use]
    pub fn to_row(self, sku: Sku, location: LocationId) -> StockRow {
        StockRow {
            sku,
            location,
            policy: self.policy,
            on_hand_milli: self.on_hand_milli,
            reserved_milli: self.reserved_milli,
            allotted_milli: self.allotted_milli,
            allotted_proposed_milli: self.allotted_proposed_milli,
            leased_milli: self.leased_milli,
            in_doubt_milli: self.in_doubt_milli,
            low_stock_milli: None,
        }
    }

    /// What nobody holds a right to: `on_hand − leased − in_doubt − reserved − allotted`, signed.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn free(&self) -> Result<Quantity, OutOfRange> {
        self.less_promises(self.allotted_milli)
    }

    /// What the tills may regard as theirs: like [`free`](Self::free), but an allotment on its way counts
    /// as set aside from the moment a till sees it. That is what lets the store raise it afterwards.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn shelf(&self) -> Result<Quantity, OutOfRange> {
        self.less_promises(self.allotted_milli.max(self.allotted_proposed_milli))
    }

    /// What the web may promise now: its allotment where shelves are ring-fenced, else what is free and not
    /// on its way into an allotment.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn web_available(&self) -> Result<Quantity, OutOfRange> {
        let available = match self.policy {
            StockPolicy::RingFenced => self.allotted_milli,
            StockPolicy::PooledStrict | StockPolicy::PooledSoft => self.shelf()?,
        };
        Ok(available.max(Quantity::ZERO))
    }

    /// Free → leased, when that much is free.
    ///
    /// # Errors
    /// [`StockError::NotPositive`], [`StockError::NotAvailable`].
    pub fn lease(self, quantity: Quantity) -> Result<Self, StockError> {
        self.guard_free(quantity)?;
        Ok(Self { leased_milli: self.leased_milli.checked_add(quantity)?, ..self })
    }

    /// Leased → in doubt: the right ended, what happened under it is not known yet.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn doubt(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self {
            leased_milli: take("leased", self.leased_milli, quantity)?,
            in_doubt_milli: self.in_doubt_milli.checked_add(quantity)?,
            ..self
        })
    }

    /// Leased → free.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn unlease(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self { leased_milli: take("leased", self.leased_milli, quantity)?, ..self })
    }

    /// In doubt → free.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn undoubt(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self { in_doubt_milli: take("in doubt", self.in_doubt_milli, quantity)?, ..self })
    }

    /// Free → reserved, when that much is free.
    ///
    /// # Errors
    /// [`StockError::NotPositive`], [`StockError::NotAvailable`].
    pub fn reserve_free(self, quantity: Quantity) -> Result<Self, StockError> {
        self.guard_free(quantity)?;
        Ok(Self { reserved_milli: self.reserved_milli.checked_add(quantity)?, ..self })
    }

    /// Allotted → reserved: a unit never counts in both.
    ///
    /// # Errors
    /// [`StockError::NotPositive`], [`StockError::NotAvailable`].
    pub fn reserve_allotted(self, quantity: Quantity) -> Result<Self, StockError> {
        positive(quantity)?;
        if self.allotted_milli < quantity {
            let available_milli = self.allotted_milli.max(Quantity::ZERO);
            return Err(StockError::NotAvailable { available_milli });
        }
        Ok(Self {
            allotted_milli: self.allotted_milli.checked_sub(quantity)?,
            allotted_proposed_milli: self
                .allotted_proposed_milli
                .checked_sub(quantity)?
                .max(Quantity::ZERO),
            reserved_milli: self.reserved_milli.checked_add(quantity)?,
            ..self
        })
    }

    /// Reserved → free.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn unreserve_free(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self { reserved_milli: take("reserved", self.reserved_milli, quantity)?, ..self })
    }

    /// Reserved → allotted. Takes effect at once: tills already leave a reserved unit alone.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn unreserve_allotted(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self {
            reserved_milli: take("reserved", self.reserved_milli, quantity)?,
            allotted_milli: self.allotted_milli.checked_add(quantity)?,
            allotted_proposed_milli: self.allotted_proposed_milli.checked_add(quantity)?,
            ..self
        })
    }

    /// Reserved → gone: the goods left for the customer.
    ///
    /// # Errors
    /// [`StockError::PoolShort`].
    pub fn deduct_reserved(self, quantity: Quantity) -> Result<Self, StockError> {
        Ok(Self {
            reserved_milli: take("reserved", self.reserved_milli, quantity)?,
            on_hand_milli: self.on_hand_milli.checked_sub(quantity)?,
            ..self
        })
    }

    fn less_promises(&self, allotted: Quantity) -> Result<Quantity, OutOfRange> {
        self.on_hand_milli
            .checked_sub(self.leased_milli)?
            .checked_sub(self.in_doubt_milli)?
            .checked_sub(self.reserved_milli)?
            .checked_sub(allotted)
    }

    fn guard_free(&self, quantity: Quantity) -> Result<(), StockError> {
        positive(quantity)?;
        // An allotment on its way is promised to the web: nothing else may be granted from it.
        let available_milli = self.shelf()?.max(Quantity::ZERO);
        if available_milli < quantity {
            return Err(StockError::NotAvailable { available_milli });
        }
        Ok(())
    }
}

pub(super) fn positive(quantity: Quantity) -> Result<(), StockError> {
    if quantity > Quantity::ZERO { Ok(()) } else { Err(StockError::NotPositive) }
}

fn take(pool: &'static str, from: Quantity, quantity: Quantity) -> Result<Quantity, StockError> {
    if quantity < Quantity::ZERO {
        return Err(StockError::NotPositive);
    }
    let left = from.checked_sub(quantity)?;
    if left < Quantity::ZERO { Err(StockError::PoolShort { pool }) } else { Ok(left) }
}
