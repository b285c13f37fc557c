use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn the_table_is_sorted_and_its_defaults_are_valid() {
    for pair in TOPIC_CONFIGS.windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} {}",
            pair[0].name,
            pair[1].name
        );
    }
    for def in TOPIC_CONFIGS {
        assert!(def.parse(def.default).is_ok(), "{}", def.name);
        assert!(
            def.doc.ends_with('.') && !def.doc.is_empty(),
            "{}",
            def.name
        );
    }
}

#[test]
fn defaults_are_kafkas() {
    let config = LogConfig::default();
    assert_eq!(
        config.cleanup_policy,
        CleanupPolicy {
            delete: true,
            compact: false
        }
    );
    assert_eq!(config.compression, None);
    assert_eq!(config.max_message_bytes, 1_048_588);
    assert_eq!(config.segment_bytes, 1 << 30);
    assert_eq!(config.segment_ms, 7 * 24 * 3_600_000);
    assert_eq!(config.retention_bytes, -1);
    assert_eq!(config.message_timestamp_before_max_ms, i64::MAX);
    assert_eq!(config.min_cleanable_dirty_permille, 500);
}

#[test]
fn errors_name_value_and_what_is_allowed() {
    let check = |name: &str, value: &str, expect: &str| {
        let error = LogConfig::resolve(&map(&[(name, value)]), &map(&[]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expect), "{error:?} should say {expect:?}");
        assert!(error.contains(name), "{error:?}");
    };
    check("retention.ms", "soon", "a number, at least -1");
    check("retention.ms", "-2", "at least -1");
    check("cleanup.policy", "shred", "a list of compact, delete");
    check("cleanup.policy", "", "a list of compact, delete");
    check("compression.type", "brotli", "one of uncompressed, zstd");
    check("preallocate", "yes", "true or false");
    check("min.cleanable.dirty.ratio", "1.5", "0 to 1");
    check("min.cleanable.dirty.ratio", "half", "0 to 1");
    check("segment.bytes", "1000", "1048576");
    check("segment.bytes", "99999999999", "1048576");
    check("compression.gzip.level", "0", "-1, or 1 to 9");
    check(
        "leader.replication.throttled.replicas",
        "0-1",
        "partition and broker",
    );
    check("retention.hours", "1", "Unknown topic config");
}

#[test]
fn values_are_read() {
    let set = map(&[
        ("cleanup.policy", "compact, delete"),
        ("compression.type", "zstd"),
        ("compression.zstd.level", "7"),
        ("message.timestamp.type", "LogAppendTime"),
        ("internal.segment.bytes", "2000"),
        ("min.cleanable.dirty.ratio", ".25"),
        ("unclean.leader.election.enable", "TRUE"),
        ("follower.replication.throttled.replicas", "0:1,1:2"),
    ]);
    let config = LogConfig::resolve(&set, &map(&[])).unwrap();
    assert_eq!(
        config.cleanup_policy,
        CleanupPolicy {
            delete: true,
            compact: true
        }
    );
    assert_eq!(
        config.compression,
        Some(Compression {
            codec: Codec::Zstd,
            level: Some(7)
        })
    );
    assert_eq!(config.message_timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(config.segment_bytes, 2000);
    assert_eq!(config.min_cleanable_dirty_permille, 250);
    assert!(config.unclean_leader_election_enable);
}

#[test]
fn who_decides() {
    let broker = map(&[("log.retention.hours", "2"), ("log.retention.minutes", "5")]);
    let def = definition("retention.ms").unwrap();
    let found = effective(def, &map(&[]), &broker);
    assert_eq!(
        (found.value.as_str(), found.source),
        ("300000", Source::Broker)
    );
    let values: Vec<&str> = found.synonyms.iter().map(|s| s.value.as_str()).collect();
    assert_eq!(values, ["300000", "7200000", "604800000"]);

    let found = effective(def, &map(&[("retention.ms", "-1")]), &broker);
    assert_eq!((found.value.as_str(), found.source), ("-1", Source::Topic));
    assert_eq!(
        LogConfig::resolve(&map(&[]), &broker).unwrap().retention_ms,
        300_000
    );
    let forever = map(&[("log.retention.hours", "-1")]);
    assert_eq!(
        LogConfig::resolve(&map(&[]), &forever)
            .unwrap()
            .retention_ms,
        -1
    );
}
