//! What servers of each kind answer, cut to what matters, and what is made of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::Answer;
use super::judge::judge;
use super::{Answers, Found, Kind, Model};

fn answer(status: u16, server: Option<&str>, body: Value) -> Answer {
    Answer {
        status,
        server: server.map(Into::into),
        body,
        took: Duration::ZERO,
    }
}

fn ok(body: Value) -> Answer {
    answer(200, None, body)
}

fn not_found(body: Value) -> Option<Answer> {
    Some(answer(404, None, body))
}

/// A server that knows none of the questions but the first.
fn plain(models: Answer) -> Answers {
    let none = || not_found(json!({"detail": "Not Found"}));
    Answers {
        models,
        tags: none(),
        ollama: none(),
        lm_studio: none(),
        version: none(),
    }
}

fn at(port: u16, said: &Answers) -> Option<Found> {
    judge(format!("http://127.0.0.1:{port}").parse().unwrap(), said)
}

fn models(found: &Found) -> Vec<(&str, bool)> {
    let listed = found.models.iter().flatten();
    listed
        .map(|Model { id, embeds }| (id.as_str(), *embeds))
        .collect()
}

#[test]
fn ollama_is_told_by_its_tags_and_version_and_its_cloud_models_are_left_out() {
    let found = at(
        11434,
        &Answers {
            models: ok(json!({"object": "list", "data": [
                {"id": "llama3.2:3b", "object": "model", "created": 1759532614, "owned_by": "library"}]})),
            tags: Some(ok(json!({"models": [
                {"name": "llama3.2:3b", "model": "llama3.2:3b", "modified_at": "2025-10-03T23:34:03.409490317-07:00",
                 "size": 2019393189, "digest": "a80c4f17acd5", "details": {"parent_model": "", "format": "gguf",
                 "family": "llama", "families": ["llama"], "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}},
                {"name": "all-minilm:latest", "model": "all-minilm:latest", "size": 45960996, "digest": "1b226e2802db",
                 "details": {"format": "gguf", "family": "bert", "families": ["bert"], "parameter_size": "23M"}},
                {"name": "gpt-oss:120b-cloud", "model": "gpt-oss:120b-cloud", "remote_model": "gpt-oss:120b",
                 "remote_host": "https://ollama.com:443", "size": 384, "digest": "569662207105"}]}))),
            ollama: Some(ok(json!({"version": "0.12.6"}))),
            lm_studio: not_found(Value::Null),
            version: not_found(Value::Null),
        },
    )
    .unwrap();
    assert_eq!(
        (found.kind, found.label().as_str()),
        (Kind::Ollama, "Ollama 0.12.6")
    );
    assert_eq!(found.url(), "http://127.0.0.1:11434");
    assert_eq!(
        models(&found),
        [("llama3.2:3b", false), ("all-minilm:latest", true)]
    );
}

#[test]
fn an_ollama_without_models_is_an_ollama() {
    let said = Answers {
        models: ok(json!({"object": "list", "data": null})),
        tags: Some(ok(json!({"models": []}))),
        ollama: Some(ok(json!({"version": "0.12.6"}))),
        ..plain(ok(Value::Null))
    };
    let found = at(11434, &said).unwrap();
    assert_eq!((found.kind, found.models), (Kind::Ollama, Some(vec![])));
}

#[test]
fn vllm_is_told_by_the_owner_of_its_models() {
    let said = Answers {
        version: Some(ok(json!({"version": "0.11.0"}))),
        ..plain(answer(
            200,
            Some("uvicorn"),
            json!({"object": "list", "data": [
            {"id": "Qwen/Qwen2.5-7B-Instruct-AWQ", "object": "model", "created": 1759532614, "owned_by": "vllm",
             "root": "Qwen/Qwen2.5-7B-Instruct-AWQ", "parent": null, "max_model_len": 32768,
             "permission": [{"id": "modelperm-1", "object": "model_permission", "allow_sampling": true}]}]}),
        ))
    };
    let found = at(8000, &said).unwrap();
    assert_eq!(found.label(), "vLLM 0.11.0");
    assert_eq!(found.url(), "http://127.0.0.1:8000/v1");
    assert_eq!(models(&found), [("Qwen/Qwen2.5-7B-Instruct-AWQ", false)]);
}

#[test]
fn a_vllm_that_wants_a_key_tells_its_version_and_no_models() {
    let said = Answers {
        version: Some(ok(json!({"version": "0.11.0"}))),
        ..plain(answer(
            401,
            Some("uvicorn"),
            json!({"error": "Unauthorized"}),
        ))
    };
    let found = at(8000, &said).unwrap();
    assert_eq!((found.kind, found.models), (Kind::Vllm, None));
}

#[test]
fn llama_cpp_answers_ollamas_questions_under_its_own_name() {
    let list = json!({"models": [{"name": "qwen3-8b.gguf", "model": "qwen3-8b.gguf", "modified_at": "", "size": "",
        "digest": "", "type": "model", "capabilities": ["completion"]}],
        "object": "list", "data": [{"id": "qwen3-8b.gguf", "object": "model", "created": 1759532614,
        "owned_by": "llamacpp", "meta": {"vocab_type": 2, "n_ctx_train": 40960, "n_params": 8190735360_u64}}]});
    let said = Answers {
        tags: Some(answer(200, Some("llama.cpp"), list.clone())),
        ..plain(answer(200, Some("llama.cpp"), list.clone()))
    };
    let found = at(8080, &said).unwrap();
    assert_eq!(
        (found.kind, models(&found)),
        (Kind::LlamaCpp, vec![("qwen3-8b.gguf", false)])
    );
    // Behind a proxy that takes the header away, its models tell.
    let said = Answers {
        tags: Some(ok(list.clone())),
        ..plain(ok(list))
    };
    assert_eq!(at(8080, &said).unwrap().kind, Kind::LlamaCpp);
    let keyed = json!({"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}});
    let found = at(8080, &plain(answer(401, Some("llama.cpp"), keyed))).unwrap();
    assert_eq!((found.kind, found.models), (Kind::LlamaCpp, None));
}

#[test]
fn lm_studio_lists_types_and_answers_200_to_what_it_does_not_know() {
    let unknown = || {
        Some(ok(
            json!({"error": "Unexpected endpoint or method. (GET /api/tags). Returning 200 anyway"}),
        ))
    };
    let said = Answers {
        models: ok(json!({"object": "list", "data": [
            {"id": "meta-llama-3.1-8b-instruct", "object": "model", "owned_by": "organization_owner"}]})),
        tags: unknown(),
        ollama: unknown(),
        lm_studio: Some(ok(json!({"object": "list", "data": [
            {"id": "meta-llama-3.1-8b-instruct", "object": "model", "type": "llm", "publisher": "lmstudio-community",
             "arch": "llama", "compatibility_type": "gguf", "quantization": "Q4_K_M", "state": "not-loaded",
             "max_context_length": 131072},
            {"id": "text-embedding-nomic-embed-text-v1.5", "object": "model", "type": "embeddings",
             "publisher": "nomic-ai", "arch": "nomic-bert", "compatibility_type": "gguf", "quantization": "Q4_0",
             "state": "not-loaded", "max_context_length": 2048}]}))),
        version: unknown(),
    };
    let found = at(1234, &said).unwrap();
    assert_eq!(found.kind, Kind::LmStudio);
    assert_eq!(
        models(&found),
        [
            ("meta-llama-3.1-8b-instruct", false),
            ("text-embedding-nomic-embed-text-v1.5", true)
        ]
    );
}

#[test]
fn others_are_told_by_owner_or_port() {
    let list = |owner: &str| {
        plain(ok(
            json!({"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": owner}]}),
        ))
    };
    for (port, owner, kind) in [
        (4891, "humanity", Kind::Gpt4All),
        (5000, "user", Kind::TextGenerationWebUi),
        (5000, "tabbyAPI", Kind::TabbyApi),
        (1337, "user", Kind::Jan),
        (30000, "sglang", Kind::Sglang),
        (5001, "koboldcpp", Kind::KoboldCpp),
        (9, "me", Kind::OpenAi),
    ] {
        assert_eq!(at(port, &list(owner)).unwrap().kind, kind, "{port} {owner}");
    }
}

#[test]
fn whoever_is_no_model_server_is_not_one() {
    for said in [
        ok(Value::Null),
        ok(json!({"data": "something else"})),
        answer(404, Some("nginx"), Value::Null),
        // AirPlay's port is text-generation-webui's.
        answer(403, Some("AirTunes/870.14.1"), Value::Null),
        // A web page that wants a password.
        answer(401, Some("nginx"), Value::Null),
    ] {
        assert_eq!(at(5000, &plain(said)), None);
    }
}
