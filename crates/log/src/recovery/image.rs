//! From the files of a directory to a log whose segments are cold, and a plan of what to read.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use uuid::Uuid;

use super::{Recovery, RecoveryOptions, RecoveryReport, Task};
use crate::checkpoint::parse_partition_metadata;
use crate::config::LogConfig;
use crate::epoch::LeaderEpochs;
use crate::extents::Extents;
use crate::index::{OffsetIndex, TimeIndex, TransactionIndex};
use crate::log::Log;
use crate::producer::{self, Producers};
use crate::retention::delete_marked;
use crate::segment::Segment;
use crate::store::{
    DELETED, DirImage, EPOCHS, INDEX, LogDir, METADATA, SNAPSHOT, StoreOp, TIME_INDEX, TXN_INDEX,
    file_name, offset_of,
};

pub(super) fn open(
    dir: LogDir,
    mut image: DirImage,
    config: LogConfig,
    options: RecoveryOptions,
) -> Recovery {
    let mut report = RecoveryReport::default();
    let mut ops = Vec::new();
    finish_deletions(&dir, &mut image, &mut ops);
    let snapshots = snapshots(&dir, &image, &mut report, &mut ops);
    let base = image.segments.keys().next().copied();
    let newest = snapshots.keys().next_back().copied().unwrap_or(0);
    let start = options.log_start.unwrap_or(0).max(base.unwrap_or(newest));
    let mut log = Log::empty(dir, Uuid::nil(), config, base.unwrap_or(start), options.now);
    log.log_start = start;
    if base.is_some() {
        log.segments.clear();
    }
    let mut recovery = Recovery {
        log,
        report,
        ops,
        tasks: VecDeque::new(),
        scan: None,
        replay_from: 0,
        stored_to: options.recovery_point.unwrap_or(0).max(newest),
        epochs_known: false,
        now: options.now,
    };
    if let Err(reason) = check_files(
        &recovery.log.dir,
        &image,
        options.log_start.unwrap_or(0),
        &mut recovery.ops,
    ) {
        // An offline log still needs an active segment.
        recovery
            .log
            .segments
            .entry(start)
            .or_insert_with(|| Segment::new(start, options.now));
        recovery.fail(reason);
        return recovery;
    }
    recovery.log.topic_id = image
        .files
        .get(METADATA)
        .and_then(|bytes| parse_partition_metadata(bytes).ok())
        .unwrap_or_default();
    recovery.log.epochs = image
        .files
        .get(EPOCHS)
        .and_then(|bytes| LeaderEpochs::parse(bytes).ok())
        .unwrap_or_default();
    recovery.epochs_known = !recovery.log.epochs.entries().is_empty();
    plan(&mut recovery, &image, snapshots, options);
    recovery
}

/// Deletes what was deleted before the start and waited for `file.delete.delay.ms`: nobody reads
/// it any more.
fn finish_deletions(dir: &LogDir, image: &mut DirImage, ops: &mut Vec<StoreOp>) {
    let marked = image
        .files
        .keys()
        .filter_map(|name| offset_of(name, DELETED));
    for base in marked.collect::<Vec<_>>() {
        image.segments.remove(&base);
        for suffix in [INDEX, TIME_INDEX, TXN_INDEX, DELETED] {
            image.files.remove(&file_name(base, suffix));
        }
        delete_marked(dir, base, ops);
    }
}

/// The usable producer snapshots. A damaged one is removed: an older one and more reading do.
fn snapshots(
    dir: &LogDir,
    image: &DirImage,
    report: &mut RecoveryReport,
    ops: &mut Vec<StoreOp>,
) -> BTreeMap<i64, Bytes> {
    let mut out = BTreeMap::new();
    for (name, bytes) in &image.files {
        let Some(offset) = offset_of(name, SNAPSHOT) else {
            continue;
        };
        match producer::decode(bytes) {
            Ok(_) => {
                out.insert(offset, bytes.clone());
            }
            Err(reason) => {
                report.ignored_files.push(format!("{name}: {reason}"));
                ops.push(StoreOp::Remove {
                    dir: dir.clone(),
                    name: name.clone(),
                });
            }
        }
    }
    out
}

/// What cannot be made again from the segments must be whole, and no segment may be missing.
fn check_files(
    dir: &LogDir,
    image: &DirImage,
    log_start: i64,
    ops: &mut Vec<StoreOp>,
) -> Result<(), String> {
    if let Some(bytes) = image.files.get(METADATA) {
        parse_partition_metadata(bytes).map_err(|e| format!("{dir}/{METADATA}: {e}"))?;
    }
    if let Some(bytes) = image.files.get(EPOCHS) {
        LeaderEpochs::parse(bytes).map_err(|e| format!("{dir}/{EPOCHS}: {e}"))?;
    }
    for name in image.files.keys() {
        let suffixes = [INDEX, TIME_INDEX, TXN_INDEX];
        let Some(base) = suffixes.iter().find_map(|suffix| offset_of(name, suffix)) else {
            continue;
        };
        if image.segments.contains_key(&base) {
            continue;
        }
        // Deleting a segment removes its `.log` last, so this one was not deleted.
        if base >= log_start {
            return Err(format!(
                "{dir}: segment {base} is missing, but {name} is there"
            ));
        }
        ops.push(StoreOp::Remove {
            dir: dir.clone(),
            name: name.clone(),
        });
    }
    Ok(())
}

fn plan(
    recovery: &mut Recovery,
    image: &DirImage,
    snapshots: BTreeMap<i64, Bytes>,
    options: RecoveryOptions,
) {
    let bases: Vec<i64> = image.segments.keys().copied().collect();
    let Some(&active) = bases.last() else {
        recovery.log.snapshots = snapshots;
        return;
    };
    let trusted = options.recovery_point.unwrap_or(i64::MAX);
    let (mut replay_from, mut entries) = (bases[0], Vec::new());
    if let Some((at, bytes)) = snapshots.range(..=trusted).next_back() {
        replay_from = *at;
        entries = producer::decode(bytes).unwrap_or_default();
    }
    let mut broken = Vec::new();
    for (&base, &size) in &image.segments {
        let mut segment = Segment::with_extents(base, Extents::cold(size), options.now);
        let mut problem = None;
        if let Err(reason) = read_indexes(&mut segment, image) {
            // The active segment's index files come with the first recovery point.
            let unwritten = base == active && !image.files.contains_key(&file_name(base, INDEX));
            if !unwritten {
                recovery.report.ignored_files.push(reason);
            }
            problem = Some(base);
        }
        match read_txn_index(&mut segment, image) {
            Ok(()) => {}
            Err(reason) => {
                recovery.report.ignored_files.push(reason);
                // Aborts are found again by replaying from before the segment.
                if let Some((at, older)) = snapshots.range(..=base.min(replay_from)).next_back() {
                    replay_from = *at;
                    entries = producer::decode(older).unwrap_or_default();
                } else {
                    (replay_from, entries) = (bases[0], Vec::new());
                }
            }
        }
        broken.extend(problem);
        recovery.log.segments.insert(base, segment);
    }
    recovery.log.producers = Producers::from_entries(entries);
    recovery.log.snapshots = snapshots;
    recovery.log.recovery_point = replay_from;
    recovery.log.log_end = active;
    recovery.replay_from = replay_from;
    for (i, &base) in bases.iter().enumerate() {
        let next = bases.get(i + 1).copied().unwrap_or(i64::MAX);
        let replay = next > replay_from;
        if let Some(segment) = recovery.log.segments.get_mut(&base) {
            let start = prepare(segment, replay, replay_from, broken.contains(&base));
            if let Some(start) = start {
                recovery.tasks.push_back(Task {
                    segment: base,
                    start,
                    replay,
                });
            }
        }
    }
}

/// Readies a segment's indexes for what will be read of it: from where, or `None` for nothing.
fn prepare(segment: &mut Segment, replay: bool, replay_from: i64, broken: bool) -> Option<u32> {
    if broken {
        segment.offset_index = OffsetIndex::new(segment.base_offset);
        segment.time_index = TimeIndex::new(segment.base_offset);
    }
    let start = if replay || broken {
        segment.offset_index.truncate_to(replay_from);
        if replay {
            segment.txn_index.truncate_to(replay_from);
        }
        Some(segment.rewind_indexes(u32::MAX))
    } else {
        let last = segment.time_index.last();
        (segment.max_timestamp, segment.offset_of_max_timestamp) =
            last.unwrap_or((-1, segment.base_offset));
        None
    };
    if !segment.time_index.is_empty() {
        segment.rolling_timestamp = Some(segment.time_index.entry(0).0);
    }
    start
}

fn read_indexes(segment: &mut Segment, image: &DirImage) -> Result<(), String> {
    let base = segment.base_offset;
    let file = |suffix: &str| {
        let name = file_name(base, suffix);
        image
            .files
            .get(&name)
            .cloned()
            .ok_or_else(|| format!("{name}: it is missing"))
    };
    let named = |suffix: &str, reason: String| format!("{}: {reason}", file_name(base, suffix));
    segment.offset_index = OffsetIndex::from_bytes(base, &file(INDEX)?, segment.size())
        .map_err(|e| named(INDEX, e))?;
    segment.time_index =
        TimeIndex::from_bytes(base, &file(TIME_INDEX)?).map_err(|e| named(TIME_INDEX, e))?;
    Ok(())
}

fn read_txn_index(segment: &mut Segment, image: &DirImage) -> Result<(), String> {
    let name = file_name(segment.base_offset, TXN_INDEX);
    if let Some(bytes) = image.files.get(&name) {
        segment.txn_index =
            TransactionIndex::from_bytes(bytes).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}
