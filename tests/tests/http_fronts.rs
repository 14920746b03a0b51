//! Bodies and heads that nobody should send, on every front at once: too large, too deep, compressed.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

mod body_routes;

use body_routes::{BodyRoute, Takes, body_routes};
use mcpd::http::read::{MAX_CONTROL_BODY_BYTES, MAX_JOBS_BODY_BYTES};
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

/// Bytes that may be sent and not read: what the buffers of both sockets hold.
const ON_THE_WAY_BYTES: usize = 64 * 1024 * 1024;
/// What mcpd is told to take of an inference request, in bytes.
const INFERENCE_BYTES: usize = 2_000_000;

/// All fronts that read a body, and the most bytes that each takes. One that reads none has none that is too deep, and
/// an answer in the making is bounded as one that is read: see `slow_reader`.
fn fronts() -> Vec<(BodyRoute, usize)> {
    let bound = |route: &BodyRoute| match route.takes {
        Takes::Nothing | Takes::Upload => None,
        Takes::Document => Some(MAX_CONTROL_BODY_BYTES),
        Takes::Jobs => Some(MAX_JOBS_BODY_BYTES),
        Takes::Inference => Some(INFERENCE_BYTES),
    };
    let all = body_routes().into_iter();
    all.filter_map(|route| bound(&route).map(|bytes| (route, bytes)))
        .collect()
}

async fn scene() -> (Mcpd, Mock) {
    let bound = INFERENCE_BYTES.to_string();
    let mcpd = Mcpd::start(&[("MCPD_MAX_BODY_BYTES", &bound)]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public("cloud", &mock.base_url(), json!({}))
        .await;
    (mcpd, mock)
}

/// The answer to these bytes; what asked was within all limits of time.
async fn asked(mcpd: &Mcpd, route: &BodyRoute, headers: &[(&str, &str)], body: Vec<u8>) -> Whole {
    let mut ask = Ask::new(route.method.as_str(), &route.path)
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
    let before = mcpd.process.memory_kib();
    for depth in [200, 100_000, 900_000] {
        let list = "[".repeat(depth);
        let objects = "{\"a\":".repeat(depth / 5);
        let closed = format!("{{\"x\": {list}{}}}", "]".repeat(depth.min(400_000)));
        let content = format!(
            "{{\"model\": \"cloud\", \"max_tokens\": 1, \"messages\": [{{\"role\": \"user\", \"content\": {list}"
        );
        for (route, _) in &fronts() {
            for body in [&list, &objects, &closed, &content] {
                let answer = asked(&mcpd, route, &[], body.clone().into_bytes()).await;
                let shown: String = body.chars().take(60).collect();
                let text = answer.text();
                let refused = matches!(answer.status, 400 | 404 | 413);
                // In a member that nobody reads it is passed over, which costs no stack.
                if std::ptr::eq(body, &closed) && answer.status == 200 {
                    continue;
                }
                let what = format!("{route:?} {depth} {shown}: {} {text}", answer.status);
                assert!(refused, "{what}");
                assert!(answer.json()["error"].is_object(), "{what}");
            }
        }
    }
    let completions = mock.stats().completions;
    assert!(
        completions <= 4,
        "two fronts take it as it is: {completions}"
    );
    let grown = mcpd.process.memory_kib().saturating_sub(before);
    assert!(grown < 2 * SMALL_KIB, "{grown} KiB");
    assert_eq!(Ask::get("/readyz").whole(mcpd.addr).await.status, 200);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_on_every_front() {
    let (mcpd, mock) = scene().await;
    for (route, most) in &fronts() {
        let large = asked(&mcpd, route, &[], vec![b' '; most + 1]).await;
        assert_eq!(large.status, 413, "{route:?}: {}", large.text());
        // In chunks nobody announces it: it is cut off where it is too much.
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{PROVIDER_SESSION}: none\r\n\
             transfer-encoding: chunked\r\n\r\n",
            route.method, route.path, mcpd.admin
        );
        let mut caller = Raw::say(mcpd.addr, head).await;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0;
        while sent < most + ON_THE_WAY_BYTES && caller.send(&chunk).await.is_ok() {
            sent += 0x10000;
        }
        assert!(caller.closes(SOON).await, "{route:?} is left open");
        assert_eq!(caller.statuses(), [413], "{route:?}: {}", caller.text());
        assert!(sent < most + ON_THE_WAY_BYTES, "{route:?} takes {sent}");
    }
    assert_eq!(mock.stats().completions, 0);
    mcpd.at_rest().await;
}

/// A gzip of a gigabyte of zeros would be a megabyte; a small one is as good: nobody undoes it.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0xae, 0x05, 0x00, 0x43, 0xbf,
    0xa6, 0xa3, 0x02, 0x00, 0x00, 0x00,
];

#[tokio::test]
async fn nothing_is_decompressed() {
    let (mcpd, mock) = scene().await;
    let before = mcpd.process.memory_kib();
    let mut bomb = GZIP.to_vec();
    bomb.extend(std::iter::repeat_n(0, 900_000));
    for (route, _) in &fronts() {
        for coding in ["gzip", "deflate", "br"] {
            for body in [GZIP, &bomb] {
                let headers = [("content-encoding", coding)];
                let answer = asked(&mcpd, route, &headers, body.to_vec()).await;
                let refused = matches!(answer.status, 400 | 404);
                assert!(refused, "{route:?}: {} {}", answer.status, answer.text());
            }
        }
    }
    let grown = mcpd.process.memory_kib().saturating_sub(before);
    assert!(grown < SMALL_KIB, "{grown} KiB");
    assert_eq!(mock.stats().completions, 0);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn answers_that_are_too_deep_harm_nobody() {
    let (mcpd, mock) = scene().await;
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"choices\": {open}{close}}}")
    };
    let asks = |(route, _): &(BodyRoute, usize)| {
        route.takes == Takes::Inference && !route.path.contains("/_provider-")
    };
    let models: Vec<_> = fronts().into_iter().filter(asks).collect();
    assert!(models.len() >= 7, "{models:?}");
    for (route, _) in &models {
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
            ask["prompt"] = "hi".into();
            let bytes = ask.to_string().into_bytes();
            let got = asked(&mcpd, route, &[], bytes).await;
            let what = format!("{route:?}: {} {}", got.status, got.text());
            assert!(matches!(got.status, 200 | 502), "{what}");
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
    mcpd.at_rest().await;
}
