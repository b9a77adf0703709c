//! `backup FILE`, `restore FILE --accept-restore`, `verify`.

use super::{Common, Failure};
use crate::clock::SystemClock;
use crate::open::{Place, Store};
use crate::restore;
use crate::verify::verify;
use crate::witness::Witness;
use clap::Args;
use std::path::{Path, PathBuf};
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
        restore::backup(from, &self.file)?;
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
        let alone = place.lock_alone().map_err(|error| {
            Failure::refused(
                "restore.running",
                format!("data: the server still runs on them ({error})"),
            )
        })?;
        let before =
            Witness::read(&place.witness()).ok().flatten().map_or(0, |witness| witness.epoch);
        if let (Some(file), None) = (&self.file, &place.database) {
            restore::check(file)?;
            put_in_place(&place, file)
                .map_err(|error| Failure::input("restore.file", format!("file: {error}")))?;
        }
        let store = Store::open_restored(&place, Arc::new(SystemClock))?;
        let business = store.gate.write(move |tx| restore::begin_epoch(tx, before))?;
        store.remember().map_err(|error| Failure::input("witness", error))?;
        drop(alone);
        let answer = serde_json::json!({
            "epoch": business.epoch, "series": business.series, "waits_for_tills": business.frozen
        });
        let text = format!("restored; epoch {}, series {}", business.epoch, business.series);
        self.common.print(&answer, &text);
        Ok(())
    }
}

/// The old file is kept beside the new one.
fn put_in_place(place: &Place, file: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(&place.data)?;
    let (live, next) = (place.sqlite(), place.data.join("store.db.next"));
    std::fs::copy(file, &next)?;
    std::fs::File::open(&next)?.sync_all()?;
    if live.exists() {
        for part in ["-wal", "-shm"] {
            let from = place.data.join(format!("store.db{part}"));
            if from.exists() {
                std::fs::rename(&from, place.data.join(format!("store.db.before-restore{part}")))?;
            }
        }
        std::fs::rename(&live, place.data.join("store.db.before-restore"))?;
    }
    std::fs::rename(next, live)
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
            restore::check(file)?;
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
