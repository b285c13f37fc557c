//! A `konbini` process, and the plainest client there is: one request, one response, on a socket.

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::Request;
use konbini_protocol::request::{self, RequestHeader};
use konbini_protocol::{StrBytes, response};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where each broker listens, from broker 1 on.
    pub addresses: Vec<SocketAddr>,
    pub metrics: Option<SocketAddr>,
    pub control: Option<SocketAddr>,
}

impl Server {
    /// Starts a process on free ports and waits until all its brokers listen.
    pub fn start(brokers: usize, arguments: &[&str]) -> Server {
        let mut child = command(arguments)
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--brokers", &brokers.to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let (mut addresses, mut metrics, mut control) = (Vec::new(), None, None);
        let wants_metrics = arguments.contains(&"--metrics");
        let wants_control = arguments.contains(&"--control");
        while addresses.len() < brokers
            || wants_metrics && metrics.is_none()
            || wants_control && control.is_none()
        {
            let line = lines.next().expect("it ended too early").expect("a line");
            let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            let fields = &line["fields"];
            let address = || {
                let text = fields["address"].as_str().expect("an address");
                text.parse().expect("an address")
            };
            match fields["message"].as_str() {
                Some("listening") => addresses.push(address()),
                Some("metrics") => metrics = Some(address()),
                Some("control") => control = Some(address()),
                _ => {}
            }
        }
        // Somebody has to read on, or the process waits for its log to be read.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Server {
            child,
            addresses,
            metrics,
            control,
        }
    }

    pub fn connect(&self, broker: usize) -> Client {
        self.try_connect(broker).expect("it listens")
    }

    /// Nothing when the broker is down.
    pub fn try_connect(&self, broker: usize) -> Option<Client> {
        let stream = TcpStream::connect(self.addresses[broker - 1]).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Some(Client { stream, next_id: 0 })
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }

    /// SIGTERM; how it ended.
    #[cfg(unix)]
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
        self.child.wait().expect("it ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The binary with arguments.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_konbini"));
    command.args(arguments);
    command
}

/// A directory that is gone with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let name = format!("konbini-server-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&path).ok();
        Scratch(path)
    }

    pub fn text(&self) -> &str {
        let path: &Path = &self.0;
        path.to_str().expect("a name in UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub struct Client {
    pub stream: TcpStream,
    next_id: i32,
}

impl Client {
    /// Asks and waits for the answer.
    pub fn call<R: Request>(&mut self, version: i16, body: &R) -> R::Response {
        self.try_call(version, body).expect("an answer")
    }

    /// The same; `None` when the connection ends first.
    pub fn try_call<R: Request>(&mut self, version: i16, body: &R) -> Option<R::Response> {
        let id = self.next_id;
        self.next_id += 1;
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id: id,
            client_id: Some(StrBytes::from_static_str("test")),
        };
        let frame = request::encode(&header, body).expect("a request of that version");
        self.stream.write_all(&frame).ok()?;
        let frame = self.frame()?;
        let (found, body) = response::decode::<R>(&frame, version).expect("a response");
        assert_eq!(found, id, "answers come in order");
        Some(body)
    }

    /// The next frame without its size; `None` at the end.
    pub fn frame(&mut self) -> Option<Bytes> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).ok()?;
        let mut frame = BytesMut::zeroed(u32::from_be_bytes(size) as usize);
        self.stream.read_exact(&mut frame).ok()?;
        Some(frame.freeze())
    }
}

/// Asks over HTTP; the whole answer.
pub fn http(address: Option<SocketAddr>, request: &str) -> String {
    let address = address.expect("it was asked for");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

/// What an error code says, as a result.
pub fn succeeded(code: i16) -> Result<(), String> {
    match code {
        0 => Ok(()),
        code => Err(format!("error code {code}")),
    }
}

/// Asks again until the answer will do; the panic says what was wrong with the last one.
pub fn until<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        let reason = match attempt() {
            Ok(found) => return found,
            Err(reason) => reason,
        };
        assert!(begun.elapsed() < PATIENCE, "{what} did not come: {reason}");
        std::thread::yield_now();
    }
}
