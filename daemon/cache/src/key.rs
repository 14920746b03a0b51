//! What a request is called in the cache: the same name for the same question of the same asker.

use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use shared::{chat_body::Head, infer_path::InferPath};

use crate::canonical;

/// Part of every key: raised when what an entry means changes.
const SCHEMA: &str = "mcpctl-cache-1";

/// A request's name: SHA-256 of all that its answer may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

/// Names a request: its whole body in canonical form, with `llm_model` as its model, together
/// with `path` (such as `chat/completions`) and `scope` (the principal: answers never pass from
/// one to another).
///
/// Shape: how the answer is to be sent, `stream` and `stream_options`, is no part of the name
/// where an answer can be turned from one form into the other; for `responses` and `messages`
/// `stream` is. `None` where the body is no JSON object, or nested more than 128 deep.
/// Source: the canonical form follows RFC 8785 but for numbers, which stay as written.
pub fn key(body: &[u8], path: &str, scope: &str, llm_model: &str) -> Option<Key> {
    let body = str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(body).ok()?;
    let mut members = canonical::members(body)?;
    let same_form_only = matches!(path, "responses" | "messages");
    members.retain(|(name, value)| match name.as_ref() {
        "model" | "stream_options" => false,
        "stream" => same_form_only && *value == "true",
        _ => true,
    });
    let mut canonical = Vec::with_capacity(body.len());
    canonical::write_members(members, &mut canonical)?;

    let mut hash = Sha256::new();
    for part in [SCHEMA, path, scope, llm_model] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(&canonical);
    Some(Key(hash.finalize().into()))
}

/// Whether a request has one answer: embeddings and rerank always, the others with a `temperature`
/// of exactly 0 (a missing one is the provider's choice) and one answer asked for.
pub fn is_deterministic(path: InferPath, head: &Head) -> bool {
    match path {
        InferPath::Embeddings | InferPath::Rerank => true,
        InferPath::ChatCompletions
        | InferPath::Completions
        | InferPath::Responses
        | InferPath::Messages => head.temperature == Some(0.0) && matches!(head.n, None | Some(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "chat/completions";
    const BODY: &str =
        r#"{"model":"a","messages":[{"role":"user","content":"hi"}],"max_tokens":5}"#;

    fn named(body: &str) -> Key {
        key(body.as_bytes(), PATH, "alice", "m").unwrap()
    }

    #[test]
    fn how_a_question_is_written_and_sent_does_not_matter() {
        for same in [
            r#"{"max_tokens":5,"messages":[{"content":"hi","role":"user"}],"model":"b"}"#,
            r#" { "model": "a", "messages":[ {"role":"user","content":"\u0068i"} ],"max_tokens":5}"#,
            r#"{"messages":[{"role":"user","content":"hi"}],"max_tokens":5,
                "stream":true,"stream_options":{"include_usage":true}}"#,
        ] {
            assert_eq!(named(same), named(BODY), "{same}");
        }
    }

    #[test]
    fn every_other_difference_is_another_question() {
        let with = |member: &str| BODY.replace("\"max_tokens\":5", member);
        let others = [
            with("\"max_tokens\":6"),
            with("\"max_tokens\":5,\"tool_choice\":\"none\""),
            with("\"max_tokens\":5,\"seed\":1"),
            with("\"max_tokens\":5,\"seed\":2"),
            with("\"max_tokens\":5,\"user\":\"u\""),
            with("\"max_tokens\":5,\"max_tokens\":6"),
            BODY.replace("hi", "Hi"),
        ];
        let mut keys: Vec<Key> = others.iter().map(|body| named(body)).collect();
        keys.push(named(BODY));
        keys.push(key(BODY.as_bytes(), PATH, "bob", "m").unwrap());
        keys.push(key(BODY.as_bytes(), PATH, "alice", "m2").unwrap());
        keys.push(key(BODY.as_bytes(), "completions", "alice", "m").unwrap());
        keys.push(key(BODY.as_bytes(), PATH, "alicem", "").unwrap());
        let distinct: std::collections::HashSet<Key> = keys.iter().copied().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn a_stream_that_can_be_no_other_form_is_another_question() {
        let whole = br#"{"input":"a"}"#;
        let stream = br#"{"input":"a","stream":true}"#;
        let named = |body: &[u8], path| key(body, path, "s", "m").unwrap();
        assert_ne!(named(whole, "responses"), named(stream, "responses"));
        assert_eq!(named(whole, PATH), named(stream, PATH));
    }

    #[test]
    fn what_is_no_object_has_no_name() {
        for body in ["", "[1]", "{", "{\"a\":}", "{} x", "5"] {
            assert_eq!(key(body.as_bytes(), PATH, "s", "m"), None, "{body}");
        }
        assert_eq!(key(b"{\"a\":\"\xff\"}", PATH, "s", "m"), None);
    }

    #[test]
    fn only_a_temperature_of_zero_and_one_answer_are_deterministic() {
        let is = |path, body: &str| {
            is_deterministic(path, &shared::chat_body::read(body.as_bytes()).unwrap())
        };
        let chat = |body| is(InferPath::ChatCompletions, body);
        assert!(chat(r#"{"temperature":0}"#) && chat(r#"{"temperature":0.0,"n":1}"#));
        for not in [
            "{}",
            r#"{"temperature":null}"#,
            r#"{"temperature":1e-9}"#,
            r#"{"temperature":"0"}"#,
            r#"{"temperature":0,"n":2}"#,
        ] {
            assert!(!chat(not), "{not}");
        }
        assert!(is(InferPath::Embeddings, "{}"));
    }
}
