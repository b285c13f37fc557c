//! One TCP connection: bytes read go to the engine, bytes from the engine are written.
//!
//! A reader takes one credit for each piece it hands over, and the engine gives it back when the
//! broker has begun to handle the bytes and the answers before them are written. So who sends
//! faster than it is served, or does not read its answers, is not read from any more.

use crate::engine::{Key, Message};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes of one piece, at the most.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces of one connection that are on their way or wait at the broker.
const CREDITS: usize = 16;
/// How long nothing may come or be taken: Kafka's `connections.max.idle.ms`.
const MAX_IDLE: Duration = Duration::from_secs(600);

/// The engine's end of a connection.
#[derive(Debug)]
pub struct Handle {
    answers: UnboundedSender<Bytes>,
    unwritten: Arc<AtomicUsize>,
    credits: Arc<Semaphore>,
}

impl Handle {
    /// Hands an answer to the writer. A connection that is gone takes nothing.
    pub fn answer(&self, bytes: Bytes) {
        self.unwritten.fetch_add(bytes.len(), Ordering::Relaxed);
        self.answers.send(bytes).ok();
    }

    /// Bytes of answers that the client has not taken.
    pub fn unwritten_bytes(&self) -> usize {
        self.unwritten.load(Ordering::Relaxed)
    }

    pub fn give_back(&self, credits: usize) {
        self.credits.add_permits(credits);
    }
}

/// Serves a connection until one side closes it.
pub async fn serve(broker: i32, key: Key, stream: TcpStream, engine: Sender<Message>) {
    // Answers are whole frames: nothing is won by waiting for more.
    stream.set_nodelay(true).ok();
    let (reader, writer) = stream.into_split();
    let (answers, to_write) = unbounded_channel();
    let unwritten = Arc::new(AtomicUsize::new(0));
    let credits = Arc::new(Semaphore::new(CREDITS));
    let handle = Handle {
        answers,
        unwritten: Arc::clone(&unwritten),
        credits: Arc::clone(&credits),
    };
    if engine.send(Message::Opened(broker, key, handle)).is_err() {
        return;
    }
    tokio::select! {
        () = read(key, reader, &credits, &engine) => {}
        () = write(writer, to_write, &unwritten) => {}
    }
    engine.send(Message::Closed(key)).ok();
}

async fn read(key: Key, mut reader: OwnedReadHalf, credits: &Semaphore, engine: &Sender<Message>) {
    let mut buffer = BytesMut::new();
    loop {
        // The engine never closes the credits.
        let Ok(credit) = credits.acquire().await else {
            return;
        };
        credit.forget();
        buffer.reserve(PIECE_BYTES / 4);
        let read = reader.read_buf(&mut buffer);
        match tokio::time::timeout(MAX_IDLE, read).await {
            Ok(Ok(1..)) => {}
            // The end, an error, or silence.
            _ => return,
        }
        let piece = buffer.split_to(buffer.len().min(PIECE_BYTES)).freeze();
        if engine.send(Message::Received(key, piece)).is_err() {
            return;
        }
    }
}

/// Writes answers until the engine drops its end.
async fn write(
    mut writer: OwnedWriteHalf,
    mut answers: UnboundedReceiver<Bytes>,
    unwritten: &AtomicUsize,
) {
    while let Some(bytes) = answers.recv().await {
        let written = tokio::time::timeout(MAX_IDLE, writer.write_all(&bytes)).await;
        unwritten.fetch_sub(bytes.len(), Ordering::Relaxed);
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
    writer.shutdown().await.ok();
}
