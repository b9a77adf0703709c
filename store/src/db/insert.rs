//! Many rows of one table at once: a cached statement per row in SQLite, one statement of arrays in PostgreSQL.

use super::tx::Engine;
use super::{Arg, DbError, Row, Tx};
use postgres::types::Type;

/// A table and the columns to write, in the order of the values of each row.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns written.
    pub columns: &'static [&'static str],
    /// What follows the rows: empty, or `ON CONFLICT … DO UPDATE SET …`, then perhaps `RETURNING …`.
    pub then: &'static str,
}

impl Table {
    fn values_sql(&self) -> String {
        let slots: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({}) {}",
            self.name,
            self.columns.join(", "),
            slots.join(", "),
            self.then
        )
    }

    fn arrays_sql(&self, types: &[Type]) -> String {
        let slots = super::postgres::array_slots(types);
        // WHERE true: without it `ON CONFLICT` after a FROM is read as a join condition by some parsers.
        format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({}) WHERE true {}",
            self.name,
            self.columns.join(", "),
            slots,
            self.then
        )
    }
}

impl Tx<'_> {
    /// Inserts rows; each has a value for each column of `table`. Rows of one call must not conflict with each other.
    ///
    /// # Errors
    /// [`DbError`] of the engine; some of the rows may have been written, so the caller rolls back.
    pub fn insert(&mut self, table: &Table, rows: &[Vec<Arg<'_>>]) -> Result<(), DbError> {
        self.insert_returning(table, rows).map(|_| ())
    }

    /// Inserts rows and returns what `RETURNING` names, in any order.
    ///
    /// # Errors
    /// As [`Tx::insert`].
    pub fn insert_returning(
        &mut self,
        table: &Table,
        rows: &[Vec<Arg<'_>>],
    ) -> Result<Vec<Row>, DbError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        assert!(
            rows.iter().all(|row| row.len() == table.columns.len()),
            "a row of {} has a value for each column",
            table.name
        );
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => {
                super::sqlite::each(connection, &table.values_sql(), rows)
            }
            Engine::Postgres { tx, statements } => {
                statements.types_of(tx, table.name, table.columns).and_then(|types| {
                    let columns = super::postgres::transpose(rows, table.columns.len());
                    let sql = table.arrays_sql(&types);
                    super::postgres::query_arrays(tx, statements, &sql, &columns)
                })
            }
        };
        self.remember(result)
    }
}
