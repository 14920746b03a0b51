//! `mcpctl __complete KIND PREFIX`: names for a completion script.
//!
//! A person waits for it with a finger on Tab: it answers within [`DEADLINE`], asks a server at
//! most every [`FRESH`], and where something is wrong it says nothing.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use home::config::Config;
use home::{read_private, write_private};
use serde_json::{Value, json};
use shared::timestamp::Timestamp;

use crate::args::Global;
use crate::args::connect::Complete;
use crate::args::usage::View;
use crate::client::{Client, names_in};
use crate::clock::now;
use crate::commands::jobs::ids::is_job;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;
use crate::resource::Resource;
use crate::session::Session;

/// The longest that a person waits.
const DEADLINE: Duration = Duration::from_millis(300);
/// How long names of the server are taken for true.
const FRESH: Duration = Duration::from_secs(30);
/// Jobs that are offered: more than that nobody reads.
const MAX_JOBS: usize = 20;

pub(crate) fn run(args: &Complete, global: &Global, output: &Output) -> Result<Exit> {
    let (found, wait) = mpsc::sync_channel(1);
    let (kind, prefix) = (args.kind.clone(), args.prefix.clone());
    let (global, quiet) = (global.clone(), output.clone());
    let work = move || {
        let names = Session::new(&global, &quiet)
            .map(|session| names(&kind, &prefix, &session))
            .unwrap_or_default();
        // The one who waits may have left.
        let _ = found.send(names);
    };
    let thread = std::thread::Builder::new().name("complete".into());
    if thread.spawn(work).is_err() {
        return Ok(Exit::Done);
    }
    for name in wait.recv_timeout(DEADLINE).unwrap_or_default() {
        output.line(&name)?;
    }
    Ok(Exit::Done)
}

/// The names of a kind that begin with `prefix` and mean nothing to a shell.
fn names(kind: &str, prefix: &str, session: &Session<'_>) -> Vec<String> {
    let mut names = match kind {
        "what" => what(prefix, session, &[]),
        "what-get" => {
            let views = View::ALL.map(View::word).into_iter();
            what(prefix, session, &views.collect::<Vec<_>>())
        }
        "job" => jobs(session),
        "limits" => with_slash("token", Resource::Token, session),
        "route" => [Resource::Alias, Resource::Llm]
            .into_iter()
            .flat_map(|resource| of_server(resource, session))
            .collect(),
        "context" => contexts(session),
        "provider" => providers(session),
        kind => match kind.strip_prefix("of:").unwrap_or(kind) {
            word if is_job(word) => jobs(session),
            word => match Resource::find(word) {
                Some(resource) => of_server(resource, session),
                None => Vec::new(),
            },
        },
    };
    names.retain(|name| name.starts_with(prefix) && name.chars().all(is_plain));
    names
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "-._:/@,".contains(c)
}

/// A type or one of `others`, or `TYPE/NAME` where a slash was typed.
fn what(prefix: &str, session: &Session<'_>, others: &[&str]) -> Vec<String> {
    match prefix.split_once('/') {
        None => {
            // `get llm,sec` goes on behind the last comma.
            let before = prefix.rfind(',').map_or("", |comma| &prefix[..=comma]);
            let each = Resource::ALL.map(|r| format!("{before}{}", r.singular()));
            // What is no resource stands alone.
            let others = others.iter().filter(|_| before.is_empty());
            let others = others.map(|word| (*word).to_owned());
            each.into_iter().chain(others).collect()
        }
        Some((word, _)) if is_job(word) => {
            let ids = jobs(session).into_iter();
            ids.map(|id| format!("{word}/{id}")).collect()
        }
        Some((word, _)) => match Resource::find(word) {
            Some(resource) => with_slash(word, resource, session),
            None => Vec::new(),
        },
    }
}

fn with_slash(word: &str, resource: Resource, session: &Session<'_>) -> Vec<String> {
    let names = of_server(resource, session).into_iter();
    names.map(|name| format!("{word}/{name}")).collect()
}

/// The newest jobs. They are asked for each time: what is half a minute old is not what is meant.
fn jobs(session: &Session<'_>) -> Vec<String> {
    let query = [("limit", MAX_JOBS.to_string())];
    let fetch = || {
        let client = session.client().ok()?;
        let runtime = runtime()?;
        let page = runtime.block_on(client.jobs(&query)).ok()?;
        let jobs = page.get("jobs")?.as_array()?.iter();
        let ids = jobs.filter_map(|job| Some(job.get("id")?.as_str()?.to_owned()));
        Some(ids.collect())
    };
    fetch().unwrap_or_default()
}

fn contexts(session: &Session<'_>) -> Vec<String> {
    let config = Config::load(&session.home).ok();
    let contexts = config.map(|config| config.contexts()).unwrap_or_default();
    contexts.into_iter().map(|context| context.name).collect()
}

fn providers(session: &Session<'_>) -> Vec<String> {
    let Ok(config) = Config::load(&session.home) else {
        return Vec::new();
    };
    let providers = config.field("providers").and_then(Value::as_array);
    let names = providers.into_iter().flatten().filter_map(|provider| {
        let name = provider.get("name")?.as_str()?;
        Some(name.to_owned())
    });
    names.collect()
}

fn of_server(resource: Resource, session: &Session<'_>) -> Vec<String> {
    let Ok(server) = session.server() else {
        return Vec::new();
    };
    let cache = session.home.cache_dir().join(format!(
        "{}-{:016x}.json",
        resource.plural(),
        fnv(server.as_str())
    ));
    if let Some(names) = cached(&cache) {
        return names;
    }
    let Ok(client) = session.client() else {
        return Vec::new();
    };
    let Some(names) = fetch(&client, resource) else {
        return Vec::new();
    };
    let entry = json!({"at": now(), "server": server.as_str(), "names": names});
    // Without a cache the next Tab asks again: slower, not wrong.
    let _ = write_private(&cache, entry.to_string().as_bytes());
    names
}

fn cached(path: &Path) -> Option<Vec<String>> {
    let bytes = read_private(path).ok()??;
    let entry: Value = serde_json::from_slice(&bytes).ok()?;
    let at: Timestamp = entry.get("at")?.as_str()?.parse().ok()?;
    let fresh = now() >= at && now().since(at) < FRESH;
    let names = entry.get("names")?.as_array()?.iter();
    let names = names.filter_map(|name| Some(name.as_str()?.to_owned()));
    fresh.then(|| names.collect())
}

fn runtime() -> Option<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().ok()
}

fn fetch(client: &Client, resource: Resource) -> Option<Vec<String>> {
    let runtime = runtime()?;
    let list = runtime.block_on(client.list(resource)).ok()?;
    Some(names_in(&list).into_iter().map(Into::into).collect())
}

/// FNV-1a: tells servers apart in file names, and is the same in every build.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
