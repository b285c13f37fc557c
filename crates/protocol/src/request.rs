//! Requests: header and body, in both directions.
//!
//! ```text
//! +-------------+-----------------+--------------------+-----------------+--------------+------+
//! | api_key i16 | api_version i16 | correlation_id i32 | client_id str16 | tags (v2)    | body |
//! +-------------+-----------------+--------------------+-----------------+--------------+------+
//! ```
//! The tag section exists in header v2, which goes with flexible versions of an API.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{ApiKey, RequestHeader as WireHeader};
use kafka_protocol::protocol::{Encodable, Request as Api, StrBytes};
use thiserror::Error;

use crate::api::RequestKind;
use crate::{api, frame, guard};

/// What stands before the body of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    pub api_key: i16,
    pub api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<StrBytes>,
}

/// A decoded request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub header: RequestHeader,
    pub body: RequestKind,
}

/// Why a frame is not a request that can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// There is no such API, or none that is spoken here. Kafka closes the connection.
    #[error("{} (version {api_version}) is not spoken here", api::name(*.api_key))]
    UnknownApi { api_key: i16, api_version: i16 },
    /// The API is known, the version is not. ApiVersions is answered with error 35 in a v0 body;
    /// for others Kafka closes the connection.
    #[error("{} version {} is not supported, only {min} to {max}", api::name(.header.api_key), .header.api_version)]
    UnsupportedVersion {
        header: RequestHeader,
        min: i16,
        max: i16,
    },
    /// The bytes do not follow the schema. Kafka closes the connection.
    #[error("malformed request{}: {reason}", .header.as_ref().map(|h| format!(" ({} version {})", api::name(h.api_key), h.api_version)).unwrap_or_default())]
    Malformed {
        header: Option<RequestHeader>,
        reason: String,
    },
}

/// Why a message cannot be written, for example a field that the version does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot encode {api} version {version}: {reason}")]
pub struct EncodeError {
    pub api: String,
    pub version: i16,
    pub reason: String,
}

/// Decodes the header of a request frame (without its size prefix); returns the body's bytes too.
pub fn decode_header(frame: &Bytes) -> Result<(RequestHeader, Bytes), RequestError> {
    let mut start: &[u8] = frame;
    let (Ok(api_key), Ok(api_version)) = (start.try_get_i16(), start.try_get_i16()) else {
        return Err(RequestError::Malformed {
            header: None,
            reason: format!("a frame of {} bytes has no room for a header", frame.len()),
        });
    };
    let Ok(key) = ApiKey::try_from(api_key) else {
        return Err(RequestError::UnknownApi {
            api_key,
            api_version,
        });
    };
    let header_version = key.request_header_version(api_version);
    let (wire, body) = guard::decode::<WireHeader>(frame, header_version).map_err(|reason| {
        RequestError::Malformed {
            header: None,
            reason: format!("header: {reason}"),
        }
    })?;
    let header = RequestHeader {
        api_key,
        api_version,
        correlation_id: wire.correlation_id,
        client_id: wire.client_id,
    };
    Ok((header, body))
}

/// Decodes a whole request frame in any version that the messages have.
pub fn decode(frame: &Bytes) -> Result<Request, RequestError> {
    let (header, body) = decode_header(frame)?;
    let key = ApiKey::try_from(header.api_key).map_err(|()| RequestError::UnknownApi {
        api_key: header.api_key,
        api_version: header.api_version,
    })?;
    let versions = api::versions(key).ok_or(RequestError::UnknownApi {
        api_key: header.api_key,
        api_version: header.api_version,
    })?;
    if header.api_version < versions.min || header.api_version > versions.max {
        return Err(RequestError::UnsupportedVersion {
            header,
            min: versions.min,
            max: versions.max,
        });
    }
    match api::decode_request(key, header.api_version, &body) {
        Ok(body) => Ok(Request { header, body }),
        Err(reason) => Err(RequestError::Malformed {
            header: Some(header),
            reason,
        }),
    }
}

/// Decodes the body of a request whose API is known at compile time.
pub fn decode_body<R: Api>(header: &RequestHeader, body: &Bytes) -> Result<R, RequestError> {
    guard::decode::<R>(body, header.api_version)
        .map(|(request, _)| request)
        .map_err(|reason| RequestError::Malformed {
            header: Some(header.clone()),
            reason,
        })
}

/// A whole request frame, with its size prefix, ready to be sent. `header.api_key` must be that of
/// the request.
pub fn encode<R: Api>(header: &RequestHeader, request: &R) -> Result<Bytes, EncodeError> {
    debug_assert_eq!(header.api_key, R::KEY);
    encode_with(header, |out, version| {
        request.encode(out, version).map_err(|e| e.to_string())
    })
}

/// Like [`encode`] for a request of any kind.
pub fn encode_kind(header: &RequestHeader, request: &RequestKind) -> Result<Bytes, EncodeError> {
    debug_assert_eq!(api::key_of_request(request) as i16, header.api_key);
    encode_with(header, |out, version| {
        api::encode_request(request, version, out)
    })
}

fn encode_with(
    header: &RequestHeader,
    body: impl FnOnce(&mut bytes::BytesMut, i16) -> Result<(), String>,
) -> Result<Bytes, EncodeError> {
    let version = header.api_version;
    let fail = |reason: String| EncodeError {
        api: api::name(header.api_key),
        version,
        reason,
    };
    let key = ApiKey::try_from(header.api_key).map_err(|()| fail("unknown API".to_owned()))?;
    let wire = WireHeader::default()
        .with_request_api_key(header.api_key)
        .with_request_api_version(version)
        .with_correlation_id(header.correlation_id)
        .with_client_id(header.client_id.clone());
    let mut out = frame::start_frame(64);
    wire.encode(&mut out, key.request_header_version(version))
        .map_err(|e| fail(e.to_string()))?;
    body(&mut out, version).map_err(fail)?;
    Ok(frame::end_frame(out))
}

#[cfg(test)]
mod tests;
