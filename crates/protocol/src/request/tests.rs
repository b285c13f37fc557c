use bytes::Bytes;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use proptest::prelude::*;

use super::*;
use crate::frame::{FrameReader, frame};
use crate::messages::ResponseKind;
use crate::response;

fn header(api_key: i16, api_version: i16) -> RequestHeader {
    RequestHeader {
        api_key,
        api_version,
        correlation_id: 7,
        client_id: Some(StrBytes::from_static_str("konbini")),
    }
}

fn body_of(framed: Bytes) -> Bytes {
    let mut reader = FrameReader::new();
    reader.push(framed);
    reader.next().unwrap().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn requests_round_trip_in_every_version() {
    for version in 0..=13 {
        let topic = MetadataRequestTopic::default()
            .with_name(Some(TopicName(StrBytes::from_static_str("shelf"))));
        let request = MetadataRequest::default().with_topics(Some(vec![topic]));
        let header = header(ApiKey::Metadata as i16, version);
        let bytes = body_of(encode(&header, &request).unwrap());
        let decoded = decode(&bytes).unwrap();
        assert_eq!(decoded.header, header, "v{version}");
        assert_eq!(
            decoded.body,
            RequestKind::Metadata(request.clone()),
            "v{version}"
        );
        let (header, rest) = decode_header(&bytes).unwrap();
        assert_eq!(
            decode_body::<MetadataRequest>(&header, &rest).unwrap(),
            request
        );
        assert_eq!(body_of(encode_kind(&header, &decoded.body).unwrap()), bytes);
    }
}

#[test]
fn responses_round_trip_in_every_version() {
    for version in 0..=13 {
        let answer =
            MetadataResponse::default().with_controller_id(if version > 0 { 2 } else { -1 }.into());
        let bytes = body_of(response::encode::<MetadataRequest>(9, version, &answer).unwrap());
        assert_eq!(response::correlation_id(&bytes), Some(9));
        assert_eq!(
            response::decode::<MetadataRequest>(&bytes, version).unwrap(),
            (9, answer.clone())
        );
        let kind = ResponseKind::Metadata(answer);
        assert_eq!(
            response::decode_kind(&bytes, ApiKey::Metadata as i16, version).unwrap(),
            (9, kind.clone()),
        );
        assert_eq!(
            body_of(response::encode_kind(9, version, &kind).unwrap()),
            bytes
        );
    }
}

/// Bytes written down from the protocol page, not by this code.
#[test]
fn wire_vectors() {
    // ApiVersions v0, header v1: key 18, version 0, correlation 5, client "ab".
    let old = hex("0012 0000 00000005 0002 6162");
    let request = decode(&old.into()).unwrap();
    assert_eq!(request.header.correlation_id, 5);
    assert_eq!(
        request.body,
        RequestKind::ApiVersions(ApiVersionsRequest::default())
    );

    // ApiVersions v3, header v2: tags after the client id, compact strings in the body.
    let new = hex("0012 0003 00000006 ffff 00  03 6b63  04 312e30 00");
    let request = decode(&new.into()).unwrap();
    assert_eq!(request.header.client_id, None);
    let RequestKind::ApiVersions(body) = request.body else {
        panic!("{:?}", request.body)
    };
    assert_eq!(&*body.client_software_name, "kc");
    assert_eq!(&*body.client_software_version, "1.0");

    // The answer's header has no tags even in v3; error, one API (18, 0..4), throttle, tags.
    let answer = hex("00000006 0000 02 0012 0000 0004 00 00000000 00");
    let (id, body) = response::decode::<ApiVersionsRequest>(&answer.clone().into(), 3).unwrap();
    assert_eq!(
        (id, body.api_keys.len(), body.api_keys[0].max_version),
        (6, 1, 4)
    );
    let framed = response::encode::<ApiVersionsRequest>(6, 3, &body).unwrap();
    assert_eq!(framed, frame(&answer));
}

#[test]
fn a_refused_api_versions_is_read_as_v0() {
    let refused = ApiVersionsResponse::default().with_error_code(35);
    let bytes = body_of(response::encode::<ApiVersionsRequest>(1, 0, &refused).unwrap());
    assert_eq!(bytes.len(), 4 + 2 + 4);
    assert_eq!(
        response::decode::<ApiVersionsRequest>(&bytes, 4).unwrap(),
        (1, refused)
    );
}

#[test]
fn error_kinds() {
    let check = |bytes: Vec<u8>, expect: fn(&RequestError) -> bool| {
        let error = decode(&bytes.clone().into()).unwrap_err();
        assert!(expect(&error), "{bytes:02x?}: {error}");
    };
    check(vec![], |e| {
        matches!(e, RequestError::Malformed { header: None, .. })
    });
    check(hex("0012 00"), |e| {
        matches!(e, RequestError::Malformed { header: None, .. })
    });
    check(hex("7fff 0000 00000001 ffff"), |e| {
        matches!(
            e,
            RequestError::UnknownApi {
                api_key: 0x7fff,
                api_version: 0
            }
        )
    });
    check(hex("0012 0063 00000001 ffff 00"), |e| match e {
        RequestError::UnsupportedVersion {
            header,
            min: 0,
            max: 4,
        } => header.correlation_id == 1,
        _ => false,
    });
    check(
        hex("0003 0001 00000001 ffff 0000"),
        |e| matches!(e, RequestError::Malformed { header: Some(h), .. } if h.api_key == 3),
    );
}

proptest! {
    #[test]
    fn any_frame_decodes_or_errs(bytes in prop::collection::vec(any::<u8>(), 0..64), key in 0i16..95, version in 0i16..19) {
        let mut frame = Vec::new();
        frame.extend_from_slice(&key.to_be_bytes());
        frame.extend_from_slice(&version.to_be_bytes());
        frame.extend_from_slice(&bytes);
        if let Ok(request) = decode(&frame.into()) {
            prop_assert_eq!(request.header.api_key, key);
        }
    }
}
