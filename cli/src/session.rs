//! One run's settings: which server, with which token, found by which rule.
//!
//! Explicit beats implicit: `--server`, `--context`, `MCPCTL_SERVER`, the current context, the
//! config file's `server`.

use home::config::{Config, Context};
use home::{Home, ServerUrl, credentials};

use crate::args::Global;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::Output;

/// The environment variable that names a server.
pub(crate) const SERVER_VARIABLE: &str = "MCPCTL_SERVER";

/// What a command needs to know about its run.
pub(crate) struct Session<'a> {
    pub(crate) global: &'a Global,
    pub(crate) output: &'a Output,
    pub(crate) home: Home,
}

impl<'a> Session<'a> {
    pub(crate) fn new(global: &'a Global, output: &'a Output) -> Result<Self> {
        Ok(Self {
            global,
            output,
            home: Home::locate()?,
        })
    }

    /// The server to talk to.
    pub(crate) fn server(&self) -> Result<ServerUrl> {
        if let Some(url) = &self.global.server {
            return parse_server(url, "--server");
        }
        if let Some(name) = &self.global.context {
            let config = Config::load(&self.home)?;
            let context = find_context(&config, name)?;
            return parse_server(&context.server, &format!("context `{name}`"));
        }
        if let Some(url) = variable(SERVER_VARIABLE) {
            return parse_server(&url, SERVER_VARIABLE);
        }
        let config = Config::load(&self.home)?;
        if let Some(name) = config.current_context() {
            let context = find_context(&config, name)?;
            return parse_server(&context.server, &format!("context `{name}`"));
        }
        match config.server() {
            Some(url) => parse_server(url, "`server` in config.json"),
            None => Err(no_server()),
        }
    }

    /// A client for the server, with the token that belongs to it.
    pub(crate) fn client(&self) -> Result<Client> {
        let server = self.server()?;
        let Some((token, source)) = credentials::lookup(&self.home, &server)? else {
            return Err(
                Failure::new(Exit::Auth, format!("no access token for {server}"))
                    .cause("you are not logged in to this server")
                    .hint(format!("mcpctl login {server}")),
            );
        };
        self.output
            .trace(|| format!("* token from {source}, server {server}"));
        let client = Client::new(server, Some(token), self.global.timeout(), self.output)?;
        Ok(client.with_token_from(source))
    }
}

/// The context called `name`, or the nearest one in the failure.
pub(crate) fn find_context(config: &Config, name: &str) -> Result<Context> {
    config.context(name).ok_or_else(|| {
        let contexts = config.contexts();
        let known = contexts.iter().map(|context| context.name.as_str());
        let failure = Failure::new(Exit::NotFound, format!("there is no context `{name}`"));
        match nearest(name, known) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`mcpctl context list` lists them, `mcpctl login URL` adds one"),
        }
    })
}

/// A server URL from a flag, a variable or the config file.
pub(crate) fn parse_server(url: &str, from: &str) -> Result<ServerUrl> {
    url.parse().map_err(|why: home::server_url::BadServerUrl| {
        let failure = Failure::usage(format!("{from} names no server")).caused_by(&why);
        match format!("http://{}", url.trim()).parse::<ServerUrl>() {
            Ok(meant) if !url.contains("://") => failure.hint(format!("write {meant}")),
            _ => failure,
        }
    })
}

/// An environment variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn no_server() -> Failure {
    Failure::failed("no server is configured")
        .cause("neither --server, MCPCTL_SERVER nor config.json names one")
        .hint(
            "`mcpctl init` finds a server and this machine's models, `mcpctl login URL` goes to \
             one that you know; `mcpd` starts one here",
        )
}
