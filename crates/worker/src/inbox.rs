//! What reaches the host from elsewhere in the browser, in order of arrival.

use crate::ports::{PortEnd, PortId};
use crate::signal::Signal;
use bytes::Bytes;
use konbini_bridge::Request;
use konbini_cluster::LoadId;
use konbini_log::{Load, LoadError};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A page: this tab's own is 0, those of attached tabs count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageId(pub u32);

impl PageId {
    pub const OWN: PageId = PageId(0);
}

pub enum Input {
    Request {
        page: PageId,
        request: Request,
        /// Came along with a `Connect`.
        port: Option<PortEnd>,
    },
    /// An attached tab has closed.
    PageGone(PageId),
    /// Bytes of a Kafka client.
    PortBytes(PortId, Bytes),
    PortEnded(PortId),
    Loaded {
        /// Which of this host's runs asked.
        run: u32,
        node: i32,
        id: LoadId,
        result: Result<Bytes, LoadError>,
    },
    /// Bytes for the inspector.
    Lent {
        run: u32,
        node: i32,
        load: Load,
        result: Result<Bytes, LoadError>,
    },
}

/// A handle; clones are the same inbox.
#[derive(Clone, Default)]
pub struct Inbox {
    queue: Rc<RefCell<VecDeque<Input>>>,
    /// Raised with every input; the host waits on it, and others who want it awake raise it too.
    signal: Signal,
    ports: Rc<Cell<u32>>,
}

impl Inbox {
    pub fn push(&self, input: Input) {
        self.queue.borrow_mut().push_back(input);
        self.signal.raise();
    }

    pub fn take(&self) -> Option<Input> {
        self.queue.borrow_mut().pop_front()
    }

    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// A number for a port, before the host knows of it.
    pub fn next_port(&self) -> PortId {
        let number = self.ports.get();
        self.ports.set(number + 1);
        PortId(number)
    }
}
