//! A provider that can't be called, breaks off or stays silent: what its caller sees.

use http::Method;
use serde_json::{Value, json};

use crate::client::Coming;
use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, STREAM_HEAD, chunk, json_answer};
use crate::provider::nowhere;

const INFER: &str = "/api/v1/llms/gpt/infer";
const HALF: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"half\":";

/// A caller whose answer has begun with `head` and `first`; and the provider's connection.
async fn begun(
    mcpd: &Mcpd,
    upstream: &MockUpstream,
    bytes: String,
) -> (Coming, crate::mock_upstream::Connection) {
    let body = r#"{"stream":true,"stream_options":{"include_usage":true}}"#;
    let call = mcpd.admin.open(Method::POST, INFER, &[], body);
    let begin = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        connection.say(bytes).await;
        connection
    };
    tokio::join!(call, begin)
}

/// The data of the one error event at the end of a stream.
fn last_error(text: &[u8]) -> Value {
    let mut events = Vec::new();
    let mut decoder = shared::sse::Decoder::new(64 * 1024);
    decoder.feed(text, &mut events).unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.event, "error", "{}", String::from_utf8_lossy(text));
    assert!(!String::from_utf8_lossy(text).contains("[DONE]"));
    let data: Value = serde_json::from_str(&last.data).unwrap();
    data["error"].clone()
}

async fn with_upstream(settings: &[(&str, &str)]) -> (Mcpd, MockUpstream) {
    let mcpd = Mcpd::start_with(settings).await;
    let upstream = MockUpstream::listen().await;
    // It may fail as often as a test likes.
    let patient = json!({"breaker": {"failures": 1000}});
    mcpd.public_llm("gpt", &upstream.url(), patient).await;
    (mcpd, upstream)
}

#[tokio::test]
async fn nobody_there_is_502_and_names_the_place() {
    let mcpd = Mcpd::start().await;
    let (_closed, url) = nowhere();
    mcpd.public_llm("gpt", &url, json!({})).await;
    let answer = mcpd.admin.post(INFER, json!({})).await;
    let address = url.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    answer.says(502, "provider_error", address);
}

#[tokio::test]
async fn a_provider_that_hangs_up_without_a_word_is_502() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    for bytes in [
        "",
        "HTTP/1.1 200 O",
        "not HTTP at all\r\n\r\n",
        STREAM_HEAD,
        HALF_HEAD,
    ] {
        let call = mcpd.admin.post(INFER, json!({}));
        let (answer, _) = tokio::join!(call, upstream.answers(bytes));
        answer.refused(502, "provider_error");
    }
}

const HALF_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";

#[tokio::test]
async fn a_cut_body_never_looks_complete() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    let chunked =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for bytes in [
        HALF.to_owned(),
        [chunked, &chunk("{\"half\":")].concat(),
        [chunked, "50\r\n{\"half\":"].concat(),
    ] {
        let (answer, connection) = begun(&mcpd, &upstream, bytes).await;
        drop(connection);
        assert_eq!(answer.status, 200);
        let (text, end) = answer.rest().await;
        assert_eq!(text, b"{\"half\":");
        end.unwrap_err();
    }
    mcpd.until("gpt", |status| status["inFlight"] == 0).await;
}

#[tokio::test]
async fn a_cut_event_stream_ends_in_an_error_event() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    for cut in [
        "data: {\"a\":1}\n\n",
        "data: {\"a\":1}\n\ndata: {\"b",
        "data: {\"a\":1}\n",
    ] {
        let bytes = [STREAM_HEAD, &chunk(cut)].concat();
        let (mut answer, connection) = begun(&mcpd, &upstream, bytes).await;
        answer.until(cut).await;
        drop(connection);
        let (text, end) = answer.rest().await;
        end.unwrap();
        let error = last_error(&text);
        assert_eq!(error["code"], "provider_error");
        assert_eq!(error["type"], "api_error");
    }
}

#[tokio::test]
async fn addresses_of_machines_metadata_are_never_called() {
    let mcpd = Mcpd::start().await;
    for (name, url) in [
        ("plain", "http://169.254.169.254/latest"),
        ("mapped", "http://[::ffff:169.254.169.254]/"),
        ("mapped-hex", "http://[::ffff:a9fe:a9fe]/"),
        ("decimal", "http://2852039166/"),
        ("hex", "http://0xa9fea9fe/"),
        ("octal", "http://0251.0376.0251.0376/"),
        ("short", "http://169.254.43518/"),
        ("nat64", "http://[64:ff9b::169.254.169.254]/"),
        ("link-local", "http://[fe80::1]/"),
        ("aws-v6", "http://[fd00:ec2::254]/"),
        ("compatible", "http://[::169.254.169.254]/"),
        ("6to4", "http://[2002:a9fe:a9fe::]/"),
        ("nat64-local", "http://[64:ff9b:1::a9fe:a9fe]/"),
        ("gcp-v6", "http://[fd20:ce::254]/"),
        ("azure", "http://168.63.129.16/"),
        ("azure-hex", "http://0xa83f8110/"),
        ("oracle", "http://192.0.0.192/"),
        ("octal-mixed", "http://0xa9.0376.43518/"),
        ("unspecified", "http://0.0.0.0:1/"),
        ("zero", "http://0:1/"),
    ] {
        mcpd.public_llm(name, url, json!({})).await;
        let path = format!("/api/v1/llms/{name}/infer");
        let answer = mcpd.admin.post(&path, json!({})).await;
        answer.says(502, "provider_error", "called");
    }
}

#[tokio::test]
async fn a_url_within_a_url_leads_nowhere_else() {
    let mcpd = Mcpd::start().await;
    let inner = "http://169.254.169.254/latest";
    for url in [
        format!("http://127.0.0.1:1/v1?url={inner}"),
        "http://127.0.0.1:1@169.254.169.254/".into(),
        "http://127.0.0.1:1\\@169.254.169.254/".into(),
        "http://169.254.169.254#@127.0.0.1/".into(),
        format!("gopher://127.0.0.1:1/{inner}"),
        format!("file:///{inner}"),
        "//169.254.169.254/".into(),
    ] {
        let row = json!({"name": "nested", "type": "openai", "model": "m", "url": url});
        let answer = mcpd.admin.post("/api/v1/llms", row).await;
        let dialled = mcpd
            .admin
            .post("/api/v1/llms/nested/infer", json!({}))
            .await;
        // Refused when it is written; what is not is refused when it is called, as its own host.
        let refused = answer.status == 400 && dialled.status == 404;
        let judged = dialled.status == 502 && dialled.text().contains("not to be called");
        assert!(
            refused || judged,
            "{url}: {} {}",
            answer.text(),
            dialled.text()
        );
        if answer.status == 201 {
            mcpd.admin
                .call(http::Method::DELETE, "/api/v1/llms/nested", "")
                .await;
        }
    }
    // In the path it is a path.
    let upstream = MockUpstream::listen().await;
    let url = format!("{}/{inner}", upstream.url());
    mcpd.public_llm("path", &url, json!({})).await;
    let call = mcpd.admin.post("/api/v1/llms/path/infer", json!({}));
    let (answer, seen) = tokio::join!(call, upstream.answers(json_answer("200 OK", "{}")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = "POST /v1/http://169.254.169.254/latest/chat/completions HTTP/1.1";
    assert!(seen.head.starts_with(path), "{}", seen.head);
}

#[tokio::test]
async fn an_answer_in_a_coding_that_nobody_asked_for_is_refused() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    for coding in ["gzip", "GZIP", "br", "deflate", "identity, gzip", "zstd"] {
        let call = mcpd.admin.post(INFER, json!({}));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: {coding}\r\ncontent-length: 4\r\n\r\n"
        );
        let play = async {
            let mut connection = upstream.next().await;
            connection.request().await;
            connection
                .say([head.as_bytes(), b"\x1f\x8b\x08\x00"].concat())
                .await;
            connection
        };
        let (answer, connection) = tokio::join!(call, play);
        answer.says(502, "provider_error", "compressed");
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_provider_that_says_more_than_its_answer_answers_no_other_request() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    let first = json_answer("200 OK", r#"{"n":"first"}"#);
    let stolen = json_answer("200 OK", r#"{"n":"stolen"}"#);
    // Together with the answer, right behind it, and once the connection lies idle.
    for apart in [false, true] {
        let call = mcpd.admin.post(INFER, json!({}));
        let play = async {
            let mut connection = upstream.next().await;
            connection.request().await;
            let more = if apart { "" } else { &*stolen };
            connection.say([&*first, more].concat()).await;
            connection
        };
        let (answer, mut connection) = tokio::join!(call, play);
        assert_eq!(answer.json()["n"], "first");
        if apart {
            connection.say(&stolen).await;
        }
        let call = mcpd.admin.post(INFER, json!({}));
        let second = json_answer("200 OK", r#"{"n":"second"}"#);
        let (answer, _) = tokio::join!(call, upstream.answers(second));
        assert_eq!(answer.json()["n"], "second", "apart: {apart}");
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_provider_that_stays_silent_is_504_when_the_time_is_over() {
    let (mcpd, upstream) = with_upstream(&[("request_timeout", "2s")]).await;
    let call = mcpd.admin.post(INFER, json!({}));
    let silent = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        connection
    };
    let (answer, connection) = tokio::join!(call, silent);
    let error = answer.refused(504, "deadline_exceeded");
    assert!(error["hint"].as_str().unwrap().contains("request_timeout"));
    connection.closed().await;
    mcpd.until("gpt", |status| status["inFlight"] == 0).await;
}

#[tokio::test]
async fn a_stream_that_falls_silent_ends_in_an_error_event_when_the_time_is_over() {
    let (mcpd, upstream) = with_upstream(&[("request_timeout", "2s")]).await;
    let bytes = [STREAM_HEAD, &chunk("data: 1\n\n")].concat();
    let (answer, connection) = begun(&mcpd, &upstream, bytes).await;
    let (text, end) = answer.rest().await;
    end.unwrap();
    assert_eq!(last_error(&text)["code"], "deadline_exceeded");
    connection.closed().await;
    let (answer, connection) = begun(&mcpd, &upstream, HALF.into()).await;
    answer.rest().await.1.unwrap_err();
    connection.closed().await;
}

#[tokio::test]
async fn a_caller_that_goes_stops_the_provider() {
    let (mcpd, upstream) = with_upstream(&[]).await;
    // Before the head of the answer.
    let call = mcpd.admin.post(INFER, json!({}));
    let connection = tokio::select! {
        _ = call => panic!("nobody answers"),
        connection = async {
            let mut connection = upstream.next().await;
            connection.request().await;
            connection
        } => connection,
    };
    connection.closed().await;
    // In the middle of a stream, and of a body of known length.
    for bytes in [[STREAM_HEAD, &chunk("data: 1\n\n")].concat(), HALF.into()] {
        let (answer, connection) = begun(&mcpd, &upstream, bytes).await;
        drop(answer);
        connection.closed().await;
    }
    mcpd.until("gpt", |status| status["inFlight"] == 0).await;
}

#[tokio::test]
async fn an_offline_virtual_llm_says_when_to_try_again() {
    let mcpd = Mcpd::start().await;
    let laptop = mcpd.token("laptop", "publisher").await;
    mcpd.publish(&laptop, &["qwen"]).await;
    let answer = mcpd.admin.post("/api/v1/llms/qwen/infer", json!({})).await;
    answer.says(503, "provider_offline", "`qwen` is offline");
    assert_eq!(answer.header("retry-after"), Some("10"));
    let list = mcpd.admin.get("/metrics").await.is(200);
    let line = "mcpd_requests_total{llm=\"qwen\",kind=\"virtual\",status=\"503\"} 1";
    assert!(list.text().contains(line), "{}", list.text());
}
