//! The data directory: whose it is, and that one process uses it at a time.
//!
//! ```text
//! DIR/konbini.properties       seed, number of brokers, how often it was started
//! DIR/.lock                    locked while a process runs, as Kafka does
//! DIR/broker-N/                one broker's log directory, laid out as Apache Kafka's:
//!     meta.properties          cluster.id, node.id, directory.id
//!     topic-0/00…0.log, .index, .timeindex, …, partition.metadata, leader-epoch-checkpoint
//! ```

use crate::properties;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

const ABOUT: &str = "konbini.properties";
const LOCK: &str = ".lock";

/// A directory that this process holds.
#[derive(Debug)]
pub struct Data {
    root: PathBuf,
    pub about: About,
    /// Locked until it is dropped.
    _lock: File,
}

/// What must stay the same from start to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    pub seed: u64,
    pub brokers: u32,
    /// 1 at the first start, one more at each.
    pub boot: u32,
}

impl Data {
    /// Takes a directory, and makes it if it is not there.
    ///
    /// # Errors
    /// Another process has it, it is another cluster's, or it cannot be read or written.
    pub fn open(root: &Path, brokers: u32, seed: Option<u64>, fresh_seed: u64) -> Result<Data> {
        let name = root.display();
        std::fs::create_dir_all(root).with_context(|| format!("{name} cannot be made"))?;
        let lock = lock(root)?;
        let before = read_about(root)?;
        if let Some(before) = before {
            ensure!(
                before.brokers == brokers,
                "{name} holds a cluster of {} brokers: start it with --brokers {}, or take another --data",
                before.brokers,
                before.brokers
            );
            ensure!(
                seed.is_none_or(|seed| seed == before.seed),
                "{name} holds a cluster with seed {}, which cannot change",
                before.seed
            );
        }
        let about = About {
            seed: before.map_or(seed.unwrap_or(fresh_seed), |before| before.seed),
            brokers,
            boot: before.map_or(1, |before| before.boot + 1),
        };
        let data = Data {
            root: root.to_owned(),
            about,
            _lock: lock,
        };
        data.write_about()?;
        Ok(data)
    }

    /// The log directory of a broker.
    pub fn of_broker(&self, id: i32) -> PathBuf {
        self.root.join(format!("broker-{id}"))
    }

    fn write_about(&self) -> Result<()> {
        let About {
            seed,
            brokers,
            boot,
        } = self.about;
        let text = format!("version=1\nseed={seed}\nbrokers={brokers}\nboot={boot}\n");
        crate::disk::replace(&self.root.join(ABOUT), text.as_bytes(), true)
            .with_context(|| format!("{} cannot be written", self.root.join(ABOUT).display()))
    }
}

fn lock(root: &Path) -> Result<File> {
    let path = root.join(LOCK);
    let what = || format!("{} cannot be opened", path.display());
    let file = File::create(&path).with_context(what)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("{} is in use by another process", root.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(what),
    }
}

fn read_about(root: &Path) -> Result<Option<About>> {
    let path = root.join(ABOUT);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let pairs = properties::parse(&text)?;
    let number = |name: &str| -> Result<u64> {
        let found = pairs.iter().find(|(key, _)| key == name);
        let found = found.and_then(|(_, value)| value.parse().ok());
        found.with_context(|| format!("{}: {name} is missing or no number", path.display()))
    };
    Ok(Some(About {
        seed: number("seed")?,
        brokers: u32::try_from(number("brokers")?)?,
        boot: u32::try_from(number("boot")?)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_one_clusters_and_one_processs() {
        let root = std::env::temp_dir().join(format!("konbini-data-{}", std::process::id()));
        std::fs::remove_dir_all(&root).ok();
        let open = |brokers, seed| Data::open(&root, brokers, seed, 7);
        let first = open(3, None).expect("a new one");
        let at_once = open(3, None).expect_err("it is taken").to_string();
        assert!(at_once.contains("in use by another process"), "{at_once}");
        drop(first);
        let again = open(3, None).expect("it is free");
        assert_eq!(
            again.about,
            About {
                seed: 7,
                brokers: 3,
                boot: 2
            }
        );
        drop(again);
        let other = open(1, None).expect_err("another number").to_string();
        assert!(other.contains("--brokers 3"), "{other}");
        let other = open(3, Some(8)).expect_err("another seed").to_string();
        assert!(other.contains("seed 7"), "{other}");
        std::fs::remove_dir_all(&root).ok();
    }
}
