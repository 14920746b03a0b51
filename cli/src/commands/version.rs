//! `mcpctl version`: ours, the server's where one can be asked, and mcplocal's where it runs here.

use std::time::Duration;

use serde_json::{Value, json};

use super::mcplocal;
use crate::args::Format;
use crate::args::connect::Version;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::columns::text;
use crate::session::Session;

const CLIENT: &str = env!("CARGO_PKG_VERSION");
/// How long mcplocal may think.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) async fn run(args: &Version, session: &Session<'_>) -> Result<Exit> {
    let output = session.output;
    let (server, daemon) = match args.client {
        true => (None, None),
        false => (server(session).await, daemon(session)),
    };
    match output.format {
        Format::Json | Format::Yaml => {
            let versions = json!({"client": CLIENT, "server": server, "mcplocal": daemon});
            output.document(&versions)?;
        }
        _ => {
            output.line(&format!("Client:   {CLIENT}"))?;
            if !args.client {
                output.line(&format!("Server:   {}", server.as_deref().unwrap_or("-")))?;
                output.line(&format!("mcplocal: {}", daemon.as_deref().unwrap_or("-")))?;
            }
        }
    }
    for (who, version) in [("the server", &server), ("mcplocal", &daemon)] {
        if let Some(version) = version.as_deref().filter(|version| *version != CLIENT) {
            output.note(&format!(
                "{who} is {version}, this is {CLIENT}: most things work between neighbours; update the older one"
            ));
        }
    }
    Ok(Exit::Done)
}

/// Our own version is worth knowing above all when the server is away.
async fn server(session: &Session<'_>) -> Option<String> {
    let asked = async { session.client()?.whoami().await };
    let me: Result<Value> = asked.await;
    match me {
        Ok(me) => me.get("serverVersion").map(text),
        Err(failure) => {
            let why = failure.first_line();
            let output = session.output;
            output.note(&format!("The server's version is not known: {why}"));
            None
        }
    }
}

/// None where it does not run: not every machine publishes something.
fn daemon(session: &Session<'_>) -> Option<String> {
    let status = mcplocal::status(&session.home, LIMIT).ok()?;
    Some(status.version)
}
