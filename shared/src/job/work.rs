//! What workers say: register, claim, heartbeat, complete, fail.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::submit::check_kind;
use super::{
    BadJob, Job, JobId, Json, LeaseToken, MAX_BATCH, MAX_BATCH_BYTES, MAX_EVENT_BYTES,
    MAX_KEY_BYTES, MAX_KINDS, MAX_LEASE_SECONDS, MAX_METRICS_BYTES, MAX_RESULT_BYTES,
    MAX_WAIT_SECONDS, Status, WorkerId,
};

/// `POST /v1/workers/register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RegisterWorker))]
pub struct Register {
    /// Who it is.
    pub worker: Platform,
}

/// A worker, as it describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Worker))]
pub struct Platform {
    /// Its id, where it has one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<WorkerId>,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// `linux`, `macos`, ...
    #[serde(default)]
    pub platform: String,
    /// `x86_64`, `aarch64`, ...
    #[serde(default)]
    pub arch: String,
    /// The machine.
    #[serde(default)]
    pub host: String,
    /// For people; at most 32.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The answer to [`Register`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RegisteredWorker))]
pub struct Registered {
    /// The id to claim with.
    pub worker_id: WorkerId,
}

/// `POST /v1/workers/claim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ClaimJobs))]
pub struct Claim {
    /// Who claims.
    pub worker_id: WorkerId,
    /// What it can do.
    pub kinds: Vec<String>,
    /// How long the jobs are its own without a heartbeat.
    pub lease_seconds: u64,
    /// How many at most.
    #[serde(default = "one")]
    pub limit: u32,
    /// How long to wait for a job where there is none.
    #[serde(default)]
    pub wait_s: u64,
}

const fn one() -> u32 {
    1
}

/// A job that is the worker's own for the time of its lease. (Written only: raw JSON can't be read
/// through a flattened field.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ClaimedJob))]
pub struct Claimed {
    /// The job, its payload included.
    #[serde(flatten)]
    pub job: Job,
    /// To be given with all that is said of it.
    pub lease_token: LeaseToken,
    /// The access token on whose behalf it runs, by its public id; the server's own workers ask.
    #[serde(skip)]
    pub token_id: String,
}

/// The answer to a [`Claim`] of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ClaimedJobs))]
pub struct ClaimedList {
    /// The jobs, the most urgent first.
    pub jobs: Vec<Claimed>,
}

/// `POST /v1/workers/heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobHeartbeat))]
pub struct Heartbeat {
    /// Who.
    pub worker_id: WorkerId,
    /// Of which job.
    pub job_id: JobId,
    /// By which right.
    pub lease_token: LeaseToken,
    /// The lease lasts that long from now.
    pub extend_seconds: u64,
    /// How far it is: `{done, total, message}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<super::event::Progress>,
}

/// The answer to a [`Heartbeat`] whose token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobHeartbeatAnswer))]
pub struct HeartbeatAnswer {
    /// The lease is longer now.
    pub ok: bool,
    /// Somebody wants the job to end: stop, and report it failed.
    pub canceled: bool,
}

/// A result. In a batch the worker stands beside the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CompleteJob))]
pub struct Complete {
    /// Of which job.
    pub job_id: JobId,
    /// By which right.
    pub lease_token: LeaseToken,
    /// What came out.
    pub result: Json,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Json>,
}

/// A failure. In a batch the worker stands beside the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = FailJob))]
pub struct Fail {
    /// Of which job.
    pub job_id: JobId,
    /// By which right.
    pub lease_token: LeaseToken,
    /// What went wrong; cut to [`super::MAX_ERROR_BYTES`].
    pub error: String,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Json>,
    /// Whether another attempt may help.
    #[serde(default = "yes")]
    pub retryable: bool,
}

const fn yes() -> bool {
    true
}

/// What became of one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryAnswer {
    /// Which job.
    pub job_id: JobId,
    /// Whether the token held and the change was written.
    pub ok: bool,
    /// The job's status after it, where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why not, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The entries of a `complete` or `fail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// In their order.
    pub entries: Vec<T>,
    /// Whether they came as `{"jobs": [..]}`, and are answered so.
    pub is_list: bool,
}

/// Something of a batch that has bounds.
pub trait Bounded {
    /// Errors: a sentence that names the field.
    fn check(&self) -> Result<(), BadJob>;
    /// What it weighs, in bytes.
    fn bytes(&self) -> usize;
}

impl Claim {
    /// Checks the bounds.
    pub fn check(&self) -> Result<(), BadJob> {
        if self.kinds.is_empty() || self.kinds.len() > MAX_KINDS {
            return Err(BadJob::Rule("`kinds` must name 1 to 64 kinds"));
        }
        self.kinds.iter().try_for_each(|kind| check_kind(kind))?;
        check_lease(self.lease_seconds)?;
        if self.limit == 0 || self.limit as usize > MAX_BATCH {
            return Err(BadJob::Rule("`limit` must be between 1 and 1000"));
        }
        if self.wait_s > MAX_WAIT_SECONDS {
            return Err(BadJob::Rule("`wait_s` may be 60 at most"));
        }
        Ok(())
    }
}

impl Heartbeat {
    /// Checks the bounds.
    pub fn check(&self) -> Result<(), BadJob> {
        check_lease(self.extend_seconds)?;
        let message = self
            .progress
            .as_ref()
            .and_then(|progress| progress.message.as_ref());
        if message.is_some_and(|text| text.len() > MAX_EVENT_BYTES / 2) {
            return Err(BadJob::Rule("`progress.message` may have 32 KiB at most"));
        }
        Ok(())
    }
}

impl Register {
    /// Checks the bounds.
    pub fn check(&self) -> Result<(), BadJob> {
        let worker = &self.worker;
        let texts = [&worker.name, &worker.platform, &worker.arch, &worker.host];
        let fits =
            |text: &String| text.len() <= MAX_KEY_BYTES && !text.chars().any(char::is_control);
        if !texts.into_iter().chain(&worker.tags).all(fits) || worker.tags.len() > 32 {
            return Err(BadJob::Rule(
                "each field of `worker` may have 256 bytes without control characters, `tags` 32 entries",
            ));
        }
        Ok(())
    }
}

fn check_lease(seconds: u64) -> Result<(), BadJob> {
    if seconds == 0 || seconds > MAX_LEASE_SECONDS {
        return Err(BadJob::Rule(
            "`lease_seconds` and `extend_seconds` must be between 1 and 86400",
        ));
    }
    Ok(())
}

fn check_metrics(metrics: Option<&Json>) -> Result<(), BadJob> {
    if metrics.is_some_and(|metrics| metrics.as_str().len() > MAX_METRICS_BYTES) {
        return Err(BadJob::Rule("`metrics` may have 16 KiB at most"));
    }
    if metrics.is_some_and(Json::is_too_deep) {
        return Err(BadJob::Rule("`metrics` may nest 60 levels deep at most"));
    }
    Ok(())
}

impl Bounded for Complete {
    fn check(&self) -> Result<(), BadJob> {
        if self.result.as_str().len() > MAX_RESULT_BYTES {
            return Err(BadJob::Rule("`result` is larger than 4 MiB"));
        }
        if self.result.is_too_deep() {
            return Err(BadJob::Rule("`result` may nest 60 levels deep at most"));
        }
        check_metrics(self.metrics.as_ref())
    }

    fn bytes(&self) -> usize {
        self.result.as_str().len()
    }
}

impl Bounded for Fail {
    fn check(&self) -> Result<(), BadJob> {
        check_metrics(self.metrics.as_ref())
    }

    fn bytes(&self) -> usize {
        self.error.len()
    }
}

/// Reads a body of `complete` or `fail`: one entry, or `{"jobs": [..]}`; each is checked.
///
/// Errors: [`BadJob`], with a sentence that names the field.
pub fn parse_batch<T: DeserializeOwned + Bounded>(body: &[u8]) -> Result<Batch<T>, BadJob> {
    let (entries, is_list) = one_or_many::<T>(body)?;
    check_batch(&entries)?;
    Ok(Batch { entries, is_list })
}

/// Checks each entry of one call, and what they weigh together.
///
/// Errors: [`BadJob`], with a sentence that names the field.
pub fn check_batch<T: Bounded>(entries: &[T]) -> Result<(), BadJob> {
    if entries.is_empty() || entries.len() > MAX_BATCH {
        return Err(BadJob::Rule("`jobs` must have 1 to 1000 entries"));
    }
    entries.iter().try_for_each(T::check)?;
    if entries.iter().map(T::bytes).sum::<usize>() > MAX_BATCH_BYTES {
        return Err(BadJob::Rule(
            "one call may carry 16 MiB: send fewer entries at once",
        ));
    }
    Ok(())
}

/// One value, or the list under `jobs`. Not an untagged enum, which would take raw JSON apart.
pub(super) fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, bool), BadJob> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(borrow, default)]
        jobs: Option<&'a RawValue>,
    }
    match serde_json::from_slice::<Probe<'_>>(body)?.jobs {
        Some(list) => Ok((serde_json::from_str(list.get())?, true)),
        None => Ok((vec![serde_json::from_slice(body)?], false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_comes_alone_or_in_a_list() {
        let id = "019aa5c3-1b7d-7f00-8000-000000000001";
        let entry =
            format!(r#"{{"worker_id":"w","job_id":"{id}","lease_token":"t","result":[1]}}"#);
        let one = parse_batch::<Complete>(entry.as_bytes()).unwrap();
        assert!(!one.is_list);
        let many = format!(r#"{{"worker_id":"w","jobs":[{entry},{entry}]}}"#);
        let many = parse_batch::<Complete>(many.as_bytes()).unwrap();
        assert_eq!((many.entries.len(), many.is_list), (2, true));
        assert_eq!(many.entries[1], one.entries[0]);
    }

    #[test]
    fn a_claim_has_bounds_and_defaults() {
        let claim: Claim =
            serde_json::from_str(r#"{"worker_id":"w","kinds":["echo"],"lease_seconds":30}"#)
                .unwrap();
        assert_eq!((claim.limit, claim.wait_s), (1, 0));
        assert!(claim.check().is_ok());
        let why = |change: fn(&mut Claim)| {
            let mut bad = claim.clone();
            change(&mut bad);
            bad.check().unwrap_err().to_string()
        };
        assert!(why(|claim| claim.kinds.clear()).contains("`kinds`"));
        assert!(why(|claim| claim.limit = 1001).contains("`limit`"));
        assert!(why(|claim| claim.lease_seconds = 0).contains("`lease_seconds`"));
        assert!(why(|claim| claim.wait_s = 61).contains("`wait_s`"));
    }
}
