//! What was sold and given back here: listed, looked at, with the journal entry behind it.

use crate::error::TillError;
use crate::ledger::query::{self, StoredDocument};
use daybook_domain::ids::CustomerId;
use rusqlite::{Connection, params};

/// Documents of one page.
pub const PAGE: u32 = 50;

/// Which documents to list; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the printed number.
    pub number: Option<String>,
    /// Issued at this moment or later, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Issued before this moment, UTC milliseconds.
    pub until_ms: Option<i64>,
    /// What was due, in minor units, at least.
    pub least_minor: Option<i64>,
    /// What was due, in minor units, at most.
    pub most_minor: Option<i64>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
}

/// Documents of this till that fit, the latest first, at most [`PAGE`]; those after a page begin before the position of its
/// last.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn list(
    conn: &Connection,
    filter: &Filter,
    before: Option<i64>,
) -> Result<Vec<StoredDocument>, TillError> {
    // An id is nowhere in an entry but where it is meant: sixteen random bytes.
    let mut statement = conn.prepare_cached(
        "SELECT document.pos FROM document JOIN entry ON entry.pos = document.pos
         WHERE (?1 IS NULL OR document.pos < ?1) AND (?2 IS NULL OR instr(number, ?2) > 0)
           AND (?3 IS NULL OR issued_at_ms >= ?3) AND (?4 IS NULL OR issued_at_ms < ?4)
           AND (?5 IS NULL OR payable_minor >= ?5) AND (?6 IS NULL OR payable_minor <= ?6)
           AND (?7 IS NULL OR instr(entry.bytes, CAST(?7 AS BLOB)) > 0)
         ORDER BY document.pos DESC LIMIT ?8",
    )?;
    let number = filter.number.as_ref().map(|number| number.trim().to_uppercase());
    let customer = filter.customer.map(|customer| customer.to_string());
    let found = statement.query_map(
        params![
            before,
            number,
            filter.from_ms,
            filter.until_ms,
            filter.least_minor,
            filter.most_minor,
            customer,
            PAGE
        ],
        |row| row.get(0),
    )?;
    let positions = found.collect::<Result<Vec<i64>, _>>()?;
    positions.into_iter().map(|pos| query::document_at(conn, pos)).collect()
}
