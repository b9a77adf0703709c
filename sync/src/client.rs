//! The till's side as a state machine without IO. It is told facts and events and says what to do; everything that
//! must survive a crash is in the facts, so a new machine after a restart goes on where the old one was.

mod answer;
mod backoff;

use crate::frame::{FramedEntry, Head};
use crate::hash::{Hash, PublicKey, Signature};
use crate::limits::{
    PAGE_BYTES_MAX, PAGE_ROWS_MAX, PROTOCOL, PUSH_BYTES_MAX, PUSH_ENTRIES_MAX, REQUESTS_MAX,
};
use crate::message::{
    Cursor, EntriesRequest, ExchangeAnswer, ExchangeHeader, FeedPage, IncarnationAnswer,
    IncarnationHead, IncarnationRequest, JournalStatus, NewIncarnation, NewKey, PageLimits,
    RefetchReason, Request, RequestAnswer,
};
use crate::planted::{Planted, planted};
use crate::refusal::{BLOCKED, SLOW};
use crate::wire::{EntriesAnswer, ExchangeRequest};
use backoff::Backoff;
use uuid::Uuid;

/// How long an idle till waits before it asks again.
pub const POLL_MS: i64 = 30_000;

/// What the ledger says at the moment of a step, read after everything before was committed.
#[derive(Clone)]
pub struct Facts<'a> {
    /// Business on the store, from the enrolment.
    pub tenant: Uuid,
    /// This till.
    pub till: Uuid,
    /// Key that the store signs acknowledgements with, from the enrolment.
    pub store_key: PublicKey,
    /// The live incarnation.
    pub incarnation: u32,
    /// Session for it; empty when it has none yet.
    pub session: String,
    /// Epoch of the last answer that was applied.
    pub epoch: i64,
    /// Cursor of the feed; none to begin from nothing.
    pub cursor: Option<Cursor>,
    /// Own journals, oldest first, the live one last. Closed ones may be left out once they are settled
    /// ([`LocalJournal::is_settled`]) in the current epoch.
    pub journals: Vec<LocalJournal>,
    /// Requests without an answer yet.
    pub requests: Vec<Request>,
    /// A new incarnation that must be asked for; stored with its id before the first step that shows it.
    pub wish: Option<IncarnationRequest>,
    /// What the store holds of older incarnations and this ledger lacks.
    pub missing: Vec<Missing>,
    /// Hash of an own entry; the genesis hash at 0; none where there is no such entry.
    pub hash_at: &'a dyn Fn(u32, i64) -> Option<Hash>,
}

/// A journal as the ledger has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalJournal {
    /// Incarnation.
    pub incarnation: u32,
    /// Last entry written.
    pub head: Head,
    /// Last sequence number acknowledged, 0 for none.
    pub acked: i64,
    /// Epoch of the store when it last acknowledged, 0 for never.
    pub acked_epoch: i64,
}

impl LocalJournal {
    /// Nothing is left to tell the store about it.
    #[must_use]
    pub fn is_settled(&self, epoch: i64) -> bool {
        self.acked == self.head.seq && self.acked_epoch == epoch
    }
}

/// Entries to download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number that the ledger has.
    pub after: i64,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The ledger has something new to say.
    Wake,
    /// A person asks for it now, backing off or not.
    Urge,
    /// The moment of the last [`Action::Wait`] has come.
    Timer,
    /// An answer to the attempt with this number.
    Reply(u64, Reply),
    /// The attempt with this number failed.
    Failed(u64, Failure),
    /// Everything that the last answer asked for is committed.
    Saved,
}

/// Answers by kind.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To an exchange.
    Exchange(Box<ExchangeAnswer>),
    /// To the wish for a new incarnation.
    Incarnation(IncarnationAnswer),
    /// To a download.
    Entries(EntriesAnswer),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection, cut off, timed out, unreadable.
    Transport,
    /// An HTTP status other than 200.
    Refused {
        /// The status.
        status: u16,
        /// From the header `Retry-After`, milliseconds.
        retry_after_ms: Option<i64>,
        /// Code of the error body, where there is one.
        code: Option<String>,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Load entries, complete the plan, send it.
    Exchange(u64, Box<ExchangePlan>),
    /// Ask for a new incarnation.
    AskIncarnation(u64, IncarnationRequest),
    /// Ask for entries.
    AskEntries(u64, EntriesRequest),
    /// Commit all of it in one transaction, then say [`Event::Saved`].
    Apply(Box<Applied>),
    /// Begin the new incarnation in one transaction that also clears the wish, then say [`Event::Saved`].
    BeginIncarnation(IncarnationAnswer),
    /// Verify these entries with the key in their header and keep them read-only beside the journal; move the
    /// first of [`Facts::missing`] behind them, or drop it when there are no more; then say [`Event::Saved`].
    KeepEntries(EntriesAnswer),
    /// The store no longer holds these (it was restored): drop them from [`Facts::missing`], then say
    /// [`Event::Saved`].
    DropMissing(Missing),
    /// Set the one timer to this moment; it replaces the one before.
    Wait {
        /// On the clock that `now_ms` is read from.
        until_ms: i64,
    },
    /// Show how things stand.
    Show(Shown),
}

/// How things stand, in one word for the texts of the user interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Everything is said.
    Online,
    /// An exchange is on its way.
    Working,
    /// The store cannot be reached.
    Offline,
    /// The store is busy and said when to come back.
    Busy,
    /// The store does not accept the key.
    NotAuthorised,
    /// The store does not understand what was sent, or something is wrong with a frame.
    Rejected,
    /// The answer is not the store's, or not about this journal.
    NotBelieved,
    /// Blocked by the office; sales are still delivered.
    Blocked,
    /// The program is too old for the feed; sales are still delivered.
    UpgradeRequired,
    /// A new incarnation is being asked for.
    Recovering,
}

impl Shown {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Online => "sync.online",
            Self::Working => "sync.working",
            Self::Offline => "sync.offline",
            Self::Busy => "sync.busy",
            Self::NotAuthorised => "sync.not_authorised",
            Self::Rejected => "sync.rejected",
            Self::NotBelieved => "sync.not_believed",
            Self::Blocked => "sync.blocked",
            Self::UpgradeRequired => "sync.upgrade_required",
            Self::Recovering => "sync.recovering",
        }
    }
}

/// What an answer means for the ledger. All of it belongs into one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Epoch of the store, to remember.
    pub epoch: i64,
    /// Clock of the store, UTC milliseconds.
    pub store_now_ms: i64,
    /// Session to use next, unless the old one stays.
    pub session: Option<String>,
    /// A new request key to use from now on.
    pub key: Option<NewKey>,
    /// What the store acknowledges, with its signature; may be less than before after a restore of the store.
    pub acked: Option<Acked>,
    /// What changed in how the journal stands to the store's; to be applied before the rows.
    pub history: Option<History>,
    /// Rows to apply and the cursor after them.
    pub page: Option<FeedPage>,
    /// The page begins a fill from nothing: mark every row of the old catalogue as not seen.
    pub fill_begins: bool,
    /// The page ends a fill: drop what was not seen since it began.
    pub fill_ends: bool,
    /// Forget the cursor. Catalogue and journal stay.
    pub refetch: Option<RefetchReason>,
    /// Outcomes of requests.
    pub answers: Vec<RequestAnswer>,
    /// Where the till stands, where the store told it.
    pub location: Option<String>,
    /// The live incarnation must end: store the wish for a new one.
    pub want_incarnation: Option<WantIncarnation>,
}

/// How own entries stand to what the store holds, after a fork or a restore of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Which journal.
    pub incarnation: u32,
    /// Forget the `effect_feed` of its entries above this number.
    pub forget_effects_above: i64,
    /// Remember: its entries from this number on are on a branch, and no ack row touches them
    /// ([`crate::overlay::AckRange::updates`]). None: all of it is on the trunk again, as far as known.
    pub forked_at: Option<i64>,
}

/// An acknowledgement to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Incarnation.
    pub incarnation: u32,
    /// The head that the store durably holds.
    pub head: Head,
    /// Epoch it was signed in.
    pub epoch: i64,
    /// When it was signed, UTC milliseconds.
    pub at_ms: i64,
    /// The store's signature.
    pub sig: Signature,
}

/// Why the live incarnation must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantIncarnation {
    /// For the request.
    pub reason: NewIncarnation,
    /// Head of the other history, which the first entry of the new incarnation names.
    pub store_head: IncarnationHead,
}

/// An exchange that still lacks its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangePlan {
    /// The header, `entries` still 0.
    pub header: ExchangeHeader,
    /// Load own entries of `header.journal.incarnation` that follow this number.
    pub after: i64,
    /// At most so many.
    pub entries_max: usize,
    /// At most so many bytes, but at least one entry.
    pub bytes_max: usize,
}

impl ExchangePlan {
    /// Takes entries in order, up to the limits.
    #[must_use]
    pub fn with(self, entries: impl IntoIterator<Item = FramedEntry>) -> ExchangeRequest {
        let mut header = self.header;
        let mut taken = Vec::new();
        let mut bytes = 0;
        for entry in entries.into_iter().take(self.entries_max) {
            bytes += entry.bytes.len();
            if bytes > self.bytes_max && !taken.is_empty() {
                break;
            }
            taken.push(entry);
        }
        header.entries = taken.len();
        ExchangeRequest { header, entries: taken }
    }
}

/// The state machine.
#[derive(Debug)]
pub struct Client {
    state: State,
    attempt: u64,
    backoff: Backoff,
    entries_max: usize,
    bytes_max: usize,
    resend: Option<Resend>,
    woken: bool,
    more: bool,
    upgrade: bool,
    /// The store gives nothing: no use to ask for an incarnation or for entries. It still takes entries.
    blocked: bool,
    shown: Option<Shown>,
    planted: Planted,
}

/// Send again from here: the store lacks something that the till took for delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Resend {
    incarnation: u32,
    after: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing to do before the next poll.
    Idle,
    /// Waits for the answer to this attempt.
    Sending(Sent),
    /// Waits for the shell's commit.
    Saving { then: Then },
    /// Backs off.
    Waiting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Exchange { incarnation: u32, after: i64 },
    Incarnation,
    Entries,
}

/// What follows a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Whatever the facts ask for.
    GoOn,
    /// No progress: back off.
    BackOff,
}

impl Client {
    /// A machine that has not spoken yet. The seed makes its jitter.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: State::Idle,
            attempt: 0,
            backoff: Backoff::new(seed),
            entries_max: PUSH_ENTRIES_MAX,
            bytes_max: PUSH_BYTES_MAX,
            resend: None,
            woken: false,
            more: false,
            upgrade: false,
            blocked: false,
            shown: None,
            planted: Planted::NONE,
        }
    }

    /// A machine with a bug that a simulator must find.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn with_bug(seed: u64, planted: Planted) -> Self {
        Self { planted, ..Self::new(seed) }
    }

    /// Takes one event. `now_ms` is of any clock that does not go back while the process lives.
    #[must_use]
    pub fn step(&mut self, facts: &Facts<'_>, now_ms: i64, event: Event) -> Vec<Action> {
        match (self.state, event) {
            (State::Idle, Event::Wake | Event::Urge | Event::Timer)
            | (State::Waiting, Event::Urge | Event::Timer) => self.send(facts),
            (State::Sending(_) | State::Saving { .. }, Event::Wake | Event::Urge) => {
                self.woken = true;
                Vec::new()
            }
            // The backoff stands; what is new goes with the next attempt.
            (State::Waiting, Event::Wake) => Vec::new(),
            (State::Sending(sent), Event::Reply(attempt, reply)) => {
                if self.is_current(attempt) {
                    self.take(facts, now_ms, sent, reply)
                } else {
                    Vec::new()
                }
            }
            (State::Sending(sent), Event::Failed(attempt, failure)) => {
                if attempt == self.attempt {
                    self.fail(facts, now_ms, sent, &failure)
                } else {
                    Vec::new()
                }
            }
            (State::Saving { then }, Event::Saved) => self.after_commit(facts, now_ms, then),
            // A timer that was replaced, an answer to an attempt that was given up, a commit nobody waits for.
            (State::Sending(_) | State::Saving { .. }, Event::Timer)
            | (State::Sending(_) | State::Idle | State::Waiting, Event::Saved)
            | (
                State::Idle | State::Waiting | State::Saving { .. },
                Event::Reply(..) | Event::Failed(..),
            ) => Vec::new(),
        }
    }

    /// Sends what is most urgent: a new incarnation, then an exchange; a download when all else is said.
    fn send(&mut self, facts: &Facts<'_>) -> Vec<Action> {
        self.attempt += 1;
        self.woken = false;
        if let Some(wish) = facts.wish.as_ref().filter(|_| !self.blocked) {
            self.state = State::Sending(Sent::Incarnation);
            let ask = Action::AskIncarnation(self.attempt, wish.clone());
            return self.shown_and(Shown::Recovering, ask);
        }
        let plan = self.plan(facts);
        self.state = State::Sending(Sent::Exchange {
            incarnation: plan.header.journal.incarnation,
            after: plan.after,
        });
        let exchange = Action::Exchange(self.attempt, Box::new(plan));
        self.shown_and(Shown::Working, exchange)
    }

    fn plan(&self, facts: &Facts<'_>) -> ExchangePlan {
        let journal = self.journal_to_push(facts);
        let after = match self.resend {
            Some(resend) if resend.incarnation == journal.incarnation => resend.after,
            Some(_) | None => journal.acked,
        };
        let header = ExchangeHeader {
            protocol: PROTOCOL,
            till: facts.till,
            incarnation: facts.incarnation,
            session: facts.session.clone(),
            epoch: facts.epoch,
            journal: JournalStatus {
                incarnation: journal.incarnation,
                head: journal.head.seq,
                head_hash: journal.head.hash,
                acked: journal.acked,
            },
            cursor: facts.cursor.clone(),
            requests: self.requests(facts),
            page: PageLimits { rows: PAGE_ROWS_MAX, bytes: PAGE_BYTES_MAX },
            entries: 0,
        };
        ExchangePlan { header, after, entries_max: self.entries_max, bytes_max: self.bytes_max }
    }

    /// Every request keeps its id until it is answered.
    fn requests(&self, facts: &Facts<'_>) -> Vec<Request> {
        let mut requests: Vec<_> = facts.requests.iter().take(REQUESTS_MAX).cloned().collect();
        if planted!(self.planted, NewRequestIdOnRetry) && self.backoff.is_retry() {
            for request in &mut requests {
                request.id = Uuid::from_u128(request.id.as_u128() ^ u128::from(self.attempt));
            }
        }
        requests
    }

    /// The oldest journal that is not settled, else the live one.
    fn journal_to_push(&self, facts: &Facts<'_>) -> LocalJournal {
        let resending = |journal: &&LocalJournal| {
            self.resend.is_some_and(|resend| resend.incarnation == journal.incarnation)
        };
        let journals = &facts.journals;
        *journals
            .iter()
            .find(resending)
            .or_else(|| journals.iter().find(|journal| !journal.is_settled(facts.epoch)))
            .or(journals.last())
            .expect("a till has a journal, if only an empty one")
    }

    /// After a commit: go on at once while there is anything to say or hear, else rest until the next poll.
    fn after_commit(&mut self, facts: &Facts<'_>, now_ms: i64, then: Then) -> Vec<Action> {
        match then {
            Then::BackOff => return self.back_off(now_ms, None),
            Then::GoOn => self.backoff.reset(),
        }
        let unsaid = facts.journals.iter().any(|journal| !journal.is_settled(facts.epoch));
        let wishes = facts.wish.is_some() && !self.blocked;
        if wishes || unsaid || self.more || self.resend.is_some() || self.woken {
            return self.send(facts);
        }
        if let Some(missing) = facts.missing.first().filter(|_| !self.blocked) {
            self.attempt += 1;
            self.state = State::Sending(Sent::Entries);
            let request = EntriesRequest {
                protocol: PROTOCOL,
                till: facts.till,
                incarnation: missing.incarnation,
                after: missing.after,
            };
            return vec![Action::AskEntries(self.attempt, request)];
        }
        self.state = State::Idle;
        let until_ms = now_ms.saturating_add(self.backoff.jittered(POLL_MS));
        vec![Action::Wait { until_ms }]
    }

    fn fail(
        &mut self,
        facts: &Facts<'_>,
        now_ms: i64,
        sent: Sent,
        failure: &Failure,
    ) -> Vec<Action> {
        if let (Sent::Entries, Failure::Refused { status: 404, .. }) = (sent, failure) {
            self.state = State::Saving { then: Then::GoOn };
            return facts.missing.first().copied().map(Action::DropMissing).into_iter().collect();
        }
        if let (Sent::Incarnation | Sent::Entries, Failure::Refused { code: Some(code), .. }) =
            (sent, failure)
            && code == BLOCKED
        {
            // The exchange says so too, and takes what this till still has to deliver.
            self.blocked = true;
            return self.send(facts);
        }
        let (shown, at_least_ms) = match failure {
            Failure::Transport => (Shown::Offline, None),
            Failure::Refused { status: 413, .. } => {
                self.halve();
                (Shown::Working, None)
            }
            Failure::Refused { code: Some(code), retry_after_ms, .. } if code == SLOW => {
                self.halve();
                (Shown::Working, *retry_after_ms)
            }
            Failure::Refused { status: 429 | 503, retry_after_ms, .. } => {
                (Shown::Busy, *retry_after_ms)
            }
            Failure::Refused { status: 401 | 403, .. } => {
                (Shown::NotAuthorised, Some(backoff::CAP_MS))
            }
            Failure::Refused { status: 426, .. } => (Shown::UpgradeRequired, Some(backoff::CAP_MS)),
            Failure::Refused { status: 500..=599, retry_after_ms, .. } => {
                (Shown::Offline, *retry_after_ms)
            }
            Failure::Refused { .. } => (Shown::Rejected, Some(backoff::CAP_MS)),
        };
        let mut actions = self.show(shown);
        actions.extend(self.back_off(now_ms, at_least_ms));
        actions
    }

    fn halve(&mut self) {
        self.entries_max = (self.entries_max / 2).max(1);
        self.bytes_max = (self.bytes_max / 2).max(1);
    }

    fn back_off(&mut self, now_ms: i64, at_least_ms: Option<i64>) -> Vec<Action> {
        self.state = State::Waiting;
        let wait_ms = self.backoff.next(at_least_ms);
        vec![Action::Wait { until_ms: now_ms.saturating_add(wait_ms) }]
    }

    fn show(&mut self, shown: Shown) -> Vec<Action> {
        if self.shown == Some(shown) {
            return Vec::new();
        }
        self.shown = Some(shown);
        vec![Action::Show(shown)]
    }

    fn shown_and(&mut self, shown: Shown, action: Action) -> Vec<Action> {
        let mut actions = self.show(shown);
        actions.push(action);
        actions
    }
}
