//! A connection without manners: whatever bytes a test likes, and every byte that comes back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// What a reader that shall be slow takes at once, in bytes.
const NARROW_BYTES: u32 = 4096;

/// A connection. Dropping it hangs up.
#[derive(Debug)]
pub struct Raw {
    /// The socket.
    pub stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.expect("somebody listens");
        stream.set_nodelay(true).expect("a socket has options");
        Self {
            stream,
            seen: Vec::new(),
        }
    }

    /// Connects, with hardly any room for what comes back unread.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open_narrow(to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("there is a socket");
        let _ = socket.set_recv_buffer_size(NARROW_BYTES);
        let stream = socket.connect(to).await.expect("somebody listens");
        Self {
            stream,
            seen: Vec::new(),
        }
    }

    /// Connects and says this.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn say(to: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut raw = Self::open(to).await;
        // Who is refused early may not be heard to its end.
        let _ = raw.send(bytes).await;
        raw
    }

    /// Says this too.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Reads until the text has come, the peer closes, or the time is over. Answers whether the text is there.
    pub async fn hears(&mut self, text: &str, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while memchr::memmem::find(&self.seen, text.as_bytes()).is_none() {
            match timeout_at(end, self.stream.read_buf(&mut self.seen)).await {
                Ok(Ok(read)) if read > 0 => {}
                _ => return false,
            }
        }
        true
    }

    /// Reads until the peer closes. Answers whether it did within `limit`.
    pub async fn closes(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            match timeout_at(end, self.stream.read_buf(&mut self.seen)).await {
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    /// The peer's end; `None` where it is over.
    #[must_use]
    pub fn other_end(&self) -> Option<OtherEnd> {
        OtherEnd::look(
            self.stream.local_addr().ok()?,
            self.stream.peer_addr().ok()?,
        )
    }

    /// All that has come.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// The statuses of all answers that have come.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        let text = self.text();
        let heads = text.split("HTTP/1.1 ").skip(1);
        heads
            .map(|head| {
                head.get(..3)
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0)
            })
            .collect()
    }
}

/// The other end of a connection of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherEnd {
    /// A process holds it: it was not closed.
    pub is_held: bool,
    /// Bytes that it has said, and that have not been taken here.
    pub untaken_bytes: u64,
    /// Bytes that were said to it, and that it has not read.
    pub unread_bytes: u64,
}

impl OtherEnd {
    /// What the system's table says; `None` where the connection is over.
    fn look(own: SocketAddr, other: SocketAddr) -> Option<Self> {
        let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
        let (own, other) = (in_table(own)?, in_table(other)?);
        table.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_it = fields.get(1) == Some(&&*other) && fields.get(2) == Some(&&*own);
            let (untaken, unread) = fields.get(4)?.split_once(':')?;
            let bytes = |hex| u64::from_str_radix(hex, 16).unwrap_or(0);
            is_it.then(|| Self {
                is_held: fields.get(9) != Some(&"0"),
                untaken_bytes: bytes(untaken),
                unread_bytes: bytes(unread),
            })
        })
    }
}

/// An address as `/proc/net/tcp` writes it.
fn in_table(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    let bits = u32::from_ne_bytes(address.ip().octets());
    Some(format!("{bits:08X}:{:04X}", address.port()))
}
