//! Slicing-by-16: sixteen tables, sixteen bytes a step.

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// `TABLES[k][b]`: the register after byte `b` and `k` zero bytes, from zero.
static TABLES: [[u32; 256]; 16] = tables();

pub(super) const fn tables() -> [[u32; 256]; 16] {
    let mut out = [[0u32; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        out[0][byte] = crc;
        byte += 1;
    }
    let mut k = 1;
    while k < 16 {
        let mut byte = 0;
        while byte < 256 {
            let before = out[k - 1][byte];
            out[k][byte] = (before >> 8) ^ out[0][(before & 0xff) as usize];
            byte += 1;
        }
        k += 1;
    }
    out
}

/// The register after byte `byte` and then `zeros` zero bytes, from zero.
#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) const fn register_after(tables: &[[u32; 256]; 16], byte: u8, zeros: usize) -> u32 {
    let mut crc = tables[0][byte as usize];
    let mut i = 0;
    while i < zeros {
        crc = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
        i += 1;
    }
    crc
}

pub(super) fn crc32c(data: &[u8]) -> u32 {
    !update(!0, data)
}

/// Feeds `data` to the register `crc` (without the inversions at both ends).
pub(super) fn update(mut crc: u32, data: &[u8]) -> u32 {
    let mut blocks = data.chunks_exact(16);
    for block in blocks.by_ref() {
        let head = crc ^ u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
        let mut next = 0;
        for (i, byte) in head.to_le_bytes().iter().enumerate() {
            next ^= TABLES[15 - i][usize::from(*byte)];
        }
        for (i, byte) in block[4..].iter().enumerate() {
            next ^= TABLES[11 - i][usize::from(*byte)];
        }
        crc = next;
    }
    for byte in blocks.remainder() {
        crc = (crc >> 8) ^ TABLES[0][usize::from(crc as u8 ^ byte)];
    }
    crc
}
