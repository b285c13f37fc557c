mod consumer;
mod migration;
mod transactions;

use super::any::AnyGroup;
use super::classic::{ClassicGroup, Join, Outcome, Parked, Turn};
use super::config::{GroupConfig, MAX_GROUPS};
use super::consumer::{Soft, validate_commit};
use super::coordinator::Topics;
use super::ids::Ids;
use super::image::{GroupMetadata, Image};
use super::record::Record;
use super::timers::{Timer, Timers};
use super::{events, offsets};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::offset_commit_response::OffsetCommitResponseTopic;
use kafka_protocol::messages::offset_delete_response::OffsetDeleteResponseTopic;
use kafka_protocol::messages::{
    HeartbeatRequest, OffsetCommitRequest, OffsetDeleteRequest, SyncGroupRequest,
};
use std::collections::{BTreeMap, BTreeSet};

/// One partition of `__consumer_offsets` that this node leads: its groups and their offsets.
#[derive(Debug, Default)]
pub struct Shard {
    image: Image,
    /// Every classic group that the image knows by a record or an offset, and those that just began.
    groups: BTreeMap<String, ClassicGroup>,
    /// Of the groups of the consumer protocol, which the image has.
    soft: BTreeMap<String, Soft>,
    timers: Timers,
}

/// What a shard borrows from the coordinator for one call.
pub struct Call<'a> {
    pub now: i64,
    pub config: &'a GroupConfig,
    pub ids: &'a mut Ids,
    pub out: Outcome,
}

impl Shard {
    /// A shard whose log has been read to its end.
    pub fn load(call: &mut Call<'_>, image: Image, topics: &dyn Topics) -> Shard {
        let mut shard = Shard {
            image,
            ..Shard::default()
        };
        for (id, metadata) in shard.image.groups() {
            shard
                .groups
                .insert(id.to_owned(), ClassicGroup::load(id, metadata));
        }
        for (id, _) in shard.image.groups_with_offsets() {
            if !shard.groups.contains_key(id) && shard.image.consumer_group(id).is_none() {
                shard.groups.insert(id.to_owned(), ClassicGroup::new(id));
            }
        }
        for (id, _, _) in shard.image.pending().keys() {
            if !shard.groups.contains_key(id) && shard.image.consumer_group(id).is_none() {
                shard.groups.insert(id.clone(), ClassicGroup::new(id));
            }
        }
        let (groups, mut turn) = shard.split(call);
        for group in groups.values_mut() {
            group.resume(&mut turn);
        }
        shard.resume_consumer_groups(call, topics);
        shard.schedule_expiry(call);
        shard.commit(call);
        shard
    }

    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn groups(&self) -> impl Iterator<Item = AnyGroup<'_>> {
        let consumer = self.image.consumer_groups();
        let consumer = consumer.map(|(id, group)| AnyGroup::Consumer(id, group));
        self.groups.values().map(AnyGroup::Classic).chain(consumer)
    }

    pub fn group<'a>(&'a self, id: &'a str) -> Option<AnyGroup<'a>> {
        match self.groups.get(id) {
            Some(group) => Some(AnyGroup::Classic(group)),
            None => {
                let group = self.image.consumer_group(id)?;
                Some(AnyGroup::Consumer(id, group))
            }
        }
    }

    fn group_count(&self) -> usize {
        self.groups.len() + self.image.consumer_groups().count()
    }

    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    pub fn wake_at(&self) -> Option<i64> {
        self.timers.next()
    }

    fn split<'a>(
        &'a mut self,
        call: &'a mut Call<'_>,
    ) -> (&'a mut BTreeMap<String, ClassicGroup>, Turn<'a>) {
        let turn = Turn {
            now: call.now,
            config: call.config,
            timers: &mut self.timers,
            ids: call.ids,
            out: &mut call.out,
        };
        (&mut self.groups, turn)
    }

    /// Makes this call's records hard state. Every entry point ends here, once.
    fn commit(&mut self, call: &mut Call<'_>) {
        call.out.commit(&mut self.image);
    }

    /// A group that is asked for by a member it should know.
    fn known<'a>(
        &'a mut self,
        call: &'a mut Call<'_>,
        id: &str,
    ) -> Result<(&'a mut ClassicGroup, Turn<'a>), ResponseError> {
        let (groups, turn) = self.split(call);
        let group = groups.get_mut(id).ok_or(ResponseError::UnknownMemberId)?;
        Ok((group, turn))
    }

    pub fn join(&mut self, call: &mut Call<'_>, join: Join<'_>, topics: &dyn Topics) {
        if self.join_consumer_group(call, join, topics) {
            return;
        }
        let id = join.request.group_id.as_str();
        let is_new = !self.groups.contains_key(id);
        if is_new && self.group_count() >= MAX_GROUPS {
            let (_, mut turn) = self.split(call);
            return join.refuse(&mut turn, "", ResponseError::CoordinatorNotAvailable);
        }
        if is_new && join.request.member_id.is_empty() {
            self.groups.insert(id.to_owned(), ClassicGroup::new(id));
        }
        match self.known(call, id) {
            Ok((group, mut turn)) => group.join(&mut turn, join),
            Err(error) => {
                let (_, mut turn) = self.split(call);
                return join.refuse(&mut turn, join.request.member_id.as_str(), error);
            }
        }
        if is_new && call.out.records.is_empty() {
            // The group exists from here on, also for the next coordinator.
            let value = Some(GroupMetadata {
                current_state_timestamp: -1,
                ..Default::default()
            });
            call.out.records.push(Record::Group {
                group: id.to_owned(),
                value,
            });
        }
        self.commit(call);
    }

    pub fn sync(
        &mut self,
        call: &mut Call<'_>,
        request: &SyncGroupRequest,
        parked: Parked,
        topics: &dyn Topics,
    ) -> Result<(), ResponseError> {
        let id = request.group_id.as_str();
        if self.image.consumer_group(id).is_some() {
            let mut scope = self.scope(call, topics, id);
            let response = scope.classic_sync(request)?;
            scope.turn.reply(parked.waiter, response.into());
            return Ok(());
        }
        let (group, mut turn) = self.known(call, request.group_id.as_str())?;
        group.sync(&mut turn, request, parked);
        self.commit(call);
        Ok(())
    }

    pub fn heartbeat(
        &mut self,
        call: &mut Call<'_>,
        request: &HeartbeatRequest,
        topics: &dyn Topics,
    ) -> Result<(), ResponseError> {
        let id = request.group_id.as_str();
        if self.image.consumer_group(id).is_some() {
            return self.scope(call, topics, id).classic_heartbeat(request);
        }
        let (group, mut turn) = self.known(call, request.group_id.as_str())?;
        let instance_id = request.group_instance_id.as_ref().map(|id| id.as_str());
        group.heartbeat(
            &mut turn,
            request.member_id.as_str(),
            instance_id,
            request.generation_id,
        )
    }

    pub fn leave(
        &mut self,
        call: &mut Call<'_>,
        group: &str,
        members: &[MemberIdentity],
        topics: &dyn Topics,
    ) -> Result<Vec<MemberResponse>, ResponseError> {
        if self.image.consumer_group(group).is_some() {
            let responses = self.scope(call, topics, group).classic_leave(members);
            self.maybe_downgrade(call, group, topics, true);
            return Ok(responses);
        }
        let (group, mut turn) = self.known(call, group)?;
        let responses = group.leave(&mut turn, members);
        self.commit(call);
        Ok(responses)
    }

    pub fn commit_offsets(
        &mut self,
        call: &mut Call<'_>,
        request: &OffsetCommitRequest,
        api_version: i16,
        topics: &dyn Topics,
    ) -> Vec<OffsetCommitResponseTopic> {
        let member = request.member_id.as_str();
        if let Err(error) = self.begin_commit(call, request, api_version) {
            call.out
                .events
                .push(events::offsets_refused(&request.group_id, member, error));
            return offsets::commit_response(request, topics, |_, _| Err(error));
        }
        let (now, config, out) = (call.now, call.config, &mut call.out);
        let mut committed: BTreeMap<String, String> = BTreeMap::new();
        let response = offsets::commit_response(request, topics, |topic, partition| {
            out.records.push(offsets::commit_record(
                now, config, request, topic, partition,
            )?);
            let list = committed.entry(topic.to_owned()).or_default();
            let comma = if list.is_empty() { "" } else { "," };
            let (index, offset) = (partition.partition_index, partition.committed_offset);
            list.push_str(&format!("{comma}{index}={offset}"));
            Ok(())
        });
        for (topic, list) in &committed {
            out.events.push(events::offsets_committed(
                &request.group_id,
                member,
                topic,
                list,
            ));
        }
        self.commit(call);
        response
    }

    /// Checks a commit and keeps its member alive. A client that is no member makes the group.
    fn begin_commit(
        &mut self,
        call: &mut Call<'_>,
        request: &OffsetCommitRequest,
        api_version: i16,
    ) -> Result<(), ResponseError> {
        let id = request.group_id.as_str();
        if let Some(group) = self.image.consumer_group(id) {
            return validate_commit(group, request, api_version);
        }
        if !self.groups.contains_key(id) {
            if request.generation_id_or_member_epoch >= 0 {
                return Err(match api_version >= 9 {
                    true => ResponseError::GroupIdNotFound,
                    false => ResponseError::IllegalGeneration,
                });
            }
            if self.group_count() >= MAX_GROUPS {
                return Err(ResponseError::CoordinatorNotAvailable);
            }
            self.groups.insert(id.to_owned(), ClassicGroup::new(id));
        }
        let (group, mut turn) = self.known(call, id)?;
        offsets::validate_commit(group, request)?;
        group.touch(&mut turn, request.member_id.as_str());
        Ok(())
    }

    pub fn delete_offsets(
        &mut self,
        call: &mut Call<'_>,
        request: &OffsetDeleteRequest,
        topics: &dyn Topics,
    ) -> Result<Vec<OffsetDeleteResponseTopic>, ResponseError> {
        let group = self.group(request.group_id.as_str());
        let group = group.ok_or(ResponseError::GroupIdNotFound)?;
        if !group.is_empty() && !group.uses_consumer_protocol() {
            return Err(ResponseError::NonEmptyGroup);
        }
        let (records, response) = offsets::delete(&self.image, group, request, topics);
        call.out.records.extend(records);
        self.commit(call);
        Ok(response)
    }

    /// Deletes an empty group with its offsets.
    pub fn delete_group(
        &mut self,
        call: &mut Call<'_>,
        id: &str,
        topics: &dyn Topics,
    ) -> Result<(), ResponseError> {
        let group = self.group(id).ok_or(ResponseError::GroupIdNotFound)?;
        if !group.is_empty() {
            return Err(ResponseError::NonEmptyGroup);
        }
        call.out
            .records
            .extend(offsets::delete_all(&self.image, id));
        self.drop_group(call, id, topics);
        self.commit(call);
        Ok(())
    }

    fn drop_group(&mut self, call: &mut Call<'_>, id: &str, topics: &dyn Topics) {
        if self.image.consumer_group(id).is_some() {
            self.scope(call, topics, id).delete();
            call.out.events.push(events::group_deleted(id));
            return;
        }
        call.out.records.push(Record::Group {
            group: id.to_owned(),
            value: None,
        });
        call.out.events.push(events::group_deleted(id));
        let Some(group) = self.groups.remove(id) else {
            return;
        };
        for member in group.pending_members {
            self.timers.cancel(&Timer::Heartbeat(id.to_owned(), member));
        }
    }

    pub fn tick(&mut self, call: &mut Call<'_>, topics: &dyn Topics) {
        while let Some(timer) = self.timers.pop(call.now) {
            if let Timer::Heartbeat(id, _) | Timer::Rebalance(id, _) = &timer
                && self.image.consumer_group(id).is_some()
            {
                self.on_consumer_timer(call, topics, &timer);
                continue;
            }
            let (groups, mut turn) = self.split(call);
            match timer {
                Timer::Join(id) => {
                    if let Some(group) = groups.get_mut(&id) {
                        group.on_join_timer(&mut turn);
                    }
                }
                Timer::Sync(id) => {
                    if let Some(group) = groups.get_mut(&id) {
                        group.on_sync_timer(&mut turn);
                    }
                }
                Timer::Heartbeat(id, member) => {
                    if let Some(group) = groups.get_mut(&id) {
                        group.on_heartbeat_timer(&mut turn, &member);
                    }
                }
                // Only members of consumer groups have it.
                Timer::Rebalance(..) => {}
                Timer::Expiry => self.expire(call, topics),
            }
        }
        self.commit(call);
    }

    fn schedule_expiry(&mut self, call: &Call<'_>) {
        let interval = call.config.offsets_retention_check_interval_ms;
        self.timers
            .set(Timer::Expiry, call.now.saturating_add(interval));
    }

    /// Drops offsets past their retention, and empty groups that have none left.
    fn expire(&mut self, call: &mut Call<'_>, topics: &dyn Topics) {
        let mut gone = Vec::new();
        for group in self.groups() {
            let id = group.id();
            let retention = call.config.offsets_retention_ms;
            let (records, none_left) = offsets::expire(&self.image, group, call.now, retention);
            if !records.is_empty() {
                call.out
                    .events
                    .push(events::offsets_expired(id, records.len()));
                call.out.records.extend(records);
            }
            if none_left && group.is_abandoned() {
                gone.push(id.to_owned());
            }
        }
        for id in gone {
            self.drop_group(call, &id, topics);
        }
        self.schedule_expiry(call);
    }

    /// Drops the offsets of topics that are gone.
    pub fn topics_deleted(&mut self, call: &mut Call<'_>, topics: &BTreeSet<&str>) {
        for (group, offsets) in self.image.groups_with_offsets() {
            let gone = offsets
                .iter()
                .filter(|(topic, _)| topics.contains(topic.as_str()));
            for (topic, partitions) in gone {
                let tombstones = partitions
                    .keys()
                    .map(|partition| offsets::tombstone(group, topic, *partition));
                call.out.records.extend(tombstones);
            }
        }
        let pending = self.image.pending().keys();
        let gone = pending.filter(|(_, topic, _)| topics.contains(topic.as_str()));
        let tombstones = gone.map(|(group, topic, index)| offsets::tombstone(group, topic, *index));
        call.out.records.extend(tombstones);
        self.commit(call);
    }

    pub fn unload(mut self, call: &mut Call<'_>) {
        let (groups, mut turn) = self.split(call);
        for group in groups.values_mut() {
            group.unload(&mut turn);
        }
    }
}
