//! A job as it is shown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{JobId, Json, Status, WorkerId};
use crate::timestamp::Timestamp;

/// `GET /v1/jobs/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// With what; null in lists.
    pub payload: Json,
    /// Where it stands.
    pub status: Status,
    /// Attempts that began.
    pub attempts: u32,
    /// Attempts before it is given up.
    pub max_attempts: u32,
    /// Higher comes first.
    pub priority: i32,
    /// Until when its worker may be silent, while it runs.
    pub lease_until: Option<Timestamp>,
    /// By when a result is wanted.
    pub deadline_at: Option<Timestamp>,
    /// What came out, once it is done; left out of lists.
    pub result: Option<Json>,
    /// Why its last attempt failed, or why it ended without a result.
    pub error: Option<String>,
    /// How many are before it, while it is queued; told of single jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// When it may begin, in seconds from now, while it is queued and where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<u64>,
    /// Why nobody can run it now, while it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was submitted, or retried.
    pub queued_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// On whose behalf.
    #[serde(default)]
    pub principal: String,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who has it, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// The LLM or model without which it can't run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Somebody wants it to end, and its worker does not know yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel_requested: bool,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its unique key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its attempts, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Attempt>,
}

/// `GET /v1/jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobList {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// For the next page, where there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<JobId>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobAttempt))]
pub struct Attempt {
    /// 1 is the first. A retry by hand begins again with 1; a parked attempt is none.
    pub number: u32,
    /// Who.
    pub worker: WorkerId,
    /// From when.
    pub started_at: Timestamp,
    /// Until when; nothing while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it ended; nothing while it runs.
    pub outcome: Option<Outcome>,
    /// What went wrong.
    pub error: Option<String>,
    /// What it took.
    pub metrics: Option<Json>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobOutcome))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a result.
    Done,
    /// Its worker reported a failure.
    Failed,
    /// Its worker was silent for a whole lease.
    LeaseEnded,
    /// Somebody wanted it to end.
    Canceled,
    /// The deadline passed.
    Expired,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Done,
        Self::Failed,
        Self::LeaseEnded,
        Self::Canceled,
        Self::Expired,
    ];

    /// The outcome as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::LeaseEnded => "lease_ended",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an outcome of an attempt")]
pub struct UnknownOutcome(String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        let found = Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text);
        found.ok_or_else(|| UnknownOutcome(text.escape_debug().to_string()))
    }
}

/// `POST /v1/jobs/lookup`: where many jobs stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobLookup))]
pub struct Lookup {
    /// Which; at most [`super::MAX_BATCH`].
    pub ids: Vec<JobId>,
}

/// The answer to a [`Lookup`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobStandings))]
pub struct Looked {
    /// Those that there are, in no order.
    pub jobs: Vec<Standing>,
}

/// Where a job stands, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobStanding))]
pub struct Standing {
    /// Its id.
    pub id: JobId,
    /// Its status.
    pub status: Status,
    /// Attempts that began.
    pub attempts: u32,
    /// Who has it, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// Why its last attempt failed, or why it ended without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `GET /v1/jobs/summary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobSummary))]
pub struct Summary {
    /// Jobs that have not ended, and those that ended since `since`.
    pub counts: Vec<Counts>,
    /// What runs now; at most 1000.
    pub running: Vec<Job>,
    /// What waits for a model, by kind and model.
    pub waiting: Vec<Waiting>,
    /// Jobs that ended within the last minute.
    pub ended_per_minute: u64,
    /// From when ended jobs are counted.
    pub since: Timestamp,
}

/// Jobs that wait for the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = WaitingJobs))]
pub struct Waiting {
    /// Their kind.
    pub kind: String,
    /// The LLM or model that they need; empty where they need none.
    pub waits_for: String,
    /// How many.
    pub jobs: u64,
    /// Why nobody runs them now, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How many jobs of a kind are in a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobCounts))]
pub struct Counts {
    /// The kind.
    pub kind: String,
    /// The status.
    pub status: Status,
    /// How many.
    pub jobs: u64,
}
