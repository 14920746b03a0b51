//! Any request, any answer, any lines: what is no Ollama is refused, and what comes out is OpenAI's.

use fuzzing::{bytes, corpus, cuts, mutated_stream, mutated_text};
use kit::random::SeededRandom;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::catalogue::About;
use super::request::{self, Asked};
use super::response::Answer;
use super::stream::Translated;
use super::{embed, refusal_message};
use crate::pieces_tests::{Fake, assert_answer, assert_chunks, drained};

const LINES: [&str; 3] = [
    r#"{"model":"m","created_at":"2026-11-21T09:30:00Z","message":{"role":"assistant","thinking":"hmm","content":""},"done":false}
{"model":"m","created_at":"2026-11-21T09:30:00.123456789+01:00","message":{"role":"assistant","thinking":"so","content":"Grüezi 👋","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"x":1.0}}},{"function":{"name":"g"}}]},"done":false}

{"model":"m","created_at":"2026-11-21T09:30:01Z","message":{"role":"assistant","content":"!"},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":9,"total_duration":1}
"#,
    r#"{"model":"m","created_at":"2026-11-21T09:30:00Z","response":"a","done":false}
{"model":"m","created_at":"2026-11-21T09:30:00Z","response":"b","done":true,"done_reason":"length","context":[1,2]}
"#,
    r#"{"model":"m","message":{"role":"assistant","content":"a"},"done":false}
{"error":"out of memory"}
"#,
];

fn answers() -> Vec<String> {
    let lines = LINES
        .iter()
        .flat_map(|lines| lines.lines())
        .filter(|line| !line.is_empty());
    let embedded = r#"{"model":"m","embeddings":[[0.1,-2e-3],[1,2]],"prompt_eval_count":3}"#;
    lines.chain([embedded]).map(String::from).collect()
}

fn requests() -> Vec<String> {
    let mut all = corpus::requests("");
    all.push(r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"r"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"none","response_format":{"type":"json_schema","json_schema":{"schema":{}}},"reasoning_effort":"high","think":true,"temperature":0.5,"top_p":1,"top_k":3,"min_p":0,"seed":1,"stop":["a"],"max_tokens":5,"max_completion_tokens":6,"frequency_penalty":0,"presence_penalty":0,"n":1,"keep_alive":"5m","options":{"num_ctx":1}}"#.into());
    all.push(r#"{"model":"m","prompt":["a"],"suffix":"s","echo":false,"stream":true,"stream_options":{"include_usage":true}}"#.into());
    all
}

fn answer(chat: bool, include_usage: bool) -> Answer {
    Answer::new(SeededRandom::new(1), "chatcmpl", chat, include_usage)
}

fuzzing::targets! {
    fn a_request_is_put_in_ollama_s_words_or_refused(
        body in prop_oneof![9 => mutated_text(&requests()), 1 => bytes(200)],
        stream in any::<bool>(),
        num_ctx in any::<u32>(),
    ) {
        for map in [request::chat, request::text] {
            let Ok(mut asked) = Asked::read(&body) else { return Ok(()) };
            if let Ok(mapped) = map(&mut asked, &About::default(), num_ctx, stream) {
                let body = Value::Object(mapped.body);
                prop_assert_eq!(&body["stream"], &Value::from(stream));
                prop_assert_eq!(&body["options"]["num_ctx"], &Value::from(num_ctx));
                let words = body["messages"].is_array() || body["prompt"].is_string();
                prop_assert!(words, "{}", body);
            }
        }
        let _ = embed::request(&body);
    }

    fn an_answer_is_openai_s_or_refused(
        theirs in prop_oneof![9 => mutated_text(&answers()), 1 => bytes(200)],
        chat in any::<bool>(),
    ) {
        if let Ok(ours) = answer(chat, true).whole(&theirs) {
            assert_answer(&ours);
        }
        for encoding in ["float", "base64"] {
            let encoding = crate::encoding::Encoding::named(Some(&encoding.into())).unwrap();
            if let Ok(ours) = embed::response(&theirs, encoding) {
                // Numbers pass as they were written, also those that no parser has room for.
                prop_assert!(serde_json::from_str::<&RawValue>(&ours).is_ok(), "{}", ours);
            }
        }
        let _ = refusal_message(&theirs);
    }

    fn lines_in_any_pieces_are_a_stream_of_openai_s(
        theirs in prop_oneof![9 => mutated_stream(&LINES), 1 => bytes(200)],
        cuts in cuts(),
        chat in any::<bool>(),
        include_usage in any::<bool>(),
    ) {
        let translate = |pieces: &[&[u8]]| drained(Translated::new(Fake::of(pieces), answer(chat, include_usage)));
        let (ours, wrong) = translate(&[&theirs]);
        assert_chunks(&ours, wrong.is_none());
        let (in_pieces, wrong_too) = translate(&cuts.of(&theirs));
        prop_assert_eq!(String::from_utf8(in_pieces).unwrap(), String::from_utf8(ours).unwrap());
        prop_assert_eq!(wrong_too, wrong);
    }
}
