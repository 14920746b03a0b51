//! A server that runs, with its database in a directory that goes with it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use http::Method;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::{SystemRandom, base32};
use mcpd::config::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use upstream::Origin;

use crate::client::{Answer, Caller, PATIENCE};

/// A directory that goes with its owner.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-mcpd-{unique}"));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The server, and its first administrator.
pub(crate) struct Mcpd {
    pub(crate) admin: Caller,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The server's own.
    pub(crate) lifecycle: Lifecycle,
    ended: oneshot::Receiver<()>,
    /// Holds the task that runs the server.
    _around: Lifecycle,
    pub(crate) dir: TempDir,
}

impl Mcpd {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server with these settings beside those of every test.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new(), settings).await
    }

    /// The same over data that is there.
    pub(crate) async fn start_in(dir: TempDir, settings: &[(&str, &str)]) -> Self {
        let data_dir = dir.path().display().to_string();
        let fixed = [
            ("data_dir", &*data_dir),
            ("threads", "1"),
            ("grpc_listen", "off"),
        ];
        let own = |(a, b): (&str, &str)| (String::from(a), String::from(b));
        let flags: BTreeMap<_, _> = fixed
            .into_iter()
            .chain(settings.iter().copied())
            .map(own)
            .collect();
        let config = Config::load(flags, BTreeMap::new()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = Origin::parse(&format!("http://{address}")).unwrap();
        let (around, lifecycle) = (Lifecycle::new(), Lifecycle::new());
        let (end, ended) = oneshot::channel();
        let server = mcpd::boot::run(config, listener, lifecycle.clone());
        around.spawn("mcpd", Ends::Alone, async move {
            server.await.unwrap();
            let _ = end.send(());
        });
        let nobody = Caller::new(origin, None);
        nobody.get("/readyz").await.is(200);
        let token = std::fs::read_to_string(dir.path().join("admin.token")).unwrap();
        Self {
            admin: nobody.with_token(token.trim()),
            address,
            lifecycle,
            ended,
            _around: around,
            dir,
        }
    }

    /// Stops the server and gives its data back.
    pub(crate) async fn stop(self) -> TempDir {
        self.lifecycle.stop();
        let ended = tokio::time::timeout(PATIENCE, self.ended).await;
        ended.expect("the server stops in time").unwrap();
        self.dir
    }

    pub(crate) fn nobody(&self) -> Caller {
        self.admin.without_token()
    }

    /// A new token `name` with one role, as its own principal.
    pub(crate) async fn token(&self, name: &str, role: &str) -> Caller {
        self.token_with(json!({"name": name, "roles": [role]}))
            .await
    }

    /// A new token, as the administrator asks for it.
    pub(crate) async fn token_with(&self, wanted: Value) -> Caller {
        let made = self.admin.post("/api/v1/tokens", wanted).await.is(201);
        self.admin.with_token(value_of(&made.json()))
    }

    /// A public OpenAI-compatible row at `url`, with more fields.
    pub(crate) async fn public_llm(&self, name: &str, url: &str, more: Value) -> Answer {
        let mut row = json!({"name": name, "type": "openai", "model": "real-model", "url": url});
        let fields = row.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.admin.post("/api/v1/llms", row).await.is(201)
    }

    /// Publishes virtual rows, that stay inactive: nobody binds a channel.
    pub(crate) async fn publish(&self, publisher: &Caller, names: &[&str]) -> Value {
        let offer = |name| json!({"name": name, "type": "ollama", "model": "llama"});
        let providers: Vec<_> = names.iter().map(offer).collect();
        let path = "/api/v1/llms/_provider-register";
        let registered = publisher.post(path, json!({ "providers": providers }));
        registered.await.is(200).json()
    }

    /// Waits until the row's status is as `wanted`.
    pub(crate) async fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) {
        let mut last = Value::Null;
        let look = async {
            loop {
                let path = format!("/api/v1/llms/{name}");
                last = self.admin.call(Method::GET, &path, "").await.json();
                if wanted(&last["status"]) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, look).await;
        assert!(seen.is_ok(), "`{name}` is last seen as {last}");
    }
}

/// The credential in the answer to its creation.
pub(crate) fn value_of(token: &Value) -> &str {
    token["status"]["value"].as_str().unwrap()
}
