//! The state of one node's connection.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::frame::FrameReader;
use konbini_protocol::messages::ResponseKind;

use crate::config::HostPort;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Disconnected,
    /// Waiting for the host to connect, until this time.
    Dialling {
        deadline: i64,
    },
    /// Connected; ApiVersions is under way.
    Negotiating,
    Ready,
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) enum Ask<P> {
    Versions,
    Metadata,
    Client(P),
}

pub(super) type Decode = fn(&Bytes, i16) -> Result<(i32, ResponseKind), String>;

pub(super) struct InFlight<P> {
    pub(super) correlation_id: i32,
    pub(super) version: i16,
    pub(super) deadline: i64,
    pub(super) decode: Decode,
    pub(super) ask: Ask<P>,
}

pub(super) struct Link<P> {
    pub(super) address: HostPort,
    pub(super) state: State,
    pub(super) conn: Option<ConnId>,
    pub(super) reader: FrameReader,
    /// Lowest and highest version of each API key that the broker serves.
    pub(super) versions: BTreeMap<i16, (i16, i16)>,
    pub(super) in_flight: VecDeque<InFlight<P>>,
    /// Failures since it last worked: the exponent of the backoff.
    pub(super) failures: u32,
    pub(super) retry_at: i64,
    /// Somebody wanted to use it while it could not be dialled: wake at `retry_at`.
    pub(super) wanted: bool,
    pub(super) last_used: i64,
}

impl<P> Link<P> {
    pub(super) fn new(address: HostPort) -> Link<P> {
        Link {
            address,
            state: State::Disconnected,
            conn: None,
            reader: FrameReader::new(),
            versions: BTreeMap::new(),
            in_flight: VecDeque::new(),
            failures: 0,
            retry_at: i64::MIN,
            wanted: false,
            last_used: i64::MIN,
        }
    }
}
