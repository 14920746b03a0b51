//! Many at once: nobody is given a job that another has, none is left out, and a key is a key.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use system_tests::cluster::postgres::Database;
use system_tests::cluster::{Ask, Mcpd, figures};
use system_tests::jobs::client::{MAX_BATCH, id_in};
use system_tests::jobs::{Jobs, Worker};
use tokio::task::JoinSet;
use tokio::time::Instant;

const JOBS: usize = 10_000;
const CLAIMERS: usize = 8;
const AT_ONCE: u32 = 50;
const SUBMITTERS: usize = 50;

async fn shared_out_without_loss(mcpd: Mcpd, database: &str) {
    let jobs = Jobs::of(&mcpd);
    let mut submitted = HashSet::new();
    for n in 0..JOBS / MAX_BATCH {
        let batch: Vec<Value> = (0..MAX_BATCH)
            .map(|k| json!({"kind": "work", "payload": [n, k]}))
            .collect();
        submitted.extend(jobs.submit_all(&batch).await);
    }
    assert_eq!(submitted.len(), JOBS);
    let began = Instant::now();
    let mut claimers = JoinSet::new();
    for n in 0..CLAIMERS {
        let worker = Worker::register(&mcpd, &format!("claimer-{n}")).await;
        claimers.spawn(async move { claim_all(&worker).await });
    }
    let shares = claimers.join_all().await;
    let took = began.elapsed();
    let claimed: Vec<String> = shares.into_iter().flatten().collect();
    assert_eq!(claimed.len(), JOBS, "one was claimed twice, or left out");
    assert_eq!(HashSet::from_iter(claimed), submitted);
    let ids: Vec<String> = submitted.into_iter().collect();
    let ended = jobs.all_end(&ids, Duration::from_secs(60)).await;
    assert_eq!(ended.get("done"), Some(&JOBS));
    let told = format!("{JOBS} jobs claimed and done in {took:.1?} over HTTP");
    figures(database, &told);
    mcpd.at_rest().await;
}

async fn claim_all(worker: &Worker) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let claimed = worker.claim(&["work"], 600, AT_ONCE, 0).await.unwrap();
        if claimed.is_empty() {
            return ids;
        }
        let written = worker.complete_all(&claimed, &json!(null)).await.unwrap();
        assert_eq!(written, claimed.len());
        ids.extend(claimed.into_iter().map(|job| job.id));
    }
}

#[tokio::test]
async fn eight_claimers_share_ten_thousand_jobs_on_sqlite() {
    shared_out_without_loss(Mcpd::start(&[]).await, "SQLite").await;
}

#[tokio::test]
async fn eight_claimers_share_ten_thousand_jobs_on_postgresql() {
    let Some(database) = Database::create() else {
        return;
    };
    let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &database.url)]).await;
    shared_out_without_loss(mcpd, "PostgreSQL").await;
}

async fn one_key_is_one_job(mcpd: Mcpd) {
    let jobs = Jobs::of(&mcpd);
    let ask = |payload: &str| {
        let job = json!({"kind": "work", "payload": payload});
        Ask::post("/v1/jobs", job).header("idempotency-key", "the key")
    };
    let mut submitters = JoinSet::new();
    for _ in 0..SUBMITTERS {
        let (jobs, ask) = (jobs.clone(), ask("the body"));
        submitters.spawn(async move { id_in(&jobs.call_ok(ask).await) });
    }
    let ids = submitters.join_all().await;
    assert_eq!(ids.len(), SUBMITTERS);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), 1);
    assert_eq!(jobs.list().await.len(), 1);
    let other = jobs.call(ask("another body")).await.unwrap();
    assert_eq!(other.status, 409, "{}", other.text());
    assert_eq!(jobs.list().await.len(), 1);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn fifty_submits_with_one_key_are_one_job_on_sqlite() {
    one_key_is_one_job(Mcpd::start(&[]).await).await;
}

#[tokio::test]
async fn fifty_submits_with_one_key_are_one_job_on_postgresql() {
    let Some(database) = Database::create() else {
        return;
    };
    one_key_is_one_job(Mcpd::start(&[("MCPD_DATABASE_URL", &database.url)]).await).await;
}
