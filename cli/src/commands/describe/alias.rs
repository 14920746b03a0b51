//! An alias, and who would answer for it now.

use serde_json::Value;

use crate::client::{Client, name_of};
use crate::commands::explain::route;
use crate::failure::Result;
use crate::output::Output;
use crate::output::columns::missing;

/// Prints who would be called, in which order, and why not the others; gives back the next line.
pub(super) async fn describe(
    client: &Client,
    alias: &Value,
    output: &Output,
) -> Result<Option<String>> {
    let name = name_of(alias);
    let Ok(answer) = client.explain_route(name).await else {
        return Ok(Some(format!(
            "Where it goes now: mcpctl explain route {name}"
        )));
    };
    let Ok(explanation) = route::read(&answer) else {
        return Ok(None);
    };
    output.line(&format!("Now:\n  {}", explanation.summary))?;
    if !explanation.candidates.is_empty() {
        let table = route::candidates(&explanation, true, None);
        let table = table.lines().map(|line| format!("  {line}\n"));
        output.data(&table.collect::<String>())?;
    }
    if let Some(first) = missing(alias).first() {
        let next = format!("There is no LLM `{first}` yet; it joins when it comes");
        return Ok(Some(next));
    }
    Ok(Some(match explanation.would_go_to {
        Some(_) => format!("Talk to it: mcpctl chat-llm {name}"),
        None => format!("Nobody can answer now; wait for one: mcpctl get alias {name} -w"),
    }))
}
