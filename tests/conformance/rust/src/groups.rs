//! krafka: groups of both protocols.

use crate::cases::{case, equal, until};
use crate::full::{produce, topic};
use anyhow::{Context, Result};
use krafka::Kafka;
use krafka::consumer::{AutoOffsetReset, Consumer, GroupProtocol, PartitionAssignmentStrategy};
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(100);

pub async fn run(address: &str) {
    let kafka = match Kafka::builder(address).connect().await {
        Ok(kafka) => kafka,
        Err(error) => return println!("not ok krafka: connect: {error}"),
    };
    for (name, protocol) in [
        ("classic", GroupProtocol::Classic),
        ("KIP-848", GroupProtocol::Consumer),
    ] {
        let title = format!("krafka: a {name} group goes on where it was");
        case(&title, resumes(&kafka, &name.to_lowercase(), protocol)).await;
        let title = format!("krafka: members of a {name} group share and take over");
        case(&title, shares(address, &name.to_lowercase(), protocol)).await;
    }
    case("krafka: groups are listed and described", described(&kafka)).await;
}

async fn member(
    kafka: &Kafka,
    group: &str,
    topic: &str,
    protocol: GroupProtocol,
) -> Result<Consumer> {
    let member = kafka
        .consumer(group)
        .group_protocol(protocol)
        .partition_assignment_strategy(PartitionAssignmentStrategy::CooperativeSticky)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .enable_auto_commit(false)
        .build()
        .await?;
    member.subscribe([topic]).await?;
    Ok(member)
}

async fn read(member: &Consumer, count: usize) -> Result<()> {
    let mut found = 0;
    while found < count {
        found += member.poll(WAIT).await?.len();
    }
    equal(found, count)
}

async fn resumes(kafka: &Kafka, name: &str, protocol: GroupProtocol) -> Result<()> {
    let (topic_name, group) = (format!("krafka-{name}-resumes"), format!("{name}-resumes"));
    topic(kafka, &topic_name, 2).await?;
    for (before, more) in [(0, 10), (10, 5)] {
        produce(kafka, &topic_name, more).await?;
        let member = member(kafka, &group, &topic_name, protocol).await?;
        read(&member, more).await?;
        member.commit().await?;
        let committed = member
            .committed(&[(&topic_name, 0), (&topic_name, 1)])
            .await?;
        let total: i64 = committed.values().map(|position| position.offset).sum();
        equal(total, before + i64::try_from(more)?)?;
        member.close().await?;
    }
    Ok(())
}

/// How many partitions a member has after it was polled.
async fn owned(member: &Consumer) -> Result<usize> {
    member.poll(WAIT).await?;
    Ok(member.assignment().await.values().map(Vec::len).sum())
}

async fn shares(address: &str, name: &str, protocol: GroupProtocol) -> Result<()> {
    // A join that waits holds up what comes behind it on its connection, such as the heartbeat of
    // the member that it waits for.
    let kafka = &Kafka::builder(address).connect().await?;
    let own = &Kafka::builder(address).connect().await?;
    let (topic_name, group) = (format!("krafka-{name}-shares"), format!("{name}-shares"));
    topic(kafka, &topic_name, 4).await?;
    let first = member(kafka, &group, &topic_name, protocol).await?;
    until("all partitions with one", async || {
        Ok(owned(&first).await? == 4)
    })
    .await?;
    let second = member(own, &group, &topic_name, protocol).await?;
    until("two partitions each", async || {
        // Together: who joins may wait in its poll for the other one.
        let (first, second) = tokio::join!(owned(&first), owned(&second));
        Ok((first?, second?) == (2, 2))
    })
    .await?;
    first.close().await?;
    until("all partitions with the other", async || {
        Ok(owned(&second).await? == 4)
    })
    .await?;
    Ok(second.close().await?)
}

async fn described(kafka: &Kafka) -> Result<()> {
    let name = "krafka-described";
    topic(kafka, name, 1).await?;
    let member = member(kafka, name, name, GroupProtocol::Classic).await?;
    until("a partition", async || Ok(owned(&member).await? == 1)).await?;
    let admin = kafka.admin();
    let described = admin
        .describe_consumer_groups([name], Default::default())
        .await?;
    let found = described.into_values().next().context("no answer")??;
    equal((found.state.as_str(), found.members.len()), ("Stable", 1))?;
    let listed = admin.list_consumer_groups(Default::default()).await?;
    let mut names = Vec::new();
    for (_, groups) in listed {
        names.extend(groups?.into_iter().map(|group| group.group_id));
    }
    equal(names.iter().filter(|one| *one == name).count(), 1)?;
    member.close().await?;
    for (_, result) in admin
        .delete_consumer_groups([name], Default::default())
        .await?
    {
        result?;
    }
    Ok(())
}
