use super::classic::ClassicGroup;
use super::consumer::ConsumerGroup;
use super::consumer_protocol::PROTOCOL_TYPE;

/// A group of either protocol, for what both are asked.
#[derive(Clone, Copy)]
pub enum AnyGroup<'a> {
    Classic(&'a ClassicGroup),
    Consumer(&'a str, &'a ConsumerGroup),
}

impl<'a> AnyGroup<'a> {
    pub fn id(self) -> &'a str {
        match self {
            AnyGroup::Classic(group) => &group.id,
            AnyGroup::Consumer(id, _) => id,
        }
    }

    /// Kafka's name of the state.
    pub fn state_name(self) -> &'static str {
        match self {
            AnyGroup::Classic(group) => group.state.name(),
            AnyGroup::Consumer(_, group) => group.state().name(),
        }
    }

    /// The group type of ListGroups 5.
    pub fn type_name(self) -> &'static str {
        match self {
            AnyGroup::Classic(_) => "classic",
            AnyGroup::Consumer(..) => "consumer",
        }
    }

    pub fn protocol_type(self) -> Option<&'a str> {
        match self {
            AnyGroup::Classic(group) => group.protocol_type.as_deref(),
            AnyGroup::Consumer(..) => Some(PROTOCOL_TYPE),
        }
    }

    pub fn is_empty(self) -> bool {
        match self {
            AnyGroup::Classic(group) => group.is_empty(),
            AnyGroup::Consumer(_, group) => group.is_empty(),
        }
    }

    /// Whether nobody is about to join either.
    pub fn is_abandoned(self) -> bool {
        match self {
            AnyGroup::Classic(group) => group.is_empty() && group.pending_members.is_empty(),
            AnyGroup::Consumer(_, group) => group.is_empty(),
        }
    }

    /// Whether a topic's offsets are in use.
    pub fn is_subscribed(self, topic: &str) -> bool {
        match self {
            AnyGroup::Classic(group) => group.is_subscribed(topic),
            AnyGroup::Consumer(_, group) => group.is_subscribed(topic),
        }
    }

    /// Whether members are consumers, whose subscriptions are known.
    pub fn uses_consumer_protocol(self) -> bool {
        match self {
            AnyGroup::Classic(group) => group.uses_consumer_protocol(),
            AnyGroup::Consumer(..) => true,
        }
    }
}
