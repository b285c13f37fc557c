//! What is wrong with a run.

use std::fmt;

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A panic.
    Crash,
    /// A healed cluster did not come to rest.
    Liveness,
    /// Something happened that must never happen.
    Correctness,
}

impl Kind {
    /// The exit code that tells it.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Crash => 3,
            Kind::Liveness => 4,
            Kind::Correctness => 5,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub kind: Kind,
    /// The invariant's name, kebab-case.
    pub invariant: &'static str,
    /// Virtual ms and step.
    pub at: i64,
    pub step: u64,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            kind,
            invariant,
            at,
            step,
            what,
        } = self;
        write!(f, "{kind:?}: {invariant} at {at} ms, step {step}: {what}")
    }
}
