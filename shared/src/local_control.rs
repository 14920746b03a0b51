//! What `mcpctl local` and `mcplocal` say to each other over the control socket.
//!
//! A unix socket, mode 0600, at `<home>/mcplocal.sock`. One JSON line asks, one or more JSON lines
//! answer, then the daemon closes. `logs` with `follow` answers until the asker closes.

use serde::{Deserialize, Serialize};

use crate::llm::ProviderType;
use crate::name::Name;
use crate::timestamp::Timestamp;

/// The socket's file name below the user's mcpctl folder.
pub const SOCKET: &str = "mcplocal.sock";
/// The longest request line, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4096;

/// A question to the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Request {
    /// What runs. Answer: [`Reply::Status`].
    Status,
    /// Set `publish: true` in the config file. Answer: [`Reply::Done`].
    Publish {
        /// The provider.
        name: Name,
    },
    /// Set `publish: false` in the config file. Answer: [`Reply::Done`].
    Unpublish {
        /// The provider.
        name: Name,
    },
    /// Read the config file again. Answer: [`Reply::Done`] with what changed.
    Reload,
    /// Recent log lines. Answer: a [`Reply::Log`] each.
    Logs {
        /// At most so many lines.
        tail: usize,
        /// Go on with new ones.
        follow: bool,
    },
}

/// An answer of the daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "lowercase")]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Status),
    /// It was done.
    Done {
        /// A sentence for the user.
        message: String,
    },
    /// It was not done.
    Error {
        /// What happened and why.
        message: String,
        /// What to try.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// One log line.
    Log {
        /// The line, without its end.
        line: String,
    },
}

/// The daemon's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// The config file.
    pub config_path: String,
    /// The server that it publishes to; none is configured where it is absent.
    pub server: Option<String>,
    /// The state of the channel.
    pub link: Link,
    /// Every provider of the config file.
    pub providers: Vec<Provider>,
    /// What is wrong in the config file: a sentence each, with line and field.
    pub problems: Vec<String>,
}

/// The state of the channel to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// `connected`, `connecting`, `waiting`, `superseded` or `idle` (nothing to publish).
    pub state: String,
    /// The current epoch.
    pub epoch: Option<u64>,
    /// The session id.
    pub provider_session_id: Option<String>,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// The last failure.
    pub last_error: Option<String>,
    /// Milliseconds until the next attempt.
    pub retry_in_ms: Option<u64>,
}

/// The state of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Its name.
    pub name: Name,
    /// Its dialect.
    #[serde(rename = "type")]
    pub provider_type: ProviderType,
    /// Its model.
    pub model: String,
    /// Whether it is offered.
    pub publish: bool,
    /// Whether its last health poll succeeded; absent before the first.
    pub ready: Option<bool>,
    /// Requests that it serves now.
    pub in_flight: u32,
    /// Why it is not ready, or not published.
    pub message: Option<String>,
    /// Whether it sleeps; absent where it has no wake recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wakefulness: Option<Wakefulness>,
}

/// Where a provider with a wake recipe is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wakefulness {
    /// A request wakes it.
    Asleep,
    /// It was asked to wake, and does not answer yet.
    Waking,
    /// It answers.
    Awake,
    /// It was idle, and is being put to sleep.
    FallingAsleep,
}
