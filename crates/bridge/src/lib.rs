//! The messages between the page and the worker, and nothing else.
//!
//! The page sends [`Command`]s, each wrapped in a [`Request`] whose id its [`Reply`] repeats.
//! The worker sends [`Update`]s. Both cross as JSON text, as share links hold recordings: one codec
//! for all, and text is what browsers clone fastest. An enum is written as serde does by itself,
//! `{"variant": content}`: a tag beside its content would be read into a buffer first, with a
//! second decoder of everything in the page's weight.
//! A Kafka connection does not cross here: it has a `MessagePort` of its own.

pub use konbini_scenario as scenario;
pub use konbini_trace as trace;

use konbini_scenario::code::{File, Signal};
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::{Action, Flight, Recording, Scenario, Snapshot, TraceEvent};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Error;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub id: u32,
    pub command: Command,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Opens the playground: the stored one if there is one, else this recording.
    /// `replace` starts the recording even over a stored run (the reader was asked).
    Open {
        recording: Box<Recording>,
        replace: bool,
    },
    /// Done means that it is stored: performed, or to come at its time where something has to
    /// happen first (the rest of the millisecond, the power coming back).
    Apply(Box<Action>),
    Pause,
    Resume,
    /// To the next virtual millisecond at which anything happens, and to its end; implies pause.
    Step,
    /// Virtual ms for each real ms, in thousandths: 100 (0.1×) to 100,000 (100×).
    Speed(u32),
    /// Runs this many virtual ms as fast as it can.
    Advance(u32),
    /// Deletes the stored run and starts this scenario from nothing.
    Restart(Box<Scenario>),
    /// Asks for the next [`Frame`]; the page sends one each animation frame.
    Frame,
    Snapshot,
    Inspect(Inspect),
    /// Starts this recording from nothing, over whatever is stored, with its programs: the page that
    /// asks is told when each is to begin. The reader has asked for it.
    Rerun(Box<Recording>),
    /// The recording so far; with or without its actions and programs.
    Record {
        actions: bool,
    },
    /// A Kafka connection from this page's code; bytes go through the port sent along.
    Connect {
        host: String,
        port: u16,
    },
    /// A program of this page begins at the next virtual millisecond: it follows the cluster's
    /// clock and opens its connections through the port sent along. `files` is all that it may
    /// read, and `file` the one that runs. `ordered`: it is the one that an [`Order`] wants.
    BeginProgram {
        file: String,
        files: Vec<File>,
        ordered: bool,
    },
    /// A program hears a signal at the next virtual millisecond.
    SignalProgram {
        program: ProgramId,
        signal: Signal,
    },
    /// A program is ended at the next virtual millisecond: its connections close. Done means that
    /// its worker is not needed any more. `gone`: it is not there any more, so nobody waits for it.
    EndProgram {
        program: ProgramId,
        gone: bool,
    },
    /// Deletes everything stored.
    Reset,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// The worker listens: a request sent before this one is lost. Sent once, first of all.
    Ready,
    /// The answer to the request of that id.
    Reply {
        id: u32,
        outcome: Result<Reply, Refusal>,
    },
    /// What has changed since the last one; everything in it has reached the disk.
    Frame(Box<Frame>),
    /// Something about storage or the other tabs that the reader must know.
    Notice(Notice),
    /// About the programs of a run that is repeated.
    Order(Order),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    Done,
    /// Whether a stored run was continued, and the scenario that is running.
    Opened {
        resumed: bool,
        scenario: Box<Scenario>,
    },
    Snapshot(Box<Snapshot>),
    Inspection(Box<Inspection>),
    Recording(Box<Recording>),
    /// The program that begins.
    Program(ProgramId),
}

/// A program of one run; a number of an earlier run is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramId {
    pub run: u32,
    /// In the order in which they begin, from 0.
    pub number: u32,
}

/// What a run that is repeated wants of the page that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// A program is to begin: the cluster waits for it.
    Begin { file: String, files: Vec<File> },
    /// A program hears a signal now.
    Signal { program: u32, signal: Signal },
    /// A program has ended by force: its worker is not needed any more.
    Kill { program: u32 },
    /// A program that was to begin did not come: nothing more is ordered.
    GaveUp,
}

/// Why a command was refused: a code with a sentence in each language, and the details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: String,
    /// English, complete, names what was wrong and what is allowed.
    pub message: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    pub paused: bool,
    /// Thousandths; what the worker managed may be less, see `behind`.
    pub speed: u32,
    /// True when the worker cannot keep up with the speed asked for.
    pub behind: bool,
    pub snapshot: Snapshot,
    pub flights: Vec<Flight>,
    /// Records in flights that were not listed because there were too many to draw.
    pub undrawn: u64,
    pub events: Vec<TraceEvent>,
    pub storage: StorageView,
}

/// The state of the browser's store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageView {
    /// Bytes committed since the page was opened, and transactions that carried them.
    pub committed_bytes: u64,
    pub commits: u64,
    /// Bytes that wait for the running transaction.
    pub pending_bytes: u64,
    /// Real ms of the last commit.
    pub last_commit_ms: u32,
    /// False when this run lives in memory only.
    pub persistent: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// The browser refuses storage: the run lives in memory and ends with the tab.
    StorageDenied { detail: String },
    /// A newer Konbini wrote what is stored here: it is left as it is, and this run lives in
    /// memory and ends with the tab.
    StorageNewer { detail: String },
    /// The browser grants no locks, so that two tabs could write the same: the run lives in memory
    /// and ends with the tab.
    StorageUnguarded { detail: String },
    /// What is stored cannot be used. It is left as it is until the reader starts over; a new run
    /// has begun, lives in memory and ends with the tab.
    StorageUnusable { detail: String },
    /// This run lives in memory and has used up what it may have there: it is paused for good.
    MemoryFull { limit_bytes: u64 },
    /// The disk is full: the cluster is paused, so that nothing acknowledged is lost. Resuming
    /// tries the same transaction again.
    StorageFull { detail: String },
    /// The browser failed to write or read for another reason: paused as for a full disk.
    StorageFailed { detail: String },
    /// What waited is written; the pause that a full or failing disk forced is over.
    StorageRecovered,
    /// A stored value is damaged or missing; that log is offline, the rest goes on.
    StorageDamaged { log: String, detail: String },
    /// Another tab owns this playground; this one is attached to it.
    OwnedByOtherTab,
    /// This tab has become the owner.
    BecameOwner,
    /// The worker failed; the message says where, with seed and step.
    Crashed { detail: String },
}

/// What somebody who only passes an update on has to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passing {
    Reply { id: u32 },
    Frame,
    Other,
}

impl Request {
    /// The text that crosses.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("plain data with text as keys")
    }

    /// # Errors
    /// The text is not a request.
    pub fn from_text(text: &str) -> Result<Request, Error> {
        serde_json::from_str(text)
    }
}

impl Update {
    /// The text that crosses.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("plain data with text as keys")
    }

    /// # Errors
    /// The text is not an update.
    pub fn from_text(text: &str) -> Result<Update, Error> {
        serde_json::from_str(text)
    }
}

impl Passing {
    /// Looks at an update without decoding what is in it.
    ///
    /// # Errors
    /// The text is not an update.
    pub fn of(text: &str) -> Result<Passing, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Head {
            Ready,
            Reply { id: u32 },
            Frame(IgnoredAny),
            Notice(IgnoredAny),
            Order(IgnoredAny),
        }
        Ok(match serde_json::from_str(text)? {
            Head::Reply { id } => Passing::Reply { id },
            Head::Frame(_) => Passing::Frame,
            Head::Ready | Head::Notice(_) | Head::Order(_) => Passing::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crosses_is_what_was_sent() {
        let check = |update: Update, text: &str, passing: Passing| {
            assert_eq!(update.to_text(), text);
            let back = Update::from_text(text).unwrap();
            assert_eq!(format!("{back:?}"), format!("{update:?}"));
            assert_eq!(Passing::of(text).unwrap(), passing);
        };
        check(Update::Ready, r#""ready""#, Passing::Other);
        check(
            Update::Notice(Notice::BecameOwner),
            r#"{"notice":{"notice":"became-owner"}}"#,
            Passing::Other,
        );
        check(
            Update::Order(Order::Kill { program: 3 }),
            r#"{"order":{"order":"kill","program":3}}"#,
            Passing::Other,
        );
        let code = "c".to_owned();
        let message = "m".to_owned();
        let outcome = Err(Refusal { code, message });
        check(
            Update::Reply { id: 7, outcome },
            r#"{"reply":{"id":7,"outcome":{"Err":{"code":"c","message":"m"}}}}"#,
            Passing::Reply { id: 7 },
        );
        let frame = Update::Frame(Box::default());
        assert_eq!(Passing::of(&frame.to_text()).unwrap(), Passing::Frame);
        assert!(Update::from_text("{}").is_err());
    }

    #[test]
    fn numbers_beyond_what_javascript_holds_cross() {
        let mut recording = Recording::of(scenario::catalogue::playground());
        recording.scenario.seed = u64::MAX;
        let command = Command::Open {
            recording: Box::new(recording),
            replace: false,
        };
        let request = Request { id: 1, command };
        let back = Request::from_text(&request.to_text()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{request:?}"));
    }
}
