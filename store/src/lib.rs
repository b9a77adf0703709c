//! The online store server: holds what every till did, answers what they may do next, and sells on the web from
//! the same stock.
//!
//! Every write is one use-case, a plain function over a [`db::Tx`], run by the one write [`gate`]. The same SQL
//! runs on SQLite and PostgreSQL.

pub mod api;
pub mod api_keys;
pub mod apply;
pub mod backup;
pub mod balances;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod counter;
pub mod customers;
pub mod db;
pub mod documents;
pub mod door;
pub mod enrol;
pub mod exceptions;
pub mod exchange;
pub mod export;
pub mod forks;
pub mod gate;
pub mod import;
pub mod jobs;
pub mod keyring;
pub mod leases;
mod ledger;
pub mod log;
pub mod master;
pub mod open;
pub mod orders;
pub mod pins;
pub mod quarantine;
pub mod reconcile;
pub mod restore;
mod said;
pub mod stock;
pub mod tenant;
pub mod tills;
pub mod verify;
pub mod witness;
