//! What a start was asked for: the command line, and a file in the syntax of `server.properties`.

use crate::properties;
use anyhow::{Context, Result, bail, ensure};
use konbini_broker::settings;
use konbini_client::HostPort;
use konbini_scenario::spec::Configs;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use tokio::net::TcpListener;

/// Settings of a file that the host itself obeys; the brokers are not told of them.
const OF_THE_HOST: [&str; 12] = [
    "advertised.listeners",
    "broker.id",
    "controller.listener.names",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "node.id",
    "process.roles",
];

/// A Kafka cluster in one process, for development and tests. It has no authentication, no
/// authorization and no encryption: whoever reaches its ports may do everything.
#[derive(clap::Parser, Debug)]
#[command(name = "konbini", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// Settings of the brokers, in the syntax of Kafka's server.properties; other options win
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where broker 1 listens; broker N listens N - 1 ports above. Port 0 takes free ports
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9092")]
    listen: String,
    /// Host that clients are told to connect to [default: the address of --listen]
    #[arg(long, value_name = "HOST[:PORT]")]
    advertised: Option<String>,
    /// How many brokers, 1 to 5
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=5))]
    brokers: u32,
    /// Keep segment files in this directory [default: log.dirs of FILE, else ./konbini-data]
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    data: Option<PathBuf>,
    /// Keep everything in memory; nothing is left when the process ends
    #[arg(long)]
    memory: bool,
    /// A setting of the brokers; may be given many times
    #[arg(short, long = "config", value_name = "KEY=VALUE")]
    configs: Vec<String>,
    /// Decides the cluster id, topic ids and whatever else is drawn by chance [default: of the time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// When bytes are made safe against a power cut
    #[arg(long, value_enum, default_value_t = Fsync::Kafka)]
    fsync: Fsync,
    /// Log bytes that are kept in memory beside their files, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    cache: usize,
    /// Most connections at one time
    #[arg(long, value_name = "N", default_value_t = 12_000)]
    max_connections: usize,
    /// Serve Prometheus metrics at http://ADDRESS:PORT/metrics
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Stop, kill and start single brokers over HTTP at this loopback address; see below
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback)]
    control: Option<SocketAddr>,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// How much is logged to standard error: error, warn, info, debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: tracing::Level,
}

const AFTER_HELP: &str = "\
Every answer leaves only after what it tells of is written to the files, so a killed process loses
nothing that was acknowledged. Against a power cut, --fsync says when files are flushed:
  kafka   small files and the metadata log at once; records after as many as
          log.flush.interval.messages or a topic's flush.messages says. Nobody waits for
          indexes, producer snapshots and recovery points: they follow once the segments
          before them are flushed
  always  everything before it is acknowledged
  never   by the system's own write-back

With --control 127.0.0.1:9099, one broker of several can be taken away under its clients:
  curl -X POST 127.0.0.1:9099/brokers/2/stop    it hands over what it leads, and stops
  curl -X POST 127.0.0.1:9099/brokers/2/kill    it is gone at once; the others notice by themselves
  curl -X POST 127.0.0.1:9099/brokers/2/start   it starts again from its files
  curl 127.0.0.1:9099/brokers                   how each of them is
Its port goes on to accept connections meanwhile, and closes them at once.

SIGTERM and SIGINT stop the cluster in order; a second one ends it at once.";

/// Who may kill brokers is whoever reaches the address.
fn loopback(text: &str) -> Result<SocketAddr> {
    let address: SocketAddr = text
        .parse()
        .with_context(|| format!("{text} is not ADDRESS:PORT, such as 127.0.0.1:9099"))?;
    ensure!(
        address.ip().is_loopback(),
        "{} is not a loopback address: whoever reaches it may kill brokers",
        address.ip()
    );
    Ok(address)
}

/// When files are flushed to the disk itself.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    Kafka,
    Always,
    Never,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Memory,
    Directory(PathBuf),
}

/// What was asked for, checked.
#[derive(Clone, Debug)]
pub struct Options {
    pub listen: IpAddr,
    pub port: u16,
    advertised: Option<String>,
    pub brokers: u32,
    pub place: Place,
    pub configs: Configs,
    pub seed: Option<u64>,
    pub fsync: Fsync,
    pub cache_bytes: usize,
    pub max_connections: usize,
    pub metrics: Option<SocketAddr>,
    pub control: Option<SocketAddr>,
    pub log_format: LogFormat,
    pub log_level: tracing::Level,
}

impl Arguments {
    /// # Errors
    /// What is wrong, and what is allowed: an address, a setting, a line of the file.
    pub fn into_options(self) -> Result<Options> {
        let mut configs = Configs::new();
        if let Some(file) = &self.file {
            let name = file.display();
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("{name} cannot be read"))?;
            configs.extend(properties::parse(&text).with_context(|| name.to_string())?);
        }
        for pair in &self.configs {
            let Some((key, value)) = pair.split_once('=') else {
                bail!("--config {pair}: KEY=VALUE is wanted");
            };
            configs.insert(key.trim().to_owned(), value.trim().to_owned());
        }
        let dirs = ["log.dirs", "log.dir"].map(|name| configs.get(name).cloned());
        let [dirs, dir] = dirs;
        let advertised = self
            .advertised
            .or_else(|| configs.get("advertised.listeners").map(|text| bare(text)));
        let listen = match configs.get("listeners") {
            Some(text) if self.listen == DEFAULT_LISTEN => bare(text),
            _ => self.listen,
        };
        let (listen, port) = address(&listen)?;
        let place = match (self.memory, self.data, dirs.or(dir)) {
            (true, ..) => Place::Memory,
            (false, Some(data), _) => Place::Directory(data),
            (false, None, Some(dirs)) if dirs.contains(',') => {
                bail!("log.dirs={dirs}: one directory is supported")
            }
            (false, None, Some(dirs)) => Place::Directory(dirs.into()),
            (false, None, None) => Place::Directory("konbini-data".into()),
        };
        Ok(Options {
            listen,
            port,
            advertised,
            brokers: self.brokers,
            place,
            configs: of_brokers(configs)?,
            seed: self.seed,
            fsync: self.fsync,
            cache_bytes: self.cache.saturating_mul(1 << 20),
            max_connections: self.max_connections,
            metrics: self.metrics,
            control: self.control,
            log_format: self.log_format,
            log_level: self.log_level,
        })
    }
}

const DEFAULT_LISTEN: &str = "127.0.0.1:9092";

impl Options {
    /// What each broker tells clients to connect to: the host they were told of, or the one it is
    /// bound to, and its port.
    ///
    /// # Errors
    /// All addresses are listened on and no host was given to advertise.
    pub fn advertised(&self, listeners: &[(i32, TcpListener)]) -> Result<BTreeMap<i32, HostPort>> {
        let mut all = BTreeMap::new();
        let (host, first) = match &self.advertised {
            Some(text) => match text.rsplit_once(':') {
                Some((host, port)) => (Some(host), Some(port.parse::<u16>()?)),
                None => (Some(text.as_str()), None),
            },
            None => (None, None),
        };
        for (place, (broker, listener)) in (0..).zip(listeners) {
            let bound = listener.local_addr()?;
            let port = first.map_or(Some(bound.port()), |first| first.checked_add(place));
            let port = port.context("the advertised ports do not fit below 65536")?;
            ensure!(
                host.is_some() || !bound.ip().is_unspecified(),
                "{} is no address that a client can connect to: say --advertised HOST",
                bound.ip()
            );
            let host = host.map_or_else(|| bound.ip().to_string(), str::to_owned);
            all.insert(*broker, HostPort::new(host, port));
        }
        Ok(all)
    }
}

/// `PLAINTEXT://host:port,…` without its scheme: the first listener counts.
fn bare(listeners: &str) -> String {
    let first = listeners.split(',').next().unwrap_or_default().trim();
    let (_, address) = first.split_once("://").unwrap_or(("", first));
    address.to_owned()
}

fn address(text: &str) -> Result<(IpAddr, u16)> {
    let what = || format!("{text} is not ADDRESS:PORT, such as 127.0.0.1:9092");
    let (host, port) = text.rsplit_once(':').with_context(what)?;
    let port = port.parse().with_context(what)?;
    let ip = match host {
        "" => "0.0.0.0",
        "localhost" => "127.0.0.1",
        other => other.trim_matches(['[', ']']),
    };
    Ok((ip.parse().with_context(what)?, port))
}

/// The settings that the brokers are told; what they do not know is named and left out, as Kafka
/// does.
fn of_brokers(configs: Configs) -> Result<Configs> {
    let mut known = Configs::new();
    for (name, value) in configs {
        if OF_THE_HOST.contains(&name.as_str()) {
            continue;
        }
        match settings::broker::find(&name) {
            Some(setting) => {
                let checked = setting.def.parse(&value);
                checked.with_context(|| format!("{name}={value}"))?;
                known.insert(name, value);
            }
            None => eprintln!("konbini: the setting {name} is not known and ignored"),
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn options(arguments: &[&str]) -> Result<Options> {
        let all = ["konbini"].iter().chain(arguments);
        Arguments::try_parse_from(all)?.into_options()
    }

    #[test]
    fn what_is_asked_for() {
        let plain = options(&[]).expect("the defaults");
        assert_eq!((plain.port, plain.brokers), (9092, 1));
        assert_eq!(plain.place, Place::Directory("konbini-data".into()));
        let some = options(&["--memory", "-c", "num.partitions=3", "--listen", "[::1]:0"]);
        let some = some.expect("all of it is allowed");
        assert_eq!(some.place, Place::Memory);
        assert_eq!(some.configs["num.partitions"], "3");
        assert!(some.listen.is_ipv6());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |arguments: &[&str], expect: &str| {
            let error = options(arguments).expect_err("it is wrong");
            let text = format!("{error:#}");
            assert!(text.contains(expect), "{arguments:?}: {text}");
        };
        check(&["--brokers", "6"], "1..=5");
        check(&["--listen", "9092"], "is not ADDRESS:PORT");
        check(&["--config", "num.partitions"], "KEY=VALUE is wanted");
        check(&["--config", "num.partitions=none"], "num.partitions=none");
        check(&["/there/is/no/such.properties"], "cannot be read");
        check(&["--memory", "--data", "x"], "cannot be used with");
    }

    #[test]
    fn listeners_as_kafka_writes_them() {
        assert_eq!(bare("PLAINTEXT://:9092,CONTROLLER://:9093"), ":9092");
        assert_eq!(bare("127.0.0.1:1"), "127.0.0.1:1");
        assert_eq!(address(":9092").expect("all").0.to_string(), "0.0.0.0");
    }
}
