//! How a task ended, and what the server is told where it got no answer.

use http::StatusCode;
use providers::Error;
use shared::channel::TaskError;
use shared::error_body::code;

use crate::publish::for_server;

/// How the delivery of an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server has all of it.
    Delivered,
    /// The server does not want it (any more): the task has ended there.
    NotTaken(Option<StatusCode>),
    /// The provider or the way to the server broke in the middle.
    Broken(String),
}

/// The failure in words that name no address of this machine.
pub(super) fn not_reached(error: &Error) -> String {
    for_server(error)
}

/// What the server is told of a provider that gave no answer at all.
pub(super) fn no_answer(error: &Error) -> TaskError {
    let (status, code) = match error {
        Error::Unsupported(_) => (400, code::INVALID_REQUEST),
        Error::Refused { status, .. } => (*status, code::PROVIDER_ERROR),
        Error::Upstream(_) | Error::Unreadable(_) | Error::CutShort => (502, code::PROVIDER_ERROR),
    };
    TaskError {
        message: not_reached(error),
        status: Some(status),
        code: Some(code.into()),
    }
}

/// What the server is told of a provider that broke off, in case it heard nothing of it.
pub(super) fn broke_off() -> TaskError {
    TaskError {
        message: Error::CutShort.to_string(),
        status: Some(502),
        code: Some(code::PROVIDER_ERROR.into()),
    }
}

/// Whether the server may have heard nothing of what was refused like this. It says itself that a
/// task has ended or is another's; any other refusal may be a proxy's, and then its caller waits. A
/// server that did refuse hears of it once more, and refuses that as well.
pub(super) fn may_be_of_proxy(status: StatusCode) -> bool {
    !matches!(status, StatusCode::CONFLICT | StatusCode::GONE)
}

impl Outcome {
    /// Whether the server may have heard nothing of what ended like this.
    pub(super) fn may_be_unheard(&self) -> bool {
        match self {
            Self::Delivered | Self::NotTaken(None) => false,
            Self::NotTaken(Some(status)) => may_be_of_proxy(*status),
            Self::Broken(_) => true,
        }
    }
}

/// What the server is told of an answer that did not get through to it.
pub(super) fn refused_on_the_way(status: StatusCode) -> TaskError {
    on_the_way(format!(
        "a proxy on the publisher's way to the server refused its answer ({status})"
    ))
}

/// What the server is told of a request that its publisher could not fetch.
pub(super) fn request_refused(status: StatusCode) -> TaskError {
    on_the_way(format!(
        "a proxy between the server and the publisher refused to hand the request on ({status})"
    ))
}

/// The same where the connection broke.
pub(super) fn request_broke_off() -> TaskError {
    on_the_way("the connection broke over which the publisher fetched the request".into())
}

/// The same where the request has more than `limit` bytes.
pub(super) fn request_too_large(limit: usize) -> TaskError {
    let limit = limit / (1024 * 1024);
    TaskError {
        message: format!("the request is larger than its publisher takes ({limit} MiB)"),
        status: Some(413),
        code: Some(code::BODY_TOO_LARGE.into()),
    }
}

fn on_the_way(message: String) -> TaskError {
    TaskError {
        message,
        status: Some(502),
        code: Some(code::PROVIDER_ERROR.into()),
    }
}
