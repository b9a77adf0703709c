//! One newtype per id, so that two ids can never change places.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text that is no valid id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than the limit.
    #[error("{field} must have 1 to {max} characters")]
    Length {
        /// Which id was meant.
        field: &'static str,
        /// The limit in characters.
        max: usize,
    },
    /// A character that the id may not hold.
    #[error("{field} may not contain {found:?}")]
    Character {
        /// Which id was meant.
        field: &'static str,
        /// The first offending character.
        found: char,
    },
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

uuid_id! {
    /// One till: a selling point with its own ledger and money.
    TillId;
    /// One journal entry (UUIDv7).
    EntryId;
    /// One document: sale, invoice, credit note.
    DocumentId;
    /// One shift of one till.
    ShiftId;
    /// One basket while it is open or parked.
    BasketId;
    /// One web order.
    OrderId;
    /// One customer.
    CustomerId;
    /// One request that may be refused (lease, claim); a retry that may differ takes a new one.
    RequestId;
    /// One business on a store server.
    TenantId;
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident, $field:literal, $max:literal, $allowed:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Longest allowed text, in characters.
            pub const MAX: usize = $max;

            /// Checks and wraps a text.
            ///
            /// # Errors
            /// [`IdError`] names the field and what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if text.is_empty() || text.chars().count() > $max {
                    return Err(IdError::Length { field: $field, max: $max });
                }
                let allowed: fn(char) -> bool = $allowed;
                match text.chars().find(|c| !allowed(*c)) {
                    Some(found) => Err(IdError::Character { field: $field, found }),
                    None => Ok(Self(text)),
                }
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    )*};
}

text_id! {
    /// Stock keeping unit: the shop's own code of the smallest thing it sells and counts.
    Sku, "sku", 64, |c| !c.is_control() && !c.is_whitespace();
    /// A place that holds stock: shop or warehouse. Lower-case letters, digits, `-`.
    LocationId, "location", 32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    /// A person who signs in. Lower-case letters, digits, `-`, `.`.
    StaffId, "staff", 32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    /// The short code of a till that stands in its document numbers. Upper-case letters and digits.
    TillCode, "till code", 4, |c| c.is_ascii_uppercase() || c.is_ascii_digit();
}
