//! What a store takes in: journals of several tills, prepared and signed beforehand, pushed without a network.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::postgres_rows;
use super::rows;
use super::shop;
use super::time::{rate, timed};
use daybook_domain::entry::Envelope;
use daybook_store::enrol::{Fresh, enrol, new_code};
use daybook_store::exchange::exchange;
use daybook_store::open::Store;
use daybook_sync::frame::{FramedEntry, Head, Journal, Signer};
use daybook_sync::limits::{PROTOCOL, PUSH_ENTRIES_MAX};
use daybook_sync::message::{
    Cursor, EnrolAnswer, EnrolRequest, ExchangeAnswer, ExchangeHeader, JournalStatus, PageLimits,
    PullAnswer,
};
use daybook_sync::wire::ExchangeRequest;
use daybook_till::ledger::query;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

/// Tills that push at the same time.
const TILLS: usize = 4;
/// Sales in a transaction of the floor.
const FLOOR_BATCH: usize = 1_000;

/// What an exchange writes for a sale: the table, and the place in the journal of the sale that a row belongs to.
const TABLES: [(&str, &str); 5] = [
    ("journal_entry", "rowid"),
    (
        "document",
        concat!(
            "(SELECT e.rowid FROM journal_entry e WHERE e.tenant_id = document.tenant_id ",
            "AND e.till_id = document.till_id AND e.incarnation = document.incarnation AND e.seq = document.seq)"
        ),
    ),
    (
        "document_line",
        concat!(
            "(SELECT e.rowid FROM document d JOIN journal_entry e ON e.tenant_id = d.tenant_id ",
            "AND e.till_id = d.till_id AND e.incarnation = d.incarnation AND e.seq = d.seq ",
            "WHERE d.tenant_id = document_line.tenant_id AND d.document_id = document_line.document_id)"
        ),
    ),
    (
        "document_tender",
        concat!(
            "(SELECT e.rowid FROM document d JOIN journal_entry e ON e.tenant_id = d.tenant_id ",
            "AND e.till_id = d.till_id AND e.incarnation = d.incarnation AND e.seq = d.seq ",
            "WHERE d.tenant_id = document_tender.tenant_id AND d.document_id = document_tender.document_id)"
        ),
    ),
    (
        "stock_movement",
        concat!(
            "(SELECT e.rowid FROM journal_entry e WHERE e.tenant_id = stock_movement.tenant_id ",
            "AND e.till_id = stock_movement.till_id AND e.incarnation = stock_movement.incarnation ",
            "AND e.seq = stock_movement.seq)"
        ),
    ),
];

/// Entries of a real till to make others of: its opening of a shift, and its sales.
pub struct Pattern {
    shift: Value,
    sales: Vec<Value>,
}

impl Pattern {
    /// Reads them from a ledger.
    ///
    /// # Errors
    /// It holds no shift or no sale.
    pub fn of(ledger: &Connection) -> Result<Self, BenchError> {
        let (mut shift, mut sales) = (None, Vec::new());
        let mut wrong = None;
        query::each_entry(ledger, 0, |stored| {
            match serde_json::from_slice::<Value>(&stored.bytes) {
                Ok(entry) if entry["kind"] == "shift.opened" => shift = Some(entry),
                Ok(entry) if entry["kind"] == "sale.completed" => sales.push(entry),
                Ok(_) => {}
                Err(error) => wrong = Some(error),
            }
            Ok(())
        })?;
        if let Some(error) = wrong {
            return Err(error.into());
        }
        match shift {
            Some(shift) if !sales.is_empty() => Ok(Self { shift, sales }),
            _ => Err(BenchError::Unexpected("the ledger has no shift with sales".to_owned())),
        }
    }

    /// The journal of another till: a shift and so many sales, signed.
    fn journal(
        &self,
        till: &EnrolAnswer,
        signer: &Signer,
        sales: usize,
    ) -> Result<Vec<FramedEntry>, BenchError> {
        let journal = Journal { till: till.till, incarnation: till.incarnation };
        let id = |n: usize| {
            Uuid::from_u128(till.till.as_u128() ^ (u128::try_from(n).unwrap_or(0) << 64))
        };
        let shift = id(1 << 40);
        let mut opened = self.shift.clone();
        opened["id"] = json!(id(1 << 41));
        opened["shift"] = json!(shift);
        opened["body"]["shift"] = json!(shift);
        let mut entries = vec![opened];
        for (number, sale) in self.sales.iter().cycle().take(sales).enumerate() {
            let mut entry = sale.clone();
            entry["id"] = json!(id(2 * number + 2));
            entry["shift"] = json!(shift);
            let document = &mut entry["body"]["document"];
            let series = format!("{}-AI26", till.till_code);
            document["id"] = json!(id(2 * number + 3));
            document["number"] = json!(format!("{series}-{:06}", number + 1));
            document["series"] = json!(series);
            document["till"] = json!(till.till);
            document["till_code"] = json!(till.till_code);
            entries.push(entry);
        }
        let mut head = journal.start();
        let mut framed = Vec::with_capacity(entries.len());
        for entry in entries {
            let bytes = serde_json::to_vec(&entry)?;
            if let Err(error) = Envelope::parse(&bytes) {
                return Err(BenchError::Unexpected(error.to_string()));
            }
            let frame = signer.frame(&journal, &head, &bytes);
            head = frame.head();
            framed.push(FramedEntry { frame, bytes, sidecar: None });
        }
        Ok(framed)
    }
}

/// A till of which only what an exchange needs exists.
struct Pusher {
    answer: EnrolAnswer,
    session: String,
    cursor: Option<Cursor>,
    entries: Vec<FramedEntry>,
    acked: i64,
}

impl Pusher {
    fn enrolled(
        store: &Store,
        pattern: &Pattern,
        seed: u8,
        sales: usize,
    ) -> Result<Self, BenchError> {
        let place =
            shop::LOCATION.parse().map_err(|_| BenchError::Unexpected("location".to_owned()))?;
        let (code, _) = new_code(&store.gate, &place, None)?;
        let request = EnrolRequest {
            protocol: PROTOCOL,
            code: code.to_string(),
            public_key: Signer::from_seed(&[seed; 32]).public_key(),
            install: Uuid::from_u128(u128::from(seed)),
            app: "bench".to_owned(),
        };
        let (keyring, fresh) = (store.keyring.clone(), Fresh::draw());
        let answer = store.gate.write(move |tx| enrol(tx, &keyring, &request, &fresh))??;
        let entries = pattern.journal(&answer, &Signer::from_seed(&[seed; 32]), sales)?;
        let session = answer.session.clone();
        let mut pusher = Self { answer, session, cursor: None, entries, acked: 0 };
        while pusher.push(store, 0)? {}
        Ok(pusher)
    }

    /// One exchange with at most so many entries; whether the store has more to say.
    fn push(&mut self, store: &Store, most: usize) -> Result<bool, BenchError> {
        let from = usize::try_from(self.acked).unwrap_or(0);
        let entries: Vec<FramedEntry> =
            self.entries.iter().skip(from).take(most).cloned().collect();
        let journal = Journal { till: self.answer.till, incarnation: self.answer.incarnation };
        let head: Head = self.entries.last().map_or(journal.start(), |entry| entry.frame.head());
        let header = ExchangeHeader {
            protocol: PROTOCOL,
            till: journal.till,
            incarnation: journal.incarnation,
            session: self.session.clone(),
            epoch: self.answer.epoch,
            journal: JournalStatus {
                incarnation: journal.incarnation,
                head: head.seq,
                head_hash: head.hash,
                acked: self.acked,
            },
            cursor: self.cursor.clone(),
            requests: Vec::new(),
            page: PageLimits::default(),
            entries: entries.len(),
        };
        let answer = exchange(&store.gate, &store.signer, ExchangeRequest { header, entries })?;
        Ok(self.take(answer))
    }

    fn take(&mut self, answer: ExchangeAnswer) -> bool {
        if let Some(session) = answer.session {
            self.session = session;
        }
        self.acked = answer.push.received_through;
        match answer.pull {
            PullAnswer::Page(page) => {
                self.cursor = Some(page.cursor);
                page.more
            }
            PullAnswer::Refetch { .. }
            | PullAnswer::UpgradeRequired { .. }
            | PullAnswer::Blocked
            | PullAnswer::Wait => false,
        }
    }

    fn push_all(&mut self, store: &Store) -> Result<(), BenchError> {
        while usize::try_from(self.acked).unwrap_or(0) < self.entries.len() {
            let before = self.acked;
            self.push(store, PUSH_ENTRIES_MAX)?;
            if self.acked == before {
                return Err(BenchError::Unexpected(format!("entry {} was not taken", before + 1)));
            }
        }
        Ok(())
    }
}

/// Sales a second that a store takes.
fn speed(store: &Store, pattern: &Pattern, sales: usize) -> Result<u64, BenchError> {
    let each = sales / TILLS;
    let mut pushers = (1..)
        .take(TILLS)
        .map(|seed| Pusher::enrolled(store, pattern, seed, each))
        .collect::<Result<Vec<_>, _>>()?;
    let (done, took) = timed(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                pushers.iter_mut().map(|pusher| scope.spawn(|| pusher.push_all(store))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().map_err(|_| BenchError::Unexpected("a push panicked".to_owned()))?
            })
        })
    });
    done?;
    let count = |sql: &str| -> Result<i64, BenchError> {
        Ok(store.gate.read(|tx| tx.query_one(sql, &[])?.int(0))?)
    };
    let documents = count("SELECT count(*) FROM document")?;
    let waiting = count("SELECT count(*) FROM quarantine")?;
    if usize::try_from(documents).ok() != Some(each * TILLS) || waiting > 0 {
        return Err(BenchError::Unexpected(format!(
            "{documents} documents, {waiting} in quarantine"
        )));
    }
    Ok(rate(each * TILLS, took))
}

/// Measures on SQLite. Returns the rate too, as a floor for what goes over a network.
///
/// # Errors
/// The store refused.
pub fn on_sqlite(
    folder: &Path,
    pattern: &Pattern,
    products: u64,
    sales: usize,
) -> Result<(Figure, u64), BenchError> {
    let data = folder.join("ingest");
    let store = shop::open_store(&data, None, products)?;
    let taken = speed(&store, pattern, sales)?;
    let from = Connection::open(store.place.sqlite())?;
    let writes = rows::writes(&from, &TABLES, 0)?;
    let bare = rows::bare_copy(&from, &folder.join("bare-store.db"))?;
    let floor = rate(sales, rows::insert_batched(&bare, &writes, FLOOR_BATCH)?);
    let figure = Figure::new("store ingest, SQLite, 4 tills: sales", Unit::PerSecond, taken)
        .beside(floor)
        .aims(Aim::AtLeastPercentOfFloor(60));
    Ok((figure, taken))
}

/// Measures on a PostgreSQL server, in a database of its own that is dropped afterwards.
///
/// # Errors
/// The store or the server refused.
pub fn on_postgres(
    folder: &Path,
    pattern: &Pattern,
    products: u64,
    sales: usize,
    server: &str,
) -> Result<Figure, BenchError> {
    let database = postgres_rows::Database::make(server)?;
    let store = shop::open_store(
        &folder.join("ingest-postgres"),
        Some(database.url().to_owned()),
        products,
    )?;
    let taken = speed(&store, pattern, sales)?;
    drop(store);
    let tables = TABLES.map(|(table, _)| table);
    let took = database.copy_bare(&tables, sales.div_ceil(FLOOR_BATCH))?;
    Ok(Figure::new("store ingest, PostgreSQL, 4 tills: sales", Unit::PerSecond, taken)
        .beside(rate(sales, took))
        .aims(Aim::AtLeastPercentOfFloor(50)))
}
