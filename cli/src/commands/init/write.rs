//! What is written into config.json, and which move needs its owner's word.

use home::ServerUrl;
use home::config::Config;
use home::providers::Put;

use super::ask::Asker;
use super::plan::Offer;
use crate::commands::login::context_name;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::session::Session;

/// mcplocal publishes to one server: moving it takes its models away from the other.
pub(super) fn may_move(
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

/// Writes the choice into `config`. Entries that are there are never lost.
pub(super) fn put(
    config: &mut Config,
    chosen: &[Offer],
    server: &ServerUrl,
    session: &Session<'_>,
) -> Result<Vec<Put>> {
    let current = config
        .current_context()
        .and_then(|name| config.context(name));
    if current.is_none_or(|context| context.server != server.as_str()) {
        config.put_context(&context_name(session, server), server);
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
