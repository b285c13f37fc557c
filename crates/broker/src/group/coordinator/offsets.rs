use super::super::consumer::validate_fetch;
use super::super::{Effects, error_response, offsets};
use super::{Asked, Coordinator, Topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use kafka_protocol::protocol::StrBytes;
use std::collections::BTreeSet;

/// From this OffsetFetch version on, one request names several groups (KIP-709).
const FETCH_GROUPS: i16 = 8;

impl Coordinator {
    pub fn offset_commit(
        &mut self,
        asked: Asked<'_>,
        request: &OffsetCommitRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let version = asked.context.api_version;
        let result = match offsets::names_known_partition(request, topics) {
            // Nothing to ask the group: every partition is an error of its own.
            false => Ok((
                offsets::commit_response(request, topics, |_, _| Ok(())),
                None,
            )),
            true => self
                .in_shard(asked.now, group, &mut effects, |shard, call| {
                    shard.commit_offsets(call, request, version, topics)
                })
                .map(|(responses, partition)| (responses, Some(partition))),
        };
        let (responses, after) = match result {
            Ok(result) => result,
            Err(error) => (
                offsets::commit_response(request, topics, |_, _| Err(error)),
                None,
            ),
        };
        let response = OffsetCommitResponse::default().with_topics(responses);
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }

    pub fn offset_fetch(&mut self, asked: Asked<'_>, request: &OffsetFetchRequest) -> Effects {
        let mut effects = Effects::default();
        let mut after = BTreeSet::new();
        let mut response = OffsetFetchResponse::default();
        if asked.context.api_version >= FETCH_GROUPS {
            for group in &request.groups {
                let topics = group.topics.as_ref().map(|topics| {
                    let each = topics.iter();
                    each.map(|topic| (topic.name.0.clone(), topic.partition_indexes.as_slice()))
                        .collect::<Vec<_>>()
                });
                let stable = request.require_stable;
                let fetched = self.check_fetch(group).and_then(|()| {
                    self.fetch_group(&group.group_id, topics.as_deref(), stable, &mut after)
                });
                let answer =
                    OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
                response.groups.push(match fetched {
                    Ok(topics) => answer.with_topics(topics),
                    Err(error) => answer.with_error_code(error.code()),
                });
            }
        } else {
            let topics = request.topics.as_ref().map(|topics| {
                let each = topics.iter();
                each.map(|topic| (topic.name.0.clone(), topic.partition_indexes.as_slice()))
                    .collect::<Vec<_>>()
            });
            let stable = request.require_stable;
            let fetched =
                self.fetch_group(&request.group_id, topics.as_deref(), stable, &mut after);
            response = fetch_response(response, fetched, request);
        }
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }

    /// A member of a consumer group may fetch in its own epoch only (OffsetFetch 9).
    fn check_fetch(&self, asked: &OffsetFetchRequestGroup) -> Result<(), ResponseError> {
        let (shard, _) = self.shard(&asked.group_id)?;
        let member_id = asked.member_id.as_ref().map(|id| id.as_str());
        match shard.image().consumer_group(&asked.group_id) {
            Some(group) => validate_fetch(group, member_id, asked.member_epoch),
            None => Ok(()),
        }
    }

    fn fetch_group(
        &self,
        group: &str,
        topics: Option<&[(StrBytes, &[i32])]>,
        stable: bool,
        after: &mut BTreeSet<i32>,
    ) -> Result<Vec<OffsetFetchResponseTopics>, ResponseError> {
        let (shard, partition) = self.shard(group)?;
        after.insert(partition);
        let mut fetched = offsets::fetch(shard.image(), group, topics);
        if stable {
            offsets::hold_back_pending(shard.image(), group, &mut fetched);
        }
        Ok(fetched)
    }

    pub fn offset_delete(
        &mut self,
        asked: Asked<'_>,
        request: &OffsetDeleteRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let result = match group.is_empty() {
            true => Err(ResponseError::InvalidGroupId),
            false => self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.delete_offsets(call, request, topics)
            }),
        };
        let (response, after) = match result {
            Ok((Ok(responses), partition)) => {
                let response = OffsetDeleteResponse::default().with_topics(responses);
                (response.into(), vec![partition])
            }
            Ok((Err(error), partition)) => (error_response::offset_delete(error), vec![partition]),
            Err(error) => (error_response::offset_delete(error), Vec::new()),
        };
        asked.answer(&mut effects, response, after);
        effects
    }
}

/// OffsetFetch before version 8: one group, and before version 2 no error field but the partitions'.
fn fetch_response(
    mut response: OffsetFetchResponse,
    fetched: Result<Vec<OffsetFetchResponseTopics>, ResponseError>,
    request: &OffsetFetchRequest,
) -> OffsetFetchResponse {
    match fetched {
        Ok(topics) => {
            for topic in topics {
                let partitions = topic.partitions.into_iter().map(|partition| {
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(partition.partition_index)
                        .with_committed_offset(partition.committed_offset)
                        .with_committed_leader_epoch(partition.committed_leader_epoch)
                        .with_metadata(partition.metadata)
                        .with_error_code(partition.error_code)
                });
                response.topics.push(
                    OffsetFetchResponseTopic::default()
                        .with_name(topic.name)
                        .with_partitions(partitions.collect()),
                );
            }
        }
        Err(error) => {
            response.error_code = error.code();
            for topic in request.topics.iter().flatten() {
                let partitions = topic.partition_indexes.iter().map(|partition| {
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(*partition)
                        .with_committed_offset(-1)
                        .with_metadata(Some(StrBytes::new()))
                        .with_error_code(error.code())
                });
                response.topics.push(
                    OffsetFetchResponseTopic::default()
                        .with_name(topic.name.clone())
                        .with_partitions(partitions.collect()),
                );
            }
        }
    }
    response
}
