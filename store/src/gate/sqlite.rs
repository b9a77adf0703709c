//! Group commit: one writer thread, one transaction for all use-cases that wait.

use super::feed;
use crate::db::{DbError, Moment, Remedy, SqliteFile, Tx};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Use-cases that may wait; more are turned away as busy.
const QUEUE_MAX: usize = 1_024;
/// Most use-cases in one transaction, so that nothing holds the writer long.
const BATCH_MAX: usize = 64;

#[derive(Clone)]
pub(super) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
}

impl Writer {
    pub(super) fn start(file: SqliteFile, tenant: i64) -> Result<Self, DbError> {
        let connection = file.writer()?;
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || serve(&file, tenant, connection, &waiting))
            .map_err(|error| DbError::Pool(error.to_string()))?;
        Ok(Self { queue })
    }

    pub(super) fn write<T, E>(
        &self,
        moment: Moment,
        use_case: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let job = Box::new(UseCase { moment, use_case, said: None, reply });
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => DbError::Busy,
            TrySendError::Disconnected(_) => DbError::Pool("the writer has ended".to_owned()),
        })?;
        // No answer: the use-case panicked, and its transaction was rolled back.
        answer.recv().map_err(|_| DbError::Pool("the transaction was given up".to_owned()))?
    }
}

trait Job: Send {
    fn moment(&self) -> Moment;
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError>;
    fn answer(self: Box<Self>, committed: Result<(), DbError>);
}

struct UseCase<F, T, E> {
    moment: Moment,
    use_case: F,
    said: Option<Result<T, E>>,
    reply: SyncSender<Result<T, E>>,
}

impl<F, T, E> Job for UseCase<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn moment(&self) -> Moment {
        self.moment
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        tx.set_moment(self.moment);
        self.said = Some(tx.attempt(&mut self.use_case)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), DbError>) {
        let answer = match (self.said, committed) {
            // A refusal too: it may rest on work of the same batch that is now undone.
            (_, Err(failed)) => Err(E::from(failed)),
            (Some(said), Ok(())) => said,
            (None, Ok(())) => Err(E::from(DbError::Busy)),
        };
        // Nobody waits any more when the request was dropped; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// Brings a file that nobody else knows up to date and runs one use-case on it, without a log beside it.
pub(crate) fn alone<T: Send + 'static>(
    path: &Path,
    tenant: i64,
    moment: Moment,
    use_case: impl FnMut(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    let connection = SqliteFile::alone(path)?;
    let (reply, answer) = sync_channel(1);
    let mut batch: [Box<dyn Job>; 1] = [Box::new(UseCase { moment, use_case, said: None, reply })];
    let committed = commit_all(&connection, tenant, &mut batch);
    for job in batch {
        job.answer(committed.clone());
    }
    answer.recv().map_err(|_| DbError::Pool("the transaction was given up".to_owned()))?
}

fn serve(file: &SqliteFile, tenant: i64, first: Connection, waiting: &Receiver<Box<dyn Job>>) {
    let mut connection = Some(first);
    while let Ok(job) = waiting.recv() {
        let mut batch = vec![job];
        batch.extend(waiting.try_iter().take(BATCH_MAX - 1));
        let opened = connection.take().map_or_else(|| file.writer(), Ok);
        let committed = opened.and_then(|open| {
            let committed =
                catch_unwind(AssertUnwindSafe(|| commit_all(&open, tenant, &mut batch)));
            match committed {
                Ok(Ok(())) => {
                    connection = Some(open);
                    Ok(())
                }
                // The connection is dropped, which rolls back; the next batch opens a new one and recovers.
                Ok(Err(error)) => Err(error),
                Err(_) => Err(DbError::Pool("a use-case panicked".to_owned())),
            }
        });
        for job in batch {
            job.answer(committed.clone());
        }
    }
}

fn commit_all(
    connection: &Connection,
    tenant: i64,
    batch: &mut [Box<dyn Job>],
) -> Result<(), DbError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let Some(first) = batch.first() else { return Ok(()) };
    let mut tx = Tx::on_sqlite(connection, tenant, first.moment());
    for job in batch {
        job.run(&mut tx)?;
    }
    feed::publish(&mut tx)?;
    match tx.broken() {
        Some((Remedy::Retry | Remedy::Recover, error)) => Err(error),
        Some((Remedy::Refuse | Remedy::Report, _)) | None => tx.commit(),
    }
}

#[cfg(test)]
mod tests;
