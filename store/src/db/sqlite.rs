//! SQLite: one file, one writer, readers beside it.

use super::history::{HISTORY, check_applied};
use super::tx::Engine;
use super::{Arg, DbError, Moment, Row, Tx};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

mod embedded {
    refinery::embed_migrations!("../migrations/store/sqlite");
}

/// Readers open at once; more wait.
const READERS_MAX: u32 = 8;
/// How long another process may hold the file before a statement gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);
/// Statements kept prepared on a connection.
const STATEMENTS_MAX: usize = 256;
/// Memory of the writer for pages, KiB: the indexes that a batch of sales touches stay in it until the commit.
const WRITER_CACHE_KIB: i64 = 65_536;
/// Pages written to the WAL before a commit checkpoints it.
const CHECKPOINT_PAGES: i64 = 4_000;

/// A store's data in one SQLite file.
#[derive(Clone)]
pub struct SqliteFile {
    path: PathBuf,
    readers: r2d2::Pool<Readers>,
}

impl SqliteFile {
    /// Opens the file, creates it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`DbError`] when it cannot be opened, or its schema is newer than this program.
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let mut connection = Self::connect(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        migrate(&mut connection)?;
        let readers = r2d2::Pool::builder()
            .max_size(READERS_MAX)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .build(Readers { path: path.to_owned() })?;
        Ok(Self { path: path.to_owned(), readers })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The only connection to a file that is no store's data yet, with its schema up to date.
    pub(crate) fn alone(path: &Path) -> Result<Connection, DbError> {
        let mut connection = Self::connect(path)?;
        migrate(&mut connection)?;
        Ok(connection)
    }

    /// A connection that may write, for the one writer.
    pub(crate) fn writer(&self) -> Result<Connection, DbError> {
        Self::connect(&self.path)
    }

    /// Runs a reader on one unchanging view of the data.
    pub(crate) fn read<T, E: From<DbError>>(
        &self,
        tenant: i64,
        moment: Moment,
        reader: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.readers.get().map_err(DbError::from)?;
        let transaction = connection.unchecked_transaction().map_err(DbError::from)?;
        let result = reader(&mut Tx::new(Engine::Sqlite(&connection), tenant, moment));
        transaction.rollback().map_err(DbError::from)?;
        result
    }

    /// Moves everything out of the write-ahead log and empties it.
    ///
    /// # Errors
    /// [`DbError::Busy`] when somebody reads for longer than the wait for a lock.
    pub(crate) fn empty_log(&self) -> Result<(), DbError> {
        let connection = Self::connect(&self.path)?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(DbError::Busy) }
    }

    fn connect(path: &Path) -> Result<Connection, DbError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // What is deleted is overwritten: an erased text must not stand in a free page.
        connection.pragma_update(None, "secure_delete", true)?;
        // What a savepoint may have to put back is kept in memory, not in a file.
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(connection)
    }
}

/// Brings the schema up to date, all in one transaction with the record of it: a power cut between the two would leave a
/// store that no start opens. Of several processes that start at once one migrates, and the others find it done.
fn migrate(connection: &mut Connection) -> Result<(), DbError> {
    check_history(connection)?;
    let runner = || embedded::migrations::runner().set_grouped(true);
    if runner().run(connection).is_err() {
        runner().run(connection)?;
    }
    Ok(())
}

/// The library that migrates ends the program over a moment or checksum that it cannot read.
fn check_history(connection: &Connection) -> Result<(), DbError> {
    let has_history: bool = connection.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'refinery_schema_history'",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(());
    }
    let mut statement = connection.prepare(HISTORY)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get::<_, Option<String>>(column).ok().flatten().unwrap_or_default();
        check_applied(row.get(0)?, &text(1), &text(2))?;
    }
    Ok(())
}

struct Readers {
    path: PathBuf,
}

impl r2d2::ManageConnection for Readers {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.execute_batch("SELECT 1")
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        !connection.is_autocommit()
    }
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    args: &[Arg<'_>],
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or_default())
}

pub(super) fn query(
    connection: &Connection,
    sql: &str,
    args: &[Arg<'_>],
) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    collect(&mut statement)
}

/// Runs a statement with each row of parameters and returns all that it returned.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    rows: &[Vec<Arg<'_>>],
) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut returned = Vec::new();
    for row in rows {
        // `$1 … $n` stand in this order in the text, so they are also the first, second … n-th parameter.
        for (index, arg) in row.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, arg)?;
        }
        returned.append(&mut collect(&mut statement)?);
    }
    Ok(returned)
}

fn collect(statement: &mut rusqlite::Statement<'_>) -> Result<Vec<Row>, DbError> {
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        found.push(Row::of_sqlite(row, columns)?);
    }
    Ok(found)
}

/// Binds by name: in SQLite `$2` is only a name, and its place is where it first stands in the text.
fn bind(statement: &mut rusqlite::CachedStatement<'_>, args: &[Arg<'_>]) -> Result<(), DbError> {
    for index in 1..=statement.parameter_count() {
        let number = statement
            .parameter_name(index)
            .and_then(|name| name.strip_prefix('$'))
            .and_then(|number| number.parse::<usize>().ok());
        let arg = number.and_then(|number| args.get(number.wrapping_sub(1)));
        let arg = arg.ok_or(rusqlite::Error::InvalidParameterCount(args.len(), index))?;
        statement.raw_bind_parameter(index, arg)?;
    }
    Ok(())
}
