//! rskafka: topics, one partition at a time, no groups.

use crate::cases::{case, equal, refused, until};
use crate::full;
use anyhow::Result;
use chrono::{DateTime, TimeZone, Utc};
use krafka::Kafka;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use std::collections::BTreeMap;

/// How long the controller has, in ms.
const TIMEOUT_MS: i32 = 30_000;

pub async fn run(address: &str) {
    let client = match ClientBuilder::new(vec![address.to_owned()]).build().await {
        Ok(client) => client,
        Err(error) => return println!("not ok rskafka: connect: {error}"),
    };
    case(
        "rskafka: topics are made, listed and deleted",
        topics(&client),
    )
    .await;
    case("rskafka: whole records", whole_records(&client)).await;
    for (name, codec) in [
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
    ] {
        let title = format!("rskafka: {name} batches");
        case(&title, codecs(&client, name, codec)).await;
    }
    case("rskafka: offsets by their place and time", offsets(&client)).await;
    case("rskafka: records are deleted", deleted(&client)).await;
    case("rskafka: 20 MB in batches of 1 MB", bulk(&client)).await;
    case(
        "rskafka: a compacted topic keeps the last value of a key",
        compaction(&client, address),
    )
    .await;
    case("rskafka: what is refused is named", refusals(&client)).await;
}

pub async fn partition(client: &Client, topic: &str) -> Result<PartitionClient> {
    let controller = client.controller_client()?;
    controller.create_topic(topic, 1, 3, TIMEOUT_MS).await?;
    let found = client.partition_client(topic, 0, UnknownTopicHandling::Retry);
    Ok(found.await?)
}

fn at(ms: i64) -> DateTime<Utc> {
    Utc.timestamp_millis_opt(ms).single().expect("a time")
}

pub fn record(value: &str, timestamp: DateTime<Utc>) -> Record {
    Record {
        key: Some(b"key".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: BTreeMap::from([("h".to_owned(), b"1".to_vec())]),
        timestamp,
    }
}

pub fn text(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

fn records(count: usize) -> Vec<Record> {
    let now = at(Utc::now().timestamp_millis());
    (0..count).map(|n| record(&n.to_string(), now)).collect()
}

async fn topics(client: &Client) -> Result<()> {
    let controller = client.controller_client()?;
    controller
        .create_topic("rskafka-topic", 3, 3, TIMEOUT_MS)
        .await?;
    let listed = client.list_topics().await?;
    let found = listed.iter().find(|topic| topic.name == "rskafka-topic");
    equal(found.map(|topic| topic.partitions.len()), Some(3))?;
    controller.delete_topic("rskafka-topic", TIMEOUT_MS).await?;
    until("the end of the topic", async || {
        let listed = client.list_topics().await?;
        Ok(listed.iter().all(|topic| topic.name != "rskafka-topic"))
    })
    .await
}

async fn whole_records(client: &Client) -> Result<()> {
    let partition = partition(client, "rskafka-records").await?;
    let now = at(Utc::now().timestamp_millis());
    let mut tombstone = record("", now);
    tombstone.value = None;
    tombstone.headers.clear();
    let sent = vec![record("a", now), tombstone];
    let offsets = partition.produce(sent.clone(), Compression::NoCompression);
    equal(offsets.await?, vec![0, 1])?;
    let (found, high_watermark) = partition.fetch_records(0, 1..1_000_000, 1_000).await?;
    equal(high_watermark, 2)?;
    equal(found.into_iter().map(|one| one.record).collect(), sent)
}

async fn codecs(client: &Client, name: &str, codec: Compression) -> Result<()> {
    let partition = partition(client, &format!("rskafka-{name}")).await?;
    let sent = records(1000);
    partition.produce(sent.clone(), codec).await?;
    let (found, _) = partition.fetch_records(0, 1..1_000_000, 1_000).await?;
    equal(found.into_iter().map(|one| one.record).collect(), sent)
}

async fn offsets(client: &Client) -> Result<()> {
    let partition = partition(client, "rskafka-offsets").await?;
    let begun = Utc::now().timestamp_millis();
    let sent = (0..10).map(|n| record("", at(begun + n * 1000))).collect();
    partition.produce(sent, Compression::NoCompression).await?;
    equal(partition.get_offset(OffsetAt::Earliest).await?, 0)?;
    equal(partition.get_offset(OffsetAt::Latest).await?, 10)?;
    let between = OffsetAt::Timestamp(at(begun + 4_500));
    equal(partition.get_offset(between).await?, 5)
}

async fn deleted(client: &Client) -> Result<()> {
    let partition = partition(client, "rskafka-deleted").await?;
    partition
        .produce(records(10), Compression::NoCompression)
        .await?;
    partition.delete_records(4, TIMEOUT_MS).await?;
    equal(partition.get_offset(OffsetAt::Earliest).await?, 4)?;
    let early = partition.fetch_records(3, 1..1_000, 100).await;
    refused(early, "OffsetOutOfRange")
}

async fn bulk(client: &Client) -> Result<()> {
    let partition = partition(client, "rskafka-bulk").await?;
    let value = "v".repeat(1000);
    let now = Utc::now();
    for _ in 0..20 {
        let sent = (0..1000).map(|_| record(&value, now)).collect();
        partition.produce(sent, Compression::NoCompression).await?;
    }
    let mut next = 0;
    while next < 20_000 {
        let (found, _) = partition.fetch_records(next, 1..300_000, 1_000).await?;
        for one in found {
            equal(one.offset, next)?;
            next += 1;
        }
    }
    Ok(())
}

/// rskafka gives a topic no settings: krafka makes it.
async fn compaction(client: &Client, address: &str) -> Result<()> {
    let name = "rskafka-compacted";
    full::compacted(&Kafka::builder(address).connect().await?, name).await?;
    let unknown = UnknownTopicHandling::Retry;
    let partition = client.partition_client(name, 0, unknown).await?;
    let keyed = |key: Option<&str>, value: &str| Record {
        key: key.map(|key| key.as_bytes().to_vec()),
        ..record(value, Utc::now())
    };
    let write = async |record| {
        let sent = partition.produce(vec![record], Compression::NoCompression);
        sent.await
    };
    refused(write(keyed(None, "no key")).await, "InvalidRecord")?;
    for n in 0..20 {
        write(keyed(Some(&format!("k{}", n % 2)), &n.to_string())).await?;
    }
    until("the last values alone", async || {
        // Only what a newer segment follows is cleaned.
        write(keyed(Some("clock"), "now")).await?;
        let end = partition.get_offset(OffsetAt::Latest).await?;
        let (mut found, mut next) = (Vec::new(), 0);
        while next < end {
            let (some, _) = partition.fetch_records(next, 1..1_000_000, 1_000).await?;
            next = some.last().map_or(next, |one| one.offset + 1);
            found.extend(some.iter().map(|one| text(&one.record)));
        }
        found.retain(|value| value != "now");
        Ok(found == ["18", "19"])
    })
    .await
}

async fn refusals(client: &Client) -> Result<()> {
    let controller = client.controller_client()?;
    let create = async |name: &str, partitions, replicas| {
        let created = controller.create_topic(name, partitions, replicas, TIMEOUT_MS);
        created.await
    };
    create("rskafka-twice", 1, 1).await?;
    refused(create("rskafka-twice", 1, 1).await, "TopicAlreadyExists")?;
    refused(create("no such name", 1, 1).await, "InvalidTopicException")?;
    refused(create("rskafka-none", 0, 1).await, "InvalidPartitions")?;
    refused(
        create("rskafka-many", 1, 9).await,
        "InvalidReplicationFactor",
    )?;
    let unknown = UnknownTopicHandling::Error;
    let absent = client.partition_client("rskafka-absent", 0, unknown).await;
    refused(absent, "UnknownTopicOrPartition")?;
    let there = client.partition_client("rskafka-twice", 0, unknown).await?;
    let now = Utc::now();
    let large = vec![record(&"x".repeat(5_000_000), now)];
    let large = there.produce(large, Compression::NoCompression).await;
    refused(large, "MessageTooLarge")
}
