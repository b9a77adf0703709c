//! The online store server: holds what every till did, answers what they may do next, and sells on the web from
//! the same stock.
//!
//! Every write is one use-case, a plain function over a [`db::Tx`], run by the one write [`gate`]. The same SQL
//! runs on SQLite and PostgreSQL.

pub mod clock;
pub mod db;
pub mod export;
pub mod gate;
pub mod import;
pub mod master;
pub mod stock;
pub mod tenant;
