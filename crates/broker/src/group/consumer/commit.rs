//! Who may commit and fetch the offsets of a consumer group.

use super::{ConsumerGroup, Member};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::OffsetCommitRequest;

/// From this OffsetCommit version on, what was a generation is the epoch of a member too.
const MEMBER_EPOCHS: i16 = 9;

/// Whether a commit may go on: that of a member in its epoch, or, while there are no members, that of
/// a client that is none.
pub fn validate_commit(
    group: &ConsumerGroup,
    request: &OffsetCommitRequest,
    api_version: i16,
) -> Result<(), ResponseError> {
    let epoch = request.generation_id_or_member_epoch;
    if epoch < 0 && group.is_empty() {
        return Ok(());
    }
    let member = group.member(request.member_id.as_str());
    let member = member.ok_or(ResponseError::UnknownMemberId)?;
    if !member.is_classic() && api_version < MEMBER_EPOCHS {
        return Err(ResponseError::UnsupportedVersion);
    }
    validate_epoch(member, epoch)
}

/// Whether a commit in a transaction may go on: as without one, except that its client need not say who
/// it is, and that a wrong epoch has the error that it has in a classic group.
pub fn validate_commit_in_transaction(
    group: &ConsumerGroup,
    request: &OffsetCommitRequest,
) -> Result<(), ResponseError> {
    let epoch = request.generation_id_or_member_epoch;
    let is_nobody = request.member_id.is_empty() && request.group_instance_id.is_none();
    if epoch < 0 && (group.is_empty() || is_nobody) {
        return Ok(());
    }
    let member = group.member(request.member_id.as_str());
    let member = member.ok_or(ResponseError::UnknownMemberId)?;
    match member.current.epoch == epoch {
        true => Ok(()),
        false => Err(ResponseError::IllegalGeneration),
    }
}

/// Whether a fetch of offsets may go on. Only a client that gives a member id or an epoch is checked.
pub fn validate_fetch(
    group: &ConsumerGroup,
    member_id: Option<&str>,
    epoch: i32,
) -> Result<(), ResponseError> {
    if member_id.is_none() && epoch < 0 {
        return Ok(());
    }
    let member = group.member(member_id.unwrap_or_default());
    validate_epoch(member.ok_or(ResponseError::UnknownMemberId)?, epoch)
}

fn validate_epoch(member: &Member, epoch: i32) -> Result<(), ResponseError> {
    match member.is_classic() {
        _ if epoch == member.current.epoch => Ok(()),
        true => Err(ResponseError::IllegalGeneration),
        false => Err(ResponseError::StaleMemberEpoch),
    }
}
