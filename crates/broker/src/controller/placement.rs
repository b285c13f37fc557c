//! Where the replicas of new partitions go: round-robin over the brokers that are alive, racks
//! apart as far as the order of ids gives it, from a start that the seed and the topic decide.

use crate::metadata::Image;
use crate::rng::Rng;

/// Sets placement apart from other uses of the seed.
const PLACEMENT: u64 = 0x706c_6163_656d_656e;

/// Replica lists of `count` partitions, the preferred leader first. `first` is the index of the
/// first new partition, so that added partitions go on where the topic's round stopped.
pub(super) fn place(
    image: &Image,
    seed: u64,
    topic: &str,
    first: i32,
    count: i32,
    replicas: usize,
) -> Vec<Vec<i32>> {
    let brokers: Vec<i32> = image.active().map(|broker| broker.id).collect();
    debug_assert!(replicas >= 1 && replicas <= brokers.len());
    let name = topic.bytes().fold(0u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let start = Rng::new(seed, &[PLACEMENT, name]).below(brokers.len() as u64) as usize;
    (first..first + count)
        .map(|index| {
            let leader = start + index as usize;
            (0..replicas)
                .map(|step| brokers[(leader + step) % brokers.len()])
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::BrokerImage;
    use uuid::Uuid;

    fn image(ids: &[i32]) -> Image {
        let mut image = Image::default();
        for id in ids {
            let broker = BrokerImage {
                id: *id,
                epoch: 0,
                incarnation: Uuid::nil(),
                host: String::new(),
                port: 0,
                rack: None,
                fenced: false,
                in_controlled_shutdown: false,
            };
            image.brokers.insert(*id, broker);
        }
        image
    }

    #[test]
    fn leaders_go_round() {
        let image = image(&[1, 2, 3]);
        let placed = place(&image, 7, "parcels", 0, 6, 1);
        for id in [1, 2, 3] {
            assert_eq!(
                placed.iter().filter(|replicas| **replicas == [id]).count(),
                2
            );
        }
        assert_eq!(placed[0], placed[3]);
        assert_eq!(place(&image, 7, "parcels", 4, 2, 1), placed[4..]);
    }

    #[test]
    fn replicas_of_a_partition_differ() {
        for replicas in place(&image(&[1, 2, 3]), 1, "parcels", 0, 5, 3) {
            let mut sorted = replicas.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [1, 2, 3]);
        }
    }

    #[test]
    fn the_seed_decides_the_start() {
        let image = image(&[1, 2, 3]);
        let starts: std::collections::BTreeSet<i32> = (0..20)
            .map(|seed| place(&image, seed, "parcels", 0, 1, 1)[0][0])
            .collect();
        assert_eq!(starts.len(), 3);
    }
}
