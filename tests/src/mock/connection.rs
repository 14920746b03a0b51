//! One client connection: read a request, answer it, read the next; and never miss that the client has gone.

use super::answer;
use super::behaviour::{Ask, Garbage};
use super::cue;
use super::script;
use super::serve::Shared;
use super::speech::Speech;
use super::stats::InFlight;
use super::stream;
use crate::http1::{BadHead, Head};
use bytes::{Buf, BytesMut};
use std::future::Future;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room made for one read.
const READ_BYTES: usize = 16 * 1024;
/// Bytes of a following request kept while one is answered; beyond, the socket is not read.
const MAX_PIPELINED_BYTES: usize = 256 * 1024;
/// Largest request body, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The client hung up, or sent what is not HTTP.
#[derive(Debug)]
pub(super) struct Gone;

impl From<BadHead> for Gone {
    fn from(_: BadHead) -> Self {
        Self
    }
}

/// What happens to the connection after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    KeepAlive,
    Close,
}

#[derive(Debug)]
pub(super) struct Connection<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    inbox: BytesMut,
    /// The body of the request at hand, and the answer to be; kept to reuse their memory.
    body: Vec<u8>,
    pub(super) out: Vec<u8>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: TcpStream, shared: &'a Shared) -> Self {
        Self {
            stream,
            shared,
            inbox: BytesMut::new(),
            body: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Serves requests until either side closes.
    pub(super) async fn run(mut self) {
        while let Ok(Next::KeepAlive) = self.exchange().await {}
    }

    async fn exchange(&mut self) -> Result<Next, Gone> {
        let head_len = self.read_head().await?;
        let head_bytes = self.inbox.split_to(head_len);
        let head = Head::find(&head_bytes)?.ok_or(Gone)?;
        self.read_body(&head).await?;
        let after = if head.closes() {
            Next::Close
        } else {
            Next::KeepAlive
        };
        match self.answer(&head).await? {
            Next::KeepAlive => Ok(after),
            Next::Close => Ok(Next::Close),
        }
    }

    async fn read_head(&mut self) -> Result<usize, Gone> {
        loop {
            if let Some(head) = Head::find(&self.inbox)? {
                return Ok(head.wire_len());
            }
            self.read().await?;
        }
    }

    async fn read_body(&mut self, head: &Head<'_>) -> Result<(), Gone> {
        let mut decoder = head.request_body();
        self.body.clear();
        if !decoder.is_done() && head.header("expect").is_some() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while !decoder.is_done() {
            if self.inbox.is_empty() {
                self.read().await?;
            }
            let body = &mut self.body;
            let decoded = decoder
                .decode(&self.inbox, |piece| body.extend_from_slice(piece))
                .map_err(|_| Gone)?;
            self.inbox.advance(decoded.consumed);
            if self.body.len() > MAX_BODY_BYTES {
                return Err(Gone);
            }
        }
        Ok(())
    }

    async fn answer(&mut self, head: &Head<'_>) -> Result<Next, Gone> {
        let (method, path) = head.method_and_path()?;
        let shared = self.shared;
        self.out.clear();
        if (method, path) == ("GET", "/mock/stats") {
            answer::stats(&mut self.out, &shared.stats.snapshot());
            return self.send_out().await;
        }
        if (method, path) == ("GET", "/mock/requests") {
            answer::requests(&mut self.out, &shared.recorder.list());
            return self.send_out().await;
        }
        shared.recorder.note(head, &self.body);
        let in_flight = shared.stats.begin(method == "POST");
        if let Some(key) = &shared.settings.api_key
            && !carries_key(head, key)
        {
            answer::error(&mut self.out, 401, "the API key is missing or wrong");
            return self.finish(in_flight).await;
        }
        if method == "POST"
            && let Some(scripted) = shared.script.take()
        {
            return script::play(self, &scripted, in_flight).await;
        }
        match (method, path) {
            ("GET", "/v1/models") => answer::models(&mut self.out, &shared.settings.models),
            ("GET", path) if path.starts_with("/v1/models/") => {
                let id = path.trim_start_matches("/v1/models/");
                answer::one_model(&mut self.out, &shared.settings.models, id);
            }
            ("POST", "/v1/chat/completions") => {
                return self.complete(answer::Dialect::Chat, in_flight).await;
            }
            ("POST", "/v1/completions") => {
                return self.complete(answer::Dialect::Legacy, in_flight).await;
            }
            ("POST", "/v1/embeddings") => {
                return self.complete(answer::Dialect::Embeddings, in_flight).await;
            }
            _ => answer::error(&mut self.out, 404, "the mock serves no such path"),
        }
        self.finish(in_flight).await
    }

    /// Reads what the request asks of the mock, and does it.
    async fn complete(
        &mut self,
        dialect: answer::Dialect,
        in_flight: InFlight<'_>,
    ) -> Result<Next, Gone> {
        let body = std::mem::take(&mut self.body);
        let asked = serde_json::from_slice::<Ask<'_>>(&body)
            .map_err(|error| error.to_string())
            .and_then(|ask| Ok((ask, cue::find(&body)?)));
        let done = match asked {
            Ok((mut ask, cue)) => {
                ask.settle(cue, &self.shared.settings.unasked);
                self.obey(dialect, &ask, in_flight).await
            }
            Err(error) => {
                answer::error(
                    &mut self.out,
                    400,
                    &format!("the body cannot be read: {error}"),
                );
                self.finish(in_flight).await
            }
        };
        self.body = body;
        done
    }

    async fn obey(
        &mut self,
        dialect: answer::Dialect,
        ask: &Ask<'_>,
        mut flight: InFlight<'_>,
    ) -> Result<Next, Gone> {
        let wish = &ask.mock;
        if wish.never_start {
            return self.wait_until_gone().await;
        }
        if let Some(status) = wish.status {
            self.pause(wish.before_first_token()).await?;
            answer::error(&mut self.out, status, "the mock was asked to fail");
            return self.finish(flight).await;
        }
        if wish.garbage == Some(Garbage::Html) {
            answer::html(&mut self.out);
            return self.finish(flight).await;
        }
        flight.is_completion();
        let speech = Speech::of(&ask.mock);
        if ask.stream && dialect != answer::Dialect::Embeddings {
            return stream::run(self, dialect, ask, &speech, flight).await;
        }
        self.pause(wish.whole_answer()).await?;
        if wish.stall_after.is_some() {
            return self.wait_until_gone().await;
        }
        answer::whole(&mut self.out, dialect, ask, &speech);
        flight.whole(speech.tokens());
        if wish.cut_after.is_some() {
            flight.streaming();
            let half = self.out.len() - 8;
            self.out.truncate(half);
            self.send_out().await?;
            flight.cut();
            return Ok(Next::Close);
        }
        self.finish(flight).await
    }

    async fn finish(&mut self, mut in_flight: InFlight<'_>) -> Result<Next, Gone> {
        in_flight.streaming();
        let next = self.send_out().await?;
        in_flight.completed();
        Ok(next)
    }

    /// Sends and empties `out`.
    pub(super) async fn send_out(&mut self) -> Result<Next, Gone> {
        let out = std::mem::take(&mut self.out);
        let sent = self.send(&out).await;
        self.out = out;
        self.out.clear();
        sent.map(|()| Next::KeepAlive)
    }

    /// Sends `bytes`; while the client does not read them, still notices that it hangs up.
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let sent = match self.stream.try_write(bytes) {
            Ok(sent) if sent == bytes.len() => return Ok(()),
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return Err(Gone),
        };
        let (mut reader, mut writer) = self.stream.split();
        let mut writing = std::pin::pin!(writer.write_all(&bytes[sent..]));
        loop {
            self.inbox.reserve(READ_BYTES);
            tokio::select! {
                biased;
                written = &mut writing => return written.map_err(|_| Gone),
                read = reader.read_buf(&mut self.inbox), if self.inbox.len() < MAX_PIPELINED_BYTES => arrived(read)?,
            }
        }
    }

    /// Waits for `pause` to pass; ends at once when the client hangs up.
    pub(super) async fn pause(&mut self, pause: std::time::Duration) -> Result<(), Gone> {
        if pause.is_zero() {
            return Ok(());
        }
        self.unless_gone(tokio::time::sleep(pause)).await
    }

    /// Waits for `event`; ends at once when the client hangs up.
    pub(super) async fn unless_gone<F: Future>(&mut self, event: F) -> Result<F::Output, Gone> {
        let mut event = std::pin::pin!(event);
        loop {
            self.inbox.reserve(READ_BYTES);
            tokio::select! {
                biased;
                out = &mut event => return Ok(out),
                read = self.stream.read_buf(&mut self.inbox), if self.inbox.len() < MAX_PIPELINED_BYTES => arrived(read)?,
            }
        }
    }

    /// Says nothing until the client hangs up.
    pub(super) async fn wait_until_gone(&mut self) -> Result<Next, Gone> {
        self.unless_gone(std::future::pending::<Next>()).await
    }

    async fn read(&mut self) -> Result<(), Gone> {
        self.inbox.reserve(READ_BYTES);
        arrived(self.stream.read_buf(&mut self.inbox).await)
    }
}

/// A read of nothing is the client's goodbye.
fn arrived(read: io::Result<usize>) -> Result<(), Gone> {
    match read {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => Err(Gone),
    }
}

fn carries_key(head: &Head<'_>, key: &str) -> bool {
    let value = head
        .header("authorization")
        .and_then(|value| value.strip_prefix(b"Bearer "));
    value == Some(key.as_bytes())
}
