//! `mcpctl explain route MODEL`: who would answer, and why not the others.

use serde_json::Value;
use shared::route::{Candidate, Explanation, ResolvedAs, Verdict};

use crate::args::Format;
use crate::args::gateway::ExplainRoute;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::quantity::{latency, money};
use crate::output::{Output, table};
use crate::session::Session;

const HEADERS: [&str; 10] = [
    "ORDER",
    "LLM",
    "KIND",
    "PHASE",
    "VERDICT",
    "WHY",
    "IN-FLIGHT",
    "QUEUED",
    "TTFT",
    "PRICE",
];

pub(super) async fn run(args: &ExplainRoute, session: &Session<'_>) -> Result<Exit> {
    let answer = session.client()?.explain_route(&args.model).await?;
    let explanation = read(&answer)?;
    let output = session.output;
    match output.format {
        Format::Json | Format::Yaml => output.document(&answer)?,
        Format::Name => {
            if let Some(llm) = &explanation.would_go_to {
                output.line(&format!("llm/{llm}"))?;
            }
        }
        Format::Table | Format::Wide => print(&explanation, !args.no_headers, output)?,
    }
    Ok(match explanation.would_go_to {
        Some(_) => Exit::Done,
        None => Exit::Unavailable,
    })
}

pub(crate) fn read(answer: &Value) -> Result<Explanation> {
    serde_json::from_value(answer.clone()).map_err(|why| {
        Failure::failed("the server's explanation can't be read")
            .caused_by(&why)
            .hint("`mcpctl version` shows whether server and mcpctl differ; -v shows the answer")
    })
}

fn print(explanation: &Explanation, headers: bool, output: &Output) -> Result<()> {
    output.line(&explanation.summary)?;
    if !explanation.candidates.is_empty() {
        output.line("")?;
        output.data(&candidates(explanation, headers, output.width()))?;
    }
    output.note(&in_words(explanation));
    Ok(())
}

/// Those who may answer, as a table.
pub(crate) fn candidates(explanation: &Explanation, headers: bool, width: Option<u16>) -> String {
    let rows = rows(&explanation.candidates);
    table::render(headers.then_some(&HEADERS[..]), &rows, width)
}

/// How the name was understood, and by which rules the candidates stand as they do.
fn in_words(explanation: &Explanation) -> String {
    let what = match explanation.resolved_as {
        ResolvedAs::Llm => "an LLM",
        ResolvedAs::Alias => "an alias",
        ResolvedAs::Pool => "a model id",
    };
    format!(
        "`{}` is {what}; policy {}; when nobody can take a request: {}",
        explanation.model, explanation.policy, explanation.on_unavailable
    )
}

fn rows(candidates: &[Candidate]) -> Vec<Vec<String>> {
    let mut order = 0;
    let row = |candidate: &Candidate| {
        let verdict = match candidate.verdict {
            Verdict::Chosen => "chosen",
            Verdict::Standby => "standby",
            Verdict::Excluded => "excluded",
        };
        // Those who are left out have no turn.
        let turn = if candidate.verdict == Verdict::Excluded {
            String::new()
        } else {
            order += 1;
            order.to_string()
        };
        vec![
            turn,
            candidate.llm.to_string(),
            candidate.kind.to_string(),
            candidate.phase.to_string(),
            verdict.into(),
            candidate.reason.clone(),
            candidate.in_flight.to_string(),
            candidate.queued.to_string(),
            candidate.ttft_ms.map(latency).unwrap_or_default(),
            candidate.price.map(money).unwrap_or_default(),
        ]
    };
    candidates.iter().map(row).collect()
}
