//! The online store server and the commands that look after it.

use std::process::ExitCode;

fn main() -> ExitCode {
    daybook_store::cli::main()
}
