//! zstd (RFC 8878) by structured-zstd, which is Rust throughout.

use structured_zstd::decoding::{FrameDecoder, StreamingDecoder};
use structured_zstd::encoding::{CompressionLevel, compress_slice_to_vec};

use super::{Codec, CompressionError, damaged, read_limited};

/// Kafka's default of `compression.zstd.level`.
const DEFAULT_LEVEL: i32 = 3;
/// Kafka's limits of `compression.zstd.level`.
const LEVELS: std::ops::RangeInclusive<i32> = -131_072..=22;

pub(super) fn compress(data: &[u8], level: Option<i32>) -> Vec<u8> {
    let level = level
        .filter(|level| LEVELS.contains(level))
        .unwrap_or(DEFAULT_LEVEL);
    compress_slice_to_vec(data, CompressionLevel::from_level(level))
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    if data.is_empty() {
        // The decoder takes nothing at all for an empty stream.
        return Err(damaged(Codec::Zstd, "no frame"));
    }
    let decoder = StreamingDecoder::new_with_decoder(data, FrameDecoder::new());
    read_limited(Codec::Zstd, decoder, limit)
}
