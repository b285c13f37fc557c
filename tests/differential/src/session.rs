//! One connection to one cluster, and what was asked and answered on it.

use crate::normal::Normal;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use kafka_protocol::protocol::{Request, StrBytes};
use konbini_protocol::request::{self, RequestHeader};
use konbini_protocol::response;
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request and its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub text: String,
}

pub struct Session {
    address: String,
    /// The log directory of the one broker.
    pub dir: PathBuf,
    stream: Option<TcpStream>,
    next_id: i32,
    normal: Normal,
    steps: Vec<Step>,
}

impl Session {
    pub fn new(address: &str, dir: PathBuf) -> Session {
        Session {
            address: address.to_owned(),
            dir,
            stream: None,
            next_id: 0,
            normal: Normal::default(),
            steps: Vec::new(),
        }
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Asks, and writes down the answer. `None` when there was none.
    pub fn ask<R: Request>(&mut self, name: &str, version: i16, body: &R) -> Option<R::Response>
    where
        R::Response: Debug,
    {
        self.ask_about(name, version, body, |_| ())
    }

    /// The same, without what is compared elsewhere.
    pub fn ask_about<R: Request>(
        &mut self,
        name: &str,
        version: i16,
        body: &R,
        forget: impl Fn(&mut R::Response),
    ) -> Option<R::Response>
    where
        R::Response: Debug,
    {
        let mut answer = self.call(version, body);
        answer.iter_mut().for_each(forget);
        let text = match &answer {
            Ok(answer) => format!("{answer:#?}"),
            Err(error) => format!("{error:#}"),
        };
        self.note(&format!("{name} v{version}"), &text);
        answer.ok()
    }

    /// Asks in every version from `first` to `last` that can say it.
    pub fn sweep<R: Request>(&mut self, name: &str, first: i16, last: i16, body: &R)
    where
        R::Response: Debug,
    {
        for version in first..=last {
            if request::encode(&header::<R>(version, 0), body).is_ok() {
                self.ask(name, version, body);
            }
        }
    }

    /// Writes something down that is to be compared.
    pub fn note(&mut self, name: &str, text: &str) {
        let text = self.normal.apply(text);
        let name = name.to_owned();
        self.steps.push(Step { name, text });
    }

    /// Asks without writing it down.
    pub fn call<R: Request>(&mut self, version: i16, body: &R) -> Result<R::Response> {
        self.next_id += 1;
        let frame = request::encode(&header::<R>(version, self.next_id), body)?;
        let answer = self.exchange(&frame)?;
        let (_, answer) = response::decode::<R>(&answer, version)
            .map_err(|error| anyhow::anyhow!("an answer that cannot be decoded: {error}"))?;
        Ok(answer)
    }

    /// Asks until an answer will do: for what becomes true a little later.
    pub fn until<R: Request>(
        &mut self,
        version: i16,
        body: &R,
        will_do: impl Fn(&R::Response) -> bool,
    ) -> Option<R::Response> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.call(version, body) {
                Ok(answer) if will_do(&answer) => return Some(answer),
                _ => std::thread::yield_now(),
            }
        }
        self.note("wait", "it did not come");
        None
    }

    /// Sends bytes as they are, and writes down how many bytes come back.
    pub fn raw(&mut self, name: &str, bytes: &[u8]) {
        let text = match self.exchange(bytes) {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => format!("{error:#}"),
        };
        self.note(name, &text);
        self.stream = None;
    }

    /// Sends bytes; the next frame without its size.
    pub fn exchange(&mut self, frame: &[u8]) -> Result<Bytes> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address).context("not reachable")?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        let answer = write_and_read(stream, frame);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }
}

fn header<R: Request>(version: i16, id: i32) -> RequestHeader {
    RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id: id,
        client_id: Some(StrBytes::from_static_str("differential")),
    }
}

fn write_and_read(stream: &mut TcpStream, frame: &[u8]) -> Result<Bytes> {
    let mut size = [0; 4];
    let sent = stream.write_all(frame);
    if sent.is_err() || stream.read_exact(&mut size).is_err() {
        bail!("the connection ends");
    }
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer.into())
}
