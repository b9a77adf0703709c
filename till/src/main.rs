//! `daybook-till`: the till's command line, for operations and tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("DAYBOOK_LOG"))
        .with_writer(std::io::stderr)
        .init();
    daybook_till::cli::run()
}
