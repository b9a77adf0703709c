//! A till of the simulator: a disk with a ledger, and a process that may die at every commit.

use crate::store::{SimStore, TENANT, copy, lease_request, read};
use crate::{Checked, broken};
use daybook_sync::client::{
    Acked, Action, Applied, Client, Event, ExchangePlan, Facts, History, LocalJournal, Missing,
    WantIncarnation,
};
use daybook_sync::frame::{Frame, FramedEntry, Head, Journal, Signer, verify_frames};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use daybook_sync::limits::{PROTOCOL, PROVISIONAL_FROM};
use daybook_sync::message::{
    Cursor, FeedRow, IncarnationAnswer, IncarnationHead, IncarnationRequest, NewIncarnation,
    Request,
};
use daybook_sync::overlay::{ACK_PREFIX, AckRange, counts_on_top_with_bug};
use daybook_sync::planted::Planted;
use daybook_sync::wire::{EntriesAnswer, ExchangeRequest};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use uuid::Uuid;

const SCHEMA: &str = "
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE journal (ord INTEGER PRIMARY KEY, inc INTEGER UNIQUE, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    acked INTEGER NOT NULL, acked_epoch INTEGER NOT NULL, forked_at INTEGER) STRICT;
CREATE TABLE entry (inc INTEGER, seq INTEGER, prev BLOB, hash BLOB, sig BLOB, bytes BLOB, effect_feed INTEGER,
    PRIMARY KEY (inc, seq)) STRICT;
CREATE TABLE level (sku TEXT PRIMARY KEY, on_hand INTEGER, row_feed INTEGER, seen INTEGER) STRICT;
CREATE TABLE request (id BLOB PRIMARY KEY, fence INTEGER) STRICT;
CREATE TABLE missing (inc INTEGER PRIMARY KEY, after INTEGER NOT NULL) STRICT;
CREATE TABLE fetched (inc INTEGER, seq INTEGER, hash BLOB, PRIMARY KEY (inc, seq)) STRICT;
";

/// One machine with a copy of a till's ledger.
pub struct SimTill {
    /// Which till.
    pub till: Uuid,
    /// Id of this machine, kept beside the disk; a ledger that names another one was restored or copied.
    pub install: u64,
    /// The process, gone and made anew at every crash.
    pub generation: u64,
    /// When the one timer fires.
    pub timer_ms: i64,
    /// Attempt in flight, and when the shell gives up waiting.
    pub waiting: Option<(u64, i64)>,
    /// Live incarnation that this copy was told to end; it must not write there again.
    pub told_to_end: Option<u32>,
    disk: Connection,
    client: Client,
    signer: Signer,
    store_key: PublicKey,
    planted: Planted,
}

/// What a till wants to send.
#[derive(Clone)]
pub enum Outgoing {
    /// An exchange.
    Exchange(Box<ExchangeRequest>),
    /// A new incarnation.
    Incarnation(IncarnationRequest),
    /// A download.
    Entries(u32, i64),
}

/// Where the process dies while it carries out an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It lives.
    No,
    /// With the transaction open.
    BeforeCommit,
    /// After the commit, before the machine hears of it.
    AfterCommit,
}

fn sql<T>(result: rusqlite::Result<T>) -> T {
    result.expect("the simulator's SQL is right and memory does not fail")
}

fn hash_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    Ok(Hash::from_slice(&row.get::<_, Vec<u8>>(column)?).expect("hashes have 32 bytes"))
}

/// A copy of a till's disk.
#[must_use]
pub fn copy_of(till: &SimTill) -> Connection {
    copy(&till.disk)
}

/// Signing key of a till, by number.
#[must_use]
pub fn signer(number: u8) -> Signer {
    Signer::from_seed(&[number; 32])
}

impl SimTill {
    /// A newly enrolled till.
    #[must_use]
    pub fn enrolled(
        till: Uuid,
        signer: Signer,
        store: &mut SimStore,
        seed: u64,
        planted: Planted,
    ) -> Self {
        let disk = sql(Connection::open_in_memory());
        sql(disk.execute_batch(SCHEMA));
        let made = Self {
            till,
            install: seed,
            generation: 0,
            timer_ms: 0,
            waiting: None,
            told_to_end: None,
            disk,
            client: Client::with_bug(seed, planted),
            signer,
            store_key: store.public_key(),
            planted,
        };
        made.set("session", &json!(store.enrol(till)));
        made.set("epoch", &json!(0));
        made.set("install", &json!(seed));
        made.open_journal(1);
        made
    }

    /// The same ledger on another machine, or an earlier state of it on this one.
    #[must_use]
    pub fn with_disk(&self, disk: &Connection, install: u64, generation: u64) -> Self {
        Self {
            till: self.till,
            install,
            generation,
            timer_ms: 0,
            waiting: None,
            told_to_end: None,
            disk: copy(disk),
            client: Client::with_bug(install ^ generation, self.planted),
            signer: self.signer.clone(),
            store_key: self.store_key,
            planted: self.planted,
        }
    }

    /// The disk, to copy it.
    #[must_use]
    pub fn disk(&self) -> &Connection {
        &self.disk
    }

    /// The process dies; the disk stays.
    pub fn die(&mut self) {
        self.generation += 1;
        self.waiting = None;
        self.timer_ms = 0;
        // What was rolled back was never heard; what was committed stands on the disk.
        self.told_to_end = None;
        self.client = Client::with_bug(self.install ^ self.generation, self.planted);
        if !self.disk.is_autocommit() {
            sql(self.disk.execute_batch("ROLLBACK"));
        }
    }

    fn get(&self, name: &str) -> Option<Value> {
        let select = "SELECT value FROM state WHERE name = ?1";
        let text: Option<String> =
            sql(self.disk.query_row(select, [name], |row| row.get(0)).optional());
        text.map(|text| serde_json::from_str(&text).expect("state is JSON"))
    }

    fn set(&self, name: &str, value: &Value) {
        let text = value.to_string();
        sql(self.disk.execute("INSERT OR REPLACE INTO state VALUES (?1, ?2)", params![name, text]));
    }

    fn unset(&self, name: &str) {
        sql(self.disk.execute("DELETE FROM state WHERE name = ?1", [name]));
    }

    fn open_journal(&self, inc: u32) {
        let start = Journal { till: self.till, incarnation: inc }.start();
        sql(self.disk.execute(
            "INSERT INTO journal (inc, seq, hash, acked, acked_epoch) VALUES (?1, 0, ?2, 0, 0)",
            params![inc, start.hash.0],
        ));
    }

    fn journals(&self) -> Vec<LocalJournal> {
        let mut select = sql(self
            .disk
            .prepare("SELECT inc, seq, hash, acked, acked_epoch FROM journal ORDER BY ord"));
        let rows = sql(select.query_map([], |row| {
            Ok(LocalJournal {
                incarnation: row.get(0)?,
                head: Head { seq: row.get(1)?, hash: hash_of(row, 2)? },
                acked: row.get(3)?,
                acked_epoch: row.get(4)?,
            })
        }));
        rows.map(sql).collect()
    }

    /// The live incarnation.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        sql(self
            .disk
            .query_row("SELECT inc FROM journal ORDER BY ord DESC LIMIT 1", [], |row| row.get(0)))
    }

    /// Whether this ledger was restored or copied and must not go on.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.get("install") != Some(json!(self.install))
    }

    /// Whether a sale may be written: own ledger, and no incarnation to end.
    #[must_use]
    pub fn may_write(&self) -> bool {
        !self.is_foreign() && self.get("wish").is_none()
    }

    /// Starts the process: a foreign ledger asks for a new incarnation, or offline takes a provisional one.
    pub fn start(&mut self, offline: bool, random: u64) {
        if !self.is_foreign() {
            return;
        }
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        self.set("install", &json!(self.install));
        self.unset("wish");
        if offline {
            let low = u32::try_from(random & 0x7fff_ffff).unwrap_or(0);
            self.set("session", &json!(""));
            self.begin(PROVISIONAL_FROM | low);
        } else {
            self.write_wish(NewIncarnation::Restored, random);
        }
        sql(self.disk.execute_batch("COMMIT"));
    }

    fn write_wish(&self, reason: NewIncarnation, random: u64) {
        let wish = IncarnationRequest {
            protocol: PROTOCOL,
            id: Uuid::from_u128(u128::from(random) << 64 | u128::from(self.install)),
            till: self.till,
            reason,
            install: Uuid::from_u128(u128::from(self.install)),
            public_key: self.signer.public_key(),
            previous: self.journals().last().map(|live| IncarnationHead {
                incarnation: live.incarnation,
                seq: live.head.seq,
                hash: live.head.hash,
            }),
        };
        self.set("wish", &json!(wish));
    }

    /// First entry of an incarnation.
    fn begin(&self, inc: u32) {
        self.open_journal(inc);
        self.append(&json!({"started": inc, "poison": false}));
    }

    fn append(&self, body: &Value) -> Head {
        let live = *self.journals().last().expect("a till has a journal");
        let journal = Journal { till: self.till, incarnation: live.incarnation };
        let bytes = body.to_string().into_bytes();
        let frame = self.signer.frame(&journal, &live.head, &bytes);
        sql(self.disk.execute(
            "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)",
            params![live.incarnation, frame.seq, frame.prev.0, frame.hash.0, frame.sig.0, bytes],
        ));
        sql(self.disk.execute(
            "UPDATE journal SET seq = ?2, hash = ?3 WHERE inc = ?1",
            params![live.incarnation, frame.seq, frame.hash.0],
        ));
        frame.head()
    }

    /// Sells one of a SKU. `id` makes the entry unlike any other.
    ///
    /// # Errors
    /// It writes in an incarnation that it was told to end.
    pub fn sell(&mut self, sku: &str, id: u64, poison: bool) -> Checked<()> {
        if self.told_to_end == Some(self.incarnation()) {
            return Err(broken("nothing is written in an incarnation that must end", ""));
        }
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        self.append(&json!({"sku": sku, "q": -1, "id": id, "poison": poison}));
        sql(self.disk.execute_batch("COMMIT"));
        Ok(())
    }

    /// Wants a lease.
    pub fn ask_lease(&mut self, id: Uuid) {
        sql(self.disk.execute("INSERT INTO request VALUES (?1, NULL)", [id]));
    }

    /// Hands an event to the machine and returns what it wants done.
    pub fn step(&mut self, now_ms: i64, event: Event) -> Vec<Action> {
        let journals = self.journals();
        let requests = {
            let mut select =
                sql(self.disk.prepare("SELECT id FROM request WHERE fence IS NULL ORDER BY id"));
            let ids = sql(select.query_map([], |row| row.get::<_, Uuid>(0)));
            ids.map(|id| Request::new(sql(id), &lease_request())).collect()
        };
        let missing = {
            let mut select = sql(self.disk.prepare("SELECT inc, after FROM missing ORDER BY inc"));
            let rows = sql(select
                .query_map([], |row| Ok(Missing { incarnation: row.get(0)?, after: row.get(1)? })));
            rows.map(sql).collect()
        };
        let state = |name: &str| self.get(name);
        let disk = &self.disk;
        let till = self.till;
        let hash_at = |inc: u32, seq: i64| -> Option<Hash> {
            if seq == 0 {
                return Some(Journal { till, incarnation: inc }.genesis());
            }
            let select = "SELECT hash FROM entry WHERE inc = ?1 AND seq = ?2";
            sql(disk.query_row(select, params![inc, seq], |row| hash_of(row, 0)).optional())
        };
        let facts = Facts {
            tenant: TENANT,
            till: self.till,
            store_key: self.store_key,
            incarnation: journals.last().expect("a till has a journal").incarnation,
            session: state("session")
                .and_then(|s| s.as_str().map(str::to_owned))
                .unwrap_or_default(),
            epoch: state("epoch").and_then(|epoch| epoch.as_i64()).unwrap_or(0),
            cursor: state("cursor")
                .map(|cursor| serde_json::from_value::<Cursor>(cursor).expect("a cursor")),
            journals,
            requests,
            wish: state("wish").map(|wish| serde_json::from_value(wish).expect("a wish")),
            missing,
            hash_at: &hash_at,
        };
        self.client.step(&facts, now_ms, event)
    }

    /// Completes a plan with entries: few at a time, so that every history has many pushes.
    #[must_use]
    pub fn complete(&self, plan: ExchangePlan, entries_max: usize) -> ExchangeRequest {
        let mut select = sql(self.disk.prepare(
            "SELECT seq, prev, hash, sig, bytes FROM entry WHERE inc = ?1 AND seq > ?2 \
             ORDER BY seq LIMIT ?3",
        ));
        let max = plan.entries_max.min(entries_max);
        let limit = i64::try_from(max).unwrap_or(i64::MAX);
        let inc = plan.header.journal.incarnation;
        let rows = sql(select.query_map(params![inc, plan.after, limit], |row| {
            let sig = Signature::from_slice(&row.get::<_, Vec<u8>>(3)?).expect("64 bytes");
            let frame =
                Frame { seq: row.get(0)?, prev: hash_of(row, 1)?, hash: hash_of(row, 2)?, sig };
            Ok(FramedEntry { frame, bytes: row.get(4)?, sidecar: None })
        }));
        let entries: Vec<_> = rows.map(sql).collect();
        plan.with(entries)
    }

    /// Carries out an action that writes, in one transaction. Says whether the process lived.
    ///
    /// # Errors
    /// A rule of the protocol does not hold.
    pub fn carry_out(
        &mut self,
        action: Action,
        store: &SimStore,
        random: u64,
        death: Death,
    ) -> Checked<bool> {
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        match action {
            Action::Apply(applied) => self.apply(&applied, store, random)?,
            Action::BeginIncarnation(answer) => self.begin_asked(&answer),
            Action::KeepEntries(answer) => self.keep(&answer)?,
            Action::DropMissing(missing) => {
                sql(self.disk.execute("DELETE FROM missing WHERE inc = ?1", [missing.incarnation]));
            }
            Action::Exchange(..)
            | Action::AskIncarnation(..)
            | Action::AskEntries(..)
            | Action::Wait { .. }
            | Action::Show(_) => unreachable!("these write nothing"),
        }
        match death {
            Death::BeforeCommit => {
                self.die();
                return Ok(false);
            }
            Death::No | Death::AfterCommit => sql(self.disk.execute_batch("COMMIT")),
        }
        if death == Death::AfterCommit {
            self.die();
        }
        Ok(death == Death::No)
    }

    fn begin_asked(&mut self, answer: &IncarnationAnswer) {
        self.unset("wish");
        self.set("session", &json!(answer.session));
        for held in &answer.held {
            let after: i64 = sql(self
                .disk
                .query_row("SELECT seq FROM journal WHERE inc = ?1", [held.incarnation], |row| {
                    row.get(0)
                })
                .optional())
            .unwrap_or(0);
            if held.received_through > after {
                sql(self.disk.execute(
                    "INSERT OR IGNORE INTO missing VALUES (?1, ?2)",
                    params![held.incarnation, after],
                ));
            }
        }
        self.told_to_end = None;
        self.begin(answer.incarnation);
    }

    fn keep(&self, answer: &EntriesAnswer) -> Checked<()> {
        let header = &answer.header;
        let journal = Journal { till: self.till, incarnation: header.incarnation };
        let verified = verify_frames(&header.public_key, &journal, &answer.entries);
        if verified.bad().is_some() {
            return Err(broken(
                "what the store gives back verifies",
                format!("{:?}", verified.bad()),
            ));
        }
        let mut last = None;
        for entry in verified.entries() {
            sql(self.disk.execute(
                "INSERT OR IGNORE INTO fetched VALUES (?1, ?2, ?3)",
                params![header.incarnation, entry.frame.seq, entry.frame.hash.0],
            ));
            last = Some(entry.frame.seq);
        }
        let inc = header.incarnation;
        match last {
            Some(after) if header.more => {
                sql(self
                    .disk
                    .execute("UPDATE missing SET after = ?2 WHERE inc = ?1", params![inc, after]));
            }
            Some(_) | None => {
                sql(self.disk.execute("DELETE FROM missing WHERE inc = ?1", [inc]));
            }
        }
        Ok(())
    }

    fn apply(&mut self, applied: &Applied, store: &SimStore, random: u64) -> Checked<()> {
        self.set("epoch", &json!(applied.epoch));
        if let Some(session) = &applied.session {
            self.set("session", &json!(session));
        }
        if let Some(acked) = applied.acked {
            self.take_ack(acked, store)?;
        }
        if let Some(history) = applied.history {
            self.take_history(history, applied.want_incarnation)?;
        }
        if applied.refetch.is_some() {
            self.unset("cursor");
        }
        if applied.fill_begins {
            sql(self.disk.execute("UPDATE level SET seen = 0", []));
        }
        if let Some(page) = &applied.page {
            for row in &page.rows {
                self.take_row(row);
            }
            self.set("cursor", &json!(page.cursor));
        }
        if applied.fill_ends {
            sql(self.disk.execute("DELETE FROM level WHERE seen = 0", []));
        }
        for answer in &applied.answers {
            let daybook_sync::message::Outcome::Granted { fence, .. } = answer.outcome else {
                continue;
            };
            sql(self.disk.execute(
                "UPDATE request SET fence = ?2 WHERE id = ?1 AND fence IS NULL",
                params![answer.id, fence],
            ));
        }
        if let Some(want) = applied.want_incarnation {
            self.write_wish(want.reason, random);
        }
        Ok(())
    }

    fn take_ack(&self, acked: Acked, store: &SimStore) -> Checked<()> {
        let Head { seq, hash } = acked.head;
        let held = store.held_entries(self.till, acked.incarnation, seq);
        if acked.epoch == store.epoch()
            && seq > 0
            && !held.iter().any(|held| held.frame.hash == hash)
        {
            return Err(broken(
                "what is acknowledged is durably held",
                format!("entry {seq} of incarnation {}", acked.incarnation),
            ));
        }
        sql(self.disk.execute(
            "UPDATE journal SET acked = ?2, acked_epoch = ?3 WHERE inc = ?1",
            params![acked.incarnation, seq, acked.epoch],
        ));
        Ok(())
    }

    fn take_history(&mut self, history: History, want: Option<WantIncarnation>) -> Checked<()> {
        let inc = history.incarnation;
        sql(self.disk.execute(
            "UPDATE entry SET effect_feed = NULL WHERE inc = ?1 AND seq > ?2",
            params![inc, history.forget_effects_above],
        ));
        sql(self.disk.execute(
            "UPDATE journal SET forked_at = ?2 WHERE inc = ?1",
            params![inc, history.forked_at],
        ));
        if history.forked_at.is_some() && inc == self.incarnation() {
            if want.is_none() && self.get("wish").is_none() {
                return Err(broken("a forked incarnation ends", format!("incarnation {inc}")));
            }
            self.told_to_end = Some(inc);
        }
        Ok(())
    }

    fn take_row(&self, row: &FeedRow) {
        let value = row.value.as_ref().map_or("null", |value| value.get());
        if let Some(sku) = row.key.strip_prefix("level/") {
            let on_hand: i64 = serde_json::from_str(value).expect("a level is a number");
            sql(self.disk.execute(
                "INSERT OR REPLACE INTO level VALUES (?1, ?2, ?3, 1)",
                params![sku, on_hand, row.feed],
            ));
        } else if row.key.starts_with(ACK_PREFIX) {
            let range: AckRange = serde_json::from_str(value).expect("an ack row");
            let own: Option<(i64, Option<i64>)> = sql(self
                .disk
                .query_row(
                    "SELECT seq, forked_at FROM journal WHERE inc = ?1",
                    [range.incarnation],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional());
            let Some((head, forked_at)) = own else { return };
            let own_through = forked_at.map_or(head, |at| at - 1).min(head);
            for update in range.updates_with_bug(row.feed, own_through, self.planted) {
                sql(self.disk.execute(
                    "UPDATE entry SET effect_feed = ?4 WHERE inc = ?1 AND seq BETWEEN ?2 AND ?3",
                    params![update.incarnation, update.from, update.through, update.effect_feed],
                ));
            }
        }
    }

    /// What the till shows: SKU, level, number of its row, shown.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, i64, i64, i64)> {
        let mut select = sql(self.disk.prepare("SELECT sku, on_hand, row_feed FROM level"));
        let levels = sql(select.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        }));
        let own = self.own_entries();
        levels
            .map(sql)
            .map(|(sku, level, row_feed)| {
                let on_top: i64 = own
                    .iter()
                    .filter(|own| own.body["sku"].as_str() == Some(&sku))
                    .filter(|own| counts_on_top_with_bug(own.effect_feed, row_feed, self.planted))
                    .map(|own| own.body["q"].as_i64().unwrap_or(0))
                    .sum();
                (sku, level, row_feed, level + on_top)
            })
            .collect()
    }

    /// Everything in this ledger.
    #[must_use]
    pub fn own_entries(&self) -> Vec<OwnEntry> {
        let mut select = sql(self
            .disk
            .prepare("SELECT inc, seq, hash, bytes, effect_feed FROM entry ORDER BY inc, seq"));
        let rows = sql(select.query_map([], |row| {
            Ok(OwnEntry {
                incarnation: row.get(0)?,
                seq: row.get(1)?,
                hash: hash_of(row, 2)?,
                body: read(&row.get::<_, Vec<u8>>(3)?),
                effect_feed: row.get(4)?,
            })
        }));
        rows.map(sql).collect()
    }

    /// Epoch that this till last heard of, and whether every journal was confirmed in it.
    #[must_use]
    pub fn heard_epoch(&self) -> (i64, bool) {
        let epoch = self.get("epoch").and_then(|epoch| epoch.as_i64()).unwrap_or(0);
        (epoch, self.journals().iter().all(|journal| journal.acked_epoch == epoch))
    }

    /// Whether nothing is left to say or hear.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let (epoch, _) = self.heard_epoch();
        self.get("wish").is_none()
            && self.journals().iter().all(|journal| journal.is_settled(epoch))
            && self.count("SELECT count(*) FROM missing") == 0
            && self.count("SELECT count(*) FROM request WHERE fence IS NULL") == 0
    }

    /// How many leases this ledger ever asked for.
    #[must_use]
    pub fn lease_requests(&self) -> Vec<Uuid> {
        let mut select = sql(self.disk.prepare("SELECT id FROM request"));
        sql(select.query_map([], |row| row.get(0))).map(sql).collect()
    }

    fn count(&self, select: &str) -> i64 {
        sql(self.disk.query_row(select, [], |row| row.get(0)))
    }
}

/// An entry in a till's ledger.
pub struct OwnEntry {
    /// Incarnation.
    pub incarnation: u32,
    /// Number.
    pub seq: i64,
    /// Hash.
    pub hash: Hash,
    /// Content.
    pub body: Value,
    /// What the till knows of its effect.
    pub effect_feed: Option<i64>,
}
