//! `backup FILE`, `restore FILE --accept-restore`, `verify`.

use super::{Common, Failure};
use crate::backup::{self, BackupError};
use crate::clock::SystemClock;
use crate::gate::Clock;
use crate::open::Store;
use crate::restore::{self, RestoreError};
use crate::verify::verify;
use crate::witness::Witness;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Backup {
    #[command(flatten)]
    common: Common,
    /// Where to write it. The key file `store.key` is not part of it: keep a copy of that elsewhere.
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct Restore {
    #[command(flatten)]
    common: Common,
    /// The backup. With `--database` there is none: restore with PostgreSQL's own tools first.
    #[arg(required_unless_present = "database")]
    file: Option<PathBuf>,
    /// Yes: what happened since the backup is gone here, tills will send it again, and a new epoch begins.
    #[arg(long)]
    accept_restore: bool,
}

impl Backup {
    pub(super) fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let Some(from) = store.gate.sqlite_file() else {
            let message = "backup: data in PostgreSQL are backed up with its own tools (pg_dump)";
            return Err(Failure::input("backup.postgres", message));
        };
        backup::backup(from, &self.file)?;
        let witness = store.gate.read(Witness::of)?;
        let answer =
            serde_json::json!({ "file": self.file, "epoch": witness.epoch, "feed": witness.feed });
        self.common.print(&answer, &format!("backed up to {}", self.file.display()));
        Ok(())
    }
}

impl Restore {
    pub(super) fn run(self) -> Result<(), Failure> {
        if !self.accept_restore {
            let message = "accept-restore: a restore loses what happened since the backup until the tills send it \
                           again, and begins a new epoch; say --accept-restore";
            return Err(Failure::input("restore.not_accepted", message));
        }
        let place = self.common.place();
        if place.database.is_some() && self.file.is_some() {
            let message =
                "file: data in PostgreSQL are restored with its own tools first, then without FILE";
            return Err(Failure::input("restore.postgres", message));
        }
        let alone = place.lock_alone().map_err(|error| {
            Failure::refused(
                "restore.running",
                format!("data: a program still works with them ({error})"),
            )
        })?;
        let before =
            Witness::read(&place.witness()).ok().flatten().map_or(0, |witness| witness.epoch);
        let placed = match &self.file {
            Some(file) => Some(restore::restore(&place, file, SystemClock.moment(), before)?),
            None => None,
        };
        let store = Store::open_restored(&place, Arc::new(SystemClock))?;
        let business = match placed {
            Some(business) => business,
            None => store.gate.write(move |tx| restore::begin_epoch(tx, before))?,
        };
        store.remember()?;
        drop(alone);
        let answer = serde_json::json!({
            "epoch": business.epoch, "series": business.series, "waits_for_tills": business.frozen
        });
        let text = format!("restored; epoch {}, series {}", business.epoch, business.series);
        self.common.print(&answer, &text);
        Ok(())
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = error.code();
        match error {
            BackupError::Db(error) => Self::from(error),
            BackupError::Taken { .. } => Self::input(code, error),
            BackupError::File { .. } => {
                Self { exit: 5, code: code.to_owned(), message: error.to_string() }
            }
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        let exit = match error {
            RestoreError::Db(error) => return Self::from(error),
            RestoreError::File { .. }
            | RestoreError::Itself { .. }
            | RestoreError::NotAStore { .. }
            | RestoreError::OtherStore { .. } => 2,
            RestoreError::InUse { .. } => 3,
            RestoreError::NoKey { .. } | RestoreError::Key(_) => 4,
            RestoreError::Folder { .. } => 5,
        };
        Self { exit, code: code.to_owned(), message }
    }
}

#[derive(Args)]
pub(super) struct Verify {
    #[command(flatten)]
    common: Common,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        if let Some(file) = store.gate.sqlite_file() {
            backup::check(file)?;
        }
        let report = store.gate.read(verify)?;
        let text = format!(
            "{} entries, {} levels and {} balances checked, {} faults",
            report.entries,
            report.levels,
            report.balances,
            report.faults.len()
        );
        self.common.print(
            &report,
            &[text].into_iter().chain(report.faults.clone()).collect::<Vec<_>>().join("\n"),
        );
        if report.faults.is_empty() {
            return Ok(());
        }
        let message = format!("{} faults", report.faults.len());
        Err(Failure { exit: 6, code: "store.does_not_hold".to_owned(), message })
    }
}
