//! From a disk to a node: recovers every log, then takes part in the quorum and lets the lifecycle
//! begin. Bytes come as loads, so this goes on as they arrive.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use konbini_log::{
    DiskImage, Load, LoadError, Log, LogConfig, LogDir, LogState, Recovery, RecoveryOptions,
    RecoveryReport, RootCheckpoints,
};
use konbini_raft::Input;
use konbini_trace::Event;

use crate::api::fetch_session::FetchSessions;
use crate::config::BrokerConfig;
use crate::coordinator::GroupHost;
use crate::lifecycle::{self, Lifecycle};
use crate::loads::Loads;
use crate::metadata::{self, METADATA_TOPIC, METADATA_TOPIC_ID, Metadata, metadata_dir};
use crate::node::{Channels, Node, TopicPartition};
use crate::producer_ids::ProducerIds;
use crate::purgatory::Watch;
use crate::quorum::{self, Quorum};
use crate::replica::compact::{self, Compaction};
use crate::replica::{self, Replicas, retain};
use crate::rng::Rng;
use crate::transactions::TransactionHost;
use crate::{LoadId, Output};

/// Sets the node's own ids apart from other uses of the seed.
const NODE: u64 = 0x6e6f_6465;

/// Recoveries that are under way.
#[derive(Default)]
pub(crate) struct Boot {
    recoveries: BTreeMap<LogDir, Recovery>,
    /// The metadata log, until all logs are open.
    metadata_log: Option<Log>,
    /// The small files beside it: quorum-state, snapshots.
    metadata_files: BTreeMap<String, Bytes>,
}

pub(crate) fn start(config: BrokerConfig, now: i64, mut disk: DiskImage) -> Node {
    let mut rng = Rng::new(
        config.seed,
        &[NODE, config.node_id as u64, config.incarnation],
    );
    let incarnation = rng.uuid();
    let root = disk.dirs.remove(&LogDir::root()).unwrap_or_default();
    let (checkpoints, damaged) = RootCheckpoints::read(&root);
    let replicas = Replicas {
        checkpoints,
        next_retention_ms: Some(now + retain::FIRST_CHECK_MS),
        next_checkpoint_ms: Some(now),
        compaction: Compaction::starting_at(now),
        ..Replicas::default()
    };
    let mut node = Node {
        client_name: format!("broker-{}", config.node_id),
        groups: GroupHost::new(&config),
        transactions: TransactionHost::new(&config),
        lifecycle: Lifecycle::new(incarnation, now),
        channels: Channels::new(&config, now),
        config,
        now,
        rng,
        quorum: Quorum::default(),
        metadata: Metadata::default(),
        controller: None,
        replicas,
        sessions: FetchSessions::new(),
        producer_ids: ProducerIds::default(),
        loads: Loads::default(),
        boot: Boot::default(),
        next_conn: 0,
        topics_in_creation: BTreeSet::new(),
        setting_cache: RefCell::default(),
        out: VecDeque::new(),
        signals: Vec::new(),
        forwarded: Vec::new(),
        replies: Vec::new(),
        given_up: Vec::new(),
    };
    for reason in damaged {
        node.emit(Event::warn("checkpoint-damaged").with("reason", reason));
    }
    retain::plan_producer_check(&mut node);
    recover(&mut node, disk);
    node
}

fn recover(node: &mut Node, disk: DiskImage) {
    let metadata_dir = metadata_dir();
    if !disk.dirs.contains_key(&metadata_dir) {
        let mut ops = Vec::new();
        let config = metadata::log_config();
        let (dir, id) = (metadata_dir.clone(), METADATA_TOPIC_ID);
        let log = Log::create(dir, id, config, node.now, &mut ops);
        node.out.extend(ops.into_iter().map(Output::Store));
        node.boot.metadata_log = Some(log);
    }
    for (dir, image) in disk.dirs {
        let Some((topic, _)) = dir.topic_partition() else {
            node.emit(Event::warn("unknown-directory").with("dir", dir.to_string()));
            continue;
        };
        let mut config = if topic == METADATA_TOPIC {
            metadata::log_config()
        } else {
            LogConfig::default()
        };
        // The topic's own settings come later; that its offsets may have gaps matters now.
        let checkpoints = &node.replicas.checkpoints;
        config.cleanup_policy.compact = checkpoints.cleaner_offset(&dir).is_some();
        if dir == metadata_dir {
            node.boot.metadata_files = image.files.clone();
        }
        let options = RecoveryOptions {
            recovery_point: node.replicas.checkpoints.recovery_point(&dir),
            log_start: node.replicas.checkpoints.log_start(&dir),
            now: node.now,
        };
        let recovery = Recovery::start(dir.clone(), image, config, options);
        node.boot.recoveries.insert(dir, recovery);
    }
    let dirs: Vec<LogDir> = node.boot.recoveries.keys().cloned().collect();
    for dir in dirs {
        go_on(node, &dir);
    }
    check_done(node);
}

/// Asks for what a recovery needs, or takes its log when it needs nothing more.
fn go_on(node: &mut Node, dir: &LogDir) {
    let Some(recovery) = node.boot.recoveries.get(dir) else {
        return;
    };
    if let Some(load) = recovery.wanted() {
        node.loads.ask(load, &mut node.out);
        return;
    }
    let Some(recovery) = node.boot.recoveries.remove(dir) else {
        return;
    };
    let mut ops = Vec::new();
    let (mut log, report) = recovery.finish(&mut ops);
    if let Some(committed) = node.replicas.checkpoints.high_watermark(dir) {
        log.set_high_watermark(committed);
    }
    if let Some(cleaned) = node.replicas.checkpoints.cleaner_offset(dir) {
        log.set_cleaned_to(cleaned);
    }
    node.replicas.checkpoints.observe(&log);
    node.out.extend(ops.into_iter().map(Output::Store));
    say(node, dir, &log, report);
    if *dir == metadata_dir() {
        node.boot.metadata_log = Some(log);
    } else if log.topic_id().is_nil() {
        node.replicas.unclaimed.insert(dir.clone(), log);
    } else if let Some((topic, index)) = dir.topic_partition() {
        let partition = TopicPartition {
            topic: log.topic_id(),
            index,
        };
        node.replicas.insert(partition, topic.to_owned(), log);
    }
}

fn say(node: &mut Node, dir: &LogDir, log: &Log, report: RecoveryReport) {
    if let Some(cut) = report.truncated {
        node.emit(
            Event::warn("log-truncated")
                .with("dir", dir.to_string())
                .with("segment", cut.segment)
                .with("position", i64::from(cut.position))
                .with("bytes", i64::from(cut.bytes))
                .with("log-end", log.log_end_offset())
                .with("reason", cut.reason),
        );
    }
    for reason in report.ignored_files {
        let event = Event::warn("file-ignored").with("dir", dir.to_string());
        node.emit(event.with("reason", reason));
    }
    if let LogState::Offline { reason } = log.state() {
        let event = Event::error("log-offline").with("dir", dir.to_string());
        node.emit(event.with("reason", reason.as_str()));
    }
}

/// Goes on with the quorum once every log is open.
fn check_done(node: &mut Node) {
    if !node.boot.recoveries.is_empty() {
        return;
    }
    let Some(mut log) = node.boot.metadata_log.take() else {
        return;
    };
    let mut ops = Vec::new();
    node.replicas.checkpoints.flush(&mut ops);
    node.out.extend(ops.into_iter().map(Output::Store));
    if metadata_is_lost(node, &log) {
        log.fail("the metadata log is empty, but there are logs with records");
    }
    let files = std::mem::take(&mut node.boot.metadata_files);
    quorum::start(node, log, &files);
    if node.quorum.log().is_some_and(Log::is_online) {
        lifecycle::recovered(node);
    }
}

/// Whether the only voter has records of topics but not the log that says which topics there are.
/// To go on would be a new cluster on the disks of the old one. With more voters the others have it.
fn metadata_is_lost(node: &Node, metadata: &Log) -> bool {
    let empty = metadata.is_online() && metadata.log_end_offset() == 0;
    let replicas = &node.replicas;
    let logs = replicas.partitions.values().map(|replica| replica.log());
    let has_records = |log: &Log| log.log_end_offset() > 0;
    let alone = node.config.is_only_voter();
    alone && empty && logs.chain(replicas.unclaimed.values()).any(has_records)
}

/// The answer to a load.
pub(crate) fn loaded(node: &mut Node, id: LoadId, result: Result<Bytes, LoadError>) {
    let Some(load) = node.loads.done(id) else {
        return;
    };
    if let Some(recovery) = node.boot.recoveries.get_mut(&load.dir) {
        recovery.loaded(result);
        go_on(node, &load.dir);
        return check_done(node);
    }
    if load.dir == metadata_dir() {
        return quorum::handle(node, Input::Loaded(load, result));
    }
    if let Some(partition) = node.replicas.dirs.get(&load.dir).copied()
        && let Some(replica) = node.replicas.partitions.get_mut(&partition)
    {
        let was_online = replica.log().is_online();
        take(replica.log_mut(), &load, result);
        if was_online && !replica.log().is_online() {
            replica::went_offline(node, partition);
        }
    }
    node.groups.replays.loaded(id);
    node.transactions.replays.loaded(id);
    replica::fetcher::loaded(node, id);
    compact::loaded(node, id);
    node.signal(Watch::Load(id));
}

fn take(log: &mut Log, load: &Load, result: Result<Bytes, LoadError>) {
    match result {
        // A log that does not accept the bytes goes offline and keeps the reason.
        Ok(bytes) => drop(log.loaded(load, bytes)),
        Err(error) => log.load_failed(load, &error),
    }
}

/// Store operations failed: the logs that they belong to are not to be trusted any more.
pub(crate) fn store_failed(node: &mut Node, dir: Option<LogDir>, reason: &str) {
    let all = dir.as_ref().is_none_or(LogDir::is_root);
    let hit = |other: &LogDir| all || dir.as_ref() == Some(other);
    if let Some(dir) = dir.as_ref().filter(|_| !all) {
        let mut ops = Vec::new();
        node.replicas.checkpoints.distrust(dir);
        node.replicas.checkpoints.flush(&mut ops);
        node.out.extend(ops.into_iter().map(Output::Store));
    }
    if hit(&metadata_dir()) {
        quorum::store_failed(node, reason);
    }
    let partitions: Vec<TopicPartition> = node
        .replicas
        .dirs
        .iter()
        .filter(|(dir, _)| hit(dir))
        .map(|(_, p)| *p)
        .collect();
    for partition in partitions {
        if let Some(replica) = node.replicas.partitions.get_mut(&partition)
            && replica.log().is_online()
        {
            replica.log_mut().fail(reason);
            replica::went_offline(node, partition);
        }
    }
}
