//! An OpenAI-compatible server that behaves as its caller's prompt says, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use kit::lifecycle::{Ends, Lifecycle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::fake_mcpd::PATIENCE;

/// Ask for these in the body to get the behaviour.
pub(crate) const HANG: &str = "hang-before-the-head";
pub(crate) const HANG_MIDWAY: &str = "hang-midway";
pub(crate) const DIE_MIDWAY: &str = "die-midway";
pub(crate) const DIE_MIDWAY_OF_KNOWN_LENGTH: &str = "die-of-known-length";
pub(crate) const STREAM: &str = "stream-it";
pub(crate) const GATED: &str = "wait-for-the-gate";

/// What a stream consists of: bytes that are no text, in pieces that respect nothing.
pub(crate) const PIECES: [&[u8]; 4] = [
    b"data: {\"a\":\"\xe4",
    b"\xbd",
    b"\xa0\"}\n\n\xff\x00",
    b"data: [DONE]\n\n",
];
/// What everything else is answered with.
pub(crate) const WHOLE: &[u8] = b"{\"id\" : \"x\",\"n\":1.00}";

/// The same word in other dialects.
const ANTHROPIC: &[u8] = br#"{"id":"msg_1","type":"message","role":"assistant","model":"m",
    "content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,
    "usage":{"input_tokens":3,"output_tokens":1}}"#;
const GEMINI: &[u8] = br#"{"candidates":[{"content":{"parts":[{"text":"hello"}],"role":"model"},
    "finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,
    "candidatesTokenCount":1,"totalTokenCount":4},"modelVersion":"m"}"#;

#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Bodies of requests for inference, in order.
    pub(crate) bodies: Vec<String>,
    /// Connections that were closed by the caller while an answer was due.
    pub(crate) abandoned: usize,
    /// Listings that were asked for.
    pub(crate) polls: usize,
    /// Calls that woke it, and calls that put it to sleep.
    pub(crate) wakes: usize,
    pub(crate) sleeps: usize,
    /// It sleeps: listings are refused.
    pub(crate) asleep: bool,
}

#[derive(Clone)]
pub(crate) struct FakeProvider {
    pub(crate) addr: SocketAddr,
    pub(crate) seen: Arc<Mutex<Seen>>,
    changed: watch::Sender<()>,
    /// Opened to let [`GATED`] answers go on.
    pub(crate) gate: watch::Sender<bool>,
    /// Closed to make a call to `/sleep` wait for its answer.
    pub(crate) sleep_gate: watch::Sender<bool>,
}

impl FakeProvider {
    pub(crate) async fn start(lifecycle: &Lifecycle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            addr: listener.local_addr().unwrap(),
            seen: Arc::default(),
            changed: watch::Sender::new(()),
            gate: watch::Sender::new(false),
            sleep_gate: watch::Sender::new(true),
        };
        let (server, spawner) = (this.clone(), lifecycle.clone());
        lifecycle.spawn("fake provider", Ends::Alone, async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                server.change(|seen| seen.connections += 1);
                let server = server.clone();
                let work = async move {
                    server.serve(stream).await;
                };
                spawner.spawn("fake provider connection", Ends::Alone, work);
            }
        });
        this
    }

    /// Waits until so many callers went away before their answer was complete.
    pub(crate) async fn abandoned(&self, count: usize) {
        self.wait(&format!("{count} abandoned"), |seen| {
            seen.abandoned >= count
        })
        .await;
    }

    /// Waits until so many requests for inference have come.
    pub(crate) async fn asked(&self, count: usize) {
        self.wait(&format!("{count} asked"), |seen| seen.bodies.len() >= count)
            .await;
    }

    pub(crate) async fn wait(&self, what: &str, found: impl Fn(&Seen) -> bool) {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                changes.mark_unchanged();
                if found(&self.seen.lock().unwrap()) {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, search).await;
        assert!(found.is_ok(), "{what} did not happen");
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.send_replace(());
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).unwrap();
        loop {
            let (head, body) = request(&mut stream).await?;
            if head.starts_with("POST /wake") {
                assert!(head.contains("x-key: canary"), "{head}");
                self.change(|seen| (seen.wakes, seen.asleep) = (seen.wakes + 1, false));
                answer(&mut stream, b"").await?;
                continue;
            }
            if head.starts_with("POST /sleep") {
                self.change(|seen| (seen.sleeps, seen.asleep) = (seen.sleeps + 1, true));
                let mut open = self.sleep_gate.subscribe();
                open.wait_for(|open| *open).await.ok()?;
                answer(&mut stream, b"").await?;
                continue;
            }
            if head.starts_with("GET") {
                self.change(|seen| seen.polls += 1);
                if self.seen.lock().unwrap().asleep {
                    let away = b"HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(away).await.ok()?;
                    continue;
                }
                let list = r#"{"object":"list","data":[{"id":"m"}],
                    "models":[{"name":"models/m","supportedGenerationMethods":["generateContent"]}]}"#;
                answer(&mut stream, list.as_bytes()).await?;
                continue;
            }
            self.change(|seen| seen.bodies.push(body.clone()));
            if head.contains("/v1/messages") {
                assert!(head.contains("x-api-key: canary"), "{head}");
                answer(&mut stream, ANTHROPIC).await?;
                continue;
            }
            if head.contains("/v1/models/m:generateContent") {
                assert!(head.contains("x-goog-api-key: canary"), "{head}");
                answer(&mut stream, GEMINI).await?;
                continue;
            }
            assert!(head.contains("/v1/chat/completions"), "{head}");
            if body.contains(HANG_MIDWAY) {
                stream.write_all(HEAD).await.ok()?;
                chunk(&mut stream, PIECES[0]).await?;
                return self.gone(&mut stream).await;
            } else if body.contains(HANG) {
                return self.gone(&mut stream).await;
            } else if body.contains(DIE_MIDWAY_OF_KNOWN_LENGTH) {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
                stream.write_all(head).await.ok()?;
                return None;
            } else if body.contains(DIE_MIDWAY) {
                stream.write_all(HEAD).await.ok()?;
                chunk(&mut stream, PIECES[0]).await?;
                return None;
            } else if body.contains(GATED) {
                stream.write_all(HEAD).await.ok()?;
                chunk(&mut stream, PIECES[0]).await?;
                self.gate.subscribe().wait_for(|open| *open).await.ok()?;
                stream.write_all(b"0\r\n\r\n").await.ok()?;
            } else if body.contains(STREAM) {
                stream.write_all(HEAD).await.ok()?;
                for piece in PIECES {
                    chunk(&mut stream, piece).await?;
                    tokio::task::yield_now().await;
                }
                stream.write_all(b"0\r\n\r\n").await.ok()?;
            } else {
                answer(&mut stream, WHOLE).await?;
            }
        }
    }

    /// Waits until the caller is gone.
    async fn gone(&self, stream: &mut TcpStream) -> Option<()> {
        let mut rest = [0; 64];
        while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
        self.change(|seen| seen.abandoned += 1);
        None
    }
}

/// A provider that keeps no connection open, so that it is gone at once when it goes.
pub(crate) async fn forgetful(address: SocketAddr) -> (SocketAddr, Lifecycle) {
    let listener = TcpListener::bind(address).await.unwrap();
    let (address, lifecycle) = (listener.local_addr().unwrap(), Lifecycle::new());
    lifecycle.spawn("forgetful", Ends::Alone, async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The requests here fit one piece.
            let _ = stream.read(&mut [0; 16 * 1024]).await;
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_bytes();
            let list: &[u8] = br#"{"data":[{"id":"m"}]}"#;
            let _ = stream.write_all(&[head, list].concat()).await;
        }
    });
    (address, lifecycle)
}

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

async fn chunk(stream: &mut TcpStream, piece: &[u8]) -> Option<()> {
    let head = format!("{:x}\r\n", piece.len());
    let chunk = [head.as_bytes(), piece, b"\r\n"].concat();
    stream.write_all(&chunk).await.ok()
}

async fn answer(stream: &mut TcpStream, body: &[u8]) -> Option<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .ok()
}

/// Head and body of the next request.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_lowercase();
            let mut lines = lower.lines().filter_map(|line| line.split_once(": "));
            let length = lines.find(|(name, _)| *name == "content-length");
            let length = length.map_or(0, |(_, length)| length.parse().unwrap());
            if body.len() >= length {
                return Some((head.into(), body.into()));
            }
        }
        let read = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
}
