//! The request body of a task: from its frame, or fetched.
//!
//! The server gives a body out as often as it is asked, until the answer begins. So a fetch that breaks, or that
//! something on the way refuses for now, is made again.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::value::RawValue;
use shared::channel::TaskError;

use super::bound::Bound;
use super::outcome;

/// The largest request body that is fetched, in bytes.
const MAX_BODY_BYTES: usize = 128 * 1024 * 1024;
/// How often a body is fetched.
const ATTEMPTS: u32 = 3;
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(250);
/// The longest that nothing of a body may come: the server has it in memory.
const MAX_SILENCE: Duration = Duration::from_secs(15);

/// Why there is no body.
#[derive(Debug)]
pub(super) enum NoBody {
    /// The server says that the task is over.
    Over(StatusCode),
    /// The server waits for an answer, and is told this.
    Failed(TaskError),
}

/// How a fetch failed.
#[derive(Debug)]
enum Failed {
    Refused(StatusCode),
    TooLarge,
    Broken(String),
}

/// The request body: from the frame, or fetched.
pub(super) async fn body_of(
    bound: &Bound,
    id: &str,
    inline: Option<Box<RawValue>>,
) -> Result<Bytes, NoBody> {
    if let Some(inline) = inline {
        let text: Box<str> = inline.into();
        return Ok(Bytes::from(text.into_string()));
    }
    let mut attempts = 1;
    loop {
        let failed = match fetch(bound, id).await {
            Ok(body) => return Ok(body),
            Err(failed) => failed,
        };
        tracing::warn!(task.id = id, attempts, %failed, "a request can't be fetched from the server");
        if attempts == ATTEMPTS || !failed.may_pass() {
            return Err(failed.into());
        }
        tokio::time::sleep(RETRY * attempts).await;
        attempts += 1;
    }
}

async fn fetch(bound: &Bound, id: &str) -> Result<Bytes, Failed> {
    let call = bound.call(Method::GET, id, "", upstream::Body::empty());
    let call = call.map_err(broken)?;
    let answer = in_time(bound.mcpd.send(call)).await?;
    let answer = answer.map_err(broken)?;
    if answer.status() != StatusCode::OK {
        return Err(Failed::Refused(answer.status()));
    }
    let mut body = answer.into_body();
    let mut whole = BytesMut::new();
    while let Some(frame) = in_time(body.frame()).await? {
        let data = frame.map_err(broken)?.into_data().unwrap_or_default();
        if whole.len() + data.len() > MAX_BODY_BYTES {
            return Err(Failed::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

async fn in_time<T>(step: impl Future<Output = T>) -> Result<T, Failed> {
    let late = |_| Failed::Broken(format!("nothing came for {MAX_SILENCE:?}"));
    tokio::time::timeout(MAX_SILENCE, step).await.map_err(late)
}

fn broken(why: impl fmt::Display) -> Failed {
    Failed::Broken(why.to_string())
}

impl Failed {
    /// Whether another attempt may go better.
    fn may_pass(&self) -> bool {
        match self {
            Self::Refused(status) => matches!(status.as_u16(), 408 | 429 | 502..=504),
            Self::TooLarge => false,
            Self::Broken(_) => true,
        }
    }
}

impl From<Failed> for NoBody {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(status) if !outcome::may_be_of_proxy(status) => Self::Over(status),
            Failed::Refused(status) => Self::Failed(outcome::request_refused(status)),
            Failed::TooLarge => Self::Failed(outcome::request_too_large(MAX_BODY_BYTES)),
            Failed::Broken(_) => Self::Failed(outcome::request_broke_off()),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "{status}"),
            Self::TooLarge => write!(f, "it is larger than {MAX_BODY_BYTES} bytes"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}
