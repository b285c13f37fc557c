//! Kafka's names of where a setting comes from, in words.

use super::Text;

pub fn source(kafka: &str) -> Text {
    match kafka {
        "DYNAMIC_TOPIC_CONFIG" => ["set on the topic", "設在 topic 上"],
        "DYNAMIC_BROKER_CONFIG" => ["set on the broker", "設在 broker 上"],
        "DYNAMIC_DEFAULT_BROKER_CONFIG" => ["set on all brokers", "設在所有 broker 上"],
        "STATIC_BROKER_CONFIG" => ["from the scenario", "來自情境"],
        "DEFAULT_CONFIG" => ["default", "預設值"],
        _ => ["unknown", "不明"],
    }
}
