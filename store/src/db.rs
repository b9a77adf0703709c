//! One thin synchronous transaction over SQLite and PostgreSQL: one SQL text with `$n` parameters for both.

mod arg;
mod error;
mod history;
mod insert;
mod lookup;
mod postgres;
mod row;
mod sqlite;
mod tx;

pub use arg::{Arg, Bind, storable};
pub use error::{DbError, Remedy};
pub use insert::Table;
pub use lookup::Lookup;
pub(crate) use postgres::CONNECTIONS_TRIED_MAX;
pub use postgres::PostgresPool;
pub use row::Row;
pub use sqlite::SqliteFile;
pub use tx::{Moment, Tx};

/// The parameters of a statement, in the order of `$1`, `$2`, …: `args![tenant, sku, quantity]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Bind::arg(&$value)),*]
    };
}
