//! The floor of a write on PostgreSQL: the very rows that it left, copied bare into the same tables without triggers.

use super::error::BenchError;
use super::time::timed;
use postgres::{Client, NoTls};
use std::io::{Read, Write};
use std::time::Duration;

/// Address of the server to measure on, as the variable `DAYBOOK_TEST_POSTGRES` names it.
///
/// # Errors
/// There is none, or it does not answer.
pub fn server() -> Result<String, BenchError> {
    let none = || BenchError::NoPostgres("DAYBOOK_TEST_POSTGRES is not set".to_owned());
    let url = std::env::var("DAYBOOK_TEST_POSTGRES").map_err(|_| none())?;
    let silent = |error: postgres::Error| {
        let why =
            std::error::Error::source(&error).map_or_else(String::new, |why| format!(": {why}"));
        BenchError::NoPostgres(format!("{error}{why}"))
    };
    Client::connect(&url, NoTls).map_err(silent)?;
    Ok(url)
}

/// A database that goes away with this.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes an empty database beside the one of the address.
    ///
    /// # Errors
    /// The server refused.
    pub fn make(server: &str) -> Result<Self, BenchError> {
        let name = format!("daybook_bench_{}", std::process::id());
        Client::connect(server, NoTls)?.batch_execute(&format!("CREATE DATABASE {name}"))?;
        let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
        Ok(Self { server: server.to_owned(), url: format!("{base}/{name}"), name })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Copies the rows of the tables into bare tables, an equal part of each table in every transaction.
    ///
    /// # Errors
    /// The server refused.
    pub fn copy_bare(&self, tables: &[&str], transactions: usize) -> Result<Duration, BenchError> {
        let mut client = Client::connect(&self.url, NoTls)?;
        client.batch_execute("CREATE SCHEMA bare")?;
        let mut parts = Vec::new();
        for table in tables {
            client.batch_execute(&format!(
                "CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS \
                 INCLUDING INDEXES)"
            ))?;
            let mut text = Vec::new();
            client.copy_out(&format!("COPY public.{table} TO STDOUT"))?.read_to_end(&mut text)?;
            let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            let size = lines.len().div_ceil(transactions.max(1)).max(1);
            parts.push((*table, lines.chunks(size).map(<[&[u8]]>::concat).collect::<Vec<_>>()));
        }
        client.batch_execute("CHECKPOINT")?;
        let (done, took) = timed(|| -> Result<(), BenchError> {
            for number in 0..transactions {
                let mut tx = client.transaction()?;
                for (table, parts) in &parts {
                    if let Some(part) = parts.get(number) {
                        let mut to = tx.copy_in(&format!("COPY bare.{table} FROM STDIN"))?;
                        to.write_all(part)?;
                        to.finish()?;
                    }
                }
                tx.commit()?;
            }
            Ok(())
        });
        done.map(|()| took)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let gone = Client::connect(&self.server, NoTls).and_then(|mut client| {
            client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
        });
        if let Err(error) = gone {
            eprintln!("{} could not be dropped: {error}", self.name);
        }
    }
}
