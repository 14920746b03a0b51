//! `mcpctl init`: from nothing to a model that answers by its name.
//!
//! ```text
//! server ─► token ─┐
//! detect ──────────┴► plan ─► choice ─► (all questions answered) ─► written ─► daemon ─► rows
//! ```
//!
//! Nothing is written before the last question, so Ctrl-C leaves everything as it was.

use home::ServerUrl;
use home::config::Config;
use home::providers::Put;
use serde_json::{Value, json};

use super::detect::{self, Found, ports};
use crate::args::init::Init;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::table;
use crate::prompt;
use crate::resource::Resource;
use crate::session::Session;

mod ask;
mod choice;
mod daemon;
mod names;
mod plan;
mod rows;
mod server;
mod token;

use ask::Asker;
use plan::{Offer, Registry};

pub(super) async fn run(args: &Init, session: &Session<'_>) -> Result<Exit> {
    let output = session.output;
    let asker = Asker {
        output,
        asks: !args.yes && !args.dry_run && !args.token_stdin,
    };
    check_line(args, asker)?;
    let program = if args.dry_run {
        None
    } else {
        Some(daemon::program()?)
    };

    let server = server::find(session, asker).await?;
    let config = Config::load(&session.home)?;
    may_move(&config, &server, session, asker)?;
    let mut login = token::find(args, &server, session, asker).await?;
    output.note(&format!(
        "Server     {server} (mcpd {})",
        login.server_version
    ));
    output.note(&format!(
        "Logged in  as `{}` ({})",
        login.principal,
        login.roles.join(", ")
    ));

    let found = detect(args).await?;
    let rows = login.client.list(Resource::Llm).await?;
    let session_id = std::fs::read_to_string(session.home.provider_session_path()).ok();
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let registry = Registry {
        rows: &rows,
        principal: &login.principal,
        session: session_id.as_deref().map(str::trim),
        host: &host,
    };
    let offers = plan::offers(&found, &config, &registry);
    tell_found(&found, args, session);
    let chosen = choose(args, &offers, asker)?;
    login.offer_lesser(&host, asker)?;

    // A change that can't be made as a whole is not made at all.
    let edit = |config: &mut Config| {
        let mut next = config.clone();
        let written = write(&mut next, &chosen, &server, session)?;
        *config = next;
        Ok::<_, Failure>(written)
    };
    if args.dry_run {
        let mut config = config;
        edit(&mut config)?;
        output.document(&Value::Object(config.root_mut().clone()))?;
        return Ok(Exit::Done);
    }
    login.keep(args, session, asker).await?;
    let written = Config::edit(&session.home, edit)??;
    tell_written(&written, &chosen, session);
    let Some(program) = program.filter(|_| !chosen.is_empty()) else {
        output.note("Nothing to publish. Run `mcpctl init` again when a model server runs here.");
        return Ok(Exit::Done);
    };
    let status = daemon::bring_up(&program, args.no_service, session).await?;
    if status.server.as_deref() != Some(server.as_str()) {
        let other = status.server.as_deref().unwrap_or("no server");
        output.warning(&format!(
            "the running mcplocal publishes to {other}: MCPCTL_SERVER is set for it; restart it without"
        ));
    }
    let names: Vec<_> = chosen.iter().map(|offer| offer.name.clone()).collect();
    let all_active = rows::wait(&names, &login.client, &session.home, output).await?;
    if !all_active {
        output.note("\n`mcpctl doctor` looks for what is wrong; `mcpctl local logs` shows more.");
        return Ok(Exit::Unavailable);
    }
    tell_next(&chosen, session);
    Ok(Exit::Done)
}

fn check_line(args: &Init, asker: Asker<'_>) -> Result<()> {
    if args.token_stdin && !args.yes && !args.dry_run {
        return Err(
            Failure::usage("--token-stdin takes stdin, so nothing can be asked")
                .hint("mcpctl init --yes --token-stdin < FILE"),
        );
    }
    if args.token_stdin && prompt::can_ask() {
        return Err(Failure::usage("--token-stdin reads the token from stdin")
            .hint("mcpctl init --yes --token-stdin < FILE"));
    }
    if asker.asks && !prompt::can_ask() {
        return Err(
            Failure::usage("`mcpctl init` asks questions, and stdin is no terminal")
                .hint("`mcpctl init --yes` takes the defaults; --publish NAME picks models"),
        );
    }
    Ok(())
}

/// The model servers of this machine, and those that the line names.
async fn detect(args: &Init) -> Result<Vec<Found>> {
    let mut bases = ports::usual()?;
    for url in &args.provider {
        let base = ports::base_of(url)?;
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    Ok(detect::all(bases).await)
}

/// mcplocal publishes to one server: moving it takes its models away from the other.
fn may_move(
    config: &Config,
    server: &ServerUrl,
    session: &Session<'_>,
    asker: Asker<'_>,
) -> Result<()> {
    let Some(before) = config.server().filter(|before| {
        let before: Option<ServerUrl> = before.parse().ok();
        before.as_ref() != Some(server)
    }) else {
        return Ok(());
    };
    let is_named = session.global.server.is_some() || session.global.context.is_some();
    let question = format!("mcplocal publishes to {before} so far. Publish to {server} instead?");
    let agreed = if asker.asks {
        asker.confirm(&question, false)?
    } else {
        is_named
    };
    if agreed {
        return Ok(());
    }
    Err(
        Failure::failed(format!("mcplocal publishes to {before}, not to {server}"))
            .cause("one mcplocal publishes to one server; nothing was changed")
            .hint(format!(
                "`mcpctl init --server {before}`, or --server {server} to move it"
            )),
    )
}

fn tell_found(found: &[Found], args: &Init, session: &Session<'_>) {
    let output = session.output;
    for server in found {
        let what = match server.models.as_deref() {
            None => "wants a key".to_owned(),
            Some([]) => "no models".to_owned(),
            Some([_]) => "1 model".to_owned(),
            Some(models) => format!("{} models", models.len()),
        };
        output.note(&format!(
            "Found      {} at {}: {what}",
            server.label(),
            server.base
        ));
        if server.models.is_none() {
            output.note(&format!(
                "           store its key in a file, add it to {} by hand, and run `mcpctl init` again:\n           \
                 {}",
                session.home.config_path().display(),
                json!({"name": "NAME", "type": server.kind.provider_type(), "url": server.url(),
                    "model": "ID", "apiKey": {"file": "PATH"}, "publish": true})
            ));
        } else if server.models.as_deref() == Some(&[]) && server.kind == detect::Kind::Ollama {
            output.note("           `ollama pull llama3.2:3b` would bring one");
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
        output.note("Found      no model server on the usual ports of this machine; --provider URL names one");
    }
}

/// The offers that are to be published.
fn choose(args: &Init, offers: &[Offer], asker: Asker<'_>) -> Result<Vec<Offer>> {
    let picked = if !args.publish.is_empty() {
        plan::named(offers, &args.publish)?
    } else if asker.asks {
        show(offers, asker);
        let question = "Publish which? Numbers such as 1,3-5, `all` or `none`";
        asker.line(question, &plan::proposal(offers), |typed| {
            choice::read(typed, offers.len())
        })?
    } else {
        let picked = plan::unasked(offers);
        let left = offers.iter().filter(|offer| !offer.embeds).count();
        if left > plan::MOST_UNASKED {
            asker.output.note(&format!(
                "Publishing the first {} of {left} chat models; --publish NAME picks others",
                plan::MOST_UNASKED
            ));
        }
        picked
    };
    Ok(picked.into_iter().map(|at| offers[at].clone()).collect())
}

fn show(offers: &[Offer], asker: Asker<'_>) {
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

/// Writes the choice into `config`. Entries that are there are never lost.
fn write(
    config: &mut Config,
    chosen: &[Offer],
    server: &ServerUrl,
    session: &Session<'_>,
) -> Result<Vec<Put>> {
    let current = config
        .current_context()
        .and_then(|name| config.context(name));
    if current.is_none_or(|context| context.server != server.as_str()) {
        config.put_context(&super::login::context_name(session, server), server);
    }
    config.set_server(server);
    let put = |offer: &Offer| match config.put_provider(offer.entry()) {
        Put::NoList => Err(Failure::failed("`providers` in config.json is no array")
            .hint("make it one by hand: \"providers\": [ ... ]")),
        Put::NameTaken => Err(Failure::new(
            Exit::Conflict,
            format!("config.json has another provider `{}` now", offer.name),
        )
        .hint("run `mcpctl init` again")),
        put => Ok(put),
    };
    chosen.iter().map(put).collect()
}

fn tell_written(written: &[Put], chosen: &[Offer], session: &Session<'_>) {
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
            session
                .output
                .note(&format!("Config     {}: {names} {what}", path.display()));
        }
    }
}

fn tell_next(chosen: &[Offer], session: &Session<'_>) {
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
