//! A controller that refuses, or answers what nobody can read, is asked again after a pause: on a
//! network without latency the same question would go round for ever.

mod driver;

use driver::{Driver, Meddle};
use kafka_protocol::messages::InitProducerIdRequest;
use konbini_broker::State;
use konbini_protocol::messages::{ApiKey, ResponseKind};

/// UNKNOWN_SERVER_ERROR
const REFUSED: i16 = -1;
/// How long the controller misbehaves, in ms.
const WHILE_MS: i64 = 10_000;
/// One request in 500 ms, and the one that was under way.
const MOST: usize = 21;
/// The quorum asks again after 20 ms, as in Kafka.
const MOST_FETCHES: usize = 501;

fn refuse(mut response: ResponseKind) -> Option<ResponseKind> {
    match &mut response {
        ResponseKind::BrokerRegistration(body) => body.error_code = REFUSED,
        ResponseKind::BrokerHeartbeat(body) => body.error_code = REFUSED,
        ResponseKind::AllocateProducerIds(body) => body.error_code = REFUSED,
        ResponseKind::Fetch(body) if !body.responses.is_empty() => {
            let partition = &mut body.responses[0].partitions[0];
            partition.error_code = REFUSED;
            partition.records = None;
        }
        _ => {}
    }
    Some(response)
}

fn garble(_: ResponseKind) -> Option<ResponseKind> {
    None
}

fn answer_nothing(response: ResponseKind) -> Option<ResponseKind> {
    match response {
        ResponseKind::Fetch(mut body) => {
            body.responses.clear();
            Some(body.into())
        }
        other => Some(other),
    }
}

/// A node that is not the controller.
fn other(driver: &Driver) -> i32 {
    (1..=3)
        .find(|id| *id != driver.controller())
        .expect("three nodes")
}

/// A node starts anew while all others misbehave to it, then all is well.
fn check_start(meddle: Meddle, apis: &[ApiKey]) {
    let mut driver = Driver::new(3, &[]);
    let node = other(&driver);
    driver.meddle = Some((node, meddle));
    let since = driver.now;
    driver.restart(node);
    driver.run_for(WHILE_MS);
    for api in apis {
        let asked = driver.count_asked(node, *api, since);
        let most = if *api == ApiKey::Fetch {
            MOST_FETCHES
        } else {
            MOST
        };
        assert!((2..=most).contains(&asked), "{api:?} {asked} times");
    }
    driver.meddle = None;
    driver.run_for(15_000);
    assert_eq!(driver.brokers[&node].state(), State::Up);
}

#[test]
fn a_refused_start_is_tried_again_after_a_pause() {
    check_start(refuse, &[ApiKey::BrokerRegistration, ApiKey::Fetch]);
}

#[test]
fn unreadable_answers_are_asked_for_again_after_a_pause() {
    check_start(garble, &[ApiKey::BrokerRegistration, ApiKey::Fetch]);
}

#[test]
fn a_fetch_that_brings_no_partition_is_repeated_after_a_pause() {
    check_start(answer_nothing, &[ApiKey::Fetch]);
}

/// A client waits for a producer id that the controller does not give; it gets one in the end.
fn check_producer_ids(meddle: Meddle) {
    let mut driver = Driver::new(3, &[]);
    let node = other(&driver);
    let client = driver.connect(node);
    driver.meddle = Some((node, meddle));
    let since = driver.now;
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000);
    driver.send(client, 4, &request);
    driver.run_for(2_000);
    let asked = driver.count_asked(node, ApiKey::AllocateProducerIds, since);
    assert!((2..=5).contains(&asked), "{asked} times");
    driver.meddle = None;
    driver.run_for(1_000);
    assert!(driver.take_frame(client).is_some());
}

#[test]
fn refused_producer_ids_are_asked_for_again_after_a_pause() {
    check_producer_ids(refuse);
}

#[test]
fn unreadable_producer_ids_are_asked_for_again_after_a_pause() {
    check_producer_ids(garble);
}
