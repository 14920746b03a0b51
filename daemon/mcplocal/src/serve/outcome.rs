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

/// Whether a refusal is one that a proxy gives, of which the server heard nothing. A server that
/// stops says 503 too, and hears it once more in vain.
pub(super) fn is_of_proxy(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::LENGTH_REQUIRED
                | StatusCode::PAYLOAD_TOO_LARGE
        )
}

/// What the server is told of an answer that did not get through to it.
pub(super) fn refused_on_the_way(status: StatusCode) -> TaskError {
    TaskError {
        message: format!(
            "a proxy on the publisher's way to the server refused its answer ({status})"
        ),
        status: Some(502),
        code: Some(code::PROVIDER_ERROR.into()),
    }
}
