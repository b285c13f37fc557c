//! Responses: header and body, in both directions.
//!
//! ```text
//! +--------------------+-----------+------+
//! | correlation_id i32 | tags (v1) | body |
//! +--------------------+-----------+------+
//! ```
//! The tag section exists in header v1, which goes with flexible versions of every API but
//! ApiVersions: a client that does not know the broker yet must be able to read that one.

use bytes::{Buf, Bytes};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, ResponseHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request as Api};
use thiserror::Error;

use crate::api::ResponseKind;
use crate::request::EncodeError;
use crate::{api, frame, guard};

/// Why a frame is not the response that was waited for. The connection has to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResponseDecodeError {
    #[error("unknown API key {0}")]
    UnknownApi(i16),
    #[error("malformed response ({} version {api_version}): {reason}", api::name(*.api_key))]
    Malformed {
        api_key: i16,
        api_version: i16,
        reason: String,
    },
}

/// A whole response frame, with its size prefix, to a request of type `R` in `version`.
pub fn encode<R: Api>(
    correlation_id: i32,
    version: i16,
    response: &R::Response,
) -> Result<Bytes, EncodeError> {
    let header_version = R::Response::header_version(version);
    encode_with(R::KEY, header_version, correlation_id, version, |out| {
        response.encode(out, version).map_err(|e| e.to_string())
    })
}

/// Like [`encode`] for a response of any kind.
pub fn encode_kind(
    correlation_id: i32,
    version: i16,
    response: &ResponseKind,
) -> Result<Bytes, EncodeError> {
    let key = api::key_of_response(response);
    let header_version = key.response_header_version(version);
    encode_with(key as i16, header_version, correlation_id, version, |out| {
        api::encode_response(response, version, out)
    })
}

fn encode_with(
    api_key: i16,
    header_version: i16,
    correlation_id: i32,
    version: i16,
    body: impl FnOnce(&mut bytes::BytesMut) -> Result<(), String>,
) -> Result<Bytes, EncodeError> {
    let fail = |reason: String| EncodeError {
        api: api::name(api_key),
        version,
        reason,
    };
    let mut out = frame::start_frame(256);
    ResponseHeader::default()
        .with_correlation_id(correlation_id)
        .encode(&mut out, header_version)
        .map_err(|e| fail(e.to_string()))?;
    body(&mut out).map_err(fail)?;
    Ok(frame::end_frame(out))
}

/// The correlation id alone: which request a response frame belongs to.
pub fn correlation_id(frame: &[u8]) -> Option<i32> {
    frame.first_chunk().map(|raw| i32::from_be_bytes(*raw))
}

/// Decodes a response frame (without its size prefix) to a request of type `R` sent in `version`.
/// Returns its correlation id too.
pub fn decode<R: Api>(
    frame: &Bytes,
    version: i16,
) -> Result<(i32, R::Response), ResponseDecodeError> {
    let key = ApiKey::try_from(R::KEY).map_err(|()| ResponseDecodeError::UnknownApi(R::KEY))?;
    let (correlation_id, version, body) = split(key, version, frame)?;
    let (response, _) =
        guard::decode::<R::Response>(&body, version).map_err(|e| malformed(key, version, e))?;
    Ok((correlation_id, response))
}

/// Like [`decode`] for an API that is known only at run time.
pub fn decode_kind(
    frame: &Bytes,
    api_key: i16,
    version: i16,
) -> Result<(i32, ResponseKind), ResponseDecodeError> {
    let key = ApiKey::try_from(api_key).map_err(|()| ResponseDecodeError::UnknownApi(api_key))?;
    let (correlation_id, version, body) = split(key, version, frame)?;
    let response =
        api::decode_response(key, version, &body).map_err(|e| malformed(key, version, e))?;
    Ok((correlation_id, response))
}

fn malformed(key: ApiKey, api_version: i16, reason: String) -> ResponseDecodeError {
    ResponseDecodeError::Malformed {
        api_key: key as i16,
        api_version,
        reason,
    }
}

/// Correlation id, the version the body is in, and the body.
fn split(
    key: ApiKey,
    version: i16,
    frame: &Bytes,
) -> Result<(i32, i16, Bytes), ResponseDecodeError> {
    let header_version = key.response_header_version(version);
    let (header, body) = guard::decode::<ResponseHeader>(frame, header_version)
        .map_err(|e| malformed(key, version, format!("header: {e}")))?;
    // A broker that does not know our version of ApiVersions answers in v0, whatever was asked.
    let refused = key == ApiKey::ApiVersions
        && (&body[..]).try_get_i16() == Ok(ResponseError::UnsupportedVersion.code());
    Ok((
        header.correlation_id,
        if refused { 0 } else { version },
        body,
    ))
}
