//! Golden cases: what Gemini answers, and what the caller gets. The data follow the documented
//! wire format.

use kit::random::SeededRandom;
use serde_json::{Value, json};

use super::answer::Answer;
use super::embed;
use super::golden_requests::{mapped, said};
use super::key::Key;
use crate::Error;

fn answer() -> Answer {
    Answer::new(
        SeededRandom::new(1),
        Key::default(),
        1_795_253_400,
        "asked",
        true,
    )
}

fn whole(theirs: Value) -> Result<Value, Error> {
    let ours = answer().whole(theirs.to_string().as_bytes())?;
    Ok(serde_json::from_str(&ours).unwrap())
}

fn candidate(parts: Value, reason: &str) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}]})
}

#[test]
fn a_whole_answer_is_told_wholly() {
    let mut theirs = candidate(
        json!([{"text": "hm ", "thought": true}, {"text": "so", "thought": true}, {"text": "Grüezi "},
            {"text": "👋", "thoughtSignature": "c2ln"}]),
        "STOP",
    );
    theirs["usageMetadata"] = json!({"promptTokenCount": 10, "cachedContentTokenCount": 4,
        "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "toolUsePromptTokenCount": 2, "totalTokenCount": 24});
    theirs["modelVersion"] = "gemini-2.5-flash".into();
    theirs["responseId"] = "r".into();
    let ours = whole(theirs).unwrap();
    let id = ours["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("chatcmpl-") && id.len() > 20, "{id}");
    assert_eq!(
        ours,
        json!({"id": id, "object": "chat.completion", "created": 1_795_253_400, "model": "gemini-2.5-flash",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": "Grüezi 👋", "reasoning_content": "hm so",
                "extra_content": {"google": {"thought_signature": "c2ln"}}}}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 12, "total_tokens": 24,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 7}}})
    );
}

#[test]
fn calls_keep_their_ids_order_and_signatures() {
    let ours = whole(candidate(
        json!([{"functionCall": {"name": "f", "args": {"b": 1, "a": [2]}}, "thoughtSignature": "c2ln"},
            {"functionCall": {"id": "theirs", "name": "g"}}]),
        "STOP",
    ))
    .unwrap();
    let choice = &ours["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    let calls = &choice["message"]["tool_calls"];
    let made = calls[0]["id"].as_str().unwrap();
    assert!(made.starts_with("call_"), "{made}");
    assert_eq!(
        calls[0]["function"],
        json!({"name": "f", "arguments": r#"{"b":1,"a":[2]}"#})
    );
    assert_eq!(
        calls[0]["extra_content"],
        json!({"google": {"thought_signature": "c2ln"}})
    );
    assert_eq!(calls[1]["id"], "theirs");
    assert_eq!(calls[1]["function"]["arguments"], "{}");
    // What an answer carries comes back as Gemini wrote it.
    let messages = json!([{"role": "user", "content": "x"}, choice["message"]]);
    let (back, _) = mapped(said(messages)).unwrap();
    let part = &back["contents"][1]["parts"][0];
    assert_eq!(part["thoughtSignature"], "c2ln");
    assert_eq!(part["functionCall"]["args"], json!({"b": 1, "a": [2]}));
    // A call that the length cut off is not one to carry out.
    let cut = whole(candidate(
        json!([{"functionCall": {"name": "f"}}]),
        "MAX_TOKENS",
    ))
    .unwrap();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
}

#[test]
fn pictures_sound_and_code_have_their_places() {
    let ours = whole(candidate(
        json!([{"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            {"inlineData": {"mimeType": "image/png", "data": "ZHJhZnQ="}, "thought": true},
            {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "aGk="}},
            {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "IQ=="}},
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}]),
        "STOP",
    ))
    .unwrap();
    let message = &ours["choices"][0]["message"];
    let image = json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]);
    assert_eq!(message["images"], image);
    assert_eq!(message["audio"]["data"], "aGkh");
    assert_eq!(message["audio"]["mime_type"], "audio/L16;rate=24000");
    assert_eq!(
        message["content"],
        "\n```python\nprint(1)\n```\n\n```\n1\n```\n"
    );
    // A picture that comes back is sent as one.
    let (back, _) = mapped(said(json!([{"role": "user", "content": "x"}, message]))).unwrap();
    assert_eq!(
        back["contents"][1]["parts"][1]["inlineData"]["data"],
        "aGk="
    );
}

#[test]
fn every_reason_has_a_word() {
    for (theirs, ours) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("OTHER", "stop"),
        ("A_NEW_ONE", "stop"),
    ] {
        let answer = whole(candidate(json!([{"text": "x"}]), theirs)).unwrap();
        let choice = &answer["choices"][0];
        assert_eq!(choice["finish_reason"], ours, "{theirs}");
        let told = !matches!(theirs, "STOP" | "MAX_TOKENS");
        let native = if told { json!(theirs) } else { Value::Null };
        assert_eq!(choice["native_finish_reason"], native, "{theirs}");
        assert_eq!(choice["message"]["refusal"], Value::Null);
    }
}

#[test]
fn an_answer_that_was_kept_back_says_so() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []},
        "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}});
    let ours = whole(blocked).unwrap();
    let choice = &ours["choices"][0];
    assert_eq!(choice["finish_reason"], "content_filter");
    assert_eq!(choice["message"]["content"], Value::Null);
    assert_eq!(
        choice["message"]["refusal"],
        "Gemini did not take the prompt: SAFETY"
    );
    assert_eq!(ours["usage"]["total_tokens"], 4);
    let empty = json!({"candidates": [{"finishReason": "RECITATION", "index": 0}]});
    let ours = whole(empty).unwrap();
    let refusal = &ours["choices"][0]["message"]["refusal"];
    assert_eq!(refusal, "Gemini kept its answer back: RECITATION");
}

#[test]
fn several_candidates_and_their_probabilities() {
    let token = |token: &str, p: f64| json!({"token": token, "tokenId": 1, "logProbability": p});
    let logprobs = json!({"chosenCandidates": [token("a", -0.5)],
        "topCandidates": [{"candidates": [token("a", -0.5), token("b", -1.5)]}]});
    let ours = whole(json!({"candidates": [
        {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "logprobsResult": logprobs},
        {"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1}]}))
    .unwrap();
    let first = json!({"token": "a", "logprob": -0.5, "bytes": [97]});
    let second = json!({"token": "b", "logprob": -1.5, "bytes": [98]});
    let mut chosen = first.clone();
    chosen["top_logprobs"] = json!([first, second]);
    assert_eq!(
        ours["choices"],
        json!([
            {"index": 0, "message": {"role": "assistant", "content": "a"},
                "logprobs": {"content": [chosen], "refusal": null}, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": "b"}, "finish_reason": "length"}])
    );
    assert_eq!(ours["model"], "asked", "where Gemini tells no version");
    assert!(ours.get("usage").is_none(), "where Gemini tells none");
}

#[test]
fn half_an_answer_is_an_error() {
    let cut = whole(json!({"candidates": [{"content": {"parts": [{"text": "half"}]}}]}));
    assert!(matches!(cut, Err(Error::CutShort)));
    assert!(matches!(whole(json!({})), Err(Error::CutShort)));
    assert!(matches!(whole(json!([1])), Err(Error::Unreadable(_))));
    let many = json!({"candidates": [{"index": 4_000_000_000_u32, "finishReason": "STOP"}]});
    assert!(matches!(whole(many), Err(Error::Unreadable(_))));
    let error = json!({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}});
    let refused = whole(error).unwrap_err();
    assert!(matches!(refused, Error::Refused { status: 503, message } if message == "overloaded"));
}

#[test]
fn one_text_is_embedded_alone_and_many_in_batches() {
    let request = |asked: Value| embed::request(asked.to_string().as_bytes()).unwrap();
    let one = request(
        json!({"model": "gemini-embedding-001", "input": "a", "dimensions": 8, "task_type": "RETRIEVAL_QUERY", "user": "u"}),
    );
    let (path, body) = &one.calls[0];
    assert_eq!(path, "models/gemini-embedding-001:embedContent");
    assert_eq!(
        body,
        &json!({"model": "models/gemini-embedding-001", "outputDimensionality": 8,
            "taskType": "RETRIEVAL_QUERY", "content": {"parts": [{"text": "a"}]}})
    );
    assert_eq!(one.dropped, ["user"]);
    let texts: Vec<String> = (0..250).map(|n| n.to_string()).collect();
    let many = request(json!({"model": "e", "input": texts, "encoding_format": "float"}));
    let sizes = many.calls.iter().map(|(path, body)| {
        assert_eq!(path, "models/e:batchEmbedContents");
        body["requests"].as_array().unwrap().len()
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(
        many.calls[2].1["requests"][49]["content"]["parts"][0]["text"],
        "249"
    );
    for wrong in [
        json!([1, 2]),
        json!([[1]]),
        json!([]),
        json!(null),
        json!(vec!["x"; 2049]),
    ] {
        let asked = json!({"model": "e", "input": wrong}).to_string();
        assert!(embed::request(asked.as_bytes()).is_err());
    }
}

#[test]
fn vectors_pass_as_they_are_written_or_as_base64() {
    let answered = |format: &str, pieces: &[&str]| {
        let asked = json!({"model": "models/e", "input": ["a", "b"], "encoding_format": format});
        let embed = embed::request(asked.to_string().as_bytes()).unwrap();
        let mut vectors = embed::Vectors::default();
        for piece in pieces {
            vectors.read(piece.as_bytes()).unwrap();
        }
        vectors.answer(&embed)
    };
    let two = r#"{"embeddings":[{"values":[0.10,-1e-3]},{"values":[2]}]}"#;
    assert_eq!(
        answered("float", &[two]).unwrap(),
        concat!(
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10,-1e-3]},"#,
            r#"{"object":"embedding","index":1,"embedding":[2]}],"model":"e"}"#
        )
    );
    let told = r#"{"embedding":{"values":[1.5]},"usageMetadata":{"promptTokenCount":3}}"#;
    let ours: Value = serde_json::from_str(&answered("base64", &[told, told]).unwrap()).unwrap();
    assert_eq!(ours["data"][0]["embedding"], "AADAPw==");
    assert_eq!(
        ours["usage"],
        json!({"prompt_tokens": 6, "total_tokens": 6})
    );
    assert!(matches!(
        answered("float", &[told]),
        Err(Error::Unreadable(_))
    ));
}
