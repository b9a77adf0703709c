//! The command line. Each subcommand is a file of its own; all work while the server runs.
//!
//! Exit codes: 0 done; 1 a bug; 2 wrong arguments or input; 3 refused (unknown thing, state forbids it); 4 the data
//! cannot be opened or are of a newer version; 5 disk, database or network failed; 6 what was checked does not hold;
//! 7 busy, try again.

mod backup;
mod balance;
mod customer;
mod exception;
mod fork;
mod import;
mod lease;
mod orders;
mod quarantine;
mod reconcile;
mod serve;
mod stock;
mod till;

use crate::clock::SystemClock;
use crate::db::{DbError, Remedy};
use crate::open::{OpenError, Place, Store};
use crate::tills::TillError;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;

#[derive(Parser)]
#[command(
    name = "daybook-store",
    version,
    about = "The online store server: syncs tills, holds stock, sells on the web"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Serve),
    /// Enrol, list, block and retire tills.
    #[command(subcommand)]
    Till(till::Till),
    /// Entries that are stored but wait for a person.
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Rights of tills to sell pooled stock offline.
    #[command(subcommand)]
    Lease(lease::Lease),
    /// Gift cards and store credit.
    #[command(subcommand)]
    Balance(balance::Balance),
    /// Customers.
    #[command(subcommand)]
    Customer(customer::Customer),
    /// Histories of tills that part from each other.
    #[command(subcommand)]
    Fork(fork::Fork),
    /// What a person must decide.
    #[command(subcommand)]
    Exception(exception::Exception),
    /// Read master data and opening stock from CSV files.
    Import(import::Import),
    /// Write master data and stock as CSV files.
    Export(import::Export),
    /// Explain every difference between store, tills and counts.
    Reconcile(reconcile::Reconcile),
    /// Stock by hand: policies, allotments, adjustments.
    #[command(subcommand)]
    Stock(stock::Stock),
    /// What a person should know.
    #[command(subcommand)]
    Alerts(stock::Alerts),
    /// Web orders.
    #[command(subcommand)]
    Orders(orders::Orders),
    /// Keys of web front ends.
    #[command(subcommand)]
    ApiKey(orders::ApiKey),
    /// Copy the data to a file while the server runs.
    Backup(backup::Backup),
    /// Put a backup in place of the data and begin a new epoch.
    Restore(backup::Restore),
    /// Check chains, signatures, heads and levels.
    Verify(backup::Verify),
}

/// Where the data are, and how to answer: the options that all commands share.
#[derive(Args, Debug, Clone)]
pub struct Common {
    /// Folder of the store's data and key file.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// PostgreSQL database instead of the SQLite file in the folder, e.g. `postgres://user@host/database`.
    #[arg(long, value_name = "URL", env = "DAYBOOK_STORE_DATABASE")]
    pub database: Option<String>,
    /// Answer with one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

impl Common {
    /// Opens the store; no restore can begin until this process ends.
    ///
    /// # Errors
    /// [`Failure`] with exit code 3, 4 or 5.
    pub fn open(&self) -> Result<Store, Failure> {
        static RUNNING: OnceLock<Option<File>> = OnceLock::new();
        let place = self.place();
        let running = place.lock_reading().map_err(|error| self.not_held(&error))?;
        RUNNING.get_or_init(|| running);
        Ok(Store::open(&place, Arc::new(SystemClock))?)
    }

    fn not_held(&self, error: &std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::WouldBlock {
            return Failure::refused("store.restoring", "data: a restore is at work");
        }
        let message = format!("data: {}: {error}", self.data.display());
        Failure { exit: 4, code: "store.folder".to_owned(), message }
    }

    /// Where the data are.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { data: self.data.clone(), database: self.database.clone() }
    }

    /// Prints one answer: as JSON, or as the text for a person. A reader that has gone away is no reason to stop.
    pub fn print(&self, answer: &impl Serialize, text: &str) {
        let _gone = writeln!(std::io::stdout(), "{}", self.words(answer, text));
    }

    /// Prints an answer that no other command can show again: where stdout is gone, on stderr.
    pub fn print_once(&self, answer: &impl Serialize, text: &str) {
        let words = self.words(answer, text);
        let mut stdout = std::io::stdout();
        if writeln!(stdout, "{words}").and_then(|()| stdout.flush()).is_err() {
            tell(&words);
        }
    }

    fn words(&self, answer: &impl Serialize, text: &str) -> String {
        if self.json {
            return serde_json::to_string(answer).expect("answers are texts, numbers and lists");
        }
        text.to_owned()
    }
}

/// Tells how far a command is, or why it ended, on stderr.
fn tell(text: &str) {
    let _gone = writeln!(std::io::stderr(), "{text}");
}

/// Why a command ended without success.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub exit: u8,
    /// Stable code.
    pub code: String,
    /// For a person.
    pub message: String,
}

impl Failure {
    /// Arguments or input are wrong; `message` names the field.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over errors and texts")]
    pub fn input(code: &str, message: impl ToString) -> Self {
        Self { exit: 2, code: code.to_owned(), message: message.to_string() }
    }

    /// The state of things forbids it.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over errors and texts")]
    pub fn refused(code: &str, message: impl ToString) -> Self {
        Self { exit: 3, code: code.to_owned(), message: message.to_string() }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let exit = match (&error, error.remedy()) {
            (DbError::Migration(_), _) => 4,
            (DbError::Corrupt { .. }, _) => 6,
            (_, Remedy::Recover) => 5,
            (_, Remedy::Retry) => 7,
            (_, Remedy::Refuse) => 3,
            (_, Remedy::Report) => 1,
        };
        Self { exit, code: error.code().to_owned(), message: error.to_string() }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Db(error) => Self::from(error),
            OpenError::Data { ref source, .. } => {
                let exit = if source.remedy() == Remedy::Retry { 7 } else { 4 };
                Self { exit, code: error.code().to_owned(), message: error.to_string() }
            }
            OpenError::Folder { .. }
            | OpenError::Keyring(_)
            | OpenError::Behind { .. }
            | OpenError::Witness { .. }
            | OpenError::Missing { .. } => {
                Self { exit: 4, code: error.code().to_owned(), message: error.to_string() }
            }
        }
    }
}

impl From<TillError> for Failure {
    fn from(error: TillError) -> Self {
        match error {
            TillError::Db(error) => Self::from(error),
            TillError::Unknown(_)
            | TillError::Retired(_)
            | TillError::Elsewhere { .. }
            | TillError::UnknownLocation(_) => Self::refused(error.code(), error),
        }
    }
}

/// A reason that a person gives, which stays on record.
fn reason(code: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if (1..=REASON_CHARS_MAX).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let message = format!("reason: must have 1 to {REASON_CHARS_MAX} characters");
    Err(Failure::input(code, message))
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(command) => command.run(),
        Command::Till(command) => command.run(),
        Command::Quarantine(command) => command.run(),
        Command::Lease(command) => command.run(),
        Command::Balance(command) => command.run(),
        Command::Customer(command) => command.run(),
        Command::Fork(command) => command.run(),
        Command::Exception(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Reconcile(command) => command.run(),
        Command::Stock(command) => command.run(),
        Command::Alerts(command) => command.run(),
        Command::Orders(command) => command.run(),
        Command::ApiKey(command) => command.run(),
        Command::Backup(command) => command.run(),
        Command::Restore(command) => command.run(),
        Command::Verify(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let error = serde_json::json!({
                "error": { "code": failure.code, "message": failure.message }
            });
            // One line that both a person and a program can read.
            tell(&error.to_string());
            ExitCode::from(failure.exit)
        }
    }
}
