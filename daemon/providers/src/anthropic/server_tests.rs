//! The adapter against a server that answers as Anthropic does, over a socket.

use kit::lifecycle::{Ends, Lifecycle};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

/// The stream that every streaming request is answered with.
const STREAM: &str = include_str!("golden/tool_loop.sse");
/// A key like theirs.
const KEY: &str = "sk-ant-secret";

/// What the server heard: the head in lower case and the body; or that a connection was closed.
#[derive(Debug)]
enum Heard {
    Request(String, Value),
    Closed,
}

/// An adapter whose base URL ends in `base`, and what its server hears.
async fn anthropic(base: &str) -> (Anthropic, mpsc::Receiver<Heard>, Lifecycle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{base}", listener.local_addr().unwrap());
    let (heard, requests) = mpsc::channel(64);
    let lifecycle = Lifecycle::new();
    let spawner = lifecycle.clone();
    lifecycle.spawn("fake Anthropic", Ends::Alone, async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = heard.clone();
            spawner.spawn("fake Anthropic connection", Ends::Alone, async move {
                serve(stream, &heard).await;
                heard.send(Heard::Closed).await.ok();
            });
        }
    });
    let client = Client::new(upstream::Config::default());
    let origin = Origin::parse(&url).unwrap();
    let anthropic = Anthropic::new(client, origin, Some(KEY)).unwrap();
    (anthropic, requests, lifecycle)
}

async fn serve(mut stream: TcpStream, heard: &mpsc::Sender<Heard>) -> Option<()> {
    loop {
        let (head, body) = request(&mut stream).await?;
        let path = head.split(' ').nth(1)?.to_owned();
        let answer = answer(&path, &body);
        let is_endless = body["model"] == "endless";
        heard.send(Heard::Request(head, body)).await.ok()?;
        stream.write_all(answer.as_bytes()).await.ok()?;
        if is_endless {
            // Until the other side is gone.
            while stream.read(&mut [0; 64]).await.ok()? > 0 {}
            return None;
        }
    }
}

fn answer(path: &str, body: &Value) -> String {
    let full = |status: &str, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let refused = |status: &str, kind: &str| {
        let body =
            json!({"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "r"});
        full(status, "application/json", &body.to_string())
    };
    if let Some((_, query)) = path.split_once("/v1/models?limit=1000") {
        let last = query.trim_start_matches("&after_id=");
        let page = match query {
            _ if path.starts_with("/endless") => {
                json!({"data": [{"id": "x"}], "has_more": true, "last_id": format!("{last}x")})
            }
            "" => {
                json!({"data": [{"type": "model", "id": "claude-opus-5", "display_name": "Opus", "max_input_tokens": 1_000_000, "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": true}, "batch": {"supported": true}}}], "has_more": true, "last_id": "claude-opus-5"})
            }
            _ => {
                json!({"data": [{"id": "claude-old"}], "has_more": false, "last_id": "claude-old"})
            }
        };
        return full("200 OK", "application/json", &page.to_string());
    }
    match body["model"].as_str().unwrap_or_default() {
        "busy" => refused("529 X\r\nretry-after: 7", "overloaded_error"),
        "limited" => refused("429 X\r\nretry-after: 9", "rate_limit_error"),
        "missing" => refused("404 X", "not_found_error"),
        "locked" => refused("401 X", "authentication_error"),
        "moved" => full("302 X\r\nlocation: /elsewhere", "text/html", ""),
        "broken" => full("500 X", "text/html", "<html>oh</html>"),
        "endless" => {
            let (first, _) = STREAM.split_once("event: ping").unwrap();
            let size = first.len();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked";
            format!("{head}\r\n\r\n{size:x}\r\n{first}\r\n")
        }
        _ if body["stream"] == true => full("200 OK", "text/event-stream; charset=utf-8", STREAM),
        _ => {
            let message = json!({"id": "msg_1", "type": "message", "model": "m", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}});
            full("200 OK", "application/json", &message.to_string())
        }
    }
}

/// Head and JSON body of the next request.
async fn request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            let length = fields.find(|(name, _)| *name == "content-length");
            if body.len() >= length.map_or(0, |(_, length)| length.parse().unwrap()) {
                let body = serde_json::from_str(body).unwrap_or_default();
                return Some((head, body));
            }
        }
        let read = stream.read(&mut piece).await.ok();
        let read = read.filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
}

fn chat(model: &str, stream: bool) -> Request {
    let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}], "seed": 1});
    Request {
        path: InferPath::ChatCompletions,
        stream,
        body: body.to_string().into(),
    }
}

async fn text(response: Response) -> String {
    let bytes = response.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test]
async fn a_chat_carries_key_and_version_whatever_the_base_url() {
    for base in ["", "/", "/v1", "/v1/"] {
        let (anthropic, mut heard, _lifecycle) = anthropic(base).await;
        let response = anthropic.infer(chat("m", false)).await.unwrap();
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(response.content_type.as_ref().unwrap(), "application/json");
        assert_eq!(response.dropped_params, ["seed"]);
        let answer: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "hi");
        // Some day in this century.
        assert!(answer["created"].as_i64().unwrap() > 1_700_000_000);
        let Some(Heard::Request(head, body)) = heard.recv().await else {
            panic!("no request");
        };
        assert!(head.starts_with("post /v1/messages http/1.1"), "{head}");
        for line in [
            "x-api-key: sk-ant-secret",
            "anthropic-version: 2023-06-01",
            "content-type: application/json",
        ] {
            assert!(head.lines().any(|known| known == line), "{head}");
        }
        assert!(!head.contains("authorization"), "{head}");
        assert_eq!(body["max_tokens"], 4096);
    }
}

#[tokio::test]
async fn a_stream_is_translated_and_its_connection_used_again() {
    let (anthropic, mut heard, _lifecycle) = anthropic("").await;
    for _ in 0..2 {
        let response = anthropic.infer(chat("m", true)).await.unwrap();
        assert_eq!(response.content_type.as_ref().unwrap(), "text/event-stream");
        let events = text(response).await;
        assert!(events.contains("Grüezi 👋"), "{events}");
        assert!(events.ends_with("data: [DONE]\n\n"), "{events}");
        assert!(!events.contains("\"usage\""), "{events}");
        assert!(matches!(heard.recv().await, Some(Heard::Request(..))));
    }
    drop(anthropic);
    assert!(matches!(heard.recv().await, Some(Heard::Closed)));
}

#[tokio::test]
async fn a_dropped_answer_closes_the_connection() {
    let (anthropic, mut heard, _lifecycle) = anthropic("").await;
    let mut response = anthropic.infer(chat("endless", true)).await.unwrap();
    let first = response.body.frame().await.unwrap().unwrap();
    let first = first.into_data().unwrap();
    assert!(first.starts_with(b"data: {"));
    assert!(matches!(heard.recv().await, Some(Heard::Request(..))));
    drop(response);
    // The adapter and its pool are still there: only the answer is gone.
    assert!(matches!(heard.recv().await, Some(Heard::Closed)));
    drop(anthropic);
}

#[tokio::test]
async fn a_refusal_keeps_its_status_in_openai_s_shape() {
    let (anthropic, _heard, _lifecycle) = anthropic("").await;
    let expected = [
        ("busy", 503, "overloaded_error", "provider_error", Some("7")),
        (
            "limited",
            429,
            "rate_limit_error",
            "rate_limit_exceeded",
            Some("9"),
        ),
        ("missing", 404, "not_found_error", "model_not_found", None),
        (
            "locked",
            401,
            "authentication_error",
            "provider_error",
            None,
        ),
        ("broken", 500, "api_error", "provider_error", None),
    ];
    for (model, status, family, code, retry_after) in expected {
        for stream in [false, true] {
            let response = anthropic.infer(chat(model, stream)).await.unwrap();
            assert_eq!(response.status, status, "{model}");
            let told = response
                .retry_after
                .as_ref()
                .map(|value| value.to_str().unwrap());
            assert_eq!(told, retry_after, "{model}");
            assert_eq!(response.content_type.as_ref().unwrap(), "application/json");
            let answer = text(response).await;
            assert!(!answer.contains(KEY), "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let error = &answer["error"];
            assert_eq!(error["type"], family, "{model}");
            assert_eq!(error["code"], code, "{model}");
            assert_eq!(error["param"], Value::Null, "{model}");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("Anthropic: "), "{message}");
        }
    }
}

#[tokio::test]
async fn anthropic_s_own_shape_passes_untouched() {
    let (anthropic, mut heard, _lifecycle) = anthropic("").await;
    let asked = r#"{ "model":"m",  "stream": true, "unknown": 1.50 }"#;
    let request = |body: &str| Request {
        path: InferPath::Messages,
        stream: true,
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    let response = anthropic.infer(request(asked)).await.unwrap();
    assert!(matches!(response.body, Body::Upstream(_)));
    let kind = response.content_type.clone().unwrap();
    assert_eq!(kind, "text/event-stream; charset=utf-8");
    assert_eq!(text(response).await, STREAM);
    let Some(Heard::Request(head, body)) = heard.recv().await else {
        panic!("no request");
    };
    assert_eq!(body["unknown"], 1.5);
    let length = format!("content-length: {}", asked.len());
    assert!(head.lines().any(|line| line == length), "{head}");
    let response = anthropic
        .infer(request(r#"{"model":"busy"}"#))
        .await
        .unwrap();
    assert_eq!(response.status.as_u16(), 529);
    assert_eq!(response.retry_after.clone().unwrap(), "7");
    assert!(text(response).await.starts_with(r#"{"type":"error""#));
}

#[tokio::test]
async fn the_models_are_read_page_by_page() {
    for base in ["", "/v1"] {
        let (anthropic, mut heard, _lifecycle) = anthropic(base).await;
        let models = anthropic.models().await.unwrap();
        let ids: Vec<&str> = models.iter().map(|model| &*model.id).collect();
        assert_eq!(ids, ["claude-opus-5", "claude-old"]);
        assert_eq!(models[0].context_window, Some(1_000_000));
        let known = ["chat", "stream", "tools", "vision", "reasoning"];
        assert_eq!(models[0].capabilities, known);
        assert!(models[1].capabilities.is_empty() && !models[1].remote);
        for query in ["limit=1000", "limit=1000&after_id=claude-opus-5"] {
            let Some(Heard::Request(head, _)) = heard.recv().await else {
                panic!("no request");
            };
            let line = format!("get /v1/models?{query} http/1.1");
            assert_eq!(head.lines().next().unwrap(), line);
            assert!(head.contains("x-api-key: sk-ant-secret"));
        }
    }
}

#[tokio::test]
async fn a_list_without_end_is_read_to_a_bound() {
    let (anthropic, _heard, _lifecycle) = anthropic("/endless/v1").await;
    assert_eq!(anthropic.models().await.unwrap().len(), 10);
}

#[tokio::test]
async fn an_answer_that_leads_elsewhere_is_not_followed() {
    let (anthropic, _heard, _lifecycle) = anthropic("").await;
    let why = anthropic.infer(chat("moved", true)).await.err().unwrap();
    assert!(matches!(why, Error::Unreadable(_)), "{why}");
}

#[tokio::test]
async fn what_anthropic_has_not_is_said() {
    let (anthropic, _heard, _lifecycle) = anthropic("").await;
    for path in InferPath::ALL {
        if matches!(path, InferPath::Messages | InferPath::ChatCompletions) {
            continue;
        }
        let (stream, body) = (false, Bytes::from_static(b"{}"));
        let asked = Request { path, stream, body };
        let why = anthropic.infer(asked).await.err().unwrap();
        assert!(matches!(why, Error::Unsupported(_)));
        assert!(why.to_string().contains("use chat/completions"), "{why}");
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_refused_without_being_told() {
    let origin = Origin::parse("https://api.anthropic.com").unwrap();
    let client = Client::new(upstream::Config::default());
    let why = Anthropic::new(client, origin, Some("sk\nsecret"))
        .err()
        .unwrap();
    assert!(!why.to_string().contains("secret"), "{why}");
    assert!(format!("{:?}", api_key("secret").unwrap()).contains("Sensitive"));
}
