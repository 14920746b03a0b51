//! A caller of the jobs' API.

use super::watcher::Watcher;
use crate::cluster::{Ask, Mcpd, Whole, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Jobs in one call, as the server allows.
pub const MAX_BATCH: usize = 1000;

/// The API as one access token sees it.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// Where the server listens.
    pub addr: SocketAddr,
    /// The access token.
    pub token: String,
}

impl Jobs {
    /// As the admin of `mcpd`, who sees everybody's.
    #[must_use]
    pub fn of(mcpd: &Mcpd) -> Self {
        Self::with(mcpd, &mcpd.admin)
    }

    /// With this access token.
    #[must_use]
    pub fn with(mcpd: &Mcpd, token: &str) -> Self {
        let (addr, token) = (mcpd.addr, token.to_owned());
        Self { addr, token }
    }

    /// Makes a call and reads the answer to its end.
    ///
    /// # Errors
    /// When the connection fails or breaks before that: whether the call was heard is not known then.
    pub async fn call(&self, ask: Ask) -> io::Result<Whole> {
        let answer = ask.token(&self.token).try_send(self.addr).await?;
        let answer = answer.whole().await;
        match answer.broken {
            None => Ok(answer),
            Some(why) => Err(io::Error::other(why)),
        }
    }

    /// Makes a call that must be answered with a 2xx; its JSON.
    ///
    /// # Panics
    /// When it is not.
    pub async fn call_ok(&self, ask: Ask) -> Value {
        match self.call(ask.clone()).await {
            Ok(answer) if (200..300).contains(&answer.status) => answer.json(),
            Ok(answer) => panic!("{ask:?}: {} {}", answer.status, answer.text()),
            Err(error) => panic!("{ask:?}: {error}"),
        }
    }

    /// Submits one job; its id.
    ///
    /// # Panics
    /// When it is not accepted.
    pub async fn submit(&self, job: Value) -> String {
        id_in(&self.call_ok(Ask::post("/v1/jobs", job)).await)
    }

    /// Submits jobs in one call; their ids.
    ///
    /// # Panics
    /// When they are not accepted.
    pub async fn submit_all(&self, jobs: &[Value]) -> Vec<String> {
        let answer = self
            .call_ok(Ask::post("/v1/jobs", json!({"jobs": jobs})))
            .await;
        ids_in(&answer)
    }

    /// A job with its attempts.
    ///
    /// # Panics
    /// When there is none.
    pub async fn job(&self, id: &str) -> Value {
        self.call_ok(Ask::get(&format!("/v1/jobs/{id}?history=true")))
            .await
    }

    /// Asks for the job's end.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn cancel(&self, id: &str) -> Value {
        self.call_ok(Ask::post(&format!("/v1/jobs/{id}/cancel"), ""))
            .await
    }

    /// Waits until the job is in `status`; the job with its attempts.
    ///
    /// # Panics
    /// When it is not within `limit`.
    pub async fn reaches(&self, id: &str, status: &str, limit: Duration) -> Value {
        let what = format!("the job {id} to be {status}");
        let path = format!("/v1/jobs/{id}?history=true");
        until(&what, limit, async || {
            let answer = self.call(Ask::get(&path)).await;
            let answer = answer.map_err(|error| error.to_string())?;
            let is_there = answer.status == 200 && answer.json()["status"] == status;
            if is_there {
                Ok(answer.json())
            } else {
                Err(answer.text())
            }
        })
        .await
    }

    /// Waits until all of them have ended; how many as what.
    ///
    /// # Panics
    /// When they have not within `limit`.
    pub async fn all_end(&self, ids: &[String], limit: Duration) -> BTreeMap<String, usize> {
        until("all jobs to end", limit, async || {
            let counts = self.standings(ids).await?;
            let ended = counts.iter().filter(|(status, _)| is_ended(status));
            let ended: usize = ended.map(|(_, count)| count).sum();
            if ended == ids.len() {
                Ok(counts)
            } else {
                Err(format!("{counts:?}"))
            }
        })
        .await
    }

    /// How many of them are in which status.
    ///
    /// # Errors
    /// What was answered instead.
    pub async fn standings(&self, ids: &[String]) -> Result<BTreeMap<String, usize>, String> {
        let mut counts = BTreeMap::new();
        for ids in ids.chunks(MAX_BATCH) {
            let ask = Ask::post("/v1/jobs/lookup", json!({"ids": ids}));
            let answer = self.call(ask).await.map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(answer.text());
            }
            for job in list_in(&answer.json(), "jobs") {
                let status = job["status"].as_str().unwrap_or_default().to_owned();
                *counts.entry(status).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }

    /// Every job that the token sees, newest first, in short.
    ///
    /// # Panics
    /// When a page is refused.
    pub async fn list(&self) -> Vec<Value> {
        let mut jobs = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/jobs?limit={MAX_BATCH}{cursor}");
            let page = self.call_ok(Ask::get(&path)).await;
            jobs.extend(list_in(&page, "jobs").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return jobs,
            }
        }
    }

    /// Watches the job from the event after `after`.
    ///
    /// # Errors
    /// When the connection fails, or it is refused.
    pub async fn watch(&self, id: &str, after: Option<u64>) -> io::Result<Watcher> {
        let mut ask = Ask::get(&format!("/v1/jobs/{id}/stream")).token(&self.token);
        if let Some(after) = after {
            ask = ask.header("last-event-id", &after.to_string());
        }
        let answer = ask.try_send(self.addr).await?;
        if answer.status == 200 {
            return Ok(Watcher::new(answer));
        }
        Err(io::Error::other(answer.whole().await.text()))
    }
}

/// Whether nothing happens to a job in this status any more.
#[must_use]
pub fn is_ended(status: &str) -> bool {
    ["done", "error", "canceled", "expired"].contains(&status)
}

/// The id in the answer to a submit of one job.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn id_in(answer: &Value) -> String {
    match answer["job_id"].as_str() {
        Some(id) => id.to_owned(),
        None => panic!("no id of a job: {answer}"),
    }
}

/// The ids in the answer to a submit of several.
#[must_use]
pub fn ids_in(answer: &Value) -> Vec<String> {
    let ids = list_in(answer, "job_ids").iter();
    ids.map(|id| id.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The list `name`; empty where there is none.
#[must_use]
pub fn list_in<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
