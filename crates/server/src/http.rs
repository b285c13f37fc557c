//! As much of HTTP as scrapers and curl need: one request a connection, no body.

use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, info};

/// Bytes of a request that are read at the most: a scraper sends a few hundred.
const REQUEST_BYTES: usize = 8 * 1024;
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Without what follows a question mark.
    pub path: String,
    /// A page in a browser asks.
    pub from_page: bool,
}

/// What is answered.
#[derive(Debug)]
pub struct Response {
    pub status: &'static str,
    pub kind: &'static str,
    pub body: String,
}

impl Response {
    pub fn text(status: &'static str, body: impl Into<String>) -> Response {
        Response {
            status,
            kind: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }
}

/// Listens for ever; `what` names it in the log.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve<A, F>(address: SocketAddr, what: &'static str, answer: A) -> Result<()>
where
    A: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response>> + Send,
{
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
    info!(address = %listener.local_addr()?, "{what}");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                match tokio::time::timeout(TIMEOUT, converse(stream, answer)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!(%error, what, "a request failed"),
                    Err(_) => debug!(what, "a request took too long"),
                }
            });
        }
    });
    Ok(())
}

/// Answers one request, the only one of its connection.
async fn converse<F>(mut stream: TcpStream, answer: impl FnOnce(Request) -> F) -> Result<()>
where
    F: Future<Output = Result<Response>>,
{
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= REQUEST_BYTES || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let response = match parse(&String::from_utf8_lossy(&head)) {
        Some(request) => answer(request).await?,
        None => Response::text("400 Bad Request", "this is no HTTP request\n"),
    };
    let Response { status, kind, body } = response;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with("HTTP/") {
        return None;
    }
    let path = target.split('?').next()?;
    // Browsers name the page in whatever is not a plain GET.
    let of_page = |line: &str| {
        line.get(..7)
            .is_some_and(|name| name.eq_ignore_ascii_case("origin:"))
    };
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        from_page: lines.any(of_page),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_in_its_parts() {
        let request = parse("GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        assert_eq!((&*request.method, &*request.path), ("GET", "/metrics"));
        assert!(!request.from_page);
        let page = "POST /brokers/1/kill HTTP/1.1\r\nOrigin: https://x.test\r\n\r\n";
        assert!(parse(page).expect("a request").from_page);
        assert_eq!(parse("hello\r\n\r\n"), None);
        assert_eq!(parse("GET / SMTP\r\n\r\n"), None);
    }
}
