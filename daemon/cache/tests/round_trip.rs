//! Answers go in as they came and come out in the form that is asked for.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use cache::{ContentType, Entry, Recorder};
use meter::Form;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::{infer_path::InferPath, sse};

const CHAT: InferPath = InferPath::ChatCompletions;
const MAX_BYTES: usize = 1 << 20;

fn record(path: InferPath, form: Form, bytes: &[u8]) -> Option<Entry> {
    let mut recorder = Recorder::new(path, form, MAX_BYTES);
    for piece in bytes.chunks(11) {
        recorder.feed(piece);
    }
    recorder.finish(true)
}

fn stream(chunks: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in chunks {
        sse::encode("", &chunk.to_string(), &mut out);
    }
    sse::encode("", "[DONE]", &mut out);
    out
}

fn whole_of(entry: &Entry) -> Value {
    let (kind, body) = entry.replay(false, false).unwrap();
    assert_eq!(kind, ContentType::Json);
    serde_json::from_slice(&body).unwrap()
}

fn chunks_of(entry: &Entry, include_usage: bool) -> Vec<Value> {
    let (kind, body) = entry.replay(true, include_usage).unwrap();
    assert_eq!(kind, ContentType::EventStream);
    let mut events = Vec::new();
    sse::Decoder::new(MAX_BYTES)
        .feed(&body, &mut events)
        .unwrap();
    assert_eq!(events.pop().unwrap().data, "[DONE]");
    let parse = |event: sse::Event| serde_json::from_str(&event.data).unwrap();
    events.into_iter().map(parse).collect()
}

fn chunk(delta: Value, finish: Value) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m",
        "system_fingerprint": "fp", "choices": [
            {"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}], "usage": null})
}

#[test]
fn a_stream_is_put_together_to_the_whole_answer() {
    let call = |part: Value| chunk(json!({"tool_calls": [part]}), Value::Null);
    let mut usage = chunk(json!({}), Value::Null);
    usage["choices"] = json!([]);
    usage["usage"] = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3});
    let mut logged = chunk(json!({"content": "lo 👋"}), Value::Null);
    logged["choices"][0]["logprobs"] = json!({"content": [{"token": "lo"}], "refusal": null});
    let sent = [
        chunk(
            json!({"role": "assistant", "content": "", "refusal": null}),
            Value::Null,
        ),
        chunk(json!({"reasoning_content": "hm"}), Value::Null),
        chunk(json!({"reasoning_content": "m"}), Value::Null),
        chunk(json!({"content": "Hel"}), Value::Null),
        logged,
        call(
            json!({"index": 0, "id": "t0", "type": "function", "function": {"name": "f", "arguments": ""}}),
        ),
        call(json!({"index": 0, "function": {"arguments": "{\"a\":"}})),
        call(json!({"index": 0, "function": {"arguments": "1}"}})),
        call(
            json!({"index": 1, "id": "t1", "type": "function", "function": {"name": "g", "arguments": "{}"}}),
        ),
        chunk(json!({}), json!("tool_calls")),
        usage,
    ];
    let entry = record(CHAT, Form::EventStream, &stream(&sent)).unwrap();
    assert_eq!(
        whole_of(&entry),
        json!({
            "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
            "system_fingerprint": "fp",
            "choices": [{
                "index": 0,
                "message": {
                    "role": "assistant", "content": "Hello 👋", "refusal": null,
                    "reasoning_content": "hmm",
                    "tool_calls": [
                        {"id": "t0", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                        {"id": "t1", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                    ],
                },
                "logprobs": {"content": [{"token": "lo"}], "refusal": null},
                "finish_reason": "tool_calls",
            }],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        })
    );
}

#[test]
fn a_whole_answer_becomes_chunks_that_begin_with_the_role_and_end_with_the_reason() {
    let body = json!({"id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hi", "refusal": null}}],
        "usage": {"prompt_tokens": 1}});
    let entry = record(CHAT, Form::Whole, body.to_string().as_bytes()).unwrap();
    let head = |choices: Value| {
        json!({"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m",
            "choices": choices})
    };
    let piece = |delta: Value, reason: Value| {
        head(json!([{"index": 0, "delta": delta, "finish_reason": reason}]))
    };
    let mut expected = vec![
        piece(
            json!({"role": "assistant", "content": "", "refusal": null}),
            Value::Null,
        ),
        piece(json!({"content": "Hi"}), Value::Null),
        piece(json!({}), json!("stop")),
    ];
    assert_eq!(chunks_of(&entry, false), expected);
    let mut usage = head(json!([]));
    usage["usage"] = json!({"prompt_tokens": 1});
    expected.push(usage);
    assert_eq!(chunks_of(&entry, true), expected);
}

#[test]
fn a_whole_answer_comes_out_byte_for_byte() {
    let body = br#"{ "choices":[ ], "x" : 1.00 }"#;
    let entry = record(CHAT, Form::Whole, body).unwrap();
    assert_eq!(entry.replay(false, true).unwrap().1, &body[..]);
    let entry = record(InferPath::Embeddings, Form::Whole, body).unwrap();
    assert_eq!(
        entry.replay(true, false).unwrap(),
        (ContentType::Json, body[..].into())
    );
}

#[test]
fn other_dialects_are_given_in_the_form_they_came() {
    let sent = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let entry = record(InferPath::Messages, Form::EventStream, sent).unwrap();
    assert_eq!(entry.replay(true, false).unwrap().1, &sent[..]);
    assert_eq!(entry.replay(false, false), None);
    let entry = record(InferPath::Responses, Form::Whole, b"{\"id\":\"r\"}").unwrap();
    assert!(entry.replay(false, false).is_some());
    assert_eq!(entry.replay(true, false), None);
}

#[test]
fn what_is_no_good_answer_is_not_kept() {
    let good = [chunk(json!({"content": "a"}), json!("stop"))];
    assert!(record(CHAT, Form::EventStream, &stream(&good)).is_some());
    let streams = [
        stream(&[chunk(json!({"content": "a"}), Value::Null)]),
        stream(&[good[0].clone(), json!({"error": {"message": "x"}})]),
        [&stream(&good)[..], b"event: error\ndata: x\n\n"].concat(),
        stream(&[chunk(json!({"audio": {"data": "x"}}), json!("stop"))]),
        stream(&[]),
        b"data: {\n\n".to_vec(),
    ];
    for sent in streams {
        let text = String::from_utf8_lossy(&sent).into_owned();
        assert_eq!(record(CHAT, Form::EventStream, &sent), None, "{text}");
    }
    let end = b"data: {\"type\":\"message_stop\"}\n\n";
    let broken = [&b"data: {\"type\":\"ping\"\n\n"[..], end].concat();
    let kept = record(InferPath::Messages, Form::EventStream, &broken);
    assert_eq!(kept, None, "an event that nobody can read");
    for body in ["{\"error\":{}}", "[]", "{", ""] {
        assert_eq!(record(CHAT, Form::Whole, body.as_bytes()), None, "{body}");
    }
    let failed = b"data: {\"type\":\"response.failed\"}\n\n";
    assert_eq!(
        record(InferPath::Responses, Form::EventStream, failed),
        None
    );

    let mut broken_off = Recorder::new(CHAT, Form::Whole, MAX_BYTES);
    broken_off.feed(b"{}");
    assert_eq!(broken_off.finish(false), None);
    let mut too_large = Recorder::new(CHAT, Form::Whole, 10);
    for piece in ["{\"a\":", "\"123456789\"}", "1}"] {
        too_large.feed(piece.as_bytes());
    }
    assert_eq!(too_large.finish(true), None);
}

fn text() -> impl Strategy<Value = String> {
    "[a-c \"\\\\\n\r👋é]{0,10}"
}

fn message() -> impl Strategy<Value = Value> {
    let call = (text(), text(), any::<bool>()).prop_map(|(name, arguments, custom)| match custom {
        true => json!({"id": "t", "type": "custom", "custom": {"name": name, "input": arguments}}),
        false => json!({"id": "t", "type": "function",
            "function": {"name": name, "arguments": arguments}}),
    });
    (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(prop::option::of(text())),
        prop::collection::vec(call, 0..3),
        any::<bool>(),
    )
        .prop_map(|(content, reasoning, refusal, calls, annotated)| {
            let mut message = json!({"role": "assistant", "content": content});
            if let Some(reasoning) = reasoning {
                message["reasoning"] = reasoning.into();
            }
            if let Some(refusal) = refusal {
                message["refusal"] = json!(refusal);
            }
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            if annotated {
                message["annotations"] = json!([{"type": "url_citation"}]);
            }
            message
        })
}

fuzzing::targets! {
    /// What is kept of any answer can be given again in both forms, and says the same then.
    fn any_answer_is_kept_whole_or_not_at_all(
        stream in fuzzing::mutated_stream(&fuzzing::corpus::streams("")),
        whole in fuzzing::mutated_text(&fuzzing::corpus::answers("")),
        path in prop::sample::select(vec![CHAT, InferPath::Completions, InferPath::Embeddings, InferPath::Responses]),
    ) {
        for (form, bytes) in [(Form::EventStream, &stream), (Form::Whole, &whole)] {
            let Some(entry) = record(path, form, bytes) else { continue };
            for (as_stream, include_usage) in [(false, false), (true, true), (true, false)] {
                let Some((kind, body)) = entry.replay(as_stream, include_usage) else { continue };
                match kind {
                    ContentType::Json => prop_assert!(serde_json::from_slice::<&RawValue>(&body).is_ok()),
                    ContentType::EventStream => {
                        let mut events = Vec::new();
                        sse::Decoder::new(MAX_BYTES * 8).feed(&body, &mut events).unwrap();
                        let done = events.pop_if(|last| last.data == "[DONE]");
                        prop_assert!(done.is_some() || path == InferPath::Responses);
                        for event in events {
                            prop_assert!(serde_json::from_str::<&RawValue>(&event.data).is_ok(), "{}", event.data);
                        }
                    }
                }
            }
        }
    }

    fn what_is_replayed_as_chunks_is_put_together_to_the_same(
        messages in prop::collection::vec(message(), 1..4),
        has_logprobs in any::<bool>(),
        has_usage in any::<bool>(),
    ) {
        let choices: Vec<Value> = messages
            .into_iter()
            .enumerate()
            .map(|(index, message)| {
                let logprobs = has_logprobs.then(|| json!({"content": [{"token": "a"}], "refusal": null}));
                json!({"index": index, "message": message, "logprobs": logprobs,
                    "finish_reason": "stop", "stop_reason": 5})
            })
            .collect();
        let mut answer = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": choices, "service_tier": "default", "x_own": {"a": [1]}});
        if has_usage {
            answer["usage"] = json!({"prompt_tokens": 1, "completion_tokens": 2});
        }
        let entry = record(CHAT, Form::Whole, answer.to_string().as_bytes()).unwrap();
        let (_, chunks) = entry.replay(true, true).unwrap();
        let again = record(CHAT, Form::EventStream, &chunks).unwrap();
        prop_assert_eq!(whole_of(&again), answer);
    }

    fn completions_go_round_too(texts in prop::collection::vec(text(), 1..4)) {
        let choices: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"index": index, "text": text, "logprobs": null,
                "finish_reason": "length"}))
            .collect();
        let answer = json!({"id": "c", "object": "text_completion", "created": 1, "model": "m",
            "choices": choices, "usage": {"prompt_tokens": 1}});
        let path = InferPath::Completions;
        let entry = record(path, Form::Whole, answer.to_string().as_bytes()).unwrap();
        let (_, chunks) = entry.replay(true, true).unwrap();
        let again = record(path, Form::EventStream, &chunks).unwrap();
        prop_assert_eq!(whole_of(&again), answer);
    }
}
