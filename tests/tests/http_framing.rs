//! Where one request ends and the next begins is never in doubt: what could be read in two ways is refused, and its
//! connection with it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use shared::channel::Frame;
use shared::headers::PROVIDER_SESSION;
use std::time::Duration;
use system_tests::cluster::publisher::Channel;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Mcpd, Publisher, Raw};
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(15);
/// The request that somebody smuggles: nothing answers 200 but this.
const SECOND: &str = "GET /healthz HTTP/1.1\r\nhost: smuggled\r\n\r\n";

/// A request with these headers and this body; another one behind it.
fn smuggling(route: &str, token: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {route} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n{PROVIDER_SESSION}: none\r\n\
         {headers}\r\n{body}{SECOND}"
    )
}

/// Routes of every kind, with and without a decision before the body is read.
const ROUTES: [&str; 6] = [
    "/api/v1/llms",
    "/v1/chat/completions",
    "/v1/jobs",
    "/api/v1/llms/_provider-heartbeat",
    "/api/v1/llms/_provider-task/1-1/stream",
    "/nowhere",
];

#[tokio::test]
async fn a_request_with_two_ends_is_one_refusal_and_the_end() {
    let mcpd = Mcpd::start(&[]).await;
    let chunked = "transfer-encoding: chunked\r\n";
    let length = |bytes: usize| format!("content-length: {bytes}\r\n");
    let body = "0\r\n\r\n";
    let shapes = [
        // CL.TE and TE.CL, in both orders and spellings.
        (length(body.len() + SECOND.len()) + chunked, body),
        (
            chunked.to_owned() + &length(body.len() + SECOND.len()),
            body,
        ),
        (length(3) + chunked, body),
        (
            "Transfer-Encoding: CHUNKED\r\nCONTENT-LENGTH: 5\r\n".into(),
            body,
        ),
        // The length twice, or not a number.
        (length(0) + &length(5), "12345"),
        ("content-length: 0, 5\r\n".into(), "12345"),
        ("content-length: +5\r\n".into(), "12345"),
        ("content-length: 0x5\r\n".into(), "12345"),
        ("content-length: 5 5\r\n".into(), "12345"),
        ("content-length: 99999999999999999999999\r\n".into(), ""),
        // Codings that we do not undo, or none.
        ("transfer-encoding: chunked, identity\r\n".into(), body),
        ("transfer-encoding: identity\r\n".into(), body),
        ("transfer-encoding: xchunked\r\n".into(), body),
        ("transfer-encoding: \x0bchunked\r\n".into(), body),
        (
            "transfer-encoding: gzip\r\ncontent-length: 5\r\n".into(),
            "12345",
        ),
        // Spellings that others read differently.
        ("transfer-encoding : chunked\r\n".into(), body),
        ("content-length : 5\r\n".into(), "12345"),
        ("x: y\r\n transfer-encoding: chunked\r\n".into(), body),
        ("x: y\r\n\tcontent-length: 5\r\n".into(), "12345"),
        ("content-length:\r\n 5\r\n".into(), "12345"),
        ("x\r\n".into(), ""),
        ("x\0: y\r\n".into(), ""),
        ("x: a\rb\r\n".into(), ""),
    ];
    // Chunks that are none.
    let bad_chunks = [
        (chunked.to_owned(), "-1\r\n\r\n"),
        (chunked.to_owned(), "0x0\r\n\r\n"),
        (chunked.to_owned(), "fffffffffffffffff\r\n\r\n"),
        (chunked.to_owned(), "\r\n0\r\n\r\n"),
        (chunked.to_owned(), "1\r\naa\r\n0\r\n\r\n"),
    ];
    let mut checks = JoinSet::new();
    for route in ROUTES {
        // A bad head is refused whatever it asks for; bad chunks by whoever reads them.
        let reads = !["/nowhere", "/api/v1/llms/_provider-task/1-1/stream"].contains(&route);
        let by_head = shapes.iter().map(|shape| (shape, 400));
        let by_body = bad_chunks
            .iter()
            .map(|shape| (shape, if reads { 400 } else { 404 }));
        for ((headers, body), status) in by_head.chain(by_body) {
            let wire = smuggling(route, &mcpd.admin, headers, body);
            let (addr, what) = (mcpd.addr, format!("{route} {headers:?} {body:?}"));
            checks.spawn(async move {
                let mut caller = Raw::say(addr, wire).await;
                let is_closed = caller.closes(SOON).await;
                (what, is_closed, status, caller.statuses(), caller.text())
            });
        }
    }
    while let Some(checked) = checks.join_next().await {
        let (what, is_closed, status, statuses, text) = checked.unwrap();
        assert!(is_closed, "{what} is left open: {text}");
        // One answer, also where what is refused is not read to its end: it is small, and waits for its caller.
        assert_eq!(statuses, [status], "{what}: {text}");
        assert!(!text.contains("\"ok\""), "{what}: {text}");
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn both_lengths_are_told_apart_from_one_however_the_head_comes() {
    let mcpd = Mcpd::start(&[]).await;
    let both = smuggling(
        "/api/v1/llms",
        &mcpd.admin,
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "0\r\n\r\n",
    );
    // In two pieces, cut anywhere near the header; after a request on the same connection; after one in advance.
    let place = both.find("content-length").unwrap();
    for cut in (place - 3..place + 20).step_by(2) {
        let mut caller = Raw::say(mcpd.addr, &both[..cut]).await;
        assert!(!caller.closes(Duration::from_millis(30)).await);
        let _ = caller.send(&both[cut..]).await;
        assert!(caller.closes(SOON).await, "{cut}");
        assert_eq!(caller.statuses(), [400], "{cut}: {}", caller.text());
        assert!(caller.text().contains("names its length twice"));
        assert!(caller.text().contains("\r\nx-request-id: "));
    }
    let mut caller = Raw::say(mcpd.addr, SECOND).await;
    assert!(caller.hears("200 OK", SOON).await);
    let _ = caller.send(&both).await;
    assert!(caller.closes(SOON).await);
    assert_eq!(caller.statuses(), [200, 400], "{}", caller.text());
    let mut caller = Raw::say(mcpd.addr, [SECOND, &both].concat()).await;
    assert!(caller.closes(SOON).await);
    // Its head was not seen alone: it is served as what it says last, and nothing follows.
    assert_eq!(caller.statuses(), [200, 400], "{}", caller.text());
    assert!(caller.text().ends_with('}'), "{}", caller.text());
    mcpd.at_rest().await;
}

/// The next task, whatever is said of those before.
async fn next_task(channel: &mut Channel) -> String {
    loop {
        match channel.next().await.unwrap() {
            Frame::Task(task) => return task.task_id,
            Frame::Ping(_) | Frame::Ack(_) => {}
            other => panic!("no task, but {other:?}"),
        }
    }
}

#[tokio::test]
async fn chunks_alone_are_no_offence() {
    let mcpd = Mcpd::start(&[]).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let mut channel = publisher.go_live().await;
    // Answers of a publisher come in chunks: one connection brings many.
    let mut upload = Raw::open(mcpd.addr).await;
    for n in 1..=3 {
        let (ask, addr) = (
            mcpd.infer("parrot", chat(true, &Behaviour::default())),
            mcpd.addr,
        );
        let mut caller = JoinSet::from_iter([async move { ask.whole(addr).await }]);
        let task = next_task(&mut channel).await;
        let head = format!(
            "POST /api/v1/llms/_provider-task/{task}/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             {PROVIDER_SESSION}: {}\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            publisher.session
        );
        upload.send(head).await.unwrap();
        upload
            .send("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            .await
            .unwrap();
        let answer = caller.join_next().await.unwrap().unwrap();
        assert!(answer.is_done(), "{n}: {}", answer.text());
        let is_told = system_tests::cluster::until("the answer's receipt", SOON, async || {
            upload
                .hears("nothing like it", Duration::from_millis(50))
                .await;
            system_tests::cluster::wait::when(upload.statuses().len() == n, upload.text())
        });
        is_told.await;
    }
    assert!(!upload.text().contains("connection: close"));
    for route in ["/api/v1/tokens", "/v1/jobs/lookup"] {
        let wire = smuggling(
            route,
            &mcpd.admin,
            "transfer-encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
        );
        let mut caller = Raw::say(mcpd.addr, wire).await;
        assert!(caller.hears("200 OK", SOON).await, "{}", caller.text());
        assert_eq!(caller.statuses(), [400, 200], "{}", caller.text());
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_body_that_is_refused_is_never_a_request() {
    let mcpd = Mcpd::start(&[("MCPD_MAX_BODY_BYTES", "100000")]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    // The body is itself a request, or many, and so is what follows it.
    let hidden = SECOND.repeat(100);
    let large = SECOND.repeat(40_000);
    for (token, body, status) in [
        ("wrong", &hidden, 401),
        ("wrong", &large, 401),
        (&mcpd.admin, &large, 413),
    ] {
        for route in ["/api/v1/llms", "/v1/chat/completions"] {
            for framing in [
                format!("content-length: {}\r\n", body.len()),
                "transfer-encoding: chunked\r\n".into(),
            ] {
                let is_chunked = framing.starts_with('t');
                let framed = match is_chunked {
                    true => format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
                    false => body.clone(),
                };
                let wire = smuggling(route, token, &framing, &framed);
                let mut caller = Raw::say(mcpd.addr, wire).await;
                let _ = caller.send("GET / HTTP/1.0\r\n\r\n").await;
                assert!(caller.closes(SOON).await, "{route} {framing}");
                let statuses = caller.statuses();
                // Where the body was there it is passed over, and the two behind it are requests; else all ends.
                let rest = statuses.strip_prefix(&[status]);
                let is_sound = matches!(rest, Some([] | [200] | [200, 404]));
                assert!(is_sound, "{route} {framing} {status}: {}", caller.text());
            }
        }
    }
    mcpd.at_rest().await;
}
