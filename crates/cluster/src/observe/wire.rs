//! The newest requests and responses of each client, kept as bytes and decoded when looked at.

use bytes::Bytes;
use konbini_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use konbini_protocol::{api, request, response};
use konbini_scenario::inspect::Exchange;
use std::collections::VecDeque;

/// Exchanges of one client that are kept.
const EXCHANGES_MAX: usize = 128;
/// Bytes of requests and responses of one client that are kept.
const KEPT_BYTES_MAX: usize = 512 * 1024;
/// A longer frame is not kept, only its size.
const KEPT_FRAME_BYTES_MAX: usize = 128 * 1024;
/// Characters of a decoded request or response that are shown.
const SHOWN_CHARS_MAX: usize = 8_000;

#[derive(Debug, Default)]
pub(crate) struct Ring {
    exchanges: VecDeque<Kept>,
    /// Number of the oldest one kept.
    first: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    sent: i64,
    /// -1 until the response arrives, and for ever where none comes.
    answered: i64,
    broker: i32,
    api_key: i16,
    version: i16,
    correlation_id: i32,
    request: Part,
    response: Part,
}

/// A frame without its size prefix.
#[derive(Debug, Default)]
struct Part {
    size: usize,
    kept: Option<Bytes>,
}

impl Part {
    fn of(frame: &Bytes) -> Part {
        let kept = (frame.len() <= KEPT_FRAME_BYTES_MAX).then(|| frame.clone());
        Part {
            size: frame.len(),
            kept,
        }
    }

    fn bytes(&self) -> usize {
        self.kept.as_ref().map_or(0, Bytes::len)
    }
}

/// What every request begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) api_key: i16,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
}

impl Head {
    pub(crate) fn of(frame: &[u8]) -> Option<Head> {
        let [k0, k1, v0, v1, c0, c1, c2, c3] = *frame.first_chunk::<8>()?;
        Some(Head {
            api_key: i16::from_be_bytes([k0, k1]),
            version: i16::from_be_bytes([v0, v1]),
            correlation_id: i32::from_be_bytes([c0, c1, c2, c3]),
        })
    }
}

impl Ring {
    /// Keeps a request; returns its number, by which its response finds it.
    pub(crate) fn request(&mut self, sent: i64, broker: i32, head: Head, frame: &Bytes) -> u64 {
        let request = Part::of(frame);
        self.bytes += request.bytes();
        self.exchanges.push_back(Kept {
            sent,
            answered: -1,
            broker,
            api_key: head.api_key,
            version: head.version,
            correlation_id: head.correlation_id,
            request,
            response: Part::default(),
        });
        self.shrink();
        self.first + self.exchanges.len() as u64 - 1
    }

    pub(crate) fn response(&mut self, number: u64, answered: i64, frame: &Bytes) {
        let place = number
            .checked_sub(self.first)
            .and_then(|place| usize::try_from(place).ok());
        let Some(kept) = place.and_then(|place| self.exchanges.get_mut(place)) else {
            return;
        };
        kept.answered = answered;
        kept.response = Part::of(frame);
        self.bytes += kept.response.bytes();
        self.shrink();
    }

    fn shrink(&mut self) {
        // The newest stays whatever its size, so that a number is always that of a kept one.
        while self.exchanges.len() > 1
            && (self.exchanges.len() > EXCHANGES_MAX || self.bytes > KEPT_BYTES_MAX)
        {
            if let Some(old) = self.exchanges.pop_front() {
                self.bytes -= old.request.bytes() + old.response.bytes();
                self.first += 1;
            }
        }
    }

    /// The newest, decoded, newest first; of one broker or of all. What has not arrived at `now`
    /// has not happened.
    pub(crate) fn newest(
        &self,
        client: &str,
        broker: Option<i32>,
        count: usize,
        now: i64,
    ) -> Vec<Exchange> {
        self.exchanges
            .iter()
            .rev()
            .filter(|kept| broker.is_none_or(|broker| broker == kept.broker))
            .take(count)
            .map(|kept| kept.show(client, now))
            .collect()
    }
}

impl Kept {
    fn show(&self, client: &str, now: i64) -> Exchange {
        let arrived = (0..=now).contains(&self.answered);
        let response = match arrived {
            true => show_response(&self.response, self.api_key, self.version),
            false => String::new(),
        };
        let size = |part: &Part| u32::try_from(part.size).unwrap_or(u32::MAX);
        Exchange {
            sent: self.sent,
            answered: if arrived { self.answered } else { -1 },
            client: client.to_owned(),
            broker: self.broker,
            api: api::name(self.api_key),
            version: self.version,
            correlation_id: self.correlation_id,
            request_bytes: size(&self.request),
            response_bytes: if arrived { size(&self.response) } else { 0 },
            request: show_request(&self.request),
            response,
        }
    }
}

fn show_request(part: &Part) -> String {
    let Some(frame) = &part.kept else {
        return too_long(part.size);
    };
    match request::decode(frame) {
        Ok(request) => show(&request_body(&request.body)),
        Err(error) => error.to_string(),
    }
}

fn show_response(part: &Part, api_key: i16, version: i16) -> String {
    let Some(frame) = &part.kept else {
        return too_long(part.size);
    };
    match response::decode_kind(frame, api_key, version) {
        Ok((_, body)) => show(&response_body(&body)),
        Err(error) => error.to_string(),
    }
}

/// Records are named by their size here: the inspector of logs shows what is in them.
fn request_body(body: &RequestKind) -> String {
    let RequestKind::Produce(produce) = body else {
        return format!("{body:#?}");
    };
    let mut shown = produce.clone();
    for topic in &mut shown.topic_data {
        for partition in &mut topic.partition_data {
            partition.records = partition.records.as_ref().map(name_size);
        }
    }
    format!("{shown:#?}")
}

fn response_body(body: &ResponseKind) -> String {
    let ResponseKind::Fetch(fetch) = body else {
        return format!("{body:#?}");
    };
    let mut shown = fetch.clone();
    for topic in &mut shown.responses {
        for partition in &mut topic.partitions {
            partition.records = partition.records.as_ref().map(name_size);
        }
    }
    format!("{shown:#?}")
}

fn name_size(records: &Bytes) -> Bytes {
    Bytes::from(format!("{} bytes of record batches", records.len()))
}

/// The fields as indented text, in Kafka's camelCase, without the decoder's own wrappers.
fn show(debug: &str) -> String {
    let mut text = String::with_capacity(debug.len().min(SHOWN_CHARS_MAX));
    for line in debug.lines() {
        if line.contains("unknown_tagged_fields") {
            continue;
        }
        if text.len() + line.len() > SHOWN_CHARS_MAX {
            text.push_str("…\n");
            break;
        }
        text.push_str(&camel_case(line));
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// `    api_key: 3,` becomes `    apiKey: 3,`; values stay as they are.
fn camel_case(line: &str) -> String {
    let Some((name, value)) = line.split_once(": ") else {
        return line.to_owned();
    };
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ' ');
    if !name.chars().all(is_name) {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut raise = false;
    for c in name.chars() {
        if c == '_' {
            raise = true;
            continue;
        }
        out.push(if raise { c.to_ascii_uppercase() } else { c });
        raise = false;
    }
    out.push_str(": ");
    out.push_str(value);
    out
}

fn too_long(size: usize) -> String {
    format!("{size} bytes, too many to keep")
}

/// Whether the API moves records; those are what flights are made of.
pub(crate) fn moves_records(api_key: i16) -> Option<ApiKey> {
    match ApiKey::try_from(api_key) {
        Ok(key @ (ApiKey::Produce | ApiKey::Fetch)) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        api_key: 3,
        version: 9,
        correlation_id: 1,
    };

    #[test]
    fn rings_are_bounded() {
        let mut ring = Ring::default();
        let frame = Bytes::from(vec![0; 10_000]);
        for n in 0..1_000 {
            assert_eq!(ring.request(n, 1, HEAD, &frame), n.cast_unsigned());
            ring.response(n.cast_unsigned(), n + 1, &frame);
        }
        assert!(ring.bytes <= KEPT_BYTES_MAX);
        assert_eq!(ring.newest("c", None, 5, 2_000).len(), 5);
        assert_eq!(ring.newest("c", Some(2), 5, 2_000), []);
        ring.response(0, 5, &frame);
        let huge = Bytes::from(vec![0; KEPT_FRAME_BYTES_MAX + 1]);
        ring.request(1_000, 1, HEAD, &huge);
        assert_eq!(
            ring.newest("c", None, 1, 2_000)[0].request,
            "131073 bytes, too many to keep"
        );
    }

    #[test]
    fn answers_are_told_when_they_arrive() {
        let mut ring = Ring::default();
        let number = ring.request(10, 1, HEAD, &Bytes::from_static(b"request"));
        ring.response(number, 30, &Bytes::from_static(b"response"));
        let at = |now| {
            let shown = ring.newest("c", None, 1, now).remove(0);
            (shown.answered, shown.response_bytes)
        };
        assert_eq!(at(29), (-1, 0));
        assert_eq!(at(30), (30, 8));
    }

    #[test]
    fn names_are_kafkas() {
        let check = |line: &str, expect: &str| assert_eq!(camel_case(line), expect);
        check("    max_wait_ms: 500,", "    maxWaitMs: 500,");
        check("    name: \"a_b: c\",", "    name: \"a_b: c\",");
        check("MetadataRequest {", "MetadataRequest {");
    }
}
