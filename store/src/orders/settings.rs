//! Rules of the web shop, kept as the setting `orders`.

use crate::db::{DbError, Tx};
use crate::master;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::feed::LOW_STOCK;
use serde::{Deserialize, Serialize};

/// What happens to an order whose payment failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnPaymentFailed {
    /// Another try is possible until the window ends.
    #[default]
    Keep,
    /// It is cancelled and its goods are free at once.
    Cancel,
}

/// Rules of the web shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderSettings {
    /// How long goods are reserved for a payment: 15 minutes.
    pub window_ms: i64,
    /// What a failed payment does.
    pub on_payment_failed: OnPaymentFailed,
    /// Most of one product in an order.
    pub quantity_max_milli: Quantity,
    /// Shipping where the order names none.
    pub shipping_minor: Minor,
    /// A level at or below this is low, where the SKU has no limit of its own.
    pub low_stock_milli: Quantity,
}

impl Default for OrderSettings {
    fn default() -> Self {
        Self {
            window_ms: 15 * 60_000,
            on_payment_failed: OnPaymentFailed::Keep,
            quantity_max_milli: Quantity(1_000_000),
            shipping_minor: Minor::ZERO,
            low_stock_milli: LOW_STOCK,
        }
    }
}

impl OrderSettings {
    /// The rules as they are set, or those that hold by default.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn load(tx: &mut Tx<'_>) -> Result<Self, DbError> {
        Ok(master::named(tx, "orders")?.unwrap_or_default())
    }

    /// Sets the rules.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn store(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        master::set_named(tx, "orders", self)
    }
}
