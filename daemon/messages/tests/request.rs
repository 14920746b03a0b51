//! Requests in both dialects, side by side.
#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use messages::request::{ChatRequest, to_chat};
use proptest::prelude::*;
use serde_json::{Value, json};

fn carried(request: &Value) -> ChatRequest {
    to_chat(request.to_string().as_bytes()).unwrap()
}

fn chat(request: &Value) -> Value {
    serde_json::from_slice(&carried(request).body).unwrap()
}

/// The chat messages of a request with these Anthropic messages.
fn turns(messages: &Value) -> Value {
    let request = json!({"model": "m", "max_tokens": 5, "messages": messages});
    chat(&request)["messages"].take()
}

/// A request with `fields` besides the required ones.
fn with(fields: Value) -> Value {
    let mut request = json!({
        "model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}],
    });
    let Value::Object(fields) = fields else {
        panic!("fields are an object")
    };
    request.as_object_mut().unwrap().extend(fields);
    request
}

fn refused(request: &Value) -> (String, String) {
    let wrong = to_chat(request.to_string().as_bytes()).unwrap_err();
    (wrong.field, wrong.reason)
}

#[test]
fn the_smallest_request_is_carried_as_it_is() {
    let request = carried(&with(json!({})));
    assert_eq!(request.model, "m");
    assert!(!request.stream);
    assert!(request.dropped.is_empty());
    assert_eq!(
        str::from_utf8(&request.body).unwrap(),
        r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#
    );
}

#[test]
fn a_stream_is_asked_for_with_its_usage() {
    let request = carried(&with(json!({"stream": true})));
    assert!(request.stream);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["stream"], true);
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
}

#[test]
fn every_setting_has_its_place() {
    let request = carried(&with(json!({
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop_sequences": ["END", "\n"],
        "metadata": {"user_id": "u-1"}, "stream": false,
    })));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({
            "model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop": ["END", "\n"], "user": "u-1",
        })
    );
    assert!(request.dropped.is_empty());
}

#[test]
fn system_is_a_text_or_blocks() {
    let first = |system: Value| chat(&with(json!({"system": system})))["messages"][0].take();
    let said = json!({"role": "system", "content": "Be brief."});
    assert_eq!(first(json!("Be brief.")), said);
    let blocks = json!([{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]);
    assert_eq!(
        first(blocks),
        json!({"role": "system", "content": "A\n\nB"})
    );
    assert_eq!(first(json!(""))["role"], "user");
}

#[test]
fn texts_are_one_text_and_an_image_makes_parts() {
    let text = json!({"type": "text", "text": "look"});
    let two = json!([{"role": "user", "content": [text, {"type": "text", "text": "here"}]}]);
    assert_eq!(turns(&two)[0]["content"], "look\n\nhere");
    let inline = json!({"type": "image", "source":
        {"type": "base64", "media_type": "image/png", "data": "aGk="}});
    let linked = json!({"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}});
    let seen = json!([{"role": "user", "content": [inline, text, linked]}]);
    assert_eq!(
        turns(&seen)[0]["content"],
        json!([
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        ])
    );
}

#[test]
fn documents_become_text_or_files() {
    let document = |source: Value| {
        let block = json!({"type": "document", "title": "T", "context": "C", "source": source});
        turns(&json!([{"role": "user", "content": [block]}]))[0]["content"].take()
    };
    let text = json!({"type": "text", "media_type": "text/plain", "data": "body"});
    assert_eq!(document(text), "T\nC\nbody");
    let inner = json!({"type": "content", "content": [{"type": "text", "text": "body"}]});
    assert_eq!(document(inner), "T\nC\n\nbody");
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBE"});
    assert_eq!(
        document(pdf),
        json!([
            {"type": "text", "text": "C"},
            {"type": "file", "file":
                {"filename": "T", "file_data": "data:application/pdf;base64,JVBE"}},
        ])
    );
}

#[test]
fn a_search_result_is_text_with_its_source() {
    let block = json!({"type": "search_result", "title": "T", "source": "https://x.test",
        "content": [{"type": "text", "text": "found"}]});
    let turns = turns(&json!([{"role": "user", "content": [block]}]));
    assert_eq!(turns[0]["content"], "T\nhttps://x.test\nfound");
}

#[test]
fn a_tool_call_and_its_result_keep_id_order_and_arguments() {
    let messages = json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [
            {"type": "text", "text": "I "}, {"type": "text", "text": "look."},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"z": 1, "a": "ä"}},
            {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sun"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true,
                "content": [{"type": "text", "text": "no clock"}]},
            {"type": "text", "text": "well?"},
        ]},
    ]);
    assert_eq!(
        turns(&messages),
        json!([
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "I look.", "tool_calls": [
                {"id": "toolu_1", "type": "function",
                    "function": {"name": "weather", "arguments": r#"{"z":1,"a":"ä"}"#}},
                {"id": "toolu_2", "type": "function",
                    "function": {"name": "now", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "toolu_1", "content": "sun"},
            {"role": "tool", "tool_call_id": "toolu_2", "content": "Error: no clock"},
            {"role": "user", "content": "well?"},
        ])
    );
}

#[test]
fn results_alone_bring_no_empty_message_and_calls_alone_no_text() {
    let messages = json!([
        {"role": "assistant", "content":
            [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
    ]);
    let turns = turns(&messages);
    assert_eq!(turns[0]["content"], Value::Null);
    assert_eq!(
        turns[1],
        json!({"role": "tool", "tool_call_id": "t", "content": ""})
    );
    assert_eq!(turns.as_array().unwrap().len(), 2);
}

#[test]
fn an_image_in_a_result_is_shown_by_the_user_message_that_follows() {
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://x.test/a"}});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content":
        [{"type": "text", "text": "a screen"}, image]});
    let messages = json!([{"role": "user", "content": [result, {"type": "text", "text": "so?"}]}]);
    assert_eq!(
        turns(&messages),
        json!([
            {"role": "tool", "tool_call_id": "t", "content": "a screen"},
            {"role": "user", "content": [
                {"type": "text", "text": "From the result of the tool call t:"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a"}},
                {"type": "text", "text": "so?"},
            ]},
        ])
    );
}

#[test]
fn thoughts_go_with_their_proofs_in_order() {
    let thinking =
        |text: &str, by: &str| json!({"type": "thinking", "thinking": text, "signature": by});
    let text = json!({"type": "text", "text": "4"});
    let one = json!([{"role": "assistant", "content": [thinking("2+2", ""), text]}]);
    let plain = json!({"role": "assistant", "content": "4", "reasoning_content": "2+2"});
    assert_eq!(turns(&one)[0], plain);
    let redacted = json!({"type": "redacted_thinking", "data": "xx"});
    let many = json!([thinking("a", "s1"), redacted, thinking("", "s2"), text]);
    let request = with(json!({"messages": [{"role": "assistant", "content": many}]}));
    let format = "anthropic-claude-v1";
    assert_eq!(
        chat(&request)["messages"][0],
        json!({"role": "assistant", "content": "4", "reasoning_content": "a", "reasoning_details": [
            {"type": "reasoning.text", "text": "a", "signature": "s1", "format": format, "index": 0},
            {"type": "reasoning.encrypted", "data": "xx", "format": format, "index": 1},
            {"type": "reasoning.text", "text": "", "signature": "s2", "format": format, "index": 2},
        ]})
    );
    assert!(carried(&request).dropped.is_empty());
}

#[test]
fn what_ran_at_anthropic_is_dropped_by_name() {
    let content = json!([
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "text", "text": "found"},
    ]);
    let request = with(json!({"messages": [{"role": "assistant", "content": content}]}));
    assert_eq!(chat(&request)["messages"][0]["content"], "found");
    assert_eq!(
        carried(&request).dropped,
        [
            "messages.server_tool_use",
            "messages.web_search_tool_result"
        ]
    );
}

fn a_tool() -> Value {
    json!({"name": "f", "description": "does f", "strict": true,
        "input_schema": {"type": "object", "properties": {"b": {}, "a": {}}}})
}

#[test]
fn tools_keep_their_schema_and_anthropics_own_are_named() {
    let request = with(json!({"tools": [
        a_tool(), {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
    ]}));
    assert_eq!(
        chat(&request)["tools"],
        json!([{"type": "function", "function": {
            "name": "f", "description": "does f", "strict": true,
            "parameters": {"type": "object", "properties": {"b": {}, "a": {}}},
        }}])
    );
    assert_eq!(carried(&request).dropped, ["tools.web_search_20250305"]);
}

#[test]
fn the_choice_among_tools_is_carried() {
    let cases = [
        (json!({"type": "auto"}), json!("auto")),
        (json!({"type": "none"}), json!("none")),
        (json!({"type": "any"}), json!("required")),
        (
            json!({"type": "tool", "name": "f"}),
            json!({"type": "function", "function": {"name": "f"}}),
        ),
    ];
    for (asked, said) in cases {
        let body = chat(&with(json!({"tools": [a_tool()], "tool_choice": asked})));
        assert_eq!(body["tool_choice"], said);
        assert_eq!(body.get("parallel_tool_calls"), None);
    }
    let one = json!({"type": "auto", "disable_parallel_tool_use": true});
    let body = chat(&with(json!({"tools": [a_tool()], "tool_choice": one})));
    assert_eq!(body["parallel_tool_calls"], false);
}

#[test]
fn a_choice_of_a_tool_that_is_not_carried_is_named() {
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    let choice = json!({"type": "tool", "name": "web_search"});
    for tools in [json!([search]), json!([search, a_tool()])] {
        let request = with(json!({"tools": tools, "tool_choice": choice}));
        assert_eq!(chat(&request).get("tool_choice"), None);
        assert_eq!(
            carried(&request).dropped,
            ["tools.web_search_20250305", "tool_choice"]
        );
    }
}

#[test]
fn the_budget_of_thoughts_is_an_effort() {
    let effort = |fields: Value| chat(&with(fields)).get("reasoning_effort").cloned();
    for (budget, name) in [
        (1024, "low"),
        (4096, "low"),
        (4097, "medium"),
        (16384, "medium"),
        (32000, "high"),
    ] {
        let thinking = json!({"type": "enabled", "budget_tokens": budget});
        assert_eq!(
            effort(json!({"thinking": thinking})),
            Some(json!(name)),
            "{budget}"
        );
    }
    assert_eq!(effort(json!({"thinking": {"type": "adaptive"}})), None);
    let both = json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}});
    assert_eq!(effort(both), Some(json!("high")));
    let off = with(json!({"thinking": {"type": "disabled"}}));
    assert_eq!(carried(&off).dropped, ["thinking"]);
    assert_eq!(chat(&off).get("thinking"), None);
}

#[test]
fn a_schema_for_the_answer_is_carried() {
    let schema = json!({"type": "object", "properties": {}});
    let format = json!({"type": "json_schema", "schema": schema});
    for fields in [
        json!({"output_config": {"format": format}}),
        json!({"output_format": format}),
    ] {
        assert_eq!(
            chat(&with(fields))["response_format"],
            json!({"type": "json_schema", "json_schema":
                {"name": "answer", "strict": true, "schema": schema}})
        );
    }
}

#[test]
fn what_has_no_counterpart_is_named_once() {
    let cached = json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}});
    let request = carried(&with(json!({
        "system": [cached], "messages": [{"role": "user", "content": [cached, cached]}],
        "service_tier": "auto", "container": null, "mcp_servers": [],
        "evil\r\nx-header: 1": true,
    })));
    assert_eq!(
        request.dropped,
        [
            "cache_control",
            "service_tier",
            "mcp_servers",
            "evilx-header1"
        ]
    );
    let many: serde_json::Map<_, _> = (0..500).map(|n| (format!("field{n}"), json!(1))).collect();
    assert_eq!(carried(&with(many.into())).dropped.len(), 32);
}

#[test]
fn a_bad_request_says_where_and_why() {
    let message =
        |content: Value| with(json!({"messages": [{"role": "user", "content": content}]}));
    let cases = [
        (json!([]), "body", "object"),
        (json!({}), "model", "required"),
        (json!({"model": 7}), "model", "text"),
        (json!({"model": "m"}), "max_tokens", "required"),
        (with(json!({"max_tokens": 0})), "max_tokens", "at least 1"),
        (
            with(json!({"max_tokens": -1})),
            "max_tokens",
            "whole number",
        ),
        (
            with(json!({"max_tokens": "5"})),
            "max_tokens",
            "whole number",
        ),
        (
            json!({"model": "m", "max_tokens": 1}),
            "messages",
            "required",
        ),
        (with(json!({"messages": "hi"})), "messages", "array"),
        (with(json!({"messages": []})), "messages", "at least one"),
        (
            with(json!({"messages": [{"role": "tool"}]})),
            "messages.0.role",
            "`assistant`",
        ),
        (
            with(json!({"messages": [{"role": "user"}]})),
            "messages.0.content",
            "array",
        ),
        (
            message(json!([{"type": "hologram"}])),
            "messages.0.content.0.type",
            "`hologram`",
        ),
        (
            message(json!([{"text": "x"}])),
            "messages.0.content.0.type",
            "required",
        ),
        (
            message(json!([{"type": "text"}])),
            "messages.0.content.0.text",
            "required",
        ),
        (
            message(json!([{"type": "tool_result"}])),
            "messages.0.content.0.tool_use_id",
            "required",
        ),
        (
            message(
                json!([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "x"}]}]),
            ),
            "messages.0.content.0.content.0.type",
            "`x`",
        ),
        (
            message(json!([{"type": "image", "source": {"type": "file", "file_id": "f"}}])),
            "messages.0.content.0.source.file_id",
            "base64",
        ),
        (
            message(json!([{"type": "image", "source": {"type": "base64", "data": ""}}])),
            "messages.0.content.0.source.media_type",
            "required",
        ),
        (with(json!({"system": 1})), "system", "text"),
        (
            with(json!({"system": [{"type": "image"}]})),
            "system.0.type",
            "text",
        ),
        (with(json!({"stream": "yes"})), "stream", "true"),
        (with(json!({"temperature": "hot"})), "temperature", "number"),
        (
            with(json!({"stop_sequences": "END"})),
            "stop_sequences",
            "array",
        ),
        (with(json!({"tools": {}})), "tools", "array"),
        (
            with(json!({"tools": [{"name": "f"}]})),
            "tools.0.input_schema",
            "required",
        ),
        (with(json!({"tools": [7]})), "tools.0", "object"),
        (
            with(json!({"tool_choice": {"type": "must"}})),
            "tool_choice.type",
            "`any`",
        ),
        (
            with(json!({"thinking": {"type": "enabled"}})),
            "thinking.budget_tokens",
            "required",
        ),
        (
            with(json!({"metadata": {"user_id": 7}})),
            "metadata.user_id",
            "text",
        ),
        (
            with(json!({"output_config": {"effort": "huge"}})),
            "output_config.effort",
            "`low`",
        ),
    ];
    for (request, field, reason) in cases {
        let (at, why) = refused(&request);
        assert_eq!(at, field, "{request}");
        assert!(why.contains(reason), "{request}: {why}");
    }
    let broken = to_chat(b"{\"model\":").unwrap_err();
    assert_eq!(broken.field, "body");
    assert!(broken.to_string().starts_with("body: is not JSON"));
}

/// Requests with all that Anthropic's callers send.
const RECORDED: [&str; 4] = [
    r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"stream":true}"#,
    r#"{"model":"m","max_tokens":1024,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},{"type":"image","source":{"type":"url","url":"https://h/i.png"}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="},"title":"d","citations":{"enabled":true}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":"a"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1.0}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}],"is_error":true},{"type":"text","text":"and?"}]}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"x":{"type":"number"}}},"cache_control":{"type":"ephemeral"}},{"type":"web_search_20250305","name":"web_search","max_uses":5}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"temperature":0.5,"top_p":0.9,"top_k":5,"stop_sequences":["END"],"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":1024},"service_tier":"auto","output_config":{"effort":"low"}}"#,
    r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}]}]},{"role":"assistant","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}]},{"role":"system","content":"s"}],"tool_choice":{"type":"any"},"thinking":{"type":"adaptive"}}"#,
    r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}],"tools":[],"container":"x","mcp_servers":[]}"#,
];

fuzzing::targets! {
    fn any_request_becomes_a_chat_or_is_refused(
        request in prop_oneof![9 => fuzzing::mutated_text(&RECORDED), 1 => fuzzing::bytes(200)],
    ) {
        match to_chat(&request) {
            Ok(chat) => {
                let asked: Value = serde_json::from_slice(&request).unwrap();
                let body: Value = serde_json::from_slice(&chat.body).unwrap();
                prop_assert_eq!(&body["model"], &asked["model"]);
                prop_assert_eq!(body["model"].as_str(), Some(&*chat.model));
                prop_assert_eq!(body["stream"].as_bool().unwrap_or_default(), chat.stream);
                for message in body["messages"].as_array().unwrap() {
                    let role = message["role"].as_str();
                    prop_assert!(matches!(role, Some("system" | "user" | "assistant" | "tool")), "{}", message);
                }
                prop_assert!(chat.dropped.len() <= 32);
                for name in &chat.dropped {
                    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                    prop_assert!(name.len() <= 64 && name.chars().all(fits), "{:?}", name);
                }
                // What we write we read.
                prop_assert!(shared::chat_body::read(&chat.body).is_ok());
            }
            Err(wrong) => {
                prop_assert!(!wrong.field.is_empty() && !wrong.reason.is_empty());
                let shown = wrong.to_string();
                prop_assert!(shown.len() < 4096 && !shown.chars().any(char::is_control), "{:?}", shown);
            }
        }
    }
}
