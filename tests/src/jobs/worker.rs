//! An external worker, its every word in the test's hands.

use super::client::{Jobs, list_in};
use crate::cluster::{Ask, Mcpd, Whole};
use serde_json::{Value, json};
use std::io;

/// A registered worker.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The way to the server.
    pub jobs: Jobs,
    /// Its id.
    pub id: String,
}

/// A job that is its own for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The job's id.
    pub id: String,
    /// Which attempt this is.
    pub attempt: u64,
    /// To be given with all that is said of it.
    pub lease_token: String,
    /// With what it is to be done.
    pub payload: Value,
}

/// What was answered to a worker's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is written.
    Written,
    /// The lease is over: 409.
    Stale,
    /// Something else: a status and a body.
    Refused(u16, String),
}

impl Worker {
    /// Registers one, under an access token of its own.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn register(mcpd: &Mcpd, name: &str) -> Self {
        let token = mcpd.token(name, name, &["worker"]).await;
        let jobs = Jobs::with(mcpd, &token);
        let worker = json!({"worker": {"name": name, "platform": "linux"}});
        let answer = jobs
            .call_ok(Ask::post("/v1/workers/register", worker))
            .await;
        let id = answer["worker_id"].as_str();
        let id = id.expect("a worker is given an id").to_owned();
        Self { jobs, id }
    }

    /// Claims up to `limit` jobs of `kinds`, and waits for some up to `wait_s`.
    ///
    /// # Errors
    /// When there is no answer, or an error.
    pub async fn claim(
        &self,
        kinds: &[&str],
        lease_seconds: u64,
        limit: u32,
        wait_s: u64,
    ) -> io::Result<Vec<Claimed>> {
        let claim = json!({
            "worker_id": self.id, "kinds": kinds, "lease_seconds": lease_seconds,
            "limit": limit, "wait_s": wait_s,
        });
        let answer = self
            .jobs
            .call(Ask::post("/v1/workers/claim", claim))
            .await?;
        match answer.status {
            204 => Ok(Vec::new()),
            200 if limit == 1 => Ok(vec![read(&answer.json())]),
            200 => Ok(list_in(&answer.json(), "jobs").iter().map(read).collect()),
            _ => Err(io::Error::other(answer.text())),
        }
    }

    /// Claims one job that must be there.
    ///
    /// # Panics
    /// When there is none.
    pub async fn claim_one(&self, kind: &str, lease_seconds: u64) -> Claimed {
        let claimed = self.claim(&[kind], lease_seconds, 1, 10).await;
        let claimed = claimed.expect("a claim is answered");
        claimed.into_iter().next().expect("there is a job to claim")
    }

    /// Brings a result.
    ///
    /// # Errors
    /// When there is no answer: it may have been heard.
    pub async fn complete(&self, job: &Claimed, result: Value) -> io::Result<Said> {
        self.say("complete", job, json!({"result": result})).await
    }

    /// Brings the same result for all of them in one call; how many were written.
    ///
    /// # Errors
    /// When there is no answer, or an error.
    pub async fn complete_all(&self, jobs: &[Claimed], result: &Value) -> io::Result<usize> {
        let entry = |job: &Claimed| json!({"job_id": job.id, "lease_token": job.lease_token, "result": result});
        let entries: Vec<Value> = jobs.iter().map(entry).collect();
        let body = json!({"worker_id": self.id, "jobs": entries});
        let answer = self
            .jobs
            .call(Ask::post("/v1/workers/complete", body))
            .await?;
        if answer.status != 200 {
            return Err(io::Error::other(answer.text()));
        }
        let answer = answer.json();
        let written = list_in(&answer, "jobs")
            .iter()
            .filter(|one| one["ok"] == true);
        Ok(written.count())
    }

    /// Reports a failure.
    ///
    /// # Errors
    /// When there is no answer: it may have been heard.
    pub async fn fail(&self, job: &Claimed, error: &str, retryable: bool) -> io::Result<Said> {
        let more = json!({"error": error, "retryable": retryable});
        self.say("fail", job, more).await
    }

    /// Makes the lease last longer, and tells how far the job is.
    ///
    /// # Errors
    /// When there is no answer: it may have been heard.
    pub async fn heartbeat(
        &self,
        job: &Claimed,
        extend_seconds: u64,
        done: u64,
    ) -> io::Result<Said> {
        let more = json!({"extend_seconds": extend_seconds, "progress": {"done": done}});
        self.say("heartbeat", job, more).await
    }

    async fn say(&self, word: &str, job: &Claimed, mut more: Value) -> io::Result<Said> {
        more["worker_id"] = self.id.as_str().into();
        more["job_id"] = job.id.as_str().into();
        more["lease_token"] = job.lease_token.as_str().into();
        let ask = Ask::post(&format!("/v1/workers/{word}"), more);
        self.jobs.call(ask).await.map(|answer| said(&answer))
    }
}

fn said(answer: &Whole) -> Said {
    match answer.status {
        200 => Said::Written,
        409 => Said::Stale,
        status => Said::Refused(status, answer.text()),
    }
}

fn read(job: &Value) -> Claimed {
    let text = |name: &str| match job[name].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("a claimed job without `{name}`: {job}"),
    };
    Claimed {
        id: text("id"),
        attempt: job["attempts"].as_u64().unwrap_or(0),
        lease_token: text("lease_token"),
        payload: job["payload"].clone(),
    }
}
