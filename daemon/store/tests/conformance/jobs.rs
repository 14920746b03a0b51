//! Durable jobs. Here is what the tests share.

mod claiming;
mod crash;
mod events;
mod finishing;
mod hand;
mod model;
mod plans;
mod speed;
mod submitting;
mod time;

use std::time::Duration;

use serde_json::json;
use shared::job::{Claimed, Complete, Fail, Job, JobId, Json, Status, Submit, WorkerId};
use store::Store;
use store::jobs::{ClaimRequest, Finished, Lanes, Lease, NewJob};

use crate::support::at;

const LEASE: Duration = Duration::from_secs(60);

fn job(kind: &str) -> NewJob {
    NewJob {
        submit: Submit::new(kind, Json::from(json!({"n": 1}))),
        waits_for: None,
        token_id: "token-1".into(),
    }
}

fn waiting_for(kind: &str, name: &str) -> NewJob {
    NewJob {
        waits_for: Some(name.into()),
        ..job(kind)
    }
}

fn with(change: impl FnOnce(&mut Submit)) -> NewJob {
    let mut job = job("echo");
    change(&mut job.submit);
    job
}

async fn submit(store: &Store, jobs: &[NewJob]) -> Vec<JobId> {
    store
        .jobs()
        .submit(jobs, "alice", None, at(0))
        .await
        .unwrap()
}

async fn submit_one(store: &Store, job: NewJob) -> JobId {
    submit(store, &[job]).await.remove(0)
}

fn worker(text: &str) -> WorkerId {
    text.parse().unwrap()
}

/// Claims of `echo`, at the moment `seconds`.
async fn claim_at(store: &Store, limit: usize, seconds: i64) -> Vec<Claimed> {
    claim_kinds(store, &["echo"], &[], limit, seconds).await
}

async fn claim(store: &Store, limit: usize) -> Vec<Claimed> {
    claim_at(store, limit, 1).await
}

async fn claim_kinds(
    store: &Store,
    kinds: &[&str],
    absent: &[&str],
    limit: usize,
    seconds: i64,
) -> Vec<Claimed> {
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.into()).collect();
    let absent: Vec<String> = absent.iter().map(|&name| name.into()).collect();
    let request = ClaimRequest {
        worker: &worker("w1"),
        kinds: &kinds,
        lease: LEASE,
        limit,
        absent: &absent,
        principal: "alice",
        lanes: Lanes::All,
    };
    store.jobs().claim(request, at(seconds)).await.unwrap()
}

fn ids(claimed: &[Claimed]) -> Vec<JobId> {
    claimed
        .iter()
        .map(|claimed| claimed.job.id.clone())
        .collect()
}

fn lease(claimed: &Claimed) -> Lease {
    Lease {
        job_id: claimed.job.id.clone(),
        lease_token: claimed.lease_token.clone(),
    }
}

fn result_of(claimed: &Claimed) -> Complete {
    Complete {
        job_id: claimed.job.id.clone(),
        lease_token: claimed.lease_token.clone(),
        result: Json::from(json!({"answer": 42})),
        metrics: Some(Json::from(json!({"ms": 7}))),
    }
}

fn failure_of(claimed: &Claimed, retryable: bool) -> Fail {
    Fail {
        job_id: claimed.job.id.clone(),
        lease_token: claimed.lease_token.clone(),
        error: "the provider is gone\nand so is its log".into(),
        metrics: None,
        retryable,
    }
}

async fn complete(store: &Store, claimed: &[Claimed]) -> Vec<Finished> {
    let results: Vec<Complete> = claimed.iter().map(result_of).collect();
    store.jobs().complete(&results, at(2)).await.unwrap()
}

async fn fail(store: &Store, claimed: &Claimed, retryable: bool) -> Finished {
    let failure = [failure_of(claimed, retryable)];
    let failed = store.jobs().fail(&failure, &no_wait, at(2)).await;
    failed.unwrap().remove(0)
}

fn no_wait(_: u32) -> Duration {
    Duration::ZERO
}

async fn get(store: &Store, id: &JobId) -> Job {
    store.jobs().get(id).await.unwrap()
}

async fn status(store: &Store, id: &JobId) -> Status {
    get(store, id).await.status
}
