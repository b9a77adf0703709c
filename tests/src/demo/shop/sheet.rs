//! The CSV files of a shop, read as plainly as an owner's spreadsheet would.

use crate::demo::DemoError;
use std::collections::BTreeMap;
use std::path::Path;

/// One line by the names of its columns.
pub(super) type Row = BTreeMap<String, String>;

/// The lines of a file; none where there is no such file.
pub(super) fn table(path: &Path) -> Result<Vec<Row>, DemoError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let broken = |error: csv::Error| DemoError::Broken(format!("{}: {error}", path.display()));
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(broken)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(broken)
}

/// A cell; empty where there is no such column.
pub(super) fn cell<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

/// A decimal with at most `places` places, as an integer of that scale; anything else is 0 (the import checks it).
pub(super) fn scaled(text: &str, places: usize) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<places$}").parse().unwrap_or(0)
}

/// UTC milliseconds of a moment.
pub(super) fn moment(text: &str) -> Result<i64, DemoError> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_millis())
        .map_err(|error| DemoError::Broken(format!("{text}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_scale() {
        assert_eq!(scaled("300.500", 3), 300_500);
        assert_eq!(scaled("-0.5", 3), -500);
        assert_eq!(scaled("2.299", 6), 2_299_000);
        assert_eq!(scaled("12", 3), 12_000);
    }
}
