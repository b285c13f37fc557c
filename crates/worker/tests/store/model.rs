//! What the operations mean: disks as plain maps.

use bytes::Bytes;
use konbini_log::StoreOp;
use std::collections::BTreeMap;

pub type Disks = BTreeMap<(i32, String), LogFiles>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFiles {
    pub segments: BTreeMap<i64, Vec<u8>>,
    pub files: BTreeMap<String, Bytes>,
}

pub fn apply(disks: &mut Disks, node: i32, op: &StoreOp) {
    match op {
        StoreOp::Append {
            dir,
            segment,
            position,
            bytes,
        } => {
            let log = disks.entry((node, dir.0.clone())).or_default();
            let content = log.segments.entry(*segment).or_default();
            content.truncate(*position as usize);
            assert_eq!(content.len(), *position as usize, "a script with a hole");
            content.extend_from_slice(bytes);
        }
        StoreOp::Truncate { dir, segment, size } => {
            change(disks, node, &dir.0, |log| {
                if let Some(content) = log.segments.get_mut(segment) {
                    content.truncate(*size as usize);
                }
            });
        }
        StoreOp::DeleteSegment { dir, segment } => {
            change(disks, node, &dir.0, |log| delete(log, *segment));
        }
        StoreOp::Replace {
            dir,
            segment,
            until,
            bytes,
        } => {
            let log = disks.entry((node, dir.0.clone())).or_default();
            let others = log.segments.range(segment + 1..*until);
            for other in others.map(|(base, _)| *base).collect::<Vec<_>>() {
                delete(log, other);
            }
            log.segments.insert(*segment, bytes.to_vec());
            for suffix in ["index", "timeindex"] {
                log.files.remove(&format!("{segment:020}.{suffix}"));
            }
        }
        StoreOp::Put { dir, name, bytes } => {
            let log = disks.entry((node, dir.0.clone())).or_default();
            log.files.insert(name.clone(), bytes.clone());
        }
        StoreOp::Remove { dir, name } => {
            change(disks, node, &dir.0, |log| {
                log.files.remove(name);
            });
        }
        StoreOp::DeleteDir { dir } => {
            disks.remove(&(node, dir.0.clone()));
        }
    }
}

fn delete(log: &mut LogFiles, segment: i64) {
    log.segments.remove(&segment);
    for suffix in ["index", "timeindex", "txnindex"] {
        log.files.remove(&format!("{segment:020}.{suffix}"));
    }
}

/// An empty directory leaves no trace.
fn change(disks: &mut Disks, node: i32, dir: &str, change: impl FnOnce(&mut LogFiles)) {
    let key = (node, dir.to_owned());
    let Some(log) = disks.get_mut(&key) else {
        return;
    };
    change(log);
    if log.segments.is_empty() && log.files.is_empty() {
        disks.remove(&key);
    }
}
