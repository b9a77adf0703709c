//! Finds where in the known histories of a journal a push belongs.

use super::{Append, JournalView, Line, LineView};
use crate::frame::{FramedEntry, Head};
use crate::limits::PUSH_ENTRIES_MAX;
use crate::message::ExchangeHeader;
use crate::planted::{Planted, planted};
use std::ops::Range;

/// A known history of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// The first one.
    Trunk,
    /// One that parts from it, by index into the view.
    Branch(usize),
}

/// Where a push belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// How many entries are held already.
    pub(super) duplicates: usize,
    /// Entries to store: the rest.
    pub(super) fresh: Option<(Line, Range<usize>)>,
    /// First number at which the till's history differs from the trunk.
    pub(super) differs_at: Option<i64>,
    /// Where to send again from, because what came does not join anything known.
    pub(super) gap: Option<i64>,
    /// The last head that is sure to be common once the plan is carried out.
    pub(super) common: Head,
}

impl Placed {
    pub(super) fn append(&self, blocked: bool, planted: Planted) -> Option<Append> {
        let (line, entries) = self.fresh.clone()?;
        if planted!(planted, DropBranchOnFork) && line != Line::Trunk {
            return None;
        }
        Some(Append { line, entries, quarantine: blocked || line != Line::Trunk })
    }

    fn gap(journal: &JournalView, expected: i64) -> Self {
        Self {
            duplicates: 0,
            fresh: None,
            differs_at: None,
            gap: Some(expected),
            common: journal.trunk.through,
        }
    }
}

/// Places the entries, or without any the reported head.
pub(super) fn place(
    journal: &JournalView,
    header: &ExchangeHeader,
    entries: &[FramedEntry],
    planted: Planted,
) -> Placed {
    match entries.first() {
        None => place_head(journal, header),
        Some(first) => {
            let parent = Head { seq: first.frame.seq - 1, hash: first.frame.prev };
            match journal.holding(parent) {
                Some(at) => place_entries(journal, at, entries, planted),
                None if planted!(planted, AcceptGap) => {
                    place_entries(journal, At::Trunk, entries, planted)
                }
                None => Placed::gap(journal, expected_before(journal, parent.seq)),
            }
        }
    }
}

/// Nothing known is the parent. Past the end, the missing entries come next; inside, the histories differ further
/// back, and the till steps back page by page until one joins.
fn expected_before(journal: &JournalView, parent: i64) -> i64 {
    let next = journal.trunk.through.seq + 1;
    if parent >= next {
        return next;
    }
    (parent + 1 - i64::try_from(PUSH_ENTRIES_MAX).unwrap_or(i64::MAX)).max(1)
}

fn place_head(journal: &JournalView, header: &ExchangeHeader) -> Placed {
    let head = header.journal.head();
    let held = journal.trunk.through;
    match journal.holding(head) {
        Some(at) => Placed {
            duplicates: 0,
            fresh: None,
            differs_at: journal.differs_at(at),
            gap: None,
            common: head,
        },
        None if head.seq <= held.seq => Placed::gap(journal, expected_before(journal, head.seq)),
        None => Placed {
            duplicates: 0,
            fresh: None,
            differs_at: None,
            gap: (header.journal.acked > held.seq).then_some(held.seq + 1),
            common: held,
        },
    }
}

fn place_entries(
    journal: &JournalView,
    mut at: At,
    entries: &[FramedEntry],
    planted: Planted,
) -> Placed {
    let mut duplicates = 0;
    let mut fresh = None;
    let mut differs_at = None;
    for (index, entry) in entries.iter().enumerate() {
        let head = entry.frame.head();
        if let Some(found) = journal.holding(head) {
            at = found;
            duplicates += 1;
        } else if planted!(planted, IgnoreHashOnDuplicate) && head.seq <= journal.trunk.through.seq
        {
            duplicates += 1;
        } else {
            let line = next_line(journal, at, head.seq, planted);
            differs_at = match line {
                Line::NewBranch { at } => Some(at),
                Line::Trunk | Line::Branch { .. } => None,
            };
            // An entry that nobody holds has no descendant that anybody holds: the chain forbids it.
            fresh = Some((line, index..entries.len()));
            break;
        }
    }
    let last = entries.last().map_or(journal.trunk.through, |entry| entry.frame.head());
    Placed {
        duplicates,
        fresh,
        differs_at: differs_at.or_else(|| journal.differs_at(at)),
        gap: None,
        common: last,
    }
}

fn next_line(journal: &JournalView, at: At, seq: i64, planted: Planted) -> Line {
    let (line, held) = match at {
        At::Trunk => (Line::Trunk, &journal.trunk),
        At::Branch(index) => {
            let branch = &journal.branches[index];
            (Line::Branch { id: branch.id }, &branch.line)
        }
    };
    if held.through.seq + 1 == seq || planted!(planted, AcceptGap) {
        return line;
    }
    Line::NewBranch { at: journal.differs_at(at).unwrap_or(seq) }
}

impl JournalView {
    /// The line that holds this very entry.
    fn holding(&self, head: Head) -> Option<At> {
        let holds = |line: &LineView| {
            line.through == head || line.stored.get(&head.seq) == Some(&head.hash)
        };
        // The genesis hash was checked with the frame: every history begins there.
        if head.seq == 0 || holds(&self.trunk) {
            return Some(At::Trunk);
        }
        self.branches.iter().position(|branch| holds(&branch.line)).map(At::Branch)
    }

    /// First number at which a line differs from the trunk.
    fn differs_at(&self, at: At) -> Option<i64> {
        match at {
            At::Trunk => None,
            At::Branch(index) => Some(self.branches[index].at),
        }
    }
}
