/// The partition of `__consumer_offsets` that holds a group: Java's `String.hashCode` of the group id,
/// without its sign, modulo the partition count (`Utils.abs`, for which the least int is 0). Not as a
/// producer partitions keys, which clears the sign bit.
pub fn partition_for(group: &str, partition_count: i32) -> i32 {
    let hash = group.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    hash.checked_abs().unwrap_or(0) % partition_count.max(1)
}

#[cfg(test)]
mod tests {
    use super::partition_for;

    #[test]
    fn agrees_with_java() {
        // (group, partitions, Utils.abs(hashCode) % partitions), computed with a JDK.
        for (group, count, partition) in [
            ("", 50, 0),
            ("a", 50, 47),
            ("test-group", 50, 12),
            ("polygenelubricants", 50, 0),
            ("orders", 50, 31),
            ("超商", 50, 29),
            ("😀", 50, 49),
        ] {
            assert_eq!(partition_for(group, count), partition, "{group}");
        }
    }
}
