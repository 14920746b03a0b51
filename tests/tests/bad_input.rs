//! What no client should send: the right status, an error of our shape, and the server goes on.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::time::Duration;
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::publisher::{offer, path};
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Ask, Mcpd, Mcplocal, Publisher, Raw, Whole, mcpctl};
use system_tests::mock::{Behaviour, Mock, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(15);

/// Whether an error looks as all of ours do.
fn is_ours(answer: &Whole, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!((answer.status, &*answer.code()), (status, code), "{text}");
    let error = &answer.json()["error"];
    assert!(error["message"].as_str().unwrap().len() > 5, "{text}");
    assert!(error["type"].is_string(), "{text}");
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(error["requestId"], id, "{text}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused_in_our_words() {
    let mcpd = Mcpd::start(&[]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    let infer = "/api/v1/llms/cloud/infer";
    let deep = "[".repeat(100_000);
    // Others could not read it again.
    let hundred = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let deep_job = format!(r#"{{"kind": "work", "payload": {hundred}}}"#);
    let deep_alias = format!(r#"{{"name": "deep", "llms": ["cloud"], "own": {hundred}}}"#);
    let bad = "invalid_request";
    for (path, body) in [
        ("/v1/jobs", deep_job.as_str()),
        ("/api/v1/aliases", deep_alias.as_str()),
        (infer, "{"),
        (infer, ""),
        (infer, "[]"),
        (infer, "\"text\""),
        (infer, "{\"messages\": [}"),
        (infer, "{\"stream\": \"yes\"}"),
        (infer, "{\"messages\": []} trailing"),
        (infer, deep.as_str()),
        ("/api/v1/llms", "{"),
        ("/api/v1/llms", "{}"),
        ("/api/v1/llms", "{\"name\": 7}"),
        (
            "/api/v1/llms",
            "{\"name\": \"-bad-\", \"type\": \"openai\", \"model\": \"m\", \"url\": \"http://h/v1\"}",
        ),
        (
            "/api/v1/llms",
            "{\"name\": \"a\", \"type\": \"telepathy\", \"model\": \"m\", \"url\": \"http://h/v1\"}",
        ),
        (
            "/api/v1/llms",
            "{\"name\": \"a\", \"type\": \"openai\", \"model\": \"m\", \"url\": \"gopher://h\"}",
        ),
        (
            "/api/v1/llms",
            "{\"name\": \"a\", \"type\": \"openai\", \"model\": \"m\", \"url\": \"http://h:114340/v1\"}",
        ),
        (
            "/api/v1/llms",
            "{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"spec\": {}}",
        ),
        ("/api/v1/secrets", "{\"name\": \"a\", \"data\": [1]}"),
        ("/api/v1/tokens", "{\"name\": \"a\", \"roles\": [\"king\"]}"),
        ("/api/v1/tokens", "{\"name\": \"a\", \"roles\": []}"),
        ("/api/v1/llms/_provider-register", "{\"providers\": {}}"),
        (
            "/api/v1/llms/_provider-register",
            "{\"providers\": [{\"name\": \"a b\", \"type\": \"openai\", \"model\": \"m\"}]}",
        ),
        (
            "/api/v1/llms/_provider-register",
            "{\"providers\": [{\"name\": \"a\", \"type\": \"openai\"}]}",
        ),
        ("/api/v1/llms/_provider-register", "null"),
    ] {
        let answer = mcpd.admin(Ask::post(path, body)).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text());
        is_ours(&answer, 400, bad);
    }
    let bytes = Ask::post(infer, "").body(b"{\"messages\": \"\xff\xfe\"}".to_vec());
    is_ours(&mcpd.admin(bytes).await, 400, bad);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn places_and_methods_that_are_none_are_refused_in_our_words() {
    let mcpd = Mcpd::start(&[]).await;
    mcpd.create_public("laptop", "http://127.0.0.1:9/v1", json!({}))
        .await;
    let body = chat(true, &Behaviour::default());
    let missing = mcpd.infer("lapto", &body).whole(mcpd.addr).await;
    is_ours(&missing, 404, "model_not_found");
    assert!(
        missing.json()["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("laptop")
    );
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "unknown_url"),
        ("GET", "/api/v1/llms/nothing", 404, "model_not_found"),
        ("GET", "/api/v2/llms", 404, "unknown_url"),
        ("PUT", "/api/v1/llms", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/whoami", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/llms/nothing", 404, "model_not_found"),
        ("GET", "/api/v1/llms/a%20b", 404, "model_not_found"),
        ("GET", "/api/v1/tokens/nothing", 404, "not_found"),
        ("GET", "/api/v1/secrets/nothing", 404, "not_found"),
    ] {
        let answer = mcpd.admin(Ask::new(method, path)).await;
        let got = (answer.status, answer.code());
        assert_eq!(
            got,
            (status, code.to_owned()),
            "{method} {path}: {}",
            answer.text()
        );
        is_ours(&answer, status, code);
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let mcpd = Mcpd::start(&[("MCPD_MAX_BODY_BYTES", "1000000")]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    let infer = "/api/v1/llms/cloud/infer";
    let large = mcpd.admin(Ask::post(infer, "x".repeat(1_000_001))).await;
    is_ours(&large, 413, "body_too_large");
    let control = "y".repeat(1024 * 1024 + 1);
    for path in ["/api/v1/llms", "/api/v1/llms/_provider-register"] {
        let large = mcpd.admin(Ask::post(path, &control)).await;
        is_ours(&large, 413, "body_too_large");
    }
    // Announced only: the answer does not wait for what would come.
    let mut stream = TcpStream::connect(mcpd.addr).await.unwrap();
    let head = format!(
        "POST {infer} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 99999999999\r\n\r\n",
        mcpd.admin
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = [0; 64];
    let read = timeout(SOON, stream.read(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn publishers_that_leave_something_out_are_told_what() {
    let mcpd = Mcpd::start(&[]).await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let bad = "invalid_request";
    let ask = |ask: Ask| {
        let (ask, addr) = (ask.token(&token), mcpd.addr);
        async move { ask.whole(addr).await }
    };
    for without in [
        Ask::get("/api/v1/llms/_provider-stream"),
        path("_provider-heartbeat", "{}"),
        Ask::get("/api/v1/llms/_provider-task/1-1"),
        path("_provider-task/1-1/stream", "x"),
        path("_provider-task/1-1/result", json!({"seq": 0, "body": 1})),
    ] {
        let answer = ask(without).await;
        is_ours(&answer, 400, bad);
        assert!(answer.text().contains("x-mcpctl-provider-session"));
    }
    let mut twice = offer(&["a"], None);
    twice["providers"] = json!([twice["providers"][0], twice["providers"][0]]);
    is_ours(&ask(path("_provider-register", twice)).await, 400, bad);
    let odd = offer(&["a"], Some("../../etc"));
    is_ours(&ask(path("_provider-register", odd)).await, 400, bad);
    let names: Vec<_> = (0..257).map(|n| format!("n{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    is_ours(
        &ask(path("_provider-register", offer(&names, None))).await,
        400,
        bad,
    );

    let publisher = Publisher::register(mcpd.addr, &token, "parrot").await;
    let _channel = publisher.go_live().await;
    for body in ["{", "7", "{\"epoch\": \"one\"}"] {
        is_ours(&publisher.call("_provider-heartbeat", body).await, 400, bad);
    }
    let odd = path("_provider-task/1-1/stream", "x").header("x-mcpctl-epoch", "first");
    is_ours(&publisher.sign(odd).whole(mcpd.addr).await, 400, bad);
    let odd = path("_provider-task/1-1/stream", "x").header("x-mcpctl-upstream-status", "42");
    is_ours(&publisher.sign(odd).whole(mcpd.addr).await, 400, bad);
    assert_eq!(mcpd.phase("parrot").await, "active", "it goes on");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn what_is_not_http_disturbs_nobody() {
    let mcpd = Mcpd::start(&[]).await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5000));
    for (junk, status) in [
        ("\x16\x03\x01\x02\0\x01\0\x01", 400),
        ("SSH-2.0-x\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET /healthz HTTP/9.9\r\n\r\n", 400),
        (
            "POST /api/v1/llms HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
            400,
        ),
        (
            "POST /api/v1/llms HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
            400,
        ),
        (&long, 431),
        (&many, 431),
    ] {
        let mut caller = Raw::say(mcpd.addr, junk).await;
        let shown: String = junk.chars().take(60).collect();
        assert!(caller.closes(SOON).await, "{shown:?} is left open");
        assert_eq!(caller.statuses(), [status], "{shown:?}: {}", caller.text());
    }
    let alive = Ask::get("/healthz").whole(mcpd.addr).await;
    assert_eq!(alive.status, 200);
    mcpd.at_rest().await;
}

/// What a head has, and what this machine may take to notice.
const HEAD_PATIENCE: Duration = Duration::from_secs(75);
const HEAD_SLACK: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let mcpd = Mcpd::start(&[]).await;
    let began = Instant::now();
    let half = "GET /healthz HTTP/1.1\r\nhost: x\r\nx: ";
    let (mut endless, mut silent) = (
        Raw::say(mcpd.addr, half).await,
        Raw::say(mcpd.addr, half).await,
    );
    let mut late = Raw::say(mcpd.addr, half).await;
    loop {
        // A byte now and then: it is the whole head that has a limit.
        let _ = endless.send("y").await;
        if endless.closes(Duration::from_secs(1)).await {
            break;
        }
        assert!(began.elapsed() < HEAD_PATIENCE + HEAD_SLACK, "it is open");
        if began.elapsed() < HEAD_PATIENCE / 2 {
            late.send("y").await.unwrap();
        } else if late.statuses().is_empty() {
            // One that ends in time is served, however slowly it came.
            late.send("\r\n\r\n").await.unwrap();
            assert!(late.hears("200 OK", SOON).await, "{}", late.text());
        }
    }
    let took = began.elapsed();
    assert!(took + Duration::from_secs(1) > HEAD_PATIENCE, "{took:?}");
    assert!(silent.closes(HEAD_SLACK).await, "it is open");
    // Nothing was asked yet, so nothing is answered.
    assert_eq!(
        (endless.text(), silent.text()),
        (String::new(), String::new())
    );
    assert_eq!(late.statuses(), [200], "{}", late.text());
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_broken_entry_of_the_config_file_leaves_the_others_published() {
    let mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let url = mock.base_url();
    let good = provider("good", &url, json!({}));
    let entries = json!([
        {"name": "no good", "type": "openai", "publish": true},
        {"name": "odd", "type": "telepathy", "publish": true},
        {"name": "wrong", "type": "openai", "url": 7, "publish": true},
        good,
        {"name": "good", "type": "openai", "url": url, "publish": true},
        "nonsense",
    ]);
    let local = Mcplocal::start(&mcpd.url(), &token, &entries);
    mcpd.reaches("good", "active", SOON).await;
    let status = local.status().await.unwrap();
    assert!(status.problems.len() >= 4, "{:#?}", status.problems);
    let all = status.problems.join("\n");
    for said in ["config.json", "no good", "telepathy", "url"] {
        assert!(all.contains(said), "`{said}` is not in {all}");
    }
    // A file that is no JSON at all changes nothing; a good one later does.
    local.write_config("{ \"server\": ");
    system_tests::cluster::until("the fault to be seen", SOON, async || {
        let status = local.status().await.map_err(|error| error.to_string())?;
        let problems = status.problems.join("\n");
        system_tests::cluster::wait::when(problems.contains("line"), problems)
    })
    .await;
    let answer = mcpd.infer("good", chat(true, &Behaviour::default()));
    assert!(answer.whole(mcpd.addr).await.is_done());
    let mended = json!({"server": mcpd.url(), "providers": [provider("better", &url, json!({}))]});
    local.write_config(&mended.to_string());
    mcpd.reaches("better", "active", SOON).await;
    mcpd.reaches("good", "inactive", SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_publisher_without_a_usable_config_or_token_waits_and_does_not_crash() {
    let mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    let providers = json!([provider("box", &mock.base_url(), json!({}))]);
    let mut stranger = Mcplocal::start(&mcpd.url(), "mcpctl_wrong", &providers);
    stranger.link_is("waiting", SOON).await;
    let told = stranger.status().await.unwrap().link.last_error.unwrap();
    assert!(told.contains("401"), "{told}");
    let mut lost = Mcplocal::start("not a url", "t", &providers);
    system_tests::cluster::until("a status", SOON, async || {
        lost.status().await.map_err(|error| error.to_string())
    })
    .await;
    for local in [&mut stranger, &mut lost] {
        assert!(local.process.ended().is_none());
        local.terminate();
        assert!(local.process.end(SOON).await.success());
    }
    assert_eq!(mcpd.phase("box").await, "gone");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn the_command_line_names_the_right_failure() {
    let mcpd = Mcpd::start(&[]).await;
    mcpd.create_public("cloud", "http://127.0.0.1:9/v1", json!({}))
        .await;
    for (args, code) in [
        (&["get", "llm", "nothing"][..], 3),
        (&["chat-llm", "nothing", "-m", "hi"], 3),
        (&["chat-llm", "cloud", "-m", "hi"], 6),
        (&["delete", "llm", "nothing"], 3),
        (&["no-such-verb"], 2),
        (&["get", "llm", "cloud"], 0),
    ] {
        let ran = mcpctl(&mcpd, args).await;
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
        assert_eq!(ran.stdout.is_empty(), code != 0, "{args:?}: {ran:?}");
    }
    mcpd.at_rest().await;
}
