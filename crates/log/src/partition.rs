//! For tests: one log on one disk, with loads served on the spot.

use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState, batches};
use uuid::Uuid;

use crate::*;

pub(crate) struct Partition {
    pub disk: MemoryDisk,
    pub log: Log,
    pub dir: LogDir,
    pub now: i64,
    pub epoch: i32,
}

pub(crate) fn config(pairs: &[(&str, &str)]) -> LogConfig {
    let own = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    LogConfig::resolve(&own, &Default::default()).unwrap()
}

/// A batch with these values, keys `k0`, `k1` and so on, all at `timestamp`.
pub(crate) fn batch(values: &[&str], timestamp: i64) -> Bytes {
    builder(values, timestamp, Codec::None).build()
}

pub(crate) fn builder(values: &[&str], timestamp: i64, codec: Codec) -> BatchBuilder {
    let mut builder = BatchBuilder::new(codec);
    for (i, value) in values.iter().enumerate() {
        let key = format!("k{i}");
        builder
            .append(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), &[])
            .unwrap();
    }
    builder
}

pub(crate) fn idempotent(id: i64, epoch: i16, base_sequence: i32, values: &[&str]) -> Bytes {
    let producer = ProducerState {
        id,
        epoch,
        base_sequence,
    };
    builder(values, 1000, Codec::None)
        .producer(producer)
        .build()
}

pub(crate) fn transactional(id: i64, base_sequence: i32, values: &[&str]) -> Bytes {
    let producer = ProducerState {
        id,
        epoch: 0,
        base_sequence,
    };
    builder(values, 1000, Codec::None)
        .producer(producer)
        .transactional(true)
        .build()
}

impl Partition {
    pub(crate) fn new(pairs: &[(&str, &str)]) -> Self {
        let dir = LogDir::new("test", 0);
        let mut out = Vec::new();
        let log = Log::create(
            dir.clone(),
            Uuid::from_u128(7),
            config(pairs),
            1000,
            &mut out,
        );
        let mut all = Self {
            disk: MemoryDisk::new(),
            log,
            dir,
            now: 1000,
            epoch: 0,
        };
        all.store(out);
        all
    }

    pub(crate) fn store(&mut self, ops: Vec<StoreOp>) {
        for op in ops {
            self.disk.apply(op).unwrap();
        }
    }

    pub(crate) fn append_as(
        &mut self,
        origin: AppendOrigin,
        bytes: Bytes,
    ) -> Result<AppendInfo, AppendError> {
        let mut out = Vec::new();
        let context = AppendContext {
            now: self.now,
            leader_epoch: self.epoch,
            origin,
        };
        let result = self.log.append(bytes, &context, &mut out);
        if result.is_err() {
            assert_eq!(out, [], "a refused append changes nothing");
        }
        self.store(out);
        result
    }

    /// Appends as a client does and moves the high watermark to the end.
    pub(crate) fn append(&mut self, bytes: Bytes) -> AppendInfo {
        let info = self.append_as(AppendOrigin::Client, bytes).unwrap();
        self.log.set_high_watermark(self.log.log_end_offset());
        info
    }

    pub(crate) fn refused(&mut self, bytes: Bytes) -> AppendError {
        self.append_as(AppendOrigin::Client, bytes).unwrap_err()
    }

    /// Drops everything and begins anew at an offset, as a follower does that is out of range.
    pub(crate) fn start_at(&mut self, offset: i64) {
        let mut out = Vec::new();
        self.log
            .truncate_fully_and_start_at(offset, self.now, &mut out);
        self.store(out);
    }

    /// Reads, serving loads; returns the bytes and the loads it took.
    pub(crate) fn read(&mut self, offset: i64, max: usize) -> (Bytes, Vec<Load>) {
        let mut loads = Vec::new();
        loop {
            let end = self.log.log_end_offset();
            match self.log.read(offset, max, end, true) {
                ReadOutcome::Fetched(fetched) => return (fetched.concat(), loads),
                ReadOutcome::Cold(load) => {
                    let bytes = self.disk.load(&load).unwrap();
                    self.log.loaded(&load, bytes).unwrap();
                    assert!(!loads.contains(&load), "asked for the same twice");
                    loads.push(load);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Every value in the log, with its offset.
    pub(crate) fn values(&mut self) -> Vec<(i64, String)> {
        let mut out = Vec::new();
        let mut offset = self.log.log_start_offset();
        while offset < self.log.log_end_offset() {
            let (bytes, _) = self.read(offset, 1 << 20);
            let mut next = offset;
            for batch in batches(bytes) {
                let batch = batch.unwrap();
                next = batch.header.next_offset();
                for record in batch.records().map(Result::unwrap) {
                    if record.offset >= offset && !batch.header.attributes.is_control() {
                        let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                        out.push((record.offset, value));
                    }
                }
            }
            assert!(next > offset, "a read at {offset} gave nothing");
            offset = next;
        }
        out
    }

    /// A power cut: opens the log again from the disk alone.
    pub(crate) fn reopen(&mut self) -> RecoveryReport {
        let options = RecoveryOptions {
            now: self.now,
            ..RecoveryOptions::default()
        };
        self.reopen_with(options)
    }

    pub(crate) fn reopen_with(&mut self, options: RecoveryOptions) -> RecoveryReport {
        let image = self.disk.image().dirs.remove(&self.dir).unwrap_or_default();
        let config = self.log.config().clone();
        let mut recovery = Recovery::start(self.dir.clone(), image, config, options);
        while let Some(load) = recovery.wanted() {
            recovery.loaded(self.disk.load(&load));
        }
        let mut out = Vec::new();
        let (log, report) = recovery.finish(&mut out);
        self.log = log;
        self.store(out);
        report
    }
}
