//! `mcpctl login URL`: read a token, check it, store it, remember the server.

use home::ServerUrl;
use home::config::Config;
use home::credentials::{CredentialError, Credentials, Source, TOKEN_VARIABLE};
use serde_json::Value;

use crate::args::connect::Login;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::text;
use crate::own_files;
use crate::prompt;
use crate::session::{Session, parse_server, variable};

pub(super) async fn run(args: &Login, session: &Session<'_>) -> Result<Exit> {
    let server = parse_server(&args.url, "URL")?;
    if args.with_token && prompt::can_ask() {
        return Err(Failure::usage("--with-token reads the token from stdin")
            .hint(format!("mcpctl login {server} --with-token < FILE")));
    }
    if !server.is_https() && !server.is_loopback() {
        session.output.warning(&format!(
            "{server} is not encrypted: the token and all prompts can be read on the way"
        ));
    }
    let token = prompt::secret(&format!("Access token for {server}: "))?;
    let client = Client::new(
        server.clone(),
        Some(token.clone()),
        session.global.timeout(),
        session.output,
    )?;
    let me = client.whoami().await.map_err(not_taken)?;
    let context = context_name(session, &server);
    let kept = Credentials::of(&session.home)
        .save(&server, &token, args.insecure_storage)
        .map_err(not_stored)?;
    Config::edit(&session.home, |config| {
        config.put_context(&context, &server);
    })?;
    tell(session, &context, &server, &me, &kept);
    Ok(Exit::Done)
}

/// The user's own word for it, else the one that the server has already, else its address.
pub(super) fn context_name(session: &Session<'_>, server: &ServerUrl) -> String {
    if let Some(name) = &session.global.context {
        return name.clone();
    }
    let config = Config::load(&session.home).ok();
    let contexts = config.map(|config| config.contexts()).unwrap_or_default();
    let known = contexts
        .into_iter()
        .find(|context| context.server == server.as_str());
    known.map_or_else(|| server.authority().to_owned(), |context| context.name)
}

/// A token that was just given is not mended by giving it again.
fn not_taken(why: Failure) -> Failure {
    match why.exit() {
        Exit::Auth => why.hint(
            "give the whole of it, from `mcp_` to its end; an admin makes a new one with \
             `mcpctl create token NAME --role user`",
        ),
        _ => why,
    }
}

fn not_stored(why: CredentialError) -> Failure {
    let failure = Failure::failed("the token is good, but could not be stored").caused_by(&why);
    match why {
        CredentialError::Keyring(_) => failure.hint(
            "unlock the keyring, or store it in a private file with --insecure-storage, or set \
             MCPCTL_TOKEN",
        ),
        CredentialError::File(file) => failure.hint(own_files::hint(&file)),
        CredentialError::Broken { .. } => failure,
    }
}

fn tell(session: &Session<'_>, context: &str, server: &ServerUrl, me: &Value, kept: &Source) {
    let output = session.output;
    let principal = me.get("principal").map(text).unwrap_or_default();
    let roles = me.get("roles").and_then(Value::as_array);
    let roles: Vec<_> = roles.into_iter().flatten().map(text).collect();
    output.note(&format!(
        "Logged in to {server} as `{principal}` ({}); context `{context}`",
        roles.join(", ")
    ));
    if let Source::File(path) = kept {
        let path = path.display();
        output.note(&format!("The token is in {path}, readable by you alone"));
    }
    if variable(TOKEN_VARIABLE).is_some() {
        output.warning("MCPCTL_TOKEN is set and goes before the token just stored");
    }
}
