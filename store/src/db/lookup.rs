//! Rows of one table by many keys: a cached statement per key in SQLite, one statement of arrays in PostgreSQL.

use super::tx::Engine;
use super::{Arg, DbError, Row, Tx};
use postgres::types::Type;

/// A table, the columns whose values are given, and those that are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    /// Its name.
    pub table: &'static str,
    /// The columns of a key: the first ones of an index.
    pub by: &'static [&'static str],
    /// The columns read.
    pub columns: &'static [&'static str],
}

impl Lookup {
    fn values_sql(&self) -> String {
        let equal: Vec<String> =
            (1..).zip(self.by).map(|(slot, column)| format!("{column} = ${slot}")).collect();
        let columns = self.columns.join(", ");
        format!("SELECT {columns} FROM {} WHERE {}", self.table, equal.join(" AND "))
    }

    fn arrays_sql(&self, types: &[Type]) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|column| format!("t.{column}")).collect();
        let equal: Vec<String> =
            self.by.iter().map(|column| format!("t.{column} = k.{column}")).collect();
        format!(
            "SELECT {} FROM unnest({}) AS k ({}) JOIN {} t ON {}",
            columns.join(", "),
            super::postgres::array_slots(types),
            self.by.join(", "),
            self.table,
            equal.join(" AND ")
        )
    }
}

impl Tx<'_> {
    /// The rows of all keys, in any order; each key has a value for each column of `by`, and stands there once.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub fn find(&mut self, lookup: &Lookup, keys: &[Vec<Arg<'_>>]) -> Result<Vec<Row>, DbError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        assert!(
            keys.iter().all(|key| key.len() == lookup.by.len()),
            "a key of {} has a value for each column",
            lookup.table
        );
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => {
                super::sqlite::each(connection, &lookup.values_sql(), keys)
            }
            Engine::Postgres { tx, statements } => {
                statements.types_of(tx, lookup.table, lookup.by).and_then(|types| {
                    let columns = super::postgres::transpose(keys, lookup.by.len());
                    let sql = lookup.arrays_sql(&types);
                    super::postgres::query_arrays(tx, statements, &sql, &columns)
                })
            }
        };
        self.remember(result)
    }
}
