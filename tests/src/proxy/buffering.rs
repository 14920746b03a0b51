//! A web server in front of another, with the defaults of many: it gathers a request's body, refuses one that is too
//! large, and gives up on whoever is silent for too long. Answers pass as they come.
//!
//! ```text
//! client ── head, body in pieces ──► Buffering ── head, whole body ──► upstream
//!        ◄──────────────── the answer, byte for byte ────────────────
//! ```
//!
//! One exchange per connection, so that nothing has to be read out of an answer.

use super::serve::OwnThread;
use crate::http1::Head;
use bytes::{Buf, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Room made for one read.
const READ_BYTES: usize = 16 * 1024;

/// What it puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a request, in bytes: 413 beyond (`client_max_body_size`).
    pub body_bytes: usize,
    /// Longest between two pieces of a request: 408 beyond (`client_body_timeout`).
    pub body_silence: Duration,
    /// Longest between two pieces of an answer: 504 before its head, a close after it (`proxy_read_timeout`).
    pub answer_silence: Duration,
}

impl Default for Limits {
    /// nginx's.
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_silence: Duration::from_secs(60),
            answer_silence: Duration::from_secs(60),
        }
    }
}

/// Such a proxy. Dropping it closes its connections and ends its thread.
#[derive(Debug)]
pub struct Buffering {
    addr: SocketAddr,
    refused: Arc<AtomicUsize>,
    _thread: OwnThread,
}

impl Buffering {
    /// Starts on a free port of 127.0.0.1, in front of `upstream`.
    ///
    /// # Errors
    /// When the port can't be bound or the thread can't be started.
    pub fn start(upstream: SocketAddr, limits: Limits) -> io::Result<Self> {
        let refused: Arc<AtomicUsize> = Arc::default();
        let front = Front {
            upstream,
            limits,
            refused: refused.clone(),
        };
        let (addr, thread) = OwnThread::start(async move |listener| front.accept(listener).await)?;
        Ok(Self {
            addr,
            refused,
            _thread: thread,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Requests that it answered itself: too large, or too slow.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Clone)]
struct Front {
    upstream: SocketAddr,
    limits: Limits,
    refused: Arc<AtomicUsize>,
}

impl Front {
    async fn accept(self, listener: TcpListener) {
        let mut exchanges = JoinSet::new();
        loop {
            while exchanges.try_join_next().is_some() {}
            let Ok((client, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            let front = self.clone();
            exchanges.spawn(async move {
                // A client that goes away is no matter of the proxy's.
                let _ = front.exchange(client).await;
            });
        }
    }

    async fn exchange(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let request = match gather(&mut client, self.limits).await? {
            Gathered::Request(request) => request,
            Gathered::Nothing => return Ok(()),
            Gathered::Refused(status) => return self.refuse(client, status).await,
        };
        let Ok(mut upstream) = TcpStream::connect(self.upstream).await else {
            return self.refuse(client, 502).await;
        };
        upstream.set_nodelay(true)?;
        upstream.write_all(&request).await?;
        let mut buffer = vec![0; READ_BYTES];
        let mut gone = [0];
        let mut passed = 0;
        loop {
            let read = tokio::select! {
                read = timeout(self.limits.answer_silence, upstream.read(&mut buffer)) => read,
                // The client hangs up: so does the proxy. Dropping the upstream's connection says so.
                end = client.read(&mut gone) => match end {
                    Ok(0) | Err(_) => return Ok(()),
                    Ok(_) => continue,
                },
            };
            match read {
                Ok(read) => match read? {
                    0 => return client.shutdown().await,
                    read => client.write_all(&buffer[..read]).await?,
                },
                Err(_) if passed == 0 => return self.refuse(client, 504).await,
                Err(_) => return Ok(()),
            }
            passed += 1;
        }
    }

    async fn refuse(&self, mut client: TcpStream, status: u16) -> io::Result<()> {
        self.refused.fetch_add(1, Ordering::SeqCst);
        let page = format!("<html><h1>{status}</h1></html>");
        let answer = format!(
            "HTTP/1.1 {status} No\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        client.write_all(answer.as_bytes()).await?;
        client.shutdown().await?;
        // What the client still sends is read, so that the answer reaches it and no reset does.
        let mut rest = vec![0; READ_BYTES];
        let lingering = async { while client.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
        let _ = timeout(Duration::from_secs(5), lingering).await;
        Ok(())
    }
}

enum Gathered {
    /// As it goes to the upstream.
    Request(Vec<u8>),
    /// The client closed an idle connection.
    Nothing,
    /// With this status.
    Refused(u16),
}

/// Reads a request to its end.
async fn gather(client: &mut TcpStream, limits: Limits) -> io::Result<Gathered> {
    let mut inbox = BytesMut::with_capacity(READ_BYTES);
    let (mut request, mut decoder) = loop {
        if let Some(head) = Head::find(&inbox).map_err(io::Error::other)? {
            let (front, decoder) = (front(&head)?, head.request_body());
            if head.header("expect").is_some() {
                client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            }
            let length = head.wire_len();
            inbox.advance(length);
            break (front, decoder);
        }
        inbox.reserve(READ_BYTES);
        if client.read_buf(&mut inbox).await? == 0 {
            return Ok(Gathered::Nothing);
        }
    };
    let mut body = Vec::new();
    loop {
        let decoded = decoder.decode(&inbox, |piece| body.extend_from_slice(piece));
        inbox.advance(decoded.map_err(io::Error::other)?.consumed);
        if body.len() > limits.body_bytes {
            return Ok(Gathered::Refused(413));
        }
        if decoder.is_done() {
            break;
        }
        inbox.reserve(READ_BYTES);
        match timeout(limits.body_silence, client.read_buf(&mut inbox)).await {
            Ok(read) => {
                if read? == 0 {
                    return Ok(Gathered::Nothing);
                }
            }
            Err(_) => return Ok(Gathered::Refused(408)),
        }
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(&body);
    Ok(Gathered::Request(request))
}

/// The request's head without its framing and its end.
fn front(head: &Head<'_>) -> io::Result<Vec<u8>> {
    let (method, path) = head.method_and_path().map_err(io::Error::other)?;
    let mut front = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n").into_bytes();
    let framing = |name: &[u8]| {
        [
            "connection",
            "transfer-encoding",
            "content-length",
            "expect",
        ]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    for (name, value) in head.headers().filter(|(name, _)| !framing(name)) {
        front.extend_from_slice(name);
        front.extend_from_slice(b": ");
        front.extend_from_slice(value);
        front.extend_from_slice(b"\r\n");
    }
    Ok(front)
}
