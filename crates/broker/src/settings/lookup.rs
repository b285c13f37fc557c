//! Which value of a setting holds: what was set on the topic, on this broker, on all brokers, in
//! the broker's file, or the default, in this order.

use std::collections::BTreeMap;

use konbini_log::LogConfig;
use konbini_log::config::ConfigDef;

use super::broker::{self, Setting};
use crate::config::BrokerConfig;
use crate::metadata::{Image, ResourceType};

/// Where a value comes from, with the numbers of DescribeConfigs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Topic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
}

/// One place in which a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    pub name: &'static str,
    pub value: String,
    pub source: Source,
}

/// A value and everything that it hides; the first synonym is the one that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub value: Option<String>,
    pub source: Source,
    pub synonyms: Vec<Synonym>,
}

impl Value {
    fn first_of(synonyms: Vec<Synonym>) -> Value {
        let (value, source) = match synonyms.first() {
            Some(found) => (Some(found.value.clone()), found.source),
            None => (None, Source::Default),
        };
        Value {
            value,
            source,
            synonyms,
        }
    }
}

/// The value of a topic's setting on this broker.
pub fn topic_value(config: &BrokerConfig, image: &Image, topic: &str, def: &ConfigDef) -> Value {
    let mut synonyms = Vec::new();
    if let Some(value) = image.config(ResourceType::Topic, topic, def.name) {
        let value = value.to_owned();
        synonyms.push(Synonym {
            name: def.name,
            value,
            source: Source::Topic,
        });
    }
    for synonym in def.synonyms {
        for (value, source) in set_on_broker(config, image, synonym.name) {
            let value = scaled(&value, synonym.scale);
            synonyms.push(Synonym {
                name: synonym.name,
                value,
                source,
            });
        }
    }
    let name = def
        .synonyms
        .first()
        .map_or(def.name, |synonym| synonym.name);
    let value = def.default.to_owned();
    synonyms.push(Synonym {
        name,
        value,
        source: Source::Default,
    });
    Value::first_of(synonyms)
}

/// A broker's value in the topic's unit; -1 is no limit in every unit.
fn scaled(value: &str, scale: i64) -> String {
    match value.trim().parse::<i64>() {
        Ok(number) if scale != 1 && number >= 0 => number.saturating_mul(scale).to_string(),
        _ => value.to_owned(),
    }
}

/// The value of a setting of this broker.
pub fn broker_value(config: &BrokerConfig, image: &Image, setting: &Setting) -> Value {
    let name = setting.def.name;
    let mut synonyms: Vec<Synonym> = set_on_broker(config, image, name)
        .map(|(value, source)| Synonym {
            name,
            value,
            source,
        })
        .collect();
    if let Some(value) = setting.default_value() {
        let value = value.to_owned();
        synonyms.push(Synonym {
            name,
            value,
            source: Source::Default,
        });
    }
    Value::first_of(synonyms)
}

/// Where a broker's setting was set, the place that wins first.
fn set_on_broker(
    config: &BrokerConfig,
    image: &Image,
    name: &str,
) -> impl Iterator<Item = (String, Source)> {
    let node = config.node_id.to_string();
    let dynamic = |place: &str| {
        image
            .config(ResourceType::Broker, place, name)
            .map(str::to_owned)
    };
    let own = match name {
        "node.id" | "broker.id" => Some(node.clone()),
        "broker.rack" => config.rack.clone(),
        _ => config.configs.get(name).cloned(),
    };
    let found = [
        (dynamic(&node), Source::DynamicBroker),
        (dynamic(""), Source::DynamicDefaultBroker),
        (own, Source::StaticBroker),
    ];
    found
        .into_iter()
        .filter_map(|(value, source)| Some((value?, source)))
}

/// The settings of a topic's logs on this broker. A value that is not allowed, which only the
/// broker's file can hold, counts as not set.
pub fn log_config(config: &BrokerConfig, image: &Image, topic: &str) -> LogConfig {
    let none = BTreeMap::new();
    let own = image.configs(ResourceType::Topic, topic).unwrap_or(&none);
    let mut defaults = config.configs.clone();
    for place in ["", &config.node_id.to_string()] {
        if let Some(dynamic) = image.configs(ResourceType::Broker, place) {
            defaults.extend(dynamic.clone());
        }
    }
    defaults.retain(|name, value| {
        broker::find(name).is_none_or(|setting| setting.def.parse(value).is_ok())
    });
    LogConfig::resolve(own, &defaults)
        .or_else(|_| LogConfig::resolve(own, &none))
        .unwrap_or_default()
}
