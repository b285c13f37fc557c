//! CRC-32C by `i8x16.swizzle`: see `fold.rs` for why this works.
//!
//! Two independent halves of 64 bytes a step; each does 32 look-ups of 16 lanes.

use core::arch::wasm32::{
    i8x16_swizzle, u8x16_shr, u8x16_splat, v128, v128_and, v128_load, v128_store, v128_xor,
};

use super::fold::{BLOCK, FOLD, finish};
use super::slicing;

/// Bytes of a vector.
const LANES: usize = 16;

pub(super) fn crc32c(data: &[u8]) -> u32 {
    let Some((first, mut rest)) = data.split_first_chunk::<BLOCK>() else {
        return slicing::crc32c(data);
    };
    let mut start = *first;
    for byte in &mut start[..4] {
        *byte = !*byte;
    }
    let tables = Tables::load();
    let mut even = load_half(&start, 0);
    let mut odd = load_half(&start, LANES);
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        even = tables.fold(even, load_half(block, 0));
        odd = tables.fold(odd, load_half(block, LANES));
        rest = after;
    }
    let mut state = [0u8; BLOCK];
    store_half(&mut state, 0, even);
    store_half(&mut state, LANES, odd);
    finish(&state, rest)
}

/// Four planes of 16 lanes.
type Half = [v128; 4];

struct Tables([[[v128; 4]; 2]; 4]);

impl Tables {
    #[inline(always)]
    fn load() -> Self {
        let mut out = [[[u8x16_splat(0); 4]; 2]; 4];
        for (plane, halves) in FOLD.iter().enumerate() {
            for (half, planes) in halves.iter().enumerate() {
                for (to, table) in planes.iter().enumerate() {
                    out[plane][half][to] = load(table, 0);
                }
            }
        }
        Self(out)
    }

    /// What `state` is worth one block later, together with that block.
    #[inline(always)]
    fn fold(&self, state: Half, block: Half) -> Half {
        let nibble = u8x16_splat(15);
        let mut out = block;
        for (plane, bytes) in state.into_iter().enumerate() {
            let low = v128_and(bytes, nibble);
            let high = u8x16_shr(bytes, 4);
            for (to, sum) in out.iter_mut().enumerate() {
                let worth = v128_xor(
                    i8x16_swizzle(self.0[plane][0][to], low),
                    i8x16_swizzle(self.0[plane][1][to], high),
                );
                *sum = v128_xor(*sum, worth);
            }
        }
        out
    }
}

#[inline(always)]
fn load_half(block: &[u8; BLOCK], at: usize) -> Half {
    [
        load(block, at),
        load(block, at + 32),
        load(block, at + 64),
        load(block, at + 96),
    ]
}

#[inline(always)]
fn load(bytes: &[u8], at: usize) -> v128 {
    let window: &[u8; LANES] = bytes[at..]
        .first_chunk()
        .expect("a vector lies inside its block");
    // SAFETY: the window is 16 readable bytes; v128_load needs no alignment.
    unsafe { v128_load(window.as_ptr().cast()) }
}

fn store_half(block: &mut [u8; BLOCK], at: usize, half: Half) {
    for (plane, vector) in half.into_iter().enumerate() {
        let window = &mut block[at + 32 * plane..][..LANES];
        // SAFETY: the window is 16 writable bytes; v128_store needs no alignment.
        unsafe { v128_store(window.as_mut_ptr().cast(), vector) };
    }
}
