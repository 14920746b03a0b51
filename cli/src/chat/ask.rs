//! Asks once and shows the answer as it comes.
//!
//! Ctrl-C drops the connection: the server sees it and stops the model.

use std::time::Duration;

use http::header;
use reqwest::Response;
use serde_json::Value;
use shared::headers;
use shared::name::Name;
use shared::sse::Decoder;

use super::answer::{End, Piece, Reading};
use super::statistics::Statistics;
use super::status_line::StatusLine;
use crate::client::{Client, failure_from_detail};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::sanitise::Cleaner;

/// The largest event of an answer: a tool call with a file in it fits.
const MAX_EVENT_BYTES: usize = 8 << 20;
/// How often the status line is renewed.
const TICK: Duration = Duration::from_millis(200);

/// What came of asking.
pub(super) struct Asked {
    /// The answer's text, as far as it came.
    pub(super) text: String,
    /// How it ended: `Ok(true)` complete, `Ok(false)` stopped by Ctrl-C.
    pub(super) end: Result<bool>,
}

/// Asks `llm` and shows its answer.
pub(super) async fn ask(client: &Client, llm: &Name, body: &Value, output: &Output) -> Asked {
    let mut show = Show::new(output, llm);
    let end = {
        let mut line = StatusLine::new(output);
        line.show(&show.statistics.running());
        let end = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Ok(None),
            end = read(client, llm, body, &mut show, &mut line) => end.map(Some),
        };
        let closed = show.close();
        end.and_then(|end| closed.map(|()| end))
    };
    let end = end.and_then(|end| match end {
        Some(end) => judge(end, output).map(|()| true),
        None => Ok(false),
    });
    if show.unreadable > 0 {
        output.warning(&format!(
            "{} pieces of the answer could not be read and are missing",
            show.unreadable
        ));
    }
    if output.err_can_draw() && (!show.text.is_empty() || show.statistics.usage.is_some()) {
        let summary = show.statistics.summary();
        output.to_err(&format!("{}\n", output.painted("2", &summary)));
    }
    Asked {
        text: show.text,
        end,
    }
}

async fn read(
    client: &Client,
    llm: &Name,
    body: &Value,
    show: &mut Show<'_>,
    line: &mut StatusLine<'_>,
) -> Result<End> {
    let mut tick = tokio::time::interval(TICK);
    let request = client.infer(llm, body);
    tokio::pin!(request);
    let mut response = loop {
        tokio::select! {
            response = &mut request => break response?,
            _ = tick.tick() => line.show(&show.statistics.running()),
        }
    };
    show.note_head(&response);
    let mut reading = Reading::default();
    if is_stream(&response) {
        let (mut decoder, mut events) = (Decoder::new(MAX_EVENT_BYTES), Vec::new());
        while !reading.is_over() {
            let piece = tokio::select! {
                piece = response.chunk() => piece,
                _ = tick.tick() => {
                    line.show(&show.statistics.running());
                    continue;
                }
            };
            let Some(piece) = piece.map_err(|why| broken_off(client, &why))? else {
                break;
            };
            decoder
                .feed(&piece, &mut events)
                .map_err(|why| cut().caused_by(&why))?;
            for event in events.drain(..) {
                let mut pieces = Vec::new();
                reading.take(&event, &mut pieces);
                show.pieces(pieces)?;
            }
        }
    } else {
        let answer = client.read_json(response).await?;
        let mut pieces = Vec::new();
        reading.take_whole(&answer, &mut pieces);
        show.pieces(pieces)?;
    }
    show.statistics.usage = reading.usage;
    show.unreadable = reading.unreadable;
    Ok(reading.end())
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// A cut answer is never taken for a whole one.
fn judge(end: End, output: &Output) -> Result<()> {
    match end {
        End::Complete(reason) => {
            match reason.as_deref() {
                Some("length") => output.warning("the answer was cut at its most tokens"),
                Some("content_filter") => output.warning("the provider filtered the answer"),
                _ => {}
            }
            Ok(())
        }
        End::Cut => Err(cut().cause("the stream ended before the model said that it was done")),
        End::Failed(detail) => {
            let broke = failure_from_detail(Exit::Unavailable, None, *detail);
            Err(broke.cause("the answer above is not complete"))
        }
    }
}

fn broken_off(client: &Client, why: &reqwest::Error) -> Failure {
    let lines = client.broken(why);
    lines
        .lines()
        .iter()
        .filter(|(label, _)| *label != "try")
        .fold(cut(), |cut, (_, text)| cut.cause(*text))
}

fn cut() -> Failure {
    Failure::new(Exit::Unavailable, "the answer broke off")
        .hint("ask again; `mcpctl get llm` shows whether it is still active")
}

/// Writes an answer's pieces to stdout.
struct Show<'a> {
    output: &'a Output,
    cleaner: Cleaner,
    statistics: Statistics,
    text: String,
    thinking: bool,
    /// What was written last was no line end.
    in_line: bool,
    unreadable: usize,
}

impl<'a> Show<'a> {
    fn new(output: &'a Output, llm: &Name) -> Self {
        Self {
            output,
            cleaner: Cleaner::default(),
            statistics: Statistics::start(llm.as_str()),
            text: String::new(),
            thinking: false,
            in_line: false,
            unreadable: 0,
        }
    }

    /// Who serves it may differ from who was asked: a pool has many members.
    fn note_head(&mut self, response: &Response) {
        let header = |name| response.headers().get(name)?.to_str().ok();
        if let Some(by) = header(headers::LLM) {
            self.statistics.served_by = crate::output::sanitise::one_line(by);
        }
        if let Some(dropped) = header(headers::DROPPED_PARAMS) {
            self.output
                .warning(&format!("the provider can't do: {dropped}"));
        }
    }

    fn pieces(&mut self, pieces: Vec<Piece>) -> Result<()> {
        for piece in pieces {
            self.statistics.piece();
            match piece {
                Piece::Text(text) => {
                    self.end_thinking()?;
                    self.write(&text)?;
                    self.text += &text;
                }
                Piece::Thinking(text) if self.output.to_terminal() => {
                    self.begin_thinking()?;
                    self.write(&text)?;
                }
                Piece::Thinking(_) => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if self.output.to_terminal() {
            let text = self.cleaner.clean(text);
            self.put(&text)
        } else {
            self.put(text)
        }
    }

    fn put(&mut self, text: &str) -> Result<()> {
        if !text.is_empty() {
            self.in_line = !text.ends_with('\n');
            self.output.raw(text.as_bytes())?;
        }
        Ok(())
    }

    fn begin_thinking(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.thinking, true) {
            let begin = if self.output.colour_on_out() {
                "\u{1b}[2m"
            } else {
                "(thinking) "
            };
            self.output.raw(begin.as_bytes())?;
        }
        Ok(())
    }

    fn end_thinking(&mut self) -> Result<()> {
        if std::mem::take(&mut self.thinking) {
            self.cleaner = Cleaner::default();
            let end = if self.output.colour_on_out() {
                "\u{1b}[0m\n\n"
            } else {
                "\n\n"
            };
            self.put(end)?;
        }
        Ok(())
    }

    /// Ends the last line, so that what follows begins a new one.
    fn close(&mut self) -> Result<()> {
        self.end_thinking()?;
        if self.in_line {
            self.put("\n")?;
        }
        Ok(())
    }
}
