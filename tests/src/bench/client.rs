//! The load generator's HTTP/1.1 client: one connection, one request at a time, the same code on every way.

use super::trouble::{During, Trouble};
use crate::http1::{BodyDecoder, Head};
use bytes::{Buf, BytesMut};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room made for one read: a burst arrives in few reads.
const READ_BYTES: usize = 64 * 1024;

/// Where a request goes, and with what in its head.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub addr: SocketAddr,
    head: String,
}

impl Target {
    /// `POST path` at `addr`, with a bearer token where one is given.
    #[must_use]
    pub fn post(addr: SocketAddr, path: &str, bearer: Option<&str>) -> Self {
        Self::new("POST", addr, path, bearer)
    }

    /// `method path` at `addr`.
    #[must_use]
    pub fn new(method: &str, addr: SocketAddr, path: &str, bearer: Option<&str>) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\naccept: */*\r\n");
        if let Some(token) = bearer {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        Self { addr, head }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// The bytes of a request with this JSON body; without a body where it is empty.
    #[must_use]
    pub fn request(&self, body: &str) -> Vec<u8> {
        let head = &self.head;
        if body.is_empty() {
            return format!("{head}\r\n").into_bytes();
        }
        format!(
            "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// Sees the payload of an answer's body as it arrives, without its framing.
pub trait Tap {
    /// The next bytes, as one read brought them; cut anywhere.
    fn piece(&mut self, bytes: &[u8]);
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Whether the connection can take another request.
    pub keep_alive: bool,
}

/// One connection of the load generator.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    inbox: BytesMut,
}

impl Caller {
    /// Connects, without Nagle.
    ///
    /// # Errors
    /// When the server does not accept.
    pub async fn connect(addr: SocketAddr) -> Result<Self, Trouble> {
        let stream = TcpStream::connect(addr)
            .await
            .during(format!("connect to {addr}"))?;
        stream.set_nodelay(true).during("set TCP_NODELAY")?;
        Ok(Self {
            stream,
            inbox: BytesMut::new(),
        })
    }

    /// Sends `request` (from [`Target::request`]) and reads the answer to its end.
    ///
    /// # Errors
    /// When the connection breaks before the answer is whole.
    pub async fn call(&mut self, request: &[u8], tap: &mut impl Tap) -> Result<Reply, Trouble> {
        let mut answer = self.open(request).await?;
        while !answer.body.is_done() {
            if !self.take_piece(&mut answer, tap).await? {
                break;
            }
        }
        Ok(answer.reply)
    }

    /// Sends `request` and reads only the head of the answer; the body follows by [`Caller::take_piece`].
    ///
    /// # Errors
    /// When the connection breaks before the head is whole.
    pub async fn open(&mut self, request: &[u8]) -> Result<Answer, Trouble> {
        self.stream
            .write_all(request)
            .await
            .during("send the request")?;
        loop {
            if let Some(head) = Head::find(&self.inbox)? {
                let reply = Reply {
                    status: head.status()?,
                    keep_alive: !head.closes(),
                };
                let answer = Answer {
                    reply,
                    body: head.answer_body(),
                };
                let used = head.wire_len();
                self.inbox.advance(used);
                return Ok(answer);
            }
            if self.read().await? == 0 {
                return Err(Trouble::Unexpected(
                    "the server closed the connection without an answer".to_owned(),
                ));
            }
        }
    }

    /// Hands what has arrived to `tap`, and reads when nothing has; `false` where the connection ended properly.
    ///
    /// # Errors
    /// When the connection ends inside the body.
    pub async fn take_piece(
        &mut self,
        answer: &mut Answer,
        tap: &mut impl Tap,
    ) -> Result<bool, Trouble> {
        if self.inbox.is_empty() && self.read().await? == 0 {
            answer.reply.keep_alive = false;
            return match answer.body.may_end_here() {
                true => Ok(false),
                false => Err(Trouble::Unexpected(
                    "the server closed the connection inside an answer".to_owned(),
                )),
            };
        }
        let decoded = answer.body.decode(&self.inbox, |piece| tap.piece(piece))?;
        self.inbox.advance(decoded.consumed);
        Ok(true)
    }

    async fn read(&mut self) -> Result<usize, Trouble> {
        self.inbox.reserve(READ_BYTES);
        self.stream
            .read_buf(&mut self.inbox)
            .await
            .during("read the answer")
    }
}

/// An answer whose head has been read.
#[derive(Debug)]
pub struct Answer {
    /// Status and connection.
    pub reply: Reply,
    body: BodyDecoder,
}
