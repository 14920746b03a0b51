//! Bodies and heads that nobody should send, on every front at once: too large, too deep, compressed.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use shared::headers::PROVIDER_SESSION;
use std::time::Duration;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Ask, Mcpd, Publisher, Raw, Whole};
use system_tests::mock::{Behaviour, Mock, Scripted, Settings};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(15);
/// What a request that is refused may leave behind, in KiB.
const SMALL_KIB: u64 = 20 * 1024;

/// One of each way in which a body is read, and whether its size is that of inference.
const FRONTS: [(&str, bool); 9] = [
    ("/api/v1/llms/cloud/infer", true),
    ("/v1/chat/completions", true),
    ("/v1/messages", true),
    ("/v1/responses", true),
    ("/api/v1/llms/_provider-task/1-1/result", true),
    ("/api/v1/llms", false),
    ("/api/v1/tokens", false),
    ("/api/v1/route/explain", false),
    ("/api/v1/llms/_provider-heartbeat", false),
];

async fn scene() -> (Mcpd, Mock) {
    let mcpd = Mcpd::start(&[("MCPD_MAX_BODY_BYTES", "2000000")]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public("cloud", &mock.base_url(), json!({}))
        .await;
    (mcpd, mock)
}

/// The answer to these bytes; what asked was within all limits of time.
async fn asked(mcpd: &Mcpd, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Whole {
    let mut ask = Ask::new("POST", path)
        .header(PROVIDER_SESSION, "none")
        .body(body);
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    timeout(SOON, mcpd.admin(ask)).await.unwrap()
}

#[tokio::test]
async fn what_is_too_deep_is_refused_on_every_front() {
    let (mcpd, mock) = scene().await;
    let before = mcpd.process.rss_kib();
    for depth in [200, 100_000, 900_000] {
        let list = "[".repeat(depth);
        let objects = "{\"a\":".repeat(depth / 5);
        let closed = format!("{{\"x\": {list}{}}}", "]".repeat(depth.min(400_000)));
        let content = format!(
            "{{\"model\": \"cloud\", \"max_tokens\": 1, \"messages\": [{{\"role\": \"user\", \"content\": {list}"
        );
        for (path, _) in FRONTS {
            for body in [&list, &objects, &closed, &content] {
                let answer = asked(&mcpd, path, &[], body.clone().into_bytes()).await;
                let shown: String = body.chars().take(60).collect();
                let text = answer.text();
                let refused = matches!(answer.status, 400 | 404 | 413);
                // In a member that nobody reads it is passed over, which costs no stack.
                if std::ptr::eq(body, &closed) && answer.status == 200 {
                    continue;
                }
                assert!(refused, "{path} {depth} {shown}: {} {text}", answer.status);
                assert!(answer.json()["error"].is_object(), "{path} {shown}: {text}");
            }
        }
    }
    assert!(mock.stats().completions <= 3, "one front takes it as it is");
    let grown = mcpd.process.rss_kib().saturating_sub(before);
    assert!(grown < 2 * SMALL_KIB, "{grown} KiB");
    assert_eq!(Ask::get("/readyz").whole(mcpd.addr).await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_on_every_front() {
    let (mcpd, mock) = scene().await;
    for (path, is_inference) in FRONTS {
        let bytes = if is_inference {
            2_000_001
        } else {
            1024 * 1024 + 1
        };
        let large = asked(&mcpd, path, &[], vec![b' '; bytes]).await;
        assert_eq!(large.status, 413, "{path}: {}", large.text());
        // In chunks nobody announces it: it is cut off where it is too much.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{PROVIDER_SESSION}: none\r\n\
             transfer-encoding: chunked\r\n\r\n",
            mcpd.admin
        );
        let mut caller = Raw::say(mcpd.addr, head).await;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0;
        while sent < 20 * bytes && caller.send(&chunk).await.is_ok() {
            sent += 0x10000;
        }
        // A reset may overtake the answer.
        caller.closes(SOON).await;
        assert!(
            matches!(caller.statuses()[..], [] | [413]),
            "{path}: {}",
            caller.text()
        );
        assert!(sent < 20 * bytes, "{path} takes {sent} bytes");
    }
    assert_eq!(mock.stats().completions, 0);
}

/// A gzip of a gigabyte of zeros would be a megabyte; a small one is as good: nobody undoes it.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0xae, 0x05, 0x00, 0x43, 0xbf,
    0xa6, 0xa3, 0x02, 0x00, 0x00, 0x00,
];

#[tokio::test]
async fn nothing_is_decompressed() {
    let (mcpd, mock) = scene().await;
    let before = mcpd.process.rss_kib();
    let mut bomb = GZIP.to_vec();
    bomb.extend(std::iter::repeat_n(0, 900_000));
    for (path, _) in FRONTS {
        for coding in ["gzip", "deflate", "br"] {
            for body in [GZIP, &bomb] {
                let headers = [("content-encoding", coding)];
                let answer = asked(&mcpd, path, &headers, body.to_vec()).await;
                let refused = matches!(answer.status, 400 | 404);
                assert!(refused, "{path}: {} {}", answer.status, answer.text());
            }
        }
    }
    let grown = mcpd.process.rss_kib().saturating_sub(before);
    assert!(grown < SMALL_KIB, "{grown} KiB");
    assert_eq!(mock.stats().completions, 0);
}

#[tokio::test]
async fn answers_that_are_too_deep_harm_nobody() {
    let (mcpd, mock) = scene().await;
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"choices\": {open}{close}}}")
    };
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/responses"] {
        for stream in [false, true] {
            let answer = deep(100_000);
            let (content_type, body) = match stream {
                true => (
                    "text/event-stream",
                    format!("data: {answer}\n\ndata: [DONE]\n\n"),
                ),
                false => ("application/json", answer),
            };
            mock.play(Scripted {
                status: 200,
                content_type: content_type.into(),
                body: body.into_bytes(),
                piece_bytes: 16 * 1024,
            });
            let mut ask = chat(stream, &Behaviour::default());
            ask["model"] = "cloud".into();
            ask["max_tokens"] = 5.into();
            ask["input"] = "hi".into();
            let bytes = ask.to_string().into_bytes();
            let got = asked(&mcpd, path, &[], bytes).await;
            assert!(matches!(got.status, 200 | 502), "{path}: {}", got.text());
        }
    }
    // A publisher's, too.
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let _channel = publisher.go_live().await;
    let result = publisher.call("_provider-task/1-1/result", deep(100_000));
    assert!(matches!(result.await.status, 400 | 404 | 410));
    assert_eq!(mcpd.phase("parrot").await, "active");
    mcpd.idle("cloud").await;
    assert_eq!(Ask::get("/readyz").whole(mcpd.addr).await.status, 200);
}
