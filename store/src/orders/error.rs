//! Why an order stays as it is.

use crate::db::DbError;
use daybook_domain::amount::{OutOfRange, Quantity, UnitPrice};
use daybook_domain::basket::BasketError;
use daybook_domain::catalogue::CatalogueError;
use daybook_domain::ids::Sku;
use daybook_domain::number::NumberError;
use daybook_domain::order::OrderError as Rule;
use daybook_domain::refund::RefundError;
use daybook_domain::stock::StockError;
use daybook_domain::tax::TaxError;

/// Why an order stays as it is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OrderError {
    /// A field of the request is wrong.
    #[error("{field}: {message}")]
    Field {
        /// Which.
        field: String,
        /// What it must be.
        message: String,
    },
    /// The id was used for another order, payment or refund.
    #[error("id: used before with another body")]
    Conflict,
    /// There is no such order.
    #[error("order: unknown")]
    Unknown,
    /// The buyer saw another price.
    #[error("{field}: the price of {sku} is {} now", .now.0)]
    PriceChanged {
        /// Which line.
        field: String,
        /// What.
        sku: Sku,
        /// Price of one unit now, millionths of the major unit.
        now: UnitPrice,
    },
    /// Less is there than was asked for.
    #[error("{field}: only {} of {sku} are available", .available.to_decimal())]
    NotAvailable {
        /// Which line.
        field: String,
        /// What.
        sku: Sku,
        /// How much could be had.
        available: Quantity,
    },
    /// The rules of the business are not set: import settings.json first.
    #[error("settings: the business has no settings yet")]
    NoSettings,
    /// The store was restored: pooled stock waits for the tills.
    #[error("the store was restored; stock that tills share waits until each of them has spoken")]
    Frozen,
    /// The amount paid is not what the order costs.
    #[error("amount_minor: must be {expected}")]
    Amount {
        /// What it costs.
        expected: i64,
    },
    /// A rule of orders.
    #[error(transparent)]
    Rule(#[from] Rule),
    /// A rule of refunds.
    #[error(transparent)]
    Refund(#[from] RefundError),
    /// The basket cannot be priced.
    #[error("lines: {0}")]
    Basket(#[from] BasketError),
    /// The catalogue has no rate.
    #[error("lines: {0}")]
    Catalogue(#[from] CatalogueError),
    /// Tax cannot be decided.
    #[error("tax: {0}")]
    Tax(#[from] TaxError),
    /// No number is left.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// Stock contradicts itself.
    #[error(transparent)]
    Stock(#[from] StockError),
    /// A sum left its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl OrderError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over texts, errors and ids alike"
    )]
    pub(super) fn field(field: impl Into<String>, message: impl ToString) -> Self {
        Self::Field { field: field.into(), message: message.to_string() }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "order.field",
            Self::Conflict => "order.conflict",
            Self::Unknown => "order.unknown",
            Self::PriceChanged { .. } => "price.changed",
            Self::NotAvailable { .. } => "stock.not_available",
            Self::NoSettings => "settings.missing",
            Self::Frozen => "store.frozen",
            Self::Amount { .. } => "payment.amount",
            Self::Rule(rule) => rule.code(),
            Self::Refund(error) => error.code(),
            Self::Basket(error) => error.code(),
            Self::Catalogue(error) => error.code(),
            Self::Tax(error) => error.code(),
            Self::Number(error) => error.code(),
            Self::Stock(error) => error.code(),
            Self::OutOfRange(_) => "amount.out_of_range",
            Self::Db(error) => error.code(),
        }
    }

    /// The field of the request that is wrong, where one is.
    #[must_use]
    pub fn field_name(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. }
            | Self::PriceChanged { field, .. }
            | Self::NotAvailable { field, .. } => Some(field),
            Self::Conflict => Some("id"),
            Self::Unknown => Some("order"),
            Self::Amount { .. } => Some("amount_minor"),
            Self::Basket(_) | Self::Catalogue(_) | Self::Refund(_) => Some("lines"),
            Self::Rule(rule) => match rule {
                Rule::ExceedsPaid { .. } | Rule::NotPositive => Some("amount_minor"),
                Rule::Tracking => Some("tracking"),
                Rule::NotPossible { .. } | Rule::NotAllowed { .. } | Rule::WindowOpen { .. } => {
                    None
                }
            },
            Self::NoSettings
            | Self::Frozen
            | Self::Tax(_)
            | Self::Number(_)
            | Self::Stock(_)
            | Self::OutOfRange(_)
            | Self::Db(_) => None,
        }
    }
}
