use proptest::prelude::*;

use super::*;
use crate::partition::batch;

/// Three batches of 71 bytes.
fn three() -> (Extents, Vec<u8>) {
    let mut extents = Extents::default();
    for (i, value) in ["a", "b", "c"].iter().enumerate() {
        extents.append(batch(&[value], 1000), i as u64);
    }
    let all = extents.slice(0, 213, 0).unwrap().concat();
    (extents, all)
}

#[test]
fn cold_neighbours_are_one_entry() {
    let (mut extents, all) = three();
    assert_eq!((extents.pieces(), extents.resident_bytes()), (3, 213));
    assert_eq!(extents.evict(u64::MAX, usize::MAX), 213);
    assert_eq!((extents.pieces(), extents.resident_bytes()), (1, 0));
    assert_eq!(
        extents.header_at(71).unwrap_err(),
        Stop::Cold(Cold {
            position: 71,
            end: 213
        })
    );
    extents.put(71, &all[71..142].to_vec().into(), 5);
    assert_eq!((extents.pieces(), extents.resident_bytes()), (3, 71));
    assert_eq!(extents.batch_at(71).ok().unwrap().bytes, all[71..142]);
    assert_eq!(
        extents.slice(0, 100, 6).unwrap_err(),
        Cold {
            position: 0,
            end: 71
        }
    );
}

proptest! {
    /// Whatever is dropped and put back, the bytes stay those that were appended.
    #[test]
    fn evict_and_put(steps in prop::collection::vec((any::<bool>(), 0usize..3, 1usize..4), 0..30)) {
        let (mut extents, all) = three();
        for (evict, from, len) in steps {
            let (start, end) = (from * 71, ((from + len) * 71).min(213));
            if evict {
                extents.evict(from as u64, len * 71);
            } else {
                extents.put(start as u32, &all[start..end].to_vec().into(), len as u64);
                prop_assert_eq!(extents.slice(start as u32, end as u32, 0).unwrap().concat(), &all[start..end]);
            }
            let resident: usize = extents.residents().map(|(_, len)| len).sum();
            prop_assert_eq!(resident, extents.resident_bytes());
            prop_assert!(extents.pieces() <= 3);
        }
        extents.put(0, &all.clone().into(), 0);
        prop_assert_eq!(extents.slice(0, 213, 0).unwrap().concat(), all);
    }
}
