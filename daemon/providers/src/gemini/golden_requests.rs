//! Golden cases: what is asked in OpenAI's words, and what Gemini gets. The data follow the
//! documented wire format.

use serde_json::{Value, json};

use super::request;
use crate::Error;

/// The request that `asked` becomes, and what is dropped.
pub(super) fn mapped(mut asked: Value) -> Result<(Value, Vec<String>), Error> {
    if asked.get("model").is_none() {
        asked["model"] = "gemini-2.5-flash".into();
    }
    if asked.get("messages").is_none() {
        asked["messages"] = json!([{"role": "user", "content": "hi"}]);
    }
    let mapped = request::chat(asked.to_string().as_bytes())?;
    Ok((Value::Object(mapped.body), mapped.dropped))
}

/// Asserts that the fields of `expected` are what Gemini gets, and that nothing is dropped.
fn becomes(name: &str, asked: Value, expected: Value) {
    let (body, dropped) = mapped(asked).unwrap();
    assert_eq!(dropped, [""; 0], "{name}");
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&body[field], value, "{name}: `{field}` of {body}");
    }
}

pub(super) fn said(messages: Value) -> Value {
    json!({"messages": messages})
}

#[test]
fn a_plain_chat_holds_its_words_and_nothing_else() {
    let (body, dropped) = mapped(json!({"stream": true})).unwrap();
    let hi = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    assert_eq!(body, hi);
    assert!(dropped.is_empty());
}

#[test]
fn messages_become_turns() {
    becomes(
        "system and developer",
        said(json!([
            {"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"},
            {"role": "developer", "content": [{"type": "text", "text": "be kind"}]}])),
        json!({"systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    );
    becomes(
        "a system message alone",
        said(json!([{"role": "system", "content": "tell a joke"}])),
        json!({"systemInstruction": null,
            "contents": [{"role": "user", "parts": [{"text": "tell a joke"}]}]}),
    );
    becomes(
        "neighbours are merged, empty texts left out",
        said(json!([
            {"role": "user", "content": "a"}, {"role": "user", "content": "b"},
            {"role": "assistant", "content": ""}, {"role": "user", "content": ""},
            {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"},
            {"role": "assistant", "content": null, "refusal": "no"}])),
        json!({"contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]},
            {"role": "model", "parts": [{"text": "d"}, {"text": "no"}]}]}),
    );
    becomes(
        "thoughts are not sent back, the signature of a text is",
        said(
            json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b",
            "reasoning_content": "hm",
            "extra_content": {"google": {"thought_signature": "c2ln"}}}]),
        ),
        json!({"contents": [{"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"text": "b", "thoughtSignature": "c2ln"}]}]}),
    );
}

#[test]
fn media_are_inline_or_referred_to() {
    let user = |part: Value| said(json!([{"role": "user", "content": [part]}]));
    let part = |part: Value| json!({"contents": [{"role": "user", "parts": [part]}]});
    let image = |url: &str| user(json!({"type": "image_url", "image_url": {"url": url}}));
    becomes(
        "an inline image",
        image("data:image/png;base64,aGk="),
        part(json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}})),
    );
    becomes(
        "an image with a parameter in its type",
        image("data:image/svg+xml;charset=utf-8;base64,aGk="),
        part(json!({"inlineData": {"mimeType": "image/svg+xml", "data": "aGk="}})),
    );
    becomes(
        "an image of the web",
        image("https://host/a.JPG?size=1"),
        part(
            json!({"fileData": {"fileUri": "https://host/a.JPG?size=1", "mimeType": "image/jpeg"}}),
        ),
    );
    becomes(
        "an uploaded file",
        user(
            json!({"type": "file", "file": {"file_id": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}),
        ),
        part(
            json!({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}),
        ),
    );
    becomes(
        "a document",
        user(
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}}),
        ),
        part(json!({"inlineData": {"mimeType": "application/pdf", "data": "aGk="}})),
    );
    becomes(
        "sound",
        user(json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}})),
        part(json!({"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}})),
    );
}

#[test]
fn calls_and_their_results_find_each_other() {
    let call = |id: &str, arguments: &str| {
        json!({"id": id, "type": "function",
            "function": {"name": format!("f_{id}"), "arguments": arguments}})
    };
    becomes(
        "two calls, two results and a word",
        said(json!([
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": null, "tool_calls": [call("a", r#"{"city":"Bern"}"#), call("b", "")]},
            {"role": "tool", "tool_call_id": "b", "content": "rain"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "{\"sky\":\"blue\"}"}]},
            {"role": "user", "content": "and?"}])),
        json!({"contents": [
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "a", "name": "f_a", "args": {"city": "Bern"}}},
                {"functionCall": {"id": "b", "name": "f_b", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "b", "name": "f_b", "response": {"output": "rain"}}},
                {"functionResponse": {"id": "a", "name": "f_a", "response": {"sky": "blue"}}},
                {"text": "and?"}]}]}),
    );
    let results = |content: Value| {
        said(json!([
            {"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call("a", "{}")]},
            {"role": "tool", "tool_call_id": "a", "content": content}]))
    };
    let (body, _) = mapped(results(json!("[1,2]"))).unwrap();
    assert_eq!(
        body["contents"][2]["parts"][0]["functionResponse"]["response"],
        json!({"output": "[1,2]"}),
        "an array is no object"
    );
    let picture =
        json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]);
    let (body, _) = mapped(results(picture)).unwrap();
    assert_eq!(
        body["contents"][2]["parts"][1]["inlineData"]["data"],
        "aGk="
    );
    becomes(
        "a result that names its function",
        said(json!([{"role": "function", "name": "f", "content": "1"}])),
        json!({"contents": [{"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"output": "1"}}}]}]}),
    );
}

#[test]
fn signatures_of_calls_come_back_and_a_lost_one_is_excused() {
    let call = |id: &str| json!({"id": id, "function": {"name": "f", "arguments": "{}"}});
    let mut signed = call("a");
    signed["extra_content"] = json!({"google": {"thought_signature": "c2ln"}});
    let signatures = |model: &str, calls: Value| {
        let messages =
            json!([{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": calls}]);
        let (body, _) = mapped(json!({"model": model, "messages": messages})).unwrap();
        let parts = body["contents"][1]["parts"].as_array().unwrap().clone();
        let signature = |part: &Value| part["thoughtSignature"].as_str().unwrap_or("-").to_owned();
        parts.iter().map(signature).collect::<Vec<_>>().join(" ")
    };
    let (both, none) = (json!([signed, call("b")]), json!([call("a"), call("b")]));
    assert_eq!(signatures("gemini-2.5-pro", both.clone()), "c2ln -");
    assert_eq!(signatures("gemini-3-pro-preview", both), "c2ln -");
    assert_eq!(signatures("gemini-2.5-pro", none.clone()), "- -");
    assert_eq!(
        signatures("gemini-3-pro-preview", none),
        "skip_thought_signature_validator -"
    );
}

#[test]
fn tools_are_declared_and_chosen() {
    let schema = json!({"type": "object", "properties": {"city": {"$ref": "#/$defs/city"}}, "$defs": {"city": {"type": "string"}}});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "description": "d", "parameters": schema}});
    let declared =
        |name: &str| json!({"name": name, "description": "d", "parametersJsonSchema": schema});
    let both = json!([{"functionDeclarations": [declared("f"), declared("g")]}]);
    let choice = |choice: Value| json!({"tools": [tool("f"), tool("g")], "tool_choice": choice});
    let config =
        |config: Value| json!({"tools": both, "toolConfig": {"functionCallingConfig": config}});
    for (word, mode) in [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")] {
        becomes(word, choice(json!(word)), config(json!({"mode": mode})));
    }
    becomes(
        "one function",
        choice(json!({"type": "function", "function": {"name": "g"}})),
        config(json!({"mode": "ANY", "allowedFunctionNames": ["g"]})),
    );
    let allowed = |mode: &str| {
        json!({"type": "allowed_tools", "allowed_tools":
            {"mode": mode, "tools": [{"type": "function", "function": {"name": "g"}}]}})
    };
    becomes(
        "some functions, one of them at least",
        choice(allowed("required")),
        config(json!({"mode": "ANY", "allowedFunctionNames": ["g"]})),
    );
    becomes(
        "some functions, or none",
        choice(allowed("auto")),
        json!({"tools": [{"functionDeclarations": [declared("g")]}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}),
    );
    becomes(
        "a function without parameters, and a tool of Google's",
        json!({"tools": [{"google_search": {}}, {"type": "function", "function": {"name": "f", "parameters": {}}}],
            "parallel_tool_calls": true}),
        json!({"tools": [{"functionDeclarations": [{"name": "f"}]}, {"google_search": {}}], "toolConfig": null}),
    );
    let (body, dropped) = mapped(json!({
        "tools": [{"type": "web_search"}, {"type": "function", "function": {"name": "f", "strict": true}}],
        "parallel_tool_calls": false}))
    .unwrap();
    assert_eq!(
        dropped,
        [
            "parallel_tool_calls",
            "tools.web_search",
            "tools.function.strict"
        ]
    );
    assert_eq!(body["tools"][0]["functionDeclarations"][0]["name"], "f");
}

#[test]
fn how_to_answer_is_said_in_the_generation_config() {
    let config = |config: Value| json!({"generationConfig": config});
    becomes(
        "every number",
        json!({"temperature": 0.2, "top_p": 0.9, "top_k": 40, "seed": 7, "n": 2, "max_tokens": 5,
            "max_completion_tokens": 20, "presence_penalty": 0.5, "frequency_penalty": -0.5,
            "logprobs": true, "top_logprobs": 3, "stop": ["a", "b"]}),
        config(
            json!({"temperature": 0.2, "topP": 0.9, "topK": 40, "seed": 7,
            "presencePenalty": 0.5, "frequencyPenalty": -0.5, "candidateCount": 2,
            "responseLogprobs": true, "logprobs": 3, "maxOutputTokens": 20,
            "stopSequences": ["a", "b"]}),
        ),
    );
    becomes(
        "what says nothing",
        json!({"n": 1, "logprobs": false, "store": false, "modalities": ["text"], "stop": null,
            "response_format": {"type": "text"}, "stream_options": {"include_usage": true}}),
        config(Value::Null),
    );
    becomes(
        "one stop, and JSON",
        json!({"stop": "END", "response_format": {"type": "json_object"}}),
        config(json!({"stopSequences": ["END"], "responseMimeType": "application/json"})),
    );
    let schema =
        json!({"type": "object", "properties": {"snake_case": {"type": ["string", "null"]}}});
    becomes(
        "JSON by a schema",
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}}}),
        config(json!({"responseMimeType": "application/json", "responseJsonSchema": schema})),
    );
    becomes(
        "pictures and speech",
        json!({"modalities": ["text", "image", "audio"], "audio": {"voice": "Kore", "format": "pcm16"}}),
        config(json!({"responseModalities": ["TEXT", "IMAGE", "AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}})),
    );
}

#[test]
fn reasoning_effort_is_a_budget_or_a_level() {
    let thinking = |model: &str, effort: &str| {
        let (body, dropped) = mapped(json!({"model": model, "reasoning_effort": effort})).unwrap();
        (body["generationConfig"]["thinkingConfig"].clone(), dropped)
    };
    let whole = |model: &str, effort: &str| {
        let (config, dropped) = thinking(model, effort);
        assert_eq!(dropped, [""; 0], "{model} {effort}");
        config
    };
    for (effort, budget) in [
        ("minimal", 1024),
        ("low", 1024),
        ("medium", 8192),
        ("high", 24_576),
        ("xhigh", 24_576),
    ] {
        let expected = json!({"thinkingBudget": budget, "includeThoughts": true});
        assert_eq!(whole("gemini-2.5-flash", effort), expected);
    }
    assert_eq!(
        whole("gemini-2.5-flash", "none"),
        json!({"thinkingBudget": 0})
    );
    let level = |level: &str| json!({"thinkingLevel": level, "includeThoughts": true});
    assert_eq!(whole("gemini-3-flash-preview", "minimal"), level("minimal"));
    assert_eq!(whole("gemini-3-flash-preview", "medium"), level("medium"));
    assert_eq!(whole("gemini-3-pro-preview", "minimal"), level("low"));
    assert_eq!(whole("gemini-3-pro-preview", "medium"), level("high"));
    assert_eq!(whole("gemini-3.1-pro-preview", "medium"), level("medium"));
    assert_eq!(whole("gemini-2.0-flash", "none"), Value::Null);
    // What can't be carried wholly is told.
    let told = vec![String::from("reasoning_effort")];
    let pro = (json!({"thinkingBudget": 128}), told.clone());
    assert_eq!(thinking("gemini-2.5-pro", "none"), pro);
    let flash = (json!({"thinkingLevel": "minimal"}), told.clone());
    assert_eq!(thinking("gemini-3-flash-preview", "none"), flash);
    assert_eq!(
        thinking("gemini-2.0-flash", "high"),
        (Value::Null, told.clone())
    );
    assert_eq!(
        thinking("gemini-2.5-flash", "enormous"),
        (Value::Null, told)
    );
}

#[test]
fn gemini_s_own_fields_pass() {
    let safety = json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]);
    let expected = json!({"safetySettings": safety, "cachedContent": "cachedContents/x",
        "generationConfig": {"temperature": 1, "mediaResolution": "MEDIA_RESOLUTION_LOW",
            "thinkingConfig": {"thinkingBudget": 5}}});
    becomes(
        "beside OpenAI's",
        json!({"safetySettings": safety, "cached_content": "cachedContents/x", "temperature": 0.5,
            "reasoning_effort": "high",
            "generationConfig": {"temperature": 1, "media_resolution": "MEDIA_RESOLUTION_LOW",
                "thinking_config": {"thinking_budget": 5}}}),
        expected.clone(),
    );
    becomes(
        "as Google's own OpenAI endpoint takes them",
        json!({"temperature": 1, "extra_body": {"google": {"safety_settings": safety,
            "cached_content": "cachedContents/x", "thinking_config": {"thinking_budget": 5},
            "generation_config": {"mediaResolution": "MEDIA_RESOLUTION_LOW"}}}}),
        expected,
    );
    let (_, dropped) = mapped(json!({"extra_body": {"google": {"x": 1}, "y": 2}})).unwrap();
    assert_eq!(dropped, ["extra_body.y", "extra_body.google.x"]);
}

#[test]
fn what_can_t_be_carried_is_named_in_the_caller_s_order() {
    let image =
        json!({"type": "image_url", "image_url": {"url": "https://h/a.png", "detail": "low"}});
    let (_, dropped) = mapped(
        json!({"user": "u", "logit_bias": {"1": 2}, "verbosity": "low", "metadata": null,
        "service_tier": "flex", "tool_choice": "required", "audio": {"format": "mp3"},
        "messages": [{"role": "user", "content": [image]}]}),
    )
    .unwrap();
    let expected = [
        "user",
        "logit_bias",
        "verbosity",
        "service_tier",
        "tool_choice",
        "image_url.detail",
        "audio.format",
    ];
    assert_eq!(dropped, expected);
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    let why = |asked: Value| mapped(asked).unwrap_err().to_string();
    let user = |part: Value| why(said(json!([{"role": "user", "content": [part]}])));
    assert!(
        user(json!({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}))
            .contains("https")
    );
    assert!(
        user(json!({"type": "image_url", "image_url": {"url": "data:image/png,raw"}}))
            .contains("base64")
    );
    assert!(user(json!({"type": "telepathy"})).contains("telepathy"));
    assert!(why(said(json!([]))).contains("content"));
    assert!(why(said(json!(["hi"]))).contains("object"));
    assert!(
        why(said(
            json!([{"role": "tool", "tool_call_id": "x", "content": "1"}])
        ))
        .contains("tool_call_id")
    );
    let call = json!({"id": "c", "function": {"name": "f", "arguments": "[1"}});
    assert!(why(said(json!([{"role": "assistant", "tool_calls": [call]}]))).contains("`f`"));
    assert!(why(json!({"tool_choice": "sometimes", "tools": [{"type": "function", "function": {"name": "f"}}]})).contains("tool_choice"));
    assert!(why(json!({"response_format": {"type": "json_schema"}})).contains("schema"));
    assert!(why(json!({"model": ""})).contains("`model`"));
}
