//! Brokers that go and come under a producer and a reader: what was acknowledged stays.

use crate::cases::{case, equal, until};
use crate::full::{all, topic, values};
use crate::small;
use anyhow::{Context, Result, ensure};
use chrono::Utc;
use krafka::admin::PartitionDescription;
use krafka::consumer::{AutoOffsetReset, IsolationLevel};
use krafka::{Kafka, KrafkaError, Record};
use rskafka::BackoffConfig;
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, UnknownTopicHandling};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WAIT: Duration = Duration::from_millis(100);
/// The server's least.
const SESSION: Duration = Duration::from_secs(6);
/// Records between two orders.
const RECORDS: usize = 200;

pub async fn run(address: &str) {
    case(
        "rskafka: a leader is killed, then one stopped, under load: nothing acknowledged is lost",
        partition_of_one(address),
    )
    .await;
    case(
        "krafka: a leader is killed, then one stopped, under load: no record is lost, none is twice, a \
         group reads all",
        group(address),
    )
    .await;
}

/// How far a producer and a reader are that work beside each other.
#[derive(Default)]
struct Load {
    /// Each record is acknowledged before the next one goes: so many were.
    sent: Cell<usize>,
    seen: RefCell<BTreeSet<String>>,
    /// No more is sent.
    over: Cell<bool>,
}

impl Load {
    fn is_read(&self) -> bool {
        self.over.get() && self.seen.borrow().len() >= self.sent.get()
    }

    fn next(&self) -> Option<String> {
        (!self.over.get()).then(|| self.sent.get().to_string())
    }

    fn acknowledged(&self) {
        self.sent.set(self.sent.get() + 1);
    }

    fn expected(&self) -> Vec<String> {
        (0..self.sent.get()).map(|n| n.to_string()).collect()
    }

    async fn more(&self) -> Result<()> {
        let seen = self.seen.borrow().len();
        let (to_send, to_read) = (self.sent.get() + RECORDS, seen + RECORDS);
        until("more records", async || {
            Ok(self.sent.get() >= to_send && self.seen.borrow().len() >= to_read)
        })
        .await
        .with_context(|| {
            format!(
                "{} sent, {} read",
                self.sent.get(),
                self.seen.borrow().len()
            )
        })
    }

    /// Kills the leader, then stops the next one; each comes back.
    async fn through(&self, kafka: &Kafka, topic: &str) -> Result<()> {
        self.more().await?;
        for what in ["kill", "stop"] {
            let leader = partition(kafka, topic).await?.leader.context("a leader")?;
            order(leader, what).await?;
            until("another leader", async || {
                let now = partition(kafka, topic).await?.leader;
                Ok(now.is_some_and(|now| now != leader))
            })
            .await?;
            self.more().await?;
            order(leader, "start").await?;
            until("all replicas in sync", async || {
                Ok(partition(kafka, topic).await?.isr.len() == 3)
            })
            .await?;
            self.more().await?;
        }
        self.over.set(true);
        Ok(())
    }
}

async fn partition(kafka: &Kafka, topic: &str) -> Result<PartitionDescription> {
    let admin = kafka.admin();
    let described = admin.describe_topics([topic], Default::default());
    let found = described.await?.into_values().next().context("no answer")?;
    found?.partitions.into_iter().next().context("no partition")
}

/// To the server itself: ../README.md.
async fn order(broker: i32, what: &str) -> Result<()> {
    let address = std::env::var("KONBINI_CONTROL").context("KONBINI_CONTROL")?;
    let mut stream = TcpStream::connect(&address).await?;
    let request = format!("POST /brokers/{broker}/{what} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(
        answer.starts_with("HTTP/1.1 202 "),
        "{what} {broker}: {answer}"
    );
    Ok(())
}

/// Of the classic protocol: see ../FINDINGS.md.
async fn group(address: &str) -> Result<()> {
    let kafka = &Kafka::builder(address).connect().await?;
    let name = "krafka-failover";
    topic(kafka, name, 1).await?;
    let load = &Load::default();
    let write = async {
        let producer = kafka.producer().linger(Duration::ZERO).build().await?;
        while let Some(value) = load.next() {
            let _ = producer.send(Record::new(name, value)).await?;
            load.acknowledged();
        }
        Ok(producer.close().await?)
    };
    let read = async {
        // Its own connections: a join that waits would hold up the producer behind it.
        let kafka = Kafka::builder(address).metadata_max_age(WAIT);
        let kafka = kafka.connect().await?;
        let member = kafka.consumer(name);
        let member = member.auto_offset_reset(AutoOffsetReset::Earliest);
        // At a new coordinator it joins as another member, and waits until the first is out of the group.
        let member = member.session_timeout(SESSION).build().await?;
        member.subscribe([name]).await?;
        while !load.is_read() {
            let found = member.poll(WAIT).await?;
            if found.is_empty() {
                // By itself it goes on asking a leader that is gone.
                member
                    .fetch_metadata(Some(name))
                    .await
                    .map(drop)
                    .or_else(passing)?;
            }
            load.seen.borrow_mut().extend(values(&found));
        }
        Ok(member.close().await?)
    };
    tokio::try_join!(write, read, load.through(kafka, name))?;
    let found = all(kafka, name, IsolationLevel::ReadUncommitted).await?;
    equal(values(&found), load.expected())
}

/// A broker that is gone is no reason to end.
fn passing(error: KrafkaError) -> Result<()> {
    match error.is_retriable() {
        true => Ok(()),
        false => Err(error.into()),
    }
}

async fn partition_of_one(address: &str) -> Result<()> {
    let name = "rskafka-failover";
    let kafka = &Kafka::builder(address).connect().await?;
    let patient = BackoffConfig {
        max_backoff: Duration::from_secs(1),
        ..BackoffConfig::default()
    };
    let client = ClientBuilder::new(vec![address.to_owned()]);
    let client = &client.backoff_config(patient).build().await?;
    let writer = small::partition(client, name).await?;
    let unknown = UnknownTopicHandling::Retry;
    let reader = client.partition_client(name, 0, unknown).await?;
    let load = &Load::default();
    let write = async {
        while let Some(value) = load.next() {
            let record = small::record(&value, Utc::now());
            writer
                .produce(vec![record], Compression::NoCompression)
                .await?;
            load.acknowledged();
        }
        Ok(())
    };
    let read = async {
        let mut next = 0;
        while !load.is_read() {
            let (found, _) = reader.fetch_records(next, 1..1_000_000, 100).await?;
            for one in found {
                next = one.offset + 1;
                load.seen.borrow_mut().insert(small::text(&one.record));
            }
        }
        Ok(())
    };
    tokio::try_join!(write, read, load.through(kafka, name))?;
    // It has no idempotent producer: what was sent again may be there again.
    let mut found = values(&all(kafka, name, IsolationLevel::ReadUncommitted).await?);
    found.dedup();
    equal(found, load.expected())
}
