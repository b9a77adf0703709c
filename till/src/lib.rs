//! The whole till without a window: ledger, one write gate, acts, sync driver, printing.
//!
//! A window or the command line opens a [`ledger::Ledger`] and calls one function per act; each act is one
//! transaction of the write gate. Only [`clock`] reads clocks and only [`random`] draws randomness.

pub mod backup;
pub mod balances;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod customer;
pub mod desk;
pub mod error;
pub mod export;
pub mod feed;
pub mod goods;
pub mod history;
pub mod home;
pub mod import;
mod issue;
pub mod ledger;
mod lines;
pub mod orders;
pub mod paper;
pub mod printing;
pub mod random;
pub mod refund;
pub mod requests;
pub mod said;
pub mod sealed;
pub mod search;
pub mod sell;
pub mod shift;
pub mod staff;
pub mod stock;
pub mod sync_driver;
pub mod training;
pub mod wipe;

#[cfg(test)]
mod tests;
