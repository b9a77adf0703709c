//! What a batch that cannot be committed does: nothing, for nobody, and the next one goes on.

use super::*;
use crate::args;
use crate::gate::FIRST_TENANT;
use crate::tenant::{Founding, found};
use std::sync::atomic::{AtomicU8, Ordering};

type Answer = Receiver<Result<(), DbError>>;

/// A transaction is named after its moment, so no two are alike.
fn moment() -> Moment {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    Moment { at_ms: 1, seed: [NEXT.fetch_add(1, Ordering::SeqCst); 16] }
}

struct Batches {
    dir: tempfile::TempDir,
    file: SqliteFile,
    queue: SyncSender<Box<dyn Job>>,
    waiting: Receiver<Box<dyn Job>>,
}

impl Batches {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = SqliteFile::open(&dir.path().join("store.db")).unwrap();
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        let batches = Self { dir, file, queue, waiting };
        let founding = Founding {
            tenant: uuid::Uuid::from_u128(1),
            name: "Test shop".to_owned(),
            public_key: daybook_sync::hash::PublicKey([7; 32]),
            sealed_key: vec![1],
        };
        let founded = batches.queue(move |tx| found(tx, &founding).map(|_| ()));
        let batches = batches.serve();
        founded.recv().unwrap().unwrap();
        batches
    }

    fn queue(
        &self,
        use_case: impl FnMut(&mut Tx<'_>) -> Result<(), DbError> + Send + 'static,
    ) -> Answer {
        let (reply, answer) = sync_channel(1);
        let job = UseCase { moment: moment(), use_case, said: None, reply };
        self.queue.try_send(Box::new(job)).unwrap();
        answer
    }

    /// Serves what is queued, at most [`BATCH_MAX`] in a transaction.
    fn serve(self) -> Self {
        drop(self.queue);
        serve(&self.file, FIRST_TENANT, self.file.writer().unwrap(), &self.waiting);
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        Self { queue, waiting, ..self }
    }

    fn names(&self) -> Vec<String> {
        let rows = self.file.read(FIRST_TENANT, moment(), |tx| {
            tx.query("SELECT name FROM setting ORDER BY name", &[])
        });
        rows.unwrap().iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    }

    fn is_whole(&self) -> bool {
        crate::backup::check(&self.dir.path().join("store.db")).is_ok()
    }
}

fn put(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO setting (tenant_id, name, value) VALUES ($1, $2, $3)",
        args![FIRST_TENANT, name, value],
    )?;
    tx.touch(crate::gate::Dirty::Settings);
    Ok(())
}

/// Refuses because another use-case of the batch was first.
fn refuse_if_there(tx: &mut Tx<'_>, name: &str) -> Result<(), DbError> {
    let found = tx.query_opt("SELECT 1 FROM setting WHERE name = $1", args![*name])?;
    found.map_or(Ok(()), |_| Err(DbError::corrupt("setting", "is there")))
}

fn told(answer: &Answer) -> &'static str {
    answer.recv().unwrap().unwrap_err().code()
}

#[test]
fn when_space_ends_all_of_the_batch_fail_and_the_next_batch_goes_on() {
    let batches = Batches::new();
    let mut failing = vec![
        batches.queue(|tx| {
            // As many pages as there are: the disk is full.
            tx.batch("PRAGMA max_page_count = 1")?;
            put(tx, "a", "1")
        }),
        batches.queue(|tx| refuse_if_there(tx, "a")),
        batches.queue(|tx| put(tx, "large", &"x".repeat(1 << 20))),
    ];
    while failing.len() < BATCH_MAX {
        let name = format!("after {}", failing.len());
        failing.push(batches.queue(move |tx| put(tx, &name, "1")));
    }
    let next = batches.queue(|tx| put(tx, "next", "1"));
    let batches = batches.serve();
    for answer in &failing {
        assert_eq!(told(answer), "store.io");
    }
    next.recv().unwrap().unwrap();
    assert_eq!(batches.names(), ["next"]);
    assert!(batches.is_whole());
    let again = batches.queue(|tx| put(tx, "large", &"x".repeat(1 << 20)));
    let batches = batches.serve();
    again.recv().unwrap().unwrap();
    assert_eq!(batches.names(), ["large", "next"]);
}

#[test]
fn a_use_case_that_hides_the_full_disk_does_not_save_its_batch() {
    let batches = Batches::new();
    let hiding = batches.queue(|tx| {
        tx.batch("PRAGMA max_page_count = 1")?;
        put(tx, "small", "1")?;
        let _ = put(tx, "large", &"x".repeat(1 << 20));
        Ok(())
    });
    let batches = batches.serve();
    assert_eq!(told(&hiding), "store.io");
    assert!(batches.names().is_empty() && batches.is_whole());
}

#[test]
fn when_the_commit_fails_nobody_is_answered_from_it() {
    let batches = Batches::new();
    let done = batches.queue(|tx| put(tx, "a", "1"));
    let refused = batches.queue(|tx| refuse_if_there(tx, "a"));
    let spoiling = batches.queue(|tx| {
        // Noticed by the commit only.
        tx.batch("PRAGMA defer_foreign_keys = ON; INSERT INTO setting VALUES (99, 'of nobody', '')")
    });
    let batches = batches.serve();
    for answer in [done, refused, spoiling] {
        assert_eq!(told(&answer), "store.rule", "the failure of the commit, not of the use-case");
    }
    assert!(batches.names().is_empty() && batches.is_whole());
}

#[test]
fn a_panic_fails_its_batch_and_the_writer_goes_on() {
    let batches = Batches::new();
    let mut failing = vec![
        batches.queue(|tx| put(tx, "a", "1")),
        batches.queue(|_| panic!("a mistake of the program")),
    ];
    while failing.len() < BATCH_MAX {
        failing.push(batches.queue(|tx| refuse_if_there(tx, "a")));
    }
    let next = batches.queue(|tx| put(tx, "next", "1"));
    let batches = batches.serve();
    for answer in &failing {
        assert_eq!(told(answer), "store.io");
    }
    next.recv().unwrap().unwrap();
    assert_eq!(batches.names(), ["next"]);
}
