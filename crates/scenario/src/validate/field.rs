//! Checks of single fields.

use super::Invalid;
use crate::limit;
use crate::spec::Configs;
use std::fmt::Display;
use std::ops::RangeInclusive;

pub(super) type Checked = Result<(), Invalid>;

pub(super) fn within<N: PartialOrd + Display>(
    field: &str,
    value: N,
    allowed: &RangeInclusive<N>,
) -> Checked {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(
        "out-of-range",
        field,
        &format!("is {value}"),
        &format!("allowed is {} to {}", allowed.start(), allowed.end()),
    ))
}

pub(super) fn at_most(field: &str, value: usize, max: usize, of: &str) -> Checked {
    if value <= max {
        return Ok(());
    }
    Err(Invalid::new(
        "too-long",
        field,
        &format!("has {value} {of}"),
        &format!("at most {max} are allowed"),
    ))
}

/// Kafka's rules for topic names (`Topic.validate`), and internal topics belong to the brokers.
pub(super) fn new_topic_name(field: &str, name: &str) -> Checked {
    topic_name(field, name)?;
    if matches!(
        name,
        "__consumer_offsets" | "__transaction_state" | "__cluster_metadata" | "__share_group_state"
    ) {
        return Err(Invalid::new(
            "internal-topic",
            field,
            &format!("is {name}"),
            "internal topics are made by the brokers themselves",
        ));
    }
    Ok(())
}

pub(super) fn topic_name(field: &str, name: &str) -> Checked {
    let refuse = |was: &str| {
        Err(Invalid::new(
            "topic-name",
            field,
            was,
            "a topic's name has 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-', and is not '.' or '..'",
        ))
    };
    match name {
        "" => refuse("is empty"),
        "." | ".." => refuse(&format!("is '{name}'")),
        _ if name.len() > limit::TOPIC_NAME_BYTES_MAX => {
            refuse(&format!("has {} bytes", name.len()))
        }
        _ => match name.chars().find(|c| !is_topic_char(*c)) {
            Some(odd) => refuse(&format!("contains {odd:?}")),
            None => Ok(()),
        },
    }
}

fn is_topic_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

pub(super) fn client_name(field: &str, name: &str) -> Checked {
    label("client-name", field, name, limit::CLIENT_NAME_CHARS_MAX)
}

pub(super) fn group_id(field: &str, id: &str) -> Checked {
    label("group-id", field, id, limit::GROUP_ID_CHARS_MAX)
}

fn label(code: &'static str, field: &str, text: &str, max: usize) -> Checked {
    let refuse = |was: String| {
        Err(Invalid::new(
            code,
            field,
            &was,
            &format!(
                "allowed are 1 to {max} characters, none of them a control character, no space at either end"
            ),
        ))
    };
    if text.is_empty() {
        return refuse("is empty".to_owned());
    }
    let count = text.chars().count();
    if count > max {
        return refuse(format!("has {count} characters"));
    }
    if text.chars().any(char::is_control) {
        return refuse("contains a control character".to_owned());
    }
    if text.trim() != text {
        return refuse("begins or ends with a space".to_owned());
    }
    Ok(())
}

pub(super) fn configs(field: &str, configs: &Configs) -> Checked {
    at_most(field, configs.len(), limit::CONFIGS_MAX, "settings")?;
    for (key, value) in configs {
        config(field, key, value)?;
    }
    Ok(())
}

pub(super) fn config(field: &str, key: &str, value: &str) -> Checked {
    let is_key_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=limit::CONFIG_KEY_CHARS_MAX).contains(&key.len());
    if !fits || !key.chars().all(is_key_char) {
        return Err(Invalid::new(
            "config-name",
            field,
            &format!("has a setting named {key:?}"),
            "a setting's name has 1 to 100 of the characters a-z, A-Z, 0-9, '.', '_' and '-'",
        ));
    }
    let max = limit::CONFIG_VALUE_CHARS_MAX;
    let count = value.chars().count();
    at_most(&format!("{field}.{key}"), count, max, "characters")
}

/// A partition number that some topic could have.
pub(super) fn partition(field: &str, partition: i32) -> Checked {
    within(field, partition, &(0..=*limit::PARTITIONS.end() - 1))
}

pub(super) fn offset(field: &str, offset: i64) -> Checked {
    within(field, offset, &(0..=i64::MAX))
}
