//! What `init` tells of what it found and did.

use home::providers::Put;
use serde_json::json;

use super::ask::Asker;
use super::plan::Offer;
use super::say;
use crate::args::init::Init;
use crate::commands::detect::{Found, Kind, ports};
use crate::output::table;
use crate::session::Session;

/// The servers that answer, and those that were named and don't.
pub(super) fn found(found: &[Found], args: &Init, session: &Session<'_>) {
    let output = session.output;
    for server in found {
        let what = match server.models.as_deref() {
            None => "it wants a key".to_owned(),
            Some([]) => "no models".to_owned(),
            Some([_]) => "1 model".to_owned(),
            Some(models) => format!("{} models", models.len()),
        };
        let (label, base) = (server.label(), &server.base);
        say::line(output, "Found", &format!("{label} at {base}: {what}"));
        match server.models.as_deref() {
            None => tell_key(server, session),
            Some([]) if server.kind == Kind::Ollama => {
                say::line(output, "", "`ollama pull llama3.2:3b` would bring one");
            }
            Some(_) => {}
        }
    }
    let missed = args.provider.iter().filter(|url| {
        let base = ports::base_of(url).ok();
        !found.iter().any(|found| Some(&found.base) == base.as_ref())
    });
    for url in missed {
        output.warning(&format!("no model server answers at {url}"));
    }
    if found.is_empty() {
        let none = "no model server on the usual ports; --provider URL names one elsewhere";
        say::line(output, "Found", none);
    }
}

/// What to do about a server that wants a key. The entry stands on a line of its own, to be copied.
fn tell_key(server: &Found, session: &Session<'_>) {
    let config = say::short(&session.home.config_path());
    let todo = format!("put the key into a file, and this into `providers` of {config}:");
    say::line(session.output, "", &todo);
    let entry = json!({"name": "NAME", "type": server.kind.provider_type(), "url": server.url(),
        "model": "ID", "apiKey": {"file": "PATH"}, "publish": true});
    session.output.note(&entry.to_string());
}

/// The numbered list to choose from.
pub(super) fn offers(offers: &[Offer], asker: Asker<'_>) {
    let rows = offers.iter().enumerate().map(|(at, offer)| {
        let note = match (offer.is_published, offer.embeds) {
            (true, _) => "published",
            (false, true) => "embeddings",
            (false, false) => "chat",
        };
        let number = (at + 1).to_string();
        vec![
            number,
            offer.model.clone(),
            offer.server.clone(),
            note.into(),
            offer.name.to_string(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let headers = ["NO", "MODEL", "SERVER", "FOR", "AS"];
    let table = table::render(Some(&headers), &rows, asker.output.width());
    asker.output.note(&format!("\n{table}"));
}

/// What became of config.json.
pub(super) fn written(written: &[Put], chosen: &[Offer], session: &Session<'_>) {
    let path = session.home.config_path();
    let of = |wanted: Put| {
        let both = written.iter().zip(chosen);
        let names = both
            .filter(|(put, _)| **put == wanted)
            .map(|(_, offer)| offer.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    for (put, what) in [
        (Put::Added, "added"),
        (Put::Published, "now published"),
        (Put::Kept, "there already"),
    ] {
        let names = of(put);
        if !names.is_empty() {
            let path = say::short(&path);
            say::line(session.output, "Config", &format!("{path}: {names} {what}"));
        }
    }
}

/// What to type next.
pub(super) fn next(chosen: &[Offer], session: &Session<'_>) {
    let talk = chosen.iter().find(|offer| !offer.embeds);
    let talk = talk.map(|offer| format!("mcpctl chat-llm {}", offer.name));
    let mut lines = String::from("\nNext:\n");
    let all = [
        (talk.as_deref(), "talk to it"),
        (Some("mcpctl get llm"), "what can be called"),
        (Some("mcpctl local status"), "what this machine publishes"),
        (Some("mcpctl doctor"), "look for what is wrong"),
    ];
    let all: Vec<_> = all
        .into_iter()
        .filter_map(|(command, why)| Some((command?, why)))
        .collect();
    let width = all
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    for (command, why) in all {
        lines += &format!("  {command:width$}  {why}\n");
    }
    session.output.note(lines.trim_end());
}
