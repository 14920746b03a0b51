//! mcplocal, publishing the mock as one virtual row.

use super::Running;
use super::mcpd::{MAX_CONCURRENCY, Mcpd};
use crate::bench::trouble::{During, Trouble};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest the row may take to become callable.
const PUBLISH_LIMIT: Duration = Duration::from_secs(20);

/// A running mcplocal whose row answers.
#[derive(Debug)]
pub struct Mcplocal {
    /// Keeps it alive.
    pub running: Running,
}

impl Mcplocal {
    /// Starts `program` with its home in `dir`, publishing `upstream` under `name`, and waits until it answers.
    ///
    /// # Errors
    /// When the row does not answer within twenty seconds.
    pub async fn start(
        program: &Path,
        dir: &Path,
        mcpd: &Mcpd,
        name: &str,
        upstream: SocketAddr,
    ) -> Result<Self, Trouble> {
        let config = serde_json::json!({
            "server": format!("http://{}", mcpd.addr),
            "providers": [{
                "name": name, "type": "openai", "model": "mock", "url": format!("http://{upstream}/v1"),
                "publish": true, "maxConcurrency": MAX_CONCURRENCY,
            }],
        });
        let file = dir.join("config.json");
        fs::write(&file, config.to_string()).during(format!("write {}", file.display()))?;
        let mut command = Command::new(program);
        command
            .arg("run")
            .env("MCPCTL_HOME", dir)
            .env("MCPCTL_TOKEN", &mcpd.admin);
        let mut running = Running::start("mcplocal", &mut command, dir)?;
        let answers = mcpd.answers(name, PUBLISH_LIMIT).await;
        running.check()?;
        answers.map_err(|trouble| {
            Trouble::Unexpected(format!(
                "{}; mcplocal's log: {}",
                trouble.chain(),
                running.log_tail()
            ))
        })?;
        Ok(Self { running })
    }
}
