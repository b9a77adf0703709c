//! Printing: what goes to paper waits in a queue of the ledger until a printer has taken it. A sale never waits for paper.
//!
//! A job is queued in the transaction of the fact that it shows, so that a power cut loses neither. Where nothing was sent
//! the job is tried again by itself; where something was, whether it is on paper is for a person to see.

mod deliver;
pub mod queue;
pub mod setup;
pub(crate) mod worker;

pub use deliver::{PrintFault, system_printers};
pub use queue::{Job, JobState, What};
pub use setup::{Connection, DrawerWiring, Paper, PrinterSetup};
