//! Why a request got no answer: in words, as a status, as a code, with a hint.

use std::time::Duration;

use registry::{Full, Row};
use shared::chat_body::BadBody;
use shared::error_body::code;
use shared::name::Name;
use shared::timestamp::Timestamp;

use crate::limits::LimitReached;

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
    /// Neither an LLM, nor an alias, nor a model that somebody serves.
    #[error("there is no LLM, alias or model `{name}`")]
    UnknownModel {
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
    /// The path names no LLM, and the body neither.
    #[error("the request names no model: set `model`")]
    NoModel,
    /// An alias none of whose LLMs exists.
    #[error("`{name}` has no LLM now: none of those that it names exists")]
    NoMembers {
        /// The alias.
        name: String,
    },
    /// A body in Anthropic's shape that can't be used.
    #[error("{0}")]
    BadMessages(#[from] messages::request::BadRequest),
    /// The access token's limits stand in the way.
    #[error("{0}")]
    Limit(#[from] LimitReached),
    /// It failed too often, and is left alone.
    #[error("`{name}` failed several times in a row and is left alone for {} s", .wait.as_secs().max(1))]
    BreakerOpen {
        /// The LLM.
        name: String,
        /// When it may be tried again.
        wait: Duration,
    },
    /// It is asleep, and did not wake.
    #[error("`{name}` is asleep and could not be woken: {why}")]
    NotWoken {
        /// The LLM.
        name: String,
        /// What its publisher says.
        why: String,
    },
    /// It is asleep, and was not awake in time.
    #[error("`{name}` was asleep and is not awake after {} s", .after.as_secs())]
    WokenTooLate {
        /// The LLM.
        name: String,
        /// How long it had.
        after: Duration,
    },
    /// It accepted the request and said nothing.
    #[error("`{name}` said nothing for {} s", .after.as_secs())]
    Silent {
        /// The LLM.
        name: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The provider does not take the key that stands for the LLM.
    #[error("the provider of `{name}` does not accept the key that is set for it")]
    KeyRefused {
        /// The LLM.
        name: String,
        /// The key is the publisher's, not the server's.
        is_virtual: bool,
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
            Self::NotFound { .. } | Self::UnknownModel { .. } => 404,
            Self::Offline { .. }
            | Self::NoMembers { .. }
            | Self::BreakerOpen { .. }
            | Self::Stopping
            | Self::Store(_) => 503,
            Self::BadBody(_) | Self::BadMessages(_) | Self::NoModel => 400,
            Self::Overloaded { .. } | Self::Limit(_) => 429,
            Self::Deadline { .. } | Self::WokenTooLate { .. } | Self::Silent { .. } => 504,
            Self::Revoked => 401,
            Self::Misconfigured { .. } | Self::KeyRefused { .. } | Self::NotWoken { .. } => 502,
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
            Self::NotFound { .. } | Self::UnknownModel { .. } => code::MODEL_NOT_FOUND,
            Self::Offline { .. } | Self::NoMembers { .. } => code::PROVIDER_OFFLINE,
            Self::BadBody(_) | Self::BadMessages(_) | Self::NoModel => code::INVALID_REQUEST,
            Self::Overloaded { .. } => code::OVERLOADED,
            Self::Limit(LimitReached::Budget { .. }) => code::INSUFFICIENT_QUOTA,
            Self::Limit(_) => code::RATE_LIMIT_EXCEEDED,
            Self::BreakerOpen { .. } => code::BREAKER_OPEN,
            Self::NotWoken { .. } => code::PROVIDER_ERROR,
            Self::WokenTooLate { .. } => code::WAKE_TIMEOUT,
            Self::Silent { .. } => code::PROVIDER_SILENT,
            Self::KeyRefused { .. } => code::PROVIDER_ERROR,
            Self::Deadline { .. } => code::DEADLINE_EXCEEDED,
            Self::Revoked => code::INVALID_API_KEY,
            Self::Stopping => code::SHUTTING_DOWN,
            Self::Misconfigured { .. } => code::PROVIDER_ERROR,
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
            Self::NotFound { near: Some(near), .. } | Self::UnknownModel { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownModel { near: None, .. } => {
                "list the names with `mcpctl get llm,alias`".into()
            }
            Self::NotFound { near: None, .. } => "list the names with `mcpctl get llm`".into(),
            Self::Offline { .. } => {
                "start mcplocal on the publisher's machine (`mcpctl local status`), or try again later"
                    .into()
            }
            Self::Overloaded { .. } => "try again when `Retry-After` has passed".into(),
            Self::Deadline { .. } => "ask for fewer tokens, or raise `request_timeout` of mcpd, or the alias's `timeout`".into(),
            Self::NoMembers { name } => format!("see `mcpctl describe alias {name}`"),
            Self::Limit(LimitReached::Budget { .. }) => {
                "set `max_tokens` lower, wait for the next period, or ask an admin for a larger budget"
                    .into()
            }
            Self::Limit(_) => "try again when `Retry-After` has passed".into(),
            Self::BreakerOpen { name, .. } => {
                format!("`mcpctl explain route {name}` shows why; it is tried again by itself")
            }
            Self::NotWoken { .. } | Self::WokenTooLate { .. } => {
                "see `mcpctl local logs` on the publisher's machine, or raise its `wakeTimeout`".into()
            }
            Self::Silent { .. } => {
                "see whether the provider still works, or raise `first_byte_timeout` or `idle_timeout` of mcpd, or the alias's `firstByteTimeout`"
                    .into()
            }
            Self::KeyRefused { name, is_virtual: false } => format!(
                "an admin can replace it: see `key` in `mcpctl describe llm {name}`"
            ),
            Self::KeyRefused { .. } => {
                "replace it in the config.json of the publisher".into()
            }
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
            Self::Offline { .. } | Self::NoMembers { .. } => Some(OFFLINE_RETRY_AFTER),
            Self::BreakerOpen { wait, .. } => Some(*wait),
            Self::Limit(limit) => limit.wait(),
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

impl Error {
    /// The family of an error whose status has another one, in OpenAI's words.
    pub fn family(&self) -> Option<&'static str> {
        match self {
            Self::Limit(LimitReached::Budget { .. }) => Some("insufficient_quota"),
            _ => None,
        }
    }

    /// Whether nobody could take the request, so that one may come who can.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Offline { .. }
            | Self::NoMembers { .. }
            | Self::Overloaded { .. }
            | Self::BreakerOpen { .. }
            | Self::NotWoken { .. }
            | Self::WokenTooLate { .. } => true,
            Self::Relay { source, .. } => {
                matches!(source, relay::Error::Offline | relay::Error::Stuck)
            }
            _ => false,
        }
    }

    /// Whether the request itself is at fault, whoever gets it.
    pub fn is_callers_fault(&self) -> bool {
        match self {
            Self::BadBody(_) | Self::BadMessages(_) | Self::NoModel => true,
            // What one dialect can't carry, another may.
            Self::Provider { source, .. } => {
                source.is_callers_fault() && !matches!(source, providers::Error::Unsupported(_))
            }
            Self::Relay { source, .. } => match source {
                relay::Error::BadMessage(_) => true,
                relay::Error::Provider(task) => task.status.is_some_and(|status| {
                    (400..500).contains(&status) && ![402, 408, 429].contains(&status)
                }),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the LLM failed. Not where the request is at fault, the caller went, or the
    /// publisher did: its phase says so.
    pub(crate) fn is_llms_fault(&self) -> bool {
        match self {
            Self::Provider { source, .. } => !source.is_callers_fault(),
            Self::Relay { source, .. } => match source {
                relay::Error::Provider(_) => !self.is_callers_fault(),
                relay::Error::CutShort => true,
                _ => false,
            },
            Self::Silent { .. } | Self::KeyRefused { .. } | Self::Misconfigured { .. } => true,
            _ => false,
        }
    }

    /// Whether no connection was made, so that the LLM never saw the request.
    pub(crate) fn is_connect(&self) -> bool {
        match self {
            Self::Provider { source, .. } => source.is_connect(),
            _ => false,
        }
    }

    /// Whether the publisher went away with the request.
    pub(crate) fn is_disconnect(&self) -> bool {
        match self {
            Self::Relay { source, .. } => matches!(source, relay::Error::Disconnected),
            _ => false,
        }
    }

    pub(crate) fn offline(row: &Row) -> Self {
        Self::Offline {
            name: row.name().to_string(),
            why: offline_since(row.inactive_since()),
        }
    }

    pub(crate) fn not_woken(name: &Name, why: &str) -> Self {
        Self::NotWoken {
            name: name.to_string(),
            why: why.to_owned(),
        }
    }

    pub(crate) fn woken_too_late(name: &Name, after: Duration) -> Self {
        let name = name.to_string();
        Self::WokenTooLate { name, after }
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
