//! A transaction for each use-case, at READ COMMITTED; a deadlock or serialization failure runs it again.

use super::feed;
use crate::db::{CONNECTIONS_TRIED_MAX, DbError, Moment, PostgresPool, Remedy, Tx};

/// How often a use-case is run again before it is turned away as busy.
const ATTEMPTS_MAX: u32 = 10;

/// The write gate over a pool of connections.
#[derive(Clone)]
pub struct PostgresGate {
    pool: PostgresPool,
}

enum Ran<T, E> {
    Done(Result<T, E>),
    Again(DbError),
    /// The connection was cut before anything was asked of it.
    Cut(DbError),
}

impl PostgresGate {
    pub(super) fn new(pool: PostgresPool) -> Self {
        Self { pool }
    }

    pub(super) fn pool(&self) -> &PostgresPool {
        &self.pool
    }

    pub(super) fn write<T, E: From<DbError>>(
        &self,
        tenant: i64,
        moment: Moment,
        mut use_case: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (mut last, mut attempts, mut cut) = (DbError::Busy, 0, 0);
        while attempts < ATTEMPTS_MAX && cut < CONNECTIONS_TRIED_MAX {
            match self.attempt(tenant, moment, &mut use_case) {
                Ran::Done(result) => return result,
                Ran::Again(error) => (last, attempts) = (error, attempts + 1),
                Ran::Cut(error) => (last, cut) = (error, cut + 1),
            }
        }
        Err(E::from(last))
    }

    fn attempt<T, E: From<DbError>>(
        &self,
        tenant: i64,
        moment: Moment,
        use_case: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Ran<T, E> {
        let mut connection = match self.pool.connection() {
            Ok(connection) => connection,
            Err(error) => return Ran::Done(Err(E::from(error))),
        };
        let mut tx = match connection.begin(tenant, moment) {
            Ok(tx) => tx,
            Err(error) => return Ran::Cut(error),
        };
        let result = use_case(&mut tx);
        if let Some((remedy, error)) = tx.broken() {
            return match remedy {
                Remedy::Retry => Ran::Again(error),
                Remedy::Recover | Remedy::Refuse | Remedy::Report => Ran::Done(Err(E::from(error))),
            };
        }
        // Dropping the transaction rolls it back.
        let done = match result {
            Ok(done) => done,
            Err(refused) => return Ran::Done(Err(refused)),
        };
        match feed::publish(&mut tx).and_then(|()| tx.commit()) {
            Ok(()) => Ran::Done(Ok(done)),
            Err(error) if error.remedy() == Remedy::Retry => Ran::Again(error),
            Err(error) => Ran::Done(Err(E::from(error))),
        }
    }
}
