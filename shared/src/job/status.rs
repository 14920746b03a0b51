//! The states of a job, and which change leads from one to another.
//!
//! ```text
//!               Claimed                Completed
//!   queued ───────────────► running ───────────────► done
//!     ▲ │ ◄─────────────────┘ │ │ └─ Failed, LeaseEnded: give up ─► error
//!     │ │   Parked, Failed,   │ └─── Failed, LeaseEnded: canceled ─► canceled
//!     │ │   LeaseEnded: again │                                        ▲
//!     │ ├── CancelAsked ──────┼────────────────────────────────────────┘
//!     │ └── DeadlinePassed ───┴─► expired
//!     └──── Retried ── done | error | canceled | expired
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobStatus))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for a worker, for its time, or for an LLM.
    #[default]
    Queued,
    /// A worker holds its lease.
    Running,
    /// It has a result.
    Done,
    /// Its last attempt failed.
    Error,
    /// Somebody took it back.
    Canceled,
    /// Its deadline passed.
    Expired,
}

/// Something that happens to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A worker took it.
    Claimed,
    /// Its worker brought the result.
    Completed,
    /// Its worker reported a failure.
    Failed(Then),
    /// Its worker was silent for a whole lease.
    LeaseEnded(Then),
    /// Its worker put it back: nobody can serve it now. The attempt does not count.
    Parked,
    /// Somebody wants it to end. A running one only learns of it.
    CancelAsked,
    /// The time by which a result was wanted has passed.
    DeadlinePassed,
    /// Somebody wants it anew.
    Retried,
}

/// What follows upon an attempt that brought no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Another attempt.
    Again,
    /// The end.
    GiveUp,
    /// The end that was asked for.
    Cancel,
}

/// What becomes of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It changes to this status.
    Become(Status),
    /// It stays, and its worker is told that somebody wants it to end.
    AskWorker,
    /// Nothing: that can't happen to a job in this status.
    Refused,
}

/// The status after `change`. Pure: who writes it down is the caller's business.
pub const fn step(status: Status, change: Change) -> Next {
    match (status, change) {
        (Status::Queued, Change::Claimed) => Next::Become(Status::Running),
        (Status::Running, Change::Completed) => Next::Become(Status::Done),
        (Status::Running, Change::Failed(then) | Change::LeaseEnded(then)) => match then {
            Then::Again => Next::Become(Status::Queued),
            Then::GiveUp => Next::Become(Status::Error),
            Then::Cancel => Next::Become(Status::Canceled),
        },
        (Status::Running, Change::Parked) => Next::Become(Status::Queued),
        (Status::Queued, Change::CancelAsked) => Next::Become(Status::Canceled),
        (Status::Running, Change::CancelAsked) => Next::AskWorker,
        (Status::Queued | Status::Running, Change::DeadlinePassed) => Next::Become(Status::Expired),
        (ended, Change::Retried) if ended.is_ended() => Next::Become(Status::Queued),
        _ => Next::Refused,
    }
}

/// What follows upon an attempt without a result: attempt number `attempts` of `max_attempts`.
pub const fn after_failure(
    attempts: u32,
    max_attempts: u32,
    retryable: bool,
    cancel_requested: bool,
) -> Then {
    if cancel_requested {
        Then::Cancel
    } else if retryable && attempts < max_attempts {
        Then::Again
    } else {
        Then::GiveUp
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Error,
        Self::Canceled,
        Self::Expired,
    ];

    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing happens to it any more, unless somebody retries it.
    pub const fn is_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status: use queued, running, done, error, canceled or expired")]
pub struct UnknownStatus(String);

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| UnknownStatus(text.escape_debug().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change() -> impl Strategy<Value = Change> {
        let then = || prop_oneof![Just(Then::Again), Just(Then::GiveUp), Just(Then::Cancel)];
        prop_oneof![
            Just(Change::Claimed),
            Just(Change::Completed),
            then().prop_map(Change::Failed),
            then().prop_map(Change::LeaseEnded),
            Just(Change::Parked),
            Just(Change::CancelAsked),
            Just(Change::DeadlinePassed),
            Just(Change::Retried),
        ]
    }

    fuzzing::targets! {
        fn an_ended_job_stays_ended_until_it_is_retried_and_a_claim_comes_before_a_result(
            changes in prop::collection::vec(change(), 0..60)
        ) {
            let mut status = Status::Queued;
            for change in changes {
                let before = status;
                if let Next::Become(next) = step(status, change) {
                    status = next;
                    prop_assert_ne!(before, next);
                }
                if before.is_ended() && change != Change::Retried {
                    prop_assert_eq!(before, status);
                }
                if status == Status::Running && before != status {
                    prop_assert_eq!((before, change), (Status::Queued, Change::Claimed));
                }
                if matches!(status, Status::Done | Status::Error) && before != status {
                    prop_assert_eq!(before, Status::Running);
                }
            }
        }

        fn attempts_are_never_more_than_allowed(max in 1u32..20, retryable in any::<bool>(), asked in any::<bool>()) {
            for attempts in 1..=max + 2 {
                let then = after_failure(attempts, max, retryable, asked);
                prop_assert_eq!(then == Then::Again, retryable && !asked && attempts < max);
                prop_assert_eq!(then == Then::Cancel, asked);
            }
        }
    }

    #[test]
    fn every_status_can_be_reached_and_reads_back() {
        let reached = [
            step(Status::Running, Change::Parked),
            step(Status::Queued, Change::Claimed),
            step(Status::Running, Change::Completed),
            step(Status::Running, Change::Failed(Then::GiveUp)),
            step(Status::Queued, Change::CancelAsked),
            step(Status::Queued, Change::DeadlinePassed),
        ];
        assert_eq!(reached, Status::ALL.map(Next::Become));
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }
}
