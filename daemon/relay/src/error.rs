//! What can go wrong on the channel, for callers and for publishers.

use shared::channel::{Conflict, TaskError};

/// A refusal or a failure of the relay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody serves the LLM now.
    #[error("no publisher serves this LLM now")]
    Offline,
    /// The publisher went away with the task.
    #[error("the publisher went away while it worked on the request")]
    Disconnected,
    /// The publisher does not take frames off its channel.
    #[error("the publisher does not keep up with its tasks")]
    Stuck,
    /// The publisher says that its provider failed.
    #[error("{}", .0.message)]
    Provider(TaskError),
    /// The answer broke off.
    #[error("the publisher broke off in the middle of the answer")]
    CutShort,
    /// No such session or task, or not this principal's.
    #[error("there is no such session or task")]
    NotFound,
    /// The session is known, but was not registered since the server started.
    #[error("the session is not registered: call _provider-register first")]
    NotRegistered,
    /// The message belongs to a channel that was replaced.
    #[error("this belongs to epoch {found}, the channel is at epoch {current}")]
    StaleEpoch {
        /// What the publisher said.
        found: u64,
        /// What is true.
        current: u64,
    },
    /// The task is over: the caller went, or it was answered.
    #[error("the task has ended")]
    TaskEnded,
    /// The same sequence number with other bytes, or a second upload.
    #[error("{0}")]
    Contradiction(&'static str),
    /// A sequence number too far ahead of what came.
    #[error("message {found} is too far ahead: the next expected is {expected}")]
    OutOfOrder {
        /// The sequence number that came.
        found: u64,
        /// The one that is missing.
        expected: u64,
    },
    /// A message that makes no sense.
    #[error("{0}")]
    BadMessage(String),
    /// None of the offered names can be taken.
    #[error("{}", conflict_text(.0))]
    NameTaken(Vec<Conflict>),
    /// The principal has as many sessions as it may have.
    #[error("this principal has {limit} provider sessions already, which is the most it may have")]
    TooManySessions {
        /// How many.
        limit: usize,
    },
    /// The store can't take the change.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

fn conflict_text(conflicts: &[Conflict]) -> String {
    let texts: Vec<_> = conflicts
        .iter()
        .map(|conflict| format!("`{}`: {}", conflict.name, conflict.message))
        .collect();
    texts.join("; ")
}
