//! A CSV file with named columns, read line by line.

use super::fault::{Fault, Faults, Wrong};
use std::collections::HashMap;
use std::fmt::Display;

/// Most lines of a file.
const LINES_MAX: usize = 2_000_000;

/// The columns of a file.
pub(super) struct Columns {
    /// Must be there.
    pub(super) required: &'static [&'static str],
    /// May be there.
    pub(super) optional: &'static [&'static str],
}

/// What a line said, and where it stands.
pub(super) struct Line<T> {
    pub(super) no: u64,
    pub(super) value: T,
}

/// Reads all lines. What is wrong goes to `faults`; the answer holds the good lines.
pub(super) fn read<T>(
    file: &str,
    bytes: &[u8],
    columns: &Columns,
    faults: &mut Faults,
    mut parse: impl FnMut(&Cells<'_>) -> Result<T, Wrong>,
) -> Vec<Line<T>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let Some(places) = places(file, &mut reader, columns, faults) else { return Vec::new() };
    let mut lines = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let no = record.position().map_or(0, csv::Position::line);
                match parse(&Cells { record: &record, places: &places }) {
                    Ok(value) => lines.push(Line { no, value }),
                    Err(wrong) => faults.at(file, no, wrong),
                }
            }
            Err(error) => faults.add(of_csv(file, &error)),
        }
        if lines.len() > LINES_MAX {
            let message = format!("a file may have {LINES_MAX} lines");
            faults.at(file, 0, Wrong { field: String::new(), message });
            break;
        }
    }
    lines
}

fn places(
    file: &str,
    reader: &mut csv::Reader<&[u8]>,
    columns: &Columns,
    faults: &mut Faults,
) -> Option<HashMap<&'static str, usize>> {
    let header = match reader.headers() {
        Ok(header) => header,
        Err(error) => {
            faults.add(of_csv(file, &error));
            return None;
        }
    };
    let before = faults.count;
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let known = columns.required.iter().chain(columns.optional).find(|known| **known == name);
        match known {
            None => faults.at(file, 1, Wrong::new(name, "no such column")),
            Some(known) if places.insert(*known, place).is_some() => {
                faults.at(file, 1, Wrong::new(name, "the column stands there twice"));
            }
            Some(_) => {}
        }
    }
    for missing in columns.required.iter().filter(|name| !places.contains_key(**name)) {
        faults.at(file, 1, Wrong::new(missing, "the column is missing"));
    }
    (faults.count == before).then_some(places)
}

fn of_csv(file: &str, error: &csv::Error) -> Fault {
    let line = error.position().map_or(0, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    Fault { file: file.to_owned(), line, field: String::new(), message }
}

/// The fields of a line by name. An empty field is none.
pub(super) struct Cells<'a> {
    record: &'a csv::StringRecord,
    places: &'a HashMap<&'static str, usize>,
}

impl Cells<'_> {
    /// The text of a field, if it has one.
    pub(super) fn opt(&self, field: &str) -> Option<&str> {
        let place = self.places.get(field)?;
        self.record.get(*place).filter(|text| !text.is_empty())
    }

    /// The text of a field that may not be empty.
    pub(super) fn text(&self, field: &str) -> Result<&str, Wrong> {
        self.opt(field).ok_or_else(|| Wrong::new(field, "must not be empty"))
    }

    /// A field that may not be empty, read by `parse`.
    pub(super) fn parse<T, E: Display>(
        &self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Wrong> {
        parse(self.text(field)?).map_err(|error| Wrong::new(field, plain(field, &error)))
    }

    /// A field that may be empty, read by `parse`.
    pub(super) fn opt_parse<T, E: Display>(
        &self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Wrong> {
        let read = self.opt(field).map(parse).transpose();
        read.map_err(|error| Wrong::new(field, plain(field, &error)))
    }

    /// `true` or `false`; empty is `otherwise`.
    pub(super) fn flag(&self, field: &str, otherwise: bool) -> Result<bool, Wrong> {
        match self.opt(field) {
            None => Ok(otherwise),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(Wrong::new(field, format_args!("{other:?} is not true or false"))),
        }
    }

    /// A text of limited length without control characters; empty where there is none.
    pub(super) fn limited(&self, field: &str, max: usize) -> Result<String, Wrong> {
        let text = self.opt(field).unwrap_or_default();
        if text.chars().count() > max {
            return Err(Wrong::new(field, format_args!("may have {max} characters")));
        }
        match text.chars().find(|c| c.is_control()) {
            Some(found) => Err(Wrong::new(field, format_args!("may not contain {found:?}"))),
            None => Ok(text.to_owned()),
        }
    }
}

/// Many errors of the domain name their field themselves; here it stands before the message already.
fn plain(field: &str, error: &impl Display) -> String {
    let message = error.to_string();
    let named = message.strip_prefix(field).and_then(|rest| rest.strip_prefix(": "));
    named.map_or(message.clone(), str::to_owned)
}

/// Reads a word of a fixed list.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("{:?} is none of {}", text.chars().take(40).collect::<String>(), known.join(", "))
    })
}
