//! Scalars with their unit: amounts, quantities, rates, unit prices, currencies.
//!
//! ```
//! use daybook_domain::amount::{Currency, Minor, Quantity, UnitPrice};
//! let price = UnitPrice::parse("price", "49.50").unwrap();
//! let gross = price.times(Quantity::pieces(3).unwrap(), Currency::INR).unwrap();
//! assert_eq!(gross, Minor(14_850));
//! assert_eq!(gross.to_decimal(Currency::INR), "148.50");
//! assert_eq!(Minor(100).allocate(&[1, 1, 1]).unwrap(), [Minor(34), Minor(33), Minor(33)]);
//! ```

mod allocate;
mod decimal;

pub use allocate::AllocateError;
pub use decimal::{DecimalError, DecimalFault};

use crate::rounding::div_half_up;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in minor units (paise, cents) of the one currency of its document.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Minor(pub i64);

/// A quantity in thousandths of the unit of measure: one piece is 1000, 250 g of a kilogram 250.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Quantity(pub i64);

/// A rate in parts per million: 18 % is 180 000.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RatePpm(pub i64);

/// A price of one unit in millionths of the currency's major unit, finer than a minor unit: fuel at
/// 229.9 ¢ is 2 299 000; ₹49.50 is 49 500 000.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UnitPrice(pub i64);

impl UnitPrice {
    /// Decimal digits of a unit price.
    pub const DIGITS: u32 = 6;

    /// Price × quantity in minor units, rounded once.
    ///
    /// # Errors
    /// [`OutOfRange`] when the amount does not fit.
    pub fn times(self, quantity: Quantity, currency: Currency) -> Result<Minor, OutOfRange> {
        let exact = i128::from(self.0) * i128::from(quantity.0);
        let minor = i128::from(10_i64.pow(currency.exponent()));
        let exact = exact.checked_mul(minor).ok_or(OutOfRange)?;
        i64::try_from(div_half_up(exact, 1_000_000_000)).map(Minor).map_err(|_| OutOfRange)
    }

    /// The quantity that an amount buys at this price, to the nearest thousandth: what a price-embedded label
    /// weighs.
    ///
    /// # Errors
    /// [`OutOfRange`] when the quantity does not fit, or the price is not above zero.
    pub fn quantity_for(self, amount: Minor, currency: Currency) -> Result<Quantity, OutOfRange> {
        if self.0 <= 0 {
            return Err(OutOfRange);
        }
        let finer = i128::from(10_i64.pow(Self::DIGITS - currency.exponent()));
        let exact = i128::from(amount.0) * finer * i128::from(Quantity::WHOLE);
        i64::try_from(div_half_up(exact, i128::from(self.0))).map(Quantity).map_err(|_| OutOfRange)
    }

    /// The unit price that an amount for a quantity comes to, for display; zero for a quantity of zero.
    ///
    /// # Errors
    /// [`OutOfRange`] when the price does not fit.
    pub fn from_amount(
        amount: Minor,
        quantity: Quantity,
        currency: Currency,
    ) -> Result<Self, OutOfRange> {
        if quantity.is_zero() {
            return Ok(Self(0));
        }
        let finer = i128::from(10_i64.pow(Self::DIGITS - currency.exponent()));
        let exact = i128::from(amount.0) * finer * 1000 * i128::from(quantity.0.signum());
        let price = div_half_up(exact, i128::from(quantity.0).abs());
        i64::try_from(price).map(Self).map_err(|_| OutOfRange)
    }
}

impl Quantity {
    /// Thousandths in a whole.
    pub const WHOLE: i64 = 1000;

    /// So many whole pieces.
    ///
    /// # Errors
    /// [`OutOfRange`] when it does not fit.
    pub fn pieces(count: i64) -> Result<Self, OutOfRange> {
        count.checked_mul(Self::WHOLE).map(Self).ok_or(OutOfRange)
    }

    /// Whether it is a whole number of units.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0 % Self::WHOLE == 0
    }
}

/// A sum left the range that its type or its named limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is out of range")]
pub struct OutOfRange;

macro_rules! checked_sums {
    ($($name:ident)*) => {$(
        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// Adds.
            ///
            /// # Errors
            /// [`OutOfRange`] when the sum does not fit.
            pub fn checked_add(self, other: Self) -> Result<Self, OutOfRange> {
                self.0.checked_add(other.0).map(Self).ok_or(OutOfRange)
            }

            /// Subtracts.
            ///
            /// # Errors
            /// [`OutOfRange`] when the difference does not fit.
            pub fn checked_sub(self, other: Self) -> Result<Self, OutOfRange> {
                self.0.checked_sub(other.0).map(Self).ok_or(OutOfRange)
            }

            /// The same with the other sign.
            ///
            /// # Errors
            /// [`OutOfRange`] for the one value that has no counterpart.
            pub fn checked_neg(self) -> Result<Self, OutOfRange> {
                self.0.checked_neg().map(Self).ok_or(OutOfRange)
            }

            /// Sums up.
            ///
            /// # Errors
            /// [`OutOfRange`] when the sum does not fit.
            pub fn total(items: impl IntoIterator<Item = Self>) -> Result<Self, OutOfRange> {
                items.into_iter().try_fold(Self::ZERO, Self::checked_add)
            }

            /// Whether it is zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0 == 0
            }
        }
    )*};
}

checked_sums! { Minor Quantity }

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("currency must be three capital letters (ISO 4217), not {0:?}")]
pub struct NoCurrency(pub String);

impl Currency {
    /// Indian rupee.
    pub const INR: Self = Self(*b"INR");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// The code, three capital letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // Only letters get in, see `TryFrom`.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Its number (ISO 4217), for the currencies whose notes this program knows.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        match &self.0 {
            b"AED" => Some(784),
            b"EUR" => Some(978),
            b"GBP" => Some(826),
            b"INR" => Some(356),
            b"SAR" => Some(682),
            b"USD" => Some(840),
            _ => None,
        }
    }

    /// Whether it is a currency in use (ISO 4217, 2026), so that its minor unit is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        KNOWN.split(' ').any(|code| code == self.code())
    }

    /// Whether ten of its major unit are less than the smallest change of daily life.
    #[must_use]
    pub fn has_small_unit(&self) -> bool {
        SMALL.split(' ').any(|code| code == self.code())
    }

    /// Decimal digits of the minor unit (ISO 4217): 2 for most, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

/// Currencies in use.
const KNOWN: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD \
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR \
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS \
    VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";
/// Of those, the ones with a small major unit.
const SMALL: &str = "BIF CDF CLP COP DJF GNF IDR IQD IRR KHR KMF KRW LAK LBP MGA MMK MNT MWK NGN PYG RWF SOS SYP TZS UGX UZS \
    VND XAF XOF YER";

impl TryFrom<String> for Currency {
    type Error = NoCurrency;
    fn try_from(text: String) -> Result<Self, NoCurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(NoCurrency(text)),
        }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Unit of measure of a quantity.
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uom {
    /// Pieces.
    #[default]
    Each,
    /// Kilograms.
    Kg,
    /// Litres.
    Litre,
    /// Metres.
    Metre,
    /// US gallons.
    Gallon,
}
