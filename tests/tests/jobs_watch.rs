//! A watcher of a job misses nothing and hears nothing twice: not when it hangs up and comes back, not when the server
//! dies, not when the database hangs up on the server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::{Mcpd, OwnPostgres, until};
use system_tests::jobs::{Claimed, Jobs, Said, Seen, Worker};
use tokio::task::JoinSet;
use tokio::time::sleep;

const STEPS: u64 = 150;
/// The watcher hangs up after so many events.
const SITTING: usize = 25;
const AGAIN: Duration = Duration::from_millis(20);
const SOON: Duration = Duration::from_secs(20);
/// Ends the connection that hints come through.
const DEAFEN: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'";

/// Works in steps, and says each until it is heard.
async fn work(worker: Worker, job: Claimed) {
    for done in 1..=STEPS {
        loop {
            match worker.heartbeat(&job, 60, done).await {
                Ok(Said::Written) => break,
                Ok(Said::Stale) => panic!("the lease was lost"),
                Ok(Said::Refused(..)) | Err(_) => sleep(AGAIN).await,
            }
        }
        sleep(Duration::from_millis(2)).await;
    }
    loop {
        match worker.complete(&job, json!("the end")).await {
            // A result whose answer was lost is late when it is said again.
            Ok(Said::Written | Said::Stale) => return,
            Ok(Said::Refused(..)) | Err(_) => sleep(AGAIN).await,
        }
    }
}

/// Everything that the job tells, over many sittings.
async fn watch(jobs: Jobs, id: String) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    loop {
        let after = all.last().map(|seen| seen.id);
        let Ok(mut watcher) = jobs.watch(&id, after).await else {
            sleep(AGAIN).await;
            continue;
        };
        for _ in 0..SITTING {
            let Some(seen) = watcher.next().await else {
                break;
            };
            let is_last = seen.is_last();
            all.push(seen);
            if is_last {
                assert_eq!(watcher.next().await, None);
                return all;
            }
        }
    }
}

/// Each event once, in order; every step in it.
fn check(all: &[Seen]) {
    // Its place is told again, under the same number, while it is queued.
    let mut once: Vec<&Seen> = Vec::new();
    for seen in all {
        match once.last() {
            Some(last) if seen.name == "queued" && last.name == "queued" => {
                assert_eq!(seen.id, last.id);
            }
            _ => once.push(seen),
        }
    }
    let ids: Vec<u64> = once.iter().map(|seen| seen.id).collect();
    let counted: Vec<u64> = (1..=once.len() as u64).collect();
    assert_eq!(ids, counted);
    let mut steps: Vec<u64> = once
        .iter()
        .filter(|seen| seen.name == "progress")
        .map(|seen| seen.data["done"].as_u64().unwrap())
        .collect();
    // A step whose answer was lost was said, and kept, twice.
    steps.dedup();
    assert_eq!(steps, (1..=STEPS).collect::<Vec<_>>());
    assert_eq!(once[0].name, "queued");
    assert_eq!(once[1].name, "running");
    assert_eq!(once.last().unwrap().data, json!({"result": "the end"}));
}

struct Scene {
    worker: Worker,
    jobs: Jobs,
    id: String,
    cast: JoinSet<Vec<Seen>>,
}

impl Scene {
    /// A job that is watched, then worked on.
    async fn set(mcpd: &Mcpd) -> Self {
        let jobs = Jobs::of(mcpd);
        let worker = Worker::register(mcpd, "worker").await;
        let id = jobs.submit(json!({"kind": "steps", "payload": null})).await;
        let mut cast = JoinSet::new();
        let (watching, watched) = (jobs.clone(), id.clone());
        cast.spawn(async move { watch(watching, watched).await });
        let job = worker.claim_one("steps", 60).await;
        let working = worker.clone();
        cast.spawn(async move {
            work(working, job).await;
            Vec::new()
        });
        Self {
            worker,
            jobs,
            id,
            cast,
        }
    }

    /// Waits until the job's worker has said so many words.
    async fn told(&self, count: u64) {
        until("the job to go on", SOON, async || {
            let watcher = self.jobs.watch(&self.id, Some(count)).await;
            let mut watcher = watcher.map_err(|error| error.to_string())?;
            watcher.next().await.map(drop).ok_or("it broke".to_owned())
        })
        .await;
    }

    async fn end(mut self) {
        let limit = tokio::time::timeout(SOON, async {
            let mut all = Vec::new();
            while let Some(seen) = self.cast.join_next().await {
                all.extend(seen.unwrap());
            }
            all
        });
        check(
            &limit
                .await
                .expect("the watcher and the worker come to an end"),
        );
        drop(self.worker);
    }
}

#[tokio::test]
async fn a_watcher_misses_nothing_while_its_server_is_killed_twice() {
    let mut mcpd = Mcpd::start(&[]).await;
    let scene = Scene::set(&mcpd).await;
    for told in [40, 90] {
        scene.told(told).await;
        mcpd.process.kill();
        mcpd.start_again().await;
    }
    scene.end().await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_watcher_misses_nothing_while_the_database_hangs_up_on_its_server() {
    let Some(postgres) = OwnPostgres::start(&[]).await else {
        return;
    };
    let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &postgres.url())]).await;
    let scene = Scene::set(&mcpd).await;
    for told in [20, 50, 80, 110] {
        scene.told(told).await;
        until("somebody to listen", SOON, async || {
            let ended = postgres.sql(DEAFEN)?;
            (!ended.is_empty()).then_some(()).ok_or(ended)
        })
        .await;
    }
    scene.end().await;
    mcpd.at_rest().await;
}
