//! Inference on a public row: what passes, what is changed, what is kept back.

use http::Method;
use serde_json::json;
use shared::infer_path::InferPath;

use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, STREAM_HEAD, chunk, json_answer};

const INFER: &str = "/api/v1/llms/gpt/infer";

async fn with_upstream() -> (Mcpd, MockUpstream) {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    // It may fail as often as a test likes.
    let patient = json!({"breaker": {"failures": 1000}});
    mcpd.public_llm("gpt", &upstream.url(), patient).await;
    (mcpd, upstream)
}

#[tokio::test]
async fn only_the_model_is_rewritten_and_the_answer_comes_byte_for_byte() {
    let (mcpd, upstream) = with_upstream().await;
    for (sent, seen_upstream) in [
        (
            "{ \"x\" : 1.00, \"model\":  \"gpt\" ,\n\"y\":[ ], \"z\":\"\\u00e9 ü\"} ",
            "{ \"x\" : 1.00, \"model\":  \"real-model\" ,\n\"y\":[ ], \"z\":\"\\u00e9 ü\"} ",
        ),
        (
            "{\"model\":\"real-model\",\"n\":1e2}",
            "{\"model\":\"real-model\",\"n\":1e2}",
        ),
        (
            "{\"a\":{\"model\":\"x\"}}",
            "{\"model\":\"real-model\",\"a\":{\"model\":\"x\"}}",
        ),
        ("{}", "{\"model\":\"real-model\"}"),
    ] {
        let body = "{\"id\" : \"x\",\r\n \"n\":1.00}";
        let call = mcpd.admin.call(Method::POST, INFER, sent);
        let (answer, seen) = tokio::join!(call, upstream.answers(json_answer("200 OK", body)));
        assert_eq!(seen.body, seen_upstream);
        assert!(seen.head.starts_with("POST /v1/chat/completions HTTP/1.1"));
        assert_eq!(answer.is(200).text(), body);
    }
}

#[tokio::test]
async fn each_allowed_path_reaches_its_endpoint_below_the_base() {
    let (mcpd, upstream) = with_upstream().await;
    let own = |path: &InferPath| *path != InferPath::Messages;
    for path in InferPath::ALL.into_iter().filter(own) {
        let target = format!("{INFER}/{path}");
        let call = mcpd.admin.post(&target, json!({}));
        let (answer, seen) = tokio::join!(call, upstream.answers(json_answer("200 OK", "{}")));
        answer.is(200);
        let wanted = format!("POST /v1/{path} HTTP/1.1");
        assert!(seen.head.starts_with(&wanted), "{}", seen.head);
    }
}

#[tokio::test]
async fn headers_pass_by_an_allow_list_in_both_directions() {
    let (mcpd, upstream) = with_upstream().await;
    let headers = [
        ("cookie", "session=canary"),
        ("x-api-key", "canary"),
        ("x-forwarded-for", "10.1.2.3"),
        ("openai-organization", "canary"),
        ("content-type", "text/canary"),
        ("user-agent", "canary"),
        ("accept-encoding", "gzip"),
        ("x-request-id", "mine-1"),
    ];
    let call = async {
        let coming = mcpd.admin.open(Method::POST, INFER, &headers, "{}").await;
        coming.whole().await
    };
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
                  set-cookie: a=canary\r\nserver: canary\r\nx-api-key: canary\r\n\
                  x-request-id: canary\r\nopenai-organization: canary\r\n\
                  x-mcpctl-llm: canary\r\nlocation: http://canary/\r\n\
                  retry-after: 7\r\ncontent-length: 2\r\n\r\n{}";
    let (answer, seen) = tokio::join!(call, upstream.answers(answer));
    assert!(!seen.head.contains("canary"), "{}", seen.head);
    assert!(
        !seen.head.to_lowercase().contains("bearer"),
        "{}",
        seen.head
    );
    assert_eq!(
        seen.header_names(),
        ["content-length", "content-type", "host", "user-agent"]
    );
    let mut names: Vec<_> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "content-length",
            "content-type",
            "date",
            "retry-after",
            "x-mcpctl-attempts",
            "x-mcpctl-llm",
            "x-request-id"
        ]
    );
    assert_eq!(answer.header("x-mcpctl-llm"), Some("gpt"));
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
}

#[tokio::test]
async fn the_providers_own_errors_pass_untouched() {
    let (mcpd, upstream) = with_upstream().await;
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "429 Too Many Requests",
        "500 Oops",
        "503 Busy",
    ] {
        let body = format!("{{\"error\":{{\"message\":\"{status} in my words\"}}}}");
        let call = mcpd.admin.post(INFER, json!({}));
        let answer = json_answer(status, &body);
        let (answer, _) = tokio::join!(call, upstream.answers(answer));
        let answer = answer.is(status[..3].parse().unwrap());
        assert_eq!(answer.text(), body);
    }
    let refusal = "HTTP/1.1 429 Busy\r\nretry-after: Sat, 01 Jan 2028 00:00:00 GMT\r\n\
                   content-length: 0\r\n\r\n";
    let call = mcpd.admin.post(INFER, json!({}));
    let (answer, _) = tokio::join!(call, upstream.answers(refusal));
    let answer = answer.is(429);
    assert_eq!(
        answer.header("retry-after"),
        Some("Sat, 01 Jan 2028 00:00:00 GMT")
    );
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn a_stream_passes_as_it_comes() {
    let (mcpd, upstream) = with_upstream().await;
    let body = r#"{"stream":true,"stream_options":{"include_usage":true}}"#;
    let call = mcpd.admin.open(Method::POST, INFER, &[], body);
    let begin = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        connection.say(STREAM_HEAD).await;
        connection.say(chunk("data: {\"a\":1}\n\n")).await;
        connection
    };
    let (mut answer, mut connection) = tokio::join!(call, begin);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(answer.headers["cache-control"], "no-store, no-transform");
    assert_eq!(answer.headers["x-accel-buffering"], "no");
    // Each piece is here before the next is sent.
    answer.until("{\"a\":1}\n\n").await;
    connection.say(chunk("data: half an ev")).await;
    answer.until("half an ev").await;
    connection.say(chunk("ent\n\ndata: [DONE]\n\n")).await;
    connection.say("0\r\n\r\n").await;
    let (text, end) = answer.rest().await;
    end.unwrap();
    let wanted = "data: {\"a\":1}\n\ndata: half an event\n\ndata: [DONE]\n\n";
    assert_eq!(String::from_utf8(text).unwrap(), wanted);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (mcpd, upstream) = with_upstream().await;
    let other = MockUpstream::listen().await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let redirect = format!(
            "HTTP/1.1 {status}\r\nlocation: {}/stolen\r\ncontent-length: 0\r\n\r\n",
            other.url()
        );
        let call = mcpd.admin.post(INFER, json!({}));
        tokio::select! {
            (answer, _) = async { tokio::join!(call, upstream.answers(redirect)) } => {
                assert_eq!(answer.header("location"), None);
                assert_eq!(answer.status, status[..3].parse::<u16>().unwrap());
            }
            _ = other.next() => panic!("the redirect was followed"),
        }
    }
}

#[tokio::test]
async fn a_body_that_can_not_be_used_never_reaches_the_provider() {
    let mcpd = Mcpd::start_with(&[("max_body_bytes", "1000")]).await;
    // Nobody listens there: a call would be a 502.
    mcpd.public_llm("gpt", "http://127.0.0.1:1/v1", json!({}))
        .await;
    for (body, words) in [
        ("{\"messages\": [],\n  \"n\": 1,}", "line 2 column 10"),
        ("{\"a\":", "line 1 column 5"),
        ("{\"model\": 5}", "expected a string"),
        ("{\"stream\": \"yes\"}", "expected a boolean"),
        ("[1]", "must begin with `{`"),
        ("  ", "no body"),
        ("{} x", "line 1 column 4"),
    ] {
        let answer = mcpd.admin.call(Method::POST, INFER, body).await;
        answer.says(400, "invalid_request", words);
    }
    let not_text = &b"{\"a\":\"\xff\"}"[..];
    let not_text = mcpd.admin.call(Method::POST, INFER, not_text).await;
    not_text.says(400, "invalid_request", "position 6");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    let answer = mcpd.admin.call(Method::POST, INFER, large).await;
    answer.says(413, "body_too_large", "larger than 1000 bytes");
    let hint = answer.json()["error"]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("max_body_bytes"), "{hint}");
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(992));
    assert_eq!(fits.len(), 1000);
    let answer = mcpd.admin.call(Method::POST, INFER, fits).await;
    answer.refused(502, "provider_error");
}

#[tokio::test]
async fn the_demo_answers_both_kinds_without_any_network() {
    let mcpd = Mcpd::start().await;
    let demo = json!({"name": "demo", "type": "demo", "model": "demo"});
    mcpd.admin.post("/api/v1/llms", demo).await.is(201);
    let user = mcpd.token("user", "user").await;
    let ask = |stream: bool| {
        json!({"model": "demo", "stream": stream,
            "messages": [{"role": "user", "content": "hello out there"}]})
    };
    let path = "/api/v1/llms/demo/infer";
    let whole = user.post(path, ask(false)).await.is(200).json();
    let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("hello out there"), "{text}");
    assert!(whole["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    let stream = user.post(path, ask(true)).await.is(200);
    assert!(stream.text().ends_with("data: [DONE]\n\n"));
    let metrics = user.get("/metrics").await.is(200);
    for line in [
        "mcpd_requests_total{llm=\"demo\",kind=\"public\",status=\"200\"} 2",
        "mcpd_in_flight{llm=\"demo\"} 0",
    ] {
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
}
