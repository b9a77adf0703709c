//! The store: two vectors and a map, run by the real decisions.

use super::rules;
use super::{ON_HAND, TENANT, TILL, sold, store_signer, till_signer};
use daybook_sync::decide::{
    Append, BranchView, JournalView, Line, LineView, Lookup, PushView, Session, SessionPlan, lookup,
};
use daybook_sync::feed::{FeedView, LogRow, digest_lookup};
use daybook_sync::frame::{Acknowledgement, FramedEntry, Head, Journal, verify_frames};
use daybook_sync::hash::PublicKey;
use daybook_sync::message::{
    EntriesHeader, ExchangeAnswer, FeedRow, HeldJournal, IncarnationAnswer, IncarnationRequest,
    Outcome, PageLimits, PullAnswer, PushAnswer, RequestAnswer,
};
use daybook_sync::overlay::{ack_key, ack_ranges};
use daybook_sync::planted::Planted;
use daybook_sync::refusal::{Refusal, check_exchange};
use daybook_sync::wire::{EntriesAnswer, ExchangeRequest};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) reported: i64,
    pub(crate) trunk: Vec<FramedEntry>,
    pub(crate) branches: Vec<(i64, Vec<FramedEntry>)>,
}

#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) planted: Planted,
    /// Key that the till's frames verify with.
    pub(crate) key: PublicKey,
    pub(crate) epoch: i64,
    pub(crate) blocked: bool,
    pub(crate) journals: BTreeMap<u32, Kept>,
    pub(crate) sessions: BTreeMap<u32, Session>,
    pub(crate) granted: BTreeMap<Uuid, u32>,
    pub(crate) answered: BTreeMap<Uuid, Outcome>,
    pub(crate) rows: BTreeMap<String, FeedRow>,
    pub(crate) log: Vec<LogRow>,
    pub(crate) floor: i64,
    pub(crate) now_ms: i64,
    /// Never restored: a real store draws its tokens at random.
    pub(crate) tokens: u64,
    /// Entries are applied, but every seq divisible by this is put into quarantine.
    pub(crate) quarantine_every: i64,
    pub(crate) released: BTreeSet<(u32, i64)>,
}

impl Store {
    pub(crate) fn new() -> Self {
        let mut store = Self {
            planted: Planted::NONE,
            key: till_signer().public_key(),
            epoch: 1,
            blocked: false,
            journals: BTreeMap::from([(1, Kept::default())]),
            sessions: BTreeMap::from([(
                1,
                Session { current: "s0".into(), previous: "s0".into() },
            )]),
            granted: BTreeMap::new(),
            answered: BTreeMap::new(),
            rows: BTreeMap::new(),
            log: vec![LogRow::start()],
            floor: 0,
            now_ms: 1_000,
            tokens: 0,
            quarantine_every: i64::MAX,
            released: BTreeSet::new(),
        };
        let catalogue = (0..7).map(|n| (format!("item/{n}"), Some(format!("{{\"n\":{n}}}"))));
        store.commit(catalogue.chain([store.level()]).collect());
        store
    }

    pub(crate) fn exchange(&mut self, body: &[u8]) -> Result<ExchangeAnswer, Refusal> {
        let request = ExchangeRequest::decode(body)?;
        check_exchange(&request, &TILL, &request.header.session)?;
        let header = &request.header;
        let journal = Journal { till: TILL, incarnation: header.journal.incarnation };
        let push = verify_frames(&self.key, &journal, &request.entries);
        self.tokens += 1;
        let view = PushView {
            epoch: self.epoch,
            blocked: self.blocked,
            session: self.sessions.get(&header.incarnation).cloned(),
            next_session: format!("s{}", self.tokens),
            journal: self
                .journals
                .get(&journal.incarnation)
                .map(|kept| kept.view(journal, lookup(header, &push))),
        };
        let plan = rules::decide(&view, header, &push, self.planted);
        let again = plan.clone();
        let mut dirty = BTreeMap::new();
        if plan.start_journal {
            self.journals.insert(journal.incarnation, Kept::default());
        }
        if let Some(append) = &plan.append {
            self.append(journal.incarnation, append, push.entries(), &mut dirty);
        }
        let kept = self.journals.get_mut(&journal.incarnation).unwrap();
        if let Some(head) = plan.report {
            kept.reported = head.seq;
        }
        if let SessionPlan::Rotate(session) = &plan.session {
            self.sessions.insert(header.incarnation, session.clone());
        }
        let answers = header.requests.iter().map(|request| RequestAnswer {
            id: request.id,
            outcome: self.answered.entry(request.id).or_insert(Outcome::Done).clone(),
        });
        let answers = answers.collect();
        if !dirty.is_empty() {
            dirty.extend([self.level()]);
            self.commit(dirty);
        }
        let ack = Acknowledgement {
            tenant: TENANT,
            journal,
            head: again.received,
            epoch: self.epoch,
            at_ms: self.now_ms,
        };
        Ok(ExchangeAnswer {
            protocol: 1,
            epoch: self.epoch,
            now_ms: self.now_ms,
            session: plan.session.answer(),
            push: PushAnswer {
                verdict: plan.verdict,
                incarnation: journal.incarnation,
                received_through: ack.head.seq,
                received_hash: ack.head.hash,
                ack_at_ms: ack.at_ms,
                ack_sig: store_signer().acknowledge(&ack),
            },
            pull: if again.hold_rows {
                PullAnswer::Wait
            } else {
                self.pull(header.cursor.as_ref(), PageLimits { rows: 3, ..header.page })
            },
            answers,
            location: None,
            key: None,
        })
    }

    fn append(
        &mut self,
        incarnation: u32,
        append: &Append,
        entries: &[FramedEntry],
        dirty: &mut BTreeMap<String, Option<String>>,
    ) {
        let fresh = entries[append.entries.clone()].to_vec();
        let every = self.quarantine_every;
        let kept = self.journals.get_mut(&incarnation).unwrap();
        match append.line {
            Line::Trunk => {
                assert_eq!(
                    fresh[0].frame.seq,
                    i64::try_from(kept.trunk.len()).unwrap() + 1,
                    "the trunk has no gap"
                );
                let (from, through) = (fresh[0].frame.seq, fresh.last().unwrap().frame.seq);
                let held: BTreeSet<_> = (from..=through).filter(|seq| seq % every == 0).collect();
                for range in ack_ranges(incarnation, from, through, &held) {
                    let value = serde_json::to_string(&range).unwrap();
                    dirty.insert(ack_key(&TILL, incarnation, range.from), Some(value));
                }
                kept.trunk.extend(fresh);
            }
            Line::Branch { id } => {
                kept.branches[usize::try_from(id).unwrap()].1.extend(fresh);
            }
            Line::NewBranch { at } => kept.branches.push((at, fresh)),
        }
    }

    /// A person lets a quarantined entry through.
    pub(crate) fn release(&mut self) {
        let every = self.quarantine_every;
        let waiting = self.journals.iter().flat_map(|(incarnation, kept)| {
            kept.trunk.iter().map(|entry| (*incarnation, entry.frame.seq))
        });
        let next =
            waiting.filter(|(_, seq)| seq % every == 0).find(|key| !self.released.contains(key));
        if let Some((incarnation, seq)) = next {
            self.released.insert((incarnation, seq));
            let range = &ack_ranges(incarnation, seq, seq, &BTreeSet::new())[0];
            let value = serde_json::to_string(range).unwrap();
            let ack = (ack_key(&TILL, incarnation, seq), Some(value));
            self.commit(BTreeMap::from([ack, self.level()]));
        }
    }

    pub(crate) fn level_now(&self) -> i64 {
        let applied = self.journals.iter().flat_map(|(incarnation, kept)| {
            kept.trunk.iter().filter(|entry| {
                entry.frame.seq % self.quarantine_every != 0
                    || self.released.contains(&(*incarnation, entry.frame.seq))
            })
        });
        ON_HAND - applied.map(|entry| sold(&entry.bytes)).sum::<i64>()
    }

    fn level(&self) -> (String, Option<String>) {
        ("stock/shop/A".into(), Some(self.level_now().to_string()))
    }

    fn commit(&mut self, dirty: BTreeMap<String, Option<String>>) {
        let last = self.log.last().unwrap();
        let numbered = rules::number(self.epoch, last, dirty, self.planted);
        for row in numbered.rows {
            self.rows.insert(row.key.clone(), row);
        }
        self.log.push(numbered.log);
    }

    fn log_at(&self, feed: i64) -> LogRow {
        *self.log.iter().rev().find(|row| row.feed <= feed).unwrap()
    }

    fn pull(
        &self,
        cursor: Option<&daybook_sync::message::Cursor>,
        limits: PageLimits,
    ) -> PullAnswer {
        if self.blocked {
            return PullAnswer::Blocked;
        }
        let view = FeedView {
            epoch: self.epoch,
            floor: self.floor,
            scope_since: 0,
            top: *self.log.last().unwrap(),
            at_cursor: self.log_at(digest_lookup(cursor).max(0)),
        };
        match rules::judge(cursor, &view, self.planted) {
            Err(reason) => PullAnswer::Refetch { reason },
            Ok(position) => {
                let mut rows: Vec<_> =
                    self.rows.values().filter(|row| row.feed > position.after).cloned().collect();
                rows.sort_by_key(|row| row.feed);
                let log_at = |feed| self.log_at(feed);
                PullAnswer::Page(rules::page(rows, &position, limits, &view, log_at, self.planted))
            }
        }
    }

    pub(crate) fn incarnation(&mut self, request: &IncarnationRequest) -> IncarnationAnswer {
        let previous = request.previous.map_or(0, |head| head.incarnation);
        let highest = self.journals.keys().filter(|number| **number < 1 << 31).max();
        let next = previous.max(*highest.unwrap()) + 1;
        let incarnation = *self.granted.entry(request.id).or_insert(next);
        self.tokens += 1;
        let token = format!("s{}", self.tokens);
        self.journals.entry(incarnation).or_default();
        let session = self
            .sessions
            .entry(incarnation)
            .or_insert(Session { current: token.clone(), previous: token })
            .clone();
        let held = self.journals.iter().filter(|(number, _)| **number != incarnation);
        IncarnationAnswer {
            protocol: 1,
            incarnation,
            session: session.current,
            epoch: self.epoch,
            now_ms: self.now_ms,
            held: held
                .map(|(number, kept)| {
                    let head = kept.trunk_head(Journal { till: TILL, incarnation: *number });
                    HeldJournal {
                        incarnation: *number,
                        received_through: head.seq,
                        received_hash: head.hash,
                        reported: kept.reported,
                        public_key: self.key,
                    }
                })
                .collect(),
        }
    }

    pub(crate) fn entries(&self, incarnation: u32, after: i64) -> Result<EntriesAnswer, Refusal> {
        let kept =
            self.journals.get(&incarnation).ok_or(Refusal::UnknownJournal { incarnation })?;
        let after = usize::try_from(after).unwrap();
        let entries: Vec<_> = kept.trunk.iter().skip(after).take(2).cloned().collect();
        let through = kept.trunk_head(Journal { till: TILL, incarnation }).seq;
        Ok(EntriesAnswer {
            header: EntriesHeader {
                protocol: 1,
                incarnation,
                public_key: self.key,
                received_through: through,
                more: kept.trunk.len() > after + entries.len(),
                entries: entries.len(),
            },
            entries,
        })
    }
}

impl Kept {
    fn trunk_head(&self, journal: Journal) -> Head {
        self.trunk.last().map_or(journal.start(), |entry| entry.frame.head())
    }

    /// Gives the view no more than was asked for, as a database would.
    fn view(&self, journal: Journal, wanted: Lookup) -> JournalView {
        let line = |entries: &[FramedEntry], through: Head| LineView {
            through,
            stored: entries
                .iter()
                .map(|entry| (entry.frame.seq, entry.frame.hash))
                .filter(|(seq, _)| {
                    (wanted.from..=wanted.through).contains(seq) || *seq == wanted.head
                })
                .collect(),
        };
        JournalView {
            reported: self.reported,
            trunk: line(&self.trunk, self.trunk_head(journal)),
            branches: self
                .branches
                .iter()
                .enumerate()
                .map(|(id, (at, entries))| BranchView {
                    id: i64::try_from(id).unwrap(),
                    at: *at,
                    line: line(entries, entries.last().unwrap().frame.head()),
                })
                .collect(),
        }
    }
}
