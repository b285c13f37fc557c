use super::*;
use konbini_log::config::TOPIC_CONFIGS;

#[test]
fn the_table_is_consistent() {
    for setting in all() {
        let name = setting.def.name;
        assert_eq!(
            all().filter(|other| other.def.name == name).count(),
            1,
            "{name}"
        );
        if setting.has_default {
            assert!(setting.def.parse(setting.def.default).is_ok(), "{name}");
        }
    }
}

#[test]
fn defaults_of_topics_are_listed_with_the_same_value() {
    for topic in TOPIC_CONFIGS {
        for synonym in topic.synonyms {
            let Some(broker) = find(synonym.name) else {
                continue;
            };
            if broker.has_default && synonym.scale == 1 {
                assert_eq!(broker.def.default, topic.default, "{}", synonym.name);
            }
        }
    }
}
