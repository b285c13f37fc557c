use super::super::classic::text;
use super::super::consumer::{Refusal, check_request, describe};
use super::super::{AnyGroup, Effects};
use super::{Asked, Coordinator, Topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
};
use std::collections::BTreeSet;

impl Coordinator {
    pub fn consumer_group_heartbeat(
        &mut self,
        asked: Asked<'_>,
        request: &ConsumerGroupHeartbeatRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let version = asked.context.api_version;
        let group = request.group_id.as_str();
        let checked = check_request(request, version, &self.config.consumer_assignors);
        let result = checked.and_then(|()| {
            let done = self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.consumer_heartbeat(call, &asked.context, request, topics)
            });
            done.map_err(Refusal::from)
        });
        let (response, after) = match result {
            Ok((Ok(response), partition)) => (response, vec![partition]),
            Ok((Err(refusal), partition)) => (refused(refusal), vec![partition]),
            Err(refusal) => (refused(refusal), Vec::new()),
        };
        asked.answer(&mut effects, response.into(), after);
        effects
    }

    pub fn consumer_group_describe(
        &self,
        asked: Asked<'_>,
        request: &ConsumerGroupDescribeRequest,
    ) -> Effects {
        let mut effects = Effects::default();
        let mut after = BTreeSet::new();
        let version = asked.context.api_version;
        let with_operations = request.include_authorized_operations;
        let default = self.config.default_assignor();
        let described = request.group_ids.iter().map(|id| {
            if id.is_empty() {
                return describe::describe_failed(id, ResponseError::InvalidGroupId, None);
            }
            let (shard, partition) = match self.shard(id) {
                Ok(found) => found,
                Err(error) => return describe::describe_failed(id, error, None),
            };
            after.insert(partition);
            let message = match shard.group(id) {
                Some(AnyGroup::Consumer(_, group)) => {
                    return describe::describe(id, group, version, with_operations, default);
                }
                Some(AnyGroup::Classic(_)) => {
                    format!("Group {} is not a consumer group.", id.as_str())
                }
                None => format!("Group {} not found.", id.as_str()),
            };
            describe::describe_failed(id, ResponseError::GroupIdNotFound, Some(&message))
        });
        let response = ConsumerGroupDescribeResponse::default().with_groups(described.collect());
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }
}

fn refused(refusal: Refusal) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(refusal.error.code())
        .with_error_message(Some(text(&refusal.message)))
}
