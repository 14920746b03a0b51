//! Waits until what was published can be called, and says why where it can't.

use std::time::Duration;

use home::Home;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use shared::local_control::Status;
use shared::name::Name;
use tokio::time::Instant;

use crate::client::{Client, name_of};
use crate::commands::mcplocal;
use crate::failure::Result;
use crate::output::Output;
use crate::resource::Resource;

/// How long a row may take.
const LIMIT: Duration = Duration::from_secs(30);
/// For how long a reason against it may hold before it is believed: the first poll of a provider may
/// come too early.
const DOUBT: Duration = Duration::from_secs(7);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// How long the daemon may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Prints a line for each row that can be called; whether all can.
pub(super) async fn wait(
    names: &[Name],
    client: &Client,
    home: &Home,
    output: &Output,
) -> Result<bool> {
    let began = Instant::now();
    let bar = spinner(output);
    let mut waiting: Vec<&Name> = names.iter().collect();
    let mut reasons: Vec<(&Name, String)> = Vec::new();
    while !waiting.is_empty() && began.elapsed() < LIMIT {
        let rows = client.list(Resource::Llm).await;
        let status = mcplocal::status(home, ANSWER_LIMIT).ok();
        reasons.clear();
        let mut left = Vec::new();
        for name in waiting {
            let row = rows.as_ref().ok().and_then(|rows| row(rows, name));
            if let Some(phase) = row.and_then(|row| callable(row, status.as_ref())) {
                let took = began.elapsed().as_secs_f32();
                let line = format!("llm/{name} {phase} ({took:.1} s)");
                bar.suspend(|| output.line(&line))?;
                continue;
            }
            let failed = rows.as_ref().err().map(|why| why.first_line());
            if let Some(why) = status
                .as_ref()
                .and_then(|status| reason(status, name))
                .or(failed)
            {
                reasons.push((name, why));
            }
            left.push(name);
        }
        waiting = left;
        let all_have_reasons = reasons.len() == waiting.len();
        if all_have_reasons && began.elapsed() > DOUBT {
            break;
        }
        if let Some(next) = waiting.first() {
            bar.set_message(format!("waiting for {next}"));
            bar.tick();
            tokio::time::sleep(LOOK).await;
        }
    }
    bar.finish_and_clear();
    for name in &waiting {
        let why = reasons.iter().find(|(of, _)| of == name);
        let why = why.map_or("the server does not list it as active", |(_, why)| why);
        output.warning(&format!("llm/{name} is not active: {why}"));
    }
    Ok(waiting.is_empty())
}

fn row<'a>(rows: &'a Value, name: &Name) -> Option<&'a Value> {
    let rows = rows.get("items").and_then(Value::as_array)?;
    rows.iter().find(|row| name_of(row) == name.as_str())
}

/// The phase of a row that can be called and is this machine's.
fn callable<'a>(row: &'a Value, status: Option<&Status>) -> Option<&'a str> {
    let phase = row.pointer("/status/phase")?.as_str()?;
    let theirs = row
        .pointer("/status/providerSessionId")
        .and_then(Value::as_str);
    let ours = status.and_then(|status| status.link.provider_session_id.as_deref());
    let is_ours = ours.is_none_or(|ours| theirs == Some(ours));
    (is_ours && matches!(phase, "active" | "hibernating")).then_some(phase)
}

/// What mcplocal has against it.
fn reason(status: &Status, name: &Name) -> Option<String> {
    let provider = status
        .providers
        .iter()
        .find(|provider| provider.name == *name);
    match provider {
        Some(provider) => provider
            .message
            .clone()
            .or_else(|| status.link.last_error.clone()),
        // Its entry could not be used, or the file not be read.
        None => {
            let quoted = format!("`{name}`");
            let mut problems = status.problems.iter();
            let own = problems.clone().find(|problem| problem.contains(&quoted));
            own.or_else(|| problems.next()).cloned()
        }
    }
}

fn spinner(output: &Output) -> ProgressBar {
    if !output.err_can_draw() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.set_style(style.tick_chars("|/-\\ "));
    bar
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(providers: Value, link_error: Value, problems: Value) -> Status {
        serde_json::from_value(
            json!({"version": "1", "pid": 1, "startedAt": "2020-01-01T00:00:00.000Z",
            "configPath": "/c", "server": "http://s", "providers": providers, "problems": problems,
            "link": {"state": "connected", "epoch": 1, "providerSessionId": "s1",
                "since": "2020-01-01T00:00:00.000Z", "lastError": link_error, "retryInMs": null}}),
        )
        .unwrap()
    }

    #[test]
    fn only_a_row_that_this_machine_serves_counts() {
        let status = status(json!([]), Value::Null, json!([]));
        let row = |phase: &str, session: &str| json!({"status": {"phase": phase, "providerSessionId": session}});
        assert_eq!(
            callable(&row("active", "s1"), Some(&status)),
            Some("active")
        );
        assert_eq!(
            callable(&row("hibernating", "s1"), Some(&status)),
            Some("hibernating")
        );
        assert_eq!(callable(&row("active", "s2"), Some(&status)), None);
        assert_eq!(callable(&row("inactive", "s1"), Some(&status)), None);
    }

    #[test]
    fn the_nearest_reason_is_told() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let entry = |message: Value| {
            json!([{"name": "a", "type": "ollama", "model": "m", "publish": true, "ready": false,
                "inFlight": 0, "message": message}])
        };
        let told = |status: &Status, of: &str| reason(status, &name(of)).unwrap_or_default();
        assert_eq!(
            told(
                &status(entry(json!("no answer")), json!("refused"), json!([])),
                "a"
            ),
            "no answer"
        );
        assert_eq!(
            told(
                &status(entry(Value::Null), json!("refused"), json!([])),
                "a"
            ),
            "refused"
        );
        let broken = status(json!([]), Value::Null, json!(["x", "provider `b`: bad"]));
        assert_eq!(
            (told(&broken, "b"), told(&broken, "c")),
            ("provider `b`: bad".into(), "x".into())
        );
        assert_eq!(
            told(&status(entry(Value::Null), Value::Null, json!([])), "a"),
            ""
        );
    }
}
