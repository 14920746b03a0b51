//! `mcpctl version`: ours, and the server's where one can be asked.

use serde_json::{Value, json};

use crate::args::Format;
use crate::args::connect::Version;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::columns::text;
use crate::session::Session;

const CLIENT: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn run(args: &Version, session: &Session<'_>) -> Result<Exit> {
    let output = session.output;
    let server = if args.client {
        None
    } else {
        match ask(session).await {
            Ok(version) => version,
            // Our own version is worth knowing above all when the server is away.
            Err(failure) => {
                output.note(&format!(
                    "The server's version is not known: {}",
                    failure.lines().first().map_or("", |(_, text)| text)
                ));
                None
            }
        }
    };
    match output.format {
        Format::Json | Format::Yaml => {
            output.document(&json!({"client": CLIENT, "server": server}))?;
        }
        _ => {
            output.line(&format!("Client: {CLIENT}"))?;
            if !args.client {
                output.line(&format!("Server: {}", server.as_deref().unwrap_or("-")))?;
            }
        }
    }
    Ok(Exit::Done)
}

async fn ask(session: &Session<'_>) -> Result<Option<String>> {
    let me: Value = session.client()?.whoami().await?;
    Ok(me.get("serverVersion").map(text))
}
