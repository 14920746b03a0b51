//! `mcpctl describe job ID...`: fields, attempts, the last events, and what one would look up next.

use std::collections::VecDeque;

use serde_json::{Map, Value};
use shared::job::JobId;
use shared::timestamp::Timestamp;

use super::event::{JobEvent, What};
use super::follow::{Follow, Told};
use crate::client::Client;
use crate::clock::now;
use crate::failure::Result;
use crate::output::columns::text;
use crate::output::describe::fields;
use crate::output::quantity::latency;
use crate::output::sanitise::one_line;
use crate::output::{Output, table};

/// Events that are shown.
const MAX_EVENTS: usize = 20;
/// The longest payload or result that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 400;

/// Prints a job, its attempts, its last events, and what one would look up next.
pub(crate) async fn describe(
    client: &Client,
    id: &JobId,
    job: &Value,
    output: &Output,
) -> Result<()> {
    let now = now();
    output.data(&fields(&short(job), now))?;
    let attempts = job.get("history").and_then(Value::as_array);
    if let Some(attempts) = attempts.filter(|attempts| !attempts.is_empty()) {
        output.line("\nAttempts:")?;
        let rows: Vec<_> = attempts.iter().map(|attempt| row(attempt, now)).collect();
        let headers = ["NUMBER", "WORKER", "STARTED", "TOOK", "OUTCOME", "ERROR"];
        output.data(&indented(&table::render(Some(&headers), &rows, None)))?;
    }
    match events(client, id).await {
        Ok(events) if events.is_empty() => {}
        Ok(events) => {
            output.line("\nEvents:")?;
            let lines = events.iter().map(|line| format!("  {}\n", one_line(line)));
            output.data(&lines.collect::<String>())?;
        }
        // All else is known and worth showing.
        Err(why) => output.failure(&why),
    }
    if let Some(next) = next_step(id, job) {
        output.note(&next);
    }
    Ok(())
}

/// The job without what stands elsewhere, its long parts cut.
fn short(job: &Value) -> Map<String, Value> {
    let all = job.as_object().cloned().unwrap_or_default();
    let kept = all.into_iter().filter(|(key, _)| key != "history");
    let kept = kept.map(|(key, value)| match key.as_str() {
        "payload" | "result" if !value.is_null() => (key, cut(&value.to_string()).into()),
        _ => (key, value),
    });
    kept.collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!(
            "{}… ({} bytes, -o json shows all)",
            &text[..end],
            text.len()
        ),
        None => text.into(),
    }
}

fn row(attempt: &Value, now: Timestamp) -> Vec<String> {
    let cell = |field: &str| attempt.get(field).map(text).unwrap_or_default();
    let at = |field: &str| cell(field).parse::<Timestamp>().ok();
    let took = at("started_at").map(|started| {
        let took = at("ended_at").unwrap_or(now).since(started);
        latency(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    });
    let outcome = match cell("outcome") {
        outcome if outcome.is_empty() => "running".into(),
        outcome => outcome,
    };
    vec![
        cell("number"),
        cell("worker"),
        cell("started_at"),
        took.unwrap_or_default(),
        outcome,
        cell("error"),
    ]
}

fn indented(table: &str) -> String {
    table.lines().map(|line| format!("  {line}\n")).collect()
}

/// The last events in words; pieces of an answer that follow each other are one line.
async fn events(client: &Client, id: &JobId) -> Result<Vec<String>> {
    let mut follow = Follow::new(client.clone(), id.clone()).until_now();
    let mut lines = VecDeque::new();
    let (mut pieces, mut chars) = (0, 0);
    loop {
        let told = follow.next().await?;
        if let Told::Event(event) = &told
            && let What::Chunk(piece) = &event.what
        {
            pieces += 1;
            chars += piece.chars().count();
            continue;
        }
        if pieces > 0 {
            lines.push_back(format!("answer: {chars} characters in {pieces} chunks"));
            (pieces, chars) = (0, 0);
        }
        match told {
            Told::Event(event) => lines.extend(line(&event)),
            Told::Lost(_) | Told::Back => {}
            Told::End => return Ok(lines.into()),
        }
        while lines.len() > MAX_EVENTS {
            lines.pop_front();
        }
    }
}

fn line(event: &JobEvent) -> Option<String> {
    let words = event.words()?;
    Some(match event.at() {
        Some(at) => format!("{at}  {words}"),
        None => words,
    })
}

fn next_step(id: &JobId, job: &Value) -> Option<String> {
    let at = |field: &str| job.get(field).and_then(Value::as_str);
    let next = match at("status")? {
        "queued" => match at("waits_for") {
            Some(llm) => format!("Who serves `{llm}`: mcpctl explain route {llm}"),
            None => format!("Follow it: mcpctl jobs watch {id}"),
        },
        "running" => format!("Follow it: mcpctl jobs watch {id}"),
        "done" => format!("Its whole result: mcpctl get job {id} -o json"),
        "error" | "canceled" | "expired" => format!("Once more: mcpctl jobs retry {id}"),
        _ => return None,
    };
    Some(next)
}
