//! DescribeCluster, versions 0 to 2: cluster id, controller and brokers.
//!
//! Fenced brokers are listed from v2 when asked for. From v1 the controllers' endpoints can be
//! asked for; as every node is both, they are the voters. Nobody is authorized or refused here, so
//! all operations are allowed.

use konbini_protocol::ResponseError::UnsupportedEndpointType;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use konbini_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};

use super::{Answer, Context};
use crate::node::Node;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Alter, AlterConfigs, ClusterAction, Create, Describe, DescribeConfigs, IdempotentWrite as bits
/// of their ACL operation codes: all that a cluster has.
pub(super) const CLUSTER_OPERATIONS: i32 =
    1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;
/// What is said when operations were not asked for.
pub(super) const NOT_ASKED: i32 = i32::MIN;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DescribeClusterRequest,
) -> Answer {
    let endpoints = if context.version >= 1 {
        request.endpoint_type
    } else {
        BROKERS
    };
    let brokers = match endpoints {
        BROKERS => brokers(node, request.include_fenced_brokers),
        CONTROLLERS => controllers(node),
        _ => {
            return DescribeClusterResponse::default()
                .with_error_code(UnsupportedEndpointType.code())
                .with_error_message(Some(StrBytes::from_static_str("Unsupported endpoint type")))
                .into();
        }
    };
    let operations = if request.include_cluster_authorized_operations {
        CLUSTER_OPERATIONS
    } else {
        NOT_ASKED
    };
    DescribeClusterResponse::default()
        .with_error_message(None)
        .with_endpoint_type(endpoints)
        .with_cluster_id(StrBytes::from_string(node.config.cluster_id.clone()))
        .with_controller_id(BrokerId(node.controller_for_clients()))
        .with_brokers(brokers)
        .with_cluster_authorized_operations(operations)
        .into()
}

fn brokers(node: &Node, fenced_too: bool) -> Vec<DescribeClusterBroker> {
    let listed = node
        .metadata
        .image
        .brokers
        .values()
        .filter(|b| fenced_too || !b.fenced);
    listed
        .map(|broker| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(broker.id))
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
                .with_is_fenced(broker.fenced)
        })
        .collect()
}

fn controllers(node: &Node) -> Vec<DescribeClusterBroker> {
    let voters = node.config.quorum_voters().into_iter();
    voters
        .map(|voter| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(voter.id))
                .with_host(StrBytes::from_string(voter.host))
                .with_port(i32::from(voter.port))
                .with_rack(None)
        })
        .collect()
}
