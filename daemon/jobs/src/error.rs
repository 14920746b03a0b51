//! Why the queue could not do what it was asked to.

use std::sync::Arc;

use shared::job::BadJob;
use store::StoreError;

use crate::kinds::BadPayload;

/// An error that an edge turns into its own words. Cheap to clone: a commit that fails fails for
/// everybody in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no such job, or it is not the caller's to see.
    #[error("there is no job `{0}`")]
    NotFound(String),
    /// What is asked does not go with the job's status.
    #[error("{0}")]
    Conflict(String),
    /// A field is wrong.
    #[error("{0}")]
    BadJob(String),
    /// The lease token does not hold (any more): nothing has changed.
    #[error("the lease of this attempt is over, or was never yours: drop the work")]
    Stale,
    /// The server ends.
    #[error("the server is stopping")]
    Stopping,
    /// The database's.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl Error {
    /// Whether the same may work in a while.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.retryable(),
            Self::Stopping => true,
            Self::NotFound(_) | Self::Conflict(_) | Self::BadJob(_) | Self::Stale => false,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { kind: "job", name } => Self::NotFound(name),
            StoreError::Conflict {
                kind: "idempotency key",
                name,
            } => Self::Conflict(format!(
                "the idempotency key `{name}` came before, with another body"
            )),
            other => Self::Store(Arc::new(other)),
        }
    }
}

impl From<BadJob> for Error {
    fn from(error: BadJob) -> Self {
        Self::BadJob(error.to_string())
    }
}

impl From<BadPayload> for Error {
    fn from(error: BadPayload) -> Self {
        Self::BadJob(error.to_string())
    }
}
