//! What an answer means.

use super::{
    Acked, Action, Applied, Client, Facts, History, LocalJournal, Reply, Resend, Sent, Shown,
    State, Then, WantIncarnation,
};
use crate::frame::{Acknowledgement, Head, Journal};
use crate::limits::{PUSH_BYTES_MAX, PUSH_ENTRIES_MAX};
use crate::message::{
    ExchangeAnswer, FeedPage, IncarnationHead, NewIncarnation, PullAnswer, PushVerdict,
};
use crate::planted::planted;

/// What the push part of an answer means.
struct PushMeaning {
    acked: Option<Acked>,
    resend: Option<Resend>,
    want: Option<WantIncarnation>,
    forked_at: Option<i64>,
    shown: Shown,
}

/// The push that an answer is about.
#[derive(Clone, Copy)]
struct Pushed<'a> {
    journal: &'a LocalJournal,
    after: i64,
}

impl Client {
    /// One exchange is in flight; an answer to an attempt that was given up says nothing about now.
    pub(super) fn is_current(&self, attempt: u64) -> bool {
        attempt == self.attempt || planted!(self.planted, TakeLateAnswer)
    }

    pub(super) fn take(
        &mut self,
        facts: &Facts<'_>,
        now_ms: i64,
        sent: Sent,
        reply: Reply,
    ) -> Vec<Action> {
        match (sent, reply) {
            (Sent::Exchange { incarnation, after }, Reply::Exchange(answer)) => {
                let journal = facts.journals.iter().find(|own| own.incarnation == incarnation);
                match journal {
                    Some(journal) if is_believable(facts, journal, &answer) => {
                        self.take_exchange(facts, Pushed { journal, after }, *answer)
                    }
                    Some(_) | None => self.disbelieve(now_ms),
                }
            }
            (Sent::Incarnation, Reply::Incarnation(answer)) => {
                self.state = State::Saving { then: Then::GoOn };
                self.resend = None;
                vec![Action::BeginIncarnation(answer)]
            }
            (Sent::Entries, Reply::Entries(answer)) => {
                let then = if answer.entries.is_empty() { Then::BackOff } else { Then::GoOn };
                self.state = State::Saving { then };
                vec![Action::KeepEntries(answer)]
            }
            (
                Sent::Exchange { .. } | Sent::Incarnation | Sent::Entries,
                Reply::Exchange(_) | Reply::Incarnation(_) | Reply::Entries(_),
            ) => self.disbelieve(now_ms),
        }
    }

    fn disbelieve(&mut self, now_ms: i64) -> Vec<Action> {
        let mut actions = self.show(Shown::NotBelieved);
        actions.extend(self.back_off(now_ms, None));
        actions
    }

    fn take_exchange(
        &mut self,
        facts: &Facts<'_>,
        pushed: Pushed<'_>,
        answer: ExchangeAnswer,
    ) -> Vec<Action> {
        let push = self.read_push(facts, pushed, &answer);
        self.blocked = answer.push.verdict == PushVerdict::Blocked;
        let confirmed = facts.journals.iter().all(|journal| {
            journal.acked_epoch == answer.epoch
                || (journal.incarnation == pushed.journal.incarnation && push.resend.is_none())
        });
        let mut applied = self.read_pull(facts, answer, confirmed);
        applied.history = self.read_history(pushed, &push);
        applied.acked = push.acked;
        applied.want_incarnation = push.want;
        let then =
            if progressed(facts, pushed, &push, &applied) { Then::GoOn } else { Then::BackOff };
        self.resend = push.resend;
        self.entries_max = (self.entries_max * 2).min(PUSH_ENTRIES_MAX);
        self.bytes_max = (self.bytes_max * 2).min(PUSH_BYTES_MAX);
        self.state = State::Saving { then };
        let shown = if self.upgrade && push.shown == Shown::Online {
            Shown::UpgradeRequired
        } else {
            push.shown
        };
        self.shown_and(shown, Action::Apply(Box::new(applied)))
    }

    /// A fork says which own entries are on a branch; a new epoch says how far the store went back.
    fn read_history(&self, pushed: Pushed<'_>, push: &PushMeaning) -> Option<History> {
        let incarnation = pushed.journal.incarnation;
        let new_epoch = push.acked.filter(|acked| acked.epoch != pushed.journal.acked_epoch);
        let forked =
            |at| History { incarnation, forget_effects_above: at - 1, forked_at: Some(at) };
        let restored = |acked: Acked| History {
            incarnation,
            forget_effects_above: if planted!(self.planted, KeepEffectsAcrossEpochs) {
                i64::MAX
            } else {
                acked.head.seq
            },
            forked_at: None,
        };
        push.forked_at.map(forked).or_else(|| new_epoch.map(restored))
    }

    fn read_push(
        &self,
        facts: &Facts<'_>,
        pushed: Pushed<'_>,
        answer: &ExchangeAnswer,
    ) -> PushMeaning {
        let incarnation = pushed.journal.incarnation;
        let received = answer.push.received();
        // The store's word counts only where it speaks of this very history.
        let common = (facts.hash_at)(incarnation, received.seq) == Some(received.hash);
        let head = if planted!(self.planted, AssumeAcknowledged) {
            Some(pushed.journal.head)
        } else {
            common.then_some(received)
        };
        let acked = head.map(|head| Acked {
            incarnation,
            head,
            epoch: answer.epoch,
            at_ms: answer.push.ack_at_ms,
            sig: answer.push.ack_sig,
        });
        let step_back = || {
            let page = i64::try_from(PUSH_ENTRIES_MAX).unwrap_or(i64::MAX);
            Resend { incarnation, after: (pushed.after.min(received.seq) - page).max(0) }
        };
        let resend = (!common && pushed.after > 0).then(step_back);
        let online = Shown::Online;
        let meaning = PushMeaning { acked, resend, want: None, forked_at: None, shown: online };
        match &answer.push.verdict {
            PushVerdict::Accepted => meaning,
            PushVerdict::Gap { .. } if planted!(self.planted, IgnoreGap) => {
                PushMeaning { acked: None, resend: None, ..meaning }
            }
            PushVerdict::Gap { expected } => {
                let after = (expected - 1).clamp(0, pushed.journal.head.seq);
                let next = head.map(|head| head.seq);
                let resend = (next != Some(after)).then_some(Resend { incarnation, after });
                PushMeaning { resend, ..meaning }
            }
            PushVerdict::Fork { at, trunk } => PushMeaning {
                forked_at: Some(*at),
                want: self.end_live(facts, incarnation, NewIncarnation::Forked, *trunk),
                shown: Shown::Recovering,
                ..meaning
            },
            PushVerdict::Recover { store, .. } => PushMeaning {
                want: end(facts, incarnation, NewIncarnation::Restored, *store),
                shown: Shown::Recovering,
                ..meaning
            },
            PushVerdict::BadFrame { .. } => PushMeaning { shown: Shown::Rejected, ..meaning },
            PushVerdict::Blocked => PushMeaning { shown: Shown::Blocked, ..meaning },
        }
    }

    /// A fork of a closed journal was answered when it was the live one.
    fn end_live(
        &self,
        facts: &Facts<'_>,
        incarnation: u32,
        reason: NewIncarnation,
        trunk: Head,
    ) -> Option<WantIncarnation> {
        if incarnation != facts.incarnation || planted!(self.planted, GoOnAfterFork) {
            return None;
        }
        end(facts, incarnation, reason, trunk)
    }

    fn read_pull(&mut self, facts: &Facts<'_>, answer: ExchangeAnswer, confirmed: bool) -> Applied {
        let mut applied = Applied {
            epoch: answer.epoch,
            store_now_ms: answer.now_ms,
            session: answer.session,
            key: answer.key,
            acked: None,
            history: None,
            page: None,
            fill_begins: false,
            fill_ends: false,
            refetch: None,
            answers: answer.answers,
            location: answer.location,
            want_incarnation: None,
        };
        self.more = false;
        self.upgrade = false;
        match answer.pull {
            // In a new epoch the till first hears how far the store holds each of its journals; rows of a
            // restored store beside effects that it lost would hide sales.
            PullAnswer::Page(_) if !confirmed => self.more = true,
            PullAnswer::Page(page) => {
                self.more = page.more;
                let filling = facts.cursor.as_ref().is_none_or(|cursor| cursor.fill.is_some());
                applied.fill_begins = facts.cursor.is_none();
                applied.fill_ends = filling && page.cursor.fill.is_none();
                let lose = planted!(self.planted, CursorWithoutRows);
                let rows = if lose { Vec::new() } else { page.rows };
                applied.page = Some(FeedPage { rows, ..page });
            }
            PullAnswer::Refetch { reason } => {
                self.more = true;
                applied.refetch = Some(reason);
            }
            PullAnswer::UpgradeRequired { .. } => self.upgrade = true,
            PullAnswer::Wait => self.more = true,
            PullAnswer::Blocked => {}
        }
        applied
    }
}

/// The wish to end the live incarnation, unless it is written down already.
fn end(
    facts: &Facts<'_>,
    incarnation: u32,
    reason: NewIncarnation,
    store: Head,
) -> Option<WantIncarnation> {
    let store_head = IncarnationHead { incarnation, seq: store.seq, hash: store.hash };
    facts.wish.is_none().then_some(WantIncarnation { reason, store_head })
}

/// The store signed it, it is about the journal that was pushed, and its page goes forward.
fn is_believable(facts: &Facts<'_>, journal: &LocalJournal, answer: &ExchangeAnswer) -> bool {
    let push = &answer.push;
    let statement = Acknowledgement {
        tenant: facts.tenant,
        journal: Journal { till: facts.till, incarnation: push.incarnation },
        head: push.received(),
        epoch: answer.epoch,
        at_ms: push.ack_at_ms,
    };
    push.incarnation == journal.incarnation
        && statement.is_signed_by(&facts.store_key, &push.ack_sig)
        && match &answer.pull {
            PullAnswer::Page(page) => goes_forward(facts, answer.epoch, page),
            PullAnswer::Refetch { .. }
            | PullAnswer::UpgradeRequired { .. }
            | PullAnswer::Wait
            | PullAnswer::Blocked => true,
        }
}

fn goes_forward(facts: &Facts<'_>, epoch: i64, page: &FeedPage) -> bool {
    let mut before = facts.cursor.as_ref().map_or(0, |cursor| cursor.feed);
    for row in &page.rows {
        if row.feed <= before || row.deleted == row.value.is_some() {
            return false;
        }
        before = row.feed;
    }
    page.cursor.feed >= before && page.cursor.epoch == epoch
}

/// Whether asking again at once can bring anything new.
fn progressed(
    facts: &Facts<'_>,
    pushed: Pushed<'_>,
    push: &PushMeaning,
    applied: &Applied,
) -> bool {
    let journal = pushed.journal;
    let acked = push.acked.map(|acked| (acked.head.seq, acked.epoch));
    let moved = acked.is_some_and(|acked| acked != (journal.acked, journal.acked_epoch));
    let settled = acked == Some((journal.head.seq, applied.epoch));
    let stepped_back = push.resend.is_some_and(|resend| resend.after < pushed.after);
    let caught_up = push.resend.is_none() && moved;
    let refetches = applied.refetch.is_some() && facts.cursor.is_some();
    let rows = applied.page.as_ref().is_some_and(|page| !page.rows.is_empty());
    let done = settled && applied.page.as_ref().is_none_or(|page| !page.more);
    caught_up || stepped_back || push.want.is_some() || refetches || rows || done
}
