//! What the provider says reaches the caller as it was said: byte for byte, token by token, through mcpd alone and
//! through a publisher.

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::canary::PROVIDER_KEY;
use system_tests::cluster::stage::{PUBLIC, ROWS, Stage, VIRTUAL, chat};
use system_tests::cluster::{Ask, Whole, mcpctl};
use system_tests::mock::{Behaviour, Garbage, Settings, UsageChunk};
use tokio::task::JoinSet;

/// What the provider answers a client that calls it itself.
async fn direct(stage: &Stage, path: &str, body: &Value) -> Whole {
    let mut body = body.clone();
    body["model"] = "mock".into();
    let ask = Ask::post(&format!("/v1/{path}"), body);
    ask.whole(stage.mock.addr()).await
}

/// The same request through mcpd.
async fn through(stage: &Stage, row: &str, path: &str, body: &Value) -> Whole {
    let ask = Ask::post(&format!("/api/v1/llms/{row}/infer/{path}"), body);
    ask.token(&stage.mcpd.admin).whole(stage.mcpd.addr).await
}

/// Asks both ways, on both rows, and compares everything that a caller can see.
async fn is_the_same(stage: &Stage, path: &str, body: &Value) {
    let expected = direct(stage, path, body).await;
    for row in ROWS {
        let got = through(stage, row, path, body).await;
        let what = format!("{row} {path} {body}");
        assert_eq!(got.broken, None, "{what}");
        assert_eq!(got.status, expected.status, "{what}: {}", got.text());
        assert_eq!(got.text(), expected.text(), "{what}");
        assert_eq!(got.bytes, expected.bytes, "{what}");
        for header in ["content-type", "retry-after"] {
            assert_eq!(got.header(header), expected.header(header), "{what}");
        }
        assert!(got.header("x-request-id").is_some(), "{what}");
    }
}

fn behaviours() -> Vec<Behaviour> {
    let garbage = |kind| Behaviour {
        garbage: Some(kind),
        ..Behaviour::default()
    };
    let status = |status| Behaviour {
        status: Some(status),
        ..Behaviour::default()
    };
    let mut all = vec![
        Behaviour::default(),
        Behaviour {
            tokens: 3,
            interval_ms: 5,
            ..Behaviour::default()
        },
        Behaviour {
            tokens: 5000,
            burst: true,
            ..Behaviour::default()
        },
        Behaviour {
            usage: UsageChunk::Never,
            tokens: 0,
            ..Behaviour::default()
        },
    ];
    all.extend([Garbage::Html, Garbage::BadSse, Garbage::SplitUtf8].map(garbage));
    all.extend([400, 404, 422, 429, 500, 503].map(status));
    all
}

#[tokio::test]
async fn a_callers_bytes_are_the_providers_bytes() {
    let stage = Stage::start().await;
    for behaviour in behaviours() {
        for stream in [true, false] {
            is_the_same(&stage, "chat/completions", &chat(stream, &behaviour)).await;
        }
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn every_path_of_the_list_is_relayed_and_no_other() {
    let settings = Settings {
        record: 64,
        ..Settings::default()
    };
    let stage = Stage::with(&[], json!({}), settings).await;
    let body = json!({"model": "x", "prompt": "p", "input": ["a", "b", "c"], "query": "q", "documents": []});
    // The mock knows three of them; its 404 for the others must come through, too.
    for path in [
        "chat/completions",
        "completions",
        "embeddings",
        "responses",
        "rerank",
    ] {
        is_the_same(&stage, path, &body).await;
        let asked = stage.mock.requests();
        let asked = asked.iter().rev().take(3);
        let expected = format!("/v1/{path}");
        assert!(asked.clone().all(|r| r.path == expected), "{asked:?}");
    }
    let before = stage.mock.requests().len();
    for path in ["models", "../models", "chat", "files", "audio/speech"] {
        for row in ROWS {
            let refused = through(&stage, row, path, &body).await;
            assert_eq!(refused.status, 404, "{path}: {}", refused.text());
        }
    }
    let after = stage.mock.requests();
    assert!(!after[before..].iter().any(|r| r.method == "POST"));
    stage.at_rest().await;
}

#[tokio::test]
async fn tokens_arrive_one_by_one_and_not_at_the_end() {
    let stage = Stage::start().await;
    let behaviour = Behaviour {
        tokens: 30,
        interval_ms: 100,
        ..Behaviour::default()
    };
    for row in ROWS {
        let first = stage.chat(row, true, &Behaviour::default()).await;
        assert!(first.is_done());
        let answer = stage.chat(row, true, &behaviour).await;
        assert!(answer.is_done());
        let (first, last) = (answer.arrivals[0], answer.ended_at);
        let spread = last - first;
        assert!(
            spread >= Duration::from_secs(2),
            "{row}: all within {spread:?}"
        );
        let pieces = answer.arrivals.len();
        assert!(pieces >= 15, "{row}: {pieces} pieces of 30 tokens");
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_head_and_the_first_token_do_not_wait_for_the_second() {
    let stage = Stage::start().await;
    let behaviour = Behaviour {
        tokens: 2,
        interval_ms: 60_000,
        ..Behaviour::default()
    };
    for row in ROWS {
        let asked = tokio::time::Instant::now();
        let mut answer = stage.ask(row, true, &behaviour).send(stage.mcpd.addr).await;
        answer.read_until("t0 ").await;
        assert!(asked.elapsed() < Duration::from_secs(5), "{row}");
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn the_usage_is_the_providers() {
    let stage = Stage::start().await;
    let behaviour = Behaviour {
        tokens: 33,
        ..Behaviour::default()
    };
    for row in ROWS {
        let answer = stage.chat(row, false, &behaviour).await.json();
        assert_eq!(answer["usage"]["completion_tokens"], 33, "{row}");
        assert_eq!(answer["usage"]["prompt_tokens"], 7, "{row}");
        let stream = stage.chat(row, true, &behaviour).await.text();
        let usage = r#""usage":{"prompt_tokens":7,"completion_tokens":33,"total_tokens":40}"#;
        assert!(stream.contains(usage), "{row}: {stream}");
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_request_reaches_the_provider_as_it_was_written_but_for_the_model() {
    let settings = Settings {
        record: 4,
        ..Settings::default()
    };
    let stage = Stage::with(&[], json!({}), settings).await;
    let long = "Wörter 世界 🦀 \\n \\\" ".repeat(8000);
    let written = |model: &str, text: &str| {
        format!(
            "{{ \"x_vendor\":{{\"a\" : 1.00,\n\"b\":[1e2,null]}}, \"model\" : \"{model}\",\t\"zz\":\"\\u00e9\",\
             \"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}] }}"
        )
    };
    // One that rides in the frame, one that is fetched, one with bytes that no event stream carries.
    let texts = ["short", &long, "short\",\r\n\"more\":\""];
    for row in ROWS {
        for text in texts {
            let ask = stage.mcpd.infer(row, written("any", text));
            let answer = ask.whole(stage.mcpd.addr).await;
            assert_eq!(answer.status, 200, "{row}: {}", answer.text());
            let asked = stage.mock.requests();
            let asked = asked.iter().rfind(|r| r.method == "POST").unwrap();
            let body = String::from_utf8(asked.body.clone()).unwrap();
            assert_eq!(body, written("mock", text), "{row}");
            // Of all headers only what a provider needs.
            let secret = &stage.mcpd.admin;
            assert!(!format!("{asked:?}").contains(secret), "{row}: {asked:?}");
        }
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn a_body_of_twenty_megabytes_passes() {
    let settings = Settings {
        record: 2,
        ..Settings::default()
    };
    let stage = Stage::with(&[], json!({}), settings).await;
    let picture = "QUJD".repeat(5 * 1024 * 1024);
    let mut body = chat(false, &Behaviour::default());
    body["messages"][0]["content"] = picture.as_str().into();
    for row in ROWS {
        let answer = stage.mcpd.infer(row, &body).whole(stage.mcpd.addr).await;
        assert_eq!(answer.status, 200, "{row}: {}", answer.text());
        let asked = stage.mock.requests();
        let asked = asked.iter().rfind(|r| r.method == "POST").unwrap();
        let asked: Value = serde_json::from_slice(&asked.body).unwrap();
        assert!(asked["messages"][0]["content"] == picture, "{row}");
    }
    stage.at_rest().await;
}

#[tokio::test]
async fn sixty_four_streams_share_one_publisher() {
    let stage = Stage::start().await;
    let behaviour = Behaviour {
        tokens: 20,
        interval_ms: 20,
        ..Behaviour::default()
    };
    let expected = direct(&stage, "chat/completions", &chat(true, &behaviour)).await;
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let (ask, addr) = (stage.ask(VIRTUAL, true, &behaviour), stage.mcpd.addr);
        calls.spawn(async move { ask.whole(addr).await });
    }
    for answer in calls.join_all().await {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), expected.text());
    }
    stage.mcpd.idle(VIRTUAL).await;
    assert_eq!(stage.mock.stats().aborted, 0);
    stage.at_rest_after(64).await;
}

#[tokio::test]
async fn the_local_address_and_key_never_reach_the_server() {
    let settings = Settings {
        api_key: Some(PROVIDER_KEY.into()),
        ..Settings::default()
    };
    let mcpd = system_tests::cluster::Mcpd::start(&[("MCPD_LOG", "trace")]).await;
    let mock = system_tests::mock::Mock::start(settings).unwrap();
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let home = system_tests::cluster::Scratch::new("home");
    let key = home.path().join("provider-key");
    std::fs::write(&key, format!("{PROVIDER_KEY}\n")).unwrap();
    let more = json!({"apiKey": {"file": key}});
    let providers = json!([system_tests::cluster::mcplocal::provider(
        "box",
        &mock.base_url(),
        more
    )]);
    let local = system_tests::cluster::Mcplocal::start_in(home, &mcpd.url(), &token, &providers);
    mcpd.reaches("box", "active", Duration::from_secs(20)).await;
    for stream in [true, false] {
        let ask = mcpd.infer("box", chat(stream, &Behaviour::default()));
        assert_eq!(ask.whole(mcpd.addr).await.status, 200);
    }
    // Also where it can't be reached any more.
    let address = mock.addr().to_string();
    drop(mock);
    let lost = mcpd.infer("box", chat(true, &Behaviour::default()));
    let lost = lost.whole(mcpd.addr).await;
    assert_eq!(lost.status, 502, "{}", lost.text());
    let row = mcpd.row("box").await.unwrap().to_string();
    let port = address.rsplit(':').next().unwrap();
    for (what, text) in [
        ("row", row),
        ("answer", lost.text()),
        ("log", mcpd.process.log()),
    ] {
        assert!(!text.contains(PROVIDER_KEY), "{what}: {text}");
        assert!(!text.contains(&format!(":{port}")), "{what}: {text}");
    }
    assert!(!local.process.log().contains(PROVIDER_KEY));
    mcpd.at_rest().await;
}

/// The kit looks for secrets in all that mcpctl says.
#[tokio::test]
async fn what_an_admin_has_written_out_names_keys_and_shows_none() {
    let stage = Stage::start().await;
    let answer = stage.chat(VIRTUAL, true, &Behaviour::default()).await;
    assert!(answer.is_done());
    for (kind, named) in [
        ("llm", PUBLIC),
        ("secret", "provider"),
        ("token", "box"),
        ("requests", VIRTUAL),
    ] {
        for form in ["yaml", "json", "wide"] {
            let ran = mcpctl(&stage.mcpd, &["get", kind, "-o", form]).await;
            assert_eq!(ran.code, Some(0), "{kind} as {form}: {}", ran.stderr);
            assert!(ran.stdout.contains(named), "{}", ran.stdout);
        }
    }
    for (kind, name) in [("llm", PUBLIC), ("secret", "provider"), ("token", "box")] {
        let ran = mcpctl(&stage.mcpd, &["describe", kind, name]).await;
        assert_eq!(ran.code, Some(0), "{kind} {name}: {}", ran.stderr);
    }
    stage.at_rest().await;
}
