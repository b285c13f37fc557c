/// The partition of `__consumer_offsets` that holds a group: Java's `String.hashCode` of the group id,
/// made positive by clearing the sign bit, modulo the partition count.
pub fn partition_for(group: &str, partition_count: i32) -> i32 {
    let hash = group.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    (hash & 0x7fff_ffff) % partition_count.max(1)
}

#[cfg(test)]
mod tests {
    use super::partition_for;

    #[test]
    fn agrees_with_java() {
        // (group, partitions, (hashCode & 0x7fffffff) % partitions), computed with a JDK.
        for (group, count, partition) in [
            ("", 50, 0),
            ("a", 50, 47),
            ("test-group", 50, 12),
            ("polygenelubricants", 50, 0),
            ("orders", 50, 17),
            ("超商", 50, 29),
            ("😀", 50, 49),
        ] {
            assert_eq!(partition_for(group, count), partition, "{group}");
        }
    }
}
