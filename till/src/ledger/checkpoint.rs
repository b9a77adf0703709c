//! Checkpoints off the sale path: a thread of its own copies the write-ahead log back while the till is idle.

use crate::error::TillError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
    /// Commits since the last checkpoint began.
    commits: Arc<AtomicU32>,
    /// Wakes the thread; dropped, it ends.
    wake: Option<Sender<()>>,
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
        let (wake, woken) = channel();
        let commits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&commits);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&conn, &counted, &woken))
            .map_err(TillError::io("checkpoint thread"))?;
        Ok(Self { commits, wake: Some(wake), thread: Some(thread) })
    }

    /// Says that something was committed. Only the first commit after a checkpoint wakes the thread: to wake it takes
    /// longer than the rest of what a sale does beside its commit.
    pub fn committed(&self) {
        if self.commits.fetch_add(1, Ordering::Relaxed) == 0
            && let Some(wake) = &self.wake
        {
            // A thread that is gone leaves the log to the next start.
            let _gone = wake.send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn run(conn: &Connection, commits: &AtomicU32, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        let mut seen = 0;
        loop {
            // On the way out the last connection to close checkpoints by itself.
            if woken.recv_timeout(IDLE) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            let count = commits.load(Ordering::Relaxed);
            if count == seen || count >= COMMITS_MAX {
                break;
            }
            seen = count;
        }
        // Before the log is read: a commit from here on asks for the next checkpoint.
        commits.store(0, Ordering::Relaxed);
        let done = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::warn!(%error, "checkpoint failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn what_was_committed_reaches_the_database_file_each_time_the_till_is_idle() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("till.db");
        let writer = Connection::open(&file).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE entry (bytes BLOB) STRICT;",
            )
            .unwrap();
        let checkpointer = Checkpointer::start(&file).unwrap();
        let (_never, pause) = channel::<()>();
        for round in 1..=3_u64 {
            for _ in 0..5 {
                writer.execute("INSERT INTO entry VALUES (zeroblob(20000))", []).unwrap();
                checkpointer.committed();
            }
            let began = clock::now().mono_ms;
            while std::fs::metadata(&file).unwrap().len() < round * 100_000 {
                let waited = clock::now().mono_ms - began;
                assert!(waited < 60_000, "round {round}: the file was not written");
                let _timeout = pause.recv_timeout(Duration::from_millis(10));
            }
        }
    }
}
