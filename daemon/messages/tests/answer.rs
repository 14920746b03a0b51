//! Whole answers in both dialects, side by side.
#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use messages::Unreadable;
use messages::answer::{UNREADABLE_ARGUMENTS, from_chat};
use messages::request::to_chat;
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(chat: &Value) -> Value {
    serde_json::from_slice(&from_chat(chat.to_string().as_bytes(), "asked").unwrap()).unwrap()
}

fn choice(message: Value, finish: &str) -> Value {
    json!({"id": "chatcmpl-9", "choices": [
        {"index": 0, "message": message, "finish_reason": finish}]})
}

#[test]
fn a_text_is_a_message_with_one_block() {
    let mut chat = choice(json!({"role": "assistant", "content": "Hi."}), "stop");
    chat["model"] = "theirs".into();
    chat["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1}});
    assert_eq!(
        answer(&chat),
        json!({
            "id": "msg_9", "type": "message", "role": "assistant", "model": "asked",
            "content": [{"type": "text", "text": "Hi."}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 5, "cache_creation_input_tokens": 1,
                "cache_read_input_tokens": 4, "output_tokens": 3},
        })
    );
}

#[test]
fn thoughts_text_and_calls_stand_in_this_order() {
    let message = json!({
        "content": "I look.", "reasoning_content": "hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "hm", "signature": "sig", "index": 0,
                "format": "anthropic-claude-v1"},
            {"type": "reasoning.encrypted", "data": "xx", "index": 1},
            {"type": "reasoning.text", "text": "theirs", "format": "google-gemini-v1"},
        ],
        "tool_calls": [
            {"id": "call_1", "type": "function",
                "function": {"name": "f", "arguments": r#"{"z":1,"a":[2]}"#}},
            {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}},
        ],
    });
    let answer = answer(&choice(message, "tool_calls"));
    assert_eq!(
        answer["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xx"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {"z": 1, "a": [2]}},
            {"type": "tool_use", "id": "call_2", "name": "g", "input": {}},
        ])
    );
    assert_eq!(answer["stop_reason"], "tool_use");
}

#[test]
fn thoughts_are_found_under_every_name_and_once() {
    let blocks = |message: Value| answer(&choice(message, "stop"))["content"].take();
    let want = json!([{"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "4"}]);
    assert_eq!(blocks(json!({"content": "4", "reasoning": "hm"})), want);
    let twice = json!({"content": "4", "reasoning": "hm", "reasoning_content": "hm"});
    assert_eq!(blocks(twice), want);
    let parts = json!({"content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "4"},
    ]});
    assert_eq!(blocks(parts), want);
}

#[test]
fn every_end_has_its_name() {
    let call = json!({"content": null, "tool_calls":
        [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]});
    let text = json!({"content": "x"});
    let cases = [
        (&text, "stop", "end_turn"),
        (&text, "length", "max_tokens"),
        (&text, "content_filter", "refusal"),
        (&text, "eos", "end_turn"),
        (&call, "tool_calls", "tool_use"),
        (&call, "stop", "tool_use"),
        (&call, "length", "max_tokens"),
    ];
    for (message, finish, stop) in cases {
        assert_eq!(
            answer(&choice(message.clone(), finish))["stop_reason"],
            stop,
            "{finish}"
        );
    }
    let refusal = answer(&choice(json!({"content": null, "refusal": "No."}), "stop"));
    assert_eq!(refusal["stop_reason"], "refusal");
    assert_eq!(refusal["content"], json!([{"type": "text", "text": "No."}]));
}

#[test]
fn a_stop_sequence_is_told_where_the_llm_names_it() {
    for name in ["stop_reason", "matched_stop"] {
        let mut chat = choice(json!({"content": "x"}), "stop");
        chat["choices"][0][name] = "END".into();
        let answer = answer(&chat);
        assert_eq!(answer["stop_reason"], "stop_sequence");
        assert_eq!(answer["stop_sequence"], "END");
    }
    let mut by_token = choice(json!({"content": "x"}), "stop");
    by_token["choices"][0]["stop_reason"] = 128_009.into();
    assert_eq!(answer(&by_token)["stop_reason"], "end_turn");
}

#[test]
fn arguments_that_are_no_object_are_not_carried_out_as_an_empty_one() {
    let input = |arguments: Value| {
        let call = json!({"id": "c", "function": {"name": "f", "arguments": arguments}});
        answer(&choice(json!({"tool_calls": [call]}), "tool_calls"))["content"][0]["input"].take()
    };
    assert_eq!(
        input(json!(r#"{"a": "#)),
        json!({UNREADABLE_ARGUMENTS: r#"{"a": "#})
    );
    assert_eq!(input(json!("[1]")), json!({UNREADABLE_ARGUMENTS: "[1]"}));
    assert_eq!(input(json!({"a": 1})), json!({"a": 1}));
    assert_eq!(input(json!(r#""{\"a\":1}""#)), json!({"a": 1}));
    assert_eq!(input(json!("null")), json!({}));
}

#[test]
fn a_call_without_id_gets_one_and_an_empty_answer_no_block() {
    let call = json!({"function": {"name": "f", "arguments": "{}"}});
    let calls = answer(&choice(json!({"tool_calls": [call, call]}), "tool_calls"));
    assert_eq!(calls["content"][0]["id"], "toolu_9_0");
    assert_eq!(calls["content"][1]["id"], "toolu_9_1");
    assert_eq!(
        answer(&choice(json!({"content": ""}), "stop"))["content"],
        json!([])
    );
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    let read = |body: &str| from_chat(body.as_bytes(), "m").unwrap_err();
    assert!(matches!(read("<html>"), Unreadable::NotJson(_)));
    assert!(matches!(read("{}"), Unreadable::NotChat(_)));
    assert!(matches!(read(r#"{"choices":[]}"#), Unreadable::NotChat(_)));
    assert!(matches!(
        read(r#"{"choices":[{"text":"x"}]}"#),
        Unreadable::NotChat(_)
    ));
    let told = read(r#"{"error":{"message":"out of memory"}}"#);
    assert_eq!(told, Unreadable::IsError("out of memory".into()));
}

fuzzing::targets! {
    /// What Anthropic's models thought comes back to them as they signed it.
    fn thoughts_survive_the_round(
        proofs in prop::collection::vec((any::<bool>(), "[a-zé ]{1,9}", "[A-Za-z+/]{1,9}"), 1..5),
    ) {
        let format = "anthropic-claude-v1";
        let made: Vec<Value> = proofs.iter().enumerate().map(|(n, (open, text, proof))| match open {
            true => json!({"type": "reasoning.text", "text": text, "signature": proof,
                "format": format, "index": n}),
            false => json!({"type": "reasoning.encrypted", "data": proof, "format": format,
                "index": n}),
        }).collect();
        let message = json!({"content": "x", "reasoning_details": made});
        let next = json!({"model": "m", "max_tokens": 1, "messages": [
            {"role": "assistant", "content": answer(&choice(message, "stop"))["content"]},
        ]});
        let next = to_chat(next.to_string().as_bytes()).unwrap();
        let next: Value = serde_json::from_slice(&next.body).unwrap();
        prop_assert_eq!(&next["messages"][0]["reasoning_details"], &Value::from(made));
    }

    /// What an LLM calls comes back to it in the next turn: same ids, names and arguments.
    fn a_tool_call_survives_the_round(
        calls in prop::collection::vec(("[a-z0-9_:.-]{1,20}", "[a-z_]{1,9}", an_object()), 1..4),
    ) {
        let made: Vec<Value> = calls.iter().map(|(id, name, input)| json!({
            "id": id, "type": "function",
            "function": {"name": name, "arguments": input.to_string()},
        })).collect();
        let answer = answer(&choice(json!({"content": null, "tool_calls": made}), "tool_calls"));
        let next = json!({"model": "m", "max_tokens": 1, "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": answer["content"]},
        ]});
        let next = to_chat(next.to_string().as_bytes()).unwrap();
        let next: Value = serde_json::from_slice(&next.body).unwrap();
        prop_assert_eq!(&next["messages"][1]["tool_calls"], &Value::from(made));
    }

    fn any_answer_becomes_a_message_or_is_refused(
        chat in prop_oneof![9 => fuzzing::mutated_text(&answers()), 1 => fuzzing::bytes(200)],
    ) {
        if let Ok(message) = from_chat(&chat, "m") {
            let message: Value = serde_json::from_slice(&message).unwrap();
            prop_assert_eq!(&message["type"], "message");
            prop_assert!(message["stop_reason"].is_string(), "{}", message);
            for block in message["content"].as_array().unwrap() {
                prop_assert!(block["type"].is_string(), "{}", block);
                prop_assert!(block["type"] != "tool_use" || block["input"].is_object(), "{}", block);
            }
        }
        for status in [400, 401, 404, 429, 500, 529] {
            let error: Value = serde_json::from_str(&messages::error::from_openai(status, &chat)).unwrap();
            prop_assert_eq!(&error["type"], "error");
        }
    }
}

/// Recorded answers of OpenAI's kind.
fn answers() -> Vec<String> {
    let calls = json!([{"id": "c", "function": {"name": "f", "arguments": r#"{"a": [1]}"#}}]);
    let details = json!([{"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "x", "format": "anthropic-claude-v1"}]);
    let message = json!({"content": [{"type": "text", "text": "t"}], "tool_calls": calls, "refusal": null,
        "reasoning_content": "hm", "reasoning_details": details});
    let mut own = choice(message, "tool_calls");
    own["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}});
    let mut all = fuzzing::corpus::answers("chat/completions");
    all.extend([
        own.to_string(),
        r#"{"error":{"message":"m","type":"t","code":null}}"#.into(),
    ]);
    all
}

fn an_object() -> impl Strategy<Value = Value> {
    let value = fuzzing::anything(&["a", "b", "type", "x"])
        .prop_map(|json| json.value().unwrap_or_default());
    prop::collection::vec(("[a-zé\"]{1,5}", value), 0..4)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
        .prop_filter("too deep inside a request", |object| {
            let inside = format!("{}{object}{}", "[".repeat(8), "]".repeat(8));
            serde_json::from_str::<Value>(&inside).is_ok()
        })
}
