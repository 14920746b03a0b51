//! The access token: one that works already, else one that is given. Stored only at the end.

use std::path::PathBuf;

use home::ServerUrl;
use home::credentials::{CredentialError, Credentials, Source, TOKEN_VARIABLE};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::ask::Asker;
use super::say;
use crate::args::init::Init;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::text;
use crate::prompt;
use crate::resource::Resource;
use crate::session::{Session, variable};

/// A token that the server knows.
pub(super) struct Login {
    pub(super) client: Client,
    pub(super) principal: String,
    pub(super) roles: Vec<String>,
    token: SecretString,
    /// Where it is kept already; `None` where it is still to be stored.
    kept: Option<Source>,
    /// The name of a token of lesser rights that is to be made and stored in its place.
    lesser: Option<String>,
}

/// Finds a token that may publish.
pub(super) async fn find(
    args: &Init,
    server: &ServerUrl,
    session: &Session<'_>,
    asker: Asker<'_>,
) -> Result<Login> {
    if args.token_stdin {
        return check(prompt::secret("")?, None, server, session).await;
    }
    if let Some(login) = known(server, session, asker).await? {
        return Ok(login);
    }
    if !asker.asks {
        let failure = Failure::new(Exit::Auth, format!("no access token for {server}"));
        let from = admin_token(server).map_or("FILE".into(), |path| path.display().to_string());
        return Err(failure.hint(format!(
            "give one on stdin: mcpctl init --yes --token-stdin < {from}; or set MCPCTL_TOKEN"
        )));
    }
    if let Some(login) = left_by_mcpd(server, session, asker).await? {
        return Ok(login);
    }
    if !server.is_https() && !server.is_loopback() {
        session.output.warning(&format!(
            "{server} is not encrypted: the token and all prompts can be read on the way"
        ));
    }
    let whence = "An admin makes a token by `mcpctl create token NAME --role publisher,user`. \
                  mcpd's own first one is in admin.token, in its data folder.";
    say::sentence(session.output, whence);
    loop {
        let token = prompt::secret(&format!("Access token for {server} (not shown): "));
        let token = match token {
            Err(why) if why.exit() == Exit::Failure => {
                session.output.warning("nothing was typed; Ctrl-C leaves");
                continue;
            }
            token => token?,
        };
        match check(token, None, server, session).await {
            Err(why) if why.exit() == Exit::Auth => session.output.warning(&why.first_line()),
            login => return login,
        }
    }
}

/// The one that `mcpctl` would use. One that the server refuses is no login.
async fn known(
    server: &ServerUrl,
    session: &Session<'_>,
    asker: Asker<'_>,
) -> Result<Option<Login>> {
    let (token, source) = match Credentials::of(&session.home).lookup(server) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(CredentialError::Keyring(why)) if asker.asks => {
            session.output.warning(&why.to_string());
            return Ok(None);
        }
        Err(why) => return Err(why.into()),
    };
    let kept = Some(source.clone()).filter(|source| *source != Source::Environment);
    match check(token, kept, server, session).await {
        Err(why) if why.exit() == Exit::Auth && asker.asks && source != Source::Environment => {
            let why = why.first_line();
            session
                .output
                .warning(&format!("the token in {source} does not do: {why}"));
            Ok(None)
        }
        login => login.map(Some),
    }
}

/// The admin's token that an mcpd of this user left on its first start. It is sent only to whom its
/// owner says: somebody else may listen on this machine.
async fn left_by_mcpd(
    server: &ServerUrl,
    session: &Session<'_>,
    asker: Asker<'_>,
) -> Result<Option<Login>> {
    let Some(path) = admin_token(server) else {
        return Ok(None);
    };
    let shown = say::short(&path);
    if !asker.confirm(&format!("Log in with the token in {shown}?"), true)? {
        return Ok(None);
    }
    let token = std::fs::read_to_string(&path).unwrap_or_default();
    let token = SecretString::from(token.trim().to_owned());
    match check(token, None, server, session).await {
        Err(why) if why.exit() == Exit::Auth => {
            // Of another mcpd, or replaced since.
            session
                .output
                .warning(&format!("it does not do: {}", why.first_line()));
            Ok(None)
        }
        login => login.map(Some),
    }
}

/// Where it is, for a server on this machine.
fn admin_token(server: &ServerUrl) -> Option<PathBuf> {
    let below = |name: &str, path: &str| Some(PathBuf::from(variable(name)?).join(path));
    let dir = variable("MCPD_DATA_DIR")
        .map(PathBuf::from)
        .or_else(|| below("XDG_DATA_HOME", "mcpd"))
        .or_else(|| below("HOME", ".local/share/mcpd"))
        .filter(|_| server.is_loopback())?;
    Some(dir.join("admin.token")).filter(|path| path.is_file())
}

/// Whom the server takes its bearer for.
///
/// Errors: `Auth` where the server does not know it, or it may not publish.
async fn check(
    token: SecretString,
    kept: Option<Source>,
    server: &ServerUrl,
    session: &Session<'_>,
) -> Result<Login> {
    let timeout = session.global.timeout();
    let client = Client::new(server.clone(), Some(token.clone()), timeout, session.output)?;
    let me = client.whoami().await?;
    let roles = me.get("roles").and_then(Value::as_array);
    let roles: Vec<String> = roles.into_iter().flatten().map(text).collect();
    if !roles
        .iter()
        .any(|role| role == "admin" || role == "publisher")
    {
        let what = format!(
            "this token may not publish: its roles are {}",
            roles.join(", ")
        );
        return Err(Failure::new(Exit::Auth, what)
            .hint("an admin makes one: mcpctl create token NAME --role publisher,user"));
    }
    Ok(Login {
        principal: me.get("principal").map(text).unwrap_or_default(),
        roles,
        client,
        token,
        kept,
        lesser: None,
    })
}

impl Login {
    /// Asks whether a new admin's token is to be kept here, or one that may do less.
    pub(super) fn offer_lesser(&mut self, host: &str, asker: Asker<'_>) -> Result<()> {
        if self.kept.is_some() || !asker.asks || !self.roles.iter().any(|role| role == "admin") {
            return Ok(());
        }
        let question = "Keep a token here that may only publish and call, not the admin's?";
        // On the server's own machine its admin is at home.
        if asker.confirm(question, !self.client.server().is_loopback())? {
            self.lesser = Some(super::names::from_model(host));
        }
        Ok(())
    }

    /// Stores what is still to be stored, and says where.
    pub(super) async fn keep(
        &mut self,
        args: &Init,
        session: &Session<'_>,
        asker: Asker<'_>,
    ) -> Result<()> {
        if self.kept.is_some() {
            return Ok(());
        }
        if let Some(name) = self.lesser.take() {
            self.make_lesser(&name, session).await?;
        }
        let credentials = Credentials::of(&session.home);
        let server = self.client.server();
        let kept = match credentials.save(server, &self.token, args.insecure_storage) {
            Err(CredentialError::Keyring(why)) if asker.asks => {
                session.output.warning(&why.to_string());
                if !asker.confirm("Store the token in a private file instead?", true)? {
                    return Err(Failure::interrupted());
                }
                credentials.save(server, &self.token, true)
            }
            kept => kept,
        };
        let kept = kept.map_err(|why| {
            Failure::failed("the token is good, but could not be stored")
                .caused_by(&why)
                .hint("unlock the keyring, or add --insecure-storage for a private file")
        })?;
        let output = session.output;
        match &kept {
            Source::File(path) => {
                let path = say::short(path);
                say::line(
                    output,
                    "Token",
                    &format!("in {path}, readable by you alone"),
                );
            }
            kept => say::line(output, "Token", &format!("in {kept}")),
        }
        if variable(TOKEN_VARIABLE).is_some() {
            say::line(
                output,
                "",
                "MCPCTL_TOKEN is set too, and goes before it in this shell",
            );
        }
        self.kept = Some(kept);
        Ok(())
    }

    async fn make_lesser(&mut self, host: &str, session: &Session<'_>) -> Result<()> {
        let names = std::iter::once(host.to_owned()).chain((2..10).map(|n| format!("{host}-{n}")));
        let mut last = None;
        for name in names {
            let body =
                json!({"name": name, "principal": self.principal, "roles": ["publisher", "user"]});
            match self.client.create(Resource::Token, &body).await {
                Ok(made) => {
                    let value = made.pointer("/status/value").and_then(Value::as_str);
                    self.token = value.unwrap_or_default().to_owned().into();
                    let made = format!("`{name}` made, with the roles publisher and user");
                    say::line(session.output, "Token", &made);
                    return Ok(());
                }
                Err(why) if why.exit() == Exit::Conflict => last = Some(why),
                Err(why) => return Err(why),
            }
        }
        Err(last.unwrap_or_else(|| Failure::failed("no token could be made")))
    }
}
