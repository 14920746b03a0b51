//! Any request, any answer, any stream: what is no Gemini is refused, and what comes out is OpenAI's.

use fuzzing::{bytes, corpus, cuts, mutated_stream, mutated_text};
use http::StatusCode;
use kit::random::SeededRandom;
use proptest::prelude::*;
use serde_json::Value;

use super::answer::Answer;
use super::key::Key;
use super::stream::Translated;
use super::{embed, refusal, request};
use crate::pieces_tests::{Fake, assert_answer, assert_chunks, drained};

const ANSWERS: [&str; 6] = [
    r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hm ","thought":true},{"text":"Grüezi 👋","thoughtSignature":"c2ln"},{"functionCall":{"id":"c1","name":"f","args":{"x":1.0}}},{"functionCall":{"name":"g"}}]},"finishReason":"STOP","index":0,"avgLogprobs":-0.1}],"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":7,"toolUsePromptTokenCount":2,"totalTokenCount":24},"modelVersion":"gemini-2.5-flash","responseId":"r"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"finishReason":"SAFETY","index":0,"finishMessage":"no"},{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"executableCode":{"language":"PYTHON","code":"1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}]},"finishReason":"MAX_TOKENS","index":1,"logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5}]}]}}],"usageMetadata":{"promptTokenCount":18446744073709551615}}"#,
    r#"{"promptFeedback":{"blockReason":"SAFETY","safetyRatings":[{"category":"X","probability":"HIGH"}]},"usageMetadata":{"promptTokenCount":3}}"#,
    r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#,
    r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
    r#"{"embeddings":[{"values":[0.1,-2e-3,1]},{"values":[]}],"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":3}}"#,
];

fn streams() -> Vec<String> {
    let events = |events: &[&str]| {
        events
            .iter()
            .map(|event| format!("data: {event}\r\n\r\n"))
            .collect::<String>()
    };
    let part = |part: &str, rest: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}},"index":0{rest}}}],"modelVersion":"m"}}"#
        )
    };
    let thought = part(r#"{"text":"hmm","thought":true}"#, "");
    let text = part(
        r#"{"text":"Grüezi 👋"},{"text":"x","thoughtSignature":"c2ln"}"#,
        "",
    );
    let call = part(
        r#"{"functionCall":{"name":"f","args":{"x":1}}}"#,
        r#","finishReason":"STOP""#,
    );
    let length = part(r#"{"text":"!"}"#, r#","finishReason":"MAX_TOKENS""#);
    vec![
        events(&[&thought, &text, &call]),
        events(&[&text, &length, "[DONE]"]),
        events(&[ANSWERS[0]]),
        events(&[&text, ANSWERS[2]]),
        events(&[&text, ANSWERS[3]]),
    ]
}

fn requests() -> Vec<String> {
    let mut all = corpus::requests("chat/completions");
    all.push(r##"{"model":"@MODEL@","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}},{"type":"file","file":{"file_data":"data:application/pdf;base64,aGk=","filename":"f"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]},{"role":"tool","tool_call_id":"c1","content":"{\"a\":1}"}],"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"x":{"$ref":"#/$defs/a","anyOf":[{"type":"null"}]}},"$defs":{"a":{"type":["integer","null"]}}},"strict":true}},{"googleSearch":{}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}},"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},"reasoning_effort":"low","max_tokens":5,"stop":["a"],"n":2,"logprobs":true,"top_logprobs":3,"seed":1,"modalities":["text"],"extra_body":{"google":{"thinking_config":{"thinking_budget":5}}},"stream":true,"stream_options":{"include_usage":true}}"##.into());
    all.iter()
        .map(|body| body.replace("@MODEL@", "gemini-2.5-flash"))
        .collect()
}

fn answer(include_usage: bool) -> Answer {
    Answer::new(
        SeededRandom::new(1),
        Key::default(),
        7,
        "asked",
        include_usage,
    )
}

/// What Gemini would take: turns with parts.
fn is_sound(body: &Value) -> bool {
    let turns = body["contents"].as_array();
    turns.is_some_and(|turns| {
        turns.iter().all(|turn| {
            matches!(turn["role"].as_str(), Some("user" | "model"))
                && turn["parts"]
                    .as_array()
                    .is_some_and(|parts| !parts.is_empty() && parts.iter().all(Value::is_object))
        })
    })
}

fuzzing::targets! {
    fn a_request_becomes_turns_or_is_refused(
        body in prop_oneof![9 => mutated_text(&requests()), 1 => bytes(200)],
    ) {
        if let Ok(mapped) = request::chat(&body) {
            let body = Value::Object(mapped.body);
            prop_assert!(is_sound(&body), "{}", body);
        }
    }

    fn a_request_for_embeddings_has_a_text_per_input_or_is_refused(
        body in mutated_text(&corpus::requests("embeddings")
            .iter().map(|body| body.replace("@MODEL@", "gemini-embedding-001")).collect::<Vec<_>>()),
        theirs in mutated_text(&ANSWERS),
    ) {
        let Ok(mapped) = embed::request(&body) else { return Ok(()) };
        let mut vectors = embed::Vectors::default();
        for _ in &mapped.calls {
            if vectors.read(&theirs).is_err() {
                return Ok(());
            }
        }
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let inputs = asked["input"].as_array().map_or(1, Vec::len);
        if let Ok(answer) = vectors.answer(&mapped) {
            let answer: Value = serde_json::from_str(&answer).unwrap();
            prop_assert_eq!(answer["data"].as_array().map(Vec::len), Some(inputs));
        }
    }

    fn an_answer_is_openai_s_or_refused(
        theirs in prop_oneof![9 => mutated_text(&ANSWERS), 1 => bytes(200)],
        status in 400..600u16,
    ) {
        if let Ok(ours) = answer(true).whole(&theirs) {
            assert_answer(&ours);
        }
        let status = StatusCode::from_u16(status).unwrap();
        let _ = refusal::error(status, &theirs, &Key::default()).to_string();
    }

    fn a_stream_in_any_pieces_is_one_of_openai_s(
        theirs in prop_oneof![9 => mutated_stream(&streams()), 1 => bytes(200)],
        cuts in cuts(),
        include_usage in any::<bool>(),
    ) {
        let translate = |pieces: &[&[u8]]| drained(Translated::new(Fake::of(pieces), answer(include_usage)));
        let (ours, wrong) = translate(&[&theirs]);
        assert_chunks(&ours, wrong.is_none());
        let (in_pieces, wrong_too) = translate(&cuts.of(&theirs));
        prop_assert_eq!(String::from_utf8(in_pieces).unwrap(), String::from_utf8(ours).unwrap());
        prop_assert_eq!(wrong_too, wrong);
    }
}
