//! A queue that runs, over a database in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jobs::{Parts, Queue, Retries, Settings, Submitter, Viewer};
use kit::clock::SystemClock;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::{SystemRandom, base32};
use serde_json::{Value, json};
use shared::job::{Job, JobId, Status, Submit};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::models::{FakeModels, Shared};

/// What no step of a test may take longer than.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Who submits.
pub(crate) const ALICE: Submitter<'static> = Submitter {
    principal: "alice",
    token_id: "token-1",
};

pub(crate) struct World {
    pub(crate) queue: Queue,
    pub(crate) models: Arc<FakeModels>,
    pub(crate) store: Store,
    pub(crate) put_back: CancellationToken,
    lifecycle: Lifecycle,
    dir: PathBuf,
}

impl World {
    /// A world with so many workers.
    pub(crate) async fn new(workers: usize) -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-jobs-{unique}"));
        let random = Arc::new(SystemRandom);
        let config = store::Config::sqlite(&dir);
        let store = Store::open(&config, random).await.unwrap();
        Self::over(store, dir, workers)
    }

    fn over(store: Store, dir: PathBuf, workers: usize) -> Self {
        let models = Arc::new(FakeModels::default());
        let random = Arc::new(SystemRandom);
        let (min, max) = (Duration::from_millis(10), Duration::from_millis(50));
        let queue = Queue::new(Parts {
            store: store.clone(),
            clock: Arc::new(SystemClock),
            random: random.clone(),
            models: Arc::new(Shared(models.clone())),
            retries: Retries::new(min, max, random),
            retention: Duration::from_secs(3600),
            worker_id: "mcpd-test".parse().unwrap(),
        });
        let (lifecycle, put_back) = (Lifecycle::new(), CancellationToken::new());
        let settings = Settings {
            workers,
            lease: Duration::from_secs(30),
            put_back: put_back.clone(),
        };
        let (run, inner) = (queue.clone(), lifecycle.clone());
        lifecycle.spawn("queue", Ends::Alone, async move {
            run.run(settings, inner).await;
        });
        Self {
            queue,
            models,
            store,
            put_back,
            lifecycle,
            dir,
        }
    }

    /// The server dies, and another begins over the same data.
    pub(crate) async fn again(self, workers: usize) -> Self {
        self.lifecycle.shut_down(Duration::ZERO).await;
        let (store, dir) = (self.store.clone(), self.dir.clone());
        Self::over(store, dir, workers)
    }

    pub(crate) async fn stop(self) {
        self.lifecycle.shut_down(Duration::ZERO).await;
        self.store.close().await;
        let _ = std::fs::remove_dir_all(&self.dir);
    }

    pub(crate) async fn submit(&self, jobs: Vec<Submit>) -> Vec<JobId> {
        self.queue.submit(jobs, ALICE, None).await.unwrap().ids
    }

    pub(crate) async fn job(&self, id: &JobId) -> Job {
        self.queue.get(id, Viewer::Admin, true).await.unwrap()
    }

    /// Waits until the job is as wanted.
    pub(crate) async fn until(&self, id: &JobId, wanted: impl Fn(&Job) -> bool) -> Job {
        let mut last = None;
        // Not in a tight loop: what is waited for needs the machine too.
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        let look = async {
            loop {
                looks.tick().await;
                let job = self.job(id).await;
                if wanted(&job) {
                    return job;
                }
                last = Some(job);
            }
        };
        let seen = tokio::time::timeout(PATIENCE, look).await;
        seen.unwrap_or_else(|_| panic!("last seen: {last:?}"))
    }

    pub(crate) async fn until_status(&self, id: &JobId, status: Status) -> Job {
        self.until(id, |job| job.status == status).await
    }
}

pub(crate) fn chat(llm: &str) -> Submit {
    let payload = json!({"llm": llm, "messages": [{"role": "user", "content": "?"}]});
    Submit::new("llm.chat", payload.into())
}

pub(crate) fn own(n: u32) -> Submit {
    Submit::new("own", Value::from(n).into())
}
