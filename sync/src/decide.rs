//! The store's side of a push as a pure function: what is known, and what came, make a plan that the shell carries
//! out in the same transaction in which the view was read.

mod place;

use crate::frame::{BadFrame, Head, Journal, Verified};
use crate::hash::Hash;
use crate::limits::PROVISIONAL_FROM;
use crate::message::{ExchangeHeader, PushVerdict, RecoverReason};
use crate::planted::{Planted, planted};
use place::{Placed, place};
use std::collections::BTreeMap;
use std::ops::Range;

/// What the store knows about the till and the pushed journal.
#[derive(Debug, Clone)]
pub struct PushView {
    /// Epoch of the store.
    pub epoch: i64,
    /// Whether the till is blocked.
    pub blocked: bool,
    /// Session of the live incarnation; absent when this store does not know that incarnation.
    pub session: Option<Session>,
    /// A fresh random token, used if the session rotates.
    pub next_session: String,
    /// The pushed journal; absent when this store does not know it.
    pub journal: Option<JournalView>,
}

/// The sessions that are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Given last.
    pub current: String,
    /// Given before; still accepted, because the answer with the current one may be lost.
    pub previous: String,
}

/// A journal as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalView {
    /// Highest sequence number that the till ever reported to have written.
    pub reported: i64,
    /// The first history; its entries have effects.
    pub trunk: LineView,
    /// Histories that part from it, in the order of their arrival.
    pub branches: Vec<BranchView>,
}

/// One history of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    /// Last entry held; the genesis head for none.
    pub through: Head,
    /// Hashes held on this line, at least those of [`lookup`].
    pub stored: BTreeMap<i64, Hash>,
}

/// A history that parts from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchView {
    /// The shell's number for it.
    pub id: i64,
    /// First number that differs from the trunk.
    pub at: i64,
    /// What is held on the branch itself.
    pub line: LineView,
}

/// Which stored hashes the view must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup {
    /// First number of a range.
    pub from: i64,
    /// Last number of it; below `from` when nothing was sent.
    pub through: i64,
    /// One more number: the reported head.
    pub head: i64,
}

/// Says which stored hashes [`decide`] will look at, on every line of the journal.
#[must_use]
pub fn lookup(header: &ExchangeHeader, push: &Verified<'_>) -> Lookup {
    let first = push.entries().first().map_or(1, |entry| entry.frame.seq);
    let last = push.entries().last().map_or(0, |entry| entry.frame.seq);
    Lookup { from: first - 1, through: last, head: header.journal.head }
}

/// What to do with a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushPlan {
    /// What to answer.
    pub verdict: PushVerdict,
    /// What to acknowledge and sign, once the plan is durable.
    pub received: Head,
    /// Entries to store.
    pub append: Option<Append>,
    /// How many were held already.
    pub duplicates: usize,
    /// The journal is new here and must be recorded first.
    pub start_journal: bool,
    /// Remember as the highest head ever reported.
    pub report: Option<Head>,
    /// What becomes of the session.
    pub session: SessionPlan,
    /// What a person must hear about.
    pub alarms: Vec<Alarm>,
    /// Answer the pull with [`crate::message::PullAnswer::Wait`] instead of rows.
    pub hold_rows: bool,
}

impl PushPlan {
    /// Whether rows are held in a snapshot that is later than this plan: the trunk of the pushed journal, which goes
    /// to `through` there, may meanwhile hold entries of another copy, and the snapshot their acknowledgements.
    #[must_use]
    pub fn holds_rows_at(&self, header: &ExchangeHeader, through: i64) -> bool {
        let forked = match &self.verdict {
            // The till forgets the acknowledgements of what is on its branch.
            PushVerdict::Fork { .. } => true,
            PushVerdict::Accepted
            | PushVerdict::Gap { .. }
            | PushVerdict::Recover { .. }
            | PushVerdict::BadFrame { .. }
            | PushVerdict::Blocked => false,
        };
        self.hold_rows || (!forked && self.received.seq < through.min(header.journal.head))
    }
}

/// Entries to store, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where.
    pub line: Line,
    /// Which of [`Verified::entries`].
    pub entries: Range<usize>,
    /// Into quarantine, every one: the till is blocked, or they are on a branch.
    pub quarantine: bool,
}

/// A history to append to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The first history.
    Trunk,
    /// A known branch.
    Branch {
        /// The shell's number for it.
        id: i64,
    },
    /// A branch that begins with this push.
    NewBranch {
        /// First number that differs from the trunk.
        at: i64,
    },
}

/// What becomes of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionPlan {
    /// Nothing to write; answer this one.
    Keep {
        /// For the answer.
        answer: String,
    },
    /// Write both; answer the current one.
    Rotate(Session),
    /// The session sent is not valid; answer none.
    Refuse,
}

impl SessionPlan {
    /// What to answer.
    #[must_use]
    pub fn answer(&self) -> Option<String> {
        match self {
            Self::Keep { answer } => Some(answer.clone()),
            Self::Rotate(session) => Some(session.current.clone()),
            Self::Refuse => None,
        }
    }
}

/// What a person must hear about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The till had an acknowledgement for more than this store holds: the store lost entries.
    StoreLost {
        /// What the till knows to be acknowledged.
        acked: i64,
        /// What is held.
        received: i64,
    },
    /// The till has seen a later epoch than this store's: the store runs on an old copy.
    StoreBehind {
        /// The till's.
        epoch: i64,
    },
    /// An incarnation that this store did not grant, and that is not provisional.
    UnknownIncarnation {
        /// Its number.
        incarnation: u32,
    },
    /// A history parts from another: numbers may be printed twice.
    Forked {
        /// First number that differs.
        at: i64,
    },
}

/// Decides on a push. The same push decided again after its plan was carried out stores nothing and answers the
/// same.
#[must_use]
pub fn decide(view: &PushView, header: &ExchangeHeader, push: &Verified<'_>) -> PushPlan {
    decide_planted(view, header, push, Planted::NONE)
}

/// [`decide`] with a bug that a simulator must find.
#[cfg(feature = "planted-bugs")]
#[must_use]
pub fn decide_with_bug(
    view: &PushView,
    header: &ExchangeHeader,
    push: &Verified<'_>,
    planted: Planted,
) -> PushPlan {
    decide_planted(view, header, push, planted)
}

fn decide_planted(
    view: &PushView,
    header: &ExchangeHeader,
    push: &Verified<'_>,
    planted: Planted,
) -> PushPlan {
    let journal = view.journal.clone().unwrap_or_else(|| JournalView::unknown(header));
    let placed = place(&journal, header, push.entries(), planted);
    let append = placed.append(view.blocked, planted);
    let report = (header.journal.head > journal.reported && placed.gap.is_none())
        .then(|| header.journal.head());
    let writes = view.journal.is_none()
        || append.is_some()
        || report.is_some()
        || !header.requests.is_empty();
    let session = session(view, header, writes, planted);
    let hold_rows = hold_rows(&journal, header, &placed);
    PushPlan {
        hold_rows,
        verdict: verdict(view, header, push, &journal, &placed, &session, planted),
        received: if planted!(planted, AcknowledgeReported) {
            header.journal.head()
        } else {
            placed.common
        },
        append,
        duplicates: placed.duplicates,
        start_journal: view.journal.is_none(),
        report,
        session,
        alarms: alarms(view, header, &journal, &placed),
    }
}

/// The store holds entries beyond those that it could compare with this till's. Acknowledgements of another copy's
/// entries would look like its own, and hide sales.
fn hold_rows(journal: &JournalView, header: &ExchangeHeader, placed: &Placed) -> bool {
    let both_have = journal.trunk.through.seq.min(header.journal.head);
    placed.gap.is_some() || (placed.differs_at.is_none() && placed.common.seq < both_have)
}

/// Numbers that a restored store leaves out, for those that it granted after its backup and forgot.
const SKIPPED_AN_EPOCH: u32 = 16;

/// Number of a new incarnation: above every one that was granted, also by a history that this store has lost.
/// `granted` is the highest one known, 0 for none; `previous` the one that the till names as its last, which is believed as
/// far as a lost history can have come.
#[must_use]
pub fn next_incarnation(granted: u32, previous: Option<u32>, epoch: i64) -> u32 {
    let restores = u32::try_from(epoch.saturating_sub(1)).unwrap_or(0);
    let skipped = restores.saturating_mul(SKIPPED_AN_EPOCH);
    let believed = granted.max(skipped).saturating_add(SKIPPED_AN_EPOCH);
    let named = previous.filter(|number| *number <= believed).unwrap_or(0);
    match granted.max(named) {
        0 => 1,
        last => last.max(skipped).saturating_add(1),
    }
}

impl JournalView {
    /// How a journal looks that the store has never heard of: empty, at its genesis.
    #[must_use]
    pub fn unknown(header: &ExchangeHeader) -> Self {
        let journal = Journal { till: header.till, incarnation: header.journal.incarnation };
        let trunk = LineView { through: journal.start(), stored: BTreeMap::new() };
        Self { reported: 0, trunk, branches: Vec::new() }
    }
}

/// The gravest finding wins. Entries are stored and acknowledged whatever the verdict.
fn verdict(
    view: &PushView,
    header: &ExchangeHeader,
    push: &Verified<'_>,
    journal: &JournalView,
    placed: &Placed,
    session: &SessionPlan,
    planted: Planted,
) -> PushVerdict {
    let trunk = match &placed.fresh {
        Some((Line::Trunk, _)) => placed.common,
        Some((Line::Branch { .. } | Line::NewBranch { .. }, _)) | None => journal.trunk.through,
    };
    if view.blocked {
        return PushVerdict::Blocked;
    }
    if let Some(at) = placed.differs_at {
        return PushVerdict::Fork { at, trunk };
    }
    if *session == SessionPlan::Refuse {
        return PushVerdict::Recover { reason: RecoverReason::Session, store: trunk };
    }
    if is_behind(header, journal) && !planted!(planted, ForgetReportedHead) {
        return PushVerdict::Recover { reason: RecoverReason::Behind, store: trunk };
    }
    if let Some(expected) = placed.gap {
        return PushVerdict::Gap { expected };
    }
    match push.bad() {
        Some(BadFrame { seq, fault }) => {
            PushVerdict::BadFrame { at: seq, code: fault.code().to_owned() }
        }
        None => PushVerdict::Accepted,
    }
}

/// A live ledger never ends before a head that it reported. A closed one may: that is why it was closed.
fn is_behind(header: &ExchangeHeader, journal: &JournalView) -> bool {
    let live = header.incarnation == header.journal.incarnation;
    live && header.journal.head < journal.reported.max(journal.trunk.through.seq)
}

/// The session rotates when the exchange writes anything, so that an idle till costs no write.
fn session(
    view: &PushView,
    header: &ExchangeHeader,
    writes: bool,
    planted: Planted,
) -> SessionPlan {
    let rotated = || {
        SessionPlan::Rotate(Session {
            current: view.next_session.clone(),
            previous: header.session.clone(),
        })
    };
    match &view.session {
        // An incarnation that this store does not know: provisional, or granted after the backup it came from.
        None => rotated(),
        Some(known) if header.session == known.current => {
            if writes && !planted!(planted, ReuseSessionForever) {
                rotated()
            } else {
                SessionPlan::Keep { answer: known.current.clone() }
            }
        }
        // The answer with the current one was lost; it is given again, so that any number may be lost.
        Some(known) if header.session == known.previous => {
            SessionPlan::Keep { answer: known.current.clone() }
        }
        // The store went back in time; what sessions it gave out meanwhile it cannot know. The current one is given
        // again and not rotated: a late copy of an old message must not end the session of the live ledger.
        Some(known) if header.epoch != view.epoch => {
            SessionPlan::Keep { answer: known.current.clone() }
        }
        Some(known) if planted!(planted, ReuseSessionForever) => {
            SessionPlan::Keep { answer: known.current.clone() }
        }
        Some(_) => SessionPlan::Refuse,
    }
}

fn alarms(
    view: &PushView,
    header: &ExchangeHeader,
    journal: &JournalView,
    placed: &Placed,
) -> Vec<Alarm> {
    let held = journal.trunk.through.seq;
    let mut alarms = Vec::new();
    if header.epoch > view.epoch {
        alarms.push(Alarm::StoreBehind { epoch: header.epoch });
    }
    if header.epoch == view.epoch && header.journal.acked > held && placed.differs_at.is_none() {
        alarms.push(Alarm::StoreLost { acked: header.journal.acked, received: held });
    }
    let incarnation = header.journal.incarnation;
    if view.journal.is_none() && incarnation < PROVISIONAL_FROM {
        alarms.push(Alarm::UnknownIncarnation { incarnation });
    }
    if let Some((Line::NewBranch { at }, _)) = &placed.fresh {
        alarms.push(Alarm::Forked { at: *at });
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{JournalStatus, PageLimits};
    use uuid::Uuid;

    fn plan(verdict: PushVerdict, received: i64) -> PushPlan {
        PushPlan {
            verdict,
            received: Head { seq: received, hash: Hash([1; 32]) },
            append: None,
            duplicates: 0,
            start_journal: false,
            report: None,
            session: SessionPlan::Refuse,
            alarms: Vec::new(),
            hold_rows: false,
        }
    }

    fn header(head: i64) -> ExchangeHeader {
        ExchangeHeader {
            protocol: 1,
            till: Uuid::nil(),
            incarnation: 1,
            session: String::new(),
            epoch: 1,
            journal: JournalStatus { incarnation: 1, head, head_hash: Hash([1; 32]), acked: 0 },
            cursor: None,
            requests: Vec::new(),
            page: PageLimits::default(),
            entries: 0,
        }
    }

    #[test]
    fn a_new_incarnation_is_above_all_that_a_lost_history_can_have_granted() {
        assert_eq!(next_incarnation(0, None, 1), 1);
        assert_eq!(next_incarnation(3, Some(2), 1), 4);
        assert_eq!(next_incarnation(3, Some(9), 1), 10, "granted after a backup");
        assert_eq!(next_incarnation(3, Some(40), 3), 41);
        assert_eq!(next_incarnation(3, None, 3), 33);
        for absurd in [PROVISIONAL_FROM - 1, PROVISIONAL_FROM, u32::MAX] {
            assert_eq!(next_incarnation(3, Some(absurd), 1), 4);
        }
    }

    #[test]
    fn rows_of_a_later_snapshot_wait_when_another_copy_has_pushed_meanwhile() {
        let accepted = plan(PushVerdict::Accepted, 2);
        assert!(!accepted.holds_rows_at(&header(4), 2), "nothing came in between");
        assert!(accepted.holds_rows_at(&header(4), 3), "entry 3 there need not be entry 3 here");
        assert!(!accepted.holds_rows_at(&header(2), 3), "this ledger has no entry 3");
        let trunk = Head { seq: 3, hash: Hash([2; 32]) };
        let forked = plan(PushVerdict::Fork { at: 3, trunk }, 2);
        assert!(
            !forked.holds_rows_at(&header(4), 3),
            "the till knows which entries are not its own"
        );
    }
}
