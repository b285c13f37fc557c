//! Whether the cluster is what the plan says before the first fault: a run whose topics were refused
//! holds every promise, having made none.

use konbini_broker::metadata::{Image, ResourceType};
use konbini_cluster::Cluster;
use konbini_scenario::Scenario;
use konbini_scenario::spec::TopicSpec;

use super::rest;

/// What is not as planned, or nothing.
pub fn missing(cluster: &mut Cluster, scenario: &Scenario) -> Option<String> {
    let topics = &scenario.topics;
    let missing = cluster.brokers().find_map(|broker| {
        let missing = topics
            .iter()
            .find_map(|spec| topic(broker.metadata(), spec))?;
        Some(format!("broker {}: {missing}", broker.node_id()))
    });
    missing.or_else(|| {
        let counts = rest::counts(cluster);
        let (name, counts) = counts.iter().find(|(_, counts)| counts.1 == 0)?;
        Some(format!(
            "{name} has (sent, acked, failed) {counts:?} records"
        ))
    })
}

fn topic(image: &Image, spec: &TopicSpec) -> Option<String> {
    let name = &spec.name;
    let Some(topic) = image.topic(name) else {
        return Some(format!("{name} is not there"));
    };
    let planned = (spec.partitions as usize, spec.replication_factor as usize);
    let replicas = topic.partitions.values().map(|state| state.replicas.len());
    let found = (topic.partitions.len(), replicas.min().unwrap_or(0));
    if found != planned {
        return Some(format!(
            "{name} has {found:?} partitions and replicas, not {planned:?}"
        ));
    }
    let own = image.configs(ResourceType::Topic, name);
    let missing = spec
        .configs
        .iter()
        .find(|(key, value)| own.and_then(|own| own.get(*key)) != Some(value))?;
    Some(format!("{name} lacks the setting {missing:?}"))
}
