//! The full check of the ledger beside the selling: at every start, and when a person asks for it.

use super::{Desk, Fault, Notify, Signal, lock};
use crate::clock;
use crate::error::TillError;
use crate::ledger::{Topic, verify};
use serde::Serialize;
use specta::Type;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// How the full check stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum LedgerCheck {
    /// None was begun: the till belongs to no store yet.
    #[default]
    Never,
    /// It runs.
    Running {
        /// Entries that hold so far.
        entries: i64,
    },
    /// Everything holds: the file, every hash and signature, every number, every table.
    Holds {
        /// When it ended.
        at_ms: i64,
        /// Entries of the journal.
        entries: i64,
    },
    /// Something does not hold: nothing is sold from such a ledger.
    Damaged {
        /// When it was found.
        at_ms: i64,
        /// What.
        fault: Fault,
    },
    /// The check itself could not be made.
    Failed {
        /// Why.
        fault: Fault,
    },
}

/// The check that runs or ran last.
#[derive(Debug, Default)]
pub(super) struct Checked {
    check: Mutex<LedgerCheck>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Checked {
    fn set(&self, check: LedgerCheck) {
        *lock(&self.check) = check;
    }

    pub(super) fn get(&self) -> LedgerCheck {
        lock(&self.check).clone()
    }

    /// Begins a check in a thread of its own, unless one runs.
    pub(super) fn begin(self: &Arc<Self>, database: PathBuf, notify: &Notify) {
        {
            let mut check = lock(&self.check);
            if matches!(*check, LedgerCheck::Running { .. }) {
                return;
            }
            *check = LedgerCheck::Running { entries: 0 };
        }
        let (checked, notify) = (Arc::clone(self), Arc::clone(notify));
        let thread = thread::spawn(move || {
            let mut progress = |entries| checked.set(LedgerCheck::Running { entries });
            let found = verify::beside(&database, &mut progress);
            let at_ms = clock::now().at_ms;
            checked.set(match found {
                Ok(Some(verified)) => LedgerCheck::Holds { at_ms, entries: verified.entries },
                Ok(None) => LedgerCheck::Never,
                Err(error @ TillError::Corrupt { .. }) => {
                    tracing::error!(%error, "the ledger does not verify");
                    LedgerCheck::Damaged { at_ms, fault: Fault::from(&error) }
                }
                Err(error) => LedgerCheck::Failed { fault: Fault::from(&error) },
            });
            notify(Signal::Changed([Topic::Session].into()));
        });
        *lock(&self.thread) = Some(thread);
    }

    /// Waits for the end of a check that runs.
    pub(super) fn end(&self) {
        let thread = lock(&self.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the check of the ledger panicked");
        }
    }

    /// The ledger that was checked is gone.
    pub(super) fn forget(&self) {
        self.set(LedgerCheck::Never);
    }
}

impl Desk {
    /// How the full check of the ledger stands.
    #[must_use]
    pub fn ledger_check(&self) -> LedgerCheck {
        self.checked.get()
    }

    /// Checks the whole ledger again, beside the selling.
    pub fn check_ledger(&self) -> LedgerCheck {
        let database =
            lock(&self.opened).ledger.as_ref().map(|ledger| lock(ledger).home().database());
        if let Some(database) = database {
            self.checked.begin(database, &self.notify);
        }
        self.checked.get()
    }
}
