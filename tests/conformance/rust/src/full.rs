//! krafka: administration, producing and reading.

use crate::cases::{case, equal, refused, until};
use anyhow::{Context, Result};
use krafka::admin::{ConfigResource, NewTopic};
use krafka::consumer::{AutoOffsetReset, ConsumerRecord, IsolationLevel, TopicPartition};
use krafka::producer::Acks;
use krafka::{Compression, Kafka, Record};
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(200);

pub async fn run(address: &str) {
    let kafka = match Kafka::builder(address).connect().await {
        Ok(kafka) => kafka,
        Err(error) => return println!("not ok krafka: connect: {error}"),
    };
    case(
        "krafka: topics, partitions, settings",
        administration(&kafka),
    )
    .await;
    case("krafka: whole records", whole_records(&kafka)).await;
    for (name, codec) in [
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
    ] {
        let title = format!("krafka: {name} batches");
        case(&title, codecs(&kafka, name, codec)).await;
    }
    case("krafka: acks 0 and 1", weaker_acks(&kafka)).await;
    case(
        "krafka: watermarks, times, deleted records",
        offsets(&kafka),
    )
    .await;
    case(
        "krafka: a compacted topic keeps the last value of a key",
        compaction(&kafka),
    )
    .await;
    case("krafka: what is refused is named", refusals(&kafka)).await;
}

pub async fn topic(kafka: &Kafka, name: &str, partitions: i32) -> Result<()> {
    create(kafka, NewTopic::new(name, partitions, 3)?).await
}

async fn create(kafka: &Kafka, topic: NewTopic) -> Result<()> {
    let admin = kafka.admin();
    for (_, result) in admin.create_topics([topic], Default::default()).await? {
        result?;
    }
    Ok(())
}

pub async fn produce(kafka: &Kafka, topic: &str, count: usize) -> Result<()> {
    let producer = kafka
        .producer()
        .linger(Duration::from_millis(5))
        .build()
        .await?;
    send(&producer, topic, count).await
}

async fn send(producer: &krafka::producer::Producer, topic: &str, count: usize) -> Result<()> {
    let mut sent = Vec::new();
    for n in 0..count {
        let record = Record::new(topic, n.to_string()).key(n.to_string());
        sent.push(producer.enqueue(record).await?);
    }
    for one in sent {
        let _ = one.await?;
    }
    Ok(producer.close().await?)
}

/// What partition 0 holds.
pub async fn all(
    kafka: &Kafka,
    topic: &str,
    isolation: IsolationLevel,
) -> Result<Vec<ConsumerRecord>> {
    let consumer = kafka
        .consumer_without_group()
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .isolation_level(isolation)
        .build()
        .await?;
    consumer.assign(topic, vec![0]).await?;
    let (_, end) = consumer.fetch_watermarks(topic, 0).await?;
    let mut found = Vec::new();
    // Markers take offsets too: the position tells where the end is.
    while consumer.position(topic, 0).await.unwrap_or(0) < end {
        found.extend(consumer.poll(WAIT).await?);
    }
    consumer.close().await?;
    Ok(found)
}

pub fn values(records: &[ConsumerRecord]) -> Vec<String> {
    let texts = records.iter().filter_map(|record| record.value.as_deref());
    texts
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect()
}

async fn administration(kafka: &Kafka) -> Result<()> {
    let admin = kafka.admin();
    let cluster = admin.describe_cluster(Default::default()).await?;
    equal(cluster.brokers.len(), 3)?;
    let name = "krafka-admin";
    create(
        kafka,
        NewTopic::new(name, 2, 3)?.with_config("retention.ms", "60000"),
    )
    .await?;
    for (_, result) in admin
        .create_partitions([(name, 4)], Default::default())
        .await?
    {
        result?;
    }
    until("four partitions", async || {
        let described = admin.describe_topics([name], Default::default()).await?;
        let found = described.into_values().next().context("no answer")??;
        Ok(found.partitions.len() == 4)
    })
    .await?;
    let resource = [ConfigResource::topic(name)];
    let described = admin.describe_configs(resource, Default::default()).await?;
    let entries = described.into_values().next().context("no answer")??;
    let entry = entries.iter().find(|entry| entry.name == "retention.ms");
    equal(
        entry.and_then(|entry| entry.value.as_deref()),
        Some("60000"),
    )?;
    for (_, result) in admin.delete_topics([name], Default::default()).await? {
        result?;
    }
    until("the end of the topic", async || {
        let names = admin.list_topics(Default::default()).await?;
        Ok(names.iter().all(|one| one != name))
    })
    .await
}

async fn whole_records(kafka: &Kafka) -> Result<()> {
    let name = "krafka-records";
    topic(kafka, name, 1).await?;
    let producer = kafka.producer().build().await?;
    let record = Record::new(name, "a").header("h", "1").null_header("n");
    equal(
        producer
            .send(record.timestamp(1_700_000_000_123))
            .await?
            .offset,
        0,
    )?;
    let _ = producer.send(Record::tombstone(name, "k")).await?;
    producer.close().await?;
    let found = all(kafka, name, IsolationLevel::ReadUncommitted).await?;
    equal(found.len(), 2)?;
    equal(
        (found[0].key.clone(), found[0].timestamp),
        (None, 1_700_000_000_123),
    )?;
    equal(found[0].headers.len(), 2)?;
    equal(found[0].headers[1].clone(), ("n".to_owned(), None))?;
    equal(
        (found[1].key.as_deref(), &found[1].value),
        (Some(&b"k"[..]), &None),
    )
}

async fn codecs(kafka: &Kafka, name: &str, codec: Compression) -> Result<()> {
    let topic_name = format!("krafka-{name}");
    topic(kafka, &topic_name, 1).await?;
    let producer = kafka.producer().compression(codec);
    let producer = producer.linger(Duration::from_millis(20)).build().await?;
    send(&producer, &topic_name, 1000).await?;
    let found = all(kafka, &topic_name, IsolationLevel::ReadUncommitted).await?;
    equal(values(&found), (0..1000).map(|n| n.to_string()).collect())
}

async fn weaker_acks(kafka: &Kafka) -> Result<()> {
    let name = "krafka-acks";
    topic(kafka, name, 1).await?;
    for acks in [Acks::None, Acks::Leader] {
        let producer = kafka.producer().idempotent(false).acks(acks);
        send(&producer.build().await?, name, 10).await?;
    }
    until("twenty records", async || {
        Ok(all(kafka, name, IsolationLevel::ReadUncommitted)
            .await?
            .len()
            == 20)
    })
    .await
}

async fn offsets(kafka: &Kafka) -> Result<()> {
    let name = "krafka-offsets";
    topic(kafka, name, 1).await?;
    produce(kafka, name, 10).await?;
    let partition = TopicPartition::new(name, 0);
    let admin = kafka.admin();
    let deleted = admin.delete_records([(partition, 4)], Default::default());
    for (_, result) in deleted.await? {
        equal(result?, 4)?;
    }
    let consumer = kafka.consumer_without_group().build().await?;
    equal(consumer.fetch_watermarks(name, 0).await?, (4, 10))?;
    consumer.assign(name, vec![0]).await?;
    consumer.seek_to_timestamp(name, 0, 1_000).await?;
    let mut found = Vec::new();
    while found.len() < 6 {
        found.extend(consumer.poll(WAIT).await?);
    }
    equal(found[0].offset, 4)?;
    Ok(consumer.close().await?)
}

/// A topic of one partition that is compacted soon and often.
pub async fn compacted(kafka: &Kafka, name: &str) -> Result<()> {
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "0"),
    ];
    let plain = NewTopic::new(name, 1, 3)?;
    let with = |topic: NewTopic, (key, value)| topic.with_config(key, value);
    create(kafka, settings.into_iter().fold(plain, with)).await
}

async fn compaction(kafka: &Kafka) -> Result<()> {
    let name = "krafka-compacted";
    compacted(kafka, name).await?;
    let producer = kafka.producer().build().await?;
    refused(
        producer.send(Record::new(name, "no key")).await,
        "InvalidRecord",
    )?;
    for n in 0..20 {
        let record = Record::new(name, n.to_string()).key(format!("k{}", n % 2));
        let _ = producer.send(record).await?;
    }
    until("the last values alone", async || {
        // Only what a newer segment follows is cleaned.
        let _ = producer.send(Record::new(name, "now").key("clock")).await?;
        let found = all(kafka, name, IsolationLevel::ReadUncommitted).await?;
        let found = values(&found);
        Ok(found
            .iter()
            .filter(|value| *value != "now")
            .eq(["18", "19"]))
    })
    .await
}

async fn refusals(kafka: &Kafka) -> Result<()> {
    let name = "krafka-refused";
    topic(kafka, name, 1).await?;
    refused(topic(kafka, name, 1).await, "TopicAlreadyExists")?;
    let soon = NewTopic::new("krafka-soon", 1, 1)?.with_config("retention.ms", "soon");
    refused(create(kafka, soon).await, "InvalidConfig")?;
    let many = NewTopic::new("krafka-many", 1, 9)?;
    refused(create(kafka, many).await, "InvalidReplicationFactor")?;
    let admin = kafka.admin();
    let absent = admin.delete_topics(["krafka-absent"], Default::default());
    for (_, result) in absent.await? {
        refused(result, "UnknownTopicOrPartition")?;
    }
    let producer = kafka
        .producer()
        .max_request_size(10_000_000)
        .build()
        .await?;
    let large = producer
        .send(Record::new(name, "x".repeat(5_000_000)))
        .await;
    refused(large, "MessageTooLarge")?;
    let _ = producer.send(Record::new(name, "small")).await?;
    let found = all(kafka, name, IsolationLevel::ReadUncommitted).await?;
    equal(values(&found), vec!["small".to_owned()])
}
