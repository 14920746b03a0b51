//! Any request, any answer, any stream: what is no Anthropic is refused, and what comes out is OpenAI's.

use fuzzing::{bytes, corpus, cuts, mutated_stream, mutated_text};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::Value;

use super::chunks::Chunks;
use super::stream::Translated;
use super::{refusal, request, response};
use crate::pieces_tests::{Fake, assert_answer, assert_chunks, drained};

/// A member of every case of a golden file.
fn golden(file: &str, member: &str) -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(file).unwrap();
    cases
        .into_iter()
        .map(|mut case| case[member].take())
        .collect()
}

fn requests() -> Vec<String> {
    let golden = golden(include_str!("golden/requests.json"), "asked");
    let recorded = corpus::requests("chat/completions").into_iter();
    let recorded = recorded.map(|body| body.replace("@MODEL@", "claude-sonnet-4-5"));
    golden
        .iter()
        .map(Value::to_string)
        .chain(recorded)
        .collect()
}

fn answers() -> Vec<String> {
    let error =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"r"}"#;
    let golden = golden(include_str!("golden/answers.json"), "theirs");
    golden
        .iter()
        .map(Value::to_string)
        .chain([error.to_owned()])
        .collect()
}

fn streams() -> Vec<String> {
    let events = |events: &Value| {
        let events = events.as_array().unwrap().iter();
        events
            .map(|event| {
                format!(
                    "event: {}\ndata: {event}\n\n",
                    event["type"].as_str().unwrap()
                )
            })
            .collect()
    };
    let golden = golden(include_str!("golden/streams.json"), "theirs");
    let mut all: Vec<String> = golden.iter().map(events).collect();
    all.push(include_str!("golden/tool_loop.sse").to_owned());
    all.push(concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"m\",\"usage\":{\"input_tokens\":2}}}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"ü\"}}\n\n",
    ).to_owned());
    all
}

/// What Anthropic would take: turns of content.
fn is_sound(body: &Value) -> bool {
    let turns = body["messages"].as_array();
    body["max_tokens"].is_u64()
        && turns.is_some_and(|turns| {
            turns.iter().all(|turn| {
                matches!(turn["role"].as_str(), Some("user" | "assistant"))
                    && turn["content"].as_array().is_some_and(|blocks| {
                        !blocks.is_empty() && blocks.iter().all(|block| block["type"].is_string())
                    })
            })
        })
}

fuzzing::targets! {
    fn a_request_becomes_turns_or_is_refused(
        body in prop_oneof![9 => mutated_text(&requests()), 1 => bytes(200)],
        stream in any::<bool>(),
    ) {
        if let Ok(mapped) = request::chat(&body, stream) {
            let body = Value::Object(mapped.body);
            prop_assert!(is_sound(&body), "{}", body);
        }
    }

    fn an_answer_is_openai_s_or_refused(
        theirs in prop_oneof![9 => mutated_text(&answers()), 1 => bytes(200)],
        status in 400..600u16,
    ) {
        if let Ok(ours) = response::whole(&theirs, 7) {
            assert_answer(&ours);
        }
        let _ = refusal::read(&theirs).into_error().to_string();
        let status = StatusCode::from_u16(status).unwrap();
        let _ = refusal::of_a_listing(status, &theirs).to_string();
    }

    fn a_stream_in_any_pieces_is_one_of_openai_s(
        theirs in prop_oneof![9 => mutated_stream(&streams()), 1 => bytes(200)],
        cuts in cuts(),
        include_usage in any::<bool>(),
    ) {
        let translate = |pieces: &[&[u8]]| drained(Translated::new(Fake::of(pieces), Chunks::new(7, include_usage)));
        let (ours, wrong) = translate(&[&theirs]);
        assert_chunks(&ours, wrong.is_none());
        let (in_pieces, wrong_too) = translate(&cuts.of(&theirs));
        prop_assert_eq!(String::from_utf8(in_pieces).unwrap(), String::from_utf8(ours).unwrap());
        prop_assert_eq!(wrong_too, wrong);
    }
}
