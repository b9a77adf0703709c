//! What the program is started with.

use clap::Parser;
use std::path::PathBuf;

/// The till.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "daybook",
    version,
    about = "A point of sale whose network may fail and whose books may not"
)]
pub struct Options {
    /// Data folder of the till; where the platform keeps a program's data without it.
    #[arg(long, env = "DAYBOOK_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}
