//! Envelope, version 0 (KIP-590): a client's request that another broker sends on. Answered by
//! the controller only, with the whole response frame inside.
//!
//! The principal inside is not looked at: nobody authenticates here.

use bytes::Bytes;
use konbini_protocol::ResponseError::{self, InvalidRequest, NotController};
use konbini_protocol::messages::{EnvelopeRequest, EnvelopeResponse, ResponseKind};
use konbini_protocol::{request, response};

use super::{Answer, Context, find};
use crate::forward::is_forwardable;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, envelope: EnvelopeRequest) -> Answer {
    if !node.is_controller() {
        return refused(NotController).into();
    }
    let Ok(inner) = request::decode(&envelope.request_data) else {
        return refused(InvalidRequest).into();
    };
    let (key, version) = (inner.header.api_key, inner.header.api_version);
    let served = find(key).filter(|api| (api.min..=api.max).contains(&version));
    let Some(api) = served.filter(|api| is_forwardable(api.key)) else {
        return refused(InvalidRequest).into();
    };
    let client = inner.header.client_id.as_ref().map_or("", |id| id.as_str());
    let inner_context = Context {
        waiter: context.waiter,
        conn: context.conn,
        version,
        client_id: client,
        frame: &envelope.request_data,
        forwarded: true,
    };
    match (api.handle)(node, &inner_context, inner.body) {
        Answer::Respond(body) => wrap(inner.header.correlation_id, version, &body).into(),
        // What the controller answers, it answers at once.
        Answer::Nothing | Answer::Close(_) | Answer::Park { .. } => refused(InvalidRequest).into(),
    }
}

fn refused(error: ResponseError) -> EnvelopeResponse {
    EnvelopeResponse::default()
        .with_response_data(None)
        .with_error_code(error.code())
}

fn wrap(correlation_id: i32, version: i16, body: &ResponseKind) -> EnvelopeResponse {
    match response::encode_kind(correlation_id, version, body) {
        Ok(frame) => EnvelopeResponse::default().with_response_data(Some(without_size(&frame))),
        Err(_) => refused(ResponseError::UnknownServerError),
    }
}

/// The envelope holds header and body, not the size before them.
fn without_size(frame: &Bytes) -> Bytes {
    frame.slice(4..)
}
