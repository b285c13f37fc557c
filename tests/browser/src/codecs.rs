//! Compressed bytes are part of what a run stores and hashes. They must not depend on the host,
//! though codecs choose other instructions on each.

use konbini_protocol::compression::{Codec, Compression, compress, decompress};
use konbini_protocol::crc32c::{crc32c, crc32c_slicing};

/// Codecs with the levels that are tried, and the sum of what they make of all samples.
const EXPECTED: [(Codec, &[i32], u32); 4] = [
    (Codec::Gzip, &[1, 6, 9], 3_597_704_331),
    (Codec::Snappy, &[0], 2_652_315_596),
    (Codec::Lz4, &[9], 2_807_433_905),
    (Codec::Zstd, &[-5, 1, 3, 9, 19], 2_427_476_440),
];

/// Codec, the sum that came out here, the sum that comes out everywhere.
///
/// # Panics
/// If compressed data does not decompress to itself, or the two checksums disagree.
pub fn codec_sums() -> Vec<(Codec, u32, u32)> {
    let samples = samples();
    EXPECTED
        .iter()
        .map(|&(codec, levels, expected)| (codec, sum(codec, levels, &samples), expected))
        .collect()
}

fn sum(codec: Codec, levels: &[i32], samples: &[Vec<u8>]) -> u32 {
    let mut sum = 0u32;
    for sample in samples {
        for &level in levels {
            let level = Some(level);
            let packed = compress(Compression { codec, level }, sample);
            let unpacked = decompress(codec, &packed, sample.len());
            assert!(unpacked.as_ref() == Ok(sample), "{codec:?} {level:?}");
            assert_eq!(crc32c(&packed), crc32c_slicing(&packed), "{codec:?}");
            sum = sum.wrapping_mul(31).wrapping_add(crc32c(&packed));
        }
    }
    sum
}

/// Text, numbers, noise, one long run and a few bytes, from a fixed generator.
fn samples() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let text = (0..6_000).flat_map(|_| format!("{{\"item\":{}}}\n", next() % 500).into_bytes());
    let text: Vec<u8> = text.collect();
    let numbers = (0..50_000u32).flat_map(|i| (i.wrapping_mul(i) % 977).to_le_bytes());
    let numbers: Vec<u8> = numbers.collect();
    let noise = (0..30_000).map(|_| next() as u8).collect();
    vec![text, numbers, noise, vec![7; 200_000], b"short".to_vec()]
}
