//! Between the network and the endpoints: what arrives is handed over, what they ask for is done.

use super::faults::Trouble;
use super::{Cluster, WantedLoad};
use crate::actor::Client;
use crate::network::{End, Endpoint};
use crate::outbox::Outbox;
use bytes::Bytes;
use konbini_broker::{Broker, Input, Output};
use konbini_client::Wire;
use konbini_protocol::ConnId;
use konbini_scenario::snapshot::Who;
use konbini_trace::Event;

/// What an endpoint is told.
#[derive(Debug)]
pub(crate) enum News {
    Accepted(ConnId),
    Connected(ConnId),
    Refused(ConnId),
    Received(ConnId, Bytes),
    Closed(ConnId),
    Wake,
}

impl Cluster {
    pub(super) fn wake(&mut self, endpoint: Endpoint) {
        self.tell(endpoint, News::Wake);
    }

    pub(super) fn tell(&mut self, endpoint: Endpoint, news: News) {
        let woken = matches!(news, News::Wake);
        match endpoint {
            Endpoint::Broker(id) => {
                self.hand_broker(id, broker_input(news), woken);
            }
            Endpoint::Client(number) => {
                let now = self.unix(self.now);
                let mut out = self.held.remove(&endpoint).unwrap_or_default();
                if let Some(client) = self.clients.get_mut(&number) {
                    client.handle(now, client_input(news), &mut out);
                }
                self.held.insert(endpoint, out);
                self.watch_timer_of_client(number, woken);
            }
            Endpoint::External(number) => self.outside.tell(number, news),
        }
    }

    /// Hands a broker something, at the time that its own clock shows. A broker that waits for bytes
    /// gets it after them: it would have been done with what it wants them for.
    pub(super) fn hand_broker(&mut self, id: i32, input: Input, woken: bool) {
        if self.waits_for_bytes(id) && !matches!(input, Input::Loaded(..)) {
            self.delayed.entry(id).or_default().push_back(input);
            return;
        }
        let now = self.tell_time(id);
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.handle(now, input);
            self.drain_broker(id, woken);
        }
    }

    /// Takes everything that a broker wants after it was handed something.
    pub(super) fn drain_broker(&mut self, id: i32, woken: bool) {
        let mut trouble = self.troubles.remove(&id).unwrap_or_default();
        self.take_outputs(id, &mut trouble);
        if self.waits_for_bytes(id) {
            self.troubles.insert(id, trouble);
        } else if !trouble.is_empty() {
            self.disk_failed(id, trouble);
        }
        if let Some(broker) = self.brokers.get(&id) {
            let wake_at = broker.wake_at();
            self.set_timer(Endpoint::Broker(id), wake_at, woken);
        }
    }

    fn waits_for_bytes(&self, id: i32) -> bool {
        self.wanted.iter().any(|wanted| wanted.node == id)
    }

    /// Hands a broker what came while it waited for bytes. What that leads to comes before the rest.
    pub(super) fn hand_delayed(&mut self, id: i32) {
        while !self.waits_for_bytes(id)
            && let Some(mut inputs) = self.delayed.remove(&id)
        {
            let Some(next) = inputs.pop_front() else {
                return;
            };
            self.hand_broker(id, next, false);
            self.delayed.entry(id).or_default().append(&mut inputs);
        }
    }

    fn take_outputs(&mut self, id: i32, trouble: &mut Trouble) {
        while let Some(output) = self.brokers.get_mut(&id).and_then(Broker::poll) {
            let out = self.held.entry(Endpoint::Broker(id)).or_default();
            match output {
                Output::Dial { conn, host, port } => out.wire(Wire::Dial { conn, host, port }),
                Output::Send(conn, bytes) => out.wire(Wire::Send(conn, bytes)),
                Output::Close(conn) => out.wire(Wire::Close(conn)),
                Output::Store(op) if trouble.concerns(&op) => {}
                Output::Store(op) => match self.disk_refuses(id, &op) {
                    Some(reason) => trouble.failed(&op, reason),
                    None => self.store(id, op),
                },
                Output::Load(load_id, load) => self.wanted.push_back(WantedLoad {
                    node: id,
                    id: load_id,
                    load,
                }),
                Output::Event(event) => out.events.push(event),
                Output::Stopped => out.stopped = true,
            }
        }
    }

    pub(super) fn watch_timer_of_client(&mut self, number: u32, woken: bool) {
        let wake_at = self.clients.get(&number).and_then(Client::wake_at);
        self.set_timer(Endpoint::Client(number), wake_at, woken);
    }

    /// Does what the endpoints asked for in this step, unless a load is wanted first.
    pub(super) fn settle(&mut self) {
        // A broker that starts, or whose connections break, asks for more.
        while self.wanted.is_empty() && !self.held.is_empty() {
            for (endpoint, mut out) in std::mem::take(&mut self.held) {
                if !out.is_empty() {
                    self.send_out(endpoint, &mut out);
                }
            }
        }
        if self.wanted.is_empty() {
            self.retire();
        }
    }

    fn send_out(&mut self, endpoint: Endpoint, out: &mut Outbox) {
        for outcome in out.outcomes.drain(..) {
            self.trace.fold_outcome(self.now, endpoint, outcome);
        }
        match &mut self.acked {
            Some(acked) => acked.append(&mut out.acked),
            None => out.acked.clear(),
        }
        if !out.events.is_empty() {
            let who = self.who(endpoint);
            for event in out.events.drain(..) {
                self.trace.event(self.now, who.clone(), event);
            }
        }
        let mut wires = out.take_wires();
        if let (Endpoint::Broker(id), true) = (endpoint, out.untrue) {
            wires = self.take_back(id, wires);
        }
        for wire in wires {
            match wire {
                Wire::Dial { conn, host, port } => {
                    let to = self
                        .addresses
                        .resolve(&host, port)
                        .filter(|id| self.has_broker(*id));
                    self.dial(End { endpoint, conn }, to);
                }
                Wire::Send(conn, bytes) => self.send_bytes(End { endpoint, conn }, bytes),
                Wire::Close(conn) => self.hang_up(End { endpoint, conn }),
            }
        }
        if let (Endpoint::Broker(id), true) = (endpoint, out.stopped) {
            self.process_ended(id);
        }
    }

    pub(crate) fn has_broker(&self, id: i32) -> bool {
        u32::try_from(id).is_ok_and(|id| (1..=self.scenario.brokers).contains(&id))
    }

    /// Who an endpoint is on the stage.
    pub(crate) fn who(&self, endpoint: Endpoint) -> Who {
        match endpoint {
            Endpoint::Broker(id) => Who::Broker(id),
            Endpoint::Client(number) => match self.clients.get(&number) {
                Some(client) => client.who(),
                None => Who::Cluster,
            },
            Endpoint::External(number) => Who::Client(self.outside.name_of(number)),
        }
    }

    pub(super) fn tell_event(&mut self, who: Who, event: Event) {
        self.trace.event(self.now, who, event);
    }
}

fn broker_input(news: News) -> Input {
    match news {
        News::Accepted(conn) => Input::Accepted(conn),
        News::Connected(conn) => Input::Connected(conn),
        News::Refused(conn) => Input::Refused(conn),
        News::Received(conn, bytes) => Input::Received(conn, bytes),
        News::Closed(conn) => Input::Closed(conn),
        News::Wake => Input::Wake,
    }
}

fn client_input(news: News) -> konbini_client::Input {
    use konbini_client::Input;
    match news {
        // Nobody can dial a client; it would be told of a connection that it does not know.
        News::Accepted(conn) | News::Closed(conn) => Input::Closed(conn),
        News::Connected(conn) => Input::Connected(conn),
        News::Refused(conn) => Input::Refused(conn),
        News::Received(conn, bytes) => Input::Received(conn, bytes),
        News::Wake => Input::Wake,
    }
}
