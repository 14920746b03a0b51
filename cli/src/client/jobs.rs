//! The calls about durable jobs. Their bodies are `/v1`'s: snake_case, ids and no names.

use http::Method;
use reqwest::Response;
use serde_json::{Value, json};
use shared::job::JobId;

use super::gateway::with_query;
use super::{Body, Client, EVENT_STREAM, Outgoing};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// Jobs that one [`Client::lookup_jobs`] may ask for.
pub(crate) const MAX_LOOKUP: usize = 1000;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const LAST_EVENT_ID: &str = "Last-Event-ID";

impl Client {
    /// Submits a job, or `{"jobs": [..]}`. `body` is sent as it is: with a key it can be sent
    /// again.
    pub(crate) async fn submit_jobs(&self, body: &str, key: Option<&str>) -> Result<Value> {
        let request = Outgoing {
            body: Body::Written(body),
            header: key.map(|key| (IDEMPOTENCY_KEY, key)),
            ..Outgoing::new(Method::POST, "/v1/jobs")
        };
        self.call_with(request).await
    }

    /// One job, with its attempts.
    pub(crate) async fn job(&self, id: &JobId) -> Result<Value> {
        let path = format!("/v1/jobs/{id}?history=true");
        let answer = self.call(Method::GET, &path, None).await;
        answer.map_err(with_list)
    }

    /// A page of jobs, newest first, without what went in and came out.
    pub(crate) async fn jobs(&self, query: &[(&str, String)]) -> Result<Value> {
        let path = with_query("/v1/jobs", query);
        self.call(Method::GET, &path, None).await
    }

    /// Where jobs stand, up to [`MAX_LOOKUP`] of them. Those that are gone are missing.
    pub(crate) async fn lookup_jobs(&self, ids: &[&JobId]) -> Result<Vec<Value>> {
        let body = json!({"ids": ids});
        let path = "/v1/jobs/lookup";
        let mut answer = self.call(Method::POST, path, Some(&body)).await?;
        match answer.get_mut("jobs").map(Value::take) {
            Some(Value::Array(jobs)) => Ok(jobs),
            _ => Err(
                Failure::failed("the server's answer about the jobs can't be read")
                    .cause("it has no list `jobs`")
                    .hint("`mcpctl version` shows whether server and mcpctl differ"),
            ),
        }
    }

    /// How many jobs there are, what runs, and what waits for what.
    pub(crate) async fn jobs_summary(&self) -> Result<Value> {
        self.call(Method::GET, "/v1/jobs/summary", None).await
    }

    /// The workers that were heard of.
    pub(crate) async fn workers(&self) -> Result<Value> {
        self.call(Method::GET, "/v1/workers", None).await
    }

    /// Takes a job back.
    pub(crate) async fn cancel_job(&self, id: &JobId) -> Result<Value> {
        let path = format!("/v1/jobs/{id}/cancel");
        let answer = self.call(Method::POST, &path, None).await;
        answer.map_err(with_list)
    }

    /// Queues an ended job anew.
    pub(crate) async fn retry_job(&self, id: &JobId) -> Result<Value> {
        let path = format!("/v1/jobs/{id}/retry");
        let answer = self.call(Method::POST, &path, None).await;
        answer.map_err(with_list)
    }

    /// Deletes an ended job.
    pub(crate) async fn delete_job(&self, id: &JobId) -> Result<()> {
        let path = format!("/v1/jobs/{id}");
        let timeout = Some(self.timeout.unwrap_or(super::DEFAULT_TIMEOUT));
        let request = Outgoing {
            timeout,
            ..Outgoing::new(Method::DELETE, &path)
        };
        // What the answer holds is nobody's news.
        self.send(request).await.map(drop).map_err(with_list)
    }

    /// What a job tells, behind the event `after`: until its end, or what there is by now. Has no
    /// time limit.
    pub(crate) async fn job_stream(
        &self,
        id: &JobId,
        after: Option<&str>,
        follow: bool,
    ) -> Result<Response> {
        let query = if follow { "" } else { "?follow=false" };
        let path = format!("/v1/jobs/{id}/stream{query}");
        let request = Outgoing {
            accept: EVENT_STREAM,
            header: after.map(|after| (LAST_EVENT_ID, after)),
            ..Outgoing::new(Method::GET, &path)
        };
        self.send(request).await.map_err(with_list)
    }
}

/// Says where ids come from, where the server did not hint itself.
fn with_list(failure: Failure) -> Failure {
    if failure.exit() != Exit::NotFound || failure.has_hint() {
        return failure;
    }
    failure.hint("`mcpctl get jobs` lists what there is")
}
