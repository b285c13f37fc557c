//! krafka: transactions.

use crate::cases::{case, equal, refused};
use crate::full::{all, produce, topic, values};
use anyhow::{Context, Result};
use krafka::consumer::{AutoOffsetReset, IsolationLevel};
use krafka::producer::TopicPartitionOffset;
use krafka::{Kafka, Record};
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(100);

pub async fn run(address: &str) {
    let kafka = match Kafka::builder(address).connect().await {
        Ok(kafka) => kafka,
        Err(error) => return println!("not ok krafka: connect: {error}"),
    };
    case(
        "krafka: committed records are seen, aborted ones are not",
        outcomes(&kafka),
    )
    .await;
    case(
        "krafka: a second producer of the same id fences the first",
        fenced(&kafka),
    )
    .await;
    case(
        "krafka: offsets are part of a transaction",
        with_offsets(&kafka),
    )
    .await;
}

async fn outcomes(kafka: &Kafka) -> Result<()> {
    let name = "krafka-outcomes";
    topic(kafka, name, 1).await?;
    let producer = kafka.producer().build_transactional(name).await?;
    for (sent, commit) in [(["a", "b"], true), (["c", "d"], false), (["e", "f"], true)] {
        producer.begin()?;
        for value in sent {
            let _ = producer.send(Record::new(name, value)).await?;
        }
        match commit {
            true => producer.commit().await?,
            false => producer.abort().await?,
        }
    }
    producer.close().await?;
    let committed = all(kafka, name, IsolationLevel::ReadCommitted).await?;
    equal(values(&committed).concat(), "abef".to_owned())?;
    let everything = all(kafka, name, IsolationLevel::ReadUncommitted).await?;
    equal(values(&everything).concat(), "abcdef".to_owned())
}

async fn fenced(kafka: &Kafka) -> Result<()> {
    let name = "krafka-fenced";
    topic(kafka, name, 1).await?;
    let old = kafka.producer().build_transactional(name).await?;
    old.begin()?;
    let _ = old.send(Record::new(name, "old")).await?;
    let new = kafka.producer().build_transactional(name).await?;
    refused(old.commit().await, "enced")?;
    new.begin()?;
    let _ = new.send(Record::new(name, "new")).await?;
    new.commit().await?;
    new.close().await?;
    let committed = all(kafka, name, IsolationLevel::ReadCommitted).await?;
    equal(values(&committed), vec!["new".to_owned()])
}

/// Reads, writes and commits what it read in one transaction, which is aborted once.
async fn with_offsets(kafka: &Kafka) -> Result<()> {
    let (from, to) = ("krafka-from", "krafka-to");
    topic(kafka, from, 1).await?;
    topic(kafka, to, 1).await?;
    produce(kafka, from, 10).await?;
    let consumer = kafka
        .consumer(from)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .enable_auto_commit(false)
        .build()
        .await?;
    consumer.subscribe([from]).await?;
    let mut read = Vec::new();
    while read.len() < 10 {
        read.extend(consumer.poll(WAIT).await?);
    }
    let producer = kafka.producer().build_transactional(from).await?;
    for commit in [false, true] {
        producer.begin()?;
        for value in values(&read) {
            let _ = producer.send(Record::new(to, value)).await?;
        }
        let group = consumer.group_metadata().await.context("no member")?;
        let offsets = [TopicPartitionOffset::new(from, 0, 10)];
        producer.send_offsets(&offsets, &group).await?;
        match commit {
            true => producer.commit().await?,
            false => producer.abort().await?,
        }
        let committed = consumer.committed(&[(from, 0)]).await?;
        let found = committed.values().next().map(|position| position.offset);
        equal(found.filter(|offset| *offset >= 0), commit.then_some(10))?;
    }
    let found = all(kafka, to, IsolationLevel::ReadCommitted).await?;
    equal(values(&found), (0..10).map(|n| n.to_string()).collect())?;
    producer.close().await?;
    Ok(consumer.close().await?)
}
