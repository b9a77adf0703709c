//! A CSV file with named columns, read line by line.

use super::fault::{Fault, Faults, Wrong};
use super::lines::LineCounter;
use daybook_domain::catalogue::is_hidden;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;

/// Most lines of a file.
const LINES_MAX: usize = 2_000_000;

/// Other names of columns.
const ALIASES: [(&str, &str); 1] = [("tax_id", "gstin")];

/// The columns of a file.
pub(super) struct Columns {
    /// Must be there; the first names what a line is about.
    pub(super) required: &'static [&'static str],
    /// May be there.
    pub(super) optional: &'static [&'static str],
}

/// What a line said, and where it stands.
pub(super) struct Line<T> {
    pub(super) no: u64,
    pub(super) value: T,
}

/// The good lines of a file, and what the others were about.
pub(super) struct Sheet<T> {
    pub(super) lines: Vec<Line<T>>,
    pub(super) refused: Refused,
}

impl<T> Default for Sheet<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), refused: Refused::default() }
    }
}

/// What was refused in a file: that it is unknown elsewhere is no fault of its own.
#[derive(Debug, Default)]
pub(super) struct Refused {
    keys: HashSet<String>,
    /// A line was about nobody knows what.
    unreadable: bool,
}

impl Refused {
    pub(super) fn excuses(&self, key: &str) -> bool {
        self.unreadable || self.keys.contains(key)
    }

    fn note(&mut self, key: Option<&str>) {
        match key {
            Some(key) => drop(self.keys.insert(key.to_owned())),
            None => self.unreadable = true,
        }
    }
}

/// Reads all lines. What is wrong goes to `faults`; the answer holds the good lines.
pub(super) fn read<T>(
    file: &str,
    bytes: &[u8],
    columns: &Columns,
    faults: &mut Faults,
    mut parse: impl FnMut(&Cells<'_>) -> Result<T, Wrong>,
) -> Sheet<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut numbers = LineCounter::new(bytes);
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes);
    let mut sheet = Sheet::default();
    let Some((places, width)) = places(file, &mut reader, &mut numbers, columns, faults) else {
        sheet.refused.unreadable = true;
        return sheet;
    };
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                sheet.refused.unreadable = true;
                faults.add(of_csv(file, &error, &mut numbers));
                continue;
            }
        };
        let no = record.position().map_or(0, |position| numbers.line_of(position.byte()));
        let cells = Cells { record: &record, places: &places };
        let parsed = if record.len() == width {
            parse(&cells)
        } else {
            let found = record.len();
            Err(Wrong::new("", format_args!("{found} fields where the header has {width}")))
        };
        match parsed {
            Ok(value) => sheet.lines.push(Line { no, value }),
            Err(wrong) => {
                sheet.refused.note(columns.required.first().and_then(|key| cells.opt(key)));
                faults.at(file, no, wrong);
            }
        }
        if sheet.lines.len() > LINES_MAX {
            let message = format!("a file may have {LINES_MAX} lines");
            faults.at(file, 0, Wrong { field: String::new(), message });
            break;
        }
    }
    sheet
}

/// Where each column stands, and how many fields a line has.
fn places(
    file: &str,
    reader: &mut csv::Reader<&[u8]>,
    numbers: &mut LineCounter<'_>,
    columns: &Columns,
    faults: &mut Faults,
) -> Option<(HashMap<&'static str, usize>, usize)> {
    let header = match reader.headers() {
        Ok(header) => header,
        Err(error) => {
            faults.add(of_csv(file, &error, numbers));
            return None;
        }
    };
    let no = numbers.line_of(0);
    let before = faults.count;
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let known = columns
            .required
            .iter()
            .chain(columns.optional)
            .find(|known| **known == name || ALIASES.contains(&(name, *known)));
        match known {
            None => faults.at(file, no, Wrong::new(name, "no such column")),
            Some(known) if places.insert(*known, place).is_some() => {
                faults.at(file, no, Wrong::new(name, "the column stands there twice"));
            }
            Some(_) => {}
        }
    }
    for missing in columns.required.iter().filter(|name| !places.contains_key(**name)) {
        faults.at(file, no, Wrong::new(missing, "the column is missing"));
    }
    (faults.count == before).then_some((places, header.len()))
}

fn of_csv(file: &str, error: &csv::Error, numbers: &mut LineCounter<'_>) -> Fault {
    let line = error.position().map_or(0, |position| numbers.line_of(position.byte()));
    let message = match error.kind() {
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

    /// A text of limited length without control characters and the like; empty where there is none.
    pub(super) fn limited(&self, field: &str, max: usize) -> Result<String, Wrong> {
        let text = self.opt(field).unwrap_or_default();
        if text.chars().count() > max {
            return Err(Wrong::new(field, format_args!("may have {max} characters")));
        }
        match text.chars().find(|c| is_hidden(*c)) {
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
