use super::*;
use crate::observe::sample;
use kafka_protocol::protocol::Request as Api;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use konbini_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use konbini_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use konbini_protocol::messages::{ProduceResponse, TopicName};
use konbini_protocol::request::RequestHeader;

const CLIENT: Endpoint = Endpoint::External(1);
const LINK: LinkId = LinkId(1);

fn frame<R: Api>(version: i16, correlation_id: i32, body: &R) -> Bytes {
    let header = RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id,
        client_id: Some(StrBytes::from_static_str("node")),
    };
    request::encode(&header, body).unwrap()
}

fn topic() -> TopicName {
    TopicName(StrBytes::from_static_str("t"))
}

fn produce(acks: i16, records: i32) -> ProduceRequest {
    let partition = PartitionProduceData::default()
        .with_index(1)
        .with_records(Some(sample::batch(0, records)));
    let topic = TopicProduceData::default()
        .with_name(topic())
        .with_partition_data(vec![partition]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_topic_data(vec![topic])
}

/// A watch of one connection, which sends the bytes in pieces of the size given.
struct Scene {
    watch: Watch,
    now: i64,
    piece: usize,
}

impl Scene {
    fn new(piece: usize) -> Scene {
        let mut watch = Watch::default();
        watch.opened(LINK, CLIENT, 2);
        Scene {
            watch,
            now: 0,
            piece,
        }
    }

    fn send(&mut self, from: Side, bytes: &Bytes) {
        let names = Names {
            client: &|_| Who::Admin,
            topic: &|_| Some("t".to_owned()),
        };
        for start in (0..bytes.len()).step_by(self.piece) {
            let end = (start + self.piece).min(bytes.len());
            let piece = Piece {
                link: LINK,
                from,
                depart: self.now,
                arrive: self.now + 10,
                bytes: &bytes.slice(start..end),
            };
            self.watch.sent(piece, &names);
        }
        self.now += 1;
    }
}

#[test]
fn a_produce_is_seen_however_it_is_cut() {
    for size in [1, 7, 1_000] {
        let mut scene = Scene::new(size);
        scene.send(Side::Dialler, &frame(9, 7, &produce(1, 3)));
        let (flights, undrawn) = scene.watch.flights.take();
        assert_eq!((flights.len(), undrawn), (1, 0));
        assert_eq!(flights[0].from, Who::Client("node".to_owned()));
        assert_eq!(flights[0].to, Who::Broker(2));
        assert_eq!((flights[0].partition, flights[0].records), (1, 3));
    }
}

#[test]
fn an_unanswered_produce_does_not_hold_up_the_rest() {
    let mut scene = Scene::new(1_000);
    scene.send(Side::Dialler, &frame(9, 1, &produce(0, 1)));
    scene.send(Side::Dialler, &frame(9, 2, &produce(1, 1)));
    let answer = response::encode::<ProduceRequest>(2, 9, &ProduceResponse::default()).unwrap();
    scene.send(Side::Listener, &answer);
    let ring = scene.watch.ring(CLIENT).unwrap();
    let answered: Vec<_> = ring
        .newest("node", Some(2), 9, 1_000)
        .into_iter()
        .map(|exchange| (exchange.correlation_id, exchange.answered))
        .collect();
    assert_eq!(answered, [(2, 12), (1, -1)]);
    let shown = &ring.newest("node", None, 1, 1_000)[0];
    assert!(
        shown.request.contains("bytes of record batches"),
        "{}",
        shown.request
    );
    assert!(shown.request.contains("timeoutMs: 0"), "{}", shown.request);
}

#[test]
fn a_fetch_is_counted_from_where_it_was_asked() {
    let mut scene = Scene::new(1_000);
    let asked = FetchRequest::default().with_topics(vec![
        FetchTopic::default()
            .with_topic_id(Uuid::from_u128(5))
            .with_partitions(vec![
                FetchPartition::default()
                    .with_partition(0)
                    .with_fetch_offset(8),
            ]),
    ]);
    scene.send(Side::Dialler, &frame(13, 1, &asked));
    let answer = FetchResponse::default().with_responses(vec![
        FetchableTopicResponse::default()
            .with_topic_id(Uuid::from_u128(5))
            .with_partitions(vec![
                PartitionData::default()
                    .with_partition_index(0)
                    .with_records(Some(sample::batch(5, 5))),
            ]),
    ]);
    let answer = response::encode::<FetchRequest>(1, 13, &answer).unwrap();
    scene.send(Side::Listener, &answer);
    let (flights, _) = scene.watch.flights.take();
    assert_eq!(flights.len(), 1);
    assert_eq!((flights[0].offset, flights[0].records), (8, 2));
    assert_eq!(flights[0].topic, "t");
}

#[test]
fn noise_is_let_through() {
    let mut scene = Scene::new(3);
    scene.send(Side::Dialler, &Bytes::from(vec![0xff; 50]));
    scene.send(Side::Listener, &Bytes::from(vec![0, 0, 0, 2, 1, 1]));
    scene.send(Side::Dialler, &Bytes::from(vec![0; 50]));
    assert_eq!(scene.watch.flights.take(), (vec![], 0));
}
