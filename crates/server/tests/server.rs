//! The binary as its users meet it: sockets, files, signals.

mod failover;
mod kills;
mod process;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use konbini_protocol::StrBytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, batches};
use process::{Client, Scratch, Server, command, http, succeeded, until};
use std::io::Write;

const TOPIC: &str = "parcels";

fn name(text: &str) -> TopicName {
    TopicName(StrBytes::from_string(text.to_owned()))
}

fn create(client: &mut Client, replicas: i16) {
    let topic = CreatableTopic::default()
        .with_name(name(TOPIC))
        .with_num_partitions(1)
        .with_replication_factor(replicas);
    create_topic(client, topic);
}

fn create_topic(client: &mut Client, topic: CreatableTopic) {
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(30_000);
    // A broker that has just started may not know that the others are there.
    until("the topic", || {
        succeeded(client.call(7, &request).topics[0].error_code)
    });
}

fn batch(value: &str) -> Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    let added = batch.append(0, None, Some(value.as_bytes()), &[]);
    added.expect("it fits");
    batch.build()
}

/// The offset that a record got once the broker took it.
fn produce(client: &mut Client, value: &str) -> i64 {
    let data = PartitionProduceData::default().with_records(Some(batch(value)));
    let topic = TopicProduceData::default()
        .with_name(name(TOPIC))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic]);
    until("the offset", || {
        let answer = client.call(9, &request);
        let partition = &answer.responses[0].partition_responses[0];
        succeeded(partition.error_code).map(|()| partition.base_offset)
    })
}

/// All values from an offset on, of whoever leads.
fn read(server: &Server, offset: i64) -> Vec<String> {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(name(TOPIC))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let answer = until("records", || {
        let answer = leader(server).call(11, &request);
        let data = answer.responses[0].partitions[0].clone();
        succeeded(data.error_code).map(|()| data)
    });
    let batches = batches(answer.records.unwrap_or_default());
    let records = batches.flat_map(|batch| {
        let batch = batch.expect("whole batches");
        batch.records().map(Result::unwrap).collect::<Vec<_>>()
    });
    let values = records.map(|record| record.value.unwrap_or_default().to_vec());
    values
        .map(|value| String::from_utf8(value).expect("UTF-8"))
        .collect()
}

/// A connection to the broker that leads the partition.
fn leader(server: &Server) -> Client {
    let mut client = server.connect(1);
    let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name(TOPIC)));
    let request = MetadataRequest::default().with_topics(Some(vec![topic]));
    let at = until("a leader", || {
        let answer = client.call(9, &request);
        let topic = answer.topics.first().ok_or("no topic")?;
        succeeded(topic.error_code)?;
        let partition = topic.partitions.first().ok_or("no partition")?;
        usize::try_from(partition.leader_id.0).map_err(|_| format!("{partition:?}"))
    });
    server.connect(at)
}

#[test]
fn the_first_request_to_a_broker_finds_them_all() {
    let server = Server::start(3, &["--memory"]);
    let ask = &|broker: usize| {
        let topic = CreatableTopic::default()
            .with_name(name(&format!("first-of-{broker}")))
            .with_num_partitions(1)
            .with_replication_factor(3);
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(30_000);
        let answer = server.connect(broker).call(7, &request);
        succeeded(answer.topics[0].error_code)
    };
    std::thread::scope(|scope| {
        let asked = [1, 2, 3].map(|broker| scope.spawn(move || ask(broker)));
        for (broker, asked) in (1..).zip(asked) {
            assert_eq!(asked.join().expect("an answer"), Ok(()), "broker {broker}");
        }
    });
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let scratch = Scratch::new("kill");
    let arguments = ["--data", scratch.text()];
    let server = Server::start(1, &arguments);
    let mut client = server.connect(1);
    create(&mut client, 1);
    assert_eq!(produce(&mut client, "a"), 0);
    assert_eq!(produce(&mut client, "b"), 1);
    server.kill();
    let server = Server::start(1, &arguments);
    assert_eq!(read(&server, 0), ["a", "b"]);
    assert_eq!(produce(&mut leader(&server), "c"), 2);
    assert_eq!(read(&server, 1), ["b", "c"]);
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_in_order() {
    for brokers in [1, 3] {
        let scratch = Scratch::new(&format!("stop-{brokers}"));
        let arguments = ["--data", scratch.text()];
        let server = Server::start(brokers, &arguments);
        create(&mut server.connect(1), i16::try_from(brokers).expect("few"));
        produce(&mut leader(&server), "a");
        let marks = || {
            let ids = 1..=brokers;
            let paths = ids.map(|id| scratch.0.join(format!("broker-{id}/.kafka_cleanshutdown")));
            paths.filter(|path| path.exists()).count()
        };
        let owner = || std::fs::read_to_string(scratch.0.join("broker-1/meta.properties"));
        let before = owner().expect("it is there");
        assert_eq!(marks(), 0);
        assert!(server.terminate().success());
        assert_eq!(marks(), brokers, "every broker stopped in order");
        let server = Server::start(brokers, &arguments);
        assert_eq!(marks(), 0, "they do not tell of the next run");
        assert_eq!(owner().expect("it is there"), before, "the same directory");
        assert_eq!(read(&server, 0), ["a"], "{brokers} brokers");
    }
}

#[test]
fn brokers_tell_where_they_listen() {
    let server = Server::start(3, &["--memory"]);
    let mut client = server.connect(2);
    let request = MetadataRequest::default().with_topics(None);
    let brokers = until("three brokers", || {
        let brokers = client.call(9, &request).brokers;
        let found = brokers.len();
        (found == 3)
            .then_some(brokers)
            .ok_or(format!("{found} brokers"))
    });
    let mut told: Vec<_> = brokers
        .iter()
        .map(|broker| (broker.node_id.0, format!("{}:{}", broker.host, broker.port)))
        .collect();
    told.sort();
    let all = (1..).zip(&server.addresses);
    let expect: Vec<_> = all.map(|(id, address)| (id, address.to_string())).collect();
    assert_eq!(told, expect);
}

#[test]
fn a_malformed_frame_closes_its_own_connection_only() {
    let server = Server::start(1, &["--memory"]);
    let mut good = server.connect(1);
    create(&mut good, 1);
    let frames: [&[u8]; 4] = [
        // A size of 2 GiB with nothing behind it, a negative one, an empty frame, garbage.
        &[0x7f, 0xff, 0xff, 0xff, 0],
        &[0xff, 0xff, 0xff, 0xff],
        &[0, 0, 0, 0],
        &[0, 0, 0, 8, 0, 1, 0, 200, 1, 2, 3, 4],
    ];
    for frame in frames {
        let mut bad = server.connect(1);
        bad.stream.write_all(frame).expect("it is open");
        assert!(bad.frame().is_none(), "{frame:?}");
        produce(&mut good, "still here");
    }
    assert_eq!(read(&server, 0).len(), frames.len());
}

#[test]
fn requests_in_a_row_are_answered_in_order_however_they_are_cut() {
    let server = Server::start(1, &["--memory"]);
    let mut client = server.connect(1);
    create(&mut client, 1);
    let mut bytes = Vec::new();
    for id in 0..200 {
        let header = konbini_protocol::request::RequestHeader {
            api_key: 18,
            api_version: 2,
            correlation_id: id,
            client_id: Some(StrBytes::from_static_str("test")),
        };
        let body = ApiVersionsRequest::default();
        bytes.extend(konbini_protocol::request::encode(&header, &body).expect("a request"));
    }
    let mut stream = client.stream.try_clone().expect("a socket");
    let writer = std::thread::spawn(move || {
        for piece in bytes.chunks(7) {
            stream.write_all(piece).expect("it is open");
        }
    });
    for id in 0..200 {
        let frame = client.frame().expect("an answer");
        assert_eq!(frame[..4], i32::to_be_bytes(id));
    }
    writer.join().expect("all was sent");
}

#[test]
fn a_request_may_be_larger_than_what_a_connection_may_leave_waiting() {
    let server = Server::start(1, &["--memory", "--config", "message.max.bytes=40000000"]);
    let mut client = server.connect(1);
    create(&mut client, 1);
    let value = "x".repeat(33 << 20);
    assert_eq!(produce(&mut client, &value), 0);
    assert_eq!(produce(&mut client, "small"), 1);
    assert_eq!(read(&server, 1), ["small"]);
}

#[test]
fn a_directory_has_one_process() {
    let scratch = Scratch::new("two");
    let _first = Server::start(1, &["--data", scratch.text()]);
    let second = command(&["--data", scratch.text(), "--listen", "127.0.0.1:0"]);
    let second = { second }.output().expect("it runs");
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("in use by another process"), "{text}");
}

#[test]
fn a_directory_of_another_cluster_is_left_alone() {
    let scratch = Scratch::new("other");
    let place = scratch.0.join("broker-1");
    std::fs::create_dir_all(&place).expect("made");
    let meta = place.join("meta.properties");
    std::fs::write(&meta, "version=1\ncluster.id=theirs\nnode.id=1\n").expect("written");
    let mut second = command(&["--data", scratch.text(), "--listen", "127.0.0.1:0"]);
    let second = second.output().expect("it runs");
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("cluster.id is theirs"), "{text}");
    let left = std::fs::read_to_string(&meta).expect("it is there");
    assert!(left.contains("theirs"), "{left}");
}

#[test]
fn wrong_arguments_say_what_is_allowed() {
    let check = |arguments: &[&str], expect: &str| {
        let output = command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expect), "{arguments:?}: {text}");
    };
    check(&["--brokers", "0"], "1..=5");
    check(&["--listen", "nowhere"], "is not ADDRESS:PORT");
    check(&["--control", "nowhere"], "is not ADDRESS:PORT");
    check(&["--control", "0.0.0.0:9099"], "not a loopback address");
    check(
        &["--config", "log.retention.ms=soon"],
        "log.retention.ms=soon",
    );
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let server = Server::start(1, &["--memory", "--control", "127.0.0.1:0"]);
    let check = |request: &str, status: &str| {
        let text = http(server.control, request);
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {text}"
        );
    };
    check("POST /brokers/1/start", "409");
    check("POST /brokers/7/kill", "409");
    check("POST /brokers/1/eat", "404");
    check("DELETE /brokers/1/kill", "405");
    check(
        "POST /brokers/1/kill HTTP/1.1\r\nOrigin: https://x.test\r\nX: ",
        "403",
    );
    check("GET /brokers", "200");
}

#[test]
fn figures_for_prometheus() {
    let server = Server::start(1, &["--memory", "--metrics", "127.0.0.1:0"]);
    let mut client = server.connect(1);
    create(&mut client, 1);
    produce(&mut client, "a");
    let get = |path: &str| http(server.metrics, &format!("GET {path}"));
    let text = get("/metrics");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let line = format!(
        "konbini_partition_log_end_offset{{broker=\"1\",topic=\"{TOPIC}\",partition=\"0\"}} 1\n"
    );
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("\nkonbini_connections 1\n"), "{text}");
    assert!(get("/").starts_with("HTTP/1.1 404"));
}

/// Each is a few KB of memory, and no work; beside them the server answers as before.
#[test]
fn thousands_of_idle_connections_are_fine() {
    let wanted = 10_000;
    let limit = rlimit::increase_nofile_limit(wanted + 1_000).expect("a limit");
    let count = usize::try_from(limit - 1_000)
        .expect("a number")
        .min(wanted as usize);
    assert!(
        count >= 3_000,
        "{limit} open files are too few (ulimit -Hn)"
    );
    let server = Server::start(1, &["--memory"]);
    let mut clients: Vec<Client> = (0..count).map(|_| server.connect(1)).collect();
    create(&mut clients[0], 1);
    let stride = count / 100;
    for (place, client) in clients.iter_mut().step_by(stride).enumerate() {
        assert_eq!(produce(client, "a"), i64::try_from(place).expect("few"));
    }
}
