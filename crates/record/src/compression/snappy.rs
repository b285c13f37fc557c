//! snappy: blocks in the framing of xerial's snappy-java, which Java clients write; raw blocks,
//! which librdkafka and others write, are read as well.
//!
//! ```text
//! 82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version i32 | compatible i32 | { length i32, raw block } ...
//! ```

use snap::raw::{Decoder, Encoder, decompress_len};

use super::{Codec, CompressionError, damaged};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
/// Magic, version and the lowest version that can read it.
const HEADER_BYTES: usize = 16;
const VERSION: i32 = 1;
/// Uncompressed bytes in a block, as snappy-java cuts them.
const BLOCK_BYTES: usize = 32 * 1024;
/// A copy of 64 bytes takes 3: no block grows more than this.
const MAX_RATIO: usize = 22;

pub(super) fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + data.len() / 2);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&VERSION.to_be_bytes());
    let mut encoder = Encoder::new();
    for block in data.chunks(BLOCK_BYTES) {
        let packed = encoder
            .compress_vec(block)
            .expect("a block is far below snappy's 4 GiB");
        out.extend_from_slice(&(packed.len() as i32).to_be_bytes());
        out.extend_from_slice(&packed);
    }
    out
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    if !data.starts_with(&MAGIC) {
        decompress_block(data, limit, &mut out)?;
        return Ok(out);
    }
    let mut rest = data
        .get(HEADER_BYTES..)
        .ok_or_else(|| damaged(Codec::Snappy, "the header is cut off"))?;
    while !rest.is_empty() {
        let (prefix, after) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| damaged(Codec::Snappy, "a block length is cut off"))?;
        let length = usize::try_from(i32::from_be_bytes(*prefix))
            .map_err(|_| damaged(Codec::Snappy, "a block length is negative"))?;
        if length > after.len() {
            return Err(damaged(Codec::Snappy, "a block is cut off"));
        }
        let (block, after) = after.split_at(length);
        decompress_block(block, limit, &mut out)?;
        rest = after;
    }
    Ok(out)
}

fn decompress_block(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), CompressionError> {
    let claimed = decompress_len(block).map_err(|e| damaged(Codec::Snappy, e))?;
    if claimed > limit - out.len() {
        return Err(CompressionError::TooLarge {
            codec: Codec::Snappy,
            limit,
        });
    }
    if claimed > block.len().saturating_mul(MAX_RATIO) {
        return Err(damaged(
            Codec::Snappy,
            "a block claims more than it can hold",
        ));
    }
    let start = out.len();
    out.resize(start + claimed, 0);
    let written = Decoder::new()
        .decompress(block, &mut out[start..])
        .map_err(|e| damaged(Codec::Snappy, e))?;
    out.truncate(start + written);
    Ok(())
}
