//! `mcpctl set limits token/NAME`: change what a token's bearer may use.

use serde_json::Value;
use shared::token::Limits;

use crate::args::gateway::{Set, SetLimits, SetWhat};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource::{self, Resource};
use crate::session::Session;

pub(super) async fn run(args: &Set, session: &Session<'_>) -> Result<Exit> {
    match &args.what {
        SetWhat::Limits(args) => limits(args, session).await?,
    }
    Ok(Exit::Done)
}

async fn limits(args: &SetLimits, session: &Session<'_>) -> Result<()> {
    let name = match args.token.split_once('/') {
        Some((word, name)) if Resource::find(word) == Some(Resource::Token) => name,
        _ => &args.token,
    };
    let name = resource::name(name)?;
    // Told before a server is needed.
    let alone = args.limits.over(Limits::default());
    if !args.clear && alone.is_some_and(|limits| limits.is_empty()) {
        return Err(Failure::usage("name a limit to change, or say --clear")
            .hint(format!("mcpctl set limits token/{name} --budget 20")));
    }
    let client = session.client()?;
    let token = client.get(Resource::Token, &name).await?;
    let before = if args.clear {
        Limits::default()
    } else {
        limits_of(&token)?
    };
    let limits = args.limits.over(before).ok_or_else(no_budget)?;
    let changed = client.put_limits(&name, &limits).await?;
    let done = if limits.is_empty() {
        "configured: no limits"
    } else {
        "configured"
    };
    super::report(session.output, Resource::Token, &changed, done)
}

fn limits_of(token: &Value) -> Result<Limits> {
    let Some(limits) = token.pointer("/spec/limits") else {
        return Ok(Limits::default());
    };
    serde_json::from_value(limits.clone()).map_err(|why| {
        Failure::failed("the token has limits that this mcpctl does not know")
            .caused_by(&why)
            .hint("a newer mcpctl can change them; --clear drops them")
    })
}

/// A budget's period was given, and there is no budget.
pub(super) fn no_budget() -> Failure {
    Failure::usage("--budget-period says when a budget begins anew, and there is no budget")
        .hint("add --budget USD")
}
