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

use super::answer::{End, Reading};
use super::quiet_keys::QuietKeys;
use super::settings::Settings;
use super::show::Show;
use super::statistics::Statistics;
use crate::client::{Client, failure_from_detail};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;

/// The largest event of an answer: a tool call with a file in it fits.
const MAX_EVENT_BYTES: usize = 8 << 20;
/// How often is looked whether something is to be painted.
const TICK: Duration = Duration::from_millis(50);

/// What came of asking.
pub(super) struct Asked {
    /// The answer's text, as far as it came.
    pub(super) text: String,
    pub(super) statistics: Statistics,
    /// How it ended: `Ok(true)` complete, `Ok(false)` stopped by Ctrl-C.
    pub(super) end: Result<bool>,
}

/// Asks `llm` and shows its answer.
pub(super) async fn ask(
    client: &Client,
    llm: &Name,
    body: &Value,
    settings: &Settings,
    output: &Output,
) -> Asked {
    let mut show = Show::new(output, llm, settings);
    let end = {
        let _keys = output.to_terminal().then(QuietKeys::hold);
        let end = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Ok(None),
            end = read(client, llm, body, &mut show) => end.map(Some),
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
    let (text, statistics) = show.into_parts();
    Asked {
        text,
        statistics,
        end,
    }
}

/// Shows the line about an answer, where a person reads it.
pub(super) fn summarise(statistics: &Statistics, more: Option<String>, output: &Output) {
    if output.err_can_draw() && (statistics.has_begun() || statistics.usage.is_some()) {
        let mut line = statistics.summary();
        if let Some(more) = more {
            line += &format!(" · {more}");
        }
        output.to_err(&format!("{}\n", output.painted("2", &line)));
    }
}

async fn read(client: &Client, llm: &Name, body: &Value, show: &mut Show<'_>) -> Result<End> {
    let mut tick = tokio::time::interval(TICK);
    let request = client.infer(llm, body);
    tokio::pin!(request);
    let mut response = loop {
        tokio::select! {
            response = &mut request => break response?,
            _ = tick.tick() => show.refresh()?,
        }
    };
    note_head(show, &response);
    let mut reading = Reading::default();
    if is_stream(&response) {
        let (mut decoder, mut events) = (Decoder::new(MAX_EVENT_BYTES), Vec::new());
        while !reading.is_over() {
            let piece = tokio::select! {
                piece = response.chunk() => piece,
                _ = tick.tick() => {
                    show.refresh()?;
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
            show.refresh()?;
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

/// Who serves it may differ from who was asked: a pool has many members.
fn note_head(show: &mut Show<'_>, response: &Response) {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if let Some(by) = header(headers::LLM) {
        show.statistics.served_by = crate::output::sanitise::one_line(by);
    }
    show.statistics.cached = header(headers::CACHE) == Some("hit");
    let attempts = header(headers::ATTEMPTS).and_then(|count| count.parse().ok());
    show.statistics.attempts = attempts.filter(|count| *count > 1);
    if let Some(dropped) = header(headers::DROPPED_PARAMS) {
        show.warn(format!("the provider can't do: {dropped}"));
    }
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
