//! What a run must never show, and what it showed.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Invariant {
    OneLeaderAnEpoch,
    LeaderHasWhatIsCommitted,
    /// All nodes have the same batches committed, without a gap.
    CommittedIsTheSame,
    SnapshotsAreTrue,
    LogsAreReadable,
    NobodyGoesOffline,
    /// The store takes every operation: they come in order and fit what is there.
    OperationsFit,
    /// Once everything is mended, records are committed again and come to everybody.
    Heals,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub invariant: Invariant,
    pub what: String,
}

impl Invariant {
    pub fn broken(self, what: String) -> Violation {
        Violation {
            invariant: self,
            what,
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// What a disk says that cannot carry out an operation, or load what is said to be there.
impl From<String> for Violation {
    fn from(what: String) -> Violation {
        Invariant::OperationsFit.broken(what)
    }
}
