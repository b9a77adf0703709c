//! People at a till: what a role may do, who must approve the rest, PINs and lock-out.

mod access;
mod pin;

pub use access::{Access, Action, ApprovalError, Limits, Person, access, approve};
pub use pin::{FAILURES_MAX, PIN_DIGITS, PinError, lock_ms, locked_for_ms, validate_pin};

#[cfg(test)]
mod tests;
