//! The data plane: `/v1/...` for OpenAI's and Anthropic's clients, and the same by an LLM's name.

use http::Method;
use serde_json::{Value, json};
use shared::headers::{ATTEMPTS, CACHE, DROPPED_PARAMS, LLM};
use shared::infer_path::InferPath;

use crate::openapi::loose::schema;
use crate::openapi::operation::{EVENT_STREAM, Entry, JSON, events, named, of};
use crate::openapi::schemas::{of_words, text, whole};
use utoipa::openapi::Content;

const TAG: &str = "data plane";
/// What an answer says of the way it came.
const HEADERS: &[(&str, &str)] = &[
    (LLM, "Llm"),
    (ATTEMPTS, "Attempts"),
    (DROPPED_PARAMS, "DroppedParams"),
    (CACHE, "Cache"),
];
const CHUNKS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n\
                      data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n\
                      data: [DONE]\n\n";
const STREAMED: &str = "Where the request says `\"stream\": true`. Comments keep it alive every \
                        15 s. A stream that breaks ends with an `error` event.";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = vec![
        chat(infer(
            "/v1/chat/completions",
            "createChatCompletion",
            "Complete a chat",
        )),
        infer("/v1/completions", "createCompletion", "Complete a text")
            .takes(
                named("CompletionRequest"),
                "OpenAI's shape.",
                json!({"model": "qwen3:8b", "prompt": "Once upon a time", "max_tokens": 50}),
            )
            .answers(200, named("Completion"), "The answer.")
            .answers_as(200, EVENT_STREAM, chunks(), "The answer."),
        infer("/v1/embeddings", "createEmbeddings", "Embed texts")
            .takes(
                named("EmbeddingsRequest"),
                "OpenAI's shape.",
                json!({"model": "nomic-embed-text", "input": ["a text"]}),
            )
            .answers(200, named("Embeddings"), "The answer."),
        infer("/v1/responses", "createResponse", "Create a response")
            .about("For LLMs whose provider has OpenAI's Responses API itself.")
            .takes(
                named("ResponsesRequest"),
                "OpenAI's shape.",
                json!({"model": "gpt-4o", "input": "Say hello."}),
            )
            .answers(200, named("ResponsesAnswer"), "The answer.")
            .answers_as(200, EVENT_STREAM, chunks(), "The answer."),
        messages(),
        chat(
            infer(
                "/api/v1/llms/{name}/infer",
                "inferChat",
                "Complete a chat by an LLM's name",
            )
            .about("As `/v1/chat/completions`; the body's `model` does not matter.")
            .segment(
                "name",
                of::<shared::name::Name>(),
                "An LLM, an alias or a model id.",
            ),
        ),
        by_path(),
    ];
    entries.extend(models());
    entries
}

fn infer(path: &'static str, id: &str, summary: &str) -> Entry {
    failing(Entry::new(Method::POST, path, TAG, id, summary)).with_headers(HEADERS)
}

/// What is asked of the cache, and how inference fails.
fn failing(entry: Entry) -> Entry {
    let cache = "`use` asks for the cache of answers, `bypass` keeps it out. Default: as the \
                 alias says.";
    entry
        .header(CACHE, of_words(&["use", "bypass"]), cache)
        .fails(
            400,
            "The body can't be used (`invalid_request`), or the provider says so.",
        )
        .fails(404, "No such LLM, alias or model id (`model_not_found`).")
        .fails(408, "The body did not come in time (`invalid_request`).")
        .fails(
            413,
            "The body is larger than the server takes (`body_too_large`).",
        )
        .fails(
            429,
            "Every slot is taken (`overloaded`), or the access token's rate or budget is used up \
             (`rate_limit_exceeded`, `insufficient_quota`).",
        )
        .fails(
            502,
            "The provider can't be reached, broke off or refused its key (`provider_error`, \
             `provider_disconnected`).",
        )
        .fails(
            503,
            "Nobody serves it now (`provider_offline`, `breaker_open`, `shutting_down`, \
             `unavailable`).",
        )
        .fails(
            504,
            "The deadline passed, the provider said nothing, or did not wake \
             (`deadline_exceeded`, `provider_silent`, `wake_timeout`).",
        )
}

fn chat(entry: Entry) -> Entry {
    entry
        .takes(
            named("ChatCompletionRequest"),
            "OpenAI's shape.",
            chat_example(),
        )
        .answers_as(
            200,
            JSON,
            Content::builder()
                .schema(Some(named("ChatCompletion")))
                .example(Some(json!({
                    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_795_253_400,
                    "model": "qwen3:8b",
                    "choices": [{"index": 0, "finish_reason": "stop",
                        "message": {"role": "assistant", "content": "Hello."}}],
                    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
                }))),
            "The answer.",
        )
        .answers_as(200, EVENT_STREAM, chunks(), "The answer.")
}

fn chat_example() -> Value {
    json!({"model": "qwen3:8b", "messages": [{"role": "user", "content": "Say hello."}],
        "stream": false})
}

fn chunks() -> utoipa::openapi::ContentBuilder {
    events("StreamChunk", STREAMED, CHUNKS)
}

fn messages() -> Entry {
    let stream = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n\
                  event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let entry = Entry::new(
        Method::POST,
        "/v1/messages",
        TAG,
        "createMessage",
        "Complete a chat in Anthropic's shape",
    );
    failing(entry.anthropic())
        .about("In front of any LLM that can chat, whatever its provider speaks.")
        .with_headers(HEADERS)
        .takes(
            named("MessagesRequest"),
            "Anthropic's shape.",
            json!({"model": "qwen3:8b", "max_tokens": 256,
                "messages": [{"role": "user", "content": "Say hello."}]}),
        )
        .answers(200, named("Message"), "The answer.")
        .answers_as(
            200,
            EVENT_STREAM,
            events("MessageEvent", STREAMED, stream),
            "The answer.",
        )
}

fn by_path() -> Entry {
    let bodies = [
        "ChatCompletionRequest",
        "CompletionRequest",
        "EmbeddingsRequest",
        "ResponsesRequest",
        "MessagesRequest",
    ];
    let answers = [
        "ChatCompletion",
        "Completion",
        "Embeddings",
        "ResponsesAnswer",
        "Message",
    ];
    infer(
        "/api/v1/llms/{name}/infer/{*path}",
        "infer",
        "Call an LLM by its name at one of its paths",
    )
    .about(
        "The body is that of the path; its `model` does not matter and may be left out. The `/` of \
         `chat/completions` is written as it is. Errors of `messages` have Anthropic's shape.",
    )
    .segment(
        "name",
        of::<shared::name::Name>(),
        "An LLM, an alias or a model id.",
    )
    .segment("path", of::<InferPath>(), "Below the provider's base URL.")
    .takes(any_of(&bodies), "As the path has it.", chat_example())
    .answers(200, any_of(&answers), "The answer.")
    .answers_as(200, EVENT_STREAM, chunks(), "The answer.")
}

fn any_of(names: &[&str]) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let refs = names
        .iter()
        .map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
    let mut all: Vec<_> = refs.collect();
    // What `rerank` takes and gives is the provider's own.
    all.push(json!({"type": "object", "additionalProperties": true}));
    schema(json!({ "anyOf": all }))
}

fn models() -> [Entry; 2] {
    let dialect = "Where it is there, the answer has Anthropic's shape.";
    let list = Entry::new(
        Method::GET,
        "/v1/models",
        TAG,
        "listModels",
        "List every name that a request may give as its model",
    )
    .about("LLMs, aliases and model ids. The query counts in Anthropic's shape alone.")
    .header("anthropic-version", text(), dialect)
    .query(
        "limit",
        whole(1).maximum(Some(1000u32)),
        "At most so many. Default: 1000.",
    )
    .query("after_id", text(), "Those behind this one.")
    .query(
        "before_id",
        text(),
        "Those before this one; not together with `after_id`.",
    )
    .answers(200, named("Models"), "In the caller's shape.")
    .fails(400, "The query can't be used (`invalid_request`).");
    let show = Entry::new(
        Method::GET,
        "/v1/models/{*id}",
        TAG,
        "showModel",
        "Show one name that a request may give as its model",
    )
    .header("anthropic-version", text(), dialect)
    .segment("id", text(), "The name; its `/` may be written as it is.")
    .answers(
        200,
        schema(
            json!({"anyOf": [{"$ref": "#/components/schemas/OpenAiModel"},
            {"$ref": "#/components/schemas/AnthropicModel"}]}),
        ),
        "In the caller's shape.",
    )
    .fails(404, "No such name (`model_not_found`).");
    [list, show]
}
