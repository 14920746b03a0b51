//! Error answers: one component per status, in either of the two shapes.

use shared::error_body::{ErrorBody, family_of};
use utoipa::PartialSchema;
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Ref, RefOr};

use crate::openapi::operation::{JSON, named, of};
use gateway::Dialect;

/// What every operation behind a credential may answer with; the first only where a role is asked
/// for.
pub(super) const OF_ANY: [(u16, &str); 4] = [
    (403, "The access token lacks the role (`forbidden`)."),
    (
        401,
        "No access token, or one that is unknown, deleted or expired (`invalid_api_key`).",
    ),
    (500, "A fault of the server (`internal`)."),
    (
        503,
        "The server is stopping, has too many connections, or can't use its database now \
         (`shutting_down`, `unavailable`).",
    ),
];

/// Status, name, and what its `error.code` may be with an example.
const KINDS: [(u16, &str, &str, &str); 13] = [
    (
        400,
        "BadRequest",
        "invalid_request",
        "the request body is not JSON: expected `,` or `}` at line 1 column 14",
    ),
    (
        401,
        "Unauthorized",
        "invalid_api_key",
        "the access token is not known here, deleted or expired",
    ),
    (
        403,
        "Forbidden",
        "forbidden",
        "this takes the role `admin`, which your access token does not have",
    ),
    (404, "NotFound", "not_found", "there is no alias `smart`"),
    (
        408,
        "RequestTimeout",
        "invalid_request",
        "the request body did not come",
    ),
    (
        409,
        "Conflict",
        "name_taken",
        "there is an LLM `qwen3` already",
    ),
    (410, "Gone", "task_ended", "the task has ended"),
    (
        413,
        "BodyTooLarge",
        "body_too_large",
        "the request body is larger than 1048576 bytes",
    ),
    (
        429,
        "TooManyRequests",
        "overloaded",
        "`qwen3` is busy: 4 requests run and 32 wait",
    ),
    (
        500,
        "Internal",
        "internal",
        "the server failed while it worked on the request",
    ),
    (
        502,
        "BadGateway",
        "provider_error",
        "`qwen3` can't be reached",
    ),
    (
        503,
        "Unavailable",
        "provider_offline",
        "`qwen3` is offline: nobody serves it now",
    ),
    (
        504,
        "GatewayTimeout",
        "deadline_exceeded",
        "`qwen3` did not answer within 300 s",
    ),
];

/// The name of the component for `status`.
pub(super) fn name(status: u16, is_anthropic: bool) -> String {
    let kind = KINDS.iter().find(|kind| kind.0 == status);
    let name = kind.map_or("Internal", |kind| kind.1);
    match is_anthropic {
        true => format!("Messages{name}"),
        false => name.to_owned(),
    }
}

/// Every error answer.
pub(super) fn put_into(components: &mut Components) {
    components
        .schemas
        .insert("ErrorBody".into(), ErrorBody::schema());
    for (status, kind, code, message) in KINDS {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            let is_anthropic = dialect == Dialect::Anthropic;
            let mut example = ErrorBody::new(status, code, message);
            example.error.request_id = Some("k3b7q-1f".into());
            let text = dialect.error_body(status, &example);
            let schema = match is_anthropic {
                true => named("MessagesError"),
                false => of::<ErrorBody>(),
            };
            let content = Content::builder()
                .schema(Some(schema))
                .example(serde_json::from_str(&text).ok());
            let about = format!("{status}, an error of the family `{}`.", family_of(status));
            let mut response = Response::builder()
                .description(about)
                .content(JSON, content.build())
                .header_ref("x-request-id", header("RequestId"));
            if matches!(status, 429 | 503) {
                response = response.header_ref("retry-after", header("RetryAfter"));
            }
            if status == 401 {
                response = response.header_ref("www-authenticate", header("WwwAuthenticate"));
            }
            let name = name(status, is_anthropic);
            debug_assert!(name.ends_with(kind));
            components
                .responses
                .insert(name, RefOr::T(response.build()));
        }
    }
}

fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}
