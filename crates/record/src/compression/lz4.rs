//! The lz4 frame format. Read by lz4_flex, written here.
//!
//! lz4_flex looks matches up by another hash where words have 32 bits, so the same records would
//! give other bytes in wasm than natively, and another run. What is written is what Java clients
//! write: independent blocks of 64 KiB, no checksum of the content.
//!
//! ```text
//! magic 04 22 4d 18 | FLG 60 | BD 40 | header checksum 82
//! | { size u32 (highest bit: not compressed), block } ... | 00 00 00 00
//! ```
//! Formats: <https://github.com/lz4/lz4/tree/dev/doc>.

mod chains;

use lz4_flex::frame::FrameDecoder;

use chains::compress_block_thoroughly;

use super::{Codec, CompressionError, damaged, read_limited};

/// Magic, version 1 with independent blocks, blocks of 64 KiB, and the checksum of those two bytes.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
const BLOCK_BYTES: usize = 64 * 1024;
/// Marks a block that did not get smaller.
const STORED: u32 = 1 << 31;
const MIN_MATCH: usize = 4;
/// The format wants the last bytes as literals, and no match to start later than this.
const LAST_LITERALS: usize = 5;
const MATCH_LIMIT: usize = 12;
const HASH_BITS: u32 = 13;
/// Misses after which the search takes larger steps.
const MISSES_A_STEP: usize = 64;
/// `compression.lz4.level` where nothing else is said. As in Kafka it stands for the fast search,
/// and every other level for the thorough one.
const DEFAULT_LEVEL: i32 = 9;

/// Levels 1 to 17.
pub(super) fn compress(data: &[u8], level: Option<i32>) -> Vec<u8> {
    let level = level.filter(|level| *level != DEFAULT_LEVEL);
    let mut out = HEADER.to_vec();
    for block in data.chunks(BLOCK_BYTES) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        match level {
            None => compress_block(block, &mut out),
            Some(level) => compress_block_thoroughly(block, level, &mut out),
        }
        let mut size = (out.len() - start - 4) as u32;
        if size as usize >= block.len() {
            out.truncate(start + 4);
            out.extend_from_slice(block);
            size = block.len() as u32 | STORED;
        }
        out[start..start + 4].copy_from_slice(&size.to_le_bytes());
    }
    out.extend_from_slice(&[0; 4]);
    out
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    if data.is_empty() {
        // The decoder takes nothing at all for an empty stream.
        return Err(damaged(Codec::Lz4, "no frame"));
    }
    read_limited(Codec::Lz4, FrameDecoder::new(data), limit)
}

fn word(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

fn hash(word: u32) -> usize {
    (word.wrapping_mul(2_654_435_761) >> (32 - HASH_BITS)) as usize
}

/// Greedy search: the last place where the next four bytes were seen.
fn compress_block(block: &[u8], out: &mut Vec<u8>) {
    let mut seen = [0u16; 1 << HASH_BITS];
    let (mut at, mut literals, mut misses) = (0, 0, 0);
    while at + MATCH_LIMIT < block.len() {
        let next = word(block, at);
        let mut from = usize::from(std::mem::replace(&mut seen[hash(next)], at as u16));
        if from >= at || word(block, from) != next {
            misses += 1;
            at += 1 + misses / MISSES_A_STEP;
            continue;
        }
        while at > literals && from > 0 && block[at - 1] == block[from - 1] {
            (at, from) = (at - 1, from - 1);
        }
        let len = match_len(block, at, from);
        put_sequence(&block[literals..at], Some((at - from, len)), out);
        at += len;
        (literals, misses) = (at, 0);
    }
    put_sequence(&block[literals..], None, out);
}

/// Bytes that are the same from `at` and from the earlier `from` on, the first [`MIN_MATCH`] of
/// them taken for granted.
fn match_len(block: &[u8], at: usize, from: usize) -> usize {
    let end = block.len() - LAST_LITERALS;
    let longer = block[at + MIN_MATCH..end]
        .iter()
        .zip(&block[from + MIN_MATCH..]);
    MIN_MATCH + longer.take_while(|(a, b)| a == b).count()
}

/// ```text
/// token: literals 4 bits, match 4 bits | more literal length | literals
///        | offset u16 little-endian | more match length
/// ```
fn put_sequence(literals: &[u8], found: Option<(usize, usize)>, out: &mut Vec<u8>) {
    let matched = found.map_or(0, |(_, len)| len - MIN_MATCH);
    out.push((literals.len().min(15) << 4 | matched.min(15)) as u8);
    put_length(literals.len(), out);
    out.extend_from_slice(literals);
    if let Some((offset, _)) = found {
        out.extend_from_slice(&(offset as u16).to_le_bytes());
        put_length(matched, out);
    }
}

/// What of a length the token has no room for.
fn put_length(length: usize, out: &mut Vec<u8>) {
    let Some(mut rest) = length.checked_sub(15) else {
        return;
    };
    while rest >= 255 {
        out.push(255);
        rest -= 255;
    }
    out.push(rest as u8);
}
