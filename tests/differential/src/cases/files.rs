//! The files of a topic after the same batches were produced: byte for byte.

use super::{batch_of, made, produce_request};
use crate::session::Session;
use konbini_protocol::compression::Codec;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long files may take to be written.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn segments(session: &mut Session) {
    let configs = [
        ("segment.bytes", "1048576"),
        ("index.interval.bytes", "4096"),
    ];
    made(session, "lying", 1, &configs);
    for round in 0..60_usize {
        let codec = Codec::ALL[round % Codec::ALL.len()];
        // Compressed by us, so that the same bytes are sent to both.
        let value = format!("{round:05}-").repeat(8000);
        let values = [value.as_str(), "short", value.as_str()];
        let codec = if round % 3 == 0 { codec } else { Codec::None };
        let request = produce_request("lying", 0, batch_of(codec, &values));
        session.call(9, &request).ok();
    }
    let dir = session.dir.join("lying-0");
    let begun = Instant::now();
    // Both write what belongs to a new segment beside their other work, the snapshot last.
    let (names, active) = loop {
        let names = names(&dir);
        let active = names.iter().rfind(|name| name.ends_with(".log"));
        let active = active.map_or("", |name| name.trim_end_matches(".log"));
        let is_whole = names.contains(&format!("{active}.snapshot"));
        if is_whole || begun.elapsed() > PATIENCE {
            let active = active.to_owned();
            break (names, active);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    session.note("names", &names.join("\n"));
    for name in names {
        // Ids differ; Kafka makes the files of the active segment large first.
        let is_active = name.starts_with(&active) && name.ends_with("index");
        if name == "partition.metadata" || is_active {
            continue;
        }
        let bytes = std::fs::read(dir.join(&name)).unwrap_or_default();
        let crc = konbini_protocol::crc32c::crc32c(&bytes);
        session.note(&name, &format!("{} bytes, CRC {crc:08x}", bytes.len()));
    }
}

/// What lies in a directory, in order.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
