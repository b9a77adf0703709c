//! Actors for the tests that cross crates: real processes, and a network that can really be cut; and the demo.

pub mod bench;
pub mod demo;
pub mod http;
pub mod printers;
pub mod process;
pub mod proxy;
pub mod window;
