//! Which server: the one that the settings name, else one on this machine, else the user's word.

use std::path::Path;
use std::time::Duration;

use home::ServerUrl;
use home::config::Config;

use super::ask::Asker;
use super::say;
use crate::client::Client;
use crate::commands::mcplocal::find_program;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::session::{SERVER_VARIABLE, Session, parse_server, variable};

/// Where mcpd listens when nobody says otherwise.
const USUAL: &str = "http://127.0.0.1:8765";
/// How long a server may take to show that it is one.
const LIMIT: Duration = Duration::from_secs(5);

/// A server that answers.
pub(super) async fn find(session: &Session<'_>, asker: Asker<'_>) -> Result<ServerUrl> {
    let named = is_named(session)?;
    let mut server = if named {
        session.server()?
    } else {
        parse_server(USUAL, "the usual address")?
    };
    loop {
        let why = match answers(session, &server).await {
            Ok(()) => return Ok(server),
            Err(why) => why,
        };
        if !asker.asks {
            return Err(if named { why } else { nowhere() });
        }
        explain(session, named, &server, &why);
        let question = "Server URL (Enter tries again)";
        server = asker.line(question, server.as_str(), |typed| {
            let full = if typed.contains("://") {
                typed.to_owned()
            } else {
                format!("http://{typed}")
            };
            full.parse()
                .map_err(|why: home::server_url::BadServerUrl| why.to_string())
        })?;
    }
}

/// Whether a flag, a variable or the config file names a server.
fn is_named(session: &Session<'_>) -> Result<bool> {
    let config = Config::load(&session.home)?;
    Ok(session.global.server.is_some()
        || session.global.context.is_some()
        || variable(SERVER_VARIABLE).is_some()
        || config.current_context().is_some()
        || config.server().is_some())
}

/// Whether an mcpd answers there. That it asks for a token is answer enough.
async fn answers(session: &Session<'_>, server: &ServerUrl) -> Result<()> {
    let limit = session.global.timeout().unwrap_or(LIMIT);
    let client = Client::new(server.clone(), None, Some(limit), session.output)?;
    match client.whoami().await {
        Err(why) if why.exit() != Exit::Auth => Err(why),
        _ => Ok(()),
    }
}

fn explain(session: &Session<'_>, named: bool, server: &ServerUrl, why: &Failure) {
    let output = session.output;
    if named {
        output.warning(&why.first_line());
        for (label, text) in why.lines().into_iter().skip(1) {
            output.note(&format!("  {label}: {text}"));
        }
        return;
    }
    say::sentence(
        output,
        &format!("No server is configured, and none answers at {server}."),
    );
    let start = start_command();
    let how = format!("Start one by `{start}` in another terminal, or type the URL of one.");
    say::sentence(output, &how);
}

fn start_command() -> String {
    match find_program("mcpd") {
        Some(path) if variable("PATH").is_some_and(|all| !on(&all, &path)) => say::short(&path),
        _ => "mcpd".into(),
    }
}

/// Whether a folder of `all` holds the program.
fn on(all: &str, program: &Path) -> bool {
    std::env::split_paths(all).any(|dir| program.parent() == Some(&dir))
}

fn nowhere() -> Failure {
    Failure::new(Exit::Unavailable, "no server was found")
        .cause(format!("none is configured, and none answers at {USUAL}"))
        .hint(format!(
            "start one by `{}`, or name one: mcpctl init --server URL",
            start_command()
        ))
}
