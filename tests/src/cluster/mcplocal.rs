//! A running mcplocal, its config file and its control socket.

use super::binaries::program;
use super::canary;
use super::process::Process;
use super::scratch::Scratch;
use super::wait::until;
use rustix::process::Signal;
use serde_json::{Value, json};
use shared::local_control::{Reply, Request, SOCKET, Status};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Longest the control socket may take to answer.
const SOCKET_LIMIT: Duration = Duration::from_secs(5);

/// mcplocal with a home of its own that outlives its process. Dropped, its files must hold no secret that they are not
/// made for.
#[derive(Debug)]
pub struct Mcplocal {
    /// The process of now.
    pub process: Process,
    token: String,
    home: Scratch,
}

impl Mcplocal {
    /// Starts it. Returns at once: whether it publishes is mcpd's to say.
    #[must_use]
    pub fn start(server: &str, token: &str, providers: &Value) -> Self {
        Self::start_in(Scratch::new("home"), server, token, providers)
    }

    /// The same in a home that is there already.
    #[must_use]
    pub fn start_in(home: Scratch, server: &str, token: &str, providers: &Value) -> Self {
        let config = json!({"server": server, "providers": providers});
        Self::start_with(home, token, &config)
    }

    /// The same with this config file.
    #[must_use]
    pub fn start_with(home: Scratch, token: &str, config: &Value) -> Self {
        write(&home, &config.to_string());
        let process = spawn(&home, token);
        Self {
            process,
            token: token.to_owned(),
            home,
        }
    }

    /// Starts a new process in the same home.
    pub fn start_again(&mut self) {
        self.process.kill();
        let again = spawn(&self.home, &self.token);
        let before = std::mem::replace(&mut self.process, again);
        self.process.is_to_hold_what(&before);
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Overwrites the config file.
    pub fn write_config(&self, text: &str) {
        write(&self.home, text);
    }

    /// The file that keeps its session.
    #[must_use]
    pub fn session_file(&self) -> PathBuf {
        self.home.path().join("provider-session")
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// What `mcpctl local status` would show.
    ///
    /// # Errors
    /// When the control socket does not answer.
    pub async fn status(&self) -> io::Result<Status> {
        let path = self.home.path().join(SOCKET);
        let exchange = async {
            let mut stream = UnixStream::connect(path).await?;
            let mut line = serde_json::to_string(&Request::Status)?;
            line.push('\n');
            stream.write_all(line.as_bytes()).await?;
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).await?;
            match serde_json::from_str(&answer)? {
                Reply::Status(status) => Ok(status),
                other => Err(io::Error::other(format!("{other:?}"))),
            }
        };
        timeout(SOCKET_LIMIT, exchange).await?
    }

    /// Waits until its link is in `state`.
    ///
    /// # Panics
    /// When it is not within `limit`.
    pub async fn link_is(&self, state: &str, limit: Duration) {
        let what = format!("the link to be {state}");
        until(&what, limit, async || match self.status().await {
            Ok(status) if status.link.state == state => Ok(()),
            Ok(status) => Err(format!("{:?}", status.link)),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }
}

impl Drop for Mcplocal {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(canary::found_below(self.home()), [], "secrets in files");
        }
    }
}

/// One provider of a config file: published, with an OpenAI face at `url` and a key; `more` is merged into it.
#[must_use]
pub fn provider(name: &str, url: &str, more: Value) -> Value {
    let key = json!({"env": canary::PROVIDER_KEY_VARIABLE});
    let mut entry = json!({
        "name": name, "type": "openai", "model": "mock", "url": url, "publish": true, "apiKey": key,
    });
    if let (Some(entry), Some(more)) = (entry.as_object_mut(), more.as_object()) {
        entry.extend(more.clone());
    }
    entry
}

fn write(home: &Scratch, config: &str) {
    let written = std::fs::write(home.path().join("config.json"), config);
    written.expect("a file in a folder of ours can be written");
}

fn spawn(home: &Scratch, token: &str) -> Process {
    let level = std::env::var_os(canary::LOG_LEVEL);
    let level = level.unwrap_or_else(|| "info,mcplocal=debug".into());
    canary::plant(canary::PROVIDER_KEY);
    Process::start("mcplocal", &program("mcplocal"), home, |command| {
        command
            .arg("run")
            .env("MCPCTL_HOME", home.path())
            .env("MCPCTL_TOKEN", token)
            .env(canary::PROVIDER_KEY_VARIABLE, canary::PROVIDER_KEY)
            .env("MCPLOCAL_LOG", level);
    })
}
