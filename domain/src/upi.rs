//! UPI payment links for the QR code of an unpaid document (NPCI UPI Linking Specifications 1.6).
//!
//! A plain link gives no confirmation: the credit must be seen elsewhere before the tender is recorded.
//!
//! ```
//! use daybook_domain::amount::Minor;
//! use daybook_domain::upi::PayLink;
//! let link = PayLink { vpa: "shop@upi", payee: "My Shop", amount: Minor(11_800), reference: "INV26000123" };
//! assert_eq!(
//!     link.to_uri().unwrap(),
//!     "upi://pay?pa=shop@upi&pn=My%20Shop&am=118.00&cu=INR&tr=INV26000123"
//! );
//! ```

use crate::amount::{Currency, Minor};
use std::fmt::Write;

/// Longest transaction reference.
pub const REFERENCE_MAX: usize = 35;

/// What a payment link asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayLink<'a> {
    /// UPI address (VPA) of the shop.
    pub vpa: &'a str,
    /// Name that the payer sees.
    pub payee: &'a str,
    /// Rupees, in paise; above zero.
    pub amount: Minor,
    /// Document number; characters that payment apps stumble over are dropped.
    pub reference: &'a str,
}

/// Why no link can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpiError {
    /// No UPI address.
    #[error("the UPI address must look like name@bank")]
    Vpa,
    /// No name.
    #[error("the payee's name is empty")]
    Payee,
    /// Nothing to pay.
    #[error("a UPI payment must be above zero")]
    Amount,
    /// Empty or too long once cleaned.
    #[error("the reference must have 1 to 35 letters, digits, - or _")]
    Reference,
}

impl UpiError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Vpa => "upi.vpa",
            Self::Payee => "upi.payee",
            Self::Amount => "upi.amount",
            Self::Reference => "upi.reference",
        }
    }
}

impl PayLink<'_> {
    /// The link.
    ///
    /// # Errors
    /// [`UpiError`] names the field that does not fit.
    pub fn to_uri(&self) -> Result<String, UpiError> {
        check_vpa(self.vpa)?;
        if self.payee.trim().is_empty() {
            return Err(UpiError::Payee);
        }
        if self.amount.0 <= 0 {
            return Err(UpiError::Amount);
        }
        let reference = clean(self.reference);
        if reference.is_empty() || reference.len() > REFERENCE_MAX {
            return Err(UpiError::Reference);
        }
        let payee = percent_encoded(self.payee.trim());
        let amount = self.amount.to_decimal(Currency::INR);
        Ok(format!("upi://pay?pa={}&pn={payee}&am={amount}&cu=INR&tr={reference}", self.vpa))
    }
}

/// Checks a UPI address: `name@bank`, letters, digits, `.`, `-`, `_`.
///
/// # Errors
/// [`UpiError::Vpa`].
pub fn check_vpa(vpa: &str) -> Result<(), UpiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let part = |text: &str| !text.is_empty() && text.len() <= 256 && text.chars().all(allowed);
    match vpa.split_once('@') {
        Some((name, bank)) if part(name) && part(bank) => Ok(()),
        _ => Err(UpiError::Vpa),
    }
}

fn clean(reference: &str) -> String {
    reference.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// `%20`, never `+`: several payment apps show the plus.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link<'a>(vpa: &'a str, payee: &'a str, amount: i64, reference: &'a str) -> PayLink<'a> {
        PayLink { vpa, payee, amount: Minor(amount), reference }
    }

    #[test]
    fn the_link_is_the_one_of_the_specification() {
        let uri = link("shop@upi", "My Shop", 11_800, "INV26000123").to_uri().unwrap();
        assert_eq!(uri, "upi://pay?pa=shop@upi&pn=My%20Shop&am=118.00&cu=INR&tr=INV26000123");
        assert_eq!(uri.len(), 66);
    }

    #[test]
    fn names_are_encoded_and_references_cleaned() {
        let uri = link("a.b-1@ok", "Café & दुकान+", 5, "S1/26-27/1?").to_uri().unwrap();
        assert!(uri.starts_with("upi://pay?pa=a.b-1@ok&pn=Caf%C3%A9%20%26%20%E0%A4%A6"), "{uri}");
        assert!(uri.ends_with("%2B&am=0.05&cu=INR&tr=S126-271"), "{uri}");
    }

    #[test]
    fn what_cannot_be_paid_gets_no_link() {
        for vpa in ["", "shop", "@upi", "shop@", "a b@upi", "a@b@c", "a&am=1@upi"] {
            assert_eq!(link(vpa, "Shop", 1, "A").to_uri(), Err(UpiError::Vpa), "{vpa}");
        }
        assert_eq!(link("a@b", " ", 1, "A").to_uri(), Err(UpiError::Payee));
        assert_eq!(link("a@b", "Shop", 0, "A").to_uri(), Err(UpiError::Amount));
        assert_eq!(link("a@b", "Shop", 1, "//").to_uri(), Err(UpiError::Reference));
        assert_eq!(link("a@b", "Shop", 1, &"9".repeat(36)).to_uri(), Err(UpiError::Reference));
    }
}
