//! What the store's database holds, read by the demo's own auditor: straight from the tables, by no code of the store.

use super::DemoError;
use daybook_sync::frame::{Head, Journal, entry_hash, head_is_signed_by};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// The books at one moment.
#[derive(Debug, Default)]
pub struct Books {
    /// Every entry of every journal.
    pub entries: Vec<Entry>,
    /// Every document, of tills and of the store.
    pub documents: Vec<Document>,
    /// On hand by (SKU, location), thousandths.
    pub on_hand: BTreeMap<(String, String), i64>,
    /// Reserved by (SKU, location), thousandths.
    pub reserved: BTreeMap<(String, String), i64>,
    /// Σ of tenders by medium, credit notes subtracted, of all documents of tills.
    pub tenders: BTreeMap<String, i64>,
    /// Web orders.
    pub orders: Vec<Order>,
    /// What is on each gift card and store credit, minor units, by medium and number.
    pub balances: BTreeMap<(String, String), i64>,
    /// Amounts of balances that are still set aside for tills.
    pub holds: i64,
    /// Entries that wait for a person.
    pub quarantined: i64,
    /// Forks that wait for a person.
    pub forks: i64,
    /// Open exceptions: kind and detail.
    pub exceptions: Vec<(String, String)>,
    /// What does not hold in the chains of the journals.
    pub broken_chains: Vec<String>,
}

/// One entry of a journal.
#[derive(Debug, Default)]
pub struct Entry {
    /// Code of the till.
    pub till: String,
    /// Incarnation.
    pub incarnation: u32,
    /// Sequence number.
    pub seq: i64,
    /// Kind.
    pub kind: String,
    /// When it happened by its till's clock, UTC milliseconds.
    pub at_ms: i64,
    /// Business day, `YYYY-MM-DD`.
    pub day: String,
    /// Last feed number that its till had seen.
    pub feed: i64,
    /// Feed number from which on other tills know what it did; nothing where no row of the feed changed.
    pub told_feed: Option<i64>,
    /// Its body.
    pub body: Value,
}

impl Entry {
    /// Whether a till that has seen the feed so far knows what it did.
    #[must_use]
    pub fn is_known_at(&self, feed: i64) -> bool {
        self.told_feed.is_some_and(|told| told <= feed)
    }
}

/// One document.
#[derive(Debug)]
pub struct Document {
    /// Code of the till; empty for one of the store.
    pub till: String,
    /// Number.
    pub number: String,
    /// Series.
    pub series: String,
    /// `sale`, `refund`, `exchange`, `void`, `order`, `order_refund`.
    pub fact: String,
    /// Before cash is rounded.
    pub total_minor: i64,
    /// What was owed.
    pub payable_minor: i64,
    /// Incarnation and sequence number of its entry.
    pub entry: Option<(u32, i64)>,
}

/// One web order.
#[derive(Debug)]
pub struct Order {
    /// Id that the web shop made.
    pub id: Uuid,
    /// Number.
    pub number: String,
    /// State.
    pub state: String,
    /// What it came to.
    pub total_minor: i64,
    /// Captured.
    pub paid_minor: i64,
    /// Given back.
    pub refunded_minor: i64,
    /// Lines: SKU, quantity in thousandths.
    pub lines: Vec<(String, i64)>,
}

impl Books {
    /// Reads the store's database in one unchanging view.
    ///
    /// # Errors
    /// [`DemoError::Books`].
    pub fn read(database: &Path) -> Result<Self, DemoError> {
        let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        conn.execute_batch("BEGIN")?;
        let mut books = Self::default();
        books.read_journals(&conn)?;
        books.read_documents(&conn)?;
        books.read_stock(&conn)?;
        books.read_orders(&conn)?;
        books.read_balances(&conn)?;
        books.read_open_questions(&conn)?;
        Ok(books)
    }

    fn read_journals(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let mut statement = conn.prepare(
            "SELECT t.till_id, t.code, i.incarnation, i.public_key FROM till_incarnation i
             JOIN till t ON t.tenant_id = i.tenant_id AND t.till_id = i.till_id ORDER BY t.code, i.incarnation",
        )?;
        let journals = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<Vec<(Uuid, String, u32, Vec<u8>)>, _>>()?;
        for (till, code, incarnation, key) in journals {
            let journal = Journal { till, incarnation };
            let key = PublicKey::from_slice(&key)
                .ok_or_else(|| DemoError::Broken(format!("{code}/{incarnation}: no key")))?;
            self.read_journal(conn, &journal, &code, &key)?;
        }
        Ok(())
    }

    /// Reads one journal and follows its chain: each hash over the one before and the bytes, each head signed.
    fn read_journal(
        &mut self,
        conn: &Connection,
        journal: &Journal,
        code: &str,
        key: &PublicKey,
    ) -> Result<(), DemoError> {
        let mut statement = conn.prepare(
            "SELECT e.seq, e.bytes, e.hash, e.signature, f.feed FROM journal_entry e
             LEFT JOIN feed_log f ON f.tenant_id = e.tenant_id AND f.txn = e.txn
             WHERE e.till_id = ?1 AND e.incarnation = ?2 ORDER BY e.seq",
        )?;
        let mut rows = statement.query((journal.till, journal.incarnation))?;
        let mut head = journal.start();
        while let Some(row) = rows.next()? {
            let (seq, bytes): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let expected = Head { seq: head.seq + 1, hash: entry_hash(&head.hash, &bytes) };
            let found = Hash::from_slice(&row.get::<_, Vec<u8>>(2)?);
            let signature = Signature::from_slice(&row.get::<_, Vec<u8>>(3)?);
            let signed = signature
                .is_some_and(|signature| head_is_signed_by(key, journal, &expected, &signature));
            if seq != expected.seq || found != Some(expected.hash) || !signed {
                self.broken_chains.push(format!("{code}/{}/{seq}", journal.incarnation));
            }
            head = expected;
            let mut entry: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            self.entries.push(Entry {
                till: code.to_owned(),
                incarnation: journal.incarnation,
                seq,
                kind: entry["kind"].as_str().unwrap_or_default().to_owned(),
                at_ms: entry["at_ms"].as_i64().unwrap_or_default(),
                day: entry["day"].as_str().unwrap_or_default().to_owned(),
                feed: entry["feed"].as_i64().unwrap_or_default(),
                told_feed: row.get(4)?,
                body: entry["body"].take(),
            });
        }
        Ok(())
    }

    fn read_documents(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let mut statement = conn.prepare(
            "SELECT coalesce(t.code, ''), d.number, d.series, d.fact, d.total_minor, d.payable_minor, d.incarnation, d.seq
             FROM document d LEFT JOIN till t ON t.tenant_id = d.tenant_id AND t.till_id = d.till_id
             WHERE d.training = 0",
        )?;
        let read = |row: &Row<'_>| {
            let entry = match (row.get(6)?, row.get(7)?) {
                (Some(incarnation), Some(seq)) => Some((incarnation, seq)),
                _ => None,
            };
            Ok(Document {
                till: row.get(0)?,
                number: row.get(1)?,
                series: row.get(2)?,
                fact: row.get(3)?,
                total_minor: row.get(4)?,
                payable_minor: row.get(5)?,
                entry,
            })
        };
        self.documents = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        let mut statement = conn.prepare(
            "SELECT r.tender_type,
                    sum(CASE WHEN d.kind = 'credit_note' THEN -r.amount_minor ELSE r.amount_minor END)
             FROM document_tender r JOIN document d ON d.tenant_id = r.tenant_id AND d.document_id = r.document_id
             WHERE d.till_id IS NOT NULL AND d.training = 0 GROUP BY r.tender_type",
        )?;
        self.tenders = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    fn read_stock(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let mut statement = conn
            .prepare("SELECT sku, location_id, on_hand_milli, reserved_milli FROM stock_level")?;
        let rows = statement
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?, row.get(3)?)))?
            .collect::<Result<Vec<((String, String), i64, i64)>, _>>()?;
        for (place, on_hand, reserved) in rows {
            self.on_hand.insert(place.clone(), on_hand);
            self.reserved.insert(place, reserved);
        }
        Ok(())
    }

    fn read_orders(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let mut statement = conn.prepare(
            "SELECT order_id, number, state, total_minor, paid_minor, refunded_minor FROM web_order ORDER BY number",
        )?;
        self.orders = statement
            .query_map([], |row| {
                Ok(Order {
                    id: row.get(0)?,
                    number: row.get(1)?,
                    state: row.get(2)?,
                    total_minor: row.get(3)?,
                    paid_minor: row.get(4)?,
                    refunded_minor: row.get(5)?,
                    lines: Vec::new(),
                })
            })?
            .collect::<Result<_, _>>()?;
        let mut statement =
            conn.prepare("SELECT sku, quantity_milli FROM order_line WHERE order_id = ?1")?;
        for order in &mut self.orders {
            order.lines = statement
                .query_map([order.id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    fn read_balances(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let mut statement = conn.prepare("SELECT medium, number, amount_minor FROM balance")?;
        self.balances = statement
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let sql = "SELECT count(*) FROM balance_hold WHERE state = 'held'";
        self.holds = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(())
    }

    fn read_open_questions(&mut self, conn: &Connection) -> Result<(), DemoError> {
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get(0));
        self.quarantined = count("SELECT count(*) FROM quarantine WHERE state = 'open'")?;
        self.forks = count("SELECT count(*) FROM journal_branch WHERE resolved_at_ms IS NULL")?;
        let mut statement =
            conn.prepare("SELECT kind, detail FROM exception WHERE resolved_at_ms IS NULL")?;
        self.exceptions = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(())
    }
}
