//! An OpenAI-compatible provider on a real socket that does what the request tells it to.
//!
//! A request's `play` is an object: the provider's name, and what that one does. Whoever is not in
//! it answers properly: `ok`. What it counts is what it would charge for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kit::lifecycle::{Ends, Lifecycle};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

/// Tokens that every answer is said to use.
pub(crate) const INPUT: u64 = 11;
pub(crate) const OUTPUT: u64 = 7;

/// Longest until a request is seen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A provider that runs until it is dropped.
pub(crate) struct Provider {
    pub(crate) url: String,
    counts: Arc<Counts>,
    lifecycle: Lifecycle,
}

#[derive(Debug)]
struct Counts {
    name: &'static str,
    requests: AtomicU64,
    charged: AtomicU64,
    /// Lets requests that `hold` go on, one each.
    held: Semaphore,
}

impl Provider {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let lifecycle = Lifecycle::new();
        let counts = Arc::new(Counts {
            name,
            requests: AtomicU64::new(0),
            charged: AtomicU64::new(0),
            held: Semaphore::new(0),
        });
        let (inner, shared) = (lifecycle.clone(), counts.clone());
        lifecycle.spawn("provider", Ends::Alone, async move {
            loop {
                let accepted = tokio::select! {
                    () = inner.stopping() => return,
                    accepted = listener.accept() => accepted,
                };
                let (stream, _) = accepted.unwrap();
                let (counts, stop) = (shared.clone(), inner.clone());
                inner.spawn("connection", Ends::Alone, async move {
                    tokio::select! {
                        () = stop.stopping() => {}
                        () = converse(stream, &counts) => {}
                    }
                });
            }
        });
        Self {
            url,
            counts,
            lifecycle,
        }
    }

    /// Requests that came.
    pub(crate) fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// Answers that were given whole, with their usage.
    pub(crate) fn charged(&self) -> u64 {
        self.counts.charged.load(Ordering::SeqCst)
    }

    /// Lets so many requests that `hold` go on.
    pub(crate) fn release(&self, many: usize) {
        self.counts.held.add_permits(many);
    }

    /// Waits until so many requests came.
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock of a test may stand still: its patience goes by the machine's"
    )]
    pub(crate) async fn has_seen(&self, many: u64) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.requests() >= many {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{} of {many} requests came", self.requests());
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// A port where nobody listens, and nobody else can as long as the socket is held; and its URL.
pub(crate) fn nowhere() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/v1", socket.local_addr().unwrap());
    (socket, url)
}

async fn converse(mut stream: TcpStream, counts: &Counts) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Some(body) = request(&mut stream, &mut buffer).await {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        let play = body["play"][counts.name]
            .as_str()
            .unwrap_or("ok")
            .to_owned();
        if !answer(&mut stream, &play, &body, counts).await {
            return;
        }
    }
}

/// The next request's body; `None` when the caller has closed.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Value> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head.lines().filter_map(|line| line.split_once(": "));
            let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.next().unwrap().1.parse().unwrap();
            if rest.len() >= length {
                let body = serde_json::from_str(&rest[..length]).unwrap();
                buffer.drain(..head.len() + 4 + length);
                return Some(body);
            }
        }
        let read = stream.read_buf(buffer).await;
        if read.unwrap_or(0) == 0 {
            return None;
        }
    }
}

/// Does what `play` says; whether the connection goes on.
async fn answer(stream: &mut TcpStream, play: &str, body: &Value, counts: &Counts) -> bool {
    let streams = body["stream"] == true;
    let (play, argument) = play.split_once(' ').unwrap_or((play, ""));
    match play {
        "hangup" => return false,
        "silent" => return ended(stream).await,
        "hold" => counts.held.acquire().await.unwrap().forget(),
        "cut" | "pause" if streams => {
            say(stream, HEAD).await;
            say(stream, &chunk(&delta("half"))).await;
            return play == "pause" && ended(stream).await;
        }
        // Its connection ends as it should, its answer does not.
        "short" if streams => {
            say(stream, HEAD).await;
            say(stream, &chunk(&delta("half"))).await;
            say(stream, "0\r\n\r\n").await;
            return true;
        }
        "short" => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
            say(
                stream,
                &format!("{head}{{\"choices\": [{{\"message\": {{\"content\": \"half"),
            )
            .await;
            return false;
        }
        "no-done" if streams => {
            say(stream, HEAD).await;
            let stop = json!([{"index": 0, "delta": {"content": "all"}, "finish_reason": "stop"}]);
            say(stream, &chunk(&event(stop))).await;
            say(stream, "0\r\n\r\n").await;
            return true;
        }
        "done-cut" if streams => {
            say(stream, HEAD).await;
            let stop = json!([{"index": 0, "delta": {"content": "all"}, "finish_reason": "stop"}]);
            say(stream, &chunk(&event(stop))).await;
            say(stream, &chunk("data: [DONE]\n\n")).await;
            // The last chunk, of no length, never comes.
            return false;
        }
        "cut-later" => {
            say(stream, &whole("200 OK", "", &"x".repeat(100))[..120]).await;
            counts.held.acquire().await.unwrap().forget();
            return false;
        }
        "cut" | "pause" => {
            say(stream, &whole("200 OK", "", &"x".repeat(100))[..120]).await;
            return play == "pause" && ended(stream).await;
        }
        "ok" | "no-usage" => {}
        status => {
            let retry_after = match argument {
                "" => String::new(),
                after => format!("retry-after: {after}\r\n"),
            };
            let error =
                json!({"error": {"message": format!("in {}'s words: sk-canary", counts.name)}});
            let status = format!("{status} Said So");
            say(stream, &whole(&status, &retry_after, &error.to_string())).await;
            return true;
        }
    }
    let usage = json!({"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT});
    let text = format!("hi from {}", counts.name);
    if streams {
        say(stream, HEAD).await;
        for word in text.split_inclusive(' ') {
            say(stream, &chunk(&delta(word))).await;
        }
        let stop = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
        say(stream, &chunk(&event(stop))).await;
        let asked = body["stream_options"]["include_usage"] == true;
        if asked && play != "no-usage" {
            let last = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1,
                "model": "big", "choices": [], "usage": usage});
            say(stream, &chunk(&format!("data: {last}\n\n"))).await;
        }
        counts.charged.fetch_add(1, Ordering::SeqCst);
        say(stream, &chunk("data: [DONE]\n\n")).await;
        say(stream, "0\r\n\r\n").await;
        return true;
    }
    let message = json!({"role": "assistant", "content": text});
    let mut told = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "big",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    if play != "no-usage" {
        told["usage"] = usage;
    }
    counts.charged.fetch_add(1, Ordering::SeqCst);
    say(stream, &whole("200 OK", "", &told.to_string())).await;
    true
}

/// Waits until the caller has closed.
async fn ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    false
}

/// A caller that went hears nothing.
async fn say(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn delta(text: &str) -> String {
    event(json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]))
}

fn event(choices: Value) -> String {
    let data = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "big",
        "choices": choices});
    format!("data: {data}\n\n")
}

fn whole(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}
