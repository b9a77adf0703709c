//! A ledger that does not verify: it can be read and leave sealed as it is, and a backup may take its place.

use super::health::place;
use super::wipe::Sealed;
use super::{Approval, Desk, Fault, LedgerCheck, Opened, Signal, Start, lock};
use crate::backup;
use crate::catalogue;
use crate::clock;
use crate::error::TillError;
use crate::history::{self, Filter};
use crate::home::{BACKUPS, DATABASE, Home, SEALED};
use crate::ledger::keys::Keys;
use crate::ledger::{Identity, Topic, query, schema, state, verify};
use crate::sealed;
use crate::staff::{self, Who};
use daybook_domain::ids::StaffId;
use daybook_domain::staff::Action;
use rusqlite::Connection;
use serde::Serialize;
use specta::Type;
use std::path::{Path, PathBuf};

/// A backup in the data folder that can be read; whether all of it holds is found out before it is restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BackupRow {
    /// Its file.
    pub file: String,
    /// When its last entry was written.
    pub last_at_ms: Option<i64>,
    /// Number of its last document.
    pub last_number: Option<String>,
}

impl Desk {
    /// Closes a ledger that was found damaged: nothing is written to it any more. It stays readable.
    pub(super) fn heed_damage(&self, opened: &mut Opened) {
        if let LedgerCheck::Damaged { fault, .. } = self.checked.get()
            && opened.ledger.is_some()
        {
            opened.close();
            opened.start = Start::Damaged { fault };
            self.read_only();
        }
    }

    /// Lets the ledger be read as far as it can be, without whoever would write it.
    pub(super) fn read_only(&self) {
        let reader = schema::open_reader(&self.dir.join(DATABASE));
        *lock(&self.reader) = reader
            .inspect_err(|error| tracing::warn!(%error, "the damaged ledger cannot be read"))
            .ok();
    }

    pub(super) fn is_damaged(&self) -> bool {
        matches!(self.start(), Start::Damaged { .. })
    }

    /// Seals a damaged ledger as it is: nothing of it is made better by leaving it out.
    pub(super) fn seal_damaged(&self, passphrase: &str) -> Result<String, Fault> {
        let identity = self.look(|conn| state::get::<Identity>(conn, "identity")).ok().flatten();
        let code = identity.map_or_else(|| "till".to_owned(), |identity| identity.code.to_string());
        let sealed = place(&self.dir, &code, SEALED).and_then(|(folder, stem)| {
            let file = folder.join(format!("{stem}-damaged.db.age"));
            sealed::export_as_is(&self.dir.join(DATABASE), &file, passphrase)?;
            Ok(file)
        });
        let file = sealed.map_err(|error| Fault::from(&error))?;
        let said = file.display().to_string();
        lock(&self.opened).sealed = Some(Sealed { pos: 0, file });
        Ok(said)
    }

    /// Backups in the data folder, the newest first.
    ///
    /// # Errors
    /// `file.failed`.
    pub fn backups(&self) -> Result<Vec<BackupRow>, Fault> {
        let files = newest_first(&self.dir).map_err(|error| Fault::from(&error))?;
        Ok(files.iter().filter_map(|file| BackupRow::of(file).ok()).collect())
    }

    /// Puts the newest backup that verifies in the place of a damaged ledger, by a manager's PIN. The damaged one is kept
    /// beside it; what the store has acknowledged comes back from there. Answers what the till begins with then.
    ///
    /// # Errors
    /// `restore.healthy`, `restore.no_backup`, `restore.other_till`, `approval.…`, `staff.…`, `file.failed`.
    pub fn restore_backup(&self, approval: Option<&Approval>) -> Result<Start, Fault> {
        let copying = lock(&self.copying);
        let mut opened = lock(&self.opened);
        self.heed_damage(&mut opened);
        let restored = match opened.start {
            Start::Damaged { .. } => self.restore_now(approval),
            _ => Err(TillError::refused("restore.healthy", "this ledger is not damaged")),
        };
        let (file, by) = restored.map_err(|error| Fault::from(&error))?;
        self.checked.forget();
        self.open_ledger(&mut opened);
        let start = opened.start.clone();
        (self.notify)(Signal::Changed([Topic::Session].into()));
        drop((opened, copying));
        tracing::warn!(file = %file.display(), %by, "a backup was put in the place of the damaged ledger");
        Ok(start)
    }

    fn restore_now(&self, approval: Option<&Approval>) -> Result<(PathBuf, StaffId), TillError> {
        let files = newest_first(&self.dir)?;
        let by = self.maintainer(approval, &files)?;
        let holds = |file: &&PathBuf| {
            let found = verify::beside(file, &mut |_| {});
            if let Err(error) = &found {
                tracing::warn!(%error, file = %file.display(), "a backup does not verify");
            }
            matches!(found, Ok(Some(_)))
        };
        let file = files.iter().find(holds).ok_or_else(|| {
            TillError::refused("restore.no_backup", "no backup in the data folder verifies")
        })?;
        *lock(&self.reader) = None;
        let restored = backup::restore(&self.dir, file, clock::now().at_ms);
        if restored.is_err() {
            self.read_only();
        }
        restored.map(|_| (file.clone(), by))
    }

    /// Who restores: a manager whom the ledger knows, or else the newest backup that can be read.
    fn maintainer(
        &self,
        approval: Option<&Approval>,
        files: &[PathBuf],
    ) -> Result<StaffId, TillError> {
        let approval = approval.ok_or_else(|| {
            TillError::refused("approval.missing", "a manager must restore").with("role", "manager")
        })?;
        let staff = StaffId::new(approval.staff.as_str())?;
        let here = std::iter::once(self.dir.join(DATABASE));
        let sources = here.chain(files.iter().cloned());
        let knows = |conn: Connection| match staff::known(&conn, &staff) {
            Ok(_) if catalogue::settings(&conn).is_ok() => Some(Ok(conn)),
            // Who was dismissed stays so, whatever an older backup says.
            Err(refused) if refused.code() == "staff.inactive" => Some(Err(refused)),
            Ok(_) | Err(_) => None,
        };
        let conn = sources
            .filter_map(|file| schema::open_reader(&file).ok())
            .find_map(knows)
            .ok_or_else(|| staff::unknown(&staff))??;
        let keys = Keys::open(&Home::open(&self.dir)?)?;
        let moment = clock::now();
        let guesses = &mut lock(&self.guesses);
        let actor = staff::check_pin_beside(&conn, &keys, guesses, moment, &staff, &approval.pin)?;
        let who = Who { moment, data_at_ms: None, actor, approver: None };
        who.allow(Action::Maintain, &catalogue::settings(&conn)?)?;
        Ok(staff)
    }
}

impl BackupRow {
    fn of(file: &Path) -> Result<Self, TillError> {
        let conn = schema::open_reader(file)?;
        let identity: Identity = state::get(&conn, "identity")?.ok_or(TillError::NotEnrolled)?;
        let live = query::live(&conn, identity.till)?.ok_or(TillError::NotEnrolled)?;
        let last = history::list(&conn, &Filter::default(), None)?.into_iter().next();
        Ok(Self {
            file: file.display().to_string(),
            last_at_ms: live.last.map(|moment| moment.at_ms),
            last_number: last.map(|stored| stored.sale.document.number),
        })
    }
}

/// Backups of a data folder. Names begin with the till and go on with the moment.
fn newest_first(dir: &Path) -> Result<Vec<PathBuf>, TillError> {
    let folder = dir.join(BACKUPS);
    let mut files = backup::files(&folder)?;
    files.reverse();
    Ok(files)
}
