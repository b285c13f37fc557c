use super::any::AnyGroup;
use super::classic::Member as ClassicMember;
use super::consumer::{ConsumerGroup, Member as ConsumerMember, MemberState};
use super::consumer_protocol;
use super::image::CommittedOffset;
use super::shard::Shard;
use super::timers::Timer;

/// A group for the observer: what the page and the tests see.
#[derive(Clone, Copy)]
pub struct GroupView<'a> {
    /// The partition of `__consumer_offsets` that holds it.
    pub partition: i32,
    pub(super) group: AnyGroup<'a>,
    pub(super) shard: &'a Shard,
    /// The assignor of consumer groups whose members ask for none.
    pub(super) default_assignor: super::consumer::Assignor,
}

/// A member of a [`GroupView`].
#[derive(Clone, Copy)]
pub struct MemberView<'a> {
    group: GroupView<'a>,
    member: AnyMember<'a>,
}

#[derive(Clone, Copy)]
enum AnyMember<'a> {
    Classic(&'a ClassicMember),
    Consumer(&'a ConsumerGroup, &'a str, &'a ConsumerMember),
}

impl<'a> GroupView<'a> {
    pub fn id(&self) -> &'a str {
        self.group.id()
    }

    /// Kafka's name of the state.
    pub fn state(&self) -> &'static str {
        self.group.state_name()
    }

    /// `classic` or `consumer`.
    pub fn type_name(&self) -> &'static str {
        self.group.type_name()
    }

    /// The generation of a classic group, the epoch of a consumer group.
    pub fn generation(&self) -> i32 {
        match self.group {
            AnyGroup::Classic(group) => group.generation,
            AnyGroup::Consumer(_, group) => group.epoch,
        }
    }

    pub fn protocol_type(&self) -> Option<&'a str> {
        self.group.protocol_type()
    }

    /// The assignor that the members agreed on, or that the coordinator uses.
    pub fn protocol(&self) -> Option<&'a str> {
        match self.group {
            AnyGroup::Classic(group) => group.protocol.as_deref(),
            AnyGroup::Consumer(_, group) => Some(group.assignor(self.default_assignor).name()),
        }
    }

    /// The member that assigns; in a consumer group the coordinator does.
    pub fn leader(&self) -> Option<&'a str> {
        match self.group {
            AnyGroup::Classic(group) => group.leader.as_deref(),
            AnyGroup::Consumer(..) => None,
        }
    }

    /// In the order in which they joined; of a consumer group, by id.
    pub fn members(&self) -> impl Iterator<Item = MemberView<'a>> + use<'a> {
        let group = *self;
        let (classic, consumer) = match self.group {
            AnyGroup::Classic(group) => (Some(group), None),
            AnyGroup::Consumer(_, group) => (None, Some(group)),
        };
        let classic = classic.into_iter().flat_map(|group| group.members.values());
        let consumer = consumer.into_iter().flat_map(|group| {
            let members = group.members();
            members.map(move |(id, member)| AnyMember::Consumer(group, id, member))
        });
        let members = classic.map(AnyMember::Classic).chain(consumer);
        members.map(move |member| MemberView { group, member })
    }

    /// When the rebalance under way stops waiting for members to join, ms.
    pub fn join_deadline(&self) -> Option<i64> {
        let timer = Timer::Join(self.id().to_owned());
        self.shard.timers().deadline(&timer)
    }

    /// When members that have not asked for their assignment are put out, ms.
    pub fn sync_deadline(&self) -> Option<i64> {
        let timer = Timer::Sync(self.id().to_owned());
        self.shard.timers().deadline(&timer)
    }

    /// Committed offsets, by topic and partition.
    pub fn offsets(&self) -> impl Iterator<Item = (&'a str, i32, &'a CommittedOffset)> + use<'a> {
        let topics = self.shard.image().offsets(self.id()).into_iter().flatten();
        topics.flat_map(|(topic, partitions)| {
            let each = partitions.iter();
            each.map(move |(partition, offset)| (topic.as_str(), *partition, offset))
        })
    }
}

impl<'a> MemberView<'a> {
    pub fn id(&self) -> &'a str {
        match self.member {
            AnyMember::Classic(member) => &member.id,
            AnyMember::Consumer(_, id, _) => id,
        }
    }

    pub fn instance_id(&self) -> Option<&'a str> {
        match self.member {
            AnyMember::Classic(member) => member.instance_id.as_deref(),
            AnyMember::Consumer(_, _, member) => member.metadata.instance_id.as_deref(),
        }
    }

    pub fn client_id(&self) -> &'a str {
        match self.member {
            AnyMember::Classic(member) => &member.client_id,
            AnyMember::Consumer(_, _, member) => &member.metadata.client_id,
        }
    }

    pub fn client_host(&self) -> &'a str {
        match self.member {
            AnyMember::Classic(member) => &member.client_host,
            AnyMember::Consumer(_, _, member) => &member.metadata.client_host,
        }
    }

    /// The generation that a member is in, or its own epoch in a consumer group.
    pub fn epoch(&self) -> i32 {
        match self.member {
            AnyMember::Classic(_) => self.group.generation(),
            AnyMember::Consumer(_, _, member) => member.current.epoch,
        }
    }

    /// When the member is put out unless it says something, ms.
    pub fn session_deadline(&self) -> Option<i64> {
        let timer = Timer::Heartbeat(self.group.id().to_owned(), self.id().to_owned());
        self.group.shard.timers().deadline(&timer)
    }

    pub fn rebalance_timeout_ms(&self) -> i32 {
        match self.member {
            AnyMember::Classic(member) => member.rebalance_timeout_ms,
            AnyMember::Consumer(_, _, member) => member.metadata.rebalance_timeout_ms,
        }
    }

    /// Topic and partition of what it is assigned, and in a consumer group has not given up yet;
    /// `None` when that is not a consumer's assignment.
    pub fn partitions(&self) -> Option<Vec<(String, i32)>> {
        match self.member {
            AnyMember::Classic(member) => {
                consumer_protocol::assigned_partitions(&member.assignment)
            }
            AnyMember::Consumer(group, _, member) => {
                let held = member.current.held().filter_map(|(topic, partition)| {
                    Some((group.topic_name(*topic)?.to_owned(), *partition))
                });
                let mut held: Vec<_> = held.collect();
                held.sort();
                Some(held)
            }
        }
    }

    /// Whether it waits for a rebalance: for others to join, for the leader to assign, or for what it
    /// or others have to give up.
    pub fn is_waiting(&self) -> bool {
        match self.member {
            AnyMember::Classic(member) => {
                member.awaiting_join.is_some() || member.awaiting_sync.is_some()
            }
            AnyMember::Consumer(_, _, member) => member.current.state != MemberState::Stable,
        }
    }
}
