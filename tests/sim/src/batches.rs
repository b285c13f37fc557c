//! Reading logs from outside.

use konbini_cluster::VirtualDisks;
use konbini_log::{Log, ReadOutcome};
use konbini_protocol::record::{Batch, batches};

/// Bytes that are read at a time.
const READ_BYTES: usize = 1 << 20;

/// The batches of `[from, to)`. What the broker does not have in memory is read from its disk.
///
/// # Errors
/// The log cannot be read there.
pub fn read(
    disks: &VirtualDisks,
    broker: i32,
    log: &Log,
    from: i64,
    to: i64,
) -> Result<Vec<Batch>, String> {
    let mut out = Vec::new();
    // Reading notes what was used last, for eviction, and loads; a copy keeps the log as it is.
    let mut log = log.clone();
    let mut next = from.max(log.log_start_offset());
    while next < to {
        match log.read(next, READ_BYTES, to, true) {
            ReadOutcome::Fetched(fetched) if fetched.size > 0 => {
                for batch in batches(fetched.concat()) {
                    out.push(batch.map_err(|error| error.to_string())?);
                }
                next = fetched.next_offset;
            }
            ReadOutcome::Cold(load) => {
                let bytes = disks.load(broker, &load);
                let bytes = bytes.map_err(|error| format!("{load:?}: {error}"))?;
                log.loaded(&load, bytes)?;
            }
            // A batch that reaches past the end, or a hole that compaction left.
            ReadOutcome::Fetched(_) => break,
            outcome => return Err(format!("reading at {next} gives {outcome:?}")),
        }
    }
    Ok(out)
}

/// Every record of a log as (offset, value), as the disk has it.
///
/// # Errors
/// The log cannot be read there.
pub fn values(disks: &VirtualDisks, broker: i32, log: &Log) -> Result<Vec<(i64, String)>, String> {
    let mut log = log.clone();
    log.evict(usize::MAX);
    let (from, to) = (log.log_start_offset(), log.log_end_offset());
    let all = read(disks, broker, &log, from, to)?;
    let mut values = Vec::new();
    for batch in all.iter().filter(|b| !b.header.attributes.is_control()) {
        for record in batch.records() {
            let record = record.map_err(|error| error.to_string())?;
            let value = record.value.unwrap_or_default();
            values.push((record.offset, String::from_utf8_lossy(&value).into_owned()));
        }
    }
    Ok(values)
}
