//! Incremental fetch sessions (KIP-227).

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::FetchResponse;
use kafka_protocol::messages::fetch_request::ForgottenTopic;

const VERSION: i16 = 11;

fn in_session(mut request: FetchRequest, id: i32, epoch: i32) -> FetchRequest {
    request.session_id = id;
    request.session_epoch = epoch;
    request
}

/// The next request of a session that changes nothing.
fn go_on(id: i32, epoch: i32) -> FetchRequest {
    FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_min_bytes(1)
        .with_session_id(id)
        .with_session_epoch(epoch)
}

fn call(driver: &mut Driver, client: ClientId, request: &FetchRequest) -> FetchResponse {
    driver.call(client, VERSION, request)
}

fn opened(driver: &mut Driver, client: ClientId) -> FetchResponse {
    create(driver, client, "parcels", 1);
    let request = in_session(fetch_request("parcels", 0, 0, 0), 0, 0);
    let first = call(driver, client, &request);
    assert_eq!(first.error_code, 0);
    assert_ne!(first.session_id, 0);
    assert_eq!(
        first.responses.len(),
        1,
        "the first response names every partition"
    );
    first
}

#[test]
fn later_responses_name_what_changed() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let id = opened(&mut driver, client).session_id;
    assert_eq!(call(&mut driver, client, &go_on(id, 1)).responses.len(), 0);
    produce(&mut driver, client, "parcels", &["a"]);
    let changed = call(&mut driver, client, &go_on(id, 2));
    assert_eq!(changed.session_id, id);
    assert_eq!(values(&changed.responses[0].partitions[0]), ["a"]);
    // The position moves with a request that names the partition.
    let moved = in_session(fetch_request("parcels", 0, 1, 0), id, 3);
    assert_eq!(call(&mut driver, client, &moved).responses.len(), 0);
}

#[test]
fn errors_of_sessions() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let id = opened(&mut driver, client).session_id;
    assert_eq!(call(&mut driver, client, &go_on(id, 5)).error_code, 71);
    assert_eq!(call(&mut driver, client, &go_on(id + 1, 1)).error_code, 70);
    // By topic id in a session that goes by name.
    assert_eq!(driver.call(client, 13, &go_on(id, 1)).error_code, 106);
    assert_eq!(call(&mut driver, client, &go_on(id, 1)).error_code, 0);
    // Epoch -1 ends it.
    let end = in_session(fetch_request("parcels", 0, 0, 0), id, -1);
    assert_eq!(call(&mut driver, client, &end).session_id, 0);
    assert_eq!(call(&mut driver, client, &go_on(id, 2)).error_code, 70);
}

#[test]
fn a_session_without_partitions_ends() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let id = opened(&mut driver, client).session_id;
    let forget = ForgottenTopic::default()
        .with_topic(name("parcels"))
        .with_partitions(vec![0]);
    let request = go_on(id, 1).with_forgotten_topics_data(vec![forget]);
    assert_eq!(call(&mut driver, client, &request).session_id, 0);
    assert_eq!(driver.brokers[&1].fetch_sessions(), 0);
}

#[test]
fn a_full_cache_gives_no_session_until_one_is_old() {
    let mut driver = Driver::new(1, &[("max.incremental.fetch.session.cache.slots", "1")]);
    let client = driver.connect(1);
    let id = opened(&mut driver, client).session_id;
    let request = in_session(fetch_request("parcels", 0, 0, 0), 0, 0);
    assert_eq!(call(&mut driver, client, &request).session_id, 0);
    driver.run_for(121_000);
    let other = call(&mut driver, client, &request).session_id;
    assert!(other != 0 && other != id);
    assert_eq!(call(&mut driver, client, &go_on(id, 1)).error_code, 70);
}

#[test]
fn an_error_is_told_again_and_again() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let id = opened(&mut driver, client).session_id;
    let beyond = in_session(fetch_request("parcels", 0, 9, 0), id, 1);
    for epoch in 1..4 {
        let request = if epoch == 1 {
            beyond.clone()
        } else {
            go_on(id, epoch)
        };
        let response = call(&mut driver, client, &request);
        assert_eq!(response.responses[0].partitions[0].error_code, 1);
    }
}
