//! A log against the simplest model of one: a list of values by offset.

use std::collections::BTreeMap;

use konbini_protocol::compression::Codec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::partition::*;
use crate::{Log, LogConfig, LogDir, RecoveryOptions, Truncation};

#[derive(Debug, Clone)]
enum Step {
    Append {
        values: usize,
        size: usize,
        codec: Codec,
    },
    Produce {
        producer: i64,
        values: usize,
    },
    NewLeader,
    Evict(usize),
    Read {
        at: usize,
        max: usize,
    },
    Truncate(usize),
    DeleteRecords(usize),
    Retention,
    Close,
    Reopen {
        checkpointed: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let codec = prop::sample::select(&Codec::ALL[..]);
    prop_oneof![
        6 => (1usize..5, 0usize..80, codec)
            .prop_map(|(values, size, codec)| Step::Append { values, size, codec }),
        4 => (1i64..4, 1usize..4).prop_map(|(producer, values)| Step::Produce { producer, values }),
        1 => Just(Step::NewLeader),
        2 => (0usize..2000).prop_map(Step::Evict),
        3 => (0usize..100, 0usize..1000).prop_map(|(at, max)| Step::Read { at, max }),
        1 => (0usize..100).prop_map(Step::Truncate),
        1 => (0usize..100).prop_map(Step::DeleteRecords),
        1 => Just(Step::Retention),
        1 => Just(Step::Close),
        2 => any::<bool>().prop_map(|checkpointed| Step::Reopen { checkpointed }),
    ]
}

struct Model {
    values: BTreeMap<i64, String>,
    start: i64,
    end: i64,
    /// First offset of each batch.
    batches: Vec<i64>,
    /// Batches of each producer: first offset, epoch, first sequence, values.
    produced: BTreeMap<i64, Vec<(i64, i32, Vec<String>)>>,
    serial: usize,
}

impl Model {
    fn fresh(&mut self, count: usize, size: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                self.serial += 1;
                format!("{}-{}", self.serial, "x".repeat(size))
            })
            .collect()
    }

    fn append(&mut self, values: &[String]) {
        self.batches.push(self.end);
        for value in values {
            self.values.insert(self.end, value.clone());
            self.end += 1;
        }
    }

    fn cut(&mut self, end: i64) {
        self.end = end;
        self.values.split_off(&end);
        self.batches.retain(|first| *first < end);
        for batches in self.produced.values_mut() {
            batches.retain(|(first, ..)| *first < end);
        }
    }

    /// An offset of the log, its end included.
    fn offset(&self, at: usize) -> i64 {
        self.start + at as i64 % (self.end - self.start + 1)
    }
}

fn run(steps: Vec<Step>) {
    let mut log = Partition::new(&[
        ("internal.segment.bytes", "700"),
        ("index.interval.bytes", "120"),
        ("retention.bytes", "3000"),
    ]);
    let mut model = Model {
        values: BTreeMap::new(),
        start: 0,
        end: 0,
        batches: Vec::new(),
        produced: BTreeMap::new(),
        serial: 0,
    };
    for step in steps {
        apply(&step, &mut log, &mut model);
        check(&step, &mut log, &model);
    }
}

fn apply(step: &Step, log: &mut Partition, model: &mut Model) {
    match *step {
        Step::Append {
            values,
            size,
            codec,
        } => {
            let values = model.fresh(values, size);
            let refs: Vec<&str> = values.iter().map(String::as_str).collect();
            let info = log.append(builder(&refs, 1000, codec).build());
            assert_eq!((info.first_offset, info.duplicate), (model.end, false));
            model.append(&values);
        }
        Step::Produce { producer, values } => produce(log, model, producer, values),
        Step::NewLeader => log.epoch += 1,
        Step::Evict(bytes) => {
            log.log.evict(bytes);
        }
        Step::Read { at, max } => {
            log.read(model.offset(at), max);
        }
        Step::Truncate(at) => truncate(log, model, at),
        Step::DeleteRecords(at) => {
            let mut out = Vec::new();
            let offset = model.offset(at);
            model.start = log.log.delete_records(offset, &mut out).unwrap();
            assert_eq!(model.start, offset);
            log.store(out);
        }
        Step::Retention => {
            let mut out = Vec::new();
            log.log.enforce_retention(log.now, &mut out);
            log.store(out);
            model.start = log.log.log_start_offset();
        }
        Step::Close => {
            let mut out = Vec::new();
            log.log.close(&mut out);
            log.store(out);
        }
        Step::Reopen { checkpointed } => {
            let recovery_point = checkpointed.then(|| log.log.recovery_point());
            let options = RecoveryOptions {
                recovery_point,
                log_start: Some(model.start),
                now: log.now,
            };
            let report = log.reopen_with(options);
            assert_eq!((report.truncated, report.ignored_files), (None, vec![]));
            log.log.set_high_watermark(model.end);
        }
    }
    model.values = model.values.split_off(&model.start);
}

/// A producer sends its next batch, then sends it again.
fn produce(log: &mut Partition, model: &mut Model, producer: i64, count: usize) {
    let values = model.fresh(count, 3);
    let refs: Vec<&str> = values.iter().map(String::as_str).collect();
    let sent = model.produced.entry(producer).or_default();
    let sequence = sent
        .last()
        .map_or(0, |(_, sequence, values)| sequence + values.len() as i32);
    let first = model.end;
    sent.push((first, sequence, values.clone()));
    let info = log.append(idempotent(producer, 0, sequence, &refs));
    assert_eq!((info.first_offset, info.duplicate), (first, false));
    model.append(&values);
    let again = log.append(idempotent(producer, 0, sequence, &refs));
    assert_eq!((again.first_offset, again.duplicate), (first, true));
}

fn truncate(log: &mut Partition, model: &mut Model, at: usize) {
    let offset = model.offset(at);
    let inside = model
        .batches
        .iter()
        .rev()
        .find(|first| **first <= offset)
        .copied();
    let expect = if offset == model.end {
        offset
    } else {
        inside.unwrap_or(offset)
    };
    // Nothing readable is left when the batch that goes holds the log start.
    let expect = expect.max(model.start);
    loop {
        let mut out = Vec::new();
        match log.log.truncate_to(offset, log.now, &mut out) {
            Truncation::Done { log_end, was } => {
                assert_eq!(
                    (log_end, was),
                    (expect, model.end),
                    "truncating to {offset}"
                );
                log.store(out);
                return model.cut(log_end);
            }
            Truncation::Offline { reason } => panic!("{reason}"),
            Truncation::Cold(load) => {
                let bytes = log.disk.load(&load).unwrap();
                log.log.loaded(&load, bytes).unwrap();
            }
        }
    }
}

fn check(step: &Step, log: &mut Partition, model: &Model) {
    assert!(log.log.is_online(), "after {step:?}: {:?}", log.log.state());
    assert_eq!(log.log.log_start_offset(), model.start, "after {step:?}");
    assert_eq!(log.log.log_end_offset(), model.end, "after {step:?}");
    assert_eq!(log.log.high_watermark(), model.end, "after {step:?}");
    let values: Vec<(i64, String)> = model
        .values
        .iter()
        .map(|(offset, value)| (*offset, value.clone()))
        .collect();
    assert_eq!(log.values(), values, "after {step:?}");
    let image = log.disk.image().dirs.remove(&log.dir).unwrap();
    for segment in log.log.segments().filter(|segment| segment.bytes > 0) {
        assert_eq!(
            image.segments.get(&segment.base_offset),
            Some(&segment.bytes),
            "{step:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn behaves_like_a_list(steps in prop::collection::vec(step(), 0..50)) {
        run(steps);
    }
}

#[test]
fn the_recovery_point_moves_with_the_bytes() {
    let mut partition = Partition::new(&[]);
    let value = "x".repeat(200_000);
    let mut points = Vec::new();
    for _ in 0..12 {
        partition.append(batch(&[&value], 1000));
        points.push(partition.log.recovery_point());
    }
    assert_eq!(points, [0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 12]);
    partition.append(batch(&["y"], 1000));
    let report = partition.reopen();
    assert_eq!(partition.log.log_end_offset(), 13);
    // The last index entry lies one batch before the recovery point.
    assert!(report.scanned_bytes < 300_000, "{}", report.scanned_bytes);
}

#[test]
fn an_offline_log_stores_nothing() {
    let dir = LogDir::new("test", 0);
    let mut log = Log::refused(dir, Uuid::nil(), LogConfig::default(), 1000, "in the way");
    let mut out = Vec::new();
    log.assign_epoch(3, 0, &mut out);
    log.raise_log_start(5, &mut out);
    log.truncate_fully_and_start_at(7, 1000, &mut out);
    assert_eq!(out, []);
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (0, 0));
    assert!(!log.is_online());
}
