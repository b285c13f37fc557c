//! Watches what crosses the wire: keeps the newest exchanges of each client and sees records fly.
//!
//! Watching changes nothing: whatever a connection carries, decodable or not, goes its way.

use super::flight::{Flights, Load, Route};
use super::wire::{Head, Ring, moves_records};
use crate::network::{Endpoint, LinkId, Side};
use bytes::Bytes;
use konbini_protocol::frame::FrameReader;
use konbini_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, ProduceRequest, RequestKind,
};
use konbini_protocol::{request, response};
use konbini_scenario::snapshot::Who;
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// Requests of one connection that wait for their responses and are remembered.
const WAITING_REQUESTS_MAX: usize = 1_000;
/// Clients from outside whose exchanges are kept; the oldest go first.
const EXTERNAL_RINGS_MAX: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Watch {
    links: BTreeMap<LinkId, WatchedLink>,
    rings: BTreeMap<Endpoint, Ring>,
    pub(crate) flights: Flights,
}

#[derive(Debug)]
struct WatchedLink {
    client: Endpoint,
    broker: i32,
    /// `client.id` of the first request.
    client_id: Option<String>,
    readers: [FrameReader; 2],
    waiting: VecDeque<Waiting>,
    /// Where each partition is fetched from: sessions leave out what has not changed.
    positions: BTreeMap<String, BTreeMap<i32, i64>>,
}

#[derive(Debug)]
struct Waiting {
    head: Head,
    number: u64,
}

/// How endpoints and topics are called; brokers know the topics.
pub(crate) struct Names<'a> {
    pub(crate) client: &'a dyn Fn(Endpoint) -> Who,
    pub(crate) topic: &'a dyn Fn(Uuid) -> Option<String>,
}

/// One piece of bytes on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) link: LinkId,
    pub(crate) from: Side,
    pub(crate) depart: i64,
    pub(crate) arrive: i64,
    pub(crate) bytes: &'a Bytes,
}

impl Watch {
    pub(crate) fn opened(&mut self, link: LinkId, client: Endpoint, broker: i32) {
        let watched = WatchedLink {
            client,
            broker,
            client_id: None,
            readers: [FrameReader::new(), FrameReader::new()],
            waiting: VecDeque::new(),
            positions: BTreeMap::new(),
        };
        self.links.insert(link, watched);
        let external = |endpoint: &Endpoint| matches!(endpoint, Endpoint::External(_));
        if self.rings.keys().filter(|e| external(e)).count() > EXTERNAL_RINGS_MAX
            && let Some(oldest) = self.rings.keys().copied().find(external)
        {
            self.rings.remove(&oldest);
        }
    }

    /// Everybody is somebody else afterwards: numbers of clients begin again.
    pub(crate) fn power_out(&mut self) {
        self.links.clear();
        self.rings.clear();
    }

    pub(crate) fn closed(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// How a connection from outside calls itself.
    pub(crate) fn client_id(&self, link: LinkId) -> Option<&str> {
        self.links.get(&link)?.client_id.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn ring(&self, client: Endpoint) -> Option<&Ring> {
        self.rings.get(&client)
    }

    /// Everybody of whom something is kept.
    pub(crate) fn clients(&self) -> impl Iterator<Item = (Endpoint, &Ring)> {
        self.rings.iter().map(|(endpoint, ring)| (*endpoint, ring))
    }

    pub(crate) fn sent(&mut self, piece: Piece<'_>, names: &Names<'_>) {
        let Some(link) = self.links.get_mut(&piece.link) else {
            return;
        };
        let ring = self.rings.entry(link.client).or_default();
        let reader = piece.from as usize;
        link.readers[reader].push(piece.bytes.clone());
        // After an error there are no more frames to see; its broker closes the connection.
        while let Ok(Some(frame)) = link.readers[reader].next() {
            match piece.from {
                Side::Dialler => link.request(&frame, piece, ring, &mut self.flights, names),
                Side::Listener => link.response(&frame, piece, ring, &mut self.flights, names),
            }
        }
    }
}

impl WatchedLink {
    fn who(&self, names: &Names<'_>) -> Who {
        match (&self.client_id, self.client) {
            (Some(id), Endpoint::External(_)) => Who::Client(id.clone()),
            (_, client) => (names.client)(client),
        }
    }

    fn request(
        &mut self,
        frame: &Bytes,
        piece: Piece<'_>,
        ring: &mut Ring,
        flights: &mut Flights,
        names: &Names<'_>,
    ) {
        let Some(head) = Head::of(frame) else { return };
        if self.client_id.is_none() {
            let id = request::decode_header(frame).ok();
            let id = id.and_then(|(header, _)| header.client_id);
            self.client_id = Some(id.map_or_else(String::new, |id| id.to_string()));
        }
        let number = ring.request(piece.depart, self.broker, head, frame);
        self.waiting.push_back(Waiting { head, number });
        if self.waiting.len() > WAITING_REQUESTS_MAX {
            self.waiting.pop_front();
        }
        if moves_records(head.api_key).is_none() {
            return;
        }
        match request::decode(frame).map(|request| request.body) {
            Ok(RequestKind::Produce(produce)) => self.produce(&produce, piece, flights, names),
            Ok(RequestKind::Fetch(fetch)) => self.fetch(&fetch, names),
            _ => {}
        }
    }

    fn response(
        &mut self,
        frame: &Bytes,
        piece: Piece<'_>,
        ring: &mut Ring,
        flights: &mut Flights,
        names: &Names<'_>,
    ) {
        let Some(id) = response::correlation_id(frame) else {
            return;
        };
        // Responses keep the order of their requests; what they skip was never answered (acks=0).
        let Some(place) = self
            .waiting
            .iter()
            .position(|waiting| waiting.head.correlation_id == id)
        else {
            return;
        };
        let Some(Waiting { head, number }) = self.waiting.drain(..=place).next_back() else {
            return;
        };
        ring.response(number, piece.arrive, frame);
        if moves_records(head.api_key) != Some(ApiKey::Fetch) {
            return;
        }
        if let Ok((_, fetched)) = response::decode::<FetchRequest>(frame, head.version) {
            self.fetched(&fetched, piece, flights, names);
        }
    }

    fn produce(
        &self,
        produce: &ProduceRequest,
        piece: Piece<'_>,
        flights: &mut Flights,
        names: &Names<'_>,
    ) {
        let from = self.who(names);
        let to = Who::Broker(self.broker);
        for topic in &produce.topic_data {
            let Some(name) = topic_name(&topic.name, topic.topic_id, names) else {
                continue;
            };
            for partition in &topic.partition_data {
                let Some(records) = &partition.records else {
                    continue;
                };
                let load = Load {
                    topic: &name,
                    partition: partition.index,
                    from_offset: None,
                    records,
                };
                flights.add(piece.route(&from, &to), load);
            }
        }
    }

    fn fetch(&mut self, fetch: &FetchRequest, names: &Names<'_>) {
        for topic in &fetch.topics {
            let Some(name) = topic_name(&topic.topic, topic.topic_id, names) else {
                continue;
            };
            let positions = self.positions.entry(name).or_default();
            for partition in &topic.partitions {
                positions.insert(partition.partition, partition.fetch_offset);
            }
        }
    }

    fn fetched(
        &self,
        fetched: &FetchResponse,
        piece: Piece<'_>,
        flights: &mut Flights,
        names: &Names<'_>,
    ) {
        let from = Who::Broker(self.broker);
        let to = self.who(names);
        for topic in &fetched.responses {
            let Some(name) = topic_name(&topic.topic, topic.topic_id, names) else {
                continue;
            };
            let positions = self.positions.get(&name);
            for partition in &topic.partitions {
                let Some(records) = &partition.records else {
                    continue;
                };
                let number = partition.partition_index;
                let position = positions.and_then(|positions| positions.get(&number));
                let load = Load {
                    topic: &name,
                    partition: number,
                    from_offset: Some(position.copied().unwrap_or(0)),
                    records,
                };
                flights.add(piece.route(&from, &to), load);
            }
        }
    }
}

impl Piece<'_> {
    fn route<'a>(&self, from: &'a Who, to: &'a Who) -> Route<'a> {
        Route {
            depart: self.depart,
            arrive: self.arrive,
            from,
            to,
        }
    }
}

/// By name or, in newer versions, by id. Internal topics are not drawn.
fn topic_name(name: &str, id: Uuid, names: &Names<'_>) -> Option<String> {
    let name = match name {
        "" => (names.topic)(id)?,
        name => name.to_owned(),
    };
    (!name.starts_with("__")).then_some(name)
}

#[cfg(test)]
mod tests;
