//! Tables for folding: 128 bytes of message become 128 other bytes, 128 bytes later, with the same
//! effect on the CRC.
//!
//! ```text
//! lane j (0..32) of a block holds the bytes at j, j+32, j+64, j+96: planes 0 to 3
//!
//!  plane 0   plane 1   plane 2   plane 3      one step: every nibble of every plane looks up
//!  [0..32)   [32..64)  [64..96)  [96..128)    what it is worth one block later, in four planes
//! ```
//! A CRC register has 32 bits, so the effect of any byte can be written as four bytes 32 apart,
//! if the 32 bits in those places have independent effects. At a distance of 16 they have not
//! (rank 31), at 32 they have. All lanes share the tables, which is what a byte shuffle needs: 16
//! lanes look up 16 nibbles in one 16-entry table.

use super::slicing::{register_after, update};

/// Bytes of one folding step.
pub(super) const BLOCK: usize = 128;
/// Distance of a lane's bytes.
const STRIDE: usize = 32;

/// `[plane in][low or high nibble][plane out][nibble]`
pub(super) type FoldTables = [[[[u8; 16]; 4]; 2]; 4];

pub(super) static FOLD: FoldTables = fold_tables();

const fn fold_tables() -> FoldTables {
    let slicing = super::slicing::tables();
    let basis = inverse_basis(&slicing);
    let mut out = [[[[0u8; 16]; 4]; 2]; 4];
    let mut plane = 0;
    while plane < 4 {
        let mut bit = 0;
        while bit < 8 {
            let effect = register_after(&slicing, 1 << bit, BLOCK + STRIDE * (3 - plane));
            let worth = solve(&basis, effect);
            // Spread this bit over every nibble value that has it.
            let mut nibble = 0;
            while nibble < 16 {
                if (nibble >> (bit % 4)) & 1 == 1 {
                    let mut to = 0;
                    while to < 4 {
                        out[plane][bit / 4][to][nibble] ^= (worth >> (8 * to)) as u8;
                        to += 1;
                    }
                }
                nibble += 1;
            }
            bit += 1;
        }
        plane += 1;
    }
    out
}

/// For each register bit, the 32 message bits (byte `q` of the lane in bits `8q..8q+8`) that set
/// exactly it. Gauss-Jordan over GF(2); fails to compile if the bits are not independent.
const fn inverse_basis(slicing: &[[u32; 256]; 16]) -> [u32; 32] {
    let mut effects = [0u32; 32];
    let mut causes = [0u32; 32];
    let mut i = 0;
    while i < 32 {
        effects[i] = register_after(slicing, 1 << (i % 8), STRIDE * (3 - i / 8));
        causes[i] = 1 << i;
        i += 1;
    }
    let mut bit = 0;
    while bit < 32 {
        let mut pivot = bit;
        while (effects[pivot] >> bit) & 1 == 0 {
            pivot += 1;
        }
        (effects[bit], effects[pivot]) = (effects[pivot], effects[bit]);
        (causes[bit], causes[pivot]) = (causes[pivot], causes[bit]);
        let mut row = 0;
        while row < 32 {
            if row != bit && (effects[row] >> bit) & 1 == 1 {
                effects[row] ^= effects[bit];
                causes[row] ^= causes[bit];
            }
            row += 1;
        }
        bit += 1;
    }
    causes
}

const fn solve(basis: &[u32; 32], effect: u32) -> u32 {
    let mut out = 0;
    let mut bit = 0;
    while bit < 32 {
        if (effect >> bit) & 1 == 1 {
            out ^= basis[bit];
        }
        bit += 1;
    }
    out
}

/// The register after the folded block `state` and then the rest of the message.
pub(super) fn finish(state: &[u8; BLOCK], rest: &[u8]) -> u32 {
    !update(update(0, state), rest)
}

/// The same as the simd128 version, a byte at a time: proves the tables where there is no wasm.
#[cfg(test)]
pub(super) fn crc32c_scalar(data: &[u8]) -> u32 {
    let Some((first, mut rest)) = data.split_first_chunk::<BLOCK>() else {
        return super::slicing::crc32c(data);
    };
    let mut state = *first;
    for byte in &mut state[..4] {
        *byte = !*byte;
    }
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        let mut next = *block;
        for lane in 0..STRIDE {
            for plane in 0..4 {
                let byte = state[lane + STRIDE * plane];
                for (half, nibble) in [byte & 15, byte >> 4].into_iter().enumerate() {
                    for to in 0..4 {
                        next[lane + STRIDE * to] ^= FOLD[plane][half][to][usize::from(nibble)];
                    }
                }
            }
        }
        state = next;
        rest = after;
    }
    finish(&state, rest)
}
