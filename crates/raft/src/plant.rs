//! Known bugs that a test can plant, to see that the simulator's invariants find them. Without the
//! feature `plant`, which only tests switch on, nothing can be planted and nothing of this is left.

/// One bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A produce with acks=all is answered after the leader's own append.
    AckBeforeReplication = 1,
    /// The high watermark is the leader's log end.
    HighWatermarkEarly = 2,
    /// A follower does not say what its last record's epoch is, so nobody sees that its log parts
    /// from the leader's.
    TruncationSkipped = 3,
    /// A voter forgets its vote when it starts again.
    VoteNotStored = 4,
    /// Leader epochs, partition epochs and broker epochs are not compared.
    FencingIgnored = 5,
}

#[cfg(feature = "plant")]
static PLANTED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Plants one bug in the place of another, or none.
#[cfg(feature = "plant")]
pub fn plant(bug: Option<Bug>) {
    let number = bug.map_or(0, |bug| bug as u8);
    PLANTED.store(number, std::sync::atomic::Ordering::Relaxed);
}

/// Whether that bug is planted.
pub fn has(bug: Bug) -> bool {
    #[cfg(feature = "plant")]
    return PLANTED.load(std::sync::atomic::Ordering::Relaxed) == bug as u8;
    #[cfg(not(feature = "plant"))]
    {
        let _ = bug;
        false
    }
}
