//! `stage`: raises a mock provider, mcpd and mcplocal, runs a command with their addresses in its environment, and
//! ends all of it when the command ends. For scripts that test from outside: see `tests/sdk.sh`.
//!
//! The command's exit code is its own. The programs are looked for beside this one, or in `MCPCTL_BIN_DIR`.

use clap::Parser;
use serde_json::json;
use std::ffi::OsString;
use std::process::{Command, ExitCode};
use system_tests::cluster::stage::{PUBLIC, Stage, VIRTUAL};
use system_tests::cluster::{Ask, Mcpd};

/// Runs a command beside a mock provider, mcpd and mcplocal
///
/// The command's environment has STAGE_BASE_URL (ends in /v1), STAGE_KEY (an access token), STAGE_LIMITED_KEY (one
/// that allows a request a minute), STAGE_PUBLIC and STAGE_VIRTUAL (names of LLMs), and STAGE_MOCK (the mock's URL).
#[derive(Debug, Parser)]
struct Options {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(play(&options.command))) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn play(command: &[OsString]) -> std::io::Result<ExitCode> {
    let stage = Stage::start().await;
    let key = stage.mcpd.token("app", "alice", &["user"]).await;
    let limited_key = limited(&stage.mcpd).await;
    // Everything that serves is a process or a thread of its own, so this thread may wait.
    let status = Command::new(&command[0])
        .args(&command[1..])
        .env("STAGE_BASE_URL", format!("{}/v1", stage.mcpd.url()))
        .env("STAGE_KEY", key)
        .env("STAGE_LIMITED_KEY", limited_key)
        .env("STAGE_PUBLIC", PUBLIC)
        .env("STAGE_VIRTUAL", VIRTUAL)
        .env("STAGE_MOCK", format!("http://{}", stage.mock.addr()))
        .status()?;
    drop(stage);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A token that allows one request a minute.
async fn limited(mcpd: &Mcpd) -> String {
    let body = json!({
        "name": "limited", "principal": "bob", "roles": ["user"], "limits": {"requestsPerMinute": 1},
    });
    let made = mcpd.admin_ok(Ask::post("/api/v1/tokens", body)).await;
    made["status"]["value"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[expect(clippy::print_stderr, reason = "what failed, for whoever started it")]
fn say(text: &str) {
    eprintln!("{text}");
}
