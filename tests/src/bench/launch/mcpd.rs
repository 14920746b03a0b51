//! mcpd with a data folder of its own, and the control calls the bench makes to it.

use super::{Running, free_address};
use crate::bench::client::Target;
use crate::bench::control::{self, Seen, wait_for};
use crate::bench::trouble::{During, Trouble};
use crate::clock::monotonic_ns;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest mcpd may take to become ready.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// Pause between two looks at `/readyz`; also the resolution of the measured start.
const READY_PAUSE: Duration = Duration::from_millis(1);
/// Calls that mcpd may relay at once for a row of the bench: more than any section opens.
pub const MAX_CONCURRENCY: u32 = 4096;

/// A running mcpd.
#[derive(Debug)]
pub struct Mcpd {
    /// Keeps it alive.
    pub running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The admin's access token.
    pub admin: String,
    /// From exec to the first 200 of `/readyz`, in milliseconds.
    pub start_ms: f64,
}

impl Mcpd {
    /// Starts `program` with its data under `dir`, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready, or leaves no admin token.
    pub async fn start(program: &Path, dir: &Path) -> Result<Self, Trouble> {
        Self::start_with(program, dir, &[]).await
    }

    /// The same with these settings (`MCPD_…`) beside the address and the folder.
    ///
    /// # Errors
    /// As [`Mcpd::start`].
    pub async fn start_with(
        program: &Path,
        dir: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, Trouble> {
        let addr = free_address()?;
        let mut command = Command::new(program);
        command
            .env("MCPD_LISTEN", addr.to_string())
            .env("MCPD_GRPC_LISTEN", "off")
            .env("MCPD_DATA_DIR", dir)
            .env("MCPD_ALLOW_HOSTS", "127.0.0.1")
            .envs(settings.iter().copied());
        let begin = monotonic_ns();
        let mut running = Running::start("mcpd", &mut command, dir)?;
        let ready = control::wait_for_200(addr, "/readyz", READY_LIMIT, READY_PAUSE).await;
        let start_ms = (monotonic_ns() - begin) as f64 / 1e6;
        running.check()?;
        ready.map_err(|trouble| {
            Trouble::Unexpected(format!(
                "{}; its log: {}",
                trouble.chain(),
                running.log_tail()
            ))
        })?;
        let admin = admin_token(dir).await?;
        Ok(Self {
            running,
            addr,
            admin,
            start_ms,
        })
    }

    /// A control call as the admin.
    #[must_use]
    pub fn control(&self, method: &str, path: &str) -> Target {
        Target::new(method, self.addr, path, Some(&self.admin))
    }

    /// `infer` on the row `name`, as the admin.
    #[must_use]
    pub fn infer(&self, name: &str) -> Target {
        Target::post(
            self.addr,
            &format!("/api/v1/llms/{name}/infer"),
            Some(&self.admin),
        )
    }

    /// The data plane, with an access token of its own that has every kind of limit, none of which is ever reached.
    ///
    /// # Errors
    /// When mcpd refuses the token.
    pub async fn v1(&self) -> Result<Target, Trouble> {
        let token = serde_json::json!({
            "name": "bench", "principal": "bench", "roles": ["user"],
            "limits": {
                "requestsPerMinute": u32::MAX, "tokensPerMinute": 1_000_000_000_000_000_u64,
                "maxConcurrency": 1_000_000, "budget": {"usd": 1e9, "period": "month"},
            },
        });
        let made = self.control("POST", "/api/v1/tokens");
        let made = control::call_ok(&made, &token.to_string()).await?;
        match made["status"]["value"].as_str() {
            Some(value) => Ok(Target::post(self.addr, "/v1/chat/completions", Some(value))),
            None => Err(Trouble::Unexpected(format!("no token, but {made}"))),
        }
    }

    /// Gives the row `name` a price, so that its requests are charged.
    ///
    /// # Errors
    /// When mcpd refuses it.
    pub async fn price(&self, name: &str) -> Result<(), Trouble> {
        let price = serde_json::json!({"name": name, "input": 2.5, "output": 10.0});
        control::call_ok(&self.control("POST", "/api/v1/prices"), &price.to_string())
            .await
            .map(|_| ())
    }

    /// Creates the public row `name` for the provider at `upstream`.
    ///
    /// # Errors
    /// When mcpd refuses it.
    pub async fn create_public(&self, name: &str, upstream: SocketAddr) -> Result<(), Trouble> {
        let row = serde_json::json!({
            "name": name, "kind": "public", "type": "openai", "model": "mock",
            "url": format!("http://{upstream}/v1"),
            "maxConcurrency": MAX_CONCURRENCY,
        });
        control::call_ok(&self.control("POST", "/api/v1/llms"), &row.to_string())
            .await
            .map(|_| ())
    }

    /// Waits until a small completion on the row `name` is answered with 200.
    ///
    /// # Errors
    /// [`Trouble::Late`] with the last answer when it is not within `limit`.
    pub async fn answers(&self, name: &str, limit: Duration) -> Result<(), Trouble> {
        self.answers_at(&self.infer(name), name, limit).await
    }

    /// The same at `target`.
    ///
    /// # Errors
    /// [`Trouble::Late`] with the last answer when it is not within `limit`.
    pub async fn answers_at(
        &self,
        target: &Target,
        name: &str,
        limit: Duration,
    ) -> Result<(), Trouble> {
        let body =
            format!(r#"{{"model":"{name}","messages":[{{"role":"user","content":"Ready?"}}]}}"#);
        wait_for(
            &format!("`{name}` to answer"),
            limit,
            Duration::from_millis(50),
            || async {
                Ok(match control::call(target, &body).await {
                    Ok((200, _)) => Seen::Done(()),
                    Ok((status, answer)) => Seen::NotYet(format!("{status} {answer}")),
                    Err(trouble) => Seen::NotYet(trouble.chain()),
                })
            },
        )
        .await
    }
}

async fn admin_token(dir: &Path) -> Result<String, Trouble> {
    let path = dir.join("admin.token");
    wait_for("the admin token", READY_LIMIT, READY_PAUSE, || async {
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(Seen::Done(text.trim().to_owned())),
            Ok(_) => Ok(Seen::NotYet("an empty file".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Seen::NotYet(error.to_string()))
            }
            Err(error) => Err(error).during(format!("read {}", path.display())),
        }
    })
    .await
}
