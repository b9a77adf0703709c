//! Checkpoints off the sale path: a thread of its own copies the write-ahead log back while the till is idle.

use crate::error::TillError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long nothing must have been committed before a checkpoint.
const IDLE: Duration = Duration::from_millis(300);

/// Commits after which a checkpoint happens although the till is not idle.
const COMMITS_MAX: u32 = 4_000;

/// The checkpointer; dropping it ends the thread.
#[derive(Debug)]
pub struct Checkpointer {
    committed: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread with a connection of its own.
    ///
    /// # Errors
    /// [`TillError::Database`] or [`TillError::Io`].
    pub fn start(database: &Path) -> Result<Self, TillError> {
        let conn = Connection::open(database)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let (committed, commits) = channel();
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&conn, &commits))
            .map_err(TillError::io("checkpoint thread"))?;
        Ok(Self { committed: Some(committed), thread: Some(thread) })
    }

    /// Says that something was committed.
    pub fn committed(&self) {
        if let Some(committed) = &self.committed {
            // A thread that is gone leaves the log to the next start.
            let _gone = committed.send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.committed.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn run(conn: &Connection, commits: &Receiver<()>) {
    while commits.recv().is_ok() {
        let mut count = 1;
        let ended = loop {
            match commits.recv_timeout(IDLE) {
                Ok(()) if count >= COMMITS_MAX => break false,
                Ok(()) => count += 1,
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        // On the way out the last connection to close checkpoints by itself.
        if !ended {
            let done = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            if let Err(error) = done {
                tracing::warn!(%error, "checkpoint failed");
            }
        }
    }
}
