use super::super::{AnyGroup, Effects, describe, error_response};
use super::{Asked, Coordinator, Slot, Topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    ListGroupsRequest, ListGroupsResponse,
};
use std::collections::BTreeSet;

impl Coordinator {
    pub fn describe_groups(&self, asked: Asked<'_>, request: &DescribeGroupsRequest) -> Effects {
        let mut effects = Effects::default();
        let mut after = BTreeSet::new();
        let version = asked.context.api_version;
        let described = request.groups.iter().map(|id| match self.shard(id) {
            Ok((shard, partition)) => {
                after.insert(partition);
                match shard.group(id) {
                    Some(AnyGroup::Classic(group)) => {
                        describe::describe(group, version, request.include_authorized_operations)
                    }
                    Some(AnyGroup::Consumer(..)) => {
                        let message = format!("Group {} is not a classic group.", id.as_str());
                        describe::describe_unknown(id, version, &message)
                    }
                    None => {
                        let message = format!("Group {} not found.", id.as_str());
                        describe::describe_unknown(id, version, &message)
                    }
                }
            }
            Err(error) => describe::describe_failed(id, error),
        });
        let response = DescribeGroupsResponse::default().with_groups(described.collect());
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }

    /// Groups of this node's shards, by name.
    pub fn list_groups(&self, asked: Asked<'_>, request: &ListGroupsRequest) -> Effects {
        let mut effects = Effects::default();
        let mut response = ListGroupsResponse::default();
        let mut after = Vec::new();
        for (partition, slot) in &self.slots {
            match slot {
                Slot::Loading(_) => {
                    response.error_code = ResponseError::CoordinatorLoadInProgress.code();
                }
                Slot::Active(shard) => {
                    after.push(*partition);
                    let version = asked.context.api_version;
                    let groups = shard.groups();
                    let listed = groups.filter_map(|group| describe::list(group, version, request));
                    response.groups.extend(listed);
                }
            }
        }
        if response.error_code != 0 {
            response.groups.clear();
        }
        response.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
        asked.answer(&mut effects, response.into(), after);
        effects
    }

    pub fn delete_groups(
        &mut self,
        asked: Asked<'_>,
        request: &DeleteGroupsRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let mut after = BTreeSet::new();
        let mut response = DeleteGroupsResponse::default();
        for id in &request.groups_names {
            let result = self.in_shard(asked.now, id, &mut effects, |shard, call| {
                shard.delete_group(call, id, topics)
            });
            let error = match result {
                Ok((result, partition)) => {
                    after.insert(partition);
                    result.err()
                }
                Err(error) => Some(error),
            };
            response.results.push(
                DeletableGroupResult::default()
                    .with_group_id(id.clone())
                    .with_error_code(error_response::code(error)),
            );
        }
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }
}
