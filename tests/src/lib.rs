//! Actors for the tests that cross crates: real processes, and a network that can really be cut.

pub mod bench;
pub mod process;
pub mod proxy;
