//! The driver of the exchange with the store: it runs the state machine of `sync`, carries its messages over HTTP,
//! and commits what comes back. Never in the way of a sale: it holds the ledger only while it reads or commits.

mod apply;
mod balance;
mod enrol;
mod facts;
mod http;
mod lease;
mod pinned;

pub use enrol::{Enrolment, enrol};
pub use lease::{ask_lease, release_leases};

use crate::clock;
use crate::error::TillError;
use crate::ledger::{Ledger, Standing, state};
use crate::random;
use daybook_domain::ids::TillId;
use daybook_sync::client::{Action, Client, Event, ExchangePlan, Failure, Reply, Shown};
use daybook_sync::message::{EntriesRequest, IncarnationRequest};
use http::Transport;
use pinned::StoreTime;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a run is told meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// The ledger has something new: it goes with the next attempt.
    News,
    /// A person wants an attempt now, however long the pause still is.
    Urge,
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After one exchange.
    Once,
    /// When everything is said on both sides.
    Idle,
    /// When the sender of wakes is dropped, also in the middle of a request.
    Stopped,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Exchanges answered.
    pub exchanges: u64,
    /// Entries sent.
    pub sent: u64,
    /// Feed rows applied.
    pub rows: u64,
    /// Rows that this program could not read.
    pub unread: u64,
    /// New incarnations begun.
    pub incarnations: u64,
    /// Entries downloaded.
    pub fetched: u64,
    /// How things stand: a stable code.
    pub state: String,
}

/// Runs exchanges. `wakes` carries a message whenever the ledger has something new; `show` is told how things stand.
///
/// # Errors
/// [`TillError::Unreachable`] or [`TillError::StoreRefused`] when [`Until::Once`] or [`Until::Idle`] cannot be
/// reached; a run until stopped only ends on errors of the ledger itself.
pub fn run(
    ledger: &Mutex<Ledger>,
    until: Until,
    wakes: UnboundedReceiver<Nudge>,
    show: &mut dyn FnMut(Shown, &Report),
) -> Result<Report, TillError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(TillError::io("sync runtime"))?;
    let transport = {
        let ledger = locked(ledger);
        let known = state::get(ledger.reader(), "store_now_ms")?.map(StoreTime::at_least);
        Transport::new(ledger.identity()?, known)?
    };
    let seed = u64::from_be_bytes(random::bytes::<8>()?);
    let mut driver = Driver {
        ledger,
        transport,
        client: Client::new(seed),
        report: Report::default(),
        shown: Shown::Working,
        failure: None,
    };
    runtime.block_on(async {
        if until != Until::Stopped {
            return driver.run(until, wakes, show).await;
        }
        // Cut off wherever it waits: what is said to the ledger is said in whole transactions.
        let (woken, inner) = unbounded_channel();
        tokio::select! {
            ended = driver.run(until, inner, show) => ended.map(Some),
            () = forward(wakes, woken) => Ok(None),
        }
        .map(|report| report.unwrap_or_else(|| driver.report.clone()))
    })
}

/// Hands wakes on until their sender is dropped.
async fn forward(mut wakes: UnboundedReceiver<Nudge>, woken: UnboundedSender<Nudge>) {
    while let Some(nudge) = wakes.recv().await {
        if woken.send(nudge).is_err() {
            return;
        }
    }
}

/// Last sequence number of an incarnation that the store has acknowledged.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn acked_of(conn: &rusqlite::Connection, incarnation: u32) -> Result<i64, TillError> {
    Ok(facts::acked(conn, incarnation)?.seq)
}

/// What the store, as it is now, has not acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many entries, of all incarnations.
    pub count: i64,
    /// Incarnation and sequence number of the oldest.
    pub oldest: Option<(u32, i64)>,
}

/// Entries that the store, as it is now, has not acknowledged, of all incarnations.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn unsent(conn: &rusqlite::Connection, till: TillId) -> Result<Unsent, TillError> {
    let epoch: i64 = state::get(conn, "epoch")?.unwrap_or(0);
    let mut unsent = Unsent::default();
    for journal in facts::journals(conn, till.0)? {
        // A store that was restored since then may have lost what it acknowledged.
        let acked = if journal.acked_epoch == epoch { journal.acked } else { 0 };
        let missing = journal.head.seq.saturating_sub(acked).max(0);
        unsent.count = unsent.count.saturating_add(missing);
        let oldest = (missing > 0).then_some((journal.incarnation, acked + 1));
        unsent.oldest = unsent.oldest.or(oldest);
    }
    Ok(unsent)
}

/// Position in the ledger of an entry of an incarnation.
pub(crate) fn position_of(
    conn: &rusqlite::Connection,
    incarnation: u32,
    seq: i64,
) -> Result<Option<i64>, TillError> {
    Ok(facts::ord_of(conn, incarnation)?.map(|ord| crate::ledger::position(ord, seq)))
}

/// Takes the outcome of a request by itself, as an exchange does among the rest.
#[cfg(test)]
pub(crate) fn take_answer(
    ledger: &mut Ledger,
    answer: &daybook_sync::message::RequestAnswer,
    now_ms: i64,
) -> Result<(), TillError> {
    ledger.write_state(|conn| apply::take_answer(conn, answer, now_ms))
}

/// Applies an answer by itself.
#[cfg(test)]
pub(crate) fn take_applied(
    ledger: &mut Ledger,
    applied: &daybook_sync::client::Applied,
) -> Result<usize, TillError> {
    apply::apply(ledger, applied, clock::now())
}

pub(crate) fn locked(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    // A panic elsewhere left no half-written transaction: those are rolled back.
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Driver<'a> {
    ledger: &'a Mutex<Ledger>,
    transport: Transport,
    client: Client,
    report: Report,
    shown: Shown,
    failure: Option<TillError>,
}

impl Driver<'_> {
    async fn run(
        &mut self,
        until: Until,
        mut wakes: UnboundedReceiver<Nudge>,
        show: &mut dyn FnMut(Shown, &Report),
    ) -> Result<Report, TillError> {
        self.wish_if_needed()?;
        let mut events = VecDeque::from([Event::Urge]);
        let mut wait_until_ms = 0;
        loop {
            let Some(event) = events.pop_front() else {
                match self.rest(until, wait_until_ms, &mut wakes).await? {
                    Some(event) => events.push_back(event),
                    None => return Ok(self.report.clone()),
                }
                continue;
            };
            for action in self.step(event)? {
                if let Action::Wait { until_ms } = action {
                    wait_until_ms = until_ms;
                } else if let Some(next) = self.perform(action, show).await? {
                    events.push_back(next);
                }
            }
            self.report.state = self.shown.code().to_owned();
            if until == Until::Once && (self.report.exchanges > 0 || self.failure.is_some()) {
                return self.outcome();
            }
        }
    }

    /// Nothing is left to do now: end, or wait for the timer or a wake.
    async fn rest(
        &mut self,
        until: Until,
        wait_until_ms: i64,
        wakes: &mut UnboundedReceiver<Nudge>,
    ) -> Result<Option<Event>, TillError> {
        if until != Until::Stopped {
            return self.outcome().map(|_| None);
        }
        let wait_ms = wait_until_ms.saturating_sub(clock::now().mono_ms).max(0);
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        match tokio::time::timeout(wait, wakes.recv()).await {
            Ok(Some(Nudge::News)) => Ok(Some(Event::Wake)),
            Ok(Some(Nudge::Urge)) => Ok(Some(Event::Urge)),
            Ok(None) => Ok(None),
            Err(_elapsed) => Ok(Some(Event::Timer)),
        }
    }

    fn outcome(&mut self) -> Result<Report, TillError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let refused = |message: &str| {
            Err(TillError::StoreRefused {
                code: self.shown.code().to_owned(),
                message: message.to_owned(),
            })
        };
        match self.shown {
            Shown::Online | Shown::Working | Shown::Recovering | Shown::Blocked => {
                Ok(self.report.clone())
            }
            Shown::Offline | Shown::Busy => {
                Err(TillError::Unreachable(self.shown.code().to_owned()))
            }
            Shown::NotAuthorised => refused("it does not accept this till's key"),
            Shown::Rejected => refused("it does not take what was sent"),
            Shown::NotBelieved => refused("its answer does not verify"),
            Shown::UpgradeRequired => refused("this program is too old for its feed"),
        }
    }

    fn step(&mut self, event: Event) -> Result<Vec<Action>, TillError> {
        let ledger = locked(self.ledger);
        let now_ms = clock::now().mono_ms;
        facts::with(&ledger, |facts| self.client.step(facts, now_ms, event))
    }

    /// A restored or copied ledger asks for its new incarnation before anything else.
    fn wish_if_needed(&mut self) -> Result<(), TillError> {
        let mut ledger = locked(self.ledger);
        match ledger.standing() {
            Standing::NeedsIncarnation(_) => apply::wish_for_restored(&mut ledger, clock::now()),
            Standing::New => Err(TillError::NotEnrolled),
            Standing::Ready => lease::ask_for_pooled(&mut ledger, clock::now()),
        }
    }

    async fn perform(
        &mut self,
        action: Action,
        show: &mut dyn FnMut(Shown, &Report),
    ) -> Result<Option<Event>, TillError> {
        match action {
            Action::Exchange(attempt, plan) => self.exchange(attempt, *plan).await.map(Some),
            Action::AskIncarnation(attempt, ask) => {
                self.ask_incarnation(attempt, &ask).await.map(Some)
            }
            Action::AskEntries(attempt, ask) => self.ask_entries(attempt, &ask).await.map(Some),
            Action::Apply(applied) => {
                let mut ledger = locked(self.ledger);
                let page_rows = applied.page.as_ref().map_or(0, |page| page.rows.len());
                let unread = apply::apply(&mut ledger, &applied, clock::now())?;
                self.report.rows += u64::try_from(page_rows).unwrap_or(0);
                self.report.unread += u64::try_from(unread).unwrap_or(0);
                if applied.page.as_ref().is_some_and(|page| !page.more) {
                    lease::ask_for_pooled(&mut ledger, clock::now())?;
                }
                show(self.shown, &self.report);
                Ok(Some(Event::Saved))
            }
            Action::BeginIncarnation(answer) => {
                apply::begin(&mut locked(self.ledger), &answer, clock::now())?;
                self.report.incarnations += 1;
                Ok(Some(Event::Saved))
            }
            Action::KeepEntries(answer) => {
                self.report.fetched += u64::try_from(answer.entries.len()).unwrap_or(0);
                apply::keep(&mut locked(self.ledger), &answer)?;
                Ok(Some(Event::Saved))
            }
            Action::DropMissing(gone) => {
                apply::drop_missing(&mut locked(self.ledger), gone)?;
                Ok(Some(Event::Saved))
            }
            Action::Show(shown) => {
                self.shown = shown;
                show(shown, &self.report);
                Ok(None)
            }
            Action::Wait { .. } => Ok(None),
        }
    }

    async fn exchange(&mut self, attempt: u64, plan: ExchangePlan) -> Result<Event, TillError> {
        let (request, key) = {
            let ledger = locked(self.ledger);
            let entries = facts::entries_for(&ledger, &plan)?;
            (plan.with(entries), ledger.keys().request_key(ledger.home())?)
        };
        let sent = u64::try_from(request.entries.len()).unwrap_or(0);
        match self.transport.exchange(&key, &request).await {
            Ok(answer) => {
                self.report.exchanges += 1;
                self.report.sent += sent;
                self.failure = None;
                Ok(Event::Reply(attempt, Reply::Exchange(Box::new(answer))))
            }
            Err(failed) => Ok(self.failed(attempt, failed)),
        }
    }

    async fn ask_incarnation(
        &mut self,
        attempt: u64,
        ask: &IncarnationRequest,
    ) -> Result<Event, TillError> {
        let key = self.request_key()?;
        Ok(match self.transport.incarnation(&key, ask).await {
            Ok(answer) => Event::Reply(attempt, Reply::Incarnation(answer)),
            Err(failed) => self.failed(attempt, failed),
        })
    }

    async fn ask_entries(
        &mut self,
        attempt: u64,
        ask: &EntriesRequest,
    ) -> Result<Event, TillError> {
        let key = self.request_key()?;
        Ok(match self.transport.entries(&key, ask).await {
            Ok(answer) => Event::Reply(attempt, Reply::Entries(answer)),
            Err(failed) => self.failed(attempt, failed),
        })
    }

    fn request_key(&self) -> Result<daybook_sync::message::NewKey, TillError> {
        let ledger = locked(self.ledger);
        ledger.keys().request_key(ledger.home())
    }

    fn failed(&mut self, attempt: u64, failed: http::Failed) -> Event {
        tracing::info!(error = %failed.error, "no answer from the store");
        let failure: Failure = failed.failure;
        self.failure = Some(failed.error);
        Event::Failed(attempt, failure)
    }
}
