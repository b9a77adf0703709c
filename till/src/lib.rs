//! The whole till without a window: ledger, one write gate, acts, sync driver, printing.
//!
//! A window or the command line opens a [`ledger::Ledger`] and calls one function per act; each act is one
//! transaction of the write gate. Only [`clock`] reads clocks and only [`random`] draws randomness.

pub mod catalogue;
pub mod clock;
pub mod error;
pub mod feed;
pub mod home;
pub mod ledger;
pub mod random;
pub mod search;
pub mod stock;
pub mod sync_driver;
