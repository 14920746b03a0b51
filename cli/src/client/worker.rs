//! The calls of a worker: register, claim, heartbeat, complete, fail.
//!
//! Payloads and results go through as raw JSON, byte for byte, so bodies are structs here and no values. What the
//! server refuses is told apart by what a worker does then: see [`Refused`].

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Duration;

use http::{Method, StatusCode, header};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use shared::error_body::{ErrorBody, code};
use shared::job::{
    Claim, Complete, EntryAnswer, Fail, Heartbeat, HeartbeatAnswer, JobId, Json, LeaseToken,
    Register, Registered, Status, WorkerId,
};
use shared::timestamp::Timestamp;

use super::{Client, answer, transcript};
use crate::exit_code::Exit;
use crate::failure::Failure;

/// A call without a large body.
const SHORT: Duration = Duration::from_secs(10);
/// A call with a result of some MiB in it.
const LONG: Duration = Duration::from_secs(60);

/// Why a worker's call was not done.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The lease is over, or another's: drop the work.
    Stale,
    /// The server is away, busy or restarting: once more in a while.
    Later(Failure),
    /// The same call will not do.
    Never(Failure),
}

/// A job that is ours for the time of its lease.
#[derive(Deserialize)]
pub(crate) struct ClaimedJob {
    pub(crate) id: JobId,
    pub(crate) kind: String,
    pub(crate) payload: Json,
    /// This one included.
    pub(crate) attempts: u32,
    pub(crate) max_attempts: u32,
    #[serde(default)]
    pub(crate) deadline_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) lease_token: LeaseToken,
}

#[derive(Deserialize)]
struct ClaimedMany {
    jobs: Vec<ClaimedJob>,
}

/// An entry with who says it.
#[derive(Serialize)]
struct Said<'a, T> {
    worker_id: &'a WorkerId,
    #[serde(flatten)]
    entry: &'a T,
}

impl Client {
    /// Whether the access token stands in `text`.
    pub(crate) fn has_token_in(&self, text: &OsStr) -> bool {
        let token = self.token.as_ref().map(ExposeSecret::expose_secret);
        token.is_some_and(|token| !token.is_empty() && text.to_string_lossy().contains(token))
    }

    /// Makes the worker known. An id of its own stays.
    pub(crate) async fn register_worker(&self, register: &Register) -> Result<WorkerId, Refused> {
        let answer: Registered = self.told("register", register, SHORT).await?;
        Ok(answer.worker_id)
    }

    /// Claims jobs, and waits for some as long as `claim` says.
    pub(crate) async fn claim_jobs(&self, claim: &Claim) -> Result<Vec<ClaimedJob>, Refused> {
        let limit = Duration::from_secs(claim.wait_s) + LONG;
        let (status, body) = self.tell("claim", claim, limit).await?;
        match (status, claim.limit) {
            (StatusCode::NO_CONTENT, _) => Ok(Vec::new()),
            (_, 1) => Ok(vec![self.understood(&body)?]),
            _ => Ok(self.understood::<ClaimedMany>(&body)?.jobs),
        }
    }

    /// Makes a lease last longer.
    pub(crate) async fn heartbeat(
        &self,
        heartbeat: &Heartbeat,
        limit: Duration,
    ) -> Result<HeartbeatAnswer, Refused> {
        self.told("heartbeat", heartbeat, limit.min(SHORT)).await
    }

    /// Hands a result in; answers the job's status after it.
    pub(crate) async fn complete_job(
        &self,
        worker_id: &WorkerId,
        entry: &Complete,
    ) -> Result<Option<Status>, Refused> {
        let said = Said { worker_id, entry };
        let answer: EntryAnswer = self.told("complete", &said, LONG).await?;
        Ok(answer.status)
    }

    /// Hands a failure in; answers the job's status after it.
    pub(crate) async fn fail_job(
        &self,
        worker_id: &WorkerId,
        entry: &Fail,
    ) -> Result<Option<Status>, Refused> {
        let said = Said { worker_id, entry };
        let answer: EntryAnswer = self.told("fail", &said, SHORT).await?;
        Ok(answer.status)
    }

    async fn told<T: for<'de> Deserialize<'de>>(
        &self,
        verb: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<T, Refused> {
        let (_, body) = self.tell(verb, body, limit).await?;
        self.understood(&body)
    }

    /// Sends one call; its body is not traced, since it holds the lease token and what callers wrote.
    async fn tell(
        &self,
        verb: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<(StatusCode, Vec<u8>), Refused> {
        let body = serde_json::to_vec(body).map_err(|why| {
            Refused::Never(Failure::failed(format!("`{verb}` can't be written")).caused_by(&why))
        })?;
        let url = format!("{}/v1/workers/{verb}", self.server);
        self.output.trace(|| {
            let token = self.token.as_ref().map(ExposeSecret::expose_secret);
            let head = transcript::request(&Method::POST, &url, token, None);
            format!("{head}\n> ({} bytes)", body.len())
        });
        let mut request = self.http.post(&url).timeout(limit);
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let sent = request.body(body).send().await;
        let response = sent.map_err(|why| Refused::Later(self.broken(&why)))?;
        let status = response.status();
        self.output
            .trace(|| transcript::response(status, response.headers()));
        let (headers, body) = self.read(response).await.map_err(Refused::Later)?;
        if status.is_success() {
            return Ok((status, body));
        }
        let failure = answer::failure(&self.server, status, &headers, &body);
        Err(refused(status, &body, failure))
    }

    fn understood<T: for<'de> Deserialize<'de>>(&self, body: &[u8]) -> Result<T, Refused> {
        serde_json::from_slice(body).map_err(|why| {
            let what = format!("the answer of {} can't be read", self.server);
            let failure = Failure::failed(what).caused_by(&why);
            Refused::Never(failure.hint("mcpctl and mcpd may be of different versions"))
        })
    }
}

/// What a worker makes of an answer that is no success.
fn refused(status: StatusCode, body: &[u8], failure: Failure) -> Refused {
    let Ok(said) = serde_json::from_slice::<ErrorBody>(body) else {
        // Something on the way: mcpd itself will be back.
        return Refused::Later(failure);
    };
    match status.as_u16() {
        409 if said.error.code.as_deref() == Some(code::STALE_LEASE) => Refused::Stale,
        408 | 429 | 500..=599 => Refused::Later(failure),
        403 => Refused::Never(
            Failure::new(Exit::Auth, "this access token may not work on jobs")
                .cause(said.error.message)
                .request_id(said.error.request_id)
                .hint(
                    "an admin makes one that may: mcpctl create token NAME --role worker; \
                     give it as MCPCTL_TOKEN, or with `mcpctl login`",
                ),
        ),
        _ => Refused::Never(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Refused {
        let status = StatusCode::from_u16(status).unwrap();
        refused(status, body.as_bytes(), Failure::failed("x"))
    }

    #[test]
    fn refusals_are_told_apart_by_what_a_worker_does_then() {
        let body = |status, code| ErrorBody::new(status, code, "no").to_json();
        assert!(matches!(
            of(409, &body(409, code::STALE_LEASE)),
            Refused::Stale
        ));
        assert!(matches!(
            of(409, &body(409, code::CONFLICT)),
            Refused::Never(_)
        ));
        assert!(matches!(
            of(503, &body(503, code::SHUTTING_DOWN)),
            Refused::Later(_)
        ));
        assert!(matches!(of(404, "<html>"), Refused::Later(_)));
        let Refused::Never(failure) = of(403, &body(403, code::FORBIDDEN)) else {
            panic!("a role does not come by itself");
        };
        let lines = failure.lines();
        let hint = lines.iter().find(|(label, _)| *label == "try").unwrap();
        assert!(hint.1.contains("mcpctl create token NAME --role worker"));
    }

    #[test]
    fn a_payload_keeps_its_bytes() {
        let text = r#"{"id":"019aa5c3-1b7d-7f00-8000-000000000001","kind":"k","payload":{"a": 1.0e2, "a":12345678901234567890123},
            "attempts":1,"max_attempts":3,"lease_token":"t","newer":true}"#;
        let job: ClaimedJob = serde_json::from_str(text).unwrap();
        assert_eq!(
            job.payload.as_str(),
            r#"{"a": 1.0e2, "a":12345678901234567890123}"#
        );
    }
}
