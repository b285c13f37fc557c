//! What the timeline is told of transactions.

use kafka_protocol::ResponseError;
use konbini_trace::Event;

use super::state::Transaction;
use super::transition::Producer;

fn outcome(commit: bool) -> &'static str {
    match commit {
        true => "commit",
        false => "abort",
    }
}

pub fn loaded(partition: i32, ids: usize, epoch: i32) -> Event {
    Event::detail("transaction-coordinator-loaded")
        .with("partition", partition)
        .with("transactional-ids", ids as i64)
        .with("epoch", epoch)
}

pub fn unloaded(partition: i32, ids: usize) -> Event {
    Event::detail("transaction-coordinator-unloaded")
        .with("partition", partition)
        .with("transactional-ids", ids as i64)
}

pub fn initialized(id: &str, transaction: &Transaction) -> Event {
    Event::info("transactional-id-initialized")
        .with("transactional-id", id)
        .with("producer-id", transaction.producer_id)
        .with("epoch", i64::from(transaction.epoch))
}

/// Another producer has the id from now on, and what the earlier one had open is aborted.
pub fn fenced(id: &str, before: &Transaction) -> Event {
    Event::warn("transactional-producer-fenced")
        .with("transactional-id", id)
        .with("producer-id", before.producer_id)
        .with("epoch", i64::from(before.epoch))
}

pub fn began(id: &str, transaction: &Transaction) -> Event {
    Event::info("transaction-began")
        .with("transactional-id", id)
        .with("producer-id", transaction.producer_id)
        .with("epoch", i64::from(transaction.epoch))
}

pub fn partitions_added(id: &str, transaction: &Transaction) -> Event {
    let each = transaction.partitions.iter();
    let list: Vec<String> = each
        .map(|(topic, index)| format!("{topic}-{index}"))
        .collect();
    Event::detail("transaction-partitions-added")
        .with("transactional-id", id)
        .with("partitions", list.join(" "))
}

pub fn prepared(id: &str, transaction: &Transaction) -> Event {
    let commit = transaction.state.prepared().unwrap_or(false);
    Event::info("transaction-prepared")
        .with("transactional-id", id)
        .with("outcome", outcome(commit))
        .with("partitions", transaction.partitions.len() as i64)
}

pub fn completed(id: &str, transaction: &Transaction) -> Event {
    let commit = transaction.state == super::State::CompleteCommit;
    Event::info("transaction-completed")
        .with("transactional-id", id)
        .with("outcome", outcome(commit))
}

pub fn timed_out(id: &str, transaction: &Transaction) -> Event {
    Event::warn("transaction-timed-out")
        .with("transactional-id", id)
        .with("after-ms", transaction.timeout_ms)
        .because_of("transaction.timeout.ms")
}

pub fn expired(id: &str) -> Event {
    Event::info("transactional-id-expired")
        .with("transactional-id", id)
        .because_of("transactional.id.expiration.ms")
}

pub fn refused(api: &'static str, id: &str, producer: Producer, error: ResponseError) -> Event {
    let event = match error {
        // Everyday: the transaction before is being completed.
        ResponseError::ConcurrentTransactions => Event::detail("transaction-request-refused"),
        _ => Event::warn("transaction-request-refused"),
    };
    let event = event
        .with("api", api)
        .with("transactional-id", id)
        .with("producer-id", producer.id)
        .with("epoch", i64::from(producer.epoch))
        .with("error", konbini_protocol::error::name(error.code()));
    match error {
        ResponseError::InvalidTransactionTimeout => event.because_of("transaction.max.timeout.ms"),
        _ => event,
    }
}
