use uuid::Builder;

/// What is left of a Kafka string (32,767 bytes) beside a dash and a UUID.
const MAX_PREFIX_BYTES: usize = i16::MAX as usize - 37;

/// Random version 4 UUIDs from a seed: the same seed gives the same member ids.
///
/// The generator is SplitMix64; member ids must be unlikely to meet, not hard to guess.
#[derive(Debug)]
pub struct Ids {
    state: u64,
}

impl Ids {
    pub fn new(seed: u64) -> Ids {
        Ids { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `prefix-xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`, as Kafka names members: the prefix is the
    /// client id, or the group instance id of a static member.
    pub fn member_id(&mut self, prefix: &str) -> String {
        let high = u128::from(self.next());
        let low = u128::from(self.next());
        let uuid = Builder::from_random_bytes((high << 64 | low).to_be_bytes()).into_uuid();
        let mut end = prefix.len().min(MAX_PREFIX_BYTES);
        while !prefix.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}-{uuid}", &prefix[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn same_seed_same_ids() {
        let (mut a, mut b) = (Ids::new(7), Ids::new(7));
        let first = a.member_id("c");
        assert_eq!(first, b.member_id("c"));
        assert_ne!(first, a.member_id("c"));
        assert_eq!(first.len(), 2 + 36);
        assert_eq!(&first[16..17], "4");
    }
}
