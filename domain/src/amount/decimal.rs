//! Decimal text at the edge: read strictly, written without loss.

use super::{Currency, Minor, Quantity, RatePpm, UnitPrice};

/// A text that is no amount of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text:?} {fault}")]
pub struct DecimalError {
    /// Which field was read.
    pub field: &'static str,
    /// What stood there, cut to 40 characters.
    pub text: String,
    /// What is wrong with it.
    pub fault: DecimalFault,
}

/// What is wrong with a decimal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalFault {
    /// Anything but digits, one point and a leading minus.
    #[error("is not a decimal number such as 12.50")]
    NotANumber,
    /// More digits behind the point than the unit has.
    #[error("has more than {max} digits behind the point")]
    TooPrecise {
        /// How many there may be.
        max: u32,
    },
    /// Too large for the type.
    #[error("is out of range")]
    OutOfRange,
}

impl DecimalError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.fault {
            DecimalFault::NotANumber => "amount.not_a_number",
            DecimalFault::TooPrecise { .. } => "amount.too_precise",
            DecimalFault::OutOfRange => "amount.out_of_range",
        }
    }
}

impl Minor {
    /// Reads an amount in major units: `"12.50"` of INR is 1250; `"12.345"` is an error.
    ///
    /// # Errors
    /// [`DecimalError`] names the field and the fault.
    pub fn parse(
        field: &'static str,
        text: &str,
        currency: Currency,
    ) -> Result<Self, DecimalError> {
        read(field, text, currency.exponent()).map(Self)
    }

    /// Writes it in major units with all digits of the currency: `1250` of INR is `12.50`.
    #[must_use]
    pub fn to_decimal(&self, currency: Currency) -> String {
        write(self.0, currency.exponent())
    }
}

impl Quantity {
    /// Reads a quantity with up to three digits behind the point.
    ///
    /// # Errors
    /// [`DecimalError`] names the field and the fault.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, DecimalError> {
        read(field, text, 3).map(Self)
    }

    /// Writes it without trailing zeros: `2`, `0.25`.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        trimmed(&write(self.0, 3))
    }
}

impl UnitPrice {
    /// Reads a unit price in major units with up to six digits behind the point.
    ///
    /// # Errors
    /// [`DecimalError`] names the field and the fault.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, DecimalError> {
        read(field, text, Self::DIGITS).map(Self)
    }

    /// Writes it with at least the digits of the currency: `49.50`, `2.299`.
    #[must_use]
    pub fn to_decimal(&self, currency: Currency) -> String {
        let full = write(self.0, Self::DIGITS);
        let mut cut = Self::DIGITS - currency.exponent();
        let mut text = full.as_str();
        while cut > 0 && text.ends_with('0') {
            text = &text[..text.len() - 1];
            cut -= 1;
        }
        text.trim_end_matches('.').to_owned()
    }
}

impl RatePpm {
    /// Reads a rate in percent with up to four digits behind the point: `"18"`, `"0.25"`.
    ///
    /// # Errors
    /// [`DecimalError`] names the field and the fault.
    pub fn parse_percent(field: &'static str, text: &str) -> Result<Self, DecimalError> {
        read(field, text, 4).map(Self)
    }

    /// Writes it in percent without trailing zeros: `18`, `0.25`.
    #[must_use]
    pub fn to_percent(&self) -> String {
        trimmed(&write(self.0, 4))
    }
}

fn read(field: &'static str, text: &str, digits: u32) -> Result<i64, DecimalError> {
    parse_scaled(text, digits).map_err(|fault| DecimalError {
        field,
        text: text.chars().take(40).collect(),
        fault,
    })
}

fn parse_scaled(text: &str, digits: u32) -> Result<i64, DecimalFault> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(DecimalFault::NotANumber),
        None => (unsigned, ""),
    };
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) {
        return Err(DecimalFault::NotANumber);
    }
    let places = u32::try_from(fraction.len()).map_err(|_| DecimalFault::OutOfRange)?;
    let missing = digits.checked_sub(places).ok_or(DecimalFault::TooPrecise { max: digits })?;
    let sign = if negative { -1 } else { 1 };
    // Built with its sign, so that the smallest value can be read too.
    whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| i64::from(byte - b'0'))
        .chain(std::iter::repeat_n(0, usize::try_from(missing).unwrap_or(0)))
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(sign * digit))
        .ok_or(DecimalFault::OutOfRange)
}

fn write(value: i64, digits: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    if digits == 0 {
        return format!("{sign}{size}");
    }
    let scale = 10_u64.pow(digits);
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{sign}{}.{:0width$}", size / scale, size % scale)
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> DecimalFault {
        Minor::parse("price", text, Currency::INR).unwrap_err().fault
    }

    #[test]
    fn an_amount_never_has_more_digits_than_its_currency() {
        assert_eq!(fault("12.345"), DecimalFault::TooPrecise { max: 2 });
        assert_eq!(Minor::parse("price", "12.34", Currency::INR), Ok(Minor(1234)));
        let yen = Currency::try_from("JPY".to_owned()).unwrap();
        assert_eq!(Minor::parse("price", "12", yen), Ok(Minor(12)));
        assert!(Minor::parse("price", "12.0", yen).is_err());
        let dinar = Currency::try_from("KWD".to_owned()).unwrap();
        assert_eq!(Minor::parse("price", "12.345", dinar), Ok(Minor(12_345)));
        assert_eq!(Minor(12_345).to_decimal(dinar), "12.345");
    }

    #[test]
    fn the_error_names_the_field() {
        let error = Minor::parse("mrp", "12.345", Currency::INR).unwrap_err();
        assert_eq!(error.to_string(), "mrp: \"12.345\" has more than 2 digits behind the point");
        assert_eq!(error.code(), "amount.too_precise");
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in [
            "", "-", ".", ".5", "5.", "1,000", "1e5", " 1", "1 ", "+1", "0x10", "1.2.3", "--1",
            "१२",
        ] {
            assert_eq!(fault(text), DecimalFault::NotANumber, "{text:?}");
        }
        assert_eq!(fault("92233720368547758.08"), DecimalFault::OutOfRange);
        assert_eq!(fault("99999999999999999999999999"), DecimalFault::OutOfRange);
    }

    #[test]
    fn quantities_prices_and_rates_have_their_own_scale() {
        assert_eq!(Quantity::parse("quantity", "0.25"), Ok(Quantity(250)));
        assert_eq!(Quantity(250).to_decimal(), "0.25");
        assert_eq!(Quantity(2000).to_decimal(), "2");
        assert_eq!(UnitPrice::parse("price", "2.299"), Ok(UnitPrice(2_299_000)));
        assert_eq!(UnitPrice(2_299_000).to_decimal(Currency::USD), "2.299");
        assert_eq!(UnitPrice(49_500_000).to_decimal(Currency::INR), "49.50");
        let yen = Currency::try_from("JPY".to_owned()).unwrap();
        assert_eq!(UnitPrice(100_000_000).to_decimal(yen), "100");
        assert_eq!(RatePpm::parse_percent("rate", "0.25"), Ok(RatePpm(2500)));
        assert_eq!(RatePpm(180_000).to_percent(), "18");
    }

    #[test]
    fn price_times_quantity_is_rounded_once() {
        let fuel = UnitPrice(2_299_000);
        assert_eq!(fuel.times(Quantity(8725), Currency::USD), Ok(Minor(2006)));
        assert_eq!(fuel.times(Quantity(-8725), Currency::USD), Ok(Minor(-2006)));
        assert_eq!(UnitPrice(i64::MAX).times(Quantity(i64::MAX), Currency::USD).ok(), None);
        let price = UnitPrice::from_amount(Minor(500), Quantity(3000), Currency::USD);
        assert_eq!(price, Ok(UnitPrice(1_666_667)));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any::<i64>()) {
            let text = Minor(value).to_decimal(Currency::INR);
            prop_assert_eq!(Minor::parse("amount", &text, Currency::INR), Ok(Minor(value)));
            let text = Quantity(value).to_decimal();
            prop_assert_eq!(Quantity::parse("quantity", &text), Ok(Quantity(value)));
            let text = UnitPrice(value).to_decimal(Currency::USD);
            prop_assert_eq!(UnitPrice::parse("price", &text), Ok(UnitPrice(value)));
        }
    }
}
