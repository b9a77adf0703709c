//! What is wrong with the files, down to line and field.

use std::fmt;

/// Faults told in full; more are counted.
pub const FAULTS_MAX: usize = 50;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File.
    pub file: String,
    /// Line in the file, from 1; 0 when it concerns the whole file.
    pub line: u64,
    /// Column; empty when it concerns the whole line.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, ":{}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All faults of an import, in the order of the files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first [`FAULTS_MAX`].
    pub first: Vec<Fault>,
    /// How many there are in all.
    pub count: usize,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(fault);
        }
    }

    pub(super) fn at(&mut self, file: &str, line: u64, wrong: Wrong) {
        let Wrong { field, message } = wrong;
        self.add(Fault { file: file.to_owned(), line, field, message });
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.first {
            writeln!(f, "{fault}")?;
        }
        let more = self.count - self.first.len();
        if more > 0 {
            writeln!(f, "and {more} more")?;
        }
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} fault{plural}: nothing was imported", self.count)
    }
}

/// What is wrong with one field of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: String,
    pub(super) message: String,
}

impl Wrong {
    pub(super) fn new(field: &str, message: impl fmt::Display) -> Self {
        Self { field: field.to_owned(), message: message.to_string() }
    }
}
