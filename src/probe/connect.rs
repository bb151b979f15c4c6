//! TCP with a deadline and a bound on what is read, and the same channel after TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use rustls::{AlertDescription, ClientConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::MOST_BYTES;
use super::facts::Tcp;

/// Why no more bytes come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Closed,
    Reset,
    Timeout,
    /// We stop reading here; the server would have said more.
    Limit,
    /// A fatal alert, after the handshake.
    Alert(AlertDescription),
    /// Bytes that are no TLS, or TLS that our library does not take.
    Broken(rustls::Error),
}

/// One connection. What comes in is kept: the first bytes are facts.
pub(super) struct TcpConnection {
    stream: TcpStream,
    deadline: Instant,
    pub(super) received: Vec<u8>,
}

impl TcpConnection {
    /// # Errors
    /// What TCP answered instead of a connection.
    pub(super) async fn connect(address: SocketAddr, deadline: Instant) -> Result<Self, Tcp> {
        match timeout_at(deadline, TcpStream::connect(address)).await {
            Err(_) => Err(Tcp::Timeout),
            Ok(Ok(stream)) => {
                // Without it, a second small write waits for the first one's acknowledgement.
                let _ = stream.set_nodelay(true);
                Ok(Self { stream, deadline, received: Vec::new() })
            }
            Ok(Err(error)) => Err(match error.kind() {
                ErrorKind::ConnectionRefused => Tcp::Refused,
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Tcp::Reset,
                ErrorKind::TimedOut => Tcp::Timeout,
                _ => Tcp::Unreachable,
            }),
        }
    }

    pub(super) fn wait_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Where the next bytes will stand in `received`.
    pub(super) async fn read(&mut self) -> Result<usize, End> {
        let mut buffer = [0; 4096];
        let left = MOST_BYTES.saturating_sub(self.received.len()).min(buffer.len());
        if left == 0 {
            return Err(End::Limit);
        }
        match timeout_at(self.deadline, self.stream.read(&mut buffer[..left])).await {
            Err(_) => Err(End::Timeout),
            Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => Err(End::Timeout),
            Ok(Err(_)) => Err(End::Reset),
            Ok(Ok(0)) => Err(End::Closed),
            Ok(Ok(count)) => {
                let from = self.received.len();
                self.received.extend_from_slice(&buffer[..count]);
                Ok(from)
            }
        }
    }

    /// A failed write is not the end: the server may have said why before it closed.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let _ = timeout_at(self.deadline, self.stream.write_all(bytes)).await;
    }
}

/// What a request goes through.
pub(super) enum Channel {
    Plain(TcpConnection),
    Tls(Box<(TcpConnection, ClientConnection)>),
}

impl Channel {
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Plain(wire) => wire.write(bytes).await,
            Self::Tls(both) => {
                let (wire, session) = both.as_mut();
                if session.writer().write_all(bytes).is_ok() {
                    flush(wire, session).await;
                }
            }
        }
    }

    /// More of the answer.
    pub(super) async fn read(&mut self, into: &mut Vec<u8>) -> Result<(), End> {
        match self {
            Self::Plain(wire) => {
                let from = wire.read().await?;
                into.extend_from_slice(&wire.received[from..]);
                Ok(())
            }
            Self::Tls(both) => {
                let (wire, session) = both.as_mut();
                loop {
                    // Bytes that came with the handshake's last ones wait here.
                    if take(session, into)? {
                        return Ok(());
                    }
                    feed(wire, session).await?;
                }
            }
        }
    }
}

/// Whether there was something.
fn take(session: &mut ClientConnection, into: &mut Vec<u8>) -> Result<bool, End> {
    let mut buffer = [0; 4096];
    match session.reader().read(&mut buffer) {
        Ok(0) => Err(End::Closed),
        Ok(count) => {
            into.extend_from_slice(&buffer[..count]);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(_) => Err(End::Closed),
    }
}

/// One read from the network into the session.
pub(super) async fn feed(wire: &mut TcpConnection, session: &mut ClientConnection) -> Result<(), End> {
    let from = wire.read().await?;
    let mut rest = &wire.received[from..];
    let mut broken = None;
    while !rest.is_empty() && broken.is_none() {
        // It refuses bytes when its buffers are full, which our bound keeps from happening.
        match session.read_tls(&mut rest) {
            Ok(0) | Err(_) => break,
            Ok(_) => broken = session.process_new_packets().err(),
        }
    }
    flush(wire, session).await;
    match broken {
        None => Ok(()),
        Some(rustls::Error::AlertReceived(alert)) => Err(End::Alert(alert)),
        Some(error) => Err(End::Broken(error)),
    }
}

pub(super) async fn flush(wire: &mut TcpConnection, session: &mut ClientConnection) {
    let mut out = Vec::new();
    while session.wants_write() {
        if session.write_tls(&mut out).is_err() {
            break;
        }
    }
    if !out.is_empty() {
        wire.write(&out).await;
    }
}
