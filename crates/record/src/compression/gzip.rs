//! gzip (RFC 1952) by flate2 on zlib-rs. Several members in a row are one stream, as in Java.

use std::io::Read;

use flate2::Compression as Level;
use flate2::bufread::{GzEncoder, MultiGzDecoder};

use super::{Codec, CompressionError, read_limited};

/// Kafka's default of `compression.gzip.level` (-1) means zlib's 6.
const DEFAULT_LEVEL: i32 = 6;

pub(super) fn compress(data: &[u8], level: Option<i32>) -> Vec<u8> {
    let level = match level {
        Some(level @ 1..=9) => level,
        _ => DEFAULT_LEVEL,
    };
    let mut out = Vec::new();
    GzEncoder::new(data, Level::new(level as u32))
        .read_to_end(&mut out)
        .expect("reading from memory cannot fail");
    out
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    read_limited(Codec::Gzip, MultiGzDecoder::new(data), limit)
}
