//! The messages between a program and its host, as bytes. `www/code/program/wire.js` is the other
//! side and says what they look like.
//!
//! Reports are hostile input: the program's code shares a worker with whoever writes them.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use konbini_scenario::code::Signal;

/// Connections that one program may name; kafkajs has six for each client with three brokers.
pub const CONNECTION_MAX: u32 = 1_000_000;

/// What a program is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It begins: words for its chance, and the Unix ms of virtual 0.
    Begin {
        seed: [u32; 3],
        epoch_ms: i64,
    },
    Open(u32),
    Bytes(u32, Bytes),
    End(u32),
    Refused(u32),
    Signal(Signal),
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Dial { conn: u32, host: String, port: u16 },
    Bytes(u32, Bytes),
    End(u32),
    Exit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The turn that it ends; also that of a program which asks for another.
    pub turn: u32,
    /// Virtual ms.
    pub wake_at: Option<i64>,
    pub operations: Vec<Operation>,
}

/// A message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a program's report cannot be read")]
pub struct Unreadable;

/// A turn at `now`, in virtual ms.
pub fn write_turn(turn: u32, now: i64, events: &[Event]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u32_le(turn);
    out.put_f64_le(now as f64);
    for event in events {
        write_event(&mut out, event);
    }
    out.freeze()
}

fn write_event(out: &mut BytesMut, event: &Event) {
    let mut head = |kind: u8, conn: u32| {
        out.put_u8(kind);
        out.put_u32_le(conn);
    };
    match event {
        Event::Begin { seed, epoch_ms } => {
            out.put_u8(0);
            seed.iter().for_each(|word| out.put_u32_le(*word));
            out.put_f64_le(*epoch_ms as f64);
        }
        Event::Open(conn) => head(1, *conn),
        Event::Bytes(conn, bytes) => {
            head(2, *conn);
            out.put_u32_le(u32::try_from(bytes.len()).expect("a piece is below 4 GiB"));
            out.put_slice(bytes);
        }
        Event::End(conn) => head(3, *conn),
        Event::Refused(conn) => head(4, *conn),
        Event::Signal(Signal::Interrupt) => head(5, 2),
        Event::Signal(Signal::Terminate) => head(5, 15),
    }
}

/// # Errors
/// The bytes are no report.
pub fn read_report(mut bytes: Bytes) -> Result<Report, Unreadable> {
    let turn = bytes.try_get_u32_le().map_err(|_| Unreadable)?;
    let wake_at = bytes.try_get_f64_le().map_err(|_| Unreadable)?;
    if !wake_at.is_finite() {
        return Err(Unreadable);
    }
    let mut operations = Vec::new();
    while !bytes.is_empty() {
        operations.push(read_operation(&mut bytes)?);
    }
    Ok(Report {
        turn,
        wake_at: (wake_at >= 0.0).then_some(wake_at as i64),
        operations,
    })
}

fn read_operation(bytes: &mut Bytes) -> Result<Operation, Unreadable> {
    let kind = bytes.get_u8();
    if kind == 5 {
        return Ok(Operation::Exit);
    }
    let conn = bytes.try_get_u32_le().map_err(|_| Unreadable)?;
    if conn > CONNECTION_MAX {
        return Err(Unreadable);
    }
    match kind {
        1 => {
            let port = bytes.try_get_u16_le().map_err(|_| Unreadable)?;
            let length = bytes.try_get_u8().map_err(|_| Unreadable)?;
            let host = take(bytes, usize::from(length))?;
            let host = String::from_utf8(host.to_vec()).map_err(|_| Unreadable)?;
            Ok(Operation::Dial { conn, host, port })
        }
        2 => {
            let length = bytes.try_get_u32_le().map_err(|_| Unreadable)?;
            Ok(Operation::Bytes(conn, take(bytes, length as usize)?))
        }
        3 => Ok(Operation::End(conn)),
        _ => Err(Unreadable),
    }
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, Unreadable> {
    if bytes.len() < length {
        return Err(Unreadable);
    }
    Ok(bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(turn: u32, wake_at: f64, operations: &[&[u8]]) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u32_le(turn);
        out.put_f64_le(wake_at);
        operations.iter().for_each(|bytes| out.put_slice(bytes));
        out.freeze()
    }

    #[test]
    fn reports() {
        let dial: &[u8] = &[1, 7, 0, 0, 0, 0x84, 0x23, 4, b'h', b'o', b's', b't'];
        let bytes: &[u8] = &[2, 7, 0, 0, 0, 2, 0, 0, 0, 8, 9];
        let read = read_report(report(3, 40.0, &[dial, bytes, &[3, 7, 0, 0, 0], &[5]]));
        let host = "host".to_owned();
        let operations = vec![
            Operation::Dial {
                conn: 7,
                host,
                port: 9_092,
            },
            Operation::Bytes(7, Bytes::from_static(&[8, 9])),
            Operation::End(7),
            Operation::Exit,
        ];
        let expected = Report {
            turn: 3,
            wake_at: Some(40),
            operations,
        };
        assert_eq!(read, Ok(expected));
        assert_eq!(read_report(report(0, -1.0, &[])).unwrap().wake_at, None);
    }

    #[test]
    fn what_is_no_report_is_refused_at_every_length() {
        let dial: &[u8] = &[1, 7, 0, 0, 0, 0x84, 0x23, 4, b'h', b'o', b's', b't'];
        let whole = report(3, 40.0, &[dial]);
        for length in 0..whole.len() {
            let cut = read_report(whole.slice(..length));
            assert_eq!(cut.is_ok(), length == 12, "{length} bytes");
        }
        let wrong: [&[u8]; 4] = [
            &[9, 0, 0, 0, 0],
            &[3, 0xff, 0xff, 0xff, 0xff],
            &[1, 7, 0, 0, 0, 0x84, 0x23, 1, 0xff],
            &[2, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
        ];
        for operation in wrong {
            assert_eq!(read_report(report(0, 0.0, &[operation])), Err(Unreadable));
        }
        assert_eq!(read_report(report(0, f64::NAN, &[])), Err(Unreadable));
    }

    #[test]
    fn turns() {
        let seed = [1, 2, 3];
        let epoch_ms = 0;
        let begin = write_turn(1, 5, &[Event::Begin { seed, epoch_ms }]);
        assert_eq!(begin.len(), 12 + 1 + 12 + 8);
        let told = [Event::Open(1), Event::Bytes(1, Bytes::from_static(b"ab"))];
        let turn = write_turn(2, 6, &told);
        let expected: &[u8] = &[1, 1, 0, 0, 0, 2, 1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b'];
        assert_eq!(&turn[12..], expected);
        let turn = write_turn(3, 7, &[Event::Signal(Signal::Interrupt)]);
        assert_eq!(&turn[12..], &[5, 2, 0, 0, 0]);
    }
}
