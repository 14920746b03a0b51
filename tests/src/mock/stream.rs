//! Streamed answers: server-sent events in chunked framing, paced, stamped, broken or cut as asked.

use super::answer::{self, Dialect, put};
use super::behaviour::{Ask, Garbage};
use super::connection::{Connection, Gone, Next};
use super::speech::Speech;
use super::stats::InFlight;
use crate::clock::monotonic_ns;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Bytes of events that a burst collects for one write.
const BURST_BYTES: usize = 16 * 1024;
/// Pause that keeps the two halves of a cut character in two writes.
const SPLIT_PAUSE: Duration = Duration::from_millis(1);
/// What a token of split characters says.
pub const SPLIT_TEXT: &str = "日本語🦀";
const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\ntransfer-encoding: chunked\r\n\r\n";
const DONE: &[u8] = b"data: [DONE]\n\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Streams the answer that `ask` describes.
pub(super) async fn run(
    connection: &mut Connection<'_>,
    dialect: Dialect,
    ask: &Ask<'_>,
    speech: &Speech<'_>,
    mut in_flight: InFlight<'_>,
) -> Result<Next, Gone> {
    connection.out.extend_from_slice(HEAD);
    let first_wait = ask.mock.before_first_token();
    if !first_wait.is_zero() {
        connection.send_out().await?;
        in_flight.streaming();
        connection.pause(first_wait).await?;
    }
    in_flight.streaming();
    let events = Events::new(dialect, ask, speech);
    let sent = match ask.mock.garbage {
        Some(Garbage::SplitUtf8) => split_characters(connection, &events, ask.mock.tokens).await?,
        _ if ask.mock.burst => burst(connection, &events, ask, &mut in_flight).await?,
        _ => paced(connection, &events, ask, &mut in_flight).await?,
    };
    match sent {
        Sent::All => {
            events.ending(&mut connection.out, ask);
            connection.send_out().await?;
            in_flight.completed();
            Ok(Next::KeepAlive)
        }
        Sent::UpToTheCut => {
            connection.send_out().await?;
            in_flight.cut();
            Ok(Next::Close)
        }
        Sent::UpToTheStall => {
            connection.send_out().await?;
            connection.wait_until_gone().await
        }
    }
}

#[derive(Debug)]
enum Sent {
    All,
    UpToTheCut,
    UpToTheStall,
}

/// One write per token, each at its time.
async fn paced(
    connection: &mut Connection<'_>,
    events: &Events<'_>,
    ask: &Ask<'_>,
    in_flight: &mut InFlight<'_>,
) -> Result<Sent, Gone> {
    let period = Duration::from_millis(ask.mock.interval_ms);
    let mut ticks = (!period.is_zero()).then(|| {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    for n in 0..events.speech.tokens() {
        if let Some(end) = early_end(ask, n) {
            return Ok(end);
        }
        if let (Some(ticks), 1..) = (&mut ticks, n) {
            connection.unless_gone(ticks.tick()).await?;
        }
        if ask.mock.garbage == Some(Garbage::BadSse) {
            framed(&mut connection.out, noise(n));
        }
        events.token(&mut connection.out, n, ask.mock.stamp);
        connection.send_out().await?;
        in_flight.token_sent();
    }
    Ok(early_end(ask, events.speech.tokens()).unwrap_or(Sent::All))
}

/// Many tokens per write and per chunk, as fast as the client reads.
async fn burst(
    connection: &mut Connection<'_>,
    events: &Events<'_>,
    ask: &Ask<'_>,
    in_flight: &mut InFlight<'_>,
) -> Result<Sent, Gone> {
    let mut batch = Vec::with_capacity(BURST_BYTES + 512);
    for n in 0..events.speech.tokens() {
        if let Some(end) = early_end(ask, n) {
            framed(&mut connection.out, &batch);
            return Ok(end);
        }
        events.event(&mut batch, n, ask.mock.stamp);
        in_flight.token_sent();
        if batch.len() >= BURST_BYTES {
            framed(&mut connection.out, &batch);
            batch.clear();
            connection.send_out().await?;
            // A client that reads as fast as we write must not keep the thread from the others.
            tokio::task::yield_now().await;
        }
    }
    framed(&mut connection.out, &batch);
    Ok(early_end(ask, events.speech.tokens()).unwrap_or(Sent::All))
}

/// Tokens of multi-byte characters, each event cut inside one.
async fn split_characters(
    connection: &mut Connection<'_>,
    events: &Events<'_>,
    tokens: u32,
) -> Result<Sent, Gone> {
    for n in 0..tokens {
        let mut event = Vec::new();
        events.text(&mut event, SPLIT_TEXT, None);
        // The first byte above 0x7f opens a character; one byte further is inside it.
        let cut = event
            .iter()
            .position(|byte| *byte > 0x7f)
            .map_or(1, |at| at + 1 + n as usize % 2);
        framed(&mut connection.out, &event[..cut]);
        connection.send_out().await?;
        connection.pause(SPLIT_PAUSE).await?;
        framed(&mut connection.out, &event[cut..]);
        connection.send_out().await?;
    }
    Ok(Sent::All)
}

fn early_end(ask: &Ask<'_>, sent: u32) -> Option<Sent> {
    match (ask.mock.cut_after, ask.mock.stall_after) {
        (Some(at), _) if at == sent => Some(Sent::UpToTheCut),
        (_, Some(at)) if at == sent => Some(Sent::UpToTheStall),
        _ => None,
    }
}

/// The lines before token `n` that a careful reader skips: comments, unknown fields, broken JSON, odd line ends.
pub(crate) fn noise(n: u32) -> &'static [u8] {
    const LINES: [&[u8]; 5] = [
        b": comment\r\n\r\n",
        b"data: {\"choices\": [\n\n",
        b"nonsense\n\n",
        b"id: 7\rretry: 5\r\r",
        b"data:\n\n",
    ];
    LINES[n as usize % LINES.len()]
}

fn framed(out: &mut Vec<u8>, payload: &[u8]) {
    if payload.is_empty() {
        return;
    }
    put(out, format_args!("{:x}\r\n", payload.len()));
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// The parts of an event that are the same for every token of one answer.
#[derive(Debug)]
struct Events<'a> {
    dialect: Dialect,
    speech: &'a Speech<'a>,
    /// Whether a chunk without usage says so.
    usage_nulls: bool,
    /// `data: {…,"choices":[{"index":0,`
    opening: Vec<u8>,
}

impl<'a> Events<'a> {
    fn new(dialect: Dialect, ask: &Ask<'_>, speech: &'a Speech<'a>) -> Self {
        let mut opening = Vec::with_capacity(160);
        let kind = match dialect {
            Dialect::Legacy => r#""id":"cmpl-mock","object":"text_completion""#,
            Dialect::Chat | Dialect::Embeddings => {
                r#""id":"chatcmpl-mock","object":"chat.completion.chunk""#
            }
        };
        put(
            &mut opening,
            format_args!(r#"data: {{{kind},"created":1700000000,"model":"#),
        );
        answer::model_name(&mut opening, ask.model());
        opening.extend_from_slice(br#","choices":["#);
        Self {
            dialect,
            speech,
            usage_nulls: ask.wants_usage_nulls(),
            opening,
        }
    }

    /// Token `n` as one event in one chunk.
    fn token(&self, out: &mut Vec<u8>, n: u32, stamp: bool) {
        let mut event = Vec::with_capacity(self.opening.len() + 128);
        self.event(&mut event, n, stamp);
        framed(out, &event);
    }

    /// Token `n` as one event, unframed.
    fn event(&self, out: &mut Vec<u8>, n: u32, stamp: bool) {
        if let Some(delta) = self.speech.delta(n) {
            out.extend_from_slice(&self.opening);
            let choice = match self.dialect {
                Dialect::Legacy => {
                    let text = delta
                        .get("content")
                        .map_or(r#""""#.to_owned(), ToString::to_string);
                    format!(r#"{{"index":0,"text":{text},"finish_reason":null}}]"#)
                }
                Dialect::Chat | Dialect::Embeddings => {
                    format!(r#"{{"index":0,"delta":{delta},"finish_reason":null}}]"#)
                }
            };
            out.extend_from_slice(choice.as_bytes());
            self.close(out, stamp.then_some(n));
            return;
        }
        let mut text = [0_u8; 16];
        let mut rest = &mut text[..];
        // `t` + ten digits + a space fits.
        let _ = std::io::Write::write_fmt(&mut rest, format_args!("t{n} "));
        let left = rest.len();
        let text = str::from_utf8(&text[..16 - left]).unwrap_or_default();
        self.text(out, text, stamp.then_some(n));
    }

    fn text(&self, out: &mut Vec<u8>, text: &str, stamp: Option<u32>) {
        out.extend_from_slice(&self.opening);
        match self.dialect {
            Dialect::Legacy => put(
                out,
                format_args!(r#"{{"index":0,"text":"{text}","finish_reason":null}}]"#),
            ),
            Dialect::Chat | Dialect::Embeddings => {
                put(
                    out,
                    format_args!(
                        r#"{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]"#
                    ),
                );
            }
        }
        self.close(out, stamp);
    }

    /// What stands behind the choices of a token.
    fn close(&self, out: &mut Vec<u8>, stamp: Option<u32>) {
        if let Some(seq) = stamp {
            put(
                out,
                format_args!(r#","mock":{{"seq":{seq},"t_ns":{}}}"#, monotonic_ns()),
            );
        }
        if self.usage_nulls {
            out.extend_from_slice(br#","usage":null"#);
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// The finish reason, the usage, `[DONE]`, and the end of the body.
    fn ending(&self, out: &mut Vec<u8>, ask: &Ask<'_>) {
        let mut event = self.opening.clone();
        let reason = self.speech.finish_reason();
        let last = match self.dialect {
            Dialect::Legacy => r#""text":"""#,
            Dialect::Chat | Dialect::Embeddings => r#""delta":{}"#,
        };
        put(
            &mut event,
            format_args!(r#"{{"index":0,{last},"finish_reason":"{reason}"}}]"#),
        );
        self.close(&mut event, None);
        if ask.wants_usage_chunk() {
            event.extend_from_slice(&self.opening);
            event.extend_from_slice(b"],");
            answer::usage(&mut event, self.speech.tokens());
            event.extend_from_slice(b"}\n\n");
        }
        event.extend_from_slice(DONE);
        framed(out, &event);
        out.extend_from_slice(LAST_CHUNK);
    }
}
