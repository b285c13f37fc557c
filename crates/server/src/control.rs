//! Brokers are stopped, killed and started one by one, over HTTP, for tests and for who wants to
//! see a fail-over.
//!
//! ```text
//! GET  /brokers             how each of them is, as JSON
//! POST /brokers/N/stop      a controlled shutdown: it hands over what it leads first
//! POST /brokers/N/kill      its process ends at once; what was appended is kept
//! POST /brokers/N/start     it starts again from its files
//! ```
//! Meanwhile its port refuses connections.

use crate::engine::Message;
use crate::http::{self, Request, Response};
use anyhow::Result;
use konbini_scenario::Action;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use tokio::sync::oneshot;

const HELP: &str = "GET /brokers, POST /brokers/N/stop, /brokers/N/kill or /brokers/N/start\n";

/// Listens for orders.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(address: SocketAddr, engine: Sender<Message>) -> Result<()> {
    http::serve(address, "control", move |request| {
        answer(request, engine.clone())
    })
    .await
}

async fn answer(request: Request, engine: Sender<Message>) -> Result<Response> {
    if request.from_page {
        let why = "a page in a browser may not control brokers\n";
        return Ok(Response::text("403 Forbidden", why));
    }
    match request.method.as_str() {
        "GET" if request.path == "/brokers" => brokers(&engine).await,
        "POST" => match order(&request.path) {
            Some(action) => obey(action, &engine).await,
            None => Ok(Response::text("404 Not Found", HELP)),
        },
        "GET" => Ok(Response::text("404 Not Found", HELP)),
        _ => Ok(Response::text("405 Method Not Allowed", HELP)),
    }
}

/// `/brokers/N/stop` and its like.
fn order(path: &str) -> Option<Action> {
    let (broker, what) = path.strip_prefix("/brokers/")?.split_once('/')?;
    let broker = broker.parse().ok()?;
    match what {
        "stop" => Some(Action::StopBroker { broker }),
        "kill" => Some(Action::KillBroker { broker }),
        "start" => Some(Action::StartBroker { broker }),
        _ => None,
    }
}

async fn brokers(engine: &Sender<Message>) -> Result<Response> {
    let (to, views) = oneshot::channel();
    engine.send(Message::Brokers(to)).ok();
    let mut body = serde_json::to_string_pretty(&views.await?)?;
    body.push('\n');
    Ok(Response {
        status: "200 OK",
        kind: "application/json",
        body,
    })
}

async fn obey(action: Action, engine: &Sender<Message>) -> Result<Response> {
    let (to, obeyed) = oneshot::channel();
    engine.send(Message::Control(action, to)).ok();
    Ok(match obeyed.await? {
        Ok(()) => Response::text(
            "202 Accepted",
            "under way: GET /brokers shows how far it is\n",
        ),
        Err(refused) => Response::text("409 Conflict", format!("{refused}\n")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        assert_eq!(
            order("/brokers/2/kill"),
            Some(Action::KillBroker { broker: 2 })
        );
        for wrong in ["/brokers/2", "/brokers/two/kill", "/brokers/2/eat", "/"] {
            assert_eq!(order(wrong), None, "{wrong}");
        }
    }
}
