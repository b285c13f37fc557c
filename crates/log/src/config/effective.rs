//! Which value is in force and where it comes from.

use std::collections::BTreeMap;

use super::definition::ConfigDef;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Set on the topic.
    Topic,
    /// Set on the broker, under one of the synonyms.
    Broker,
    Default,
}

/// One of the places that could decide a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynonymValue {
    pub name: &'static str,
    pub value: String,
    pub source: Source,
}

/// A config as DescribeConfigs shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The value in force, in the topic config's unit.
    pub value: String,
    pub source: Source,
    /// All that are set, the one in force first; the last is the default.
    pub synonyms: Vec<SynonymValue>,
}

/// What is in force of `def`, given the topic's own configs and its broker's.
pub fn effective(
    def: &ConfigDef,
    topic: &BTreeMap<String, String>,
    broker: &BTreeMap<String, String>,
) -> Effective {
    let mut synonyms = Vec::new();
    if let Some(value) = topic.get(def.name) {
        synonyms.push(SynonymValue {
            name: def.name,
            value: value.clone(),
            source: Source::Topic,
        });
    }
    for synonym in def.synonyms {
        if let Some(value) = broker.get(synonym.name) {
            let value = scaled(value, synonym.scale);
            synonyms.push(SynonymValue {
                name: synonym.name,
                value,
                source: Source::Broker,
            });
        }
    }
    let name = def
        .synonyms
        .first()
        .map_or(def.name, |synonym| synonym.name);
    let value = def.default.to_owned();
    synonyms.push(SynonymValue {
        name,
        value,
        source: Source::Default,
    });
    let first = &synonyms[0];
    Effective {
        value: first.value.clone(),
        source: first.source,
        synonyms,
    }
}

/// A broker's value in the topic's unit. What is no number stays, for the parser to refuse.
fn scaled(value: &str, scale: i64) -> String {
    match value.trim().parse::<i64>() {
        // -1 means no limit in every unit.
        Ok(number) if scale != 1 && number >= 0 => number.saturating_mul(scale).to_string(),
        _ => value.to_owned(),
    }
}
