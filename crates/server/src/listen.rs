//! The listening sockets, one a broker, on neighbouring ports.

use crate::connection;
use crate::engine::{Key, Message};
use crate::options::Options;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tracing::warn;

/// How long no connection is accepted after that failed: there are too many open files, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that may wait to be accepted: a client whose attempt finds no room tries again only
/// after a second.
const BACKLOG: u32 = 4_096;

/// The next connection's key.
static KEYS: AtomicU64 = AtomicU64::new(0);

/// Binds the sockets of all brokers.
///
/// # Errors
/// A port is taken or there is none of that number; the address is named.
pub fn bind(options: &Options) -> Result<Vec<(i32, TcpListener)>> {
    let mut listeners = Vec::new();
    for place in 0..options.brokers {
        let above = u16::try_from(place).unwrap_or(u16::MAX);
        let port = match options.port {
            0 => 0,
            first => first
                .checked_add(above)
                .with_context(|| format!("broker {} has no port above {first}", place + 1))?,
        };
        let address = SocketAddr::new(options.listen, port);
        let listener = listen(address);
        let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
        listeners.push((i32::try_from(place)? + 1, listener));
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As a listener does by itself: a port can be taken again at once after a stop.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections to a broker for ever.
pub async fn accept(broker: i32, listener: TcpListener, engine: Sender<Message>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let key = Key(KEYS.fetch_add(1, Ordering::Relaxed));
                tokio::spawn(connection::serve(broker, key, stream, engine.clone()));
            }
            Err(error) => {
                warn!(broker, %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
