use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A running hash over everything that a run did, in order.
///
/// Each step folds the bytes into the hash so far (XXH3, 64 bits), so equal hashes mean equal
/// histories and the first difference shows in every later value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHash(u64);

impl TraceHash {
    /// The hash before anything happened.
    pub fn start(seed: u64) -> TraceHash {
        TraceHash(seed)
    }

    pub fn fold(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    pub fn fold_int(&mut self, value: i64) {
        self.fold(&value.to_le_bytes());
    }

    pub fn value(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for TraceHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_content_matter() {
        let hash = |parts: &[&[u8]]| {
            let mut hash = TraceHash::start(7);
            parts.iter().for_each(|part| hash.fold(part));
            hash.value()
        };
        assert_eq!(hash(&[b"a", b"b"]), hash(&[b"a", b"b"]));
        assert_ne!(hash(&[b"a", b"b"]), hash(&[b"b", b"a"]));
        assert_ne!(hash(&[b"a", b"b"]), hash(&[b"ab"]));
    }
}
