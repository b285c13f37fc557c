use super::super::config::MAX_SUBSCRIPTION_BYTES;
use super::scope::Refusal;
use super::{Assignor, JOINING, LEAVING, LEAVING_FOR_A_WHILE};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::ConsumerGroupHeartbeatRequest;

/// From this version of ConsumerGroupHeartbeat on, a consumer makes its member id itself (KIP-1082).
const OWN_MEMBER_ID: i16 = 1;

/// What can be said of a heartbeat without looking at the group.
pub fn check(
    request: &ConsumerGroupHeartbeatRequest,
    api_version: i16,
    assignors: &[Assignor],
) -> Result<(), Refusal> {
    let epoch = request.member_epoch;
    let needs_id = api_version >= OWN_MEMBER_ID || epoch > JOINING || epoch == LEAVING;
    let blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
    let empty = [
        (needs_id && blank(Some(&request.member_id)), "MemberId"),
        (blank(Some(request.group_id.as_str())), "GroupId"),
        (blank(request.instance_id.as_deref()), "InstanceId"),
        (blank(request.rack_id.as_deref()), "RackId"),
    ];
    if let Some((_, field)) = empty.into_iter().find(|(is_empty, _)| *is_empty) {
        return invalid(format!("{field} must not be empty."));
    }
    if subscription_bytes(request) > MAX_SUBSCRIPTION_BYTES {
        return invalid(format!(
            "The subscription is larger than {MAX_SUBSCRIPTION_BYTES} bytes."
        ));
    }
    check_epoch(request)?;
    match request.server_assignor.as_deref() {
        Some(name) if !assignors.iter().any(|assignor| assignor.name() == name) => {
            let served: Vec<&str> = assignors.iter().map(|assignor| assignor.name()).collect();
            let message = format!("There is no assignor {name}, only {}.", served.join(", "));
            Err(Refusal::new(ResponseError::UnsupportedAssignor, message))
        }
        _ => Ok(()),
    }
}

fn subscription_bytes(request: &ConsumerGroupHeartbeatRequest) -> usize {
    let names = request.subscribed_topic_names.iter().flatten();
    let names: usize = names.map(|name| name.len()).sum();
    names
        + request
            .subscribed_topic_regex
            .as_ref()
            .map_or(0, |regex| regex.len())
}

fn check_epoch(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    let is_subscribed =
        request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
    let has_none = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    match request.member_epoch {
        JOINING if request.rebalance_timeout_ms == -1 => {
            invalid("A member that joins must give RebalanceTimeoutMs.")
        }
        JOINING if !has_none => invalid("A member that joins must have no TopicPartitions."),
        JOINING if !is_subscribed => {
            invalid("A member that joins must give SubscribedTopicNames or SubscribedTopicRegex.")
        }
        LEAVING_FOR_A_WHILE if request.instance_id.is_none() => {
            invalid("A static member that leaves must give InstanceId.")
        }
        epoch if epoch < LEAVING_FOR_A_WHILE => invalid(format!("{epoch} is no MemberEpoch.")),
        _ => Ok(()),
    }
}

fn invalid(message: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::new(ResponseError::InvalidRequest, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::protocol::StrBytes;

    fn text(value: &'static str) -> StrBytes {
        StrBytes::from_static_str(value)
    }

    fn join() -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(text("g").into())
            .with_member_id(text("m"))
            .with_rebalance_timeout_ms(1)
            .with_subscribed_topic_names(Some(vec![TopicName(text("t"))]))
            .with_topic_partitions(Some(Vec::new()))
    }

    #[test]
    fn requests() {
        use ResponseError::*;
        type Change = fn(ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatRequest;
        let table: [(i16, Option<ResponseError>, Change); 18] = [
            (1, None, |r| r),
            (0, None, |r| r.with_member_id(text(""))),
            (1, Some(InvalidRequest), |r| r.with_member_id(text(""))),
            (0, Some(InvalidRequest), |r| {
                r.with_member_id(text(" ")).with_member_epoch(1)
            }),
            (0, Some(InvalidRequest), |r| {
                r.with_member_id(text("")).with_member_epoch(-1)
            }),
            (1, Some(InvalidRequest), |r| {
                r.with_group_id(text(" ").into())
            }),
            (1, Some(InvalidRequest), |r| {
                r.with_instance_id(Some(text("")))
            }),
            (1, Some(InvalidRequest), |r| r.with_rack_id(Some(text("")))),
            (1, Some(InvalidRequest), |r| r.with_rebalance_timeout_ms(-1)),
            (1, Some(InvalidRequest), |r| r.with_topic_partitions(None)),
            (1, Some(InvalidRequest), |r| {
                r.with_subscribed_topic_names(None)
            }),
            (1, None, |r| {
                r.with_subscribed_topic_names(None)
                    .with_subscribed_topic_regex(Some(text("")))
            }),
            (1, Some(InvalidRequest), |r| r.with_member_epoch(-2)),
            (1, None, |r| {
                r.with_member_epoch(-2).with_instance_id(Some(text("i")))
            }),
            (1, Some(InvalidRequest), |r| r.with_member_epoch(-3)),
            (1, Some(InvalidRequest), |r| {
                let names =
                    (0..65_000).map(|n| TopicName(StrBytes::from_string(format!("t{n:09}"))));
                r.with_subscribed_topic_names(Some(names.collect()))
            }),
            (1, Some(UnsupportedAssignor), |r| {
                r.with_server_assignor(Some(text("range")))
            }),
            (1, None, |r| r.with_server_assignor(Some(text("uniform")))),
        ];
        for (row, (version, expect, change)) in table.into_iter().enumerate() {
            let result = check(&change(join()), version, &[Assignor::Uniform]);
            assert_eq!(
                result.err().map(|refusal| refusal.error),
                expect,
                "row {row}"
            );
        }
    }
}
