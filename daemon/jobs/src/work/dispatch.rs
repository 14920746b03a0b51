//! Claims jobs for models that have room, as many as there are free workers.
//!
//! A worker is busy while a model works. An offline LLM, or one whose slots are taken, is absent
//! for the claim: its jobs stay where they are, and hold no worker.

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::{Ends, Lifecycle};
use shared::job::{Claimed, MAX_BATCH};
use store::jobs::{ClaimRequest, Lanes};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::kinds::Kind;
use crate::queue::Queue;
use crate::work::rooms::Rooms;
use crate::work::run::Run;
use crate::work::{AGAIN, SERVER, Settings};

/// A look at least so often, while nothing rings: for slots that others than jobs gave back.
const POLL: Duration = Duration::from_millis(250);
/// Kinds that ask a model.
const ASKING: [&str; 7] = [
    Kind::Chat.as_str(),
    Kind::Embed.as_str(),
    Kind::OllamaGenerate.as_str(),
    Kind::OllamaEmbed.as_str(),
    Kind::OpenAiChat.as_str(),
    Kind::OpenRouterChat.as_str(),
    Kind::Deferred.as_str(),
];

/// Hands jobs to workers.
pub(super) struct Dispatcher {
    pub(super) queue: Queue,
    pub(super) settings: Settings,
    pub(super) rooms: Arc<Rooms>,
    kinds: Vec<String>,
    workers: Arc<Semaphore>,
    /// A job ended, so its model has room.
    ended: Notify,
}

impl Dispatcher {
    pub(super) fn new(queue: Queue, settings: Settings) -> Self {
        Self {
            rooms: Rooms::new(queue.0.models.clone()),
            kinds: ASKING.map(str::to_owned).to_vec(),
            workers: Arc::new(Semaphore::new(settings.workers)),
            ended: Notify::new(),
            queue,
            settings,
        }
    }

    /// Runs until no work may be taken any more.
    pub(super) async fn run(self: Arc<Self>, lifecycle: &Lifecycle) {
        let place = self.queue.0.bell.claimer(&self.kinds);
        loop {
            let free = tokio::select! {
                biased;
                () = lifecycle.stopping() => return,
                free = self.free_workers() => free,
            };
            match self.claim(free.len()).await {
                Ok(jobs) if jobs.is_empty() => {
                    drop(free);
                    tokio::select! {
                        biased;
                        () = lifecycle.stopping() => return,
                        () = place.rung() => {}
                        () = self.queue.0.models.changed() => {}
                        () = self.ended.notified() => {}
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
                Ok(jobs) => {
                    for (job, worker) in jobs.into_iter().zip(free) {
                        self.start(job, worker, lifecycle);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "no job can be claimed now");
                    drop(free);
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// All workers that are free, at least one.
    async fn free_workers(&self) -> Vec<OwnedSemaphorePermit> {
        let mut free = Vec::new();
        // It is never closed.
        free.extend(self.workers.clone().acquire_owned().await.ok());
        while free.len() < MAX_BATCH {
            let Ok(another) = self.workers.clone().try_acquire_owned() else {
                break;
            };
            free.push(another);
        }
        free
    }

    /// Claims at most `most` jobs, none of which will have to wait for its model.
    async fn claim(&self, most: usize) -> Result<Vec<Claimed>, Error> {
        let jobs = self.queue.0.store.jobs();
        let names = jobs.waited_for(&ASKING).await?;
        let mut absent = Vec::new();
        let mut limit = None;
        for name in names {
            match self.rooms.free(&name) {
                0 => absent.push(name),
                // Whatever of them is claimed: the least room holds all of it.
                free => limit = Some(limit.unwrap_or(most).min(free as usize)),
            }
        }
        let Some(limit) = limit else {
            return Ok(Vec::new());
        };
        let request = ClaimRequest {
            worker: &self.queue.0.worker_id,
            kinds: &self.kinds,
            lease: self.settings.lease,
            limit,
            absent: &absent,
            principal: SERVER,
            lanes: Lanes::All,
        };
        Ok(jobs.claim(request, self.queue.now()).await?)
    }

    fn start(self: &Arc<Self>, job: Claimed, worker: OwnedSemaphorePermit, lifecycle: &Lifecycle) {
        let on_the_way = self.rooms.send(job.job.waits_for.as_deref().unwrap_or(""));
        let run = Run::new(self.clone(), job);
        let this = self.clone();
        lifecycle.spawn("job", Ends::Alone, async move {
            run.finish(on_the_way).await;
            drop(worker);
            this.ended.notify_one();
        });
    }
}
