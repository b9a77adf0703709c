//! Looking up what holds on a day.

use chrono::NaiveDate;

/// Reads a business day; nothing for any other text than `YYYY-MM-DD`.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    if text.len() != 10 {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}
