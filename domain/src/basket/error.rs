//! Why a basket refuses a change, or cannot be paid.

use crate::amount::{AllocateError, Minor, OutOfRange, Quantity};
use crate::entry::LINES_MAX;
use crate::ids::Sku;
use crate::tax::TaxError;

/// Why a basket refuses a change, or cannot be paid. Lines are named by their handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BasketError {
    /// Nothing to pay.
    #[error("the basket has no lines")]
    Empty,
    /// No room for another line.
    #[error("a basket has at most {LINES_MAX} lines")]
    TooManyLines,
    /// The names are so long that the journal entry would exceed its limit.
    #[error("the basket is full: its record would be too large")]
    TooLarge,
    /// No such line.
    #[error("there is no line {line}")]
    UnknownLine {
        /// Handle.
        line: u32,
    },
    /// Zero, negative or absurd.
    #[error("{sku}: quantity must be above 0 and at most 1000000, not {}", .found.to_decimal())]
    Quantity {
        /// SKU.
        sku: Sku,
        /// What was asked.
        found: Quantity,
    },
    /// A part of a piece.
    #[error("{sku}: quantity must be whole pieces")]
    Fraction {
        /// SKU.
        sku: Sku,
    },
    /// The catalogue has no price for now.
    #[error("{sku}: there is no price")]
    NoPrice {
        /// SKU.
        sku: Sku,
    },
    /// Negative or absurd.
    #[error("{sku}: price is out of its limits")]
    Price {
        /// SKU.
        sku: Sku,
    },
    /// Negative or absurd.
    #[error("{sku}: the amount of the line is out of its limits")]
    Amount {
        /// SKU.
        sku: Sku,
    },
    /// Quantity and price of a line with a given amount cannot be changed: remove the line.
    #[error("basket line {line}: its amount was given and cannot be computed anew")]
    GivenAmount {
        /// Handle.
        line: u32,
    },
    /// Missing or too long.
    #[error("basket line {line}: reason must have 1 to 100 characters")]
    Reason {
        /// Handle.
        line: u32,
    },
    /// Negative or above 100 %.
    #[error("{}: discount must be between nothing and everything", .line.map_or_else(|| "bill".to_owned(), |no| format!("basket line {no}")))]
    Discount {
        /// Handle; none for the bill discount.
        line: Option<u32>,
    },
    /// More off than the line costs.
    #[error("basket line {line}: discount exceeds the price")]
    DiscountExceedsPrice {
        /// Handle.
        line: u32,
        /// What the line costs.
        most: Minor,
    },
    /// More off than the bill comes to.
    #[error("the bill discount exceeds the bill")]
    DiscountExceedsBill {
        /// What the lines come to.
        most: Minor,
    },
    /// Selling above the printed maximum retail price is an offence (Legal Metrology Rules 2011).
    #[error("basket line {line}: {sku} would sell above its maximum retail price")]
    AboveMrp {
        /// Handle.
        line: u32,
        /// SKU.
        sku: Sku,
        /// The maximum, tax included.
        mrp: Minor,
    },
    /// Two lines for one gift card.
    #[error("this gift card is in the basket already")]
    GiftCardTwice,
    /// Money is not sold below its value.
    #[error("basket line {line}: a gift card takes no discount")]
    GiftCardDiscount {
        /// Handle.
        line: u32,
    },
    /// Tax cannot be computed.
    #[error(transparent)]
    Tax(#[from] TaxError),
    /// The bill discount cannot be spread.
    #[error(transparent)]
    Allocate(#[from] AllocateError),
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl BasketError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "basket.empty",
            Self::TooManyLines => "basket.too_many_lines",
            Self::TooLarge => "basket.too_large",
            Self::UnknownLine { .. } => "basket.unknown_line",
            Self::Quantity { .. } => "basket.quantity",
            Self::Fraction { .. } => "basket.fraction",
            Self::NoPrice { .. } => "basket.no_price",
            Self::Price { .. } => "basket.price",
            Self::Amount { .. } => "basket.amount",
            Self::GivenAmount { .. } => "basket.given_amount",
            Self::Reason { .. } => "basket.reason",
            Self::Discount { .. } => "basket.discount",
            Self::DiscountExceedsPrice { .. } => "basket.discount_exceeds_price",
            Self::DiscountExceedsBill { .. } => "basket.discount_exceeds_bill",
            Self::AboveMrp { .. } => "basket.above_mrp",
            Self::GiftCardTwice => "basket.gift_card_twice",
            Self::GiftCardDiscount { .. } => "basket.gift_card_discount",
            Self::Tax(error) => error.code(),
            Self::Allocate(_) | Self::OutOfRange(_) => "amount.out_of_range",
        }
    }
}
