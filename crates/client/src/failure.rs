//! Why something that a client was asked to do did not happen.

use konbini_protocol::{ResponseError, error};

/// A failure as an application sees it: what a broker answered, or what the client found itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientError {
    /// A Kafka error code from a response, with the broker's message where it sent one.
    Broker { code: i16, message: Option<String> },
    /// The setting named ran out first.
    Timeout {
        setting: &'static str,
        after_ms: i64,
        last: Option<Box<ClientError>>,
    },
    /// The connection ended, or the request timed out on it, before the answer came.
    Disconnected,
    /// Both sides know the API but no version of it in common.
    UnsupportedVersion { api: String },
    /// Larger than `max.request.size`, or than all of `buffer.memory`.
    RecordTooLarge {
        bytes: usize,
        limit: usize,
        setting: &'static str,
    },
    /// `buffer.memory` is full and as many records wait as may wait.
    BufferExhausted,
    /// The client was closed first.
    Closed,
    /// The call makes no sense in the client's state; the text says why.
    IllegalState(&'static str),
}

impl ClientError {
    /// The name that Kafka gives this kind of failure: an error code's name, else an exception's in
    /// the same style, such as `TIMEOUT`.
    pub fn code_name(&self) -> String {
        match self {
            ClientError::Broker { code, .. } => error::name(*code),
            ClientError::Timeout { .. } => "TIMEOUT".to_owned(),
            ClientError::Disconnected => "NETWORK_EXCEPTION".to_owned(),
            ClientError::UnsupportedVersion { .. } => "UNSUPPORTED_VERSION".to_owned(),
            ClientError::RecordTooLarge { .. } => "RECORD_TOO_LARGE".to_owned(),
            ClientError::BufferExhausted => "BUFFER_EXHAUSTED".to_owned(),
            ClientError::Closed => "CLOSED".to_owned(),
            ClientError::IllegalState(_) => "ILLEGAL_STATE".to_owned(),
        }
    }
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClientError::Broker {
                code,
                message: Some(message),
            } => {
                write!(f, "{}: {message}", error::name(*code))
            }
            ClientError::Broker {
                code,
                message: None,
            } => f.write_str(&error::name(*code)),
            ClientError::Timeout {
                setting,
                after_ms,
                last,
            } => {
                write!(f, "TIMEOUT: {setting} of {after_ms} ms passed")?;
                match last {
                    Some(last) => write!(f, ", last error {last}"),
                    None => Ok(()),
                }
            }
            ClientError::UnsupportedVersion { api } => {
                write!(f, "UNSUPPORTED_VERSION: no common version of {api}")
            }
            ClientError::RecordTooLarge {
                bytes,
                limit,
                setting,
            } => {
                write!(f, "RECORD_TOO_LARGE: {bytes} bytes, {setting} is {limit}")
            }
            ClientError::IllegalState(why) => write!(f, "ILLEGAL_STATE: {why}"),
            other => f.write_str(&other.code_name()),
        }
    }
}

impl std::error::Error for ClientError {}

/// The error of a response's code, if it is one.
pub(crate) fn response_error(code: i16) -> Option<ResponseError> {
    ResponseError::try_from_code(code)
}

/// Whether the error says that the client's view of leaders is out of date: Java's
/// `InvalidMetadataException`.
pub(crate) fn is_stale_metadata(error: ResponseError) -> bool {
    use ResponseError as E;
    matches!(
        error,
        E::UnknownTopicOrPartition
            | E::LeaderNotAvailable
            | E::NotLeaderOrFollower
            | E::ReplicaNotAvailable
            | E::KafkaStorageError
            | E::NetworkException
            | E::ListenerNotFound
            | E::FencedLeaderEpoch
            | E::UnknownLeaderEpoch
            | E::UnknownTopicId
            | E::InconsistentTopicId
            | E::PreferredLeaderNotAvailable
    )
}
