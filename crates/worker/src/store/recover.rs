//! What the disk has, from the index alone: no value of `data` is read here.

use super::catalog::{Catalog, Entry, LogAt};
use super::database::{Database, StoredMeta};
use super::failure::StoreFailure;
use super::plan;
use bytes::Bytes;
use konbini_log::{DirImage, DiskImage, LogDir};
use std::collections::BTreeMap;

/// A small file: its log directory, name and content.
pub type StoredFile = (LogAt, String, Bytes);

/// Everything that was stored but the record bytes, which are read when they are asked for.
pub struct Recovered {
    pub catalog: Catalog,
    pub files: Vec<StoredFile>,
    pub meta: StoredMeta,
    /// Rows of the index that cannot be understood, with their log if at least their key can be.
    /// The catalog has a value that no load will find whole in their place, so that the log does
    /// not merely look shorter.
    pub unreadable: Vec<(Option<LogAt>, String)>,
}

impl Recovered {
    /// Every broker's disk, by node id.
    pub fn disks(&self) -> BTreeMap<i32, DiskImage> {
        disks(&self.catalog, &self.files)
    }
}

/// Every broker's disk, by node id.
pub fn disks(catalog: &Catalog, files: &[StoredFile]) -> BTreeMap<i32, DiskImage> {
    let mut disks: BTreeMap<i32, DiskImage> = BTreeMap::new();
    let mut change = |log: &LogAt, change: &mut dyn FnMut(&mut DirImage)| {
        let disk = disks.entry(log.node).or_default();
        let dir = LogDir(log.dir.to_string());
        change(disk.dirs.entry(dir).or_default());
    };
    for (log, entries) in catalog.logs() {
        for &segment in entries.segments.keys() {
            let size = catalog.size(log, segment);
            change(log, &mut |dir| {
                dir.segments.insert(segment, size);
            });
        }
    }
    for (log, name, bytes) in files {
        change(log, &mut |dir| {
            dir.files.insert(name.clone(), bytes.clone());
        });
    }
    disks
}

pub async fn recover(database: &Database) -> Result<Recovered, StoreFailure> {
    let mut catalog = Catalog::default();
    let mut unreadable = Vec::new();
    for row in database.index().await? {
        match row {
            Ok((at, entry)) => catalog.insert(at, entry),
            Err(row) => {
                let log = row.at.as_ref().map(|at| at.log.clone());
                if let Some(at) = row.at {
                    catalog.insert(at, Entry::UNREADABLE);
                }
                unreadable.push((log, row.failure.detail));
            }
        }
    }
    let files = files(database).await?;
    for (log, name, _) in &files {
        catalog.insert_file(log.clone(), name.clone());
    }
    let meta = database.meta().await?;
    Ok(Recovered {
        catalog,
        files,
        meta,
        unreadable,
    })
}

pub async fn files(database: &Database) -> Result<Vec<StoredFile>, StoreFailure> {
    let files = database.files().await?;
    let file = |(log, name, bytes)| (log, name, Bytes::from(bytes));
    Ok(files.into_iter().map(file).collect())
}

/// Closed segments (all but each log's newest) that a roll-up would make better.
pub fn scattered(catalog: &Catalog) -> Vec<(LogAt, i64)> {
    let mut found = Vec::new();
    for (log, entries) in catalog.logs() {
        let newest = entries.segments.keys().next_back();
        for segment in entries
            .segments
            .keys()
            .filter(|segment| Some(*segment) != newest)
        {
            if plan::is_scattered(catalog, log, *segment) {
                found.push((log.clone(), *segment));
            }
        }
    }
    found
}
