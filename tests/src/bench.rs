//! Benchmarks: figures beside their floors, measured in the same run on the same machine.

pub mod figure;
pub mod rows;
pub mod time;
