//! How a run of pending bytes is cut into values.
//!
//! Chromium's LevelDB back end keeps a value of 64 KiB or more in a file of its own, which costs
//! some milliseconds each; below that, values are inline and are rewritten by its compaction. So a
//! value is small and inline, or large enough to be worth a file, and never in between.

/// The largest value that is stored inline, in bytes.
pub const SMALL_VALUE_BYTES: usize = 60 * 1024;
/// The smallest value that is worth a file of its own, in bytes.
pub const LARGE_VALUE_BYTES: usize = 256 * 1024;
/// The largest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 1024 * 1024;

/// Sizes of the values for pieces (appended runs of batches) that lie back to back.
///
/// Cuts fall between pieces where a value stays at least half full; a piece that is larger than a
/// value may be is cut inside.
pub fn cut(pieces: &[usize]) -> Vec<usize> {
    let total: usize = pieces.iter().sum();
    if total < LARGE_VALUE_BYTES {
        return cut_small(pieces, total);
    }
    // Equal parts: with n at the least, none is under half of the maximum unless there is but one.
    let parts = total.div_ceil(MAX_VALUE_BYTES);
    let share = total.div_ceil(parts);
    let mut sizes = vec![share; parts - 1];
    sizes.push(total - share * (parts - 1));
    sizes
}

fn cut_small(pieces: &[usize], total: usize) -> Vec<usize> {
    let mut boundaries = Vec::with_capacity(pieces.len());
    let mut at = 0;
    for piece in pieces {
        at += piece;
        boundaries.push(at);
    }
    let mut sizes = Vec::new();
    let mut start = 0;
    while start < total {
        let furthest = total.min(start + SMALL_VALUE_BYTES);
        let fits = boundaries.partition_point(|&boundary| boundary <= furthest);
        let snapped = fits.checked_sub(1).map_or(start, |last| boundaries[last]);
        let end = if snapped >= start + SMALL_VALUE_BYTES / 2 || snapped == total {
            snapped
        } else {
            furthest
        };
        sizes.push(end - start);
        start = end;
    }
    sizes
}

// proptest does not build for wasm32.
#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIB: usize = 1024;

    #[test]
    fn sizes_by_what_is_pending() {
        let check = |pieces: &[usize], expect: &[usize]| assert_eq!(cut(pieces), expect);
        check(&[], &[]);
        check(&[100], &[100]);
        check(&[100, 200, 300], &[600]);
        check(&[60 * KIB], &[60 * KIB]);
        check(&[40 * KIB, 40 * KIB], &[40 * KIB, 40 * KIB]);
        check(&[10 * KIB, 60 * KIB], &[60 * KIB, 10 * KIB]);
        check(&[61 * KIB], &[60 * KIB, KIB]);
        check(
            &[255 * KIB],
            &[60 * KIB, 60 * KIB, 60 * KIB, 60 * KIB, 15 * KIB],
        );
        check(&[256 * KIB], &[256 * KIB]);
        check(&[512 * KIB, 512 * KIB], &[1024 * KIB]);
        check(&[1025 * KIB], &[512 * KIB + 512, 512 * KIB + 512]);
        check(&[2500 * KIB], &[853_334, 853_334, 853_332]);
    }

    proptest! {
        #[test]
        fn never_between_and_nothing_lost(pieces in prop::collection::vec(1usize..300_000, 0..40)) {
            let sizes = cut(&pieces);
            prop_assert_eq!(sizes.iter().sum::<usize>(), pieces.iter().sum::<usize>());
            for size in sizes {
                let small = (1..=SMALL_VALUE_BYTES).contains(&size);
                let large = (LARGE_VALUE_BYTES..=MAX_VALUE_BYTES).contains(&size);
                prop_assert!(small || large, "{} is in between", size);
            }
        }
    }
}
