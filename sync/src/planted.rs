//! Protocol bugs on purpose, for the simulator that must find them. Without the feature `planted-bugs` there is none,
//! and the switch has no size.

/// Which bug to commit, if any. Passed as an argument: never global, never in a product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planted {
    #[cfg(feature = "planted-bugs")]
    bug: Option<Bug>,
}

impl Planted {
    /// No bug.
    pub const NONE: Self = Self {
        #[cfg(feature = "planted-bugs")]
        bug: None,
    };
}

#[cfg(feature = "planted-bugs")]
impl Planted {
    /// This bug.
    #[must_use]
    pub const fn bug(bug: Bug) -> Self {
        Self { bug: Some(bug) }
    }

    pub(crate) fn is(self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// Whether a bug is planted; constant false without the feature.
macro_rules! planted {
    ($planted:expr, $bug:ident) => {{
        #[cfg(feature = "planted-bugs")]
        {
            $planted.is(crate::planted::Bug::$bug)
        }
        #[cfg(not(feature = "planted-bugs"))]
        {
            let _: crate::planted::Planted = $planted;
            false
        }
    }};
}
pub(crate) use planted;

/// Bugs that can be planted.
#[cfg(feature = "planted-bugs")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bug {
    /// Store: takes entries beyond a gap.
    AcceptGap,
    /// Store: takes any entry at a known number for a duplicate, whatever its hash.
    IgnoreHashOnDuplicate,
    /// Store: acknowledges the reported head instead of what it holds.
    AcknowledgeReported,
    /// Store: never lets a session grow old.
    ReuseSessionForever,
    /// Store: answers `fork` but does not keep the other history.
    DropBranchOnFork,
    /// Store: forgets what head a till once reported.
    ForgetReportedHead,
    /// Store: does not compare the digest of a cursor.
    IgnoreDigest,
    /// Store: numbers own acks after the levels of the same transaction.
    AckAfterLevels,
    /// Store: cuts a page one row too early and moves the cursor on.
    PageLosesRow,
    /// Till: takes all it sent for acknowledged.
    AssumeAcknowledged,
    /// Till: moves its cursor on without the rows.
    CursorWithoutRows,
    /// Till: sends from its own `acked` although the store named a gap.
    IgnoreGap,
    /// Till: goes on in its incarnation after a fork.
    GoOnAfterFork,
    /// Till: takes an answer to an exchange that it gave up.
    TakeLateAnswer,
    /// Till: gives an unanswered request a new id when it sends it again.
    NewRequestIdOnRetry,
    /// Till: keeps what it knew of effects when the store was restored.
    KeepEffectsAcrossEpochs,
    /// Till: overlay off by one, so an own entry counts beside the level that has it.
    EffectFeedOffByOne,
    /// Till: does not look at ack rows.
    SkipAckRow,
    /// Till: takes acknowledgements of the trunk for its own entries beyond a fork.
    AckBeyondFork,
    /// Till: takes quarantined entries for applied.
    QuarantineHasEffect,
}

#[cfg(feature = "planted-bugs")]
impl Bug {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::AcceptGap,
        Self::IgnoreHashOnDuplicate,
        Self::AcknowledgeReported,
        Self::ReuseSessionForever,
        Self::DropBranchOnFork,
        Self::ForgetReportedHead,
        Self::IgnoreDigest,
        Self::AckAfterLevels,
        Self::PageLosesRow,
        Self::AssumeAcknowledged,
        Self::CursorWithoutRows,
        Self::IgnoreGap,
        Self::GoOnAfterFork,
        Self::TakeLateAnswer,
        Self::NewRequestIdOnRetry,
        Self::KeepEffectsAcrossEpochs,
        Self::EffectFeedOffByOne,
        Self::SkipAckRow,
        Self::AckBeyondFork,
        Self::QuarantineHasEffect,
    ];
}
