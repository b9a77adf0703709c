//! The store of the simulator: the protocol's decisions carried out in one SQLite transaction each.

use crate::{Checked, Tally, broken};
use daybook_sync::decide::{
    Append, BranchView, JournalView, Line, LineView, PushView, Session, SessionPlan,
    decide_with_bug, lookup, next_incarnation,
};
use daybook_sync::feed::{
    FeedView, LogRow, digest_lookup, judge_with_bug, number_with_bug, page_with_bug,
};
use daybook_sync::frame::{
    Acknowledgement, Frame, FramedEntry, Head, Journal, Signer, Verified, verify_frames,
};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use daybook_sync::message::{
    EntriesHeader, ExchangeAnswer, ExchangeHeader, FeedRow, HeldJournal, IncarnationAnswer,
    IncarnationRequest, Outcome, PageLimits, PullAnswer, PushAnswer, PushVerdict, RequestAnswer,
    RequestBody,
};
use daybook_sync::overlay::{ack_key, ack_ranges};
use daybook_sync::planted::Planted;
use daybook_sync::wire::{EntriesAnswer, ExchangeRequest};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const SCHEMA: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE journal (till BLOB, inc INTEGER, reported INTEGER NOT NULL, current TEXT NOT NULL,
    previous TEXT NOT NULL, asked BLOB UNIQUE, PRIMARY KEY (till, inc)) STRICT;
CREATE TABLE line (branch INTEGER, till BLOB, inc INTEGER, at INTEGER NOT NULL, seq INTEGER NOT NULL,
    hash BLOB NOT NULL, PRIMARY KEY (till, inc, branch)) STRICT;
CREATE TABLE entry (till BLOB, inc INTEGER, branch INTEGER, seq INTEGER, prev BLOB, hash BLOB, sig BLOB,
    bytes BLOB, effect_feed INTEGER, PRIMARY KEY (till, inc, branch, seq)) STRICT;
CREATE TABLE level (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL) STRICT;
CREATE TABLE feed (key TEXT PRIMARY KEY, feed INTEGER NOT NULL UNIQUE, value TEXT) STRICT;
CREATE TABLE feed_log (feed INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT;
CREATE TABLE answer (id BLOB PRIMARY KEY, fence INTEGER) STRICT;
INSERT INTO meta VALUES ('epoch', 1), ('fence', 0), ('session', 0), ('branch', 0), ('web', 0);
";

/// Where a machine dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Not at all.
    No,
    /// With the transaction open.
    BeforeCommit,
    /// After the commit, before anybody hears of it.
    AfterCommit,
}

/// The business, and the keys of its tills.
pub const TENANT: Uuid = Uuid::from_u128(7);

/// What was opened with, of every SKU.
pub const OPENING: i64 = 1000;

/// The store: a disk, and keys.
pub struct SimStore {
    disk: Connection,
    backup: Option<Connection>,
    signer: Signer,
    till_keys: BTreeMap<Uuid, PublicKey>,
    planted: Planted,
    /// Highest head that each live journal ever reported to this store's present history; the auditor's copy.
    heard: BTreeMap<(Uuid, u32), i64>,
    heard_at_backup: BTreeMap<(Uuid, u32), i64>,
}

/// One entry as the store holds it.
pub struct Held {
    /// Its place and hash.
    pub frame: Frame,
    /// Number at which its effect was applied; none in quarantine and on a branch.
    pub effect_feed: Option<i64>,
    /// 0 for the trunk.
    pub branch: i64,
}

fn sql<T>(result: rusqlite::Result<T>) -> T {
    result.expect("the simulator's SQL is right and memory does not fail")
}

fn hash_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    Ok(Hash::from_slice(&row.get::<_, Vec<u8>>(column)?).expect("hashes have 32 bytes"))
}

impl SimStore {
    /// An empty store with opening stock of `skus`.
    #[must_use]
    pub fn new(skus: &[String], till_keys: BTreeMap<Uuid, PublicKey>, planted: Planted) -> Self {
        let disk = sql(Connection::open_in_memory());
        sql(disk.execute_batch(SCHEMA));
        let mut store = Self {
            disk,
            backup: None,
            signer: Signer::from_seed(&[9; 32]),
            till_keys,
            planted,
            heard: BTreeMap::new(),
            heard_at_backup: BTreeMap::new(),
        };
        let mut dirty = BTreeMap::new();
        for sku in skus {
            sql(store.disk.execute("INSERT INTO level VALUES (?1, ?2)", params![sku, OPENING]));
            dirty.insert(format!("level/{sku}"), Some(OPENING.to_string()));
        }
        store.publish(dirty);
        store
    }

    /// Key that acknowledgements verify with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.signer.public_key()
    }

    fn meta(&self, name: &str) -> i64 {
        let select = "SELECT value FROM meta WHERE name = ?1";
        sql(self.disk.query_row(select, [name], |row| row.get(0)))
    }

    fn next(&self, name: &str) -> i64 {
        let update = "UPDATE meta SET value = value + 1 WHERE name = ?1 RETURNING value";
        sql(self.disk.query_row(update, [name], |row| row.get(0)))
    }

    /// Epoch.
    #[must_use]
    pub fn epoch(&self) -> i64 {
        self.meta("epoch")
    }

    /// Enrols a till: its first journal with its first session.
    pub fn enrol(&mut self, till: Uuid) -> String {
        self.open_journal(till, 1, None)
    }

    fn open_journal(&self, till: Uuid, inc: u32, asked: Option<Uuid>) -> String {
        let session = format!("s{}", self.next("session"));
        self.insert_journal(till, inc, &session, asked);
        session
    }

    fn insert_journal(&self, till: Uuid, inc: u32, session: &str, asked: Option<Uuid>) {
        let start = Journal { till, incarnation: inc }.start();
        sql(self.disk.execute(
            "INSERT INTO journal VALUES (?1, ?2, 0, ?3, '', ?4)",
            params![till, inc, session, asked],
        ));
        sql(self.disk.execute(
            "INSERT INTO line VALUES (0, ?1, ?2, 1, 0, ?3)",
            params![till, inc, start.hash.0],
        ));
    }

    fn line(&self, till: Uuid, inc: u32, branch: i64, want: (i64, i64, i64)) -> LineView {
        let through = sql(self.disk.query_row(
            "SELECT seq, hash FROM line WHERE till = ?1 AND inc = ?2 AND branch = ?3",
            params![till, inc, branch],
            |row| Ok(Head { seq: row.get(0)?, hash: hash_of(row, 1)? }),
        ));
        let mut select = sql(self.disk.prepare(
            "SELECT seq, hash FROM entry WHERE till = ?1 AND inc = ?2 AND branch = ?3 \
             AND (seq BETWEEN ?4 AND ?5 OR seq = ?6)",
        ));
        let stored = sql(select
            .query_map(params![till, inc, branch, want.0, want.1, want.2], |row| {
                Ok((row.get(0)?, hash_of(row, 1)?))
            }));
        LineView { through, stored: stored.map(sql).collect() }
    }

    fn view(&self, header: &ExchangeHeader, push: &Verified<'_>, next_session: String) -> PushView {
        let wanted = lookup(header, push);
        let want = (wanted.from, wanted.through, wanted.head);
        let (till, inc) = (header.till, header.journal.incarnation);
        let sessions = |inc: u32| {
            sql(self
                .disk
                .query_row(
                    "SELECT current, previous, reported FROM journal WHERE till = ?1 AND inc = ?2",
                    params![till, inc],
                    |row| {
                        let session = Session { current: row.get(0)?, previous: row.get(1)? };
                        Ok((session, row.get::<_, i64>(2)?))
                    },
                )
                .optional())
        };
        let journal = sessions(inc).map(|(_, reported)| {
            let mut select = sql(self.disk.prepare(
                "SELECT branch, at FROM line WHERE till = ?1 AND inc = ?2 AND branch > 0",
            ));
            let branches = sql(select.query_map(params![till, inc], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            }));
            let branches = branches
                .map(sql)
                .map(|(id, at)| BranchView { id, at, line: self.line(till, inc, id, want) })
                .collect();
            JournalView { reported, trunk: self.line(till, inc, 0, want), branches }
        });
        PushView {
            epoch: self.epoch(),
            blocked: false,
            session: sessions(header.incarnation).map(|(session, _)| session),
            next_session,
            journal,
        }
    }

    /// Takes an exchange. `Ok(None)`: the store died.
    ///
    /// # Errors
    /// A rule of the protocol does not hold.
    pub fn exchange(
        &mut self,
        request: &ExchangeRequest,
        now_ms: i64,
        crash: Crash,
        tally: &mut Tally,
    ) -> Checked<Option<ExchangeAnswer>> {
        let header = &request.header;
        let journal = Journal { till: header.till, incarnation: header.journal.incarnation };
        let push = verify_frames(&self.till_keys[&header.till], &journal, &request.entries);
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        let next_session = format!("s{}", self.next("session"));
        let view = self.view(header, &push, next_session);
        let plan = decide_with_bug(&view, header, &push, self.planted);
        self.check_verdict(header, &view, &plan.verdict)?;
        if plan.start_journal {
            self.insert_journal(journal.till, journal.incarnation, "", None);
        }
        let mut dirty = BTreeMap::new();
        if let Some(append) = &plan.append {
            let entries = push.entries().get(append.entries.clone()).unwrap_or_default();
            self.append(journal, append, entries, &mut dirty);
            if matches!(append.line, Line::NewBranch { .. }) {
                tally.forks += 1;
            }
        }
        if let Some(report) = plan.report {
            sql(self.disk.execute(
                "UPDATE journal SET reported = max(reported, ?3) WHERE till = ?1 AND inc = ?2",
                params![journal.till, journal.incarnation, report.seq],
            ));
        }
        if let SessionPlan::Rotate(session) = &plan.session {
            sql(self.disk.execute(
                "UPDATE journal SET current = ?3, previous = ?4 WHERE till = ?1 AND inc = ?2",
                params![header.till, header.incarnation, session.current, session.previous],
            ));
        }
        let answers = header.requests.iter().map(|request| self.answer(request.id)).collect();
        self.publish(dirty);
        let answer = self.compose(header, &plan.verdict, plan.received, now_ms, answers);
        let pull = if plan.hold_rows { PullAnswer::Wait } else { answer.pull };
        let answer = ExchangeAnswer { session: plan.session.answer(), pull, ..answer };
        match crash {
            Crash::BeforeCommit => {
                sql(self.disk.execute_batch("ROLLBACK"));
                return Ok(None);
            }
            Crash::AfterCommit | Crash::No => sql(self.disk.execute_batch("COMMIT")),
        }
        // Beyond a gap it is not known yet whether this is the same history.
        let joins = !matches!(plan.verdict, PushVerdict::Gap { .. });
        if joins && header.journal.incarnation == header.incarnation {
            let heard = self.heard.entry((header.till, header.incarnation)).or_default();
            *heard = (*heard).max(header.journal.head);
        }
        self.check_books()?;
        Ok((crash == Crash::No).then_some(answer))
    }

    /// The verdict against the auditor's own memory.
    fn check_verdict(
        &self,
        header: &ExchangeHeader,
        view: &PushView,
        verdict: &PushVerdict,
    ) -> Checked<()> {
        let lets_go_on = matches!(verdict, PushVerdict::Accepted | PushVerdict::Gap { .. });
        let stale = view.session.as_ref().is_some_and(|known| {
            header.session != known.current && header.session != known.previous
        });
        if lets_go_on && stale && header.epoch == view.epoch {
            return Err(broken("a session older than the previous one is told to recover", ""));
        }
        let heard = self.heard.get(&(header.till, header.incarnation)).copied().unwrap_or(0);
        let live = header.incarnation == header.journal.incarnation;
        if lets_go_on && live && header.journal.head < heard {
            let detail = format!("head {} was {heard} once", header.journal.head);
            return Err(broken("a ledger behind its reported head is told to recover", detail));
        }
        Ok(())
    }

    fn append(
        &self,
        journal: Journal,
        append: &Append,
        entries: &[FramedEntry],
        dirty: &mut BTreeMap<String, Option<String>>,
    ) {
        let Journal { till, incarnation } = journal;
        let branch = match append.line {
            Line::Trunk => 0,
            Line::Branch { id } => id,
            Line::NewBranch { at } => {
                let id = self.next("branch");
                sql(self.disk.execute(
                    "INSERT INTO line VALUES (?1, ?2, ?3, ?4, 0, x'00')",
                    params![id, till, incarnation, at],
                ));
                id
            }
        };
        let mut quarantined = BTreeSet::new();
        for entry in entries {
            let frame = entry.frame;
            sql(self.disk.execute(
                "INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
                params![
                    till,
                    incarnation,
                    branch,
                    frame.seq,
                    frame.prev.0,
                    frame.hash.0,
                    frame.sig.0,
                    entry.bytes
                ],
            ));
            sql(self.disk.execute(
                "UPDATE line SET seq = ?4, hash = ?5 WHERE till = ?1 AND inc = ?2 AND branch = ?3",
                params![till, incarnation, branch, frame.seq, frame.hash.0],
            ));
            let body = read(&entry.bytes);
            if append.quarantine || body["poison"] == json!(true) {
                quarantined.insert(frame.seq);
            } else {
                self.apply(&body, dirty);
            }
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        if branch == 0 {
            for range in ack_ranges(incarnation, first.frame.seq, last.frame.seq, &quarantined) {
                let key = ack_key(&till, incarnation, range.from);
                dirty.insert(key, Some(json!(range).to_string()));
            }
        }
    }

    fn apply(&self, body: &Value, dirty: &mut BTreeMap<String, Option<String>>) {
        let (Some(sku), Some(quantity)) = (body["sku"].as_str(), body["q"].as_i64()) else {
            return;
        };
        let on_hand: i64 = sql(self.disk.query_row(
            "UPDATE level SET on_hand = on_hand + ?2 WHERE sku = ?1 RETURNING on_hand",
            params![sku, quantity],
            |row| row.get(0),
        ));
        dirty.insert(format!("level/{sku}"), Some(on_hand.to_string()));
    }

    fn log_at(&self, feed: i64) -> LogRow {
        sql(self
            .disk
            .query_row(
                "SELECT feed, digest FROM feed_log WHERE feed <= ?1 ORDER BY feed DESC LIMIT 1",
                [feed],
                |row| Ok(LogRow { feed: row.get(0)?, digest: hash_of(row, 1)? }),
            )
            .optional())
        .unwrap_or_else(LogRow::start)
    }

    /// Numbers and writes what a transaction changed, and stamps the entries that it applied.
    fn publish(&mut self, dirty: BTreeMap<String, Option<String>>) {
        if dirty.is_empty() {
            return;
        }
        let last = self.log_at(i64::MAX);
        let numbered = number_with_bug(self.epoch(), &last, dirty, self.planted)
            .expect("the simulator stays in the number space");
        for row in &numbered.rows {
            let value = row.value.as_ref().map(|value| value.get().to_owned());
            sql(self.disk.execute(
                "INSERT OR REPLACE INTO feed VALUES (?1, ?2, ?3)",
                params![row.key, row.feed, value],
            ));
            self.stamp(row);
        }
        sql(self.disk.execute(
            "INSERT INTO feed_log VALUES (?1, ?2)",
            params![numbered.log.feed, numbered.log.digest.0],
        ));
    }

    /// The truth about effects, for the auditor: the number of the level row that the effect went into.
    fn stamp(&self, row: &FeedRow) {
        let Some(sku) = row.key.strip_prefix("level/") else { return };
        sql(self.disk.execute(
            "UPDATE entry SET effect_feed = ?1 WHERE branch = 0 AND effect_feed IS NULL \
             AND json_extract(CAST(bytes AS TEXT), '$.sku') = ?2 \
             AND NOT json_extract(CAST(bytes AS TEXT), '$.poison')",
            params![row.feed, sku],
        ));
    }

    /// A request is answered once; the same id gets the same answer for ever.
    fn answer(&self, id: Uuid) -> RequestAnswer {
        let known: Option<i64> = sql(self
            .disk
            .query_row("SELECT fence FROM answer WHERE id = ?1", [id], |row| row.get(0))
            .optional());
        let fence = known.unwrap_or_else(|| {
            let fence = self.next("fence");
            sql(self.disk.execute("INSERT INTO answer VALUES (?1, ?2)", params![id, fence]));
            fence
        });
        let outcome = Outcome::Granted { fence, quantity_milli: 1000, ttl_ms: 60_000 };
        RequestAnswer { id, outcome }
    }

    fn compose(
        &self,
        header: &ExchangeHeader,
        verdict: &PushVerdict,
        received: Head,
        now_ms: i64,
        answers: Vec<RequestAnswer>,
    ) -> ExchangeAnswer {
        let epoch = self.epoch();
        let incarnation = header.journal.incarnation;
        let journal = Journal { till: header.till, incarnation };
        let statement =
            Acknowledgement { tenant: TENANT, journal, head: received, epoch, at_ms: now_ms };
        ExchangeAnswer {
            protocol: header.protocol,
            epoch,
            now_ms,
            session: None,
            push: PushAnswer {
                verdict: verdict.clone(),
                incarnation,
                received_through: received.seq,
                received_hash: received.hash,
                ack_at_ms: now_ms,
                ack_sig: self.signer.acknowledge(&statement),
            },
            pull: self.pull(header),
            answers,
            location: None,
            key: None,
        }
    }

    fn pull(&self, header: &ExchangeHeader) -> PullAnswer {
        let cursor = header.cursor.as_ref();
        let view = FeedView {
            epoch: self.epoch(),
            floor: 0,
            scope_since: 0,
            top: self.log_at(i64::MAX),
            at_cursor: self.log_at(digest_lookup(cursor)),
        };
        let position = match judge_with_bug(cursor, &view, self.planted) {
            Ok(position) => position,
            Err(reason) => return PullAnswer::Refetch { reason },
        };
        let own = format!("ack/{}/%", header.till);
        let mut select = sql(self.disk.prepare(
            "SELECT feed, key, value FROM feed WHERE feed > ?1 \
             AND (key NOT LIKE 'ack/%' OR key LIKE ?2) ORDER BY feed",
        ));
        let rows = sql(select.query_map(params![position.after, own], |row| {
            let (feed, key, value): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(FeedRow::value(feed, key, value).expect("values are JSON"))
        }));
        // Small pages, so that every history has many page boundaries.
        let limits = PageLimits { rows: 3, bytes: header.page.bytes };
        let log_at = |feed| Ok(self.log_at(feed));
        PullAnswer::Page(sql(page_with_bug(rows, &position, limits, &view, log_at, self.planted)))
    }

    /// Begins a new incarnation; the same request gets the same one.
    pub fn incarnation(&mut self, request: &IncarnationRequest, now_ms: i64) -> IncarnationAnswer {
        let till = request.till;
        let known = sql(self
            .disk
            .query_row("SELECT inc, current FROM journal WHERE asked = ?1", [request.id], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?))
            })
            .optional());
        let (incarnation, session) = known.unwrap_or_else(|| {
            let granted: u32 = sql(self.disk.query_row(
                "SELECT max(inc) FROM journal WHERE till = ?1 AND inc < 2147483648",
                [till],
                |row| row.get(0),
            ));
            let previous = request.previous.map(|head| head.incarnation);
            let next = next_incarnation(granted, previous, self.epoch());
            (next, self.open_journal(till, next, Some(request.id)))
        });
        IncarnationAnswer {
            protocol: request.protocol,
            incarnation,
            session,
            epoch: self.epoch(),
            now_ms,
            held: self.held(till, incarnation),
        }
    }

    fn held(&self, till: Uuid, before: u32) -> Vec<HeldJournal> {
        let mut select = sql(self.disk.prepare(
            "SELECT l.inc, l.seq, l.hash, j.reported FROM line l JOIN journal j \
             ON j.till = l.till AND j.inc = l.inc WHERE l.till = ?1 AND l.branch = 0 AND l.inc <> ?2",
        ));
        let rows = sql(select.query_map(params![till, before], |row| {
            Ok(HeldJournal {
                incarnation: row.get(0)?,
                received_through: row.get(1)?,
                received_hash: hash_of(row, 2)?,
                reported: row.get(3)?,
                public_key: self.till_keys[&till],
            })
        }));
        rows.map(sql).collect()
    }

    /// Entries of the trunk after a number.
    #[must_use]
    pub fn entries(&self, till: Uuid, inc: u32, after: i64) -> Option<EntriesAnswer> {
        let mut select = sql(self.disk.prepare(
            "SELECT seq, prev, hash, sig, bytes FROM entry WHERE till = ?1 AND inc = ?2 AND branch = 0 \
             AND seq > ?3 ORDER BY seq LIMIT 3",
        ));
        let rows = sql(select.query_map(params![till, inc, after], |row| {
            let sig = Signature::from_slice(&row.get::<_, Vec<u8>>(3)?).expect("64 bytes");
            let frame =
                Frame { seq: row.get(0)?, prev: hash_of(row, 1)?, hash: hash_of(row, 2)?, sig };
            Ok(FramedEntry { frame, bytes: row.get(4)?, sidecar: None })
        }));
        let entries: Vec<_> = rows.map(sql).collect();
        let through = self.line_through(till, inc)?;
        let last = entries.last().map_or(after, |entry| entry.frame.seq);
        let header = EntriesHeader {
            protocol: 1,
            incarnation: inc,
            public_key: self.till_keys[&till],
            received_through: through,
            more: last < through,
            entries: entries.len(),
        };
        Some(EntriesAnswer { header, entries })
    }

    fn line_through(&self, till: Uuid, inc: u32) -> Option<i64> {
        sql(self
            .disk
            .query_row(
                "SELECT seq FROM line WHERE till = ?1 AND inc = ?2 AND branch = 0",
                params![till, inc],
                |row| row.get(0),
            )
            .optional())
    }

    /// The web sells.
    pub fn web_sale(&mut self, sku: &str) {
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        let mut dirty = BTreeMap::new();
        self.apply(&json!({"sku": sku, "q": -1}), &mut dirty);
        self.next("web");
        self.publish(dirty);
        sql(self.disk.execute_batch("COMMIT"));
    }

    /// A person repairs and releases everything in quarantine on the trunk.
    pub fn release_quarantine(&mut self) {
        sql(self.disk.execute_batch("BEGIN IMMEDIATE"));
        let mut dirty = BTreeMap::new();
        let waiting: Vec<(Uuid, u32, i64, Vec<u8>)> = {
            let mut select = sql(self.disk.prepare(
                "SELECT till, inc, seq, bytes FROM entry WHERE branch = 0 AND effect_feed IS NULL \
                 AND json_extract(CAST(bytes AS TEXT), '$.poison')",
            ));
            let rows = select
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
            sql(rows).map(sql).collect()
        };
        for (till, inc, seq, bytes) in &waiting {
            self.apply(&read(bytes), &mut dirty);
            for range in ack_ranges(*inc, *seq, *seq, &BTreeSet::new()) {
                dirty.insert(ack_key(till, *inc, *seq), Some(json!(range).to_string()));
            }
        }
        self.publish(dirty);
        for (till, inc, seq, bytes) in waiting {
            let key = format!("level/{}", read(&bytes)["sku"].as_str().unwrap_or_default());
            sql(self.disk.execute(
                "UPDATE entry SET effect_feed = (SELECT feed FROM feed WHERE key = ?4) \
                 WHERE till = ?1 AND inc = ?2 AND seq = ?3 AND branch = 0",
                params![till, inc, seq, key],
            ));
        }
        sql(self.disk.execute_batch("COMMIT"));
    }

    /// Copies the disk.
    pub fn back_up(&mut self) {
        self.backup = Some(copy(&self.disk));
        self.heard_at_backup = self.heard.clone();
    }

    /// Goes back to the last backup, in a new epoch. Says whether there was one.
    pub fn restore(&mut self) -> bool {
        let Some(backup) = &self.backup else { return false };
        let epoch = self.epoch() + 1;
        self.disk = copy(backup);
        self.heard = self.heard_at_backup.clone();
        sql(self.disk.execute("UPDATE meta SET value = ?1 WHERE name = 'epoch'", [epoch]));
        // Sessions are not given out twice.
        sql(self
            .disk
            .execute("UPDATE meta SET value = value + 1000000 WHERE name = 'session'", []));
        true
    }

    /// Every entry that is held, trunk and branches.
    #[must_use]
    pub fn held_entries(&self, till: Uuid, inc: u32, seq: i64) -> Vec<Held> {
        let mut select = sql(self.disk.prepare(
            "SELECT seq, prev, hash, sig, effect_feed, branch FROM entry \
             WHERE till = ?1 AND inc = ?2 AND seq = ?3",
        ));
        let rows = sql(select.query_map(params![till, inc, seq], |row| {
            let sig = Signature::from_slice(&row.get::<_, Vec<u8>>(3)?).expect("64 bytes");
            let frame =
                Frame { seq: row.get(0)?, prev: hash_of(row, 1)?, hash: hash_of(row, 2)?, sig };
            Ok(Held { frame, effect_feed: row.get(4)?, branch: row.get(5)? })
        }));
        rows.map(sql).collect()
    }

    /// Level of a SKU.
    #[must_use]
    pub fn level(&self, sku: &str) -> i64 {
        sql(self
            .disk
            .query_row("SELECT on_hand FROM level WHERE sku = ?1", [sku], |row| row.get(0)))
    }

    /// How many leases were granted.
    #[must_use]
    pub fn grants(&self) -> i64 {
        self.meta("fence")
    }

    /// The books, added up from the entries themselves.
    fn check_books(&self) -> Checked<()> {
        let sold: i64 = sql(self.disk.query_row(
            "SELECT coalesce(sum(json_extract(CAST(bytes AS TEXT), '$.q')), 0) FROM entry \
             WHERE branch = 0 AND effect_feed IS NOT NULL",
            [],
            |row| row.get(0),
        ));
        let (levels, skus): (i64, i64) =
            sql(self.disk.query_row("SELECT sum(on_hand), count(*) FROM level", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            }));
        let expected = OPENING * skus + sold - self.meta("web");
        if levels != expected {
            let detail = format!("levels {levels}, entries and web orders {expected}");
            return Err(broken("the levels are the sum of what was applied", detail));
        }
        let holes: i64 = sql(self.disk.query_row(
            "SELECT count(*) FROM line l WHERE branch = 0 AND seq <> (SELECT count(*) FROM entry e \
             WHERE e.till = l.till AND e.inc = l.inc AND e.branch = 0)",
            [],
            |row| row.get(0),
        ));
        if holes > 0 {
            return Err(broken("a journal at the store has no gap", ""));
        }
        Ok(())
    }
}

/// The request that a till makes for a lease.
#[must_use]
pub fn lease_request() -> RequestBody {
    RequestBody::LeaseAcquire {
        sku: "sku-0".to_owned(),
        location: "shop".to_owned(),
        quantity_milli: 1000,
    }
}

/// Reads an entry's bytes.
#[must_use]
pub fn read(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// A copy of a disk.
#[must_use]
pub fn copy(disk: &Connection) -> Connection {
    let mut to = sql(Connection::open_in_memory());
    {
        let backup = sql(rusqlite::backup::Backup::new(disk, &mut to));
        sql(backup.step(-1));
    }
    to
}
