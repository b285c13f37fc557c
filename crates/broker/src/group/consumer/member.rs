use super::Partitions;
use bytes::Bytes;
use std::collections::BTreeSet;

/// How far a member is on its way to the target assignment, with Kafka's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It has what the epoch it is in gives it.
    #[default]
    Stable = 0,
    /// It has been told to give partitions up, and has not said that it did.
    UnrevokedPartitions = 1,
    /// It waits for partitions that others have not given up.
    UnreleasedPartitions = 2,
}

impl MemberState {
    pub fn from_code(code: i8) -> Option<MemberState> {
        match code {
            0 => Some(MemberState::Stable),
            1 => Some(MemberState::UnrevokedPartitions),
            2 => Some(MemberState::UnreleasedPartitions),
            _ => None,
        }
    }
}

/// One member of a consumer group: who it is and what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub metadata: MemberMetadata,
    pub current: CurrentAssignment,
}

/// What a member said about itself (ConsumerGroupMemberMetadataValue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata {
    /// Set for a static member.
    pub instance_id: Option<String>,
    pub rack_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub topics: BTreeSet<String>,
    /// Never empty.
    pub regex: Option<String>,
    /// Milliseconds that it may take to give partitions up; -1 when it did not say.
    pub rebalance_timeout_ms: i32,
    /// The assignor it asks for.
    pub assignor: Option<String>,
    /// Set for a member that speaks the classic protocol.
    pub classic: Option<ClassicMember>,
}

impl Default for MemberMetadata {
    fn default() -> MemberMetadata {
        MemberMetadata {
            instance_id: None,
            rack_id: None,
            client_id: String::new(),
            client_host: String::new(),
            topics: BTreeSet::new(),
            regex: None,
            rebalance_timeout_ms: -1,
            assignor: None,
            classic: None,
        }
    }
}

/// What a member that speaks the classic protocol brought in JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicMember {
    pub session_timeout_ms: i32,
    /// Protocol names with the metadata for each, best first.
    pub protocols: Vec<(String, Bytes)>,
}

/// What a member has (ConsumerGroupCurrentMemberAssignmentValue).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentAssignment {
    pub epoch: i32,
    /// The epoch before: the member goes on from it when an answer was lost.
    pub previous_epoch: i32,
    pub state: MemberState,
    pub assigned: Partitions,
    /// To be given up before the member may advance.
    pub revoking: Partitions,
}

impl CurrentAssignment {
    /// Everything that nobody else may have.
    pub fn held(&self) -> impl Iterator<Item = &(uuid::Uuid, i32)> {
        self.assigned.iter().chain(&self.revoking)
    }

    /// The same member in another epoch; the one it leaves is remembered.
    pub fn moved_to(&self, epoch: i32) -> CurrentAssignment {
        CurrentAssignment {
            epoch,
            previous_epoch: self.epoch,
            ..self.clone()
        }
    }
}

impl Member {
    pub fn is_classic(&self) -> bool {
        self.metadata.classic.is_some()
    }

    pub fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.current.state == MemberState::Stable && self.current.epoch == epoch
    }
}
