//! Streams as the documentation shows them, whole, in pieces and broken.

use bytes::Bytes;
use http_body_util::BodyExt;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::sse;

use super::chunks::Chunks;
use super::stream::Translated;
use crate::Error;
use crate::pieces_tests::Fake;

/// Thoughts, text, two calls of tools.
const TOOL_LOOP: &str = include_str!("golden/tool_loop.sse");

/// The bytes that come out, and whether they ended well.
fn translate(pieces: Vec<Bytes>, include_usage: bool) -> (Vec<u8>, Result<(), Error>) {
    let chunks = Chunks::new(7, include_usage);
    let mut body = Translated::new(Fake::from(pieces), chunks);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let mut bytes = Vec::new();
    let ended = loop {
        match runtime.block_on(body.frame()) {
            None => break Ok(()),
            Some(Err(wrong)) => {
                // Told once, and then it is over.
                assert!(runtime.block_on(body.frame()).is_none());
                break Err(wrong);
            }
            Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap()),
        }
    };
    (bytes, ended)
}

fn whole(text: &str) -> Vec<Bytes> {
    vec![Bytes::copy_from_slice(text.as_bytes())]
}

/// The chunks, and whether `[DONE]` stands at their end.
fn read(bytes: &[u8]) -> (Vec<Value>, bool) {
    let mut events = Vec::new();
    let mut decoder = sse::Decoder::new(1 << 20);
    decoder.feed(bytes, &mut events).unwrap();
    let done = events.pop_if(|last| last.data == "[DONE]").is_some();
    let chunk = |event: &sse::Event| serde_json::from_str(&event.data).unwrap();
    (events.iter().map(chunk).collect(), done)
}

#[derive(Deserialize)]
struct Case {
    name: String,
    theirs: Vec<Value>,
    #[serde(default)]
    include_usage: bool,
    deltas: Vec<Value>,
    finish: Option<String>,
    usage: Option<Value>,
    refused: Option<String>,
}

#[test]
fn every_stream_is_put_in_openai_s_words() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/streams.json")).unwrap();
    for case in cases {
        let mut theirs = Vec::new();
        for event in &case.theirs {
            sse::encode(
                event["type"].as_str().unwrap(),
                &event.to_string(),
                &mut theirs,
            );
        }
        let (bytes, ended) = translate(vec![theirs.into()], case.include_usage);
        let (mut chunks, done) = read(&bytes);
        assert_eq!(done, case.refused.is_none(), "{}", case.name);
        match (&ended, case.refused) {
            (Ok(()), None) => {}
            (Err(why), Some(refused)) if why.to_string().contains(&refused) => {}
            other => panic!("{}: {other:?}", case.name),
        }
        if let Some(usage) = case.usage {
            let last = chunks.pop().unwrap();
            assert_eq!(last["choices"], json!([]), "{}", case.name);
            assert_eq!(last["usage"], usage, "{}", case.name);
        }
        let choice = |chunk: &Value| chunk["choices"][0].clone();
        let choices: Vec<Value> = chunks.iter().map(choice).collect();
        let deltas: Vec<&Value> = choices.iter().map(|choice| &choice["delta"]).collect();
        assert_eq!(
            deltas,
            case.deltas.iter().collect::<Vec<_>>(),
            "{}",
            case.name
        );
        let reasons = choices.iter().map(|choice| &choice["finish_reason"]);
        let reasons: Vec<&Value> = reasons.filter(|reason| !reason.is_null()).collect();
        assert_eq!(
            json!(reasons),
            json!(Vec::from_iter(case.finish)),
            "{}",
            case.name
        );
        assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
    }
}

#[test]
fn a_loop_of_tools_comes_through_in_order() {
    let (bytes, ended) = translate(whole(TOOL_LOOP), true);
    ended.unwrap();
    let (chunks, done) = read(&bytes);
    assert!(done);
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_details": [{"type": "reasoning.text", "text": "The user wants ", "format": "anthropic-claude-v1", "index": 0}], "reasoning_content": "The user wants "}),
        json!({"reasoning_details": [{"type": "reasoning.text", "text": "Zürich.", "index": 0}], "reasoning_content": "Zürich."}),
        json!({"reasoning_details": [{"type": "reasoning.text", "signature": "EqQBCgIYAhIM1gbc", "index": 0}]}),
        json!({"content": "Grüezi 👋, "}),
        json!({"content": "ich schaue nach."}),
        json!({"tool_calls": [{"index": 0, "id": "toolu_01", "type": "function", "function": {"name": "get_weather", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"city\": \"Zü"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "rich\"}"}}]}),
        json!({"tool_calls": [{"index": 1, "id": "toolu_02", "type": "function", "function": {"name": "get_time", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
        json!({}),
    ];
    let (usage, deltas) = chunks.split_last().unwrap();
    let got: Vec<&Value> = deltas
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"])
        .collect();
    assert_eq!(got, expected.iter().collect::<Vec<_>>());
    assert_eq!(
        deltas.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
    assert_eq!(usage["usage"]["prompt_tokens"], 128);
    assert_eq!(usage["usage"]["completion_tokens"], 89);
    assert_eq!(
        usage["usage"]["prompt_tokens_details"]["cached_tokens"],
        100
    );
    for chunk in &chunks {
        assert_eq!(chunk["id"], "msg_01");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["created"], 7);
        assert_eq!(chunk["model"], "claude-sonnet-4-5-20250929");
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_never_looks_complete() {
    let end = TOOL_LOOP.find("event: message_stop").unwrap();
    // The very last line end dispatches the last event.
    for cut in (0..end).step_by(7).chain([end, TOOL_LOOP.len() - 1]) {
        let cut = Bytes::copy_from_slice(&TOOL_LOOP.as_bytes()[..cut]);
        let (bytes, ended) = translate(vec![cut], true);
        assert!(matches!(ended, Err(Error::CutShort)), "{ended:?}");
        assert!(!read(&bytes).1);
    }
}

#[test]
fn nothing_follows_the_end() {
    let (expected, _) = translate(whole(TOOL_LOOP), true);
    let twice = [
        whole(TOOL_LOOP),
        whole(TOOL_LOOP),
        whole("data: <html>\n\n"),
    ]
    .concat();
    let (bytes, ended) = translate(twice, true);
    ended.unwrap();
    assert_eq!(bytes, expected);
}

#[test]
fn what_is_no_event_breaks_the_stream_off_after_what_came_before() {
    let (first, _) = TOOL_LOOP.split_once("event: ping").unwrap();
    let (bytes, ended) = translate(whole(&format!("{first}data: <html>\n\n{TOOL_LOOP}")), true);
    assert!(matches!(ended, Err(Error::Unreadable(_))), "{ended:?}");
    let (chunks, done) = read(&bytes);
    assert_eq!((chunks.len(), done), (1, false));
}

#[test]
fn an_event_without_end_is_refused() {
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let (_, ended) = translate(vec![piece; 9], true);
    assert!(matches!(ended, Err(Error::Unreadable(_))));
}

/// A transcript, maybe broken by an error event, in pieces.
fn in_pieces() -> impl Strategy<Value = (String, Vec<usize>)> {
    let text = any::<bool>().prop_map(|broken| {
        let error = concat!(
            "event: error\ndata: {\"type\":\"error\",\"error\":",
            "{\"type\":\"api_error\",\"message\":\"ü\"}}\n\n",
        );
        match TOOL_LOOP.split_once("event: message_delta") {
            Some((before, _)) if broken => [before, error].concat(),
            _ => TOOL_LOOP.to_owned(),
        }
    });
    text.prop_flat_map(|text| {
        let cuts = prop::collection::vec(0..text.len(), 0..40);
        (Just(text), cuts)
    })
}

fuzzing::targets! {
    fn splitting_the_bytes_anywhere_changes_nothing((text, mut cuts) in in_pieces()) {
        let (expected, ended) = translate(whole(&text), true);
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]);
        let (bytes, end) = translate(pieces.map(Bytes::copy_from_slice).collect(), true);
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), String::from_utf8(expected).unwrap());
        prop_assert!(format!("{end:?}") == format!("{ended:?}"), "{:?}", end);
    }
}

#[test]
fn the_bytes_may_come_one_by_one() {
    let (expected, _) = translate(whole(TOOL_LOOP), false);
    let bytes = TOOL_LOOP.as_bytes().chunks(1).map(Bytes::copy_from_slice);
    let (bytes, ended) = translate(bytes.collect(), false);
    ended.unwrap();
    assert_eq!(bytes, expected);
}
