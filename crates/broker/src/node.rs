//! The state of one node that request handlers work on. [`crate::Broker`] drives it: it decodes
//! requests, calls handlers, and carries out what they left in the outbox.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use konbini_protocol::ResponseError;
use konbini_protocol::messages::ResponseKind;
use konbini_trace::{Arg, Event};
use uuid::Uuid;

use crate::api::fetch_session::FetchSessions;
use crate::boot::Boot;
use crate::channel::Channel;
use crate::config::BrokerConfig;
use crate::controller::{Controller, Refusal};
use crate::coordinator::{GroupHost, OFFSETS_TOPIC};
use crate::lifecycle::Lifecycle;
use crate::loads::Loads;
use crate::metadata::{Image, Metadata};
use crate::producer_ids::ProducerIds;
use crate::purgatory::{Waiter, Watch};
use crate::quorum::Quorum;
use crate::replica::Replicas;
use crate::rng::Rng;
use crate::transactions::{TRANSACTIONS_TOPIC, TransactionHost};
use crate::{Output, settings};

/// A partition by its topic's id, which no later topic of the same name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    pub topic: Uuid,
    pub index: i32,
}

/// Connections to the controller, one for each kind of request that must not wait for another, and
/// to the other voters.
#[derive(Debug)]
pub(crate) struct Channels {
    pub lifecycle: Channel,
    pub forward: Channel,
    /// What leaders want of the controller: AlterPartition, and logs that went offline.
    pub isr: Channel,
    pub voters: BTreeMap<i32, Channel>,
}

impl Channels {
    pub fn new(config: &BrokerConfig, now: i64) -> Channels {
        let voters = config.quorum_voters().into_iter();
        let others = voters.filter(|voter| voter.id != config.node_id);
        Channels {
            lifecycle: Channel::to_controller(now),
            forward: Channel::to_controller(now),
            isr: Channel::to_controller(now),
            voters: others
                .map(|voter| (voter.id, Channel::to_voter(voter.id, now)))
                .collect(),
        }
    }

    pub fn all(&mut self) -> impl Iterator<Item = &mut Channel> {
        [&mut self.lifecycle, &mut self.forward, &mut self.isr]
            .into_iter()
            .chain(self.voters.values_mut())
    }

    pub fn wake_at(&self) -> Option<i64> {
        [&self.lifecycle, &self.forward, &self.isr]
            .into_iter()
            .chain(self.voters.values())
            .filter_map(|c| c.wake_at())
            .min()
    }
}

pub(crate) struct Node {
    pub config: BrokerConfig,
    /// Virtual Unix time in ms, as the last input said.
    pub now: i64,
    pub rng: Rng,
    /// What this node calls itself in requests to others.
    pub client_name: String,
    pub quorum: Quorum,
    pub metadata: Metadata,
    pub controller: Option<Controller>,
    pub lifecycle: Lifecycle,
    pub replicas: Replicas,
    pub groups: GroupHost,
    pub transactions: TransactionHost,
    pub sessions: FetchSessions,
    pub producer_ids: ProducerIds,
    pub channels: Channels,
    pub loads: Loads,
    pub boot: Boot,
    /// Number of the next connection that this node opens.
    pub next_conn: u64,
    /// Topics that this node has asked the controller to create.
    pub topics_in_creation: BTreeSet<String>,
    /// Numbers that were looked up. Emptied when a broker's settings change.
    pub setting_cache: RefCell<BTreeMap<&'static str, i64>>,
    /// What the host is to do, in order.
    pub out: VecDeque<Output>,
    /// What parked requests may be waiting for and has happened.
    pub signals: Vec<Watch>,
    /// Answers of the controller to forwarded requests, as whole frames.
    pub forwarded: Vec<(Waiter, Bytes)>,
    /// Answers to parked requests.
    pub replies: Vec<(Waiter, ResponseKind)>,
    /// Parked requests that get no answer: their connections are closed, for this reason.
    pub given_up: Vec<(Waiter, &'static str)>,
}

impl Node {
    /// Whether this node is the active controller: it leads the quorum and has committed a record
    /// of its epoch.
    pub fn is_controller(&self) -> bool {
        self.controller.is_some()
    }

    /// What controller decisions are made from: the controller's own image, which is ahead of the
    /// committed one. What the broker part does follows from the committed one alone.
    pub fn working_image(&self) -> &Image {
        match &self.controller {
            Some(controller) => &controller.image,
            None => &self.metadata.image,
        }
    }

    pub fn emit(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub fn signal(&mut self, watch: Watch) {
        self.signals.push(watch);
    }

    /// Leadership, existence or the log start of a partition changed: who waits for it looks again.
    pub fn partition_changed(&mut self, partition: TopicPartition) {
        self.signal(Watch::Appended(partition));
        self.signal(Watch::Committed(partition));
        self.signal(Watch::LogStart(partition));
    }

    pub fn reply(&mut self, waiter: Waiter, response: ResponseKind) {
        self.replies.push((waiter, response));
    }

    /// A partition that a request names by its topic's name or, in newer versions, by its id.
    pub fn subject(&self, name: &str, id: Uuid, index: i32) -> String {
        let known = self.metadata.image.topic_by_id(id);
        match known {
            Some(known) => format!("{}-{index}", known.name),
            None if name.is_empty() => format!("{id}-{index}"),
            None => format!("{name}-{index}"),
        }
    }

    /// The timeline's mark for a request that was refused.
    pub fn refused(&mut self, api: &'static str, client: &str, refusal: &Refusal, subject: &str) {
        // Every broker that misses an internal topic asks for it: all but one come too late.
        let race = refusal.error == ResponseError::TopicAlreadyExists
            && [OFFSETS_TOPIC, TRANSACTIONS_TOPIC].contains(&subject);
        let event = if race {
            Event::detail("request-refused")
        } else {
            Event::warn("request-refused")
        };
        let event = event
            .with("api", api)
            .with("error", konbini_protocol::error::name(refusal.error.code()))
            .with("client", client)
            .with("subject", subject)
            .with("reason", Arg::Text(refusal.message.clone()));
        self.emit(match deciding_setting(refusal.error) {
            Some(setting) => event.because_of(setting),
            None => event,
        });
    }

    /// The broker that clients are told is the controller.
    pub fn controller_for_clients(&self) -> i32 {
        let image = &self.metadata.image;
        let active = self.quorum.leader().filter(|id| image.is_alive(*id));
        if let Some(active) = active {
            return active;
        }
        image.alive().next().map_or(-1, |broker| broker.id)
    }

    pub fn broker_setting(&self, name: &str) -> String {
        let setting = settings::broker::find(name).expect("a setting of the table");
        let value = settings::broker_value(&self.config, &self.metadata.image, setting).value;
        // A static value was not checked when it was set; one that is no value is none.
        value
            .filter(|value| setting.def.parse(value).is_ok())
            .or_else(|| setting.default_value().map(str::to_owned))
            .unwrap_or_default()
    }

    /// A broker setting that is a whole number.
    pub fn setting_number(&self, name: &'static str) -> i64 {
        if let Some(number) = self.setting_cache.borrow().get(name) {
            return *number;
        }
        let number = self.broker_setting(name).trim().parse().unwrap_or(0);
        self.setting_cache.borrow_mut().insert(name, number);
        number
    }

    /// A broker setting that is a time in ms.
    pub fn setting_ms(&self, name: &'static str) -> i64 {
        self.setting_number(name)
    }

    pub fn setting_bool(&self, name: &str) -> bool {
        self.broker_setting(name)
            .trim()
            .eq_ignore_ascii_case("true")
    }
}

/// The setting without which a request would not have been refused.
fn deciding_setting(error: ResponseError) -> Option<&'static str> {
    match error {
        ResponseError::MessageTooLarge => Some("max.message.bytes"),
        ResponseError::RecordListTooLarge => Some("segment.bytes"),
        ResponseError::NotEnoughReplicas | ResponseError::NotEnoughReplicasAfterAppend => {
            Some("min.insync.replicas")
        }
        ResponseError::TopicDeletionDisabled => Some("delete.topic.enable"),
        _ => None,
    }
}
