//! Schemas of bodies that are OpenAI's or Anthropic's: what this server looks at, and room for
//! everything else, which it passes on unread. And of the few answers that have no type of their own.

use serde_json::{Value, json};
use utoipa::openapi::schema::Components;
use utoipa::openapi::{RefOr, Schema};

/// Every loose schema.
pub(super) fn put_into(components: &mut Components) {
    for (name, literal) in [chat(), completions(), anthropic(), events(), answers()].concat() {
        components.schemas.insert(name.to_owned(), schema(literal));
    }
}

/// A schema written as JSON; each part of it has a `type`, a `$ref` or a choice.
///
/// Panics where it is none, which a test would show.
#[expect(clippy::expect_used, reason = "the literals stand in this folder")]
pub(super) fn schema(literal: Value) -> RefOr<Schema> {
    serde_json::from_value(literal).expect("the literal is a schema")
}

type Named = Vec<(&'static str, Value)>;

fn model() -> Value {
    let about = "An LLM's name, an alias, or a model id that LLMs serve.";
    json!({"type": "string", "description": about, "examples": ["qwen3:8b"]})
}

fn object(about: &str, required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "description": about, "required": required,
        "properties": properties, "additionalProperties": true})
}

fn list_of(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn any_object() -> Value {
    json!({"type": "object", "additionalProperties": true})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn chat() -> Named {
    let message = object(
        "A message, as OpenAI has it: text, images, tool calls and their results.",
        &["role"],
        json!({
            "role": {"type": "string", "examples": ["user"]},
            "content": {"type": ["string", "array", "null"], "description": "Text, or a list of parts."},
        }),
    );
    let request = object(
        "OpenAI's chat completion. Fields that are not named here are passed on to providers \
         that speak OpenAI's API; others may drop them (`x-mcpctl-dropped-params`).",
        &["model", "messages"],
        json!({
            "model": model(),
            "messages": list_of(json!({"$ref": "#/components/schemas/ChatMessage"})),
            "stream": {"type": "boolean", "default": false},
            "stream_options": any_object(),
            "max_tokens": {"type": ["integer", "null"], "minimum": 1},
            "max_completion_tokens": {"type": ["integer", "null"], "minimum": 1},
            "temperature": {"type": ["number", "null"]},
            "tools": list_of(any_object()),
        }),
    );
    let answer = object(
        "OpenAI's answer, as the provider gave it.",
        &["choices"],
        json!({
            "id": {"type": "string"},
            "object": {"type": "string", "examples": ["chat.completion"]},
            "created": count(),
            "model": {"type": "string"},
            "choices": list_of(any_object()),
            "usage": {"$ref": "#/components/schemas/OpenAiUsage"},
        }),
    );
    let usage = object(
        "Tokens of the request.",
        &[],
        json!({"prompt_tokens": count(), "completion_tokens": count(), "total_tokens": count()}),
    );
    vec![
        ("ChatMessage", message),
        ("ChatCompletionRequest", request),
        ("ChatCompletion", answer),
        ("OpenAiUsage", usage),
    ]
}

fn completions() -> Named {
    let usage = json!({"$ref": "#/components/schemas/OpenAiUsage"});
    let completion = object(
        "OpenAI's completion of a text.",
        &["model", "prompt"],
        json!({"model": model(), "prompt": {"type": ["string", "array"], "description": "A text or a list of texts."},
            "stream": {"type": "boolean", "default": false},
            "max_tokens": {"type": ["integer", "null"], "minimum": 0}}),
    );
    let completed = object(
        "OpenAI's answer, as the provider gave it.",
        &["choices"],
        json!({"id": {"type": "string"}, "object": {"type": "string"},
            "model": {"type": "string"}, "choices": list_of(any_object()), "usage": usage}),
    );
    let embedding = object(
        "OpenAI's request for embeddings.",
        &["model", "input"],
        json!({"model": model(), "input": {"type": ["string", "array"], "description": "A text or a list of texts."}}),
    );
    let embedded = object(
        "OpenAI's answer, as the provider gave it.",
        &["data"],
        json!({"object": {"type": "string"}, "model": {"type": "string"},
            "data": list_of(any_object()), "usage": usage}),
    );
    let response = object(
        "OpenAI's request for a response.",
        &["model", "input"],
        json!({"model": model(), "input": {"type": ["string", "array"], "description": "A text or a list of items."},
            "stream": {"type": "boolean", "default": false}}),
    );
    let responded = object(
        "OpenAI's answer, as the provider gave it.",
        &[],
        json!({"id": {"type": "string"}, "object": {"type": "string"},
            "output": list_of(any_object()), "usage": any_object()}),
    );
    vec![
        ("CompletionRequest", completion),
        ("Completion", completed),
        ("EmbeddingsRequest", embedding),
        ("Embeddings", embedded),
        ("ResponsesRequest", response),
        ("ResponsesAnswer", responded),
    ]
}

fn anthropic() -> Named {
    let request = object(
        "Anthropic's message. An LLM that speaks another API gets it translated.",
        &["model", "max_tokens", "messages"],
        json!({
            "model": model(),
            "max_tokens": {"type": "integer", "minimum": 1},
            "messages": list_of(any_object()),
            "system": {"type": ["string", "array"], "description": "A text or a list of blocks."},
            "stream": {"type": "boolean", "default": false},
            "tools": list_of(any_object()),
        }),
    );
    let answer = object(
        "Anthropic's answer.",
        &["type", "role", "content"],
        json!({
            "id": {"type": "string"},
            "type": {"type": "string", "enum": ["message"]},
            "role": {"type": "string", "enum": ["assistant"]},
            "model": {"type": "string"},
            "content": list_of(any_object()),
            "stop_reason": {"type": ["string", "null"]},
            "usage": any_object(),
        }),
    );
    let error = object(
        "An error in Anthropic's shape. What to try stands in the message.",
        &["type", "error"],
        json!({
            "type": {"type": "string", "enum": ["error"]},
            "error": object("What happened.", &["type", "message"], json!({
                "type": {"type": "string", "examples": ["not_found_error"]},
                "message": {"type": "string"},
                "code": {"type": "string", "description": "As in `ErrorDetail`."},
            })),
            "request_id": {"type": "string"},
        }),
    );
    vec![
        ("MessagesRequest", request),
        ("Message", answer),
        ("MessagesError", error),
    ]
}

/// The events of streams: each is an object of its name and its data, taken apart.
fn events() -> Named {
    let event = |names: &[&str], data: &str| {
        json!({"type": "object", "required": ["event", "data"], "properties": {
            "event": {"type": "string", "enum": names},
            "data": {"$ref": format!("#/components/schemas/{data}")},
        }})
    };
    let empty = |name: &str| {
        json!({"type": "object", "required": ["event"], "properties": {
            "event": {"type": "string", "enum": [name]},
            "data": {"type": "object"},
        }})
    };
    let frames = [
        event(&["hello"], "Hello"),
        event(&["task"], "Task"),
        event(&["ack"], "Ack"),
        event(&["cancel"], "Cancel"),
        event(&["wake"], "Wake"),
        event(&["goaway"], "Goaway"),
        event(&["ping"], "Ping"),
        empty("superseded"),
    ];
    let changes = [
        event(&["added", "modified", "deleted"], "Llm"),
        empty("synced"),
        empty("reset"),
    ];
    let chunk = object(
        "A piece of a chat completion, of a completion or of a response, as the provider gave \
         it; the last event of a complete chat completion is `[DONE]`.",
        &[],
        json!({"choices": list_of(any_object()), "usage": {"type": ["object", "null"]}}),
    );
    let message = object(
        "One of Anthropic's events.",
        &["type"],
        json!({"type": {"type": "string", "examples": ["content_block_delta"]}}),
    );
    let about = "What the server says on the channel. Frames of other names are to be ignored.";
    vec![
        (
            "ChannelFrame",
            json!({"description": about, "oneOf": frames}),
        ),
        (
            "LlmChange",
            json!({"description": "A change of a row.", "oneOf": changes}),
        ),
        ("StreamChunk", chunk),
        ("MessageEvent", message),
    ]
}

fn answers() -> Named {
    let requests = json!({"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "description": "Newest first.",
            "items": {"$ref": "#/components/schemas/RequestRecord"}},
    }});
    let accepted = json!({"type": "object", "required": ["ok"],
        "properties": {"ok": {"type": "boolean"}}});
    let model = object(
        "A name, as OpenAI's clients want it.",
        &["id", "object", "created", "owned_by"],
        json!({"id": {"type": "string"}, "object": {"type": "string", "enum": ["model"]},
            "created": {"type": "integer", "description": "In seconds since 1970."},
            "owned_by": {"type": "string"}}),
    );
    let anthropic = object(
        "A name, as Anthropic's clients want it.",
        &["id", "type", "display_name", "created_at"],
        json!({"id": {"type": "string"}, "type": {"type": "string", "enum": ["model"]},
            "display_name": {"type": "string"},
            "created_at": {"type": "string", "format": "date-time"}}),
    );
    let of = |name: &str| list_of(json!({"$ref": format!("#/components/schemas/{name}")}));
    let models = json!({"anyOf": [
        {"type": "object", "required": ["object", "data"], "properties": {
            "object": {"type": "string", "enum": ["list"]}, "data": of("OpenAiModel")}},
        {"type": "object", "required": ["data", "has_more"], "properties": {
            "data": of("AnthropicModel"), "has_more": {"type": "boolean"},
            "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]}}},
    ]});
    vec![
        ("RequestList", requests),
        ("Accepted", accepted),
        ("OpenAiModel", model),
        ("AnthropicModel", anthropic),
        ("Models", models),
    ]
}
