//! A small mcpd for tests, and a folder with an environment to run `mcpctl` in.
//!
//! The server speaks the part of `docs/API.md` that `mcpctl` uses, one thread per connection, and
//! keeps what it was asked, so that a test can look.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::print_stderr, reason = "a test that is passed over says so")]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "test code: read by those who change the tests"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub mod fake_jobs;
pub mod fake_local;
pub mod fake_provider;
pub mod fake_server;
pub mod filled;
pub mod pty;
pub mod terminal;
pub mod tls;

pub use fake_server::FakeServer;

/// The token that the fake server takes for an admin's.
pub const TOKEN: &str = "canary-token-that-must-never-show";

/// A run's end, as a person or a script sees it.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A home of its own for each test; removed with it.
pub struct Sandbox {
    pub home: PathBuf,
}

impl Sandbox {
    pub fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mcpctl-test-{}-{count}", std::process::id());
        let home = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        Self { home }
    }

    /// `mcpctl` with nothing in its environment but this home.
    pub fn mcpctl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
        command
            .args(args)
            .env_clear()
            .env("MCPCTL_HOME", &self.home)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    /// The same, talking to `server` with [`TOKEN`].
    pub fn at(&self, server: &FakeServer, args: &[&str]) -> Command {
        let mut command = self.mcpctl(args);
        command
            .env("MCPCTL_SERVER", server.url())
            .env("MCPCTL_TOKEN", TOKEN);
        command
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Runs to the end.
pub fn run(command: &mut Command) -> Ran {
    ended(&command.output().unwrap())
}

/// Runs to the end with `input` on stdin.
pub fn run_with(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that fails early does not read it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    ended(&child.wait_with_output().unwrap())
}

fn ended(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

impl Ran {
    /// Both streams and the code, with what changes from run to run replaced.
    pub fn shown(&self, server: Option<&FakeServer>, home: &Path) -> String {
        let mut text = format!(
            "exit {}\n{}{}{}",
            self.code
                .map_or("by signal".into(), |code| code.to_string()),
            self.stdout,
            if self.stderr.is_empty() {
                ""
            } else {
                "--- stderr\n"
            },
            self.stderr
        );
        if let Some(server) = server {
            text = text.replace(&server.url(), "http://SERVER");
        }
        text.replace(&home.display().to_string(), "HOME")
    }
}
