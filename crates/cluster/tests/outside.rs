//! Connections from outside: answered like any other, refused where nobody lives, and closed, each
//! alone, when their bytes are nothing that Kafka says.

use bytes::Bytes;
use konbini_cluster::{ExternalId, ExternalOutput, MemoryHost, Refused};
use konbini_protocol::StrBytes;
use konbini_protocol::frame::FrameReader;
use konbini_protocol::messages::{ApiKey, ApiVersionsRequest};
use konbini_protocol::request::{self, RequestHeader};
use konbini_protocol::response;
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::snapshot::Who;
use konbini_scenario::{Recording, catalogue};
use proptest::prelude::*;

const STEPS: u64 = 1_000_000;

fn playground() -> MemoryHost {
    let recording = Recording::of(catalogue::playground());
    let mut host = MemoryHost::start(&recording, None).unwrap();
    host.run_until(5_000, STEPS).unwrap();
    host
}

fn api_versions(correlation_id: i32) -> Bytes {
    let header = RequestHeader {
        api_key: ApiKey::ApiVersions as i16,
        api_version: 3,
        correlation_id,
        client_id: Some(StrBytes::from_static_str("outside")),
    };
    let body = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("test"))
        .with_client_software_version(StrBytes::from_static_str("1"));
    request::encode(&header, &body).unwrap()
}

fn told(host: &mut MemoryHost, id: ExternalId, ms: i64) -> Vec<ExternalOutput> {
    let until = host.cluster.now() + ms;
    host.run_until(until, STEPS).unwrap();
    let all = host.cluster.take_external();
    let own = all.into_iter().filter(|(to, _)| *to == id);
    own.map(|(_, output)| output).collect()
}

/// Asks for the versions on an open connection; whether the answer came.
fn answers(host: &mut MemoryHost, id: ExternalId) -> bool {
    host.cluster.send(id, api_versions(7));
    let mut reader = FrameReader::new();
    for output in told(host, id, 2_000) {
        if let ExternalOutput::Received(bytes) = output {
            reader.push(bytes);
        }
    }
    let Ok(Some(frame)) = reader.next() else {
        return false;
    };
    let (correlation_id, _) = response::decode::<ApiVersionsRequest>(&frame, 3).unwrap();
    correlation_id == 7
}

#[test]
fn a_client_from_outside_is_a_client() {
    let mut host = playground();
    let id = host.cluster.connect("localhost", 9093).unwrap();
    // Bytes may go at once: they travel behind the dialling.
    host.cluster.send(id, api_versions(1));
    let outputs = told(&mut host, id, 3_000);
    assert_eq!(outputs[0], ExternalOutput::Connected);
    assert!(matches!(&outputs[1], ExternalOutput::Received(bytes) if bytes.len() > 100));
    assert!(answers(&mut host, id));
    let who = Who::Client("outside".to_owned());
    let inspected = host.cluster.inspect(&Inspect::Wire { who, count: 10 });
    let konbini_cluster::Inspected::Answer(Inspection::Wire { exchanges }) = inspected else {
        panic!("{inspected:?}");
    };
    assert_eq!(exchanges.len(), 2);
    assert_eq!(exchanges[0].api, "ApiVersions");
    assert_eq!(exchanges[0].broker, 2);
    assert!(
        exchanges[0]
            .request
            .contains("clientSoftwareName: \"test\"")
    );
    host.cluster.close(id);
    assert_eq!(told(&mut host, id, 3_000), []);
}

#[test]
fn nobody_lives_elsewhere() {
    let mut host = playground();
    for (name, port) in [
        ("broker-4", 9092),
        ("broker-1", 80),
        ("localhost", 9095),
        ("example.com", 443),
    ] {
        let refused = host.cluster.connect(name, port).unwrap_err();
        assert!(
            matches!(refused, Refused::NoSuchAddress { .. }),
            "{name}:{port}"
        );
    }
}

#[test]
fn there_is_a_limit() {
    let mut host = playground();
    for _ in 0..konbini_cluster::EXTERNAL_CONNECTIONS_MAX {
        host.cluster.connect("broker-1", 9092).unwrap();
    }
    assert_eq!(
        host.cluster.connect("broker-1", 9092),
        Err(Refused::TooMany {
            most: konbini_cluster::EXTERNAL_CONNECTIONS_MAX
        })
    );
}

#[test]
fn a_flood_closes_its_connection() {
    let mut host = playground();
    let id = host.cluster.connect("broker-1", 9092).unwrap();
    let flood = Bytes::from(vec![
        0;
        konbini_cluster::EXTERNAL_IN_FLIGHT_BYTES_MAX / 4 + 1
    ]);
    for _ in 0..4 {
        host.cluster.send(id, flood.clone());
    }
    assert_eq!(host.cluster.take_external(), [(id, ExternalOutput::Closed)]);
    let other = host.cluster.connect("broker-1", 9092).unwrap();
    assert!(answers(&mut host, other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn hostile_bytes_close_only_their_connection(
        junk in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 1..5),
        framed in any::<bool>(),
    ) {
        let mut host = playground();
        let good = host.cluster.connect("broker-1", 9092).unwrap();
        let bad = host.cluster.connect("broker-1", 9092).unwrap();
        told(&mut host, good, 1_000);
        for piece in &junk {
            let bytes = match framed {
                true => konbini_protocol::frame::frame(piece),
                false => Bytes::copy_from_slice(piece),
            };
            host.cluster.send(bad, bytes);
        }
        told(&mut host, bad, 3_000);
        prop_assert!(answers(&mut host, good));
        let snapshot = host.cluster.snapshot();
        prop_assert!(snapshot.brokers.iter().all(|broker| broker.offline.is_empty()));
    }
}

#[test]
fn a_frame_that_is_no_request_closes_its_connection() {
    let mut host = playground();
    let id = host.cluster.connect("broker-1", 9092).unwrap();
    host.cluster
        .send(id, konbini_protocol::frame::frame(&[0xff; 20]));
    let outputs = told(&mut host, id, 3_000);
    assert_eq!(outputs.last(), Some(&ExternalOutput::Closed), "{outputs:?}");
    let claims_2_gib = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 0, 3]);
    let id = host.cluster.connect("broker-1", 9092).unwrap();
    host.cluster.send(id, claims_2_gib);
    assert_eq!(
        told(&mut host, id, 3_000).last(),
        Some(&ExternalOutput::Closed)
    );
}
