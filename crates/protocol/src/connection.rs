/// A connection as one of its two ends knows it.
///
/// Whoever dials chooses the id from its own outgoing ids; the host that accepts chooses from the
/// incoming ones. The two ends of one connection therefore have unrelated ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(u64);

const OUTGOING: u64 = 1 << 63;

impl ConnId {
    /// The nth connection that this end dialled.
    pub fn outgoing(n: u64) -> ConnId {
        ConnId(n | OUTGOING)
    }

    /// The nth connection that was accepted for this end.
    pub fn incoming(n: u64) -> ConnId {
        ConnId(n & !OUTGOING)
    }

    pub fn is_outgoing(self) -> bool {
        self.0 & OUTGOING != 0
    }
}

impl std::fmt::Display for ConnId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = if self.is_outgoing() { "out" } else { "in" };
        write!(f, "{side}-{}", self.0 & !OUTGOING)
    }
}
