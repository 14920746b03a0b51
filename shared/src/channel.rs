//! The control channel between a publisher and the server: what is said in either direction.
//!
//! ```text
//! mcplocal                                             mcpd
//!   POST _provider-register  Register        ─────────►   rows exist (inactive)
//!   GET  _provider-stream                    ─────────►   channel bound, epoch + 1
//!                             Frame::Hello   ◄─────────
//!   POST _provider-heartbeat Heartbeat{epoch} ────────►   hello acknowledged: rows active
//!                             Frame::Task    ◄─────────   a caller's request
//!   POST _provider-task/ID/stream  bytes     ─────────►   to the caller as they come
//!                             Frame::Ping    ◄─────────   every 15 s
//!   POST _provider-heartbeat Heartbeat{last_ping} ────►   both directions proven
//! ```

mod shown;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::infer_path::InferPath;
use crate::llm::{Llm, Phase, ProviderType};
use crate::name::Name;
use crate::span::Span;
use crate::sse;
use crate::timestamp::Timestamp;

/// The protocol's version, said in the hello.
pub const PROTOCOL: u32 = 1;
/// A request body up to this many bytes rides in its task frame; a larger one is fetched.
pub const MAX_INLINE_BODY_BYTES: usize = 64 * 1024;
/// The largest frame that a publisher must take, in bytes: an inline body and its envelope.
pub const MAX_FRAME_BYTES: usize = 2 * MAX_INLINE_BODY_BYTES;

/// What the server says on the channel. The event's type is the variant's name in lower case.
#[derive(Clone, Debug)]
pub enum Frame {
    /// The first frame of a channel.
    Hello(Hello),
    /// Serve this request.
    Task(Task),
    /// The first bytes of a streaming upload have arrived. Said once per epoch: a publisher that
    /// waits for it in vain has a proxy in between that buffers request bodies.
    Ack(Ack),
    /// Stop serving a request.
    Cancel(Cancel),
    /// Wake a hibernating provider. Once it is awake, the offer is said again without `hibernating`;
    /// where it can't be woken, a heartbeat says why ([`Readiness::wake_failed`]).
    Wake(Wake),
    /// The server is stopping: finish what runs, come back later.
    Goaway(Goaway),
    /// Another channel was bound to the same session.
    Superseded,
    /// Prove that you hear me: repeat `seq` in the next heartbeat.
    Ping(Ping),
    /// A frame of a newer server. To be ignored.
    Unknown(String),
}

/// The first frame of a channel ([`Frame::Hello`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The channel's number; every later message of the publisher names it.
    pub epoch: u64,
    /// How often a ping comes, in milliseconds.
    pub ping_interval_ms: u64,
    /// The protocol's version ([`PROTOCOL`]).
    pub protocol: u32,
    /// Uploads may say marks in silence, which the server takes out ([`crate::keepalive`]).
    #[serde(default)]
    pub keepalive: bool,
}

/// A request to serve ([`Frame::Task`]).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Names the task in `_provider-task/ID/...`.
    pub task_id: String,
    /// The provider that shall serve it.
    pub llm: Name,
    /// Always `POST` today.
    pub method: String,
    /// Below the provider's base URL.
    pub path: InferPath,
    /// The caller asked for a stream.
    pub stream: bool,
    /// Time left, in milliseconds from the arrival of the frame.
    pub deadline_ms: u64,
    /// The request body, where it is small enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub body: Option<Box<RawValue>>,
    /// Otherwise where to fetch it: `_provider-task/ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_ref: Option<String>,
}

/// The first bytes of a streaming upload have arrived ([`Frame::Ack`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Ack {
    /// The task whose answer is arriving.
    pub task_id: String,
}

/// A request to stop ([`Frame::Cancel`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cancel {
    /// The task to stop.
    pub task_id: String,
    /// `caller_gone` (also where it went before the answer began), `deadline`, `revoked`; for the log.
    pub reason: String,
}

/// A hibernating provider to wake ([`Frame::Wake`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wake {
    /// The LLM to wake.
    pub llm: Name,
}

/// The server is stopping ([`Frame::Goaway`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Goaway {
    /// When to come back, in milliseconds, before jitter.
    pub reconnect_after_ms: u64,
}

/// To be repeated in the next heartbeat ([`Frame::Ping`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ping {
    /// Counts up from 1 within an epoch.
    pub seq: u64,
}

/// A frame whose data is not what its type promises.
#[derive(Debug, thiserror::Error)]
#[error("a `{event}` frame can't be read")]
pub struct BadFrame {
    event: String,
    #[source]
    cause: serde_json::Error,
}

impl Frame {
    /// Appends the frame to `out`, as one server-sent event.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(hello) => encode("hello", hello, out),
            Self::Task(task) => encode("task", task, out),
            Self::Ack(ack) => encode("ack", ack, out),
            Self::Cancel(cancel) => encode("cancel", cancel, out),
            Self::Wake(wake) => encode("wake", wake, out),
            Self::Goaway(goaway) => encode("goaway", goaway, out),
            Self::Superseded => sse::encode("superseded", "{}", out),
            Self::Ping(ping) => encode("ping", ping, out),
            Self::Unknown(event) => sse::encode(event, "{}", out),
        }
    }

    /// Reads a frame back from its event.
    ///
    /// Errors: [`BadFrame`] where a known type has other data; unknown types are
    /// [`Frame::Unknown`].
    pub fn decode(event: &sse::Event) -> Result<Self, BadFrame> {
        let data = &*event.data;
        let frame = match &*event.event {
            "hello" => serde_json::from_str(data).map(Self::Hello),
            "task" => serde_json::from_str(data).map(Self::Task),
            "ack" => serde_json::from_str(data).map(Self::Ack),
            "cancel" => serde_json::from_str(data).map(Self::Cancel),
            "wake" => serde_json::from_str(data).map(Self::Wake),
            "goaway" => serde_json::from_str(data).map(Self::Goaway),
            "ping" => serde_json::from_str(data).map(Self::Ping),
            "superseded" => Ok(Self::Superseded),
            other => Ok(Self::Unknown(other.into())),
        };
        frame.map_err(|cause| BadFrame {
            event: event.event.clone(),
            cause,
        })
    }
}

/// Whether `body` can ride in a task frame byte for byte: small, and free of carriage returns,
/// which no event stream can carry.
pub fn rides_inline(body: &[u8]) -> bool {
    body.len() <= MAX_INLINE_BODY_BYTES && memchr::memchr(b'\r', body).is_none()
}

/// Appends the frame of `task` to `out`, with `body` as it stands.
///
/// Shape: `task.body` is ignored; `body` must be JSON text that [`rides_inline`].
pub fn encode_task(task: &Task, body: &str, out: &mut Vec<u8>) {
    let mut data = serde_json::to_string(task).unwrap_or_default();
    data.truncate(data.len().saturating_sub(1));
    data.reserve(body.len() + 16);
    data.push_str(r#","body":"#);
    data.push_str(body);
    data.push('}');
    sse::encode("task", &data, out);
}

fn encode<T: Serialize>(event: &str, data: &T, out: &mut Vec<u8>) {
    // Only a map with keys that are no strings could fail; the frames have none.
    let data = serde_json::to_string(data).unwrap_or_default();
    sse::encode(event, &data, out);
}

/// What a publisher says first: who it is and what it offers.
///
/// Shape: `providers` is the whole offer; a row of the session that it does not name is withdrawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The session of an earlier run, where the publisher remembers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_session_id: Option<String>,
    /// The machine.
    #[serde(default)]
    pub node: Node,
    /// The offer; may be empty.
    #[serde(default)]
    pub providers: Vec<Offer>,
}

/// The machine that a publisher runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    /// Stable across restarts.
    #[serde(default)]
    pub id: String,
    /// For the reader.
    #[serde(default)]
    pub hostname: String,
    /// The publisher's version.
    #[serde(default)]
    pub version: String,
}

/// One provider that a publisher offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The LLM's name to be.
    pub name: Name,
    /// The provider's dialect.
    #[serde(rename = "type")]
    pub provider_type: ProviderType,
    /// The provider's own model id.
    pub model: String,
    /// A routing hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// What the model can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The context window, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    /// Requests that may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// Requests that may wait for a slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_queue: Option<u32>,
    /// `false` where the provider refuses `stream_options`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_usage: Option<bool>,
    /// `hibernating` where a request must wake it first; otherwise absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Phase>,
    /// How long it may take to wake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_timeout: Option<Span>,
}

/// The answer to [`Register`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// To be kept and sent with every later call.
    pub provider_session_id: String,
    /// The rows of the session that the offer made or revived.
    pub llms: Vec<Llm>,
    /// What could not be registered. The others stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// An offer that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// The name that is taken.
    pub name: Name,
    /// Why, and what to do.
    pub message: String,
}

/// A sign of life, with what the publisher sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    /// The epoch of the channel that the publisher holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The last ping seen on it; 0 before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ping: Option<u64>,
    /// The state of each provider that was offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Readiness>,
    /// Tasks of that epoch that have failed, where every other word of it was refused on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<TaskFailed>,
}

/// A task that has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskFailed {
    /// Its id.
    pub task_id: String,
    /// Why.
    pub error: TaskError,
}

/// The state of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// The LLM's name.
    pub name: Name,
    /// Whether its last health poll succeeded.
    pub ready: bool,
    /// Requests that it serves now.
    #[serde(default)]
    pub in_flight: u32,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// It was to be woken and did not wake: why, for people; never a URL or a key. Said once, in a
    /// heartbeat of its own, so that whoever waits for it need not wait for its wake timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_failed: Option<String>,
}

/// The answer to [`Heartbeat`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatReply {
    /// Whether a channel is bound to the session; if not, bind one.
    pub bound: bool,
    /// The current epoch; 0 where none was ever bound.
    pub epoch: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// One message of the per-chunk result form, `POST _provider-task/ID/result`.
///
/// Shape: `seq` counts up from 0. Exactly one of `error`, `chunk`, `body` is there.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResultMessage {
    /// The position of this message in the answer.
    pub seq: u64,
    /// The HTTP status of the provider; on the first message only. Default 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The provider's content type; on the first message only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The provider could not be reached or broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
    /// A piece of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Chunk>,
    /// The whole answer: any JSON value, handed on as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub body: Option<Box<RawValue>>,
}

/// A piece of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Chunk {
    /// The bytes as text.
    #[serde(default)]
    pub data: String,
    /// The bytes in base64, where they are no UTF-8 text; then `data` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_base64: Option<String>,
    /// No more will come.
    #[serde(default)]
    pub done: bool,
}

/// Why a provider gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskError {
    /// For a person; never a URL or a key of the publisher.
    pub message: String,
    /// The HTTP status that the caller should see; default 502.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A stable code; default `provider_error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over_the_wire(frame: &Frame) -> Frame {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        decode(&bytes)
    }

    fn decode(bytes: &[u8]) -> Frame {
        let mut events = Vec::new();
        sse::Decoder::new(MAX_FRAME_BYTES)
            .feed(bytes, &mut events)
            .unwrap();
        assert_eq!(events.len(), 1);
        Frame::decode(&events[0]).unwrap()
    }

    #[test]
    fn a_task_carries_its_body_byte_for_byte() {
        let body = "{\"messages\" : [1.00, \"\\u0041 é\"],\n \"x\":{}}";
        let task = Task {
            task_id: "t1".into(),
            llm: "laptop".parse().unwrap(),
            method: "POST".into(),
            path: InferPath::ChatCompletions,
            stream: true,
            deadline_ms: 1000,
            body: None,
            body_ref: None,
        };
        let mut bytes = Vec::new();
        encode_task(&task, body, &mut bytes);
        match decode(&bytes) {
            Frame::Task(task) => assert_eq!(task.body.unwrap().get(), body),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_frame_of_a_newer_server_is_unknown_and_not_an_error() {
        let frame = over_the_wire(&Frame::Unknown("later".into()));
        assert!(matches!(frame, Frame::Unknown(event) if event == "later"));
    }
}
