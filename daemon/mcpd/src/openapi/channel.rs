//! The control channel of publishers.

use http::Method;
use serde_json::json;
use shared::channel::{Heartbeat, HeartbeatReply, Register, Registered, ResultMessage};
use shared::headers::{
    DROPPED_PARAMS, EPOCH, KEEPALIVE, PROVIDER_SESSION, UPSTREAM_RETRY_AFTER, UPSTREAM_STATUS,
};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Content, ObjectBuilder};

use crate::openapi::operation::{EVENT_STREAM, Entry, events, named, of};
use crate::openapi::schemas::{text, whole};

const TAG: &str = "channel";
const NO_SESSION: &str = "No such session or task, or another's (`not_found`).";
const BAD: &str = "A header or the body can't be used (`invalid_request`).";

pub(super) fn entries() -> [Entry; 6] {
    [
        register(),
        bind(),
        heartbeat(),
        task_body(),
        upload(),
        result(),
    ]
}

fn register() -> Entry {
    Entry::new(
        Method::POST,
        "/api/v1/llms/_provider-register",
        TAG,
        "registerProviders",
        "Offer providers as virtual LLMs",
    )
    .about("The whole offer: a row of the session that it does not name is withdrawn.")
    .takes(
        of::<Register>(),
        "The offer.",
        json!({"node": {"id": "laptop", "hostname": "laptop", "version": "0.1.0"},
            "providers": [{"name": "laptop-qwen", "type": "ollama", "model": "qwen3:8b",
                "capabilities": ["chat", "stream"]}]}),
    )
    .answers(200, of::<Registered>(), "The session and its rows.")
    .fails(400, BAD)
    .fails(404, NO_SESSION)
    .fails(408, "The body did not come in time (`invalid_request`).")
    .fails(409, "Every name is taken (`name_taken`).")
    .fails(413, "The body is larger than 1 MiB (`body_too_large`).")
    .fails(
        429,
        "The principal has as many sessions as it may have (`too_many_sessions`).",
    )
}

fn bind() -> Entry {
    let frames = "event: hello\ndata: {\"epoch\":1,\"pingIntervalMs\":15000,\"protocol\":1,\"keepalive\":true}\n\n\
                  event: ping\ndata: {\"seq\":1}\n\n";
    let about = "Tasks, and what else the server has to say. It never ends by itself.";
    session(Entry::new(
        Method::GET,
        "/api/v1/llms/_provider-stream",
        TAG,
        "bindChannel",
        "Listen for tasks",
    ))
    .about("A later one of the same session supersedes it. Its rows become active once a heartbeat names its epoch.")
    .answers_as(200, EVENT_STREAM, events("ChannelFrame", about, frames), "The channel.")
}

fn heartbeat() -> Entry {
    session(Entry::new(
        Method::POST,
        "/api/v1/llms/_provider-heartbeat",
        TAG,
        "beat",
        "Give a sign of life",
    ))
    .takes(
        of::<Heartbeat>(),
        "What the publisher sees; may be left out.",
        json!({"epoch": 1, "lastPing": 4, "providers": [{"name": "laptop-qwen", "ready": true}]}),
    )
    .or_nothing()
    .answers(200, of::<HeartbeatReply>(), "Whether a channel is bound.")
    .fails(408, "The body did not come in time (`invalid_request`).")
    .fails(409, "The epoch is an old one (`stale_epoch`).")
    .fails(413, "The body is larger than 1 MiB (`body_too_large`).")
}

fn task_body() -> Entry {
    let any = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("The caller's request, byte for byte."));
    task(
        Method::GET,
        "/api/v1/llms/_provider-task/{id}",
        "fetchTask",
        "Fetch the request body of a task that did not fit its frame",
    )
    .about("As often as need be, until the answer begins.")
    .answers(200, any, "The body.")
    .fails(409, "The task had its body in its frame, or its answer has begun (`conflict`); or it is an older channel's (`stale_epoch`).")
    .fails(410, "The task has ended (`task_ended`).")
}

fn upload() -> Entry {
    let bytes = || Content::builder().schema(Some(text()));
    answering(task(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/stream",
        "streamTask",
        "Bring the answer to a task as it comes",
    ))
    .about("The request body is the provider's answer, passed on byte by byte; `Content-Type` is the provider's.")
    .header(UPSTREAM_STATUS, whole(200), "The provider's status. Default: 200.")
    .header(UPSTREAM_RETRY_AFTER, text(), "The provider's `Retry-After`.")
    .header(DROPPED_PARAMS, text(), "What the provider's dialect can't carry.")
    .header(KEEPALIVE, text(), "The word of the marks that the body holds in its pauses; they are taken out.")
    .takes_as("*/*", bytes(), "The provider's answer.")
}

fn result() -> Entry {
    answering(task(
        Method::POST,
        "/api/v1/llms/_provider-task/{id}/result",
        "bringResult",
        "Bring the answer to a task in messages",
    ))
    .about("For publishers behind a proxy that holds request bodies back.")
    .takes(
        of::<ResultMessage>(),
        "One message: a chunk, a whole body or an error.",
        json!({"seq": 0, "status": 200, "contentType": "text/event-stream",
            "chunk": {"data": "data: {}\n\n", "done": false}}),
    )
    .fails(408, "The body did not come in time (`invalid_request`).")
    .fails(
        413,
        "The body is larger than the server takes (`body_too_large`).",
    )
}

fn session(entry: Entry) -> Entry {
    entry
        .required_header(
            PROVIDER_SESSION,
            text(),
            "The session, as registering told it.",
        )
        .fails(400, BAD)
        .fails(404, NO_SESSION)
}

fn task(method: Method, path: &'static str, id: &str, summary: &str) -> Entry {
    let task = text().examples(["7-1"]);
    session(Entry::new(method, path, TAG, id, summary)).segment("id", task, "The task's id.")
}

fn answering(entry: Entry) -> Entry {
    entry
        .header(
            EPOCH,
            whole(0),
            "The epoch of the channel that handed out the task.",
        )
        .answers(200, named("Accepted"), "It is taken.")
        .fails(
            409,
            "The epoch is an old one, or the same was said twice with other content \
             (`stale_epoch`, `conflict`).",
        )
        .fails(
            410,
            "The task has ended: its caller is gone (`task_ended`).",
        )
}
