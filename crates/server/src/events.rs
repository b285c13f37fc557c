//! What brokers say happened, as lines of the log.

use konbini_scenario::TraceEvent;
use konbini_scenario::snapshot::Who;
use konbini_trace::{Event, Level};
use tracing::{debug, error, info, warn};

/// Logs an event of the cluster. Once it is `stopping`, what brokers warn of follows from that: partitions
/// without a leader, clients without a broker.
pub fn log(told: &TraceEvent, stopping: bool) {
    let event = &told.event;
    let who = who(&told.who);
    let what = arguments(event);
    let setting = event.setting.as_deref();
    let code = event.code.as_ref();
    match event.level {
        Level::Warn | Level::Error if stopping => debug!(who, setting, what, "{code}"),
        Level::Detail => debug!(who, setting, what, "{code}"),
        Level::Info => info!(who, setting, what, "{code}"),
        Level::Warn => warn!(who, setting, what, "{code}"),
        Level::Error => error!(who, setting, what, "{code}"),
    }
}

fn who(who: &Who) -> String {
    match who {
        Who::Broker(id) => format!("broker-{id}"),
        Who::Client(name) => name.clone(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn arguments(event: &Event) -> String {
    let all = event.args.iter();
    let all: Vec<String> = all.map(|(name, value)| format!("{name}={value}")).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_in_their_order() {
        let event = Event::info("x").with("topic", "a").with("partition", 3);
        assert_eq!(arguments(&event), "topic=a partition=3");
        assert_eq!(who(&Who::Broker(2)), "broker-2");
        assert_eq!(who(&Who::Cluster), "cluster");
    }
}
