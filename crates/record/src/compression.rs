//! The codecs of record batches, one file each.
//!
//! Every decompression takes a limit on what comes out: a batch of a few bytes can claim to hold
//! gigabytes. Output never grows ahead of what the input really decodes to.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::io::Read;

use thiserror::Error;

/// Most bytes that the records of one batch may decompress to.
pub const MAX_DECOMPRESSED_BYTES: usize = 128 * 1024 * 1024;

/// A codec by Kafka's number (the low three bits of a batch's attributes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Codec {
    #[default]
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Codec {
    /// All codecs by their number.
    pub const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    pub fn id(self) -> u8 {
        self as u8
    }

    /// The name in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// The codec of that name; topics may also say `uncompressed`.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "uncompressed" {
            return Some(Codec::None);
        }
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }
}

/// A codec and how hard it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compression {
    pub codec: Codec,
    /// `None` is Kafka's default level. gzip 1 to 9, lz4 1 to 17, zstd -131072 to 22; snappy has no
    /// levels.
    pub level: Option<i32>,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        Self { codec, level: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompressionError {
    #[error("{} data decompresses to more than the limit of {limit} bytes", .codec.name())]
    TooLarge { codec: Codec, limit: usize },
    #[error("{} data is damaged: {reason}", .codec.name())]
    Damaged { codec: Codec, reason: String },
}

/// Compresses `data`. Same input, same output, on every host.
pub fn compress(compression: Compression, data: &[u8]) -> Vec<u8> {
    match compression.codec {
        Codec::None => data.to_vec(),
        Codec::Gzip => gzip::compress(data, compression.level),
        Codec::Snappy => snappy::compress(data),
        Codec::Lz4 => lz4::compress(data, compression.level),
        Codec::Zstd => zstd::compress(data, compression.level),
    }
}

/// Decompresses to at most `limit` bytes.
pub fn decompress(codec: Codec, data: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    match codec {
        Codec::None if data.len() > limit => Err(CompressionError::TooLarge { codec, limit }),
        Codec::None => Ok(data.to_vec()),
        Codec::Gzip => gzip::decompress(data, limit),
        Codec::Snappy => snappy::decompress(data, limit),
        Codec::Lz4 => lz4::decompress(data, limit),
        Codec::Zstd => zstd::decompress(data, limit),
    }
}

fn damaged(codec: Codec, reason: impl ToString) -> CompressionError {
    CompressionError::Damaged {
        codec,
        reason: reason.to_string(),
    }
}

/// Reads a decoder to its end, but no further than one byte past the limit.
fn read_limited(
    codec: Codec,
    decoder: impl Read,
    limit: usize,
) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    decoder
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|e| damaged(codec, e))?;
    if out.len() > limit {
        return Err(CompressionError::TooLarge { codec, limit });
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
