//! A served queue with its database in a directory that goes with it, and a few tokens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use jobs::{Ask, Begun, Models, Pending, Queue, Refused, Retries, Room, Served, Settings};
use kit::clock::SystemClock;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::{SystemRandom, base32};
use rpc::{Caller, Callers, Denied, Parts};
use serde_json::{Value, json};
use shared::role::Role;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::stranger::{By, Stranger};

/// What no step of a test may take longer than.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The server. Its tokens are names: `ann`, `ben` (users), `will`, `wendy` (workers), `root`.
pub(crate) struct Stage {
    pub(crate) queue: Queue,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) closing: CancellationToken,
    /// Cancelled where `ann`'s token is deleted.
    pub(crate) revoked: CancellationToken,
    /// Resolves when the server has ended.
    pub(crate) ended: oneshot::Receiver<()>,
    pub(crate) stranger: Stranger,
    _around: Lifecycle,
    _dir: TempDir,
}

struct TempDir(PathBuf);

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_by(By::V1).await
    }

    pub(crate) async fn set_by(by: By) -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = TempDir(std::env::temp_dir().join(format!("mcpctl-rpc-{unique}")));
        std::fs::create_dir(&dir.0).unwrap();
        let random = Arc::new(SystemRandom);
        let place = store::Config::sqlite(&dir.0);
        let store = Store::open(&place, random.clone()).await.unwrap();
        let second = Duration::from_secs(1);
        let queue = Queue::new(jobs::Parts {
            store,
            clock: Arc::new(SystemClock),
            random: random.clone(),
            models: Arc::new(NoModels),
            retries: Retries::new(second, second, random),
            retention: Duration::from_secs(3600),
            worker_id: "mcpd-test".parse().unwrap(),
        });
        let lifecycle = Lifecycle::new();
        let settings = Settings {
            workers: 0,
            lease: Duration::from_secs(30),
            put_back: CancellationToken::new(),
        };
        let around = Lifecycle::new();
        let (running, until) = (queue.clone(), lifecycle.clone());
        around.spawn("queue", Ends::Alone, async move {
            running.run(settings, until).await;
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (closing, revoked) = (CancellationToken::new(), CancellationToken::new());
        let (end, ended) = oneshot::channel();
        let served = rpc::serve(
            listener,
            Parts {
                queue: queue.clone(),
                callers: Arc::new(Tokens(revoked.clone())),
                lifecycle: lifecycle.clone(),
                closing: closing.clone(),
                max_connections: 100,
            },
        );
        around.spawn("served", Ends::Alone, async move {
            served.await.unwrap();
            let _ = end.send(());
        });
        Self {
            queue,
            lifecycle,
            closing,
            revoked,
            ended,
            stranger: Stranger::meet(address, by).await,
            _around: around,
            _dir: dir,
        }
    }

    /// A caller with the token `name`.
    pub(crate) fn with(&self, name: &str) -> Stranger {
        self.stranger.with(name)
    }

    /// The id of a new job of `ann`'s.
    pub(crate) async fn job(&self, kind: &str) -> String {
        let job = json!({"kind": kind, "payload_json": "{\"n\": 1}"});
        let submitted = self.with("ann").call("SubmitJob", job).await.unwrap();
        submitted["job_id"].as_str().unwrap().into()
    }

    /// What `worker` gets of `kind`, up to `limit`, with its lease.
    pub(crate) async fn claim(&self, worker: &str, kind: &str, limit: u32) -> Vec<Value> {
        let claim = json!({"worker_id": worker, "kinds": [kind], "lease_seconds": 30,
            "limit": limit});
        let claimed = self.with(worker).call("ClaimJob", claim).await.unwrap();
        claimed["jobs"].as_array().unwrap().clone()
    }
}

/// What a worker says of a claimed job: who, which, by which right; and `more`.
pub(crate) fn about(worker: &str, claimed: &Value, more: Value) -> Value {
    let mut said = json!({
        "worker_id": worker,
        "job_id": claimed["job"]["id"],
        "lease_token": claimed["lease_token"],
    });
    let fields = said.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    said
}

/// Bounds a wait.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, what).await;
    done.expect("it comes in time")
}

/// Tokens that are names.
struct Tokens(CancellationToken);

impl Callers for Tokens {
    fn authorize(&self, headers: &HeaderMap, role: Role) -> Result<Caller, Denied> {
        let bearer = headers.get("authorization").map(|v| v.to_str().unwrap());
        let name = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
        let name = name.ok_or_else(|| Denied::Unknown("no token".into()))?;
        let holds = match name {
            "ann" | "ben" => Role::User,
            "will" | "wendy" => Role::Worker,
            "root" => Role::Admin,
            _ => return Err(Denied::Unknown("unknown token".into())),
        };
        if holds != role && holds != Role::Admin {
            return Err(Denied::Forbidden(format!("this takes the role `{role}`")));
        }
        let revoked = match name {
            "ann" => self.0.clone(),
            _ => CancellationToken::new(),
        };
        Ok(Caller {
            principal: name.into(),
            token_id: name.into(),
            is_admin: holds == Role::Admin,
            revoked,
        })
    }
}

/// Nobody has a model here.
struct NoModels;

impl Models for NoModels {
    fn room(&self, _: &str) -> Room {
        Room {
            free: 0,
            slots: 0,
            why: Some("nobody has it".into()),
            is_known: false,
            near: Some("qwen3".into()),
        }
    }

    fn changed(&self) -> Pending<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn ask<'a>(&'a self, _: Ask) -> Pending<'a, Result<Begun, Refused>> {
        Box::pin(std::future::pending())
    }

    fn served(&self, _: &str, _: u64, _: u64) -> Served {
        Served::default()
    }
}
