//! The exchange with the store beside the selling, and how it stands.

use super::view::SyncState;
use super::{Desk, Fault, Notify, Signal, lock};
use crate::error::TillError;
use crate::ledger::{Ledger, Topic, query, state};
use crate::sync_driver::{self, Nudge, Until};
use daybook_sync::client::Shown;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How the exchange stood when it was last heard of.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Option<Shown>>);

impl Seen {
    fn set(&self, shown: Shown) {
        *lock(&self.0) = Some(shown);
    }

    /// The store that was spoken to is not ours any more.
    pub(super) fn forget(&self) {
        *lock(&self.0) = None;
    }

    fn get(&self) -> Option<Shown> {
        *lock(&self.0)
    }
}

/// The exchange in a thread of its own.
pub(super) struct Running {
    wakes: UnboundedSender<Nudge>,
    thread: JoinHandle<()>,
}

impl Running {
    pub(super) fn nudge(&self, nudge: Nudge) {
        // A thread that has ended said so in the log and through `Seen`.
        let _ended = self.wakes.send(nudge);
    }

    /// Ends the exchange, also in the middle of a request: what was not answered is asked again.
    pub(super) fn stop(self) {
        drop(self.wakes);
        if self.thread.join().is_err() {
            tracing::error!("the exchange with the store panicked");
        }
    }
}

/// Begins to exchange until stopped.
pub(super) fn start(ledger: &Arc<Mutex<Ledger>>, notify: &Notify, seen: &Arc<Seen>) -> Running {
    let (wakes, woken) = unbounded_channel();
    let (ledger, notify, seen) = (Arc::clone(ledger), Arc::clone(notify), Arc::clone(seen));
    let thread = thread::spawn(move || {
        let mut rows = 0;
        let mut show = |shown: Shown, report: &sync_driver::Report| {
            seen.set(shown);
            if report.rows > rows {
                rows = report.rows;
                let fed = [Topic::Catalogue, Topic::Stock, Topic::Orders, Topic::Sync];
                notify(Signal::Changed(fed.into()));
            }
            notify(Signal::Changed([Topic::Sync].into()));
        };
        if let Err(error) = sync_driver::run(&ledger, Until::Stopped, woken, &mut show) {
            tracing::error!(%error, "the exchange with the store has ended");
            seen.set(Shown::Offline);
            notify(Signal::Changed([Topic::Sync].into()));
        }
    });
    Running { wakes, thread }
}

/// Entries that the store has not acknowledged, and when the oldest was written.
pub(super) fn unsent(ledger: &Ledger) -> Result<(i64, Option<i64>), TillError> {
    if ledger.live().is_err() {
        return Ok((0, None));
    }
    let conn = ledger.reader();
    let unsent = sync_driver::unsent(conn, ledger.identity()?.till)?;
    let pos = match unsent.oldest {
        Some((incarnation, seq)) => sync_driver::position_of(conn, incarnation, seq)?,
        None => None,
    };
    let oldest = match pos {
        Some(pos) => query::entry_at(conn, pos)?
            .map(|entry| query::parse(&entry.bytes, entry.pos).map(|envelope| envelope.at_ms))
            .transpose()?,
        None => None,
    };
    Ok((unsent.count, oldest))
}

impl Desk {
    /// How the till stands with the store.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn sync_state(&self) -> Result<SyncState, Fault> {
        let shown = self.seen.get();
        self.till(|ledger| {
            let (unsent, oldest_unsent_at_ms) = unsent(ledger)?;
            Ok(SyncState {
                code: shown.map_or("sync.starting", Shown::code).to_owned(),
                online: shown.is_some_and(is_online),
                unsent,
                oldest_unsent_at_ms,
                last_exchange_at_ms: state::get(ledger.reader(), "last_exchange_at_ms")?,
            })
        })
    }

    /// Whether the store answered the last time that it was spoken to.
    pub(super) fn store_answers(&self) -> bool {
        self.seen.get().is_some_and(is_online)
    }

    /// Ends the exchange; from now on the store stands as a test says.
    #[cfg(test)]
    pub(crate) fn heard(&self, shown: Shown) {
        if let Some(running) = lock(&self.opened).running.take() {
            running.stop();
        }
        self.seen.set(shown);
    }

    /// Asks for an exchange now, however long the pause after the last failure still is.
    ///
    /// # Errors
    /// `till.not_enrolled`.
    pub fn sync_now(&self) -> Result<(), Fault> {
        let opened = lock(&self.opened);
        let Some(running) = &opened.running else { return Err(opened.start.fault()) };
        running.nudge(Nudge::Urge);
        Ok(())
    }
}

/// Whether the store answers.
fn is_online(shown: Shown) -> bool {
    match shown {
        Shown::Online | Shown::Working | Shown::Blocked | Shown::UpgradeRequired => true,
        Shown::Offline
        | Shown::Busy
        | Shown::NotAuthorised
        | Shown::Rejected
        | Shown::NotBelieved
        | Shown::Recovering => false,
    }
}
