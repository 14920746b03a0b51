//! `mcpctl get jobs` and `get job ID...`.

use serde_json::{Value, json};
use shared::job::JobId;

use crate::args::Format;
use crate::args::resources::Get;
use crate::args::usage::Ask;
use crate::client::Client;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::{Column, row};
use crate::output::columns::{field, made, since};
use crate::output::{Output, table};
use crate::session::Session;

/// How many jobs are listed where the line does not say.
const DEFAULT_LIMIT: u32 = 50;
/// Jobs on one page of the server's list.
const MAX_PAGE: u32 = 500;

pub(crate) async fn run(
    ids: &[JobId],
    args: &Get,
    session: &Session<'_>,
    output: &Output,
) -> Result<Exit> {
    if args.watch {
        return Err(Failure::usage("lists of jobs can't be watched")
            .hint("`mcpctl jobs watch ID...` follows some, `mcpctl jobs top` shows all"));
    }
    let allowed: &[&str] = match ids {
        [] => &["--status", "--kind", "--limit"],
        _ => &[],
    };
    if let Some(flag) = args.ask.other_than(allowed) {
        return Err(
            Failure::usage(format!("{flag} does not go with these jobs"))
                .hint("`get jobs` takes --status, --kind and --limit"),
        );
    }
    let client = session.client()?;
    if ids.is_empty() {
        let (jobs, more) = pages(&client, &args.ask).await?;
        print(output, &jobs, false)?;
        if jobs.is_empty() {
            output.note("No jobs; submit one with `mcpctl create job`");
        } else if more && for_people(output) {
            output.note(&format!(
                "There are more: --limit {} shows more of them",
                jobs.len() * 10
            ));
        }
        return Ok(Exit::Done);
    }
    let (mut jobs, mut missing) = (Vec::new(), None);
    for id in ids {
        match client.job(id).await {
            Ok(job) => jobs.push(job),
            // One that is missing does not hide those that are there.
            Err(why) if why.exit() == Exit::NotFound => {
                if let Some(before) = missing.replace(why) {
                    output.failure(&before);
                }
            }
            Err(why) => return Err(why),
        }
    }
    print(output, &jobs, ids.len() == 1)?;
    missing.map_or(Ok(Exit::Done), Err)
}

/// Goes through the pages up to the limit. Says whether there is more.
async fn pages(client: &Client, ask: &Ask) -> Result<(Vec<Value>, bool)> {
    let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
    let mut jobs = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let left = limit - u32::try_from(jobs.len()).unwrap_or(limit).min(limit);
        let mut query = vec![("limit", left.min(MAX_PAGE).to_string())];
        query.extend(ask.status.map(|status| ("status", status.to_string())));
        query.extend(ask.kind.clone().map(|kind| ("kind", kind)));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.jobs(&query).await?;
        let Some(Value::Array(found)) = page.get_mut("jobs").map(Value::take) else {
            return Err(Failure::failed("the server's jobs can't be read")
                .hint("`mcpctl version` shows whether server and mcpctl differ"));
        };
        let nothing = found.is_empty();
        jobs.extend(found);
        let next = page.get("next_cursor").and_then(Value::as_str);
        let full = jobs.len() >= limit as usize;
        let more = next.is_some() || jobs.len() > limit as usize;
        jobs.truncate(limit as usize);
        if full || nothing || next.is_none() {
            return Ok((jobs, more && !nothing));
        }
        cursor = next.map(String::from);
    }
}

const fn for_people(output: &Output) -> bool {
    matches!(output.format, Format::Table | Format::Wide)
}

fn print(output: &Output, jobs: &[Value], alone: bool) -> Result<()> {
    match output.format {
        Format::Json | Format::Yaml => match jobs {
            [only] if alone => output.document(only),
            [] if alone => Ok(()),
            _ => output.document(&json!({ "jobs": jobs })),
        },
        Format::Name => jobs.iter().try_for_each(|job| {
            let id = job.get("id").and_then(Value::as_str).unwrap_or_default();
            output.line(&format!("job/{id}"))
        }),
        Format::Table | Format::Wide if jobs.is_empty() => Ok(()),
        Format::Table | Format::Wide => {
            let columns = columns(output.format == Format::Wide);
            let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
            let now = now();
            let rows: Vec<_> = jobs.iter().map(|job| row(&columns, job, now)).collect();
            let headers = (!output.no_headers).then_some(&headers[..]);
            output.data(&table::render(headers, &rows, output.width()))
        }
    }
}

fn columns(wide: bool) -> Vec<Column> {
    let mut columns = vec![
        field("ID", "/id"),
        field("KIND", "/kind"),
        made("STATUS", status),
        made("ATTEMPTS", attempts),
        field("WAITS-FOR", "/waits_for"),
        field("WORKER", "/worker"),
    ];
    if wide {
        columns.extend([
            field("PRIORITY", "/priority"),
            field("SOURCE", "/source"),
            field("ERROR", "/error"),
        ]);
    }
    columns.push(since("AGE", "/queued_at"));
    columns
}

/// A job that somebody took back and that still runs is neither the one nor the other.
fn status(job: &Value) -> String {
    let status = job
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let asked = job.get("cancel_requested").and_then(Value::as_bool);
    match (status, asked) {
        ("running", Some(true)) => "canceling".into(),
        _ => status.into(),
    }
}

fn attempts(job: &Value) -> String {
    let count = |field: &str| job.get(field).and_then(Value::as_u64);
    match (count("attempts"), count("max_attempts")) {
        (Some(attempts), Some(most)) => format!("{attempts}/{most}"),
        (Some(attempts), None) => attempts.to_string(),
        _ => String::new(),
    }
}
