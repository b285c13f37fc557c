//! Why a voter stands for election, or a leader is none any more: a phrase for the timeline, and the
//! setting that decided it where one did.

use konbini_trace::Event;

const ELECTION_TIMEOUT: &str = "controller.quorum.election.timeout.ms";
const FETCH_TIMEOUT: &str = "controller.quorum.fetch.timeout.ms";
const BACKOFF: &str = "controller.quorum.election.backoff.max.ms";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub reason: &'static str,
    pub setting: Option<&'static str>,
}

impl Cause {
    /// A single voter waits for nobody.
    pub const ALONE: Cause = Cause::new("it is the only voter");
    pub const NO_FETCH: Cause =
        Cause::new("no fetch from the leader succeeded in time").by(FETCH_TIMEOUT);
    pub const LEADER_RESIGNED: Cause = Cause::new("the leader resigned");
    pub const NO_LEADER: Cause = Cause::new("no leader was found in time").by(ELECTION_TIMEOUT);
    pub const UNDECIDED: Cause =
        Cause::new("its last election was not decided in time").by(ELECTION_TIMEOUT);
    pub const LOST: Cause = Cause::new("it lost its last election").by(BACKOFF);

    pub const NO_MAJORITY: Cause =
        Cause::new("no majority of the voters fetched in time").by(FETCH_TIMEOUT);
    pub const SHUTS_DOWN: Cause = Cause::new("it shuts down");
    pub const LOG_OFFLINE: Cause = Cause::new("its metadata log is offline");
    pub const NEWER_EPOCH: Cause = Cause::new("a newer epoch has begun");
    pub const RESTARTED: Cause = Cause::new("it was started again");

    const fn new(reason: &'static str) -> Cause {
        Cause {
            reason,
            setting: None,
        }
    }

    const fn by(self, setting: &'static str) -> Cause {
        Cause {
            setting: Some(setting),
            ..self
        }
    }

    /// The event with this as its reason.
    pub fn of(self, event: Event) -> Event {
        let event = event.with("reason", self.reason);
        match self.setting {
            Some(setting) => event.because_of(setting),
            None => event,
        }
    }
}
