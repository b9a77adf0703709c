//! Benchmarks: figures beside their floors, measured in the same run on the same machine.

pub mod commit;
pub mod day;
pub mod error;
pub mod figure;
pub mod fill;
pub mod ingest;
pub mod machine;
pub mod paper;
pub mod pattern;
pub mod postgres_rows;
pub mod pusher;
pub mod reconcile;
pub mod rows;
pub mod search;
pub mod shop;
pub mod till;
pub mod time;
pub mod window;
