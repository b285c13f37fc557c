//! The running hash over a made-up history.

use konbini_trace::TraceHash;

/// The running hash of a history with texts, every byte value and the ends of the integers,
/// and the value it has everywhere.
pub fn trace_hash() -> (String, &'static str) {
    let mut hash = TraceHash::start(0x6b6f_6e62_696e_6921);
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    // Long enough to pass each of XXH3's size classes.
    for length in [0, 3, 8, 16, 128, 240, 256] {
        hash.fold(&every_byte[..length]);
    }
    hash.fold(&every_byte.repeat(40));
    for value in [0, -1, i64::MIN, i64::MAX] {
        hash.fold_int(value);
    }
    (hash.to_string(), "2e1e977d1af23aa5")
}
