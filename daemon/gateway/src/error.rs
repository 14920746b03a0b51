//! Why a request got no answer: in words, as a status, as a code, with a hint.

use std::time::Duration;

use registry::Full;
use shared::chat_body::BadBody;
use shared::error_body::code;
use shared::llm::ProviderType;
use shared::timestamp::Timestamp;

/// A request that ends without an answer of a provider.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such LLM.
    #[error("there is no LLM `{name}`")]
    NotFound {
        /// What was asked for.
        name: String,
        /// A name that is almost it.
        near: Option<String>,
    },
    /// Nobody serves it now.
    #[error("`{name}` is offline: {why}")]
    Offline {
        /// The LLM.
        name: String,
        /// Since when, in words.
        why: String,
    },
    /// The body can't be used.
    #[error(transparent)]
    BadBody(#[from] BadBody),
    /// No slot, and no room to wait.
    #[error("`{name}` is busy: {full}")]
    Overloaded {
        /// The LLM.
        name: String,
        /// How busy.
        full: Full,
    },
    /// It took too long.
    #[error("`{name}` did not answer within {} s", .after.as_secs())]
    Deadline {
        /// The LLM.
        name: String,
        /// The time that the request had.
        after: Duration,
    },
    /// The caller's credential was revoked meanwhile.
    #[error("the access token was revoked while the request ran")]
    Revoked,
    /// The server is about to stop.
    #[error("the server is stopping")]
    Stopping,
    /// A public row that can't be called as it stands.
    #[error("the LLM `{name}` can't be called: {why}")]
    Misconfigured {
        /// The LLM.
        name: String,
        /// What is wrong with its row.
        why: String,
    },
    /// The row's dialect has no adapter.
    #[error("this server can't call providers of type `{0}`")]
    NoAdapter(ProviderType),
    /// The channel failed.
    #[error("`{name}`: {source}")]
    Relay {
        /// The LLM.
        name: String,
        /// What happened.
        source: relay::Error,
    },
    /// The provider of a public row failed.
    #[error("`{name}`: {source}")]
    Provider {
        /// The LLM.
        name: String,
        /// What happened.
        source: providers::Error,
    },
    /// The store can't be asked.
    #[error("the server's database can't be asked now")]
    Store(#[from] store::StoreError),
    /// A fault of ours.
    #[error("the server failed while it worked on the request")]
    Internal,
}

impl Error {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Offline { .. } | Self::Stopping | Self::Store(_) => 503,
            Self::BadBody(_) => 400,
            Self::Overloaded { .. } => 429,
            Self::Deadline { .. } => 504,
            Self::Revoked => 401,
            Self::Misconfigured { .. } => 502,
            Self::NoAdapter(_) => 501,
            Self::Relay { source, .. } => relay_status(source),
            Self::Provider { source, .. } => match source {
                providers::Error::Refused { status, .. } if *status >= 400 => *status,
                providers::Error::Unsupported(_) => 400,
                _ => 502,
            },
            Self::Internal => 500,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound { .. } => code::MODEL_NOT_FOUND,
            Self::Offline { .. } => code::PROVIDER_OFFLINE,
            Self::BadBody(_) => code::INVALID_REQUEST,
            Self::Overloaded { .. } => code::OVERLOADED,
            Self::Deadline { .. } => code::DEADLINE_EXCEEDED,
            Self::Revoked => code::INVALID_API_KEY,
            Self::Stopping => code::SHUTTING_DOWN,
            Self::Misconfigured { .. } => code::PROVIDER_ERROR,
            Self::NoAdapter(_) => "no_adapter",
            Self::Relay { source, .. } => relay_code(source),
            Self::Provider { source, .. } if source.is_callers_fault() => code::INVALID_REQUEST,
            Self::Provider { .. } => code::PROVIDER_ERROR,
            Self::Store(_) => code::UNAVAILABLE,
            Self::Internal => code::INTERNAL,
        }
    }

    /// What the caller may try.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::NotFound { near: None, .. } => "list the names with `mcpctl get llm`".into(),
            Self::Offline { .. } => {
                "start mcplocal on the publisher's machine (`mcpctl local status`), or try again later"
                    .into()
            }
            Self::Overloaded { .. } => "try again when `Retry-After` has passed".into(),
            Self::Deadline { .. } => "ask for fewer tokens, or raise `request_timeout` of mcpd".into(),
            Self::Misconfigured { name, .. } => format!("see `mcpctl describe llm {name}`"),
            Self::Relay { source, .. } if relay_code(source) == code::PROVIDER_DISCONNECTED => {
                "try again: the LLM is back when its publisher is".into()
            }
            _ => return None,
        })
    }

    /// When it makes sense to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Offline { .. } => Some(OFFLINE_RETRY_AFTER),
            Self::Overloaded { .. } | Self::Stopping | Self::Store(_) => Some(BUSY_RETRY_AFTER),
            Self::Relay {
                source: relay::Error::Offline,
                ..
            } => Some(OFFLINE_RETRY_AFTER),
            Self::Relay {
                source: relay::Error::Stuck,
                ..
            } => Some(BUSY_RETRY_AFTER),
            _ => None,
        }
    }
}

/// A publisher that comes back does so within about this time.
const OFFLINE_RETRY_AFTER: Duration = Duration::from_secs(10);
/// A slot is free within about this time.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(2);

fn relay_status(error: &relay::Error) -> u16 {
    match error {
        relay::Error::Offline | relay::Error::Stuck => 503,
        relay::Error::Provider(task) => {
            let status = task.status.unwrap_or(502);
            if (400..600).contains(&status) {
                status
            } else {
                502
            }
        }
        relay::Error::BadMessage(_) => 400,
        _ => 502,
    }
}

fn relay_code(error: &relay::Error) -> &str {
    match error {
        relay::Error::Offline => code::PROVIDER_OFFLINE,
        relay::Error::Stuck => code::OVERLOADED,
        relay::Error::Provider(task) => task.code.as_deref().unwrap_or(code::PROVIDER_ERROR),
        relay::Error::Disconnected => code::PROVIDER_DISCONNECTED,
        relay::Error::BadMessage(_) => code::INVALID_REQUEST,
        _ => code::PROVIDER_ERROR,
    }
}

/// Since when an LLM is offline, in words.
pub(crate) fn offline_since(since: Option<Timestamp>) -> String {
    match since {
        Some(since) => format!("its publisher is away since {since}"),
        None => "its publisher is away".into(),
    }
}
