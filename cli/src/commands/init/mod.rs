//! `mcpctl init`: from nothing to a model that answers by its name.
//!
//! ```text
//! server ─► token ─┐
//! detect ──────────┴► plan ─► choice ─► (all questions answered) ─► written ─► daemon ─► rows
//! ```
//!
//! Nothing is written before the last question, so Ctrl-C leaves everything as it was.

use home::config::Config;

use serde_json::Value;

use super::detect::{self, Found, ports};
use crate::args::init::Init;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::prompt;
use crate::resource::Resource;
use crate::session::Session;

mod ask;
mod choice;
mod daemon;
mod names;
mod plan;
mod rows;
mod say;
mod server;
mod tell;
mod token;
mod write;

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
    say::line(output, "Server", server.as_str());
    let config = Config::load(&session.home)?;
    write::may_move(&config, &server, session, asker)?;
    let mut login = token::find(args, &server, session, asker).await?;
    let (who, roles) = (&login.principal, login.roles.join(", "));
    say::line(output, "Logged in", &format!("as `{who}` ({roles})"));

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
    tell::found(&found, args, session);
    let chosen = choose(args, &offers, asker)?;
    login.offer_lesser(&host, asker)?;

    // A change that can't be made as a whole is not made at all.
    let edit = |config: &mut Config| {
        let mut next = config.clone();
        let written = write::put(&mut next, &chosen, &server, session)?;
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
    tell::written(&written, &chosen, session);
    let published = |offer: &&Offer| offer.is_published && !chosen.contains(offer);
    let before: Vec<_> = offers.iter().filter(published).cloned().collect();
    for offer in &before {
        say::line(
            output,
            "Published",
            &format!("`{}` as {} already", offer.model, offer.name),
        );
    }
    let all: Vec<Offer> = chosen.into_iter().chain(before).collect();
    let Some(program) = program.filter(|_| !all.is_empty()) else {
        say::sentence(
            output,
            "Nothing is published. Run `mcpctl init` again whenever you like.",
        );
        return Ok(Exit::Done);
    };
    let status = daemon::bring_up(&program, args.no_service, session).await?;
    if status.server.as_deref() != Some(server.as_str()) {
        let other = status.server.as_deref().unwrap_or("no server");
        output.warning(&format!(
            "the running mcplocal publishes to {other}: MCPCTL_SERVER is set for it; restart it without"
        ));
    }
    let names: Vec<_> = all.iter().map(|offer| offer.name.clone()).collect();
    let all_active = rows::wait(&names, &login.client, &session.home, output).await?;
    if !all_active {
        output.note("`mcpctl doctor` looks for what is wrong, `mcpctl local logs` shows more");
        return Ok(Exit::Unavailable);
    }
    tell::next(&all, session);
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

/// The offers that are to be published.
fn choose(args: &Init, offers: &[Offer], asker: Asker<'_>) -> Result<Vec<Offer>> {
    let picked = if !args.publish.is_empty() {
        plan::named(offers, &args.publish)?
    } else if asker.asks {
        tell::offers(offers, asker);
        let question = "Publish which? Numbers such as 1,3-5, `all` or `none`";
        asker.line(question, &plan::proposal(offers), |typed| {
            choice::read(typed, offers.len())
        })?
    } else {
        let picked = plan::unasked(offers);
        let left = offers.iter().filter(|offer| !offer.embeds).count();
        if left > plan::MOST_UNASKED {
            let most = plan::MOST_UNASKED;
            let first =
                format!("the first {most} of {left} chat models; --publish NAME picks others");
            say::line(asker.output, "Publishing", &first);
        }
        picked
    };
    Ok(picked.into_iter().map(|at| offers[at].clone()).collect())
}
