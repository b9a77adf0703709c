//! A lease as the till that holds it keeps it.

use crate::amount::{OutOfRange, Quantity};
use crate::clock::Moment;
use crate::stock::HeldLease;

/// A lease in the till's hands. It is worth nothing after a restart of the machine or in a new incarnation:
/// then nobody can tell how long ago it was asked for, or who else holds a copy of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TillLease {
    /// Its fence.
    pub fence: i64,
    /// Incarnation it was granted to.
    pub incarnation: u32,
    /// Granted, thousandths.
    pub quantity_milli: Quantity,
    /// Sold from it so far, thousandths.
    pub spent_milli: Quantity,
    /// The moment before the request was sent.
    pub asked_at: Moment,
    /// Time to live from that moment, on a clock that runs through suspend.
    pub ttl_ms: i64,
}

impl TillLease {
    /// The lease as far as it gives a right now; `None` when it is over, spent, or of another life.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn held(&self, now: Moment, incarnation: u32) -> Result<Option<HeldLease>, OutOfRange> {
        let remaining_milli = self.quantity_milli.checked_sub(self.spent_milli)?;
        let valid = incarnation == self.incarnation
            && now.since(self.asked_at).is_some_and(|elapsed_ms| elapsed_ms < self.ttl_ms);
        let held = valid && remaining_milli > Quantity::ZERO;
        Ok(held.then_some(HeldLease { fence: self.fence, remaining_milli }))
    }
}
