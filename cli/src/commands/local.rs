//! `mcpctl local`: asks this machine's mcplocal over its socket, or starts its program.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use shared::local_control::{Reply, Request, Status};

use super::unpublished;
use crate::args::Format;
use crate::args::local::{Local, LocalVerb};
use crate::clock::now;
use crate::duration::age;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::table;
use crate::resource;
use crate::session::Session;

/// The longest line of an answer: a status with every provider.
const MAX_REPLY_BYTES: u64 = 4 << 20;
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
    mut each: impl FnMut(Reply) -> Result<()>,
) -> Result<()> {
    let path = session.home.socket_path();
    let mut stream = UnixStream::connect(&path).map_err(|why| not_there(&path, &why))?;
    let follows = matches!(request, Request::Logs { follow: true, .. });
    let limit = session.global.timeout().unwrap_or(LIMIT);
    let line = json!(request).to_string() + "\n";
    let sent = stream
        .set_read_timeout((!follows).then_some(limit))
        .and_then(|()| stream.write_all(line.as_bytes()));
    sent.map_err(|why| broken(&why))?;
    let mut answers = 0;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        let read = io::Read::take(&mut reader, MAX_REPLY_BYTES).read_line(&mut line);
        if read.map_err(|why| broken(&why))? == 0 {
            break;
        }
        let reply = serde_json::from_str(&line).map_err(|why| {
            Failure::failed("mcplocal's answer can't be read")
                .caused_by(&why)
                .hint("mcpctl and mcplocal may be of different versions: `mcpctl version`")
        })?;
        each(reply)?;
        answers += 1;
    }
    if answers == 0 && !matches!(request, Request::Logs { .. }) {
        return Err(broken(&io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    Ok(())
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

fn not_there(path: &std::path::Path, why: &io::Error) -> Failure {
    let failure = match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            Failure::new(Exit::Unavailable, "mcplocal is not running on this machine")
                .cause(format!("nothing listens on {}", path.display()))
        }
        _ => Failure::new(Exit::Unavailable, "mcplocal can't be asked")
            .cause(format!("{}: {why}", path.display())),
    };
    failure.hint("`mcplocal run` starts it here, `mcpctl local install` with every session")
}

fn broken(why: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Unavailable, "mcplocal did not answer");
    match why.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => failure
            .cause("it took longer than the time allowed")
            .hint("look at `mcpctl local logs`"),
        _ => failure.caused_by(why).hint("look at `mcpctl local logs`"),
    }
}

/// Becomes `mcplocal VERB`: signals, output and exit code are its own then.
fn hand_over(verb: &str, rest: &[String]) -> Result<Exit> {
    let program = mcplocal();
    let why = Command::new(&program).arg(verb).args(rest).exec();
    Err(
        Failure::new(Exit::Failure, format!("can't start {}", program.display()))
            .caused_by(&why)
            .hint("install mcplocal beside mcpctl, or put it on the PATH"),
    )
}

/// The one beside this program, else the one on the PATH.
fn mcplocal() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .map(|own| own.with_file_name("mcplocal"))
        .filter(|path| path.is_file());
    beside.unwrap_or_else(|| "mcplocal".into())
}
