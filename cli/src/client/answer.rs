//! What the server said: JSON where all is well, a failure for a person where not.

use home::ServerUrl;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use shared::error_body::{ErrorBody, ErrorDetail, code};
use shared::headers;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// Reads the body of a success.
pub(super) fn json(
    server: &ServerUrl,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value> {
    serde_json::from_slice(body).map_err(|why| {
        let failure = not_an_answer(server, status, headers);
        if is_json(headers) {
            failure.cause(format!("the answer is not JSON: {why}"))
        } else {
            failure
        }
    })
}

/// Reads the body of an answer that is no success.
pub(super) fn failure(
    server: &ServerUrl,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Failure {
    if let Ok(error) = serde_json::from_slice::<ErrorBody>(body) {
        let mut detail = error.error;
        if detail.request_id.is_none() {
            detail.request_id = header_text(headers, headers::REQUEST_ID);
        }
        return from_detail(Exit::of_status(status.as_u16()), Some(server), detail);
    }
    // A provider's own error, in a shape of its own.
    if is_json(headers) {
        let text = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
        return Failure::new(
            Exit::of_status(status.as_u16()),
            format!("the request was refused with HTTP {status}"),
        )
        .cause(text)
        .request_id(header_text(headers, headers::REQUEST_ID));
    }
    not_an_answer(server, status, headers)
}

/// The failure that an error body describes.
pub(crate) fn from_detail(exit: Exit, server: Option<&ServerUrl>, detail: ErrorDetail) -> Failure {
    let code = detail.code.as_deref().unwrap_or_default();
    let message = if detail.message.is_empty() {
        format!("the request failed ({code})")
    } else {
        detail.message
    };
    // What is missing is the call, not what was named.
    let is_other = [code::UNKNOWN_URL, code::METHOD_NOT_ALLOWED].contains(&code);
    let exit = if is_other { Exit::Failure } else { exit };
    let failure = Failure::new(exit, message).request_id(detail.request_id);
    let failure = match &detail.param {
        Some(param) => failure.cause(format!("the field at fault is `{param}`")),
        None => failure,
    };
    if is_other {
        return other_version(failure);
    }
    // The server's own hint is for those who write HTTP.
    let given = detail.hint.filter(|_| code != code::INVALID_API_KEY);
    match (given, own_hint(code, server)) {
        (Some(hint), _) | (None, Some(hint)) => failure.hint(hint),
        (None, None) => failure,
    }
}

/// All that we call is there in a server of our version.
pub(super) fn other_version(failure: Failure) -> Failure {
    let ours = env!("CARGO_PKG_VERSION");
    failure
        .cause(format!(
            "this mcpctl ({ours}) and the server don't know the same calls"
        ))
        .hint("`mcpctl version` shows both versions: update the older one")
}

/// What to try where the server did not say.
fn own_hint(code: &str, server: Option<&ServerUrl>) -> Option<String> {
    let hint = match code {
        code::INVALID_API_KEY => match server {
            Some(server) => format!("mcpctl login {server} takes another token"),
            None => "log in again: mcpctl login URL".into(),
        },
        code::FORBIDDEN => "`mcpctl whoami` shows your roles; an admin can make a token with \
                            more: mcpctl create token NAME --role ROLE"
            .into(),
        code::NAME_TAKEN => {
            "choose another name, or change what is there with `mcpctl apply`".into()
        }
        code::CONFLICT => "look at it again with `mcpctl get ... -o yaml`, then repeat".into(),
        code::PROVIDER_OFFLINE => {
            "start `mcplocal run` on the machine that has it; `mcpctl get llm` shows what is active"
                .into()
        }
        code::OVERLOADED | code::UNAVAILABLE | code::SHUTTING_DOWN => "ask again in a while".into(),
        code::PROVIDER_DISCONNECTED | code::PROVIDER_ERROR => {
            "ask again; `mcpctl describe llm NAME` shows its last error".into()
        }
        _ => return None,
    };
    Some(hint)
}

/// What came is no JSON: an LLM's provider said it, and the server passed it on as it was, or no mcpd answered at all.
fn not_an_answer(server: &ServerUrl, status: StatusCode, headers: &HeaderMap) -> Failure {
    let Some(llm) = header_text(headers, headers::LLM) else {
        return not_our_server(server, status, headers);
    };
    let llm = crate::output::sanitise::one_line(&llm);
    let kind = content_type(headers);
    Failure::new(
        exit_of(status),
        format!("the provider of `{llm}` does not answer as an LLM does"),
    )
    .cause(format!("it answered HTTP {status} with {kind}"))
    .hint("is its URL complete, such as http://HOST:PORT/v1? A login page or a proxy may stand before it")
    .request_id(header_text(headers, headers::REQUEST_ID))
}

/// Something answered, and it was no mcpd.
fn not_our_server(server: &ServerUrl, status: StatusCode, headers: &HeaderMap) -> Failure {
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Failure::new(Exit::Unavailable, "the proxy wants a user and a password")
            .cause(format!("it answered HTTP {status} for {server}"))
            .hint("write them into HTTP_PROXY, as http://USER:PASSWORD@HOST:PORT");
    }
    let kind = content_type(headers);
    let message = format!("what answers at {server} is not an mcpd");
    let failure = Failure::new(exit_of(status), message)
        .cause(format!("it answered HTTP {status} with {kind}"));
    match header_text(headers, header::LOCATION.as_str()) {
        Some(to) => failure.hint(format!("it points to {to}: is the URL complete?")),
        None => failure.hint("check the URL and the port; a proxy on the way may answer itself"),
    }
}

fn exit_of(status: StatusCode) -> Exit {
    match Exit::of_status(status.as_u16()) {
        Exit::Unavailable => Exit::Unavailable,
        _ => Exit::Failure,
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = header_text(headers, header::CONTENT_TYPE.as_str());
    kind.unwrap_or_else(|| "no content type".into())
}

fn is_json(headers: &HeaderMap) -> bool {
    header_text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("json"))
}

pub(super) fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(Into::into)
}
