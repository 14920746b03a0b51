//! Runs of mcpctl, as a script sees them.

use super::binaries::program;
use super::canary;
use super::mcpd::Mcpd;
use super::scratch::Scratch;
use super::wait::until;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Longest a run may take.
const RUN_LIMIT: Duration = Duration::from_secs(60);

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

/// Runs `mcpctl ARGS` against `mcpd`, as its admin. It must show no secret.
///
/// # Panics
/// When it can't be started, takes longer than a minute, or shows a secret.
pub async fn mcpctl(mcpd: &Mcpd, args: &[&str]) -> Ran {
    let home = Scratch::new("mcpctl");
    let file = |name: &str| home.path().join(name);
    let create = |name: &str| File::create(file(name)).expect("a file of ours can be made");
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(program("mcpctl"))
        .args(args)
        .env_clear()
        .env("MCPCTL_HOME", home.path())
        .env("MCPCTL_SERVER", mcpd.url())
        .env("MCPCTL_TOKEN", &mcpd.admin)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(create("stdout"))
        .stderr(create("stderr"));
    let mut child = command
        .spawn()
        .expect("mcpctl can be started through setpriv");
    let ended = until("mcpctl to end", RUN_LIMIT, async || {
        let ended = child.try_wait().map_err(|error| error.to_string())?;
        ended.ok_or_else(|| format!("it runs: {args:?}"))
    })
    .await;
    let read = |name| {
        let said = std::fs::read_to_string(file(name)).unwrap_or_default();
        let secrets = canary::found_in(said.as_bytes());
        assert_eq!(secrets, [""; 0], "in the {name} of mcpctl {args:?}");
        said
    };
    Ran {
        code: ended.code(),
        stdout: read("stdout"),
        stderr: read("stderr"),
    }
}
