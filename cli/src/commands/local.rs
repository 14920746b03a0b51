//! `mcpctl local`: asks this machine's mcplocal over its socket, or starts its program.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use shared::local_control::{Reply, Request, Status};

use super::{mcplocal, unpublished};
use crate::args::Format;
use crate::args::local::{Local, LocalVerb};
use crate::clock::now;
use crate::duration::age;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::table;
use crate::resource;
use crate::session::Session;

/// How long the daemon may think about anything but `logs -f`.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(args: &Local, session: &Session<'_>) -> Result<Exit> {
    let request = match &args.verb {
        LocalVerb::Install { rest } => return hand_over("install", rest),
        LocalVerb::Uninstall { rest } => return hand_over("uninstall", rest),
        LocalVerb::Run { rest } => return hand_over("run", rest),
        LocalVerb::Status => Request::Status,
        LocalVerb::Reload => Request::Reload,
        LocalVerb::Publish { provider } => Request::Publish {
            name: resource::name(provider)?,
        },
        LocalVerb::Unpublish { provider } => Request::Unpublish {
            name: resource::name(provider)?,
        },
        LocalVerb::Logs { follow, tail } => Request::Logs {
            tail: *tail,
            follow: *follow,
        },
    };
    ask(session, &request, |reply| show(session, reply))?;
    let Request::Unpublish { name } = &request else {
        return Ok(Exit::Done);
    };
    let mut status = None;
    let asked = ask(session, &Request::Status, |reply| {
        if let Reply::Status(seen) = reply {
            status = Some(seen);
        }
        Ok(())
    });
    match (asked, status) {
        (Ok(()), Some(status)) => unpublished::settle(name, &status, session),
        // It is done all the same; the daemon ends, or is of another version.
        _ => Ok(Exit::Done),
    }
}

/// Asks the daemon, and hands on each answer.
fn ask(
    session: &Session<'_>,
    request: &Request,
    each: impl FnMut(Reply) -> Result<()>,
) -> Result<()> {
    let follows = matches!(request, Request::Logs { follow: true, .. });
    let limit = session.global.timeout().unwrap_or(LIMIT);
    mcplocal::ask(&session.home, request, (!follows).then_some(limit), each)
}

fn show(session: &Session<'_>, reply: Reply) -> Result<()> {
    match reply {
        Reply::Status(status) => show_status(session, &status),
        Reply::Done { message } => {
            session.output.note(&message);
            Ok(())
        }
        Reply::Log { line } => session.output.line(&line),
        Reply::Error { message, hint } => {
            let failure = Failure::failed(message);
            Err(match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
    }
}

fn show_status(session: &Session<'_>, status: &Status) -> Result<()> {
    let output = session.output;
    if matches!(output.format, Format::Json | Format::Yaml) {
        return output.document(&json!(status));
    }
    let since = |at| age(now().since(at));
    let server = status.server.as_deref().unwrap_or("none configured");
    output.line(&format!(
        "mcplocal {}, process {}, up {}",
        status.version,
        status.pid,
        since(status.started_at)
    ))?;
    output.line(&format!("Config:  {}", status.config_path))?;
    output.line(&format!("Server:  {server}"))?;
    let link = &status.link;
    let retry = link.retry_in_ms.map(|millis| {
        let wait = Duration::from_millis(millis).as_secs().max(1);
        format!(", next try in {wait}s")
    });
    output.line(&format!(
        "Channel: {} for {}{}",
        link.state,
        since(link.since),
        retry.unwrap_or_default()
    ))?;
    if let Some(why) = &link.last_error {
        output.line(&format!("         {why}"))?;
    }
    if !status.providers.is_empty() {
        let rows = status.providers.iter().map(|provider| {
            let ready = provider
                .ready
                .map_or("-", |ok| if ok { "yes" } else { "no" });
            vec![
                provider.name.to_string(),
                provider.provider_type.to_string(),
                provider.model.clone(),
                if provider.publish { "yes" } else { "no" }.into(),
                ready.into(),
                provider.in_flight.to_string(),
                provider.message.clone().unwrap_or_default(),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let headers = [
            "NAME",
            "TYPE",
            "MODEL",
            "PUBLISH",
            "READY",
            "IN-FLIGHT",
            "MESSAGE",
        ];
        output.line("")?;
        output.data(&table::render(Some(&headers), &rows, output.width()))?;
    }
    for problem in &status.problems {
        output.warning(problem);
    }
    Ok(())
}

/// Becomes `mcplocal VERB`: signals, output and exit code are its own then.
fn hand_over(verb: &str, rest: &[String]) -> Result<Exit> {
    let program = mcplocal::program();
    let why = Command::new(&program).arg(verb).args(rest).exec();
    Err(
        Failure::new(Exit::Failure, format!("can't start {}", program.display()))
            .caused_by(&why)
            .hint("install mcplocal beside mcpctl, or put it on the PATH"),
    )
}
