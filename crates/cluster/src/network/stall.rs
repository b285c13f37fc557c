//! What the network dropped and its sender's system sends again, as TCP does.
//!
//! ```text
//! dropped          what came later waits behind it; sent again after a timeout that doubles
//! passed at last   whatever waited follows at once, each piece by itself
//! given up         the connection has broken for its sender; the other end is not told
//! ```
//!
//! The times are those of Linux: a piece is sent 16 times within a quarter of an hour, an attempt
//! to connect 7 times within two minutes. Kafka's clients and brokers lose their patience earlier
//! (`request.timeout.ms`, `socket.connection.setup.timeout.ms`).

use super::Parcel;
use std::collections::VecDeque;

/// When a piece is sent again for the first time, in ms (`TCP_RTO_MIN`).
const RETRANSMIT_MS: i64 = 200;
/// The same for an attempt to connect, in ms (RFC 6298).
const DIAL_AGAIN_MS: i64 = 1_000;
/// No pause is longer, in ms (`TCP_RTO_MAX`).
const RETRANSMIT_MS_MAX: i64 = 120_000;
/// Times that a piece is sent again (`net.ipv4.tcp_retries2`).
const RETRANSMISSIONS_MAX: i32 = 15;
/// Times that an attempt to connect is made again (`net.ipv4.tcp_syn_retries`).
const DIALS_AGAIN_MAX: i32 = 6;
/// Bytes that wait on one side of a connection; more break it.
pub(crate) const STALLED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What one side of a connection could not get through.
#[derive(Debug)]
pub(super) struct Stall {
    waiting: VecDeque<Parcel>,
    bytes: usize,
    /// When the first is sent again, in virtual ms.
    again_at: i64,
    /// How often it was sent again; -1 while it was not sent at all.
    tries: i32,
}

impl Stall {
    pub(super) fn begin(now: i64, dropped: Parcel) -> Stall {
        Stall {
            again_at: now + pause(&dropped, 0),
            bytes: dropped.len(),
            waiting: VecDeque::from([dropped]),
            tries: 0,
        }
    }

    pub(super) fn again_at(&self) -> i64 {
        self.again_at
    }

    /// Puts something behind what waits; false when that is too much.
    pub(super) fn push(&mut self, parcel: Parcel) -> bool {
        self.bytes += parcel.len();
        self.waiting.push_back(parcel);
        self.bytes <= STALLED_BYTES_MAX
    }

    pub(super) fn first(&self) -> Option<&Parcel> {
        self.waiting.front()
    }

    /// The first was dropped, once more or for the first time. False when it is not sent again.
    pub(super) fn dropped(&mut self, now: i64) -> bool {
        let Some(first) = self.waiting.front() else {
            return false;
        };
        self.tries = self.tries.saturating_add(1);
        let most = match first {
            Parcel::Dial | Parcel::Answer(_) => DIALS_AGAIN_MAX,
            Parcel::Bytes(_) | Parcel::Close => RETRANSMISSIONS_MAX,
        };
        self.again_at = now + pause(first, self.tries);
        self.tries <= most
    }

    /// The first goes; the next is a new piece.
    pub(super) fn take(&mut self) -> Option<Parcel> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.len();
        self.tries = -1;
        Some(first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// How long to wait after a piece was sent again so many times.
fn pause(parcel: &Parcel, tries: i32) -> i64 {
    let first = match parcel {
        Parcel::Dial => DIAL_AGAIN_MS,
        _ => RETRANSMIT_MS,
    };
    (first << tries.clamp(0, 16)).min(RETRANSMIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// When something that is always dropped is sent again, and when that ends.
    fn times(parcel: Parcel) -> Vec<i64> {
        let mut stall = Stall::begin(0, parcel);
        let mut times = vec![stall.again_at()];
        while stall.dropped(stall.again_at()) {
            times.push(stall.again_at());
        }
        times
    }

    #[test]
    fn pauses_double_and_end() {
        let piece = times(Parcel::Bytes(Bytes::from_static(b"x")));
        assert_eq!(piece[..4], [200, 600, 1_400, 3_000]);
        // Linux documents 924.6 s as what tcp_retries2 = 15 comes to.
        assert_eq!((piece.len(), piece.last()), (16, Some(&924_600)));
        let dial = times(Parcel::Dial);
        assert_eq!(dial, [1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 127_000]);
    }

    #[test]
    fn too_much_breaks() {
        let piece = |bytes| Parcel::Bytes(Bytes::from(vec![0; bytes]));
        let mut stall = Stall::begin(0, piece(STALLED_BYTES_MAX));
        assert!(stall.push(Parcel::Close));
        assert!(!stall.push(piece(1)));
    }
}
