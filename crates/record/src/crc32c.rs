//! CRC-32C (Castagnoli), the checksum of record batches v2.
//!
//! Natively the crc-fast crate uses the processor's instructions. In wasm a table look-up by
//! `i8x16.swizzle` runs when the build has simd128, slicing-by-16 otherwise; slicing-by-16 is also
//! what the tests compare both with.

#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod fold;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
mod slicing;

/// The CRC-32C of `data`.
pub fn crc32c(data: &[u8]) -> u32 {
    #[cfg(not(target_family = "wasm"))]
    return crc_fast::crc32_iscsi(data);
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return simd128::crc32c(data);
    #[cfg(all(target_family = "wasm", not(target_feature = "simd128")))]
    return slicing::crc32c(data);
}

/// The portable implementation: for comparison in tests and benchmarks.
pub fn crc32c_slicing(data: &[u8]) -> u32 {
    slicing::crc32c(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_vectors() {
        // The first is the catalogue's check value, the others are from RFC 3720, B.4.
        let ascending: Vec<u8> = (0..32).collect();
        let descending: Vec<u8> = (0..32).rev().collect();
        let cases: [(&[u8], u32); 6] = [
            (b"123456789", 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
            (&descending, 0x113f_db5c),
            (b"", 0),
        ];
        for (data, expect) in cases {
            assert_eq!(crc32c(data), expect);
            assert_eq!(crc32c_slicing(data), expect);
        }
    }

    proptest! {
        #[test]
        fn same_as_slicing(data in prop::collection::vec(any::<u8>(), 0..2000), skip in 0usize..20) {
            let data = &data[skip.min(data.len())..];
            prop_assert_eq!(crc32c(data), crc32c_slicing(data));
            prop_assert_eq!(fold::crc32c_scalar(data), crc32c_slicing(data));
        }
    }
}
