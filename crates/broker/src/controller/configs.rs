//! Changing the settings of topics, brokers and groups.

use std::collections::BTreeMap;

use konbini_log::config::{ConfigDef, ConfigKind, definition};
use konbini_protocol::ResponseError::{InvalidConfig, InvalidRequest, UnknownTopicOrPartition};
use konbini_trace::Event;

use super::{Refusal, topics};
use crate::metadata::{self, ConfigRecord, Record, ResourceType};
use crate::node::Node;
use crate::settings::broker::Update;
use crate::settings::{self, MAX_VALUE_BYTES};

/// Most settings that one resource may have set.
const MAX_CONFIGS_PER_RESOURCE: usize = 1_000;

/// What IncrementalAlterConfigs can do to a setting (KIP-339), with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

impl Operation {
    pub fn from_code(code: i8) -> Option<Operation> {
        match code {
            0 => Some(Operation::Set),
            1 => Some(Operation::Delete),
            2 => Some(Operation::Append),
            3 => Some(Operation::Subtract),
            _ => None,
        }
    }
}

/// One change of a request.
pub(crate) struct Alteration<'a> {
    pub name: &'a str,
    pub operation: Operation,
    pub value: Option<&'a str>,
}

/// The resource that a request names.
pub(crate) struct Resource {
    kind: ResourceType,
    name: String,
}

impl Resource {
    /// Checks that the resource exists and can have settings.
    pub fn find(node: &Node, code: i8, name: &str) -> Result<Resource, Refusal> {
        let Some(kind) = ResourceType::from_code(code) else {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Settings of resource type {code} are not supported."),
            ));
        };
        match kind {
            ResourceType::Topic if node.working_image().topic(name).is_none() => {
                return Err(Refusal::new(
                    UnknownTopicOrPartition,
                    format!("The topic '{name}' does not exist."),
                ));
            }
            ResourceType::Broker if !name.is_empty() && name.parse::<i32>().is_err() => {
                return Err(Refusal::new(
                    InvalidRequest,
                    format!("Broker id must be an integer, but it is: {name}"),
                ));
            }
            ResourceType::Group => {
                return Err(Refusal::new(
                    InvalidRequest,
                    "Settings of groups are not supported here.",
                ));
            }
            _ => {}
        }
        Ok(Resource {
            kind,
            name: name.to_owned(),
        })
    }

    fn definition(&self, name: &str) -> Option<&'static ConfigDef> {
        match self.kind {
            ResourceType::Topic => definition(name),
            _ => settings::broker::find(name).map(|setting| &setting.def),
        }
    }

    /// Whether a setting may have this value here.
    fn check(&self, name: &str, value: &str) -> Result<(), Refusal> {
        if self.kind == ResourceType::Topic {
            return topics::check_config(name, value);
        }
        let Some(setting) = settings::broker::find(name) else {
            return Err(Refusal::new(
                InvalidConfig,
                format!("Unknown broker config name: {name}"),
            ));
        };
        if setting.update == Update::ReadOnly {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Cannot update these configs dynamically: {name}"),
            ));
        }
        if value.len() > MAX_VALUE_BYTES {
            let message = format!("The value of {name} is longer than {MAX_VALUE_BYTES} bytes.");
            return Err(Refusal::new(InvalidConfig, message));
        }
        match setting.def.parse(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::new(InvalidConfig, error.to_string())),
        }
    }
}

/// Applies changes one by one to what is set (IncrementalAlterConfigs).
pub(crate) fn alter(
    node: &mut Node,
    resource: &Resource,
    alterations: &[Alteration<'_>],
    validate_only: bool,
) -> Result<(), Refusal> {
    for (i, alteration) in alterations.iter().enumerate() {
        if alterations[..i]
            .iter()
            .any(|other| other.name == alteration.name)
        {
            return Err(Refusal::new(
                InvalidRequest,
                "Error due to duplicate config keys",
            ));
        }
    }
    let old = current(node, resource);
    let mut new = old.clone();
    for alteration in alterations {
        change(node, resource, alteration, &mut new)?;
    }
    write(node, resource, &old, &new, validate_only)
}

/// Puts `configs` in the place of everything that is set (AlterConfigs).
pub(crate) fn replace(
    node: &mut Node,
    resource: &Resource,
    configs: &[(&str, Option<&str>)],
    validate_only: bool,
) -> Result<(), Refusal> {
    let mut new = BTreeMap::new();
    for (name, value) in configs {
        let Some(value) = value else {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Null value not supported for : {name}"),
            ));
        };
        resource.check(name, value)?;
        if new
            .insert((*name).to_owned(), value.trim().to_owned())
            .is_some()
        {
            return Err(Refusal::new(
                InvalidRequest,
                "Error due to duplicate config keys",
            ));
        }
    }
    let old = current(node, resource);
    write(node, resource, &old, &new, validate_only)
}

fn current(node: &Node, resource: &Resource) -> BTreeMap<String, String> {
    node.working_image()
        .configs(resource.kind, &resource.name)
        .cloned()
        .unwrap_or_default()
}

fn change(
    node: &Node,
    resource: &Resource,
    alteration: &Alteration<'_>,
    configs: &mut BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let name = alteration.name;
    let value = match (alteration.operation, alteration.value) {
        (Operation::Delete, _) => {
            configs.remove(name);
            return Ok(());
        }
        (_, None) => {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Null value not supported for : {name}"),
            ));
        }
        (Operation::Set, Some(value)) => value.trim().to_owned(),
        (Operation::Append, Some(value)) => {
            let mut parts = parts(node, resource, name, "APPEND", configs)?;
            for part in settings::list(value) {
                if !parts.iter().any(|other| other == part) {
                    parts.push(part.to_owned());
                }
            }
            parts.join(",")
        }
        (Operation::Subtract, Some(value)) => {
            let mut parts = parts(node, resource, name, "SUBTRACT", configs)?;
            parts.retain(|part| settings::list(value).all(|gone| gone != part));
            parts.join(",")
        }
    };
    resource.check(name, &value)?;
    configs.insert(name.to_owned(), value);
    Ok(())
}

/// The parts of a list setting as it holds now.
fn parts(
    node: &Node,
    resource: &Resource,
    name: &str,
    operation: &str,
    configs: &BTreeMap<String, String>,
) -> Result<Vec<String>, Refusal> {
    let def = resource
        .definition(name)
        .filter(|def| def.kind == ConfigKind::List);
    let Some(def) = def else {
        return Err(Refusal::new(
            InvalidConfig,
            format!("Can't {operation} to key {name} because its type is not LIST."),
        ));
    };
    let value = match (configs.get(name), resource.kind) {
        (Some(value), _) => Some(value.clone()),
        (None, ResourceType::Topic) => {
            let image = node.working_image();
            settings::topic_value(&node.config, image, &resource.name, def).value
        }
        (None, _) => Some(def.default.to_owned()),
    };
    Ok(settings::list(&value.unwrap_or_default())
        .map(str::to_owned)
        .collect())
}

fn write(
    node: &mut Node,
    resource: &Resource,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    validate_only: bool,
) -> Result<(), Refusal> {
    if new.len() > MAX_CONFIGS_PER_RESOURCE {
        return Err(Refusal::new(
            InvalidConfig,
            format!("A resource has at most {MAX_CONFIGS_PER_RESOURCE} settings."),
        ));
    }
    if validate_only {
        return Ok(());
    }
    let set = new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(value));
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    let changes: Vec<(String, Option<String>)> = set
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .chain(removed.map(|name| (name.clone(), None)))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let records = changes
        .iter()
        .map(|(name, value)| {
            Record::Config(ConfigRecord {
                resource_type: resource.kind as i8,
                resource_name: resource.name.clone(),
                name: name.clone(),
                value: value.clone(),
            })
        })
        .collect();
    let kind = if resource.kind == ResourceType::Topic {
        "topic"
    } else {
        "broker"
    };
    let events = changes.into_iter().map(|(name, value)| {
        Event::info("config-changed")
            .with("resource", kind)
            .with("name", resource.name.as_str())
            .with("config", name)
            .with("value", value.unwrap_or_else(|| "default".to_owned()))
    });
    metadata::commit(node, records, events.collect());
    Ok(())
}
