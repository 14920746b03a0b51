//! An LLM, and what one would look up next: its load, price and aliases, and its last requests.
//!
//! What can't be fetched, for want of a role or since the server is of another age, is left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::usage::RequestRecord;

use crate::client::{Client, name_of};
use crate::clock::now;
use crate::failure::Result;
use crate::output::columns::{ago, text};
use crate::output::quantity::{latency, money};
use crate::output::{Output, table};
use crate::resource::{Resource, Selection};

/// Requests that are shown.
const REQUESTS: usize = 5;
/// What of an LLM's load is not among its fields already.
const LOAD: [&str; 8] = [
    "breaker",
    "breakerUntil",
    "requests",
    "errors",
    "requestsPerSecond",
    "tokensPerSecond",
    "p50Ms",
    "ttftP50Ms",
];

/// What is around the LLMs. Nothing where a part can't be had.
#[derive(Default)]
pub(super) struct Around {
    load: Option<Value>,
    aliases: Option<Value>,
    prices: Option<Value>,
    /// Of the LLMs that are named; of others they are fetched one by one.
    requests: BTreeMap<String, Value>,
}

impl Around {
    /// Looks all of it up at once, where LLMs are asked for.
    pub(super) async fn look(client: &Client, llms: Option<&Selection>) -> Self {
        let Some(llms) = llms else {
            return Self::default();
        };
        let requests = async {
            let mut requests = BTreeMap::new();
            for name in &llms.names {
                if let Some(answer) = last_requests(client, name.as_str()).await {
                    requests.insert(name.to_string(), answer);
                }
            }
            requests
        };
        let (load, aliases, prices, requests) = tokio::join!(
            client.load(),
            client.list(Resource::Alias),
            client.list(Resource::Price),
            requests
        );
        Self {
            load: load.ok(),
            aliases: aliases.ok(),
            prices: prices.ok(),
            requests,
        }
    }

    /// What is around one, as further fields.
    pub(super) fn of(&self, llm: &Value) -> Map<String, Value> {
        let mut more = Map::new();
        if let Some(load) = self.load_of(name_of(llm)) {
            more.insert("load".into(), shown_load(load).into());
        }
        if let Some((of, price)) = self.price_of(llm) {
            let price = format!("{} (of `{of}`)", in_words(price));
            more.insert("price".into(), price.into());
        }
        if let Some(aliases) = self.aliases_of(llm) {
            more.insert("aliases".into(), aliases.into());
        }
        more
    }

    /// Prints its last requests; gives back the next line.
    pub(super) async fn rest(
        &self,
        client: &Client,
        llm: &Value,
        output: &Output,
    ) -> Result<String> {
        let name = name_of(llm);
        let fetched;
        let requests = match self.requests.get(name) {
            Some(requests) => Some(requests),
            None => {
                fetched = last_requests(client, name).await;
                fetched.as_ref()
            }
        };
        if let Some(requests) = requests {
            events(requests, output)?;
        }
        Ok(next_step(llm, self.load_of(name)))
    }

    fn load_of(&self, name: &str) -> Option<&Map<String, Value>> {
        let mut items = self.load.as_ref()?.get("items")?.as_array()?.iter();
        items.find(|item| item["llm"] == name)?.as_object()
    }

    /// Its own price wins over its model's.
    fn price_of(&self, llm: &Value) -> Option<(String, &Value)> {
        let prices = self.prices.as_ref()?.get("items")?.as_array()?;
        let model = llm.pointer("/spec/model").map(text).unwrap_or_default();
        [name_of(llm).to_owned(), model]
            .into_iter()
            .find_map(|name| {
                let price = prices.iter().find(|price| name_of(price) == name)?;
                Some((name, price))
            })
    }

    /// The aliases that may go to it; `None` where they are not known, or there is none.
    fn aliases_of(&self, llm: &Value) -> Option<Vec<String>> {
        let aliases = self.aliases.as_ref()?.get("items")?.as_array()?;
        let model = llm.pointer("/spec/model");
        let has = |alias: &Value, pointer: &str| {
            let names = alias.pointer(pointer).and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|name| *name == name_of(llm)))
        };
        let uses = |alias: &&Value| {
            ["/status/members", "/spec/llms", "/spec/fallbacks"]
                .iter()
                .any(|pointer| has(alias, pointer))
                || (model.is_some() && alias.pointer("/spec/model") == model)
        };
        let names: Vec<_> = aliases.iter().filter(uses).map(name_of).collect();
        (!names.is_empty()).then(|| names.into_iter().map(Into::into).collect())
    }
}

async fn last_requests(client: &Client, name: &str) -> Option<Value> {
    let query = [("limit", REQUESTS.to_string()), ("llm", name.to_owned())];
    client.requests(&query).await.ok()
}

fn shown_load(load: &Map<String, Value>) -> Map<String, Value> {
    let kept = LOAD.iter().filter_map(|key| {
        let value = load.get(*key)?;
        let shown = match (*key, value) {
            ("breakerUntil", Value::Null) => return None,
            // What can't be told yet.
            ("p50Ms" | "ttftP50Ms", value) => (
                (*key).trim_end_matches("Ms"),
                value.as_u64().map(latency).into(),
            ),
            ("requestsPerSecond" | "tokensPerSecond", value) => (
                *key,
                json!(value.as_f64().map(crate::output::quantity::rate)),
            ),
            (key, value) => (key, value.clone()),
        };
        Some((shown.0.to_owned(), shown.1))
    });
    kept.collect()
}

/// A price in a line.
fn in_words(price: &Value) -> String {
    let usd = |field: &str| price["spec"][field].as_f64();
    let part = |field, word| usd(field).map(|usd| format!("{} {word}", money(usd)));
    let parts = [
        part("input", "in"),
        part("cachedInput", "cached"),
        part("output", "out"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    format!("{} USD per million tokens", parts.join(", "))
}

/// The last requests, newest first.
fn events(requests: &Value, output: &Output) -> Result<()> {
    let items = requests.get("items").cloned().unwrap_or_default();
    let Ok(records) = serde_json::from_value::<Vec<RequestRecord>>(items) else {
        return Ok(());
    };
    if records.is_empty() {
        return output.line("Events:  none recorded");
    }
    let now = now();
    let rows = records.iter().map(|record| {
        let outcome = match serde_json::to_value(record.outcome) {
            Ok(Value::String(word)) => word,
            _ => String::new(),
        };
        vec![
            ago(Some(&json!(record.at)), now).unwrap_or_default(),
            record.principal.clone(),
            record.path.clone(),
            record.status.to_string(),
            outcome,
            record.tokens.input.to_string(),
            record.tokens.output.to_string(),
            latency(record.duration_ms),
        ]
    });
    let headers = [
        "AGE", "WHO", "PATH", "STATUS", "OUTCOME", "IN", "OUT", "TOOK",
    ];
    let width = output.width().map(|width| width.saturating_sub(2));
    let table = table::render(Some(&headers), &rows.collect::<Vec<_>>(), width);
    let table: String = table.lines().map(|line| format!("  {line}\n")).collect();
    output.data(&format!("Events:\n{table}"))
}

/// What to do with it as it stands.
fn next_step(llm: &Value, load: Option<&Map<String, Value>>) -> String {
    let name = name_of(llm);
    let at = |pointer| llm.pointer(pointer).and_then(Value::as_str);
    let breaker = load.and_then(|load| load.get("breaker")?.as_str());
    match (at("/spec/kind"), at("/status/phase")) {
        (Some("virtual"), Some("inactive")) => {
            let whose = at("/metadata/owner").map(|owner| format!(" ({owner}'s)"));
            format!(
                "Nobody serves it now: start `mcplocal run` on the machine that has it{}; where it \
                 runs, mcpctl local publish {name}",
                whose.unwrap_or_default()
            )
        }
        (_, Some("inactive")) => format!(
            "The server can't reach its provider now. Change its url or key: mcpctl edit llm/{name}"
        ),
        (_, Some("hibernating")) => {
            format!("It wakes with the next request: mcpctl chat-llm {name}")
        }
        _ if breaker == Some("open") => format!(
            "Its last requests failed, so it is left out for a while: mcpctl logs llm/{name}"
        ),
        _ if at("/status/lastError").is_some() => {
            format!("Its last error is told above; its requests: mcpctl logs llm/{name}")
        }
        _ => format!("Talk to it: mcpctl chat-llm {name}"),
    }
}
