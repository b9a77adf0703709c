//! Document numbers: gapless series of at most 16 characters (CGST Rule 46(b)), and fiscal years.
//!
//! A series belongs to one incarnation of one till, one kind of document and one fiscal year. Its pattern is
//! `<till code>-<tag><kind><year>-<counter>`: `A1-AI26-000123` is invoice 123 of till A1, first incarnation, in
//! the fiscal year that began in 2026. The dash after the code and the single letter of the kind before the two digits
//! of the year let no two series write the same number.
//!
//! ```
//! use daybook_domain::document::DocumentKind;
//! use daybook_domain::ids::TillCode;
//! use daybook_domain::number::{FiscalYear, Series};
//! let year = FiscalYear::of("2026-11-22", 4).unwrap();
//! assert_eq!(year.label(), "26-27");
//! let till = TillCode::new("A1").unwrap();
//! let series = Series::new(&till, "A", DocumentKind::TaxInvoice, &year, false).unwrap();
//! assert_eq!(series.as_str(), "A1-AI26");
//! assert_eq!(series.number(123).unwrap(), "A1-AI26-000123");
//! ```

use crate::document::DocumentKind;
use crate::ids::TillCode;
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// Longest document number.
pub const NUMBER_MAX: usize = 16;

/// Digits of a counter, where code and tag leave room for so many.
pub const COUNTER_DIGITS: usize = 6;

/// Fewest digits that every series has room for.
pub const COUNTER_DIGITS_MIN: usize = 5;

/// Most characters that till code and tag have together.
pub const CODE_AND_TAG_MAX: usize = NUMBER_MAX - COUNTER_DIGITS_MIN - BETWEEN;

/// Two dashes, the kind, and two digits of the year.
const BETWEEN: usize = 5;

/// Everything but the counter of a document number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series(String);

/// Why there is no such series or number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The tag is empty or holds something else than capital letters and digits.
    #[error("series tag {0:?} must be capital letters and digits")]
    Tag(String),
    /// Code and tag leave too few digits for the counter.
    #[error(
        "till code {code} and series tag {tag} are too long together: they may have {CODE_AND_TAG_MAX} characters"
    )]
    TooLong {
        /// Till code.
        code: String,
        /// Tag.
        tag: String,
    },
    /// The counter is below 1 or its digits are used up.
    #[error("series {series} has no number {counter}")]
    Exhausted {
        /// The series.
        series: String,
        /// The counter.
        counter: i64,
    },
    /// No day, or no month.
    #[error("{field}: {found:?} is not valid")]
    Calendar {
        /// Which field.
        field: &'static str,
        /// What stood there.
        found: String,
    },
}

impl NumberError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tag(_) => "number.tag",
            Self::TooLong { .. } => "number.too_long",
            Self::Exhausted { .. } => "number.exhausted",
            Self::Calendar { .. } => "number.calendar",
        }
    }
}

impl Series {
    /// Makes a series and checks that it leaves room for at least five digits. Training has a series of its own.
    ///
    /// # Errors
    /// [`NumberError::Tag`] or [`NumberError::TooLong`].
    pub fn new(
        till: &TillCode,
        tag: &str,
        kind: DocumentKind,
        year: &FiscalYear,
        training: bool,
    ) -> Result<Self, NumberError> {
        check_tag(till, tag)?;
        let letter = if training { 'T' } else { kind_letter(kind) };
        Ok(Self(format!("{till}-{tag}{letter}{:02}", year.first.rem_euclid(100))))
    }

    /// The text that stands in [`Document::series`](crate::document::Document::series).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number for a counter that starts at 1.
    ///
    /// # Errors
    /// [`NumberError::Exhausted`] when the number would have more than 16 characters, or the counter is below 1.
    pub fn number(&self, counter: i64) -> Result<String, NumberError> {
        let room = NUMBER_MAX.saturating_sub(self.0.len() + 1);
        let number = format!("{}-{counter:0width$}", self.0, width = COUNTER_DIGITS.min(room));
        if counter < 1 || number.len() > NUMBER_MAX {
            return Err(NumberError::Exhausted { series: self.0.clone(), counter });
        }
        Ok(number)
    }

    /// The counter in one of this series' own numbers; nothing for any other text.
    #[must_use]
    pub fn counter(&self, number: &str) -> Option<i64> {
        let digits = number.strip_prefix(&self.0)?.strip_prefix('-')?;
        let counter = digits.parse().ok()?;
        (self.number(counter).ok()? == number).then_some(counter)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a till may use this tag: checked when an incarnation begins, before its first number.
///
/// # Errors
/// [`NumberError::Tag`] or [`NumberError::TooLong`].
pub fn check_tag(till: &TillCode, tag: &str) -> Result<(), NumberError> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if tag.is_empty() || !tag.bytes().all(allowed) {
        return Err(NumberError::Tag(tag.to_owned()));
    }
    if tag.len() > tag_max(till) {
        return Err(NumberError::TooLong { code: till.to_string(), tag: tag.to_owned() });
    }
    Ok(())
}

/// Longest tag that goes with this till code: 5 characters for a code of one, 2 for a code of four.
#[must_use]
pub fn tag_max(till: &TillCode) -> usize {
    CODE_AND_TAG_MAX - till.as_str().len()
}

fn kind_letter(kind: DocumentKind) -> char {
    match kind {
        DocumentKind::TaxInvoice => 'I',
        DocumentKind::BillOfSupply => 'B',
        DocumentKind::InvoiceCumBill => 'M',
        DocumentKind::Receipt => 'R',
        DocumentKind::CreditNote => 'C',
    }
}

/// A fiscal year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiscalYear {
    first: i32,
    start_month: u32,
}

impl FiscalYear {
    /// The fiscal year that a business day belongs to.
    ///
    /// # Errors
    /// [`NumberError::Calendar`] when the day is not `YYYY-MM-DD` or the month not 1 to 12.
    pub fn of(day: &str, start_month: u8) -> Result<Self, NumberError> {
        let bad = |field, found: &str| NumberError::Calendar {
            field,
            found: found.chars().take(20).collect(),
        };
        let date = crate::catalogue::day(day).ok_or_else(|| bad("day", day))?;
        if !(1..=12).contains(&start_month) {
            return Err(bad("fiscal_year_start_month", &start_month.to_string()));
        }
        Ok(Self::of_date(date, u32::from(start_month)))
    }

    fn of_date(date: NaiveDate, start_month: u32) -> Self {
        let first = if date.month() < start_month { date.year() - 1 } else { date.year() };
        Self { first, start_month }
    }

    /// `26-27`, or `26` where the fiscal year is the calendar year.
    #[must_use]
    pub fn label(&self) -> String {
        let short = |year: i32| year.rem_euclid(100);
        if self.start_month == 1 {
            format!("{:02}", short(self.first))
        } else {
            format!("{:02}-{:02}", short(self.first), short(self.first + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn till(code: &str) -> TillCode {
        TillCode::new(code).unwrap()
    }

    fn year() -> FiscalYear {
        FiscalYear::of("2026-11-22", 4).unwrap()
    }

    fn series(code: &str, tag: &str, kind: DocumentKind) -> Result<Series, NumberError> {
        Series::new(&till(code), tag, kind, &year(), false)
    }

    #[test]
    fn a_number_never_exceeds_sixteen_characters() {
        for (code, tag) in [("A", "ABCD"), ("A1", "ABC"), ("A12", "AB"), ("A123", "A")] {
            let series = series(code, tag, DocumentKind::CreditNote).unwrap();
            let number = series.number(999_999).unwrap();
            assert_eq!(number.len(), 16);
            assert!(
                number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(matches!(series.number(1_000_000), Err(NumberError::Exhausted { .. })));
        }
    }

    #[test]
    fn a_series_without_room_for_five_digits_is_refused_when_created() {
        assert!(matches!(
            series("A123", "ABC", DocumentKind::TaxInvoice),
            Err(NumberError::TooLong { .. })
        ));
        let tight = series("A123", "AB", DocumentKind::TaxInvoice).unwrap();
        assert_eq!(tight.number(1).unwrap(), "A123-ABI26-00001");
        assert_eq!(tight.counter("A123-ABI26-00001"), Some(1));
        assert_eq!(tight.number(99_999).unwrap().len(), NUMBER_MAX);
        assert!(matches!(tight.number(100_000), Err(NumberError::Exhausted { .. })));
        for tag in ["", "a", "A/", "Ä"] {
            let error = series("A1", tag, DocumentKind::TaxInvoice).unwrap_err();
            assert_eq!(error, NumberError::Tag(tag.into()));
        }
    }

    #[test]
    fn a_short_series_counts_beyond_six_digits() {
        let series = series("A1", "A", DocumentKind::TaxInvoice).unwrap();
        assert_eq!(series.number(12_345_678).unwrap(), "A1-AI26-12345678");
        assert!(series.number(123_456_789).is_err());
        assert!(series.number(0).is_err());
        assert!(series.number(-1).is_err());
    }

    #[test]
    fn no_two_series_write_the_same_number() {
        let kinds = [
            DocumentKind::TaxInvoice,
            DocumentKind::BillOfSupply,
            DocumentKind::InvoiceCumBill,
            DocumentKind::Receipt,
            DocumentKind::CreditNote,
        ];
        let mut seen = BTreeSet::new();
        for code in ["A", "A1", "A1A", "1", "I2", "26"] {
            for tag in ["A", "I", "C", "2", "26", "I2"] {
                for kind in kinds {
                    let series = series(code, tag, kind).unwrap();
                    assert!(seen.insert(series.number(260_001).unwrap()), "{series} repeats");
                }
                let training =
                    Series::new(&till(code), tag, DocumentKind::TaxInvoice, &year(), true).unwrap();
                assert!(seen.insert(training.number(260_001).unwrap()), "{training} repeats");
            }
        }
    }

    #[test]
    fn a_counter_reads_back_only_from_its_own_series() {
        let series = series("A1", "A", DocumentKind::TaxInvoice).unwrap();
        assert_eq!(series.counter("A1-AI26-000123"), Some(123));
        assert_eq!(series.counter("A1-AI26-123"), None);
        assert_eq!(series.counter("A1-AC26-000123"), None);
        assert_eq!(series.counter("A1-AI26-00012x"), None);
    }

    #[test]
    fn the_fiscal_year_follows_its_first_month() {
        let label = |day, month| FiscalYear::of(day, month).unwrap().label();
        assert_eq!(label("2026-03-31", 4), "25-26");
        assert_eq!(label("2026-04-01", 4), "26-27");
        assert_eq!(label("2099-12-31", 4), "99-00");
        assert_eq!(label("2026-12-31", 1), "26");
        assert!(FiscalYear::of("2026-02-30", 4).is_err());
        assert!(FiscalYear::of("2026-1-1", 4).is_err());
        assert!(FiscalYear::of("2026-01-01", 13).is_err());
    }
}
