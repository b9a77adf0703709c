//! An amount in English words, as invoices show it.
//!
//! ```
//! use daybook_domain::amount::{Currency, Minor};
//! use daybook_domain::words::amount_in_words;
//! assert_eq!(
//!     amount_in_words(Minor(240_764), Currency::INR),
//!     "Rupees Two Thousand Four Hundred Seven and Sixty-Four Paise Only"
//! );
//! ```

use crate::amount::{Currency, Minor};
use crate::format::Grouping;

const SMALL: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const TENS: [&str; 10] =
    ["", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];

const INDIAN: [(u64, &str); 4] =
    [(10_000_000, "Crore"), (100_000, "Lakh"), (1000, "Thousand"), (100, "Hundred")];
const INTERNATIONAL: [(u64, &str); 7] = [
    (1_000_000_000_000_000_000, "Quintillion"),
    (1_000_000_000_000_000, "Quadrillion"),
    (1_000_000_000_000, "Trillion"),
    (1_000_000_000, "Billion"),
    (1_000_000, "Million"),
    (1000, "Thousand"),
    (100, "Hundred"),
];

/// The amount in words, in the counting system that goes with the currency.
#[must_use]
pub fn amount_in_words(amount: Minor, currency: Currency) -> String {
    let scale = 10_u64.pow(currency.exponent());
    let size = amount.0.unsigned_abs();
    let (major, minor) = (size / scale, size % scale);
    let names = names(currency, major, minor);
    let sign = if amount.0 < 0 { "Minus " } else { "" };
    let grouping = Grouping::of(currency);
    let major = number_in_words(major, grouping);
    if minor == 0 {
        return format!("{sign}{} {major} Only", names.0);
    }
    let minor = number_in_words(minor, grouping);
    format!("{sign}{} {major} and {minor} {} Only", names.0, names.1)
}

/// A whole number in words.
///
/// ```
/// use daybook_domain::format::Grouping;
/// use daybook_domain::words::number_in_words;
/// assert_eq!(number_in_words(118_000, Grouping::Indian), "One Lakh Eighteen Thousand");
/// ```
#[must_use]
pub fn number_in_words(number: u64, grouping: Grouping) -> String {
    let mut words = Vec::new();
    spell(number, grouping, &mut words);
    if words.is_empty() { SMALL[0].to_owned() } else { words.join(" ") }
}

fn spell(number: u64, grouping: Grouping, words: &mut Vec<String>) {
    let steps: &[(u64, &str)] = match grouping {
        Grouping::Indian => &INDIAN,
        Grouping::International => &INTERNATIONAL,
    };
    if let Some((size, name)) = steps.iter().find(|(size, _)| number >= *size) {
        // A crore of crores is spelled by the same rule: "One Lakh Crore".
        spell(number / size, grouping, words);
        words.push((*name).to_owned());
        spell(number % size, grouping, words);
    } else if number > 0 {
        words.push(below_hundred(number));
    }
}

fn below_hundred(number: u64) -> String {
    let index = usize::try_from(number).unwrap_or(0);
    match (SMALL.get(index), index % 10) {
        (Some(word), _) => (*word).to_owned(),
        (None, 0) => TENS[index / 10].to_owned(),
        (None, unit) => format!("{}-{}", TENS[index / 10], SMALL[unit]),
    }
}

/// Names of major and minor unit; a currency without names here is written by its code and "Minor Units".
/// Dollars of different countries are told apart, since the words stand without the sign.
fn names(currency: Currency, major: u64, minor: u64) -> (String, &'static str) {
    let (majors, minors) = match currency.code() {
        "INR" => (["Rupee", "Rupees"], ["Paisa", "Paise"]),
        "NPR" => (["Nepalese Rupee", "Nepalese Rupees"], ["Paisa", "Paise"]),
        "LKR" => (["Sri Lankan Rupee", "Sri Lankan Rupees"], ["Cent", "Cents"]),
        "BDT" => (["Taka", "Taka"], ["Poisha", "Poisha"]),
        "USD" => (["Dollar", "Dollars"], ["Cent", "Cents"]),
        "AUD" => (["Australian Dollar", "Australian Dollars"], ["Cent", "Cents"]),
        "CAD" => (["Canadian Dollar", "Canadian Dollars"], ["Cent", "Cents"]),
        "NZD" => (["New Zealand Dollar", "New Zealand Dollars"], ["Cent", "Cents"]),
        "SGD" => (["Singapore Dollar", "Singapore Dollars"], ["Cent", "Cents"]),
        "EUR" => (["Euro", "Euros"], ["Cent", "Cents"]),
        "GBP" => (["Pound", "Pounds"], ["Penny", "Pence"]),
        "CHF" => (["Swiss Franc", "Swiss Francs"], ["Centime", "Centimes"]),
        "JPY" => (["Yen", "Yen"], ["Sen", "Sen"]),
        "AED" => (["Dirham", "Dirhams"], ["Fils", "Fils"]),
        "SAR" => (["Riyal", "Riyals"], ["Halala", "Halalas"]),
        "QAR" => (["Qatari Riyal", "Qatari Riyals"], ["Dirham", "Dirhams"]),
        "KWD" => (["Kuwaiti Dinar", "Kuwaiti Dinars"], ["Fils", "Fils"]),
        "BHD" => (["Bahraini Dinar", "Bahraini Dinars"], ["Fils", "Fils"]),
        "JOD" => (["Jordanian Dinar", "Jordanian Dinars"], ["Fils", "Fils"]),
        "IQD" => (["Iraqi Dinar", "Iraqi Dinars"], ["Fils", "Fils"]),
        "OMR" => (["Omani Rial", "Omani Rials"], ["Baisa", "Baisa"]),
        "TND" => (["Tunisian Dinar", "Tunisian Dinars"], ["Millime", "Millimes"]),
        "LYD" => (["Libyan Dinar", "Libyan Dinars"], ["Dirham", "Dirhams"]),
        code => ([code, code], ["Minor Unit", "Minor Units"]),
    };
    (majors[usize::from(major != 1)].to_owned(), minors[usize::from(minor != 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rupees(minor: i64) -> String {
        amount_in_words(Minor(minor), Currency::INR)
    }

    fn words(currency: &str, minor: i64) -> String {
        amount_in_words(Minor(minor), Currency::try_from(currency.to_owned()).unwrap())
    }

    #[test]
    fn rupees_count_in_lakh_and_crore() {
        assert_eq!(rupees(0), "Rupees Zero Only");
        assert_eq!(rupees(1), "Rupees Zero and One Paisa Only");
        assert_eq!(rupees(100), "Rupee One Only");
        assert_eq!(rupees(11_800_000), "Rupees One Lakh Eighteen Thousand Only");
        assert_eq!(
            rupees(1_234_567_890),
            "Rupees One Crore Twenty-Three Lakh Forty-Five Thousand Six Hundred Seventy-Eight \
             and Ninety Paise Only"
        );
        assert_eq!(rupees(100_000_000_000_000), "Rupees One Lakh Crore Only");
        assert_eq!(rupees(-5_000), "Minus Rupees Fifty Only");
    }

    #[test]
    fn other_currencies_count_in_millions() {
        assert_eq!(
            amount_in_words(Minor(123_456_701), Currency::USD),
            "Dollars One Million Two Hundred Thirty-Four Thousand Five Hundred Sixty-Seven \
             and One Cent Only"
        );
        assert_eq!(amount_in_words(Minor(101), Currency::GBP), "Pound One and One Penny Only");
        assert_eq!(words("KWD", 1500), "Kuwaiti Dinar One and Five Hundred Fils Only");
    }

    #[test]
    fn a_thousandth_has_its_name() {
        for (code, expected) in [
            ("KWD", "Kuwaiti Dinars Two and One Fils Only"),
            ("BHD", "Bahraini Dinars Two and One Fils Only"),
            ("JOD", "Jordanian Dinars Two and One Fils Only"),
            ("IQD", "Iraqi Dinars Two and One Fils Only"),
            ("OMR", "Omani Rials Two and One Baisa Only"),
            ("TND", "Tunisian Dinars Two and One Millime Only"),
            ("LYD", "Libyan Dinars Two and One Dirham Only"),
        ] {
            assert_eq!(words(code, 2_001), expected);
        }
        assert_eq!(words("TND", 1_350), "Tunisian Dinar One and Three Hundred Fifty Millimes Only");
    }

    #[test]
    fn a_currency_without_decimals_has_no_minor_unit() {
        assert_eq!(words("JPY", 11_223), "Yen Eleven Thousand Two Hundred Twenty-Three Only");
        assert_eq!(words("JPY", 1), "Yen One Only");
    }

    #[test]
    fn a_currency_without_names_is_written_by_its_code() {
        assert_eq!(words("SEK", 150), "SEK One and Fifty Minor Units Only");
    }

    #[test]
    fn every_number_below_a_hundred_has_its_own_words() {
        let words: std::collections::BTreeSet<String> =
            (0..100).map(|number| number_in_words(number, Grouping::Indian)).collect();
        assert_eq!(words.len(), 100);
        assert_eq!(number_in_words(40, Grouping::International), "Forty");
        assert_eq!(number_in_words(u64::MAX, Grouping::International).split(' ').count(), 23);
    }
}
