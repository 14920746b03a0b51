//! `mcpctl get usage`, `get requests`, `get costs`: what was asked, and what it cost.

use serde_json::Value;
use shared::usage::{CostSummary, Outcome, RequestRecord, Tokens, UsageList, UsageRow};

use crate::args::Format;
use crate::args::resources::Get;
use crate::args::usage::{Ask, By, View, month_start};
use crate::client::Client;
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::quantity::{latency, money};
use crate::output::{Output, table};
use crate::session::Session;

/// How many requests are listed where the line does not say.
const DEFAULT_LIMIT: u32 = 50;

pub(super) async fn run(
    view: View,
    args: &Get,
    session: &Session<'_>,
    output: &Output,
) -> Result<Exit> {
    let allowed: &[&str] = match view {
        View::Usage => &["--by", "--since", "--until", "--llm", "--principal"],
        View::Requests => &["--limit", "--llm"],
        View::Costs => &["--period"],
    };
    let word = view.word();
    if let Some(flag) = args.ask.other_than(allowed) {
        return Err(Failure::usage(format!("{flag} does not go with `{word}`"))
            .hint(format!("`{word}` takes {}", allowed.join(", "))));
    }
    if args.what.len() > 1 || args.watch {
        return Err(
            Failure::usage(format!("`{word}` stands alone behind `get`")).hint(
                "choose by flags, such as --llm NAME; `mcpctl top llm` shows what happens now",
            ),
        );
    }
    if output.format == Format::Name && view != View::Requests {
        return Err(Failure::usage(format!("`{word}` has no names to print")).hint("use -o json"));
    }
    let client = session.client()?;
    match view {
        View::Usage => usage(&args.ask, &client, output).await?,
        View::Requests => requests(&args.ask, &client, output).await?,
        View::Costs => costs(&args.ask, &client, output).await?,
    }
    Ok(Exit::Done)
}

async fn usage(ask: &Ask, client: &Client, output: &Output) -> Result<()> {
    let by = if ask.by.is_empty() {
        vec![By::Llm]
    } else {
        ask.by.clone()
    };
    if by.contains(&By::Day) && by.contains(&By::Hour) {
        return Err(Failure::usage("sums are by day or by hour, not by both"));
    }
    let since = ask.since.unwrap_or_else(|| month_start(now()));
    if let Some(until) = ask.until.filter(|until| *until <= since) {
        return Err(Failure::usage(format!(
            "--until {until} is not after --since {since}"
        )));
    }
    let words: Vec<_> = by.iter().map(|by| by.as_str()).collect();
    let mut query = vec![("by", words.join(",")), ("since", since.to_string())];
    query.extend(ask.until.map(|until| ("until", until.to_string())));
    query.extend(ask.llm.clone().map(|llm| ("llm", llm)));
    query.extend(ask.principal.clone().map(|who| ("principal", who)));
    let answer = client.usage(&query).await?;
    if !for_people(output) {
        return output.document(&answer);
    }
    let list: UsageList = read(&answer, "usage")?;
    let since = list.since.unwrap_or(since).to_string();
    // A midnight is a day.
    let since = since.strip_suffix("T00:00:00.000Z").unwrap_or(&since);
    if list.items.is_empty() {
        output.note(&format!("Nothing was used since {since}"));
        return Ok(());
    }
    let wide = output.format == Format::Wide;
    let (headers, rows) = usage_table(&by, &list.items, wide);
    print(output, &headers, &rows)?;
    let total = sum(&list.items);
    output.note(&format!(
        "Total: {} requests, {} tokens in, {} out, {} USD since {since}",
        total.requests,
        total.tokens.input,
        total.tokens.output,
        money(total.cost_usd)
    ));
    Ok(())
}

fn usage_table(by: &[By], items: &[UsageRow], wide: bool) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let mut headers: Vec<_> = by.iter().map(|by| header(*by)).collect();
    headers.extend(["REQUESTS", "ERRORS", "CANCELLED", "CACHE-HITS", "IN"]);
    if wide {
        headers.extend(["CACHED", "OUT", "REASONING", "ESTIMATED", "COST-USD"]);
    } else {
        headers.extend(["OUT", "COST-USD"]);
    }
    let row = |item: &UsageRow| {
        let key = |by: &By| {
            let key = match by {
                By::Llm => &item.llm,
                By::Principal => &item.principal,
                By::Token => &item.token,
                By::Provider => &item.provider,
                By::Day | By::Hour => &item.time,
            };
            key.clone().unwrap_or_default()
        };
        let mut row: Vec<_> = by.iter().map(key).collect();
        let counts = [
            item.requests,
            item.errors,
            item.cancelled,
            item.cache_hits,
            item.tokens.input,
        ];
        row.extend(counts.map(|count| count.to_string()));
        if wide {
            row.push(item.tokens.cached.to_string());
        }
        row.push(item.tokens.output.to_string());
        if wide {
            row.push(item.tokens.reasoning.to_string());
            row.push(item.estimated.to_string());
        }
        row.push(money(item.cost_usd));
        row
    };
    let rows = items.iter().map(row).collect();
    (headers, rows)
}

const fn header(by: By) -> &'static str {
    match by {
        By::Llm => "LLM",
        By::Principal => "PRINCIPAL",
        By::Token => "TOKEN",
        By::Provider => "PROVIDER",
        By::Day => "DAY",
        By::Hour => "HOUR",
    }
}

fn sum(items: &[UsageRow]) -> UsageRow {
    let mut total = UsageRow::default();
    for item in items {
        total.requests += item.requests;
        total.tokens += item.tokens;
        total.cost_usd += item.cost_usd;
    }
    total
}

async fn requests(ask: &Ask, client: &Client, output: &Output) -> Result<()> {
    let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
    let mut query = vec![("limit", limit.to_string())];
    query.extend(ask.llm.clone().map(|llm| ("llm", llm)));
    let mut answer = client.requests(&query).await?;
    if let (Some(llm), Some(Value::Array(items))) = (&ask.llm, answer.get_mut("items")) {
        // A server that does not filter by LLM sends all of them.
        items.retain(|item| item.get("llm").and_then(Value::as_str) == Some(llm));
    }
    let items = answer.get("items").cloned().unwrap_or_default();
    match output.format {
        Format::Json | Format::Yaml => output.document(&answer),
        Format::Name => {
            let records: Vec<RequestRecord> = read(&items, "requests")?;
            records
                .iter()
                .try_for_each(|record| output.line(&record.id))
        }
        Format::Table | Format::Wide => {
            let records: Vec<RequestRecord> = read(&items, "requests")?;
            if records.is_empty() {
                output.note("No requests are recorded");
                return Ok(());
            }
            let (headers, rows) = request_table(&records, output.format == Format::Wide);
            print(output, &headers, &rows)
        }
    }
}

fn request_table(records: &[RequestRecord], wide: bool) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let mut headers = vec![
        "TIME",
        "LLM",
        "MODEL",
        "PRINCIPAL",
        "STATUS",
        "OUTCOME",
        "TRIES",
        "IN",
        "OUT",
        "TTFT",
        "TOOK",
        "COST-USD",
    ];
    if wide {
        headers.extend(["CACHED", "REASONING", "TOKEN", "PROVIDER", "PATH", "ID"]);
    }
    let row = |record: &RequestRecord| {
        let Tokens {
            input,
            output,
            cached,
            reasoning,
        } = record.tokens;
        // `~` marks what was counted here and not told by the provider.
        let about = if record.estimated { "~" } else { "" };
        let mut row = vec![
            record.at.map(|at| at.to_string()).unwrap_or_default(),
            record.llm.clone(),
            record.model.clone(),
            record.principal.clone(),
            record.status.to_string(),
            outcome(record).into(),
            record.attempts.to_string(),
            format!("{about}{input}"),
            format!("{about}{output}"),
            record.ttft_ms.map(latency).unwrap_or_default(),
            latency(record.duration_ms),
            money(record.cost_usd),
        ];
        if wide {
            row.extend([cached, reasoning].map(|count| count.to_string()));
            let rest = [&record.token, &record.provider, &record.path, &record.id];
            row.extend(rest.map(Clone::clone));
        }
        row
    };
    (headers, records.iter().map(row).collect())
}

async fn costs(ask: &Ask, client: &Client, output: &Output) -> Result<()> {
    let period = ask.period.unwrap_or_default();
    let answer = client.costs(period.as_str()).await?;
    if !for_people(output) {
        return output.document(&answer);
    }
    let summary: CostSummary = read(&answer, "costs")?;
    let period = period.as_str();
    if summary.by_provider.is_empty() {
        output.note(&format!("Nothing was asked this {period}"));
        return Ok(());
    }
    let rows = summary.by_provider.iter().map(|cost| {
        vec![
            cost.provider.clone(),
            cost.jobs.to_string(),
            cost.tokens_in.to_string(),
            cost.tokens_out.to_string(),
            money(cost.cost_usd),
        ]
    });
    let headers = ["PROVIDER", "REQUESTS", "IN", "OUT", "COST-USD"];
    print(output, &headers, &rows.collect::<Vec<_>>())?;
    output.note(&format!(
        "Total: {} requests, {} USD this {period}",
        summary.total_requests,
        money(summary.total_cost_usd)
    ));
    Ok(())
}

const fn for_people(output: &Output) -> bool {
    matches!(output.format, Format::Table | Format::Wide)
}

fn print(output: &Output, headers: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let headers = (!output.no_headers).then_some(headers);
    output.data(&table::render(headers, rows, output.width()))
}

fn read<T: for<'de> serde::Deserialize<'de>>(answer: &Value, what: &str) -> Result<T> {
    serde_json::from_value(answer.clone()).map_err(|why| {
        Failure::failed(format!("the server's {what} can't be read"))
            .caused_by(&why)
            .hint("`-o json` prints the answer as it is; `mcpctl version` shows both versions")
    })
}

/// How a request ended, in a word.
pub(super) fn outcome(record: &RequestRecord) -> &'static str {
    match record.outcome {
        Outcome::Ok if record.cache_hit => "cached",
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::Cancelled => "cancelled",
    }
}
