//! Connections: who dials, sends and hangs up, what arrives, and what is sent again.

use super::{Arrival, Cluster};
use crate::chance::Chance;
use crate::cluster::deliver::News;
use crate::network::{End, Endpoint, LinkId, Parcel, Sent, Side, Verdict};
use crate::observe::watch::{Names, Piece};
use crate::stage::Weather;
use crate::trace::Mark;
use bytes::Bytes;
use konbini_broker::Broker;
use konbini_scenario::snapshot::Who;
use konbini_trace::Event;

/// What lies between two ends of a connection.
enum Road {
    Clear,
    /// The other end's machine has no power: nothing gets through.
    Dead,
    /// Rules may hold between these two.
    Weather {
        from: Who,
        to: Who,
    },
}

impl Road {
    fn judge(&self, weather: &mut Weather, chance: &mut Chance) -> Verdict {
        match self {
            Road::Clear => Verdict::Passes(0),
            Road::Dead => Verdict::Dropped,
            Road::Weather { from, to } => weather.judge(from, to, chance),
        }
    }
}

impl Cluster {
    pub(super) fn dial(&mut self, from: End, broker: Option<i32>) {
        let to = broker.map(Endpoint::Broker);
        let link = self.network.open(self.now, from, to);
        if let Some(id) = broker
            && !self.unwatched
        {
            self.observer.watch.opened(link, from.endpoint, id);
        }
        self.send_parcel(link, Side::Dialler, Parcel::Dial);
    }

    pub(super) fn send_bytes(&mut self, from: End, bytes: Bytes) {
        if let Some((link, side)) = self.network.find(from) {
            self.send_parcel(link, side, Parcel::Bytes(bytes));
        }
    }

    pub(super) fn hang_up(&mut self, end: End) {
        let Some((link, side)) = self.network.find(end) else {
            return;
        };
        match self.network.close(link, side) {
            true => self.send_parcel(link, side, Parcel::Close),
            false => self.observer.watch.closed(link),
        }
    }

    fn send_parcel(&mut self, link: LinkId, side: Side, parcel: Parcel) {
        let road = self.road(link, side);
        let weather = &mut self.stage.weather;
        let judge = |chance: &mut Chance| road.judge(weather, chance);
        let sent = self.network.send(self.now, link, side, parcel, judge);
        self.follow(link, side, sent);
    }

    /// What was dropped is sent again, and what waited behind it follows.
    pub(super) fn resend(&mut self, link: LinkId, side: Side) {
        loop {
            let road = self.road(link, side);
            let weather = &mut self.stage.weather;
            let judge = |chance: &mut Chance| road.judge(weather, chance);
            let sent = self.network.resend(self.now, link, side, judge);
            let more = matches!(sent, Sent::Departs(..));
            self.follow(link, side, sent);
            if !more {
                return;
            }
        }
    }

    fn road(&self, link: LinkId, from: Side) -> Road {
        let endpoint = |side| self.network.end(link, side).map(|end| end.endpoint);
        match (endpoint(from), endpoint(from.other())) {
            (_, Some(Endpoint::Broker(id))) if self.is_unpowered(id) => Road::Dead,
            (Some(from), Some(to)) if !self.stage.weather.is_calm() => Road::Weather {
                from: self.who(from),
                to: self.who(to),
            },
            _ => Road::Clear,
        }
    }

    fn follow(&mut self, link: LinkId, side: Side, sent: Sent) {
        match sent {
            Sent::Departs(arrive, parcel) => {
                if let Parcel::Bytes(bytes) = &parcel
                    && !self.unwatched
                {
                    self.watch_departure(link, side, arrive, bytes);
                }
                let arrival = Arrival::Parcel(link, side.other(), parcel);
                self.arrivals.push(arrive, arrival);
            }
            Sent::Stalls(at) => self.arrivals.push(at, Arrival::Resend(link, side)),
            Sent::Waits => {}
            Sent::Breaks => self.break_off(link, side),
        }
    }

    /// A sender's system gives a connection up; the other end does not learn of it.
    fn break_off(&mut self, link: LinkId, side: Side) {
        let end = self.network.open_end(link, side);
        let dialled = self.network.is_dialling(link, side);
        self.vanish(link, side);
        let Some(end) = end else { return };
        self.trace
            .fold_mark(Mark::Closed, self.now, end.endpoint, link);
        let who = self.who(end.endpoint);
        self.tell_event(who, Event::warn("connection-timed-out"));
        self.tell(
            end.endpoint,
            match dialled {
                true => News::Refused(end.conn),
                false => News::Closed(end.conn),
            },
        );
    }

    /// A side is gone without a word.
    pub(super) fn vanish(&mut self, link: LinkId, side: Side) {
        if self.network.vanish(link, side) {
            self.observer.watch.closed(link);
        }
    }

    fn watch_departure(&mut self, link: LinkId, from: Side, arrive: i64, bytes: &Bytes) {
        let piece = Piece {
            link,
            from,
            depart: self.now,
            arrive,
            bytes,
        };
        // Who is who and which topic is which is all over the cluster: the watch steps out of it.
        let mut watch = std::mem::take(&mut self.observer.watch);
        let names = Names {
            client: &|endpoint| self.who(endpoint),
            topic: &|id| topic_name(self.brokers.values(), id),
        };
        watch.sent(piece, &names);
        self.observer.watch = watch;
    }

    pub(super) fn deliver(&mut self, link: LinkId, to: Side, parcel: Parcel) {
        match parcel {
            Parcel::Dial => self.dialled(link),
            Parcel::Answer(accepted) => self.answered(link, accepted),
            Parcel::Bytes(bytes) => self.received(link, to, bytes),
            Parcel::Close => self.closed(link, to),
        }
    }

    fn dialled(&mut self, link: LinkId) {
        self.network.arrive(link);
        let listener = self.network.end(link, Side::Listener);
        let there = listener.filter(|end| match end.endpoint {
            Endpoint::Broker(id) => self.brokers.contains_key(&id),
            _ => false,
        });
        // It arrives at a machine that has just lost its power: nobody answers.
        if let Some(end) = listener
            && matches!(end.endpoint, Endpoint::Broker(id) if self.is_unpowered(id))
        {
            return self.vanish(link, Side::Listener);
        }
        if let Some(end) = there {
            self.trace
                .fold_mark(Mark::Accepted, self.now, end.endpoint, link);
            self.tell(end.endpoint, News::Accepted(end.conn));
        }
        // A dialler that closed in the meantime is told nothing.
        self.send_parcel(link, Side::Listener, Parcel::Answer(there.is_some()));
    }

    fn answered(&mut self, link: LinkId, accepted: bool) {
        let Some(end) = self.network.open_end(link, Side::Dialler) else {
            return self.find_nobody(link, Side::Dialler);
        };
        let (mark, news) = match accepted {
            true => (Mark::Connected, News::Connected(end.conn)),
            false => (Mark::Refused, News::Refused(end.conn)),
        };
        if !accepted {
            self.forget(link);
        }
        self.trace.fold_mark(mark, self.now, end.endpoint, link);
        self.tell(end.endpoint, news);
    }

    fn received(&mut self, link: LinkId, to: Side, bytes: Bytes) {
        if to == Side::Listener
            && let Some(Endpoint::External(number)) =
                self.network.end(link, to.other()).map(|e| e.endpoint)
        {
            self.outside.arrived(number, bytes.len());
        }
        let Some(end) = self.network.open_end(link, to) else {
            return self.find_nobody(link, to);
        };
        self.trace
            .fold_arrival(self.now, end.endpoint, link, &bytes);
        self.tell(end.endpoint, News::Received(end.conn, bytes));
    }

    /// Something reached a side that is gone: its system, if it runs, answers with a reset.
    fn find_nobody(&mut self, link: LinkId, side: Side) {
        let end = self.network.end(link, side);
        let unpowered = matches!(
            end.map(|end| end.endpoint),
            Some(Endpoint::Broker(id)) if self.is_unpowered(id)
        );
        if !unpowered && self.network.finds_nobody(link, side) {
            self.send_parcel(link, side, Parcel::Close);
        }
    }

    fn closed(&mut self, link: LinkId, to: Side) {
        let end = self.network.open_end(link, to);
        self.forget(link);
        if let Some(end) = end {
            self.trace
                .fold_mark(Mark::Closed, self.now, end.endpoint, link);
            self.tell(end.endpoint, News::Closed(end.conn));
        }
    }

    fn forget(&mut self, link: LinkId) {
        self.network.forget(link);
        self.observer.watch.closed(link);
    }
}

/// The name behind a topic id, by the first broker that knows it.
fn topic_name<'a>(brokers: impl Iterator<Item = &'a Broker>, id: uuid::Uuid) -> Option<String> {
    let mut brokers = brokers;
    brokers.find_map(|broker| {
        broker
            .metadata()
            .topic_by_id(id)
            .map(|topic| topic.name.clone())
    })
}
