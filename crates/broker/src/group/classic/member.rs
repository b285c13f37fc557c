use super::super::consumer_protocol;
use super::super::image::MemberMetadata;
use super::super::{RequestContext, Waiter};
use super::{Turn, responses};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::JoinGroupRequest;

/// One member of a classic group.
#[derive(Debug)]
pub struct Member {
    pub id: String,
    /// Set for a static member (KIP-345).
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    /// Protocol names with this member's metadata for each, best first.
    pub protocols: Vec<(String, Bytes)>,
    pub assignment: Bytes,
    /// Until its first join is answered a member cannot heartbeat, and is given longer.
    pub is_new: bool,
    pub awaiting_join: Option<Parked>,
    pub awaiting_sync: Option<Parked>,
}

/// A request that waits, and the version its answer is encoded in.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    pub waiter: Waiter,
    pub api_version: i16,
}

impl Member {
    pub fn new(id: String, context: &RequestContext<'_>, request: &JoinGroupRequest) -> Member {
        Member {
            id,
            instance_id: request.group_instance_id.as_ref().map(|id| id.to_string()),
            client_id: context.client_id.to_owned(),
            client_host: context.client_host.to_owned(),
            rebalance_timeout_ms: rebalance_timeout_ms(request),
            session_timeout_ms: request.session_timeout_ms,
            protocols: protocols(request),
            assignment: Bytes::new(),
            is_new: true,
            awaiting_join: None,
            awaiting_sync: None,
        }
    }

    /// A member as the log knows it: only the chosen protocol is left of what it supports.
    pub fn load(metadata: &MemberMetadata, protocol: String) -> Member {
        Member {
            id: metadata.member_id.clone(),
            instance_id: metadata.group_instance_id.clone(),
            client_id: metadata.client_id.clone(),
            client_host: metadata.client_host.clone(),
            rebalance_timeout_ms: metadata.rebalance_timeout_ms,
            session_timeout_ms: metadata.session_timeout_ms,
            protocols: vec![(protocol, metadata.subscription.clone())],
            assignment: metadata.assignment.clone(),
            is_new: false,
            awaiting_join: None,
            awaiting_sync: None,
        }
    }

    /// Whether the assignment names no partition. Bytes that are not a consumer's count as work.
    pub fn is_idle(&self) -> bool {
        consumer_protocol::assigned_partitions(&self.assignment).is_some_and(|all| all.is_empty())
    }

    pub fn is_awaiting_join(&self) -> bool {
        self.awaiting_join.is_some()
    }

    pub fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    pub fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found
            .map(|(_, metadata)| metadata.clone())
            .unwrap_or_default()
    }

    /// Whether a join request says nothing new.
    pub fn matches(&self, request: &JoinGroupRequest) -> bool {
        self.protocols == protocols(request)
    }

    /// Silent members that wait for the coordinator are not to blame; a new member is, since nothing
    /// else would ever end a join whose connection is gone.
    pub fn is_excused(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    /// Parks a join. A second join of the same member, over another connection, takes the place of
    /// the first, which is told to join again.
    pub fn park_join(&mut self, turn: &mut Turn<'_>, parked: Parked) {
        if let Some(old) = self.awaiting_join.replace(parked) {
            let error = ResponseError::RebalanceInProgress;
            turn.reply(
                old.waiter,
                responses::join_error(old.api_version, &self.id, error),
            );
        }
    }

    /// Parks a sync; see [`Member::park_join`].
    pub fn park_sync(&mut self, turn: &mut Turn<'_>, parked: Parked) {
        if let Some(old) = self.awaiting_sync.replace(parked) {
            turn.reply(
                old.waiter,
                responses::sync_error(ResponseError::RebalanceInProgress),
            );
        }
    }

    /// Answers everything this member waits for with an error.
    pub fn refuse(&mut self, turn: &mut Turn<'_>, member_id: &str, error: ResponseError) {
        if let Some(parked) = self.awaiting_join.take() {
            turn.reply(
                parked.waiter,
                responses::join_error(parked.api_version, member_id, error),
            );
        }
        if let Some(parked) = self.awaiting_sync.take() {
            turn.reply(parked.waiter, responses::sync_error(error));
        }
    }

    pub fn update(&mut self, request: &JoinGroupRequest) {
        self.protocols = protocols(request);
        self.rebalance_timeout_ms = rebalance_timeout_ms(request);
        self.session_timeout_ms = request.session_timeout_ms;
    }
}

/// JoinGroup 0 has no rebalance timeout: there the session timeout is both.
pub fn rebalance_timeout_ms(request: &JoinGroupRequest) -> i32 {
    match request.rebalance_timeout_ms {
        timeout if timeout < 0 => request.session_timeout_ms,
        timeout => timeout,
    }
}

/// Names and metadata, copied so that the request's frame can be freed; a repeated name counts once.
pub fn protocols(request: &JoinGroupRequest) -> Vec<(String, Bytes)> {
    let mut protocols: Vec<(String, Bytes)> = Vec::with_capacity(request.protocols.len());
    for protocol in &request.protocols {
        if !protocols
            .iter()
            .any(|(name, _)| *name == protocol.name.as_str())
        {
            let metadata = Bytes::copy_from_slice(&protocol.metadata);
            protocols.push((protocol.name.to_string(), metadata));
        }
    }
    protocols
}
