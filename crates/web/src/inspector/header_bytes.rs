//! The 61 bytes of a record batch's header, field by field.
//!
//! ```text
//! 0         8     12    16  17   21   23    27    35    43      51   53    57      61
//! | baseOff | len | epo |mag| crc |att | last | baseT | maxT | pid  |pEp | seq | count | records
//! ```
//! KIP-98 and "Record Batch" in Kafka's protocol guide.

/// A field: its name, where it begins, how long it is, and which colour its bytes have.
pub struct Field {
    pub name: &'static str,
    pub at: usize,
    pub len: usize,
    pub tone: &'static str,
}

const fn field(name: &'static str, at: usize, len: usize, tone: &'static str) -> Field {
    Field {
        name,
        at,
        len,
        tone,
    }
}

pub const HEADER: [Field; 13] = [
    field("base offset", 0, 8, "blue"),
    field("length", 8, 4, "blue"),
    field("leader epoch", 12, 4, "brand"),
    field("magic", 16, 1, "brand"),
    field("crc32c", 17, 4, "hot"),
    field("attributes", 21, 2, "brand"),
    field("last offset delta", 23, 4, ""),
    field("base timestamp", 27, 8, ""),
    field("max timestamp", 35, 8, ""),
    field("producer id", 43, 8, "violet"),
    field("producer epoch", 51, 2, "violet"),
    field("base sequence", 53, 4, "violet"),
    field("records", 57, 4, ""),
];

/// Bytes of the header.
pub const HEADER_LEN: usize = 61;

/// The value of a field, big-endian and signed, as Kafka writes it; the CRC is unsigned.
pub fn value(field: &Field, head: &[u8]) -> Option<i64> {
    let bytes = head.get(field.at..field.at + field.len)?;
    let unsigned = bytes
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    if field.name == "crc32c" {
        return i64::try_from(unsigned).ok();
    }
    let shift = 64 - 8 * field.len as u32;
    Some(((unsigned << shift) as i64) >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cover_the_header_without_gaps() {
        let mut next = 0;
        for field in &HEADER {
            assert_eq!(field.at, next, "{}", field.name);
            next += field.len;
        }
        assert_eq!(next, HEADER_LEN);
    }

    #[test]
    fn values_are_big_endian_and_signed() {
        let mut head = [0_u8; HEADER_LEN];
        head[7] = 39;
        head[17..21].copy_from_slice(&[0x9c, 0x1f, 0x73, 0xe0]);
        head[43..51].copy_from_slice(&(-1_i64).to_be_bytes());
        assert_eq!(value(&HEADER[0], &head), Some(39));
        assert_eq!(value(&HEADER[4], &head), Some(0x9c1f_73e0));
        assert_eq!(value(&HEADER[9], &head), Some(-1));
        assert_eq!(value(&HEADER[12], &head[..58]), None);
    }
}
