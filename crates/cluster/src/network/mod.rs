//! The virtual network: connections between endpoints, and how long their bytes travel.
//!
//! Every piece of bytes takes the scenario's latency and up to its jitter, drawn from a generator
//! of the connection's own. What one side sends arrives in order. Dialling takes a round trip,
//! refused or not. A close travels like bytes, behind those sent before it; what the other side
//! still sends meets nobody.
//!
//! Whoever sends asks a [`Verdict`] first: what is dropped is sent again ([`stall`]). A side can
//! also go without a word, because its machine lost its power or its system gave up; the other
//! end learns of that when something of it arrives there again.
//!
//! The network decides when something arrives. What then happens is the loop's business.

mod stall;

use crate::chance::{Chance, salt};
use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_scenario::spec::NetworkSpec;
use stall::Stall;
use std::collections::BTreeMap;

/// Somebody with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Endpoint {
    Broker(i32),
    /// A built-in client, by its number.
    Client(u32),
    /// A connection from outside, by its number.
    External(u32),
}

impl Endpoint {
    /// A number for the trace hash, different for every endpoint.
    pub(crate) fn code(self) -> i64 {
        match self {
            Endpoint::Broker(id) => i64::from(id) << 2,
            Endpoint::Client(n) => (i64::from(n) << 2) | 1,
            Endpoint::External(n) => (i64::from(n) << 2) | 2,
        }
    }
}

/// One of the two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Dialler,
    Listener,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Dialler => Side::Listener,
            Side::Listener => Side::Dialler,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u64);

/// An end of a link as its owner knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) endpoint: Endpoint,
    pub(crate) conn: ConnId,
}

/// What crosses a connection, one way.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// A connection attempt.
    Dial,
    /// Whether anybody was there.
    Answer(bool),
    Bytes(Bytes),
    Close,
}

impl Parcel {
    fn len(&self) -> usize {
        match self {
            Parcel::Bytes(bytes) => bytes.len(),
            Parcel::Dial | Parcel::Answer(_) | Parcel::Close => 0,
        }
    }
}

/// What the network does with one parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrives, so many ms later than usual.
    Passes(i64),
    Dropped,
}

/// What became of something that was to be sent.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is on its way and arrives then.
    Departs(i64, Parcel),
    /// It was dropped and will be sent again then.
    Stalls(i64),
    /// It waits behind something that was dropped, or there is no such connection.
    Waits,
    /// It is not sent again: the connection has broken for its sender.
    Breaks,
}

#[derive(Debug)]
struct Link {
    dialler: End,
    /// Nobody, when the address leads nowhere.
    listener: Option<End>,
    /// The attempt to connect has reached the listener.
    arrived: bool,
    /// When the last thing sent arrives, for each sending side, in virtual ms.
    last_arrival: [i64; 2],
    /// Sides that closed: nothing reaches them any more.
    closed: [bool; 2],
    /// Of those, the ones that could not say so.
    silent: [bool; 2],
    stalled: [Option<Stall>; 2],
    chance: Chance,
}

impl Link {
    fn end(&self, side: Side) -> Option<End> {
        match side {
            Side::Dialler => Some(self.dialler),
            Side::Listener => self.listener,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Network {
    spec: NetworkSpec,
    seed: u64,
    boot: u64,
    links: BTreeMap<LinkId, Link>,
    by_end: BTreeMap<End, (LinkId, Side)>,
    dialled: u64,
    /// Incoming connections of each endpoint so far.
    accepted: BTreeMap<Endpoint, u64>,
}

impl Network {
    pub(crate) fn new(spec: NetworkSpec, seed: u64, boot: u32) -> Network {
        Network {
            spec,
            seed,
            boot: u64::from(boot),
            links: BTreeMap::new(),
            by_end: BTreeMap::new(),
            dialled: 0,
            accepted: BTreeMap::new(),
        }
    }

    /// Opens a connection that its dialler has yet to ask for; `None` is a place where nobody is.
    pub(crate) fn open(&mut self, now: i64, from: End, to: Option<Endpoint>) -> LinkId {
        let id = LinkId(self.dialled);
        self.dialled += 1;
        let listener = to.map(|endpoint| {
            let count = self.accepted.entry(endpoint).or_insert(0);
            *count += 1;
            End {
                endpoint,
                conn: ConnId::incoming(*count),
            }
        });
        let link = Link {
            dialler: from,
            listener,
            arrived: false,
            last_arrival: [now; 2],
            closed: [false; 2],
            silent: [false; 2],
            stalled: [None, None],
            chance: Chance::new(self.seed, &[salt::LINK, self.boot, id.0]),
        };
        self.links.insert(id, link);
        self.by_end.insert(from, (id, Side::Dialler));
        if let Some(end) = listener {
            self.by_end.insert(end, (id, Side::Listener));
        }
        id
    }

    /// Sends something now, behind what waits. `judge` draws from the connection's own generator.
    pub(crate) fn send(
        &mut self,
        now: i64,
        from: LinkId,
        side: Side,
        parcel: Parcel,
        judge: impl FnOnce(&mut Chance) -> Verdict,
    ) -> Sent {
        let Some(link) = self.links.get_mut(&from) else {
            return Sent::Waits;
        };
        if let Some(stall) = &mut link.stalled[side as usize] {
            return match stall.push(parcel) {
                true => Sent::Waits,
                false => Sent::Breaks,
            };
        }
        match judge(&mut link.chance) {
            Verdict::Passes(later) => {
                Sent::Departs(travel(link, &self.spec, now + later, side), parcel)
            }
            Verdict::Dropped => {
                let stall = link.stalled[side as usize].insert(Stall::begin(now, parcel));
                Sent::Stalls(stall.again_at())
            }
        }
    }

    /// Sends the first of what waits again, if its time has come. To be called until it says that
    /// something else happened than a departure.
    pub(crate) fn resend(
        &mut self,
        now: i64,
        from: LinkId,
        side: Side,
        judge: impl FnOnce(&mut Chance) -> Verdict,
    ) -> Sent {
        let Some(link) = self.links.get_mut(&from) else {
            return Sent::Waits;
        };
        let Some(stall) = link.stalled[side as usize].as_mut() else {
            return Sent::Waits;
        };
        // A timer of a stall that is over.
        if stall.again_at() > now {
            return Sent::Waits;
        }
        if stall.is_empty() {
            link.stalled[side as usize] = None;
            return Sent::Waits;
        }
        match judge(&mut link.chance) {
            Verdict::Dropped if stall.dropped(now) => Sent::Stalls(stall.again_at()),
            Verdict::Dropped => Sent::Breaks,
            Verdict::Passes(later) => match stall.take() {
                Some(parcel) => Sent::Departs(travel(link, &self.spec, now + later, side), parcel),
                None => Sent::Waits,
            },
        }
    }

    /// The attempt to connect has reached whoever is there.
    pub(crate) fn arrive(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.arrived = true;
        }
    }

    /// The connection that an end belongs to, and which side of it.
    pub(crate) fn find(&self, end: End) -> Option<(LinkId, Side)> {
        self.by_end.get(&end).copied()
    }

    /// Who is at that side, unless it closed.
    pub(crate) fn open_end(&self, id: LinkId, side: Side) -> Option<End> {
        let link = self.links.get(&id)?;
        if link.closed[side as usize] {
            return None;
        }
        link.end(side)
    }

    pub(crate) fn end(&self, id: LinkId, side: Side) -> Option<End> {
        self.links.get(&id)?.end(side)
    }

    /// That side is done; whether the other side is still there to be told.
    pub(crate) fn close(&mut self, id: LinkId, side: Side) -> bool {
        let unheard = self.is_dialling(id, side);
        let Some(link) = self.links.get_mut(&id) else {
            return false;
        };
        link.closed[side as usize] = true;
        let (own, other) = (link.end(side), link.end(side.other()));
        let there = !unheard && other.is_some() && !link.closed[side.other() as usize];
        self.let_go(id, own);
        if !there {
            self.forget(id);
        }
        there
    }

    /// That side is gone without a word, and whatever it still had to send with it. An attempt to
    /// connect that was to be sent again is over: the other side has never heard of it.
    /// Whether nothing is left of the connection.
    pub(crate) fn vanish(&mut self, id: LinkId, side: Side) -> bool {
        let unheard = self.is_dialling(id, side);
        let Some(link) = self.links.get_mut(&id) else {
            return false;
        };
        link.closed[side as usize] = true;
        link.silent[side as usize] = true;
        link.stalled[side as usize] = None;
        let (own, other_closed) = (link.end(side), link.closed[side.other() as usize]);
        self.let_go(id, own);
        let over = unheard || other_closed;
        if over {
            self.forget(id);
        }
        over
    }

    /// Whether a side's attempt to connect has not got through.
    pub(crate) fn is_dialling(&self, id: LinkId, side: Side) -> bool {
        let stall = self
            .links
            .get(&id)
            .and_then(|link| link.stalled[side as usize].as_ref());
        matches!(stall.and_then(Stall::first), Some(Parcel::Dial))
    }

    /// Whether something reached a side that is gone and has not said so; true once.
    pub(crate) fn finds_nobody(&mut self, id: LinkId, side: Side) -> bool {
        let link = self.links.get_mut(&id);
        link.is_some_and(|link| std::mem::take(&mut link.silent[side as usize]))
    }

    /// An end that no longer belongs to that connection; it may be another one's by now.
    fn let_go(&mut self, id: LinkId, end: Option<End>) {
        if let Some(end) = end
            && self.by_end.get(&end).is_some_and(|(owner, _)| *owner == id)
        {
            self.by_end.remove(&end);
        }
    }

    /// Nothing more goes over the connection: both sides know, or are gone.
    pub(crate) fn forget(&mut self, id: LinkId) {
        if let Some(link) = self.links.remove(&id) {
            self.let_go(id, Some(link.dialler));
            self.let_go(id, link.listener);
        }
    }

    /// The ends of an endpoint's open connections, those that it knows of.
    pub(crate) fn ends_of(&self, endpoint: Endpoint) -> Vec<End> {
        let from = End {
            endpoint,
            conn: ConnId::incoming(0),
        };
        let ends = self.by_end.range(from..);
        ends.take_while(|(end, _)| end.endpoint == endpoint)
            .filter(|(_, (id, side))| {
                let link = self.links.get(id);
                *side == Side::Dialler || link.is_some_and(|link| link.arrived)
            })
            .map(|(end, _)| *end)
            .collect()
    }
}

/// Lets one thing travel from `side` and keeps the order of what that side sent before.
fn travel(link: &mut Link, spec: &NetworkSpec, now: i64, side: Side) -> i64 {
    let jitter = match spec.jitter_ms {
        0 => 0,
        most => link.chance.below(u64::from(most) + 1),
    };
    let jitter = i64::try_from(jitter).unwrap_or(0);
    let arrival = now + i64::from(spec.latency_ms) + jitter;
    let last = &mut link.last_arrival[side as usize];
    *last = arrival.max(*last);
    *last
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: NetworkSpec = NetworkSpec {
        latency_ms: 10,
        jitter_ms: 5,
    };

    fn end(n: u64) -> End {
        End {
            endpoint: Endpoint::Client(1),
            conn: ConnId::outgoing(n),
        }
    }

    fn piece() -> Parcel {
        Parcel::Bytes(Bytes::from_static(b"x"))
    }

    fn departs(network: &mut Network, now: i64, link: LinkId, parcel: Parcel) -> i64 {
        match network.send(now, link, Side::Dialler, parcel, |_| Verdict::Passes(0)) {
            Sent::Departs(at, _) => at,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn order_is_kept_and_seeds_decide() {
        let arrivals = |seed| {
            let mut network = Network::new(SPEC, seed, 1);
            let link = network.open(0, end(1), Some(Endpoint::Broker(1)));
            let mut arrivals = vec![departs(&mut network, 0, link, Parcel::Dial)];
            for now in 0..200 {
                arrivals.push(departs(&mut network, now, link, piece()));
            }
            arrivals
        };
        let first = arrivals(1);
        assert!(first.is_sorted());
        assert!(
            first
                .iter()
                .zip(-1..)
                .all(|(at, now)| *at <= now.max(0) + 15)
        );
        assert_eq!(first, arrivals(1));
        assert_ne!(first, arrivals(2));
    }

    #[test]
    fn a_close_goes_behind_what_was_sent() {
        let mut network = Network::new(SPEC, 1, 1);
        let link = network.open(0, end(1), Some(Endpoint::Broker(1)));
        let sent = departs(&mut network, 0, link, piece());
        assert!(network.close(link, Side::Dialler));
        let closed = departs(&mut network, 0, link, Parcel::Close);
        assert!(closed >= sent);
        assert_eq!(network.open_end(link, Side::Dialler), None);
        let broker = network.open_end(link, Side::Listener).unwrap();
        assert_eq!(network.find(broker), Some((link, Side::Listener)));
        assert!(!network.close(link, Side::Listener));
        let sent = network.send(20, link, Side::Listener, piece(), |_| Verdict::Passes(0));
        assert!(matches!(sent, Sent::Waits));
    }

    #[test]
    fn what_was_dropped_keeps_its_place() {
        let mut network = Network::new(SPEC, 1, 1);
        let link = network.open(0, end(1), Some(Endpoint::Broker(1)));
        let side = Side::Dialler;
        let dropped = network.send(0, link, side, piece(), |_| Verdict::Dropped);
        assert!(matches!(dropped, Sent::Stalls(200)), "{dropped:?}");
        let behind = network.send(5, link, side, Parcel::Close, |_| Verdict::Passes(0));
        assert!(matches!(behind, Sent::Waits));
        let early = network.resend(100, link, side, |_| Verdict::Passes(0));
        assert!(matches!(early, Sent::Waits), "{early:?}");
        let again = network.resend(200, link, side, |_| Verdict::Dropped);
        assert!(matches!(again, Sent::Stalls(600)), "{again:?}");
        let mut order = Vec::new();
        while let Sent::Departs(at, parcel) =
            network.resend(600, link, side, |_| Verdict::Passes(50))
        {
            order.push((at >= 660, matches!(parcel, Parcel::Close)));
        }
        assert_eq!(order, [(true, false), (true, true)]);
        assert!(departs(&mut network, 700, link, piece()) >= 710);
    }

    #[test]
    fn who_vanished_says_so_when_found_out() {
        let mut network = Network::new(SPEC, 1, 1);
        let link = network.open(0, end(1), Some(Endpoint::Broker(1)));
        assert!(!network.vanish(link, Side::Listener));
        assert_eq!(network.ends_of(Endpoint::Broker(1)), []);
        assert_eq!(network.open_end(link, Side::Listener), None);
        assert!(network.finds_nobody(link, Side::Listener));
        assert!(!network.finds_nobody(link, Side::Listener));
        assert!(!network.finds_nobody(link, Side::Dialler));
    }

    #[test]
    fn an_attempt_to_connect_goes_with_its_side() {
        let mut network = Network::new(SPEC, 1, 1);
        let link = network.open(0, end(1), Some(Endpoint::Broker(1)));
        let dial = network.send(0, link, Side::Dialler, Parcel::Dial, |_| Verdict::Dropped);
        assert!(matches!(dial, Sent::Stalls(1_000)), "{dial:?}");
        assert!(network.vanish(link, Side::Dialler));
        let again = network.resend(1_000, link, Side::Dialler, |_| Verdict::Passes(0));
        assert!(matches!(again, Sent::Waits), "{again:?}");
        assert!(network.links.is_empty() && network.by_end.is_empty());
    }

    #[test]
    fn ends_of_an_endpoint() {
        let mut network = Network::new(SPEC, 1, 1);
        let a = network.open(0, end(1), Some(Endpoint::Broker(1)));
        let b = network.open(0, end(2), Some(Endpoint::Broker(2)));
        assert_eq!(network.ends_of(Endpoint::Client(1)), [end(1), end(2)]);
        assert_eq!(network.ends_of(Endpoint::Broker(2)), []);
        network.arrive(b);
        assert_eq!(network.ends_of(Endpoint::Broker(2)).len(), 1);
        network.forget(a);
        assert_eq!(network.ends_of(Endpoint::Broker(1)), []);
    }

    /// A client that starts again numbers its connections from the first again.
    #[test]
    fn an_old_connection_does_not_take_a_new_ones_end_with_it() {
        let mut network = Network::new(SPEC, 1, 1);
        let old = network.open(0, end(1), Some(Endpoint::Broker(1)));
        assert!(network.close(old, Side::Dialler));
        let new = network.open(0, end(1), Some(Endpoint::Broker(1)));
        network.forget(old);
        assert_eq!(network.find(end(1)), Some((new, Side::Dialler)));
    }
}
