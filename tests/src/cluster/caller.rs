//! A caller: one HTTP exchange per connection, every byte and its time in the test's hands.

use crate::http1::{BodyDecoder, Head};
use bytes::{Buf, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// No answer may let a test wait longer than this for its next bytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request to be.
#[derive(Debug, Clone)]
pub struct Ask {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST of JSON text, or of whatever bytes `body` holds.
    #[must_use]
    pub fn post(path: &str, body: impl ToString) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// With this header too.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this access token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Its bytes on the way to `host`.
    #[must_use]
    pub fn wire(&self, host: SocketAddr) -> Vec<u8> {
        let mut wire = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            wire += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "POST" {
            wire += &format!("content-length: {}\r\n", self.body.len());
        }
        wire += "\r\n";
        let mut wire = wire.into_bytes();
        wire.extend_from_slice(&self.body);
        wire
    }

    /// Sends it and waits for the head of the answer. Dropping the answer hangs up.
    ///
    /// # Errors
    /// When the connection fails or closes before the head, or nothing comes for a minute.
    pub async fn try_send(&self, to: SocketAddr) -> io::Result<Answer> {
        let mut stream = self.dispatch(to).await?;
        let mut inbox = BytesMut::new();
        loop {
            if let Some(head) = Head::find(&inbox).map_err(io::Error::other)? {
                let status = head.status().map_err(io::Error::other)?;
                let headers = head
                    .headers()
                    .map(|(name, value)| (text(name), text(value)));
                let (headers, decoder) = (headers.collect(), head.answer_body());
                inbox.advance(head.wire_len());
                return Ok(Answer {
                    status,
                    headers,
                    stream,
                    inbox,
                    decoder,
                    broken: None,
                });
            }
            if read(&mut stream, &mut inbox).await? == 0 {
                return Err(io::Error::other("the connection closed before an answer"));
            }
        }
    }

    /// Sends it and leaves the answer unread, head and all. Dropping the stream hangs up.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn dispatch(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = timeout(PATIENCE, TcpStream::connect(to)).await??;
        stream.set_nodelay(true)?;
        // A server may answer and close before it has read all: that answer counts.
        let sent = timeout(PATIENCE, stream.write_all(&self.wire(to))).await?;
        match sent {
            Err(error) if self.body.len() < 64 * 1024 => Err(error),
            _ => Ok(stream),
        }
    }

    /// Sends so many percent of its bytes, and no more. Dropping the stream hangs up.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn dispatch_part(&self, to: SocketAddr, percent: u32) -> io::Result<TcpStream> {
        let wire = self.wire(to);
        let bytes = wire.len() * percent.min(100) as usize / 100;
        let mut stream = timeout(PATIENCE, TcpStream::connect(to)).await??;
        stream.set_nodelay(true)?;
        timeout(PATIENCE, stream.write_all(&wire[..bytes])).await??;
        Ok(stream)
    }

    /// Sends it; see [`Ask::try_send`].
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, to: SocketAddr) -> Answer {
        match self.try_send(to).await {
            Ok(answer) => answer,
            Err(error) => panic!("{} {} has no answer: {error}", self.method, self.path),
        }
    }

    /// Sends it and reads the answer to its end, however that comes.
    ///
    /// # Panics
    /// When there is no head of an answer.
    pub async fn whole(&self, to: SocketAddr) -> Whole {
        self.send(to).await.whole().await
    }
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    stream: TcpStream,
    inbox: BytesMut,
    decoder: BodyDecoder,
    broken: Option<String>,
}

impl Answer {
    /// The value of the header `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next piece of the body; `None` at its end, whether complete or broken.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut piece = Vec::new();
            match self
                .decoder
                .decode(&self.inbox, |part| piece.extend_from_slice(part))
            {
                Ok(decoded) => self.inbox.advance(decoded.consumed),
                Err(bad) => return self.broke(bad.to_string()),
            }
            if !piece.is_empty() {
                return Some(piece);
            }
            if self.decoder.is_done() || self.broken.is_some() {
                return None;
            }
            match read(&mut self.stream, &mut self.inbox).await {
                Ok(0) if self.decoder.may_end_here() => return None,
                Ok(0) => return self.broke("the connection closed in the middle".into()),
                Ok(_) => {}
                Err(error) => return self.broke(error.to_string()),
            }
        }
    }

    fn broke(&mut self, why: String) -> Option<Vec<u8>> {
        self.broken = Some(why);
        None
    }

    /// Reads on until the body has `text` in it; returns what came until then.
    ///
    /// # Panics
    /// When the body ends before.
    pub async fn read_until(&mut self, wanted: &str) -> String {
        let mut seen = Vec::new();
        while let Some(piece) = self.next().await {
            seen.extend_from_slice(&piece);
            if memchr::memmem::find(&seen, wanted.as_bytes()).is_some() {
                return text(&seen);
            }
        }
        panic!(
            "the answer ended without `{wanted}`: {} {}",
            self.status,
            text(&seen)
        );
    }

    /// Reads the rest.
    pub async fn whole(mut self) -> Whole {
        let mut bytes = Vec::new();
        let mut arrivals = Vec::new();
        while let Some(piece) = self.next().await {
            arrivals.push(Instant::now());
            bytes.extend_from_slice(&piece);
        }
        Whole {
            status: self.status,
            headers: self.headers,
            bytes,
            arrivals,
            ended_at: Instant::now(),
            broken: self.broken,
        }
    }
}

/// An answer to its end.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body without its framing.
    pub bytes: Vec<u8>,
    /// When each piece came.
    pub arrivals: Vec<Instant>,
    /// When the end came.
    pub ended_at: Instant,
    /// Why the body is not complete; `None` where it is.
    pub broken: Option<String>,
}

impl Whole {
    /// The value of the header `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.bytes)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.bytes) {
            Ok(value) => value,
            Err(error) => panic!("no JSON ({error}): {} {}", self.status, self.text()),
        }
    }

    /// The stable code of an error of ours; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().into()
    }

    /// Asserts that it is an event stream that ended in an error event of this code, and looks like no whole one.
    ///
    /// # Panics
    /// When it is not.
    pub fn ends_in_error(&self, code: &str) {
        let text = self.text();
        let skip = text.chars().count().saturating_sub(600);
        let tail: String = text.chars().skip(skip).collect();
        assert!(text.contains("event: error\ndata: {"), "{tail}");
        assert!(text.contains(&format!("\"code\":\"{code}\"")), "{tail}");
        assert!(!text.contains("[DONE]"), "{tail}");
        assert!(text.ends_with("\n\n"), "{tail}");
    }

    /// Whether it is an event stream that ended as a whole one does.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.broken.is_none() && self.text().ends_with("data: [DONE]\n\n")
    }
}

async fn read(stream: &mut TcpStream, inbox: &mut BytesMut) -> io::Result<usize> {
    inbox.reserve(64 * 1024);
    timeout(PATIENCE, stream.read_buf(inbox)).await?
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
