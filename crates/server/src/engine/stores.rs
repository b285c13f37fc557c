//! Where all brokers' bytes are kept.

use crate::data::Data;
use crate::disk::{self, Disk};
use crate::metrics::Counters;
use crate::options::Options;
use crate::properties;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use konbini_cluster::{Cluster, VirtualDisks};
use konbini_log::{DiskImage, Load, LoadError, LogDir, StoreOp};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;
use tracing::warn;

/// Files, or nothing but memory.
pub enum Stores {
    /// Nothing leaves the brokers' memory, so nothing has to be kept beside it.
    Memory,
    /// Memory beside the brokers', from which one that was killed can start again.
    Kept(VirtualDisks),
    Files(BTreeMap<i32, Disk>),
}

/// Something that could not be stored.
pub struct Failure {
    pub broker: i32,
    pub dir: LogDir,
    pub reason: String,
}

impl Stores {
    pub fn memory() -> Stores {
        Stores::Memory
    }

    pub fn kept() -> Stores {
        Stores::Kept(VirtualDisks::default())
    }

    /// The directories of all brokers, and what they hold.
    pub fn open(data: &Data, options: &Options) -> Result<(Stores, BTreeMap<i32, DiskImage>)> {
        let (mut disks, mut images) = (BTreeMap::new(), BTreeMap::new());
        for id in 1..=i32::try_from(options.brokers)? {
            let root = data.of_broker(id);
            let opened = Disk::open(&root, options.fsync);
            let (disk, mut image) =
                opened.with_context(|| format!("{} cannot be used", root.display()))?;
            // They are the host's.
            if let Some(files) = image.dirs.get_mut(&LogDir::root()) {
                files.files.remove(META);
                // What recovery has to read, the checkpoints say.
                files.files.remove(CLEAN);
            }
            disks.insert(id, disk);
            images.insert(id, image);
        }
        Ok((Stores::Files(disks), images))
    }

    /// Writes down whose each directory is, as Kafka does, and that it is in use.
    ///
    /// # Errors
    /// A directory is another cluster's or another broker's, or a file cannot be written.
    pub fn identify(&self, brokers: &Cluster) -> Result<()> {
        let Stores::Files(disks) = self else {
            return Ok(());
        };
        for broker in brokers.brokers() {
            let id = broker.node_id();
            let directory = URL_SAFE_NO_PAD.encode(broker.log_dir_id().as_bytes());
            let cluster = broker.cluster_id();
            let text = format!(
                "version=1\ncluster.id={cluster}\nnode.id={id}\ndirectory.id={directory}\n"
            );
            if let Some(disk) = disks.get(&id) {
                let path = disk.root().join(META);
                check_owner(&path, cluster, id)?;
                let written = disk::replace(&path, text.as_bytes(), false);
                written.with_context(|| format!("{} cannot be written", path.display()))?;
                let path = disk.root().join(CLEAN);
                let removed = disk::unless_missing(std::fs::remove_file(&path));
                removed.with_context(|| format!("{} cannot be removed", path.display()))?;
            }
        }
        Ok(())
    }

    /// Whether bytes that left memory can come back.
    pub fn can_load(&self) -> bool {
        !matches!(self, Stores::Memory)
    }

    /// Carries out operations in order. A directory of which one failed is left alone.
    pub fn commit(
        &mut self,
        ops: &[(i32, StoreOp)],
        flushes: BTreeSet<(i32, LogDir)>,
        counters: &mut Counters,
    ) -> Vec<Failure> {
        let disks = match self {
            Stores::Memory => return Vec::new(),
            Stores::Kept(disks) => return keep(disks, ops),
            Stores::Files(disks) => disks,
        };
        if ops.is_empty() {
            return beside(disks);
        }
        let begun = Instant::now();
        let mut failed: BTreeMap<(i32, LogDir), String> = BTreeMap::new();
        for (broker, disk) in disks.iter_mut() {
            let own = ops.iter().filter(|(of, _)| of == broker).map(|(_, op)| op);
            if let Err(error) = disk.begin(own) {
                failed.insert((*broker, LogDir::root()), error.to_string());
            }
        }
        for (broker, op) in ops {
            let (Some(disk), place) = (disks.get_mut(broker), (*broker, op.dir().clone())) else {
                continue;
            };
            // A checkpoint may tell of what could not be written.
            let tells = place.1.is_root() && failed.keys().any(|(of, _)| of == broker);
            if !tells
                && !failed.contains_key(&place)
                && let Err(error) = disk.apply(op)
            {
                failed.insert(place, error.to_string());
            }
        }
        for (broker, dir) in flushes {
            if let Some(disk) = disks.get_mut(&broker) {
                disk.flush_soon(dir);
            }
        }
        for (broker, disk) in disks.iter_mut() {
            for (dir, error) in disk.flush() {
                failed.entry((*broker, dir)).or_insert(error.to_string());
            }
        }
        counters.store_ops += ops.len() as u64;
        counters.commits += 1;
        counters.storing += begun.elapsed();
        let failed = failed.into_iter();
        let failed = failed.map(|((broker, dir), reason)| Failure {
            broker,
            dir,
            reason,
        });
        failed.collect()
    }

    pub fn load(&self, broker: i32, load: &Load) -> Result<Bytes, LoadError> {
        match self {
            Stores::Memory => Err(LoadError::Missing),
            Stores::Kept(disks) => disks.load(broker, load),
            Stores::Files(disks) => match disks.get(&broker) {
                Some(disk) => disk.load(load),
                None => Err(LoadError::Missing),
            },
        }
    }

    /// Flushes all files, before the process ends. Those brokers, each with its epoch, stopped in
    /// order: that is written down too, as Kafka does.
    pub fn close(&mut self, stopped: &BTreeMap<i32, i64>) {
        let Stores::Files(disks) = self else { return };
        for (broker, disk) in disks {
            let failed = disk.flush_all();
            if let (Some(epoch), true) = (stopped.get(broker), disk.is_whole()) {
                let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
                let written = disk::replace(&disk.root().join(CLEAN), text.as_bytes(), true);
                if let Err(error) = written {
                    warn!(broker, %error, "{CLEAN} cannot be written");
                }
            }
            for (dir, error) in failed {
                warn!(broker, %dir, %error, "not flushed");
            }
        }
    }
}

/// Where nobody has written whose a directory is, it can be anybody's.
fn check_owner(path: &Path, cluster: &str, id: i32) -> Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    for (key, value) in properties::parse(&text)? {
        let expected = match key.as_str() {
            "cluster.id" => cluster,
            "node.id" => &id.to_string(),
            _ => continue,
        };
        ensure!(
            value == expected,
            "{}: {key} is {value}, and this is the directory of {expected}",
            path.display()
        );
    }
    Ok(())
}

/// What failed beside the engine while there was nothing to store.
fn beside(disks: &mut BTreeMap<i32, Disk>) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (broker, disk) in disks {
        failures.extend(disk.flush().into_iter().map(|(dir, error)| Failure {
            broker: *broker,
            dir,
            reason: error.to_string(),
        }));
    }
    failures
}

/// Follows operations in memory.
fn keep(disks: &mut VirtualDisks, ops: &[(i32, StoreOp)]) -> Vec<Failure> {
    let failed = |(broker, op): &(i32, StoreOp)| {
        let mismatch = disks.apply(*broker, op.clone()).err()?;
        Some(Failure {
            broker: *broker,
            dir: op.dir().clone(),
            reason: mismatch.to_string(),
        })
    };
    ops.iter().filter_map(failed).collect()
}

/// Kafka's file that says whose a log directory is.
const META: &str = "meta.properties";
/// Kafka's file that says that a broker stopped in order (`CleanShutdownFileHandler`).
const CLEAN: &str = ".kafka_cleanshutdown";
