//! `mcpctl doctor`: what is wrong on this machine, and what to do about it.
//!
//! ```text
//! Look (what several checks need, asked once) ─► one file per check ─► Finding ─► show
//! ```
//!
//! All checks run at once and are shown in order, each as soon as it and those before it are done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::args::Format;
use crate::args::doctor::{Check, Doctor};
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::session::Session;

mod auth;
mod channel;
mod clock;
mod config;
mod daemon;
mod finding;
mod key;
mod keyring;
mod look;
mod provider;
mod proxy;
mod server;
mod show;
mod version;

use finding::{Finding, Verdict};
use look::Look;
use show::Show;

/// How long one check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(9);

/// Every check, in the order in which it is shown.
const ALL: [Check; 10] = [
    Check::Server,
    Check::Version,
    Check::Auth,
    Check::Keyring,
    Check::Config,
    Check::Daemon,
    Check::Channel,
    Check::Provider,
    Check::Clock,
    Check::Proxy,
];

/// What a check found, and how long it took.
struct Done {
    findings: Vec<Finding>,
    took: Duration,
}

pub(super) async fn run(args: &Doctor, session: &Session<'_>) -> Result<Exit> {
    let output = session.output;
    let look = Arc::new(Look::new(session));
    let wanted = ALL
        .into_iter()
        .filter(|check| args.checks.is_empty() || args.checks.contains(check));
    let running: Vec<_> = wanted
        .map(|check| (check, start(check, look.clone())))
        .collect();
    let show = Show::new(output);
    let (mut documents, mut passed, mut failed, mut warned) = (Vec::new(), 0, 0, 0);
    for (check, task) in running {
        let Done { findings, took } = task.await.unwrap_or_else(|_| broken_off());
        for finding in findings {
            passed += usize::from(finding.verdict == Verdict::Ok);
            failed += usize::from(finding.verdict == Verdict::Fail);
            warned += usize::from(finding.verdict == Verdict::Warn);
            match output.format {
                Format::Json | Format::Yaml => documents.push(finding.document(name(check), took)),
                Format::Name => output.line(&format!("check/{}", finding.name(name(check))))?,
                Format::Table | Format::Wide => show.finding(name(check), &finding)?,
            }
        }
    }
    if matches!(output.format, Format::Json | Format::Yaml) {
        output.document(&json!({"checks": documents, "ok": failed == 0}))?;
    } else {
        output.note(&summary(passed, failed, warned));
    }
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Failure
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the run waits for each of them: nothing outlives it"
)]
fn start(check: Check, look: Arc<Look>) -> JoinHandle<Done> {
    tokio::spawn(async move {
        let began = Instant::now();
        let findings = tokio::time::timeout(CHECK_LIMIT, make(check, &look)).await;
        let findings = findings.unwrap_or_else(|_| {
            vec![Finding::fail(format!(
                "no result within {} s",
                CHECK_LIMIT.as_secs()
            ))]
        });
        Done {
            findings,
            took: began.elapsed(),
        }
    })
}

async fn make(check: Check, look: &Arc<Look>) -> Vec<Finding> {
    match check {
        Check::Server => vec![server::check(look).await],
        Check::Version => vec![version::check(look).await],
        Check::Auth => vec![auth::check(look).await],
        Check::Keyring => vec![keyring::check().await],
        Check::Config => config::check(look).await,
        Check::Daemon => vec![daemon::check(look).await],
        Check::Channel => vec![channel::check(look).await],
        Check::Provider => provider::check(look).await,
        Check::Clock => vec![clock::check(look).await],
        Check::Proxy => vec![proxy::check(look)],
    }
}

fn broken_off() -> Done {
    Done {
        findings: vec![Finding::fail("the check itself broke off")],
        took: Duration::ZERO,
    }
}

const fn name(check: Check) -> &'static str {
    match check {
        Check::Server => "server",
        Check::Version => "version",
        Check::Auth => "auth",
        Check::Keyring => "keyring",
        Check::Config => "config",
        Check::Daemon => "daemon",
        Check::Channel => "channel",
        Check::Provider => "provider",
        Check::Clock => "clock",
        Check::Proxy => "proxy",
    }
}

fn summary(passed: usize, failed: usize, warned: usize) -> String {
    let warnings = match warned {
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    match (failed, warned) {
        (0, 0) if passed == 0 => "Nothing could be checked.".into(),
        (0, 0) => "All is well.".into(),
        (0, _) => format!("Nothing failed; {warnings}."),
        (failed, 0) => format!("{failed} failed."),
        (failed, _) => format!("{failed} failed, {warnings}."),
    }
}
