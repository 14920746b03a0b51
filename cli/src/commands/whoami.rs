//! `mcpctl whoami`: principal, token and roles as the server sees them.

use serde_json::Value;

use crate::args::Format;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::columns::text;
use crate::session::Session;

pub(super) async fn run(session: &Session<'_>) -> Result<Exit> {
    let client = session.client()?;
    let me = client.whoami().await?;
    let output = session.output;
    match output.format {
        Format::Json | Format::Yaml => output.document(&me)?,
        Format::Name => output.line(&field(&me, "principal"))?,
        Format::Table | Format::Wide => {
            let roles = me.get("roles").and_then(Value::as_array);
            let roles: Vec<_> = roles.into_iter().flatten().map(text).collect();
            let mut lines = vec![
                ("Principal", field(&me, "principal")),
                ("Token", field(&me, "token")),
                ("Roles", roles.join(", ")),
            ];
            if me.get("expiresAt").is_some_and(|at| !at.is_null()) {
                lines.push(("Expires", field(&me, "expiresAt")));
            }
            lines.push(("Server", client.server().to_string()));
            for (label, value) in lines {
                output.line(&format!("{:<11}{value}", format!("{label}:")))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn field(me: &Value, name: &str) -> String {
    me.get(name).map(text).unwrap_or_default()
}
