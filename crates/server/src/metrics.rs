//! Figures for Prometheus, at `/metrics`, in its text format.

use crate::engine::Message;
use crate::http::{self, Request, Response};
use anyhow::Result;
use konbini_cluster::Cluster;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::sync::oneshot;

/// What the engine counts.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub accepted: u64,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    pub commits: u64,
    pub store_ops: u64,
    pub storing: Duration,
    pub loads: u64,
}

/// Everything at one moment.
#[derive(Debug)]
pub struct Figures {
    counters: Counters,
    connections: usize,
    resident_bytes: usize,
    replicas: Vec<ReplicaFigures>,
}

#[derive(Debug)]
struct ReplicaFigures {
    broker: i32,
    topic: String,
    partition: i32,
    leads: bool,
    log_end: i64,
    high_watermark: i64,
    bytes: u64,
}

impl Figures {
    pub fn of(cluster: &Cluster, connections: usize, counters: &Counters) -> Figures {
        let mut replicas = Vec::new();
        for broker in cluster.brokers() {
            replicas.extend(broker.replicas().map(|replica| ReplicaFigures {
                broker: broker.node_id(),
                topic: replica.topic().to_owned(),
                partition: replica.partition.index,
                leads: replica.leader_epoch().is_some(),
                log_end: replica.log().log_end_offset(),
                high_watermark: replica.log().high_watermark(),
                bytes: replica.log().size(),
            }));
        }
        Figures {
            counters: counters.clone(),
            connections,
            resident_bytes: cluster.resident_bytes(),
            replicas,
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let counters = &self.counters;
        let mut single = |name: &str, kind: &str, help: &str, value: f64| {
            let _ = writeln!(out, "# HELP konbini_{name} {help}");
            let _ = writeln!(out, "# TYPE konbini_{name} {kind}\nkonbini_{name} {value}");
        };
        single(
            "connections",
            "gauge",
            "Open TCP connections.",
            self.connections as f64,
        );
        single(
            "connections_accepted_total",
            "counter",
            "TCP connections accepted.",
            counters.accepted as f64,
        );
        single(
            "received_bytes_total",
            "counter",
            "Bytes read from clients.",
            counters.received_bytes as f64,
        );
        single(
            "sent_bytes_total",
            "counter",
            "Bytes written to clients.",
            counters.sent_bytes as f64,
        );
        single(
            "store_commits_total",
            "counter",
            "Rounds of writing to files.",
            counters.commits as f64,
        );
        single(
            "store_operations_total",
            "counter",
            "Changes made to files.",
            counters.store_ops as f64,
        );
        single(
            "store_seconds_total",
            "counter",
            "Time spent writing to files.",
            counters.storing.as_secs_f64(),
        );
        single(
            "loads_total",
            "counter",
            "Reads of files for bytes that had left memory.",
            counters.loads as f64,
        );
        single(
            "log_resident_bytes",
            "gauge",
            "Bytes of logs in memory.",
            self.resident_bytes as f64,
        );
        self.replicas_text(&mut out);
        out
    }

    fn replicas_text(&self, out: &mut String) {
        type Value = fn(&ReplicaFigures) -> i128;
        let families: [(&str, &str, Value); 4] = [
            ("leader", "1 where the broker leads the partition.", |r| {
                i128::from(r.leads)
            }),
            (
                "log_end_offset",
                "The offset that the next record gets.",
                |r| r.log_end.into(),
            ),
            (
                "high_watermark",
                "The offset up to which consumers read.",
                |r| r.high_watermark.into(),
            ),
            ("log_bytes", "Bytes of the log's segments.", |r| {
                r.bytes.into()
            }),
        ];
        for (name, help, value) in families {
            let _ = writeln!(out, "# HELP konbini_partition_{name} {help}");
            let _ = writeln!(out, "# TYPE konbini_partition_{name} gauge");
            for replica in &self.replicas {
                // Names of topics have no character that would need an escape.
                let (broker, topic, partition) =
                    (replica.broker, &replica.topic, replica.partition);
                let labels =
                    format!("broker=\"{broker}\",topic=\"{topic}\",partition=\"{partition}\"");
                let _ = writeln!(
                    out,
                    "konbini_partition_{name}{{{labels}}} {}",
                    value(replica)
                );
            }
        }
    }
}

/// Listens for scrapers.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(address: SocketAddr, engine: Sender<Message>) -> Result<()> {
    http::serve(address, "metrics", move |request| {
        answer(request, engine.clone())
    })
    .await
}

async fn answer(request: Request, engine: Sender<Message>) -> Result<Response> {
    if request.method != "GET" || request.path != "/metrics" {
        let body = "the figures are at /metrics\n";
        return Ok(Response::text("404 Not Found", body));
    }
    let (to, figures) = oneshot::channel();
    engine.send(Message::Figures(to)).ok();
    Ok(Response {
        status: "200 OK",
        kind: "text/plain; version=0.0.4; charset=utf-8",
        body: figures.await?.text(),
    })
}
