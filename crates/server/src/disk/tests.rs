use super::*;
use konbini_log::{
    AppendContext, AppendOrigin, Log, LogConfig, MemoryDisk, Recovery, RecoveryOptions,
    RootCheckpoints,
};
use konbini_protocol::compression::Codec;
use konbini_protocol::record::BatchBuilder;
use uuid::Uuid;

/// A directory that is gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let name = format!("konbini-disk-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&path).ok();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn append(dir: &LogDir, segment: i64, position: u32, bytes: &'static [u8]) -> StoreOp {
    StoreOp::Append {
        dir: dir.clone(),
        segment,
        position,
        bytes: Bytes::from_static(bytes),
    }
}

fn replace_by(dir: &LogDir, segment: i64, until: i64, bytes: &'static [u8]) -> StoreOp {
    StoreOp::Replace {
        dir: dir.clone(),
        segment,
        until,
        bytes: Bytes::from_static(bytes),
    }
}

fn put(dir: &LogDir, name: &str, bytes: &'static [u8]) -> StoreOp {
    StoreOp::Put {
        dir: dir.clone(),
        name: name.to_owned(),
        bytes: Bytes::from_static(bytes),
    }
}

/// The files do what the disk in memory does, which is the contract in its plainest form.
#[test]
fn files_follow_the_contract() {
    let (a, b, root) = (LogDir::new("a", 0), LogDir::new("b", 1), LogDir::root());
    let ops = [
        append(&a, 0, 0, b"hello"),
        append(&a, 0, 5, b" world"),
        put(&a, "00000000000000000000.index", b"index"),
        put(&root, "recovery-point-offset-checkpoint", b"0\n0\n"),
        append(&b, 7, 0, b"seven"),
        StoreOp::Truncate {
            dir: a.clone(),
            segment: 0,
            size: 8,
        },
        append(&a, 0, 8, b"!"),
        append(&a, 9, 0, b"nine"),
        put(&a, "00000000000000000000.timeindex", b"time"),
        put(&a, "00000000000000000000.txnindex", b"aborted"),
        replace_by(&a, 0, 9, b"less"),
        put(&a, "00000000000000000000.index", b"i"),
        put(&a, "00000000000000000002.snapshot", b"two"),
        put(&root, "recovery-point-offset-checkpoint", b"0\n1\na 0 2\n"),
        put(&a, "00000000000000000004.snapshot", b"four"),
        put(&root, "recovery-point-offset-checkpoint", b"0\n1\na 0 4\n"),
        StoreOp::Remove {
            dir: a.clone(),
            name: "00000000000000000002.snapshot".to_owned(),
        },
        put(&a, "leader-epoch-checkpoint", b"0\n1\n0 0\n"),
        put(&a, "leader-epoch-checkpoint", b"0\n1\n1 0\n"),
        append(&a, 12, 0, b"twelve"),
        put(&a, "00000000000000000012.txnindex", b"aborted"),
        append(&a, 15, 0, b"fifteen"),
        replace_by(&a, 0, 12, b"zero and nine"),
        append(&a, 15, 7, b"!"),
        replace_by(&a, 0, 13, b"all but the last"),
        append(&a, 20, 0, b"twenty"),
        StoreOp::DeleteSegment {
            dir: a.clone(),
            segment: 0,
        },
        StoreOp::Remove {
            dir: a.clone(),
            name: "there is none".to_owned(),
        },
        StoreOp::DeleteDir { dir: b.clone() },
    ];
    for fsync in [Fsync::Kafka, Fsync::Always, Fsync::Never] {
        let scratch = Scratch::new(&format!("{fsync:?}"));
        let (mut disk, _) = Disk::open(&scratch.0, fsync).expect("it is made");
        let mut memory = MemoryDisk::new();
        for op in &ops {
            disk.begin([op].into_iter()).expect("a disk that works");
            disk.apply(op).expect("a disk that works");
            memory.apply(op.clone()).expect("in order");
            assert!(disk.flush().is_empty());
            disk.write_back.settle();
            let (_, mut found) = Disk::open(&scratch.0, fsync).expect("it is there");
            let mut expect = memory.image();
            for image in [&mut found, &mut expect] {
                image.dirs.retain(|_, dir| *dir != DirImage::default());
            }
            assert_eq!(found, expect, "after {op:?}");
        }
        let load = |segment, position, len| Load {
            dir: a.clone(),
            segment,
            position,
            len,
        };
        assert_eq!(disk.load(&load(20, 1, 2)), Ok(Bytes::from_static(b"we")));
        assert_eq!(disk.load(&load(9, 1, 9)), Err(LoadError::Missing));
        assert_eq!(disk.load(&load(0, 0, 1)), Err(LoadError::Missing));
    }
}

/// Nobody can flush a segment that is no file: a recovery goes on to start where it did.
#[test]
fn a_recovery_point_waits_for_what_is_before_it() {
    let scratch = Scratch::new("behind");
    let (mut disk, _) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is made");
    let (a, root) = (LogDir::new("a", 0), LogDir::root());
    let mut commit = |ops: &[StoreOp]| {
        disk.begin(ops.iter()).expect("a disk that works");
        for op in ops {
            disk.apply(op).expect("a disk that works");
        }
        let mut failed = disk.flush();
        disk.write_back.settle();
        failed.extend(disk.flush());
        failed.into_iter().map(|(dir, _)| dir).collect::<Vec<_>>()
    };
    let moved = |snapshot: &str, points| {
        [
            put(&a, snapshot, b"known"),
            put(&root, RECOVERY_POINTS, points),
        ]
    };
    assert_eq!(commit(&[append(&a, 0, 0, b"hello")]), []);
    assert_eq!(commit(&moved("1.snapshot", b"one")), []);
    assert_eq!(commit(&[append(&a, 0, 5, b" world")]), []);
    let segment = scratch.0.join("a-0/00000000000000000000.log");
    std::fs::remove_file(&segment).expect("it is there");
    std::fs::create_dir(&segment).expect("made");
    assert_eq!(
        commit(&moved("2.snapshot", b"two")),
        std::slice::from_ref(&a)
    );
    // What the disk has is not known any more, whether something is cut or not.
    assert_eq!(commit(&moved("3.snapshot", b"three")), []);
    let [snapshot, points] = moved("4.snapshot", b"four");
    let cut = StoreOp::DeleteSegment {
        dir: LogDir::new("b", 0),
        segment: 0,
    };
    assert_eq!(commit(&[cut, snapshot.clone()]), []);
    // Flushes go on, and fail.
    assert_eq!(commit(&[append(&a, 7, 0, b"seven"), snapshot, points]), []);
    let segment = scratch.0.join("a-0/00000000000000000007.log");
    std::fs::remove_file(&segment).expect("it is there");
    std::fs::create_dir(&segment).expect("made");
    let again = [append(&a, 7, 5, b"eight")];
    assert_eq!(commit(&again), []);
    let [snapshot, points] = moved("5.snapshot", b"five");
    assert_eq!(commit(&[snapshot, points]), std::slice::from_ref(&a));
    let (_, image) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is there");
    assert_eq!(image.dirs[&root].files[RECOVERY_POINTS], "one");
    let snapshots: Vec<_> = image.dirs[&a].files.keys().collect();
    assert_eq!(snapshots, ["1.snapshot"]);
}

/// Three batches that are stored with all that belongs to them, and the operations that cut off two.
fn stored_and_cut(dir: &LogDir, config: &LogConfig) -> (Vec<StoreOp>, Vec<StoreOp>) {
    let (mut stored, mut cut) = (Vec::new(), Vec::new());
    let mut checkpoints = RootCheckpoints::default();
    let mut log = Log::create(dir.clone(), Uuid::nil(), config.clone(), 0, &mut stored);
    let context = AppendContext {
        now: 0,
        leader_epoch: 0,
        origin: AppendOrigin::Client,
    };
    for value in ["a", "b", "c"] {
        let mut batch = BatchBuilder::new(Codec::None);
        let added = batch.append(0, None, Some(value.as_bytes()), &[]);
        added.expect("it fits");
        let appended = log.append(batch.build(), &context, &mut stored);
        appended.expect("it is valid");
    }
    log.close(&mut stored);
    checkpoints.observe(&log);
    checkpoints.flush(&mut stored);
    log.truncate_to(1, 0, &mut cut);
    checkpoints.observe(&log);
    checkpoints.flush(&mut cut);
    (stored, cut)
}

#[test]
fn a_kill_in_the_midst_of_a_cut_leaves_a_log_that_opens() {
    let (dir, config) = (LogDir::new("a", 0), LogConfig::default());
    let (stored, cut) = stored_and_cut(&dir, &config);
    assert!(cut.len() > 2, "{cut:?}");
    for done in 0..=cut.len() {
        let scratch = Scratch::new(&format!("cut-{done}"));
        let (mut disk, _) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is made");
        for (ops, count) in [(&stored, stored.len()), (&cut, done)] {
            disk.begin(ops.iter()).expect("a disk that works");
            for op in &ops[..count] {
                disk.apply(op).expect("a disk that works");
            }
            assert!(disk.flush().is_empty());
        }
        drop(disk);
        let (disk, mut image) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is there");
        let (checkpoints, damaged) = RootCheckpoints::read(&image.dirs[&LogDir::root()]);
        assert!(damaged.is_empty(), "{damaged:?}");
        let options = RecoveryOptions {
            recovery_point: checkpoints.recovery_point(&dir),
            ..RecoveryOptions::default()
        };
        let own = image.dirs.remove(&dir).expect("it is there");
        let mut recovery = Recovery::start(dir.clone(), own, config.clone(), options);
        while let Some(load) = recovery.wanted() {
            recovery.loaded(disk.load(&load));
        }
        let (log, _) = recovery.finish(&mut Vec::new());
        assert!(log.is_online(), "{done} of {cut:?}: {:?}", log.state());
        assert!([1, 3].contains(&log.log_end_offset()), "{done} of {cut:?}");
    }
}

#[test]
fn what_was_half_written_is_gone_after_a_start() {
    let scratch = Scratch::new("half");
    let (mut disk, _) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is made");
    let dir = LogDir::new("a", 0);
    disk.apply(&put(&dir, "partition.metadata", b"whole"))
        .expect("written");
    let half = scratch.0.join("a-0/partition.metadata.tmp");
    std::fs::write(&half, b"ha").expect("written");
    let (_, image) = Disk::open(&scratch.0, Fsync::Kafka).expect("it is there");
    assert!(!half.exists());
    let files = &image.dirs[&dir].files;
    assert_eq!(files.len(), 1);
    assert_eq!(files["partition.metadata"], "whole");
}
