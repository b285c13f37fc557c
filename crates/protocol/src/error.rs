//! Kafka's error codes as they are named in its documentation.

use kafka_protocol::ResponseError;

/// The code that means no error.
pub const NONE: i16 = 0;

/// The name as Kafka writes it, for example `NOT_LEADER_OR_FOLLOWER` for 6. A code that Kafka does
/// not have gives `UNKNOWN_ERROR_CODE_<code>`.
pub fn name(code: i16) -> String {
    let Some(error) = ResponseError::try_from_code(code) else {
        return "NONE".to_owned();
    };
    if let ResponseError::Unknown(code) = error {
        return format!("UNKNOWN_ERROR_CODE_{code}");
    }
    let mut out = String::new();
    for (i, c) in error.to_string().chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn names() {
        let cases = [
            (0, "NONE"),
            (-1, "UNKNOWN_SERVER_ERROR"),
            (1, "OFFSET_OUT_OF_RANGE"),
            (6, "NOT_LEADER_OR_FOLLOWER"),
            (45, "OUT_OF_ORDER_SEQUENCE_NUMBER"),
            (87, "INVALID_RECORD"),
            (999, "UNKNOWN_ERROR_CODE_999"),
        ];
        for (code, expect) in cases {
            assert_eq!(super::name(code), expect, "code {code}");
        }
    }
}
