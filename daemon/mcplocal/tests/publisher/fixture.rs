//! A publisher that runs, with its neighbours.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use home::{Home, write_private};
use kit::clock::SystemClock;
use kit::lifecycle::Lifecycle;
use kit::random::Random;
use mcplocal::boot::{self, Outside, Running};
use mcplocal::logs::Logs;
use serde_json::{Value, json};
use shared::local_control::{Reply, Request, Status};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::fake_mcpd::{FakeMcpd, PATIENCE};
use crate::fake_provider::FakeProvider;

/// Chance that always says zero: the shortest wait, so that no test waits.
struct NoJitter;

impl Random for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

pub(crate) struct Fixture {
    pub(crate) mcpd: FakeMcpd,
    pub(crate) provider: FakeProvider,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) home: Home,
    /// The neighbours outlive the publisher.
    _around: Lifecycle,
    _running: Running,
}

impl Fixture {
    /// A publisher of the fake provider as `p`, connected.
    pub(crate) async fn connected() -> Self {
        Self::connected_with(json!({})).await
    }

    /// The same, with more fields at the top of the config.
    pub(crate) async fn connected_with(more: Value) -> Self {
        let fixture = Self::start(more).await;
        fixture.mcpd.connected(1).await;
        fixture
    }

    pub(crate) async fn start(more: Value) -> Self {
        Self::start_beside(more, |_, _| ()).await
    }

    /// The same, beside neighbours that are prepared first.
    pub(crate) async fn start_beside(
        more: Value,
        prepare: impl FnOnce(&FakeMcpd, &FakeProvider),
    ) -> Self {
        let around = Lifecycle::new();
        let mcpd = FakeMcpd::start(&around).await;
        let provider = FakeProvider::start(&around).await;
        prepare(&mcpd, &provider);
        let home = Home::at(new_dir());
        let server = format!("http://{}", mcpd.addr);
        let credentials = json!({&server: {"token": "secret-token"}});
        write_private(&home.credentials_path(), credentials.to_string().as_bytes()).unwrap();
        write_config(&home, &config(&mcpd, &provider, more));
        let lifecycle = Lifecycle::new();
        let running = boot::start(Outside {
            lifecycle: lifecycle.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(NoJitter),
            home: home.clone(),
            logs: Logs::default(),
        });
        Self {
            mcpd,
            provider,
            lifecycle,
            home,
            _around: around,
            _running: running.unwrap(),
        }
    }

    /// Replaces the config file as an editor would.
    pub(crate) fn configure(&self, more: Value) {
        write_config(&self.home, &config(&self.mcpd, &self.provider, more));
    }

    pub(crate) async fn ask(&self, request: Request) -> Reply {
        let stream = UnixStream::connect(self.home.socket_path()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = serde_json::to_vec(&request).unwrap();
        line.push(b'\n');
        stream.write_all(&line).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    pub(crate) async fn status(&self) -> Status {
        match self.ask(Request::Status).await {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for the status until `found` finds something in it.
    pub(crate) async fn wait_status<T>(&self, found: impl Fn(&Status) -> Option<T>) -> T {
        let search = async {
            loop {
                let status = self.status().await;
                match found(&status) {
                    Some(it) => return it,
                    None => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(it) => it,
            Err(_) => panic!("the status is {:#?}", self.status().await),
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.home.dir());
    }
}

fn config(mcpd: &FakeMcpd, provider: &FakeProvider, more: Value) -> Value {
    let mut config = json!({
        "server": format!("http://{}", mcpd.addr),
        "providers": [{
            "name": "p", "type": "openai", "url": format!("http://{}/v1", provider.addr),
            "model": "m", "publish": true, "tier": "fast", "maxConcurrency": 3,
        }],
    });
    for (name, value) in more.as_object().unwrap() {
        // More fields of the one provider.
        if name == "p" {
            for (field, value) in value.as_object().unwrap() {
                config["providers"][0][field] = value.clone();
            }
        } else {
            config[name] = value.clone();
        }
    }
    let text = config.to_string();
    serde_json::from_str(&text.replace("$PROVIDER", &provider.addr.to_string())).unwrap()
}

fn write_config(home: &Home, config: &Value) {
    let new = home.dir().join("config.json.new");
    std::fs::write(&new, format!("{config:#}")).unwrap();
    std::fs::rename(new, home.config_path()).unwrap();
}

fn new_dir() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("mcplocal-test-{}-{next}", std::process::id());
    std::env::temp_dir().join(name)
}
