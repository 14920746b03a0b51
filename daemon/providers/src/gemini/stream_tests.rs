//! Streams: in any pieces, in any order of parts, with any end.

use http_body_util::BodyExt;
use kit::random::SeededRandom;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::key::Key;
use super::*;
use crate::pieces_tests::Fake;

fn event(piece: &Value) -> String {
    format!("data: {piece}\r\n\r\n")
}

fn piece(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}, "modelVersion": "gemini-2.5-flash"})
}

/// Thoughts, text, two calls and the end, several of them in one event.
fn stream() -> String {
    let mut last = piece(json!([{"text": "!"}, {"functionCall": {"name": "g"}}]));
    last["candidates"][0]["finishReason"] = "STOP".into();
    last["usageMetadata"] = json!({"promptTokenCount": 5, "candidatesTokenCount": 4,
        "thoughtsTokenCount": 6, "totalTokenCount": 15});
    [
        event(&piece(json!([{"text": "hmm", "thought": true}]))),
        ": a comment\r\n\r\n".into(),
        event(&piece(json!([{"text": "so", "thought": true}, {"text": "Grüezi 👋"},
            {"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"}]))),
        event(&last),
    ]
    .concat()
}

/// The bytes that come out, and how it ended.
async fn translate(pieces: Vec<Bytes>, include_usage: bool) -> (Vec<u8>, Result<(), Error>) {
    let random = SeededRandom::new(1);
    let answer = Answer::new(
        random,
        Key::default(),
        1_795_253_400,
        "asked",
        include_usage,
    );
    let mut body = Translated::new(Fake::from(pieces), answer);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend(frame.into_data().unwrap_or_default()),
            Err(wrong) => {
                assert!(body.frame().await.is_none(), "nothing follows an error");
                return (bytes, Err(wrong));
            }
        }
    }
    (bytes, Ok(()))
}

async fn events(text: &str, include_usage: bool) -> (Vec<String>, Result<(), Error>) {
    let (bytes, ended) =
        translate(vec![Bytes::copy_from_slice(text.as_bytes())], include_usage).await;
    let mut events = Vec::new();
    sse::Decoder::new(1 << 20)
        .feed(&bytes, &mut events)
        .unwrap();
    (events.into_iter().map(|event| event.data).collect(), ended)
}

fn choices(events: &[String]) -> Vec<Value> {
    let chunks = events.iter().filter(|data| *data != "[DONE]");
    let chunks = chunks.map(|data| serde_json::from_str::<Value>(data).unwrap());
    chunks
        .map(|chunk| chunk["choices"].get(0).cloned().unwrap_or(chunk))
        .collect()
}

#[tokio::test]
async fn every_part_of_every_event_comes_through_in_order() {
    let (events, ended) = events(&stream(), true).await;
    ended.unwrap();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let said = choices(&events);
    let deltas: Vec<&Value> = said.iter().map(|choice| &choice["delta"]).collect();
    let made = &said[6]["delta"]["tool_calls"][0]["id"];
    assert!(made.as_str().unwrap().starts_with("call_"));
    let call = |call: Value| json!({"tool_calls": [call]});
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "hmm"}),
        json!({"reasoning_content": "so"}),
        json!({"content": "Grüezi 👋"}),
        call(json!({"index": 0, "id": "c1", "type": "function",
            "function": {"name": "f", "arguments": "{\"x\":1}"},
            "extra_content": {"google": {"thought_signature": "c2ln"}}})),
        json!({"content": "!"}),
        call(json!({"index": 1, "id": made, "type": "function",
            "function": {"name": "g", "arguments": "{}"}})),
        json!({}),
    ];
    assert_eq!(deltas[..8], expected.iter().collect::<Vec<_>>());
    let reasons: Vec<&Value> = said.iter().map(|choice| &choice["finish_reason"]).collect();
    assert!(reasons[..7].iter().all(|reason| reason.is_null()));
    assert_eq!(reasons[7], "tool_calls");
    let usage = &said[8]["usage"];
    assert_eq!(usage["prompt_tokens"], 5);
    assert_eq!(usage["completion_tokens"], 10);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 6);
    assert_eq!(said.len(), 9);
    let first: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(first["object"], "chat.completion.chunk");
    assert_eq!(first["created"], 1_795_253_400);
    assert_eq!(first["model"], "gemini-2.5-flash");
}

#[tokio::test]
async fn usage_is_told_only_where_it_was_asked_for() {
    let (events, ended) = events(&stream(), false).await;
    ended.unwrap();
    assert!(events.iter().all(|data| !data.contains("usage")));
    assert_eq!(events.len(), 9);
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_never_looks_complete() {
    let whole = stream();
    // The blank line after the last event is what makes it one.
    for end in 0..whole.trim_end().len() + 2 {
        let cut = Bytes::copy_from_slice(&whole.as_bytes()[..end]);
        let (bytes, ended) = translate(vec![cut], true).await;
        assert!(matches!(ended, Err(Error::CutShort)), "cut at {end}");
        assert!(!String::from_utf8(bytes).unwrap().contains("[DONE]"));
    }
}

#[tokio::test]
async fn every_candidate_must_have_ended() {
    let one = |index: u32, reason: Value| {
        let content = json!({"parts": [{"text": index.to_string()}]});
        json!({"candidates": [{"content": content, "index": index, "finishReason": reason}]})
    };
    let both = [
        one(1, Value::Null),
        one(0, json!("STOP")),
        one(1, json!("MAX_TOKENS")),
    ];
    let text: String = both.iter().map(event).collect();
    let (ours, ended) = events(&text, true).await;
    ended.unwrap();
    let ends = choices(&ours);
    let ends = ends
        .iter()
        .filter(|choice| !choice["finish_reason"].is_null());
    let ends: Vec<String> = ends
        .map(|c| format!("{}{}", c["index"], c["finish_reason"]))
        .collect();
    assert_eq!(ends, [r#"1"length""#, r#"0"stop""#]);
    let text: String = both[..2].iter().map(event).collect();
    let (_, ended) = events(&text, true).await;
    assert!(matches!(ended, Err(Error::CutShort)));
}

#[tokio::test]
async fn a_blocked_prompt_is_a_finished_choice() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
    let (events, ended) = events(&event(&blocked), true).await;
    ended.unwrap();
    let said = choices(&events);
    assert_eq!(said[0]["delta"]["role"], "assistant");
    let refusal = said[1]["delta"]["refusal"].as_str().unwrap();
    assert!(refusal.contains("PROHIBITED_CONTENT"), "{refusal}");
    assert_eq!(said[2]["finish_reason"], "content_filter");
    assert_eq!(events.last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn a_prompt_that_is_blocked_while_it_is_answered_ends_the_answer() {
    let blocked = json!({"promptFeedback": {"blockReason": "OTHER"}});
    let text = event(&piece(json!([{"text": "half"}]))) + &event(&blocked);
    let (events, ended) = events(&text, false).await;
    ended.unwrap();
    let said = choices(&events);
    let last = said.last().unwrap();
    assert_eq!(last["finish_reason"], "content_filter");
    assert_eq!(last["native_finish_reason"], "OTHER");
    assert!(said.iter().all(|one| one["delta"]["refusal"].is_null()));
}

#[tokio::test]
async fn an_error_in_the_middle_comes_after_what_was_said() {
    let error = json!({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}});
    let text = event(&piece(json!([{"text": "half"}]))) + &event(&error) + &stream();
    let (events, ended) = events(&text, true).await;
    assert!(
        matches!(ended, Err(Error::Refused { status: 503, message }) if message == "overloaded")
    );
    assert!(events.last().unwrap().contains("half"));
}

#[tokio::test]
async fn a_bare_error_or_nonsense_is_no_end() {
    let half = event(&piece(json!([{"text": "half"}])));
    let bare = format!("{half}{}", json!({"error": {"code": 500, "message": "x"}}));
    for text in [
        bare,
        half.clone(),
        "[{\"candidates\": []}]".into(),
        "<html>\n\n".into(),
    ] {
        let (events, ended) = events(&text, true).await;
        assert!(matches!(ended, Err(Error::CutShort)), "{text}");
        assert!(events.iter().all(|data| data != "[DONE]"));
    }
    let (_, ended) = events(&format!("{half}data: {{\n\n"), true).await;
    assert!(matches!(ended, Err(Error::Unreadable(_))));
}

#[tokio::test]
async fn an_event_without_end_is_refused() {
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let (_, ended) = translate(vec![piece; 33], true).await;
    assert!(matches!(ended, Err(Error::Unreadable(_))));
}

fuzzing::targets! {
    fn cutting_the_bytes_anywhere_changes_nothing(
        cuts in fuzzing::cuts(),
        end in any::<proptest::sample::Index>(),
        cut_short in any::<bool>(),
    ) {
        let whole = stream().into_bytes();
        let end = if cut_short { end.index(whole.len()) } else { whole.len() };
        let pieces = cuts.of(&whole[..end]).into_iter().map(Bytes::copy_from_slice).collect();
        let whole = Bytes::from(whole).slice(..end);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (expected, ended) = runtime.block_on(translate(vec![whole], true));
        let (bytes, ended_too) = runtime.block_on(translate(pieces, true));
        prop_assert_eq!(bytes, expected);
        prop_assert_eq!(format!("{ended:?}"), format!("{ended_too:?}"));
    }
}
