//! The till: vectors, run by the real state machine.

use super::rules;
use super::store::Store;
use super::{TENANT, TILL, sold, store_signer, till_signer};
use daybook_sync::client::{
    Action, Applied, Client, Event, ExchangePlan, Facts, Failure, LocalJournal, Missing, Reply,
    Shown,
};
use daybook_sync::frame::{FramedEntry, Head, Journal};
use daybook_sync::hash::Hash;
use daybook_sync::message::{
    Cursor, EntriesRequest, IncarnationAnswer, IncarnationHead, IncarnationRequest, NewIncarnation,
    Request, RequestBody,
};
use daybook_sync::overlay::{AckRange, EffectFeeds};
use daybook_sync::planted::Planted;
use daybook_sync::refusal::Refusal;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Clone)]
pub(crate) struct Own {
    pub(crate) incarnation: u32,
    pub(crate) entries: Vec<FramedEntry>,
    pub(crate) acked: i64,
    pub(crate) acked_epoch: i64,
    pub(crate) forked_at: Option<i64>,
}

/// Everything that is on disk.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) incarnation: u32,
    pub(crate) session: String,
    pub(crate) epoch: i64,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) journals: Vec<Own>,
    pub(crate) requests: Vec<Request>,
    pub(crate) wish: Option<IncarnationRequest>,
    pub(crate) missing: Vec<Missing>,
    pub(crate) foreign: Vec<(u32, FramedEntry)>,
    pub(crate) rows: BTreeMap<String, (i64, String, bool)>,
    pub(crate) effects: EffectFeeds,
}

pub(crate) struct Till {
    pub(crate) planted: Planted,
    pub(crate) ledger: Ledger,
    pub(crate) client: Client,
    pub(crate) now_ms: i64,
    pub(crate) timer_ms: Option<i64>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) sales: u64,
    pub(crate) ids: u128,
}

pub(crate) enum Out {
    Exchange(u64, Vec<u8>),
    Incarnation(u64, IncarnationRequest),
    Entries(u64, EntriesRequest),
}

impl Till {
    pub(crate) fn new() -> Self {
        let ledger = Ledger {
            incarnation: 1,
            session: "s0".into(),
            epoch: 1,
            cursor: None,
            journals: vec![Own {
                incarnation: 1,
                entries: vec![],
                acked: 0,
                acked_epoch: 0,
                forked_at: None,
            }],
            requests: vec![],
            wish: None,
            missing: vec![],
            foreign: vec![],
            rows: BTreeMap::new(),
            effects: EffectFeeds::default(),
        };
        Self::start(ledger, 1, Planted::NONE)
    }

    pub(crate) fn start(ledger: Ledger, seed: u64, planted: Planted) -> Self {
        Self {
            planted,
            ledger,
            client: rules::client(seed, planted),
            now_ms: 0,
            timer_ms: None,
            shown: vec![],
            sales: seed << 32,
            ids: u128::from(seed) << 64,
        }
    }

    pub(crate) fn sell(&mut self, quantity: i64) {
        self.sales += 1;
        let live = self.ledger.journals.last_mut().unwrap();
        let journal = Journal { till: TILL, incarnation: live.incarnation };
        let prev = live.entries.last().map_or(journal.start(), |entry| entry.frame.head());
        let bytes = format!("sold {quantity} as {}", self.sales).into_bytes();
        let frame = till_signer().frame(&journal, &prev, &bytes);
        live.entries.push(FramedEntry { frame, bytes, sidecar: None });
    }

    pub(crate) fn ask(&mut self) {
        self.ids += 1;
        let body = RequestBody::LeaseRelease { fence: 1 };
        self.ledger.requests.push(Request::new(Uuid::from_u128(self.ids), &body));
    }

    /// What the cashier sees: the level, less own sales that it does not contain.
    pub(crate) fn shows(&self) -> Option<i64> {
        let (feed, level, _) = self.ledger.rows.get("stock/shop/A")?;
        let own = self
            .ledger
            .journals
            .iter()
            .flat_map(|own| own.entries.iter().map(move |entry| (own.incarnation, entry)));
        let on_top = own.filter(|(incarnation, entry)| {
            let effect = self.ledger.effects.effect_feed(*incarnation, entry.frame.seq);
            rules::counts_on_top(effect, *feed, self.planted)
        });
        Some(level.parse::<i64>().unwrap() - on_top.map(|(_, e)| sold(&e.bytes)).sum::<i64>())
    }

    /// Restored from a backup and noticed by its install id: a new incarnation before the first sale.
    pub(crate) fn wish(&mut self, reason: NewIncarnation) {
        self.ids += 1;
        let own = self.ledger.journals.last().unwrap();
        let head = head_of(own);
        self.ledger.wish = Some(IncarnationRequest {
            protocol: 1,
            id: Uuid::from_u128(self.ids),
            till: TILL,
            reason,
            install: Uuid::from_u128(1),
            public_key: till_signer().public_key(),
            previous: Some(IncarnationHead {
                incarnation: own.incarnation,
                seq: head.seq,
                hash: head.hash,
            }),
        });
    }

    pub(crate) fn step(&mut self, event: Event) -> Vec<Out> {
        let mut out = vec![];
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let actions = {
                let ledger = &self.ledger;
                let hash_at = |incarnation: u32, seq: i64| ledger.hash_at(incarnation, seq);
                let facts = ledger.facts(&hash_at);
                self.client.step(&facts, self.now_ms, event)
            };
            for action in actions {
                match action {
                    Action::Exchange(attempt, plan) => {
                        out.push(Out::Exchange(attempt, self.ledger.load(*plan)));
                    }
                    Action::AskIncarnation(attempt, request) => {
                        out.push(Out::Incarnation(attempt, request));
                    }
                    Action::AskEntries(attempt, request) => {
                        out.push(Out::Entries(attempt, request));
                    }
                    Action::Apply(applied) => {
                        self.apply(*applied);
                        events.push(Event::Saved);
                    }
                    Action::BeginIncarnation(answer) => {
                        self.begin(answer);
                        events.push(Event::Saved);
                    }
                    Action::KeepEntries(answer) => {
                        let incarnation = answer.header.incarnation;
                        let missing = self.ledger.missing.remove(0);
                        let after = answer.entries.last().map_or(missing.after, |e| e.frame.seq);
                        if answer.header.more {
                            self.ledger.missing.insert(0, Missing { incarnation, after });
                        }
                        let kept = answer.entries.into_iter().map(|entry| (incarnation, entry));
                        self.ledger.foreign.extend(kept);
                        events.push(Event::Saved);
                    }
                    Action::DropMissing(missing) => {
                        self.ledger.missing.retain(|other| *other != missing);
                        events.push(Event::Saved);
                    }
                    Action::Wait { until_ms } => self.timer_ms = Some(until_ms),
                    Action::Show(shown) => self.shown.push(shown),
                }
            }
        }
        out
    }

    fn apply(&mut self, applied: Applied) {
        let ledger = &mut self.ledger;
        ledger.epoch = applied.epoch;
        if let Some(session) = applied.session {
            ledger.session = session;
        }
        if let Some(acked) = applied.acked {
            let own = ledger.own(acked.incarnation);
            own.acked = acked.head.seq;
            own.acked_epoch = acked.epoch;
        }
        if let Some(history) = applied.history {
            ledger.own(history.incarnation).forked_at = history.forked_at;
            ledger.effects.forget_above(history.incarnation, history.forget_effects_above);
        }
        if applied.fill_begins {
            ledger.rows.values_mut().for_each(|row| row.2 = false);
        }
        if let Some(page) = applied.page {
            for row in page.rows {
                if let Some(value) = &row.value {
                    if row.key.starts_with("ack/") {
                        let ack: AckRange = serde_json::from_str(value.get()).unwrap();
                        let through = ledger.own_through(ack.incarnation);
                        for update in rules::updates(&ack, row.feed, through, self.planted) {
                            ledger.effects.apply(&update);
                        }
                    }
                    ledger.rows.insert(row.key, (row.feed, value.get().to_owned(), true));
                } else {
                    ledger.rows.remove(&row.key);
                }
            }
            ledger.cursor = Some(page.cursor);
        }
        if applied.fill_ends {
            ledger.rows.retain(|_, row| row.2);
        }
        if applied.refetch.is_some() {
            ledger.cursor = None;
        }
        ledger
            .requests
            .retain(|request| applied.answers.iter().all(|answer| answer.id != request.id));
        if let Some(want) = applied.want_incarnation {
            self.wish(want.reason);
        }
    }

    fn begin(&mut self, answer: IncarnationAnswer) {
        let ledger = &mut self.ledger;
        ledger.wish = None;
        ledger.incarnation = answer.incarnation;
        ledger.session = answer.session;
        for held in answer.held {
            let own = ledger.journals.iter().find(|own| own.incarnation == held.incarnation);
            let after = own.map_or(0, own_through);
            if held.received_through > after {
                ledger.missing.push(Missing { incarnation: held.incarnation, after });
            }
        }
        ledger.journals.push(Own {
            incarnation: answer.incarnation,
            entries: vec![],
            acked: 0,
            acked_epoch: 0,
            forked_at: None,
        });
        self.sell(0);
    }

    /// Talks without faults until nothing is left to say. Counts the exchanges.
    pub(crate) fn settle(&mut self, store: &mut Store) -> usize {
        let mut waiting = self.step(Event::Urge);
        for count in 0..400 {
            let Some(out) = waiting.pop() else {
                let settled =
                    self.ledger.wish.is_none()
                        && self.ledger.missing.is_empty()
                        && self.ledger.journals.iter().all(|own| {
                            own.acked_epoch == store.epoch && own.acked == head_of(own).seq
                        });
                if settled && count > 1 {
                    return count;
                }
                waiting = self.step(Event::Urge);
                continue;
            };
            let event = deliver(store, &out);
            waiting.extend(self.step(event));
        }
        panic!("does not come to rest; shown: {:?}", self.shown);
    }
}

/// Carries a message to the store and its answer back.
pub(crate) fn deliver(store: &mut Store, out: &Out) -> Event {
    store.now_ms += 1;
    match out {
        Out::Exchange(attempt, body) => match store.exchange(body) {
            Ok(answer) => {
                let text = serde_json::to_string(&answer).unwrap();
                let read = serde_json::from_str(&text).unwrap();
                Event::Reply(*attempt, Reply::Exchange(Box::new(read)))
            }
            Err(refusal) => refused(*attempt, &refusal),
        },
        Out::Incarnation(attempt, _) | Out::Entries(attempt, _) if store.blocked => {
            refused(*attempt, &Refusal::Blocked)
        }
        Out::Incarnation(attempt, request) => {
            Event::Reply(*attempt, Reply::Incarnation(store.incarnation(request)))
        }
        Out::Entries(attempt, request) => match store.entries(request.incarnation, request.after) {
            Ok(answer) => Event::Reply(*attempt, Reply::Entries(answer)),
            Err(refusal) => refused(*attempt, &refusal),
        },
    }
}

fn refused(attempt: u64, refusal: &Refusal) -> Event {
    let failure = Failure::Refused {
        status: refusal.status(),
        retry_after_ms: None,
        code: Some(refusal.code().to_owned()),
    };
    Event::Failed(attempt, failure)
}

pub(crate) fn head_of(own: &Own) -> Head {
    let journal = Journal { till: TILL, incarnation: own.incarnation };
    own.entries.last().map_or(journal.start(), |entry| entry.frame.head())
}

/// The last own entry that is on the store's trunk, as far as known.
fn own_through(own: &Own) -> i64 {
    own.forked_at.map_or(head_of(own).seq, |at| at - 1)
}

impl Ledger {
    fn own_through(&self, incarnation: u32) -> i64 {
        let own = self.journals.iter().find(|own| own.incarnation == incarnation);
        own.map_or(0, own_through)
    }

    fn own(&mut self, incarnation: u32) -> &mut Own {
        self.journals.iter_mut().find(|own| own.incarnation == incarnation).unwrap()
    }

    fn hash_at(&self, incarnation: u32, seq: i64) -> Option<Hash> {
        let own = self.journals.iter().find(|own| own.incarnation == incarnation)?;
        if seq == 0 {
            return Some(Journal { till: TILL, incarnation }.genesis());
        }
        let index = usize::try_from(seq - 1).ok()?;
        own.entries.get(index).map(|entry| entry.frame.hash)
    }

    fn facts<'a>(&self, hash_at: &'a dyn Fn(u32, i64) -> Option<Hash>) -> Facts<'a> {
        Facts {
            tenant: TENANT,
            till: TILL,
            store_key: store_signer().public_key(),
            incarnation: self.incarnation,
            session: self.session.clone(),
            epoch: self.epoch,
            cursor: self.cursor.clone(),
            journals: self
                .journals
                .iter()
                .map(|own| LocalJournal {
                    incarnation: own.incarnation,
                    head: head_of(own),
                    acked: own.acked,
                    acked_epoch: own.acked_epoch,
                })
                .collect(),
            requests: self.requests.clone(),
            wish: self.wish.clone(),
            missing: self.missing.clone(),
            hash_at,
        }
    }

    fn load(&self, plan: ExchangePlan) -> Vec<u8> {
        let own = self
            .journals
            .iter()
            .find(|own| own.incarnation == plan.header.journal.incarnation)
            .unwrap();
        let entries = own.entries.iter().skip(usize::try_from(plan.after).unwrap()).cloned();
        let plan = ExchangePlan { entries_max: plan.entries_max.min(4), ..plan };
        plan.with(entries).encode()
    }
}
