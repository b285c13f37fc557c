use super::super::classic::Member as ClassicGroupMember;
use super::super::consumer_protocol;
use super::record::ConsumerRecord;
use super::scope::Scope;
use super::{CurrentAssignment, Member, MemberMetadata, MemberState, Partitions};

impl Scope<'_> {
    /// Writes the group that a classic one becomes: its members with what they have, in the epoch that
    /// was the generation.
    pub fn found(&mut self, epoch: i32, members: Vec<(String, MemberMetadata, Partitions)>) {
        for (member, metadata, _) in &members {
            self.write(ConsumerRecord::Member {
                member: member.clone(),
                value: Some(metadata.clone()),
            });
        }
        self.write(ConsumerRecord::Group(Some(epoch)));
        for (member, _, assigned) in &members {
            self.write(ConsumerRecord::Target {
                member: member.clone(),
                value: Some(assigned.clone()),
            });
        }
        self.write(ConsumerRecord::TargetEpoch(Some(epoch)));
        for (member, _, assigned) in members {
            let current = CurrentAssignment {
                epoch,
                previous_epoch: epoch,
                state: MemberState::Stable,
                assigned,
                revoking: Partitions::new(),
            };
            self.write_current(&member, current);
            self.touch(&member);
        }
    }

    /// Whether the group is to become a classic one: only members of that protocol are left, and the
    /// settings allow it.
    pub fn is_to_downgrade(&self) -> bool {
        let config = self.turn.config;
        self.find().is_some_and(|group| {
            group.is_all_classic()
                && config.migration_policy.allows_downgrade()
                && group.len() <= config.max_size as usize
        })
    }

    /// The group epoch, and the members as those of a classic group, each with what it is to have.
    pub fn classic_members(&self) -> (i32, Vec<ClassicGroupMember>) {
        let group = self.group();
        let members = group.members().map(|(id, member)| {
            let target = group.target(id).into_iter().flatten();
            let names = target
                .filter_map(|(topic, partition)| Some((group.topic_name(*topic)?, *partition)));
            classic_member(id, member, names)
        });
        (group.epoch, members.collect())
    }
}

fn classic_member<'a>(
    id: &str,
    member: &Member,
    target: impl Iterator<Item = (&'a str, i32)>,
) -> ClassicGroupMember {
    let metadata = &member.metadata;
    let classic = metadata.classic.as_ref();
    let protocols = classic.map_or(Vec::new(), |classic| classic.protocols.clone());
    let version = protocols.first();
    let version = version.and_then(|(_, bytes)| consumer_protocol::version(bytes));
    ClassicGroupMember {
        id: id.to_owned(),
        instance_id: metadata.instance_id.clone(),
        client_id: metadata.client_id.clone(),
        client_host: metadata.client_host.clone(),
        rebalance_timeout_ms: metadata.rebalance_timeout_ms,
        session_timeout_ms: classic.map_or(0, |classic| classic.session_timeout_ms),
        protocols,
        assignment: consumer_protocol::assignment(version.unwrap_or(0), target),
        is_new: false,
        awaiting_join: None,
        awaiting_sync: None,
    }
}
