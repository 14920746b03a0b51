//! A running mcpd, and what an admin asks of it.

use super::binaries::program;
use super::caller::{Ask, Whole};
use super::canary;
use super::ports::free_address;
use super::process::Process;
use super::scratch::Scratch;
use super::wait::{LOOKING, until};
use crate::clock::wall_ms;
use rustix::process::Signal;
use serde_json::{Value, json};
use shared::timestamp::Timestamp;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Longest it may take to become ready: an unoptimised build on a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// Longest a change of a row may take to show where no test says otherwise.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// mcpd on a port of its own, with data of its own that outlives its process.
#[derive(Debug)]
pub struct Mcpd {
    /// The process of now.
    pub process: Process,
    /// Where it listens, also after a new start.
    pub addr: SocketAddr,
    /// The admin's access token.
    pub admin: String,
    settings: Vec<(String, String)>,
    // Last, so that the process is gone before its files.
    dir: Scratch,
}

impl Mcpd {
    /// Starts it with these settings (`MCPD_…`) and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let dir = Scratch::new("mcpd");
        let addr = free_address();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(own).collect();
        let process = spawn(addr, &dir, &settings);
        let mut mcpd = Self {
            process,
            addr,
            admin: String::new(),
            settings,
            dir,
        };
        mcpd.ready().await;
        let token = std::fs::read_to_string(mcpd.data_dir().join("admin.token"));
        mcpd.admin = token.expect("a first start leaves a token").trim().into();
        canary::plant(&mcpd.admin);
        mcpd
    }

    /// Starts a new process on the same port and data, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start_again(&mut self) {
        self.process.kill();
        self.process = spawn(self.addr, &self.dir, &self.settings);
        self.ready().await;
    }

    async fn ready(&mut self) {
        let addr = self.addr;
        let process = &mut self.process;
        until("mcpd to be ready", READY_LIMIT, async || {
            if let Some(status) = process.ended() {
                return Err(format!("it has ended: {status}; {}", process.log()));
            }
            match Ask::get("/readyz").try_send(addr).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(format!("/readyz answers {}", answer.status)),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        process.note_what_it_holds();
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The folder of its data: its own, or what the setting `MCPD_DATA_DIR` says. Its log is in its own.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        let mut settings = self.settings.iter();
        let named = settings.find(|(name, _)| name == "MCPD_DATA_DIR");
        named.map_or(self.dir.path(), |(_, dir)| Path::new(dir))
    }

    /// A request as the admin, answered to its end.
    pub async fn admin(&self, ask: Ask) -> Whole {
        ask.token(&self.admin).whole(self.addr).await
    }

    /// A request as the admin that must be answered with a 2xx; its JSON.
    ///
    /// # Panics
    /// When it is not.
    pub async fn admin_ok(&self, ask: Ask) -> Value {
        let answer = self.admin(ask.clone()).await;
        let is_ok = (200..300).contains(&answer.status);
        assert!(is_ok, "{ask:?}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// A new access token of `principal` with these roles.
    pub async fn token(&self, name: &str, principal: &str, roles: &[&str]) -> String {
        let body = json!({"name": name, "principal": principal, "roles": roles});
        let made = self.admin_ok(Ask::post("/api/v1/tokens", body)).await;
        let token = made["status"]["value"].as_str();
        let token = token.expect("a new token is shown once");
        canary::plant(token);
        token.to_owned()
    }

    /// Creates a public row with a key; `more` is merged into its flat fields.
    pub async fn create_public(&self, name: &str, url: &str, more: Value) {
        let key = self.provider_key().await;
        let mut row = json!({
            "name": name, "kind": "public", "type": "openai", "model": "mock", "url": url, "key": key,
        });
        if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
            row.extend(more.clone());
        }
        self.admin_ok(Ask::post("/api/v1/llms", row)).await;
    }

    /// Where rows find the key of their provider; made where it is missing.
    async fn provider_key(&self) -> &'static str {
        canary::plant(canary::PROVIDER_KEY);
        let secret = json!({"name": "provider", "data": {"key": canary::PROVIDER_KEY}});
        let made = self.admin(Ask::post("/api/v1/secrets", secret)).await;
        assert!(matches!(made.status, 201 | 409), "{}", made.text());
        "secret/provider#key"
    }

    /// The row `name`; `None` where there is none.
    pub async fn row(&self, name: &str) -> Option<Value> {
        let answer = self.admin(Ask::get(&row_path(name))).await;
        (answer.status == 200).then(|| answer.json())
    }

    /// The row's phase, or `gone`.
    pub async fn phase(&self, name: &str) -> String {
        let row = self.row(name).await;
        row.map_or_else(
            || "gone".into(),
            |row| row["status"]["phase"].as_str().unwrap_or("none").into(),
        )
    }

    /// Waits until the row is in `phase`; `gone` where it is deleted.
    ///
    /// # Panics
    /// When it is not within `limit`.
    pub async fn reaches(&self, name: &str, phase: &str, limit: Duration) {
        until(&format!("`{name}` to be {phase}"), limit, async || {
            let seen = match Ask::get(&row_path(name))
                .token(&self.admin)
                .try_send(self.addr)
                .await
            {
                Ok(answer) => phase_of(&answer.whole().await),
                Err(error) => error.to_string(),
            };
            if seen == phase { Ok(()) } else { Err(seen) }
        })
        .await;
    }

    /// Waits until the row is inactive, and looks that it was so within `limit` of this call: by the server's own
    /// account, however late this one looks.
    ///
    /// # Panics
    /// When it was not.
    pub async fn leaves_rotation(&self, name: &str, limit: Duration) {
        let began_ms = wall_ms();
        self.reaches(name, "inactive", limit + LOOKING).await;
        let row = self.row(name).await.expect("the row is there");
        let since = row["status"]["inactiveSince"].as_str();
        let since = since.and_then(|since| since.parse::<Timestamp>().ok());
        let since_ms = since.expect("it says since when").as_millis();
        let took = Duration::from_millis(u64::try_from(since_ms - began_ms).unwrap_or(0));
        assert!(took < limit, "`{name}` left the rotation after {took:?}");
    }

    /// Waits until nothing runs or waits for the row.
    ///
    /// # Panics
    /// When something still does after some seconds.
    pub async fn idle(&self, name: &str) {
        until(
            &format!("`{name}` to have nothing in flight"),
            SETTLE_LIMIT,
            async || {
                let row = self.row(name).await.ok_or("no row")?;
                let status = &row["status"];
                let free = status["inFlight"] == 0 && status["queued"] == 0;
                if free {
                    Ok(())
                } else {
                    Err(status.to_string())
                }
            },
        )
        .await;
    }

    /// A chat completion on the row, as the admin.
    #[must_use]
    pub fn infer(&self, name: &str, body: impl ToString) -> Ask {
        Ask::post(&format!("{}/infer", row_path(name)), body).token(&self.admin)
    }
}

impl Drop for Mcpd {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(canary::found_below(self.dir.path()), [], "secrets in files");
        }
    }
}

/// The path of a row.
#[must_use]
pub fn row_path(name: &str) -> String {
    format!("/api/v1/llms/{}", name.replace('/', "%2F"))
}

fn phase_of(answer: &Whole) -> String {
    match answer.status {
        404 => "gone".into(),
        200 => answer.json()["status"]["phase"]
            .as_str()
            .unwrap_or("none")
            .into(),
        status => format!("status {status}"),
    }
}

fn spawn(addr: SocketAddr, dir: &Scratch, settings: &[(String, String)]) -> Process {
    Process::start("mcpd", &program("mcpd"), dir, |command| {
        command
            .env("MCPD_LISTEN", addr.to_string())
            .env("MCPD_GRPC_LISTEN", "off")
            .env("MCPD_DATA_DIR", dir.path());
        if let Some(level) = std::env::var_os(canary::LOG_LEVEL) {
            command.env("MCPD_LOG", level);
        }
        command.envs(settings.iter().map(|(name, value)| (name, value)));
    })
}
