//! PostgreSQL: a pool of connections, each with its prepared statements.

use super::history::{HISTORY, check_applied};
use super::tx::Engine;
use super::{Arg, DbError, Moment, Row, Tx};
use postgres::types::{Kind, ToSql, Type};
use postgres::{Client, Config, IsolationLevel, NoTls, Statement, Transaction};
use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

mod embedded {
    refinery::embed_migrations!("../migrations/store/postgres");
}

/// Connections open at once; more wait.
const CONNECTIONS_MAX: u32 = 8;
/// How many connections that turn out to be cut may be met before a new one: all of the pool.
pub(crate) const CONNECTIONS_TRIED_MAX: u32 = CONNECTIONS_MAX + 1;
/// How long to wait for a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(15);
/// Held while the schema is brought up to date, so that several processes may start at once.
const MIGRATION_LOCK: i64 = 0x6461_7962_6f6f_6b01;

/// A store's data in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresPool {
    pool: r2d2::Pool<Connections>,
}

impl PostgresPool {
    /// Connects (`postgres://user@host/database`) and brings the schema up to date.
    ///
    /// # Errors
    /// [`DbError`] when the server cannot be reached, or the schema is newer than this program.
    pub fn open(url: &str) -> Result<Self, DbError> {
        let config = Config::from_str(url)?;
        let mut client = config.connect(NoTls)?;
        client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK])?;
        check_history(&mut client)?;
        // In one transaction with the record of it, so that a start that was cut off can be repeated.
        embedded::migrations::runner().set_grouped(true).run(&mut client)?;
        drop(client);
        let pool = r2d2::Pool::builder()
            .max_size(CONNECTIONS_MAX)
            .min_idle(Some(0))
            .connection_timeout(CONNECTION_TIMEOUT)
            .test_on_check_out(false)
            .build(Connections { config })?;
        Ok(Self { pool })
    }

    /// A connection that was sound when it was given back. One that was cut since then says so when a transaction begins on
    /// it, and is dropped.
    pub(crate) fn connection(&self) -> Result<r2d2::PooledConnection<Connections>, DbError> {
        self.pool.get().map_err(|error| DbError::of_pool(&self.pool, &error))
    }

    /// Runs a reader on one unchanging view of the data.
    pub(crate) fn read<T, E: From<DbError>>(
        &self,
        tenant: i64,
        moment: Moment,
        reader: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut last = DbError::Busy;
        for _ in 0..CONNECTIONS_TRIED_MAX {
            let mut connection = self.connection()?;
            let PostgresConnection { client, statements, cut } = &mut *connection;
            let begun = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start();
            match begun {
                Ok(tx) => {
                    return reader(&mut Tx::new(
                        Engine::Postgres { tx, statements },
                        tenant,
                        moment,
                    ));
                }
                Err(error) => {
                    *cut = true;
                    last = error.into();
                }
            }
        }
        Err(E::from(last))
    }
}

fn check_history(client: &mut Client) -> Result<(), DbError> {
    let has_history =
        client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[])?;
    if !has_history.try_get::<_, bool>(0)? {
        return Ok(());
    }
    for row in client.query(HISTORY, &[])? {
        let text = |column| row.try_get::<_, Option<String>>(column).ok().flatten();
        let (applied_on, checksum) = (text(1).unwrap_or_default(), text(2).unwrap_or_default());
        check_applied(row.try_get(0)?, &applied_on, &checksum)?;
    }
    Ok(())
}

/// A connection with its prepared statements.
pub(crate) struct PostgresConnection {
    client: Client,
    statements: Statements,
    cut: bool,
}

impl PostgresConnection {
    pub(crate) fn begin(&mut self, tenant: i64, moment: Moment) -> Result<Tx<'_>, DbError> {
        let begun =
            self.client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
        match begun {
            Ok(tx) => {
                let statements = &mut self.statements;
                Ok(Tx::new(Engine::Postgres { tx, statements }, tenant, moment))
            }
            Err(error) => {
                self.cut = true;
                Err(error.into())
            }
        }
    }
}

pub(crate) struct Connections {
    config: Config,
}

impl r2d2::ManageConnection for Connections {
    type Connection = PostgresConnection;
    type Error = postgres::Error;

    fn connect(&self) -> Result<PostgresConnection, postgres::Error> {
        Ok(PostgresConnection {
            client: self.config.connect(NoTls)?,
            statements: Statements::default(),
            cut: false,
        })
    }

    fn is_valid(&self, connection: &mut PostgresConnection) -> Result<(), postgres::Error> {
        connection.client.simple_query("").map(|_| ())
    }

    fn has_broken(&self, connection: &mut PostgresConnection) -> bool {
        connection.cut || connection.client.is_closed()
    }
}

/// Statements prepared on one connection, by their text.
#[derive(Default)]
pub(crate) struct Statements {
    prepared: HashMap<String, Statement>,
}

impl Statements {
    fn prepare(&mut self, tx: &mut Transaction<'_>, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = tx.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// The types of columns of a table, for casts of arrays.
    pub(super) fn types_of(
        &mut self,
        tx: &mut Transaction<'_>,
        table: &str,
        columns: &[&str],
    ) -> Result<Vec<Type>, DbError> {
        let key = format!("SELECT {} FROM {table} WHERE false", columns.join(", "));
        let statement = self.prepare(tx, &key)?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }
}

pub(super) fn execute(
    tx: &mut Transaction<'_>,
    statements: &mut Statements,
    sql: &str,
    args: &[Arg<'_>],
) -> Result<u64, DbError> {
    let statement = statements.prepare(tx, sql)?;
    Ok(tx.execute(&statement, &in_order(args))?)
}

pub(super) fn query(
    tx: &mut Transaction<'_>,
    statements: &mut Statements,
    sql: &str,
    args: &[Arg<'_>],
) -> Result<Vec<Row>, DbError> {
    let statement = statements.prepare(tx, sql)?;
    tx.query(&statement, &in_order(args))?.iter().map(Row::of_postgres).collect()
}

pub(super) fn query_arrays(
    tx: &mut Transaction<'_>,
    statements: &mut Statements,
    sql: &str,
    columns: &[Vec<Arg<'_>>],
) -> Result<Vec<Row>, DbError> {
    let statement = statements.prepare(tx, sql)?;
    debug_assert!(statement.params().iter().all(|ty| matches!(ty.kind(), Kind::Array(_))));
    let columns: Vec<&(dyn ToSql + Sync)> =
        columns.iter().map(|column| -> &(dyn ToSql + Sync) { column }).collect();
    tx.query(&statement, &columns)?.iter().map(Row::of_postgres).collect()
}

/// `$1::int8[], $2::text[], …`
pub(super) fn array_slots(types: &[Type]) -> String {
    let slots: Vec<String> =
        (1..).zip(types).map(|(slot, ty)| format!("${slot}::{}[]", ty.name())).collect();
    slots.join(", ")
}

/// The values of each column, of those of each row.
pub(super) fn transpose<'a>(rows: &[Vec<Arg<'a>>], columns: usize) -> Vec<Vec<Arg<'a>>> {
    (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column).copied()).collect())
        .collect()
}

fn in_order<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| -> &(dyn ToSql + Sync) { arg }).collect()
}
