//! Pairs of requests and of answers, as the two documentations write them.

use serde::Deserialize;
use serde_json::Value;

use super::{request, response};
use crate::Error;

/// The cases of a file; each has `W` and what comes of it.
fn cases<W: for<'a> Deserialize<'a>>(file: &str) -> Vec<W> {
    serde_json::from_str(file).unwrap()
}

#[derive(Deserialize)]
struct Asking {
    name: String,
    asked: Value,
    sent: Option<Value>,
    #[serde(default)]
    dropped: Vec<String>,
    refused: Option<String>,
}

#[test]
fn every_request_is_put_in_anthropic_s_words() {
    for case in cases::<Asking>(include_str!("golden/requests.json")) {
        let mapped = request::chat(case.asked.to_string().as_bytes(), true);
        let Some(refused) = case.refused else {
            let mapped = mapped.unwrap_or_else(|why| panic!("{}: {why}", case.name));
            let sent = Value::Object(mapped.body);
            assert_eq!(sent, case.sent.unwrap(), "{}", case.name);
            assert_eq!(mapped.dropped, case.dropped, "{}", case.name);
            continue;
        };
        let why = mapped.unwrap_err();
        assert!(matches!(why, Error::Unsupported(_)), "{}", case.name);
        assert!(why.to_string().contains(&refused), "{}: {why}", case.name);
    }
}

#[derive(Deserialize)]
struct Answering {
    name: String,
    theirs: Value,
    ours: Option<Value>,
    refused: Option<String>,
}

#[test]
fn every_answer_is_put_in_openai_s_words() {
    for case in cases::<Answering>(include_str!("golden/answers.json")) {
        let ours = response::whole(case.theirs.to_string().as_bytes(), 7);
        let Some(refused) = case.refused else {
            let ours = ours.unwrap_or_else(|why| panic!("{}: {why}", case.name));
            let ours: Value = serde_json::from_str(&ours).unwrap();
            assert_eq!(ours, case.ours.unwrap(), "{}", case.name);
            continue;
        };
        let why = ours.unwrap_err().to_string();
        assert!(why.contains(&refused), "{}: {why}", case.name);
    }
}

#[test]
fn the_thoughts_of_an_answer_go_back_as_they_came() {
    let theirs = serde_json::json!([
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "thinking", "thinking": "", "signature": "hidden"},
        {"type": "redacted_thinking", "data": "enc"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": [1]}},
    ]);
    let answer =
        serde_json::json!({"id": "i", "model": "m", "content": theirs, "stop_reason": "tool_use"});
    let ours = response::whole(answer.to_string().as_bytes(), 7).unwrap();
    let ours: Value = serde_json::from_str(&ours).unwrap();
    let message = &ours["choices"][0]["message"];
    let asked = serde_json::json!({"model": "claude-sonnet-4-5", "messages": [message]});
    let mapped = request::chat(asked.to_string().as_bytes(), false).unwrap();
    assert_eq!(mapped.body["messages"][0]["content"], theirs);
    assert!(mapped.dropped.is_empty());
    assert_eq!(mapped.body["stream"], false);
}

#[test]
fn the_usage_chunk_is_for_those_who_asked() {
    let asked = |options: &str| {
        let asked = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"stream_options":{options}}}"#
        );
        request::chat(asked.as_bytes(), true).unwrap().include_usage
    };
    assert!(asked(r#"{"include_usage":true}"#));
    assert!(!asked(r#"{"include_usage":false}"#));
    assert!(!asked("null"));
}
