//! mcplocal runs, and has read the new configuration.
//!
//! ```text
//! it answers ──────────────► reload
//! it does not ──► a service ──► else a process in the background ──► it answers
//! ```

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use home::credentials::TOKEN_VARIABLE;
use shared::local_control::{Reply, Request, Status};
use tokio::time::Instant;

use super::say;
use crate::commands::mcplocal;
use crate::failure::{Failure, Result};
use crate::session::{SERVER_VARIABLE, Session};

/// How long the daemon may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Where the program is.
///
/// Errors: with what to do, where it is not installed.
pub(super) fn program() -> Result<PathBuf> {
    mcplocal::find_program("mcplocal").ok_or_else(|| {
        Failure::failed("`mcplocal`, which publishes models, is not installed")
            .cause("it is neither beside mcpctl nor on the PATH")
            .hint("install mcplocal beside mcpctl, or put it on the PATH")
    })
}

/// Starts it, or lets it read its configuration again.
pub(super) async fn bring_up(
    program: &Path,
    no_service: bool,
    session: &Session<'_>,
) -> Result<Status> {
    if mcplocal::status(&session.home, ANSWER_LIMIT).is_ok() {
        reload(session)?;
        let status = mcplocal::status(&session.home, ANSWER_LIMIT)?;
        let runs = format!("runs (process {}), and has read it", status.pid);
        say::line(session.output, "mcplocal", &runs);
        return Ok(status);
    }
    if no_service || !install(program, session) {
        return in_background(program, session).await;
    }
    let status = wait_for(session, || Ok(())).await?;
    let as_service =
        "started as a service, now and with every session; `mcpctl local uninstall` undoes it";
    say::line(session.output, "mcplocal", as_service);
    Ok(status)
}

fn reload(session: &Session<'_>) -> Result<()> {
    mcplocal::ask(
        &session.home,
        &Request::Reload,
        Some(ANSWER_LIMIT),
        |reply| match reply {
            Reply::Error { message, .. } => Err(Failure::failed(message)),
            _ => Ok(()),
        },
    )
}

/// Whether the service manager took it.
fn install(program: &Path, session: &Session<'_>) -> bool {
    let ran = Command::new(program)
        .arg("install")
        .stdin(Stdio::null())
        .output();
    match ran {
        Ok(ran) if ran.status.success() => true,
        Ok(ran) => {
            let said = String::from_utf8_lossy(&ran.stderr);
            session
                .output
                .trace(|| format!("* mcplocal install: {}", said.trim()));
            false
        }
        Err(why) => {
            session
                .output
                .trace(|| format!("* mcplocal install: {why}"));
            false
        }
    }
}

async fn in_background(program: &Path, session: &Session<'_>) -> Result<Status> {
    let log = session.home.local_log_path();
    let not_started = |why: io::Error| {
        Failure::failed(format!("can't start {}", program.display())).caused_by(&why)
    };
    let out = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&log);
    let out = out.map_err(not_started)?;
    let err = out.try_clone().map_err(not_started)?;
    let mut child = Command::new(program)
        .arg("run")
        // What it needs is in its files: it runs the same way when it is started next time.
        .env_remove(TOKEN_VARIABLE)
        .env_remove(SERVER_VARIABLE)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        // Ctrl-C in this terminal is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(not_started)?;
    let status = wait_for(session, || match child.try_wait() {
        Ok(Some(end)) => Err(Failure::failed(format!("mcplocal ended at once ({end})"))
            .cause(last_line(&log))
            .hint(format!("its log is {}", log.display()))),
        _ => Ok(()),
    })
    .await?;
    let output = session.output;
    let started = "runs in the background now; after a reboot, `mcplocal run` starts it";
    say::line(output, "mcplocal", started);
    let (pid, log) = (status.pid, say::short(&log));
    say::line(
        output,
        "",
        &format!("`kill {pid}` stops it; its log is {log}"),
    );
    Ok(status)
}

/// Waits until it answers.
async fn wait_for(
    session: &Session<'_>,
    mut is_alive: impl FnMut() -> Result<()>,
) -> Result<Status> {
    let end = Instant::now() + START_LIMIT;
    loop {
        match mcplocal::status(&session.home, ANSWER_LIMIT) {
            Ok(status) => return Ok(status),
            Err(why) if Instant::now() > end => return Err(why),
            Err(_) => is_alive()?,
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.trim()
        .lines()
        .last()
        .unwrap_or("it said nothing")
        .into()
}
