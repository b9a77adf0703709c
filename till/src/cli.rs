//! The command line: arguments in, JSON lines or words out, exit codes that mean something.

mod args;
mod balance;
mod journal;
pub(crate) mod look;
mod moves;
mod orders;
mod output;
mod sales;
mod session;

use crate::clock;
use crate::error::TillError;
use args::{Arguments, Command, JournalCommand};
use clap::Parser;
use output::Output;
use std::process::ExitCode;

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            let _printed = error.print();
            return ExitCode::from(if usage { 2 } else { 0 });
        }
    };
    let output = Output::new(arguments.json);
    match dispatch(&arguments, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

fn dispatch(arguments: &Arguments, output: &Output) -> Result<(), TillError> {
    let now = clock::now();
    match &arguments.command {
        Command::Enrol(enrol) => moves::enrol(arguments, enrol, output),
        Command::Status => look::status(arguments, output),
        Command::Sell(sell) => sales::sell(arguments, sell, output),
        Command::Refund(refund) => sales::refund(arguments, refund, output),
        Command::Exchange(exchange) => sales::exchange(arguments, exchange, output),
        Command::Void(void) => sales::void(arguments, void, output),
        Command::Shift(shift) => moves::shift(arguments, shift, output),
        Command::Cash(cash) => moves::cash(arguments, cash, output),
        Command::Stock(stock) => moves::stock(arguments, stock, output),
        Command::Park(park) => sales::park(arguments, park, output),
        Command::Recall(recall) => sales::recall(arguments, recall, output),
        Command::Abort(abort) => sales::abort(arguments, abort, output),
        Command::Sync(sync) => moves::sync(arguments, sync, output),
        Command::Search(search) => look::search(arguments, search, output),
        Command::Barcode(barcode) => look::barcode(arguments, barcode, output),
        Command::Invoice(invoice) => sales::invoice(arguments, invoice, output),
        Command::Statement => moves::statement(arguments, output),
        Command::Order(order) => orders::order(arguments, order, output),
        Command::Balance { command } => balance::balance(arguments, command, output),
        Command::Lease(lease) => moves::lease(arguments, lease, output),
        Command::Recover(recover) => moves::recover(arguments, recover, output),
        Command::Backup { file } => journal::backup(arguments, file, output),
        Command::Unseal { file, to } => journal::unseal(file, to, output),
        Command::Restore { file } => journal::restore(arguments, file, now, output),
        Command::Journal { command } => match command {
            JournalCommand::Verify { file } => journal::verify(arguments, file.as_deref(), output),
            JournalCommand::Export { file } => journal::export(arguments, file, now, output),
            JournalCommand::Tail { count } => journal::tail(arguments, *count, output),
            JournalCommand::Rebuild { check } => journal::rebuild(arguments, *check, output),
        },
    }
}

#[cfg(test)]
mod tests;
