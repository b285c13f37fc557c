//! ApiVersions, and bytes that are no request.

use super::text;
use crate::session::Session;
use kafka_protocol::messages::*;

pub fn api_versions(session: &mut Session) {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("differential"))
        .with_client_software_version(text("1"));
    for version in 0..=4 {
        let Ok(answer) = session.call(version, &request) else {
            session.note("ApiVersions", "no answer");
            continue;
        };
        session.note(
            &format!("error code, v{version}"),
            &answer.error_code.to_string(),
        );
    }
    if let Ok(answer) = session.call(3, &request) {
        for api in &answer.api_keys {
            let range = format!("{} to {}", api.min_version, api.max_version);
            session.note(&format!("versions of API {}", api.api_key), &range);
        }
    }
    let bad = ApiVersionsRequest::default().with_client_software_name(text("no spaces"));
    session.ask("a bad client name", 3, &bad);
    // Version 99, with a body of version 0.
    let mut frame = vec![0, 0, 0, 14, 0, 18, 0, 99, 0, 0, 0, 1, 0, 4];
    frame.extend(b"test");
    let answer = session.exchange(&frame);
    let start = answer.map(|answer| answer[..6].to_vec()).ok();
    session.note("version 99", &format!("{start:?}"));
}

pub fn malformed(session: &mut Session) {
    session.raw("a negative size", &[0xff, 0xff, 0xff, 0xff]);
    session.raw("a size of 2 GiB", &[0x7f, 0xff, 0xff, 0xff, 0]);
    session.raw("an empty frame", &[0, 0, 0, 0]);
    session.raw(
        "no such API",
        &[0, 0, 0, 10, 3, 0xe7, 0, 0, 0, 0, 0, 1, 0, 0],
    );
    session.raw(
        "no such version",
        &[0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0, 0],
    );
    // Metadata v1 with a list of 2^31 - 1 topics.
    let mut huge = vec![0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0];
    huge.extend([0x7f, 0xff, 0xff, 0xff]);
    session.raw("a list longer than its frame", &huge);
    session.raw("half a header", &[0, 0, 0, 3, 0, 3, 0]);
    // Metadata v1 for no topic, with a byte too many.
    let mut more = vec![0, 0, 0, 15, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0];
    more.extend([0, 0, 0, 0, 7]);
    let closes = session.exchange(&more).is_err();
    session.note(
        "a byte too many",
        if closes { "closed" } else { "answered" },
    );
}
