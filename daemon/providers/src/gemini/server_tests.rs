//! The adapter against a server that answers as Google does, over a real socket.

use std::time::Duration;

use http_body_util::BodyExt;
use kit::clock::ManualClock;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::SeededRandom;
use serde_json::{Value, json};
use shared::error_body::code;
use shared::timestamp::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

const SECRET: &str = "AIzaSecretSecret";

/// What the server was sent; `Closed` where the connection ended in the middle of an answer.
#[derive(Debug)]
enum Heard {
    Request(Heading, Value),
    Closed,
}

/// The first line and the headers, in lower case but for the first line.
#[derive(Debug)]
struct Heading(String);

impl Heading {
    fn line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.lines().filter_map(|line| line.split_once(": "));
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

async fn gemini(base: &str) -> (Gemini, mpsc::Receiver<Heard>, Lifecycle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{base}", listener.local_addr().unwrap());
    let (heard, requests) = mpsc::channel(64);
    let lifecycle = Lifecycle::new();
    let spawner = lifecycle.clone();
    lifecycle.spawn("fake Gemini", Ends::Alone, async move {
        while let Ok((stream, _)) = listener.accept().await {
            let work = serve(stream, heard.clone());
            spawner.spawn("fake Gemini connection", Ends::Alone, async move {
                work.await;
            });
        }
    });
    let client = Client::new(upstream::Config::default());
    let gemini = Gemini::new(client, Origin::parse(&url).unwrap(), Some(SECRET)).unwrap();
    let clock = ManualClock::at(Timestamp::from_millis(1_795_253_400_500));
    (
        gemini.with(SeededRandom::new(1), clock),
        requests,
        lifecycle,
    )
}

async fn serve(mut stream: TcpStream, heard: mpsc::Sender<Heard>) -> Option<()> {
    loop {
        let (heading, body) = request(&mut stream).await?;
        let line = heading.line().to_owned();
        heard.send(Heard::Request(heading, body)).await.ok()?;
        if line.contains("/models/endless:") {
            endless(&mut stream).await;
            return heard.send(Heard::Closed).await.ok();
        }
        let (status, kind, answer) = answer(&line);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).await.ok()?;
    }
}

/// The first event of a stream, and then silence until the other side goes.
async fn endless(stream: &mut TcpStream) {
    let event = format!("data: {}\n\n", piece(Value::Null));
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let first = format!("{head}{:x}\r\n{event}\r\n", event.len());
    if stream.write_all(first.as_bytes()).await.is_ok() {
        while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
    }
}

fn piece(reason: Value) -> Value {
    json!({"candidates": [{"content": {"parts": [{"text": "hi"}], "role": "model"},
        "finishReason": reason, "index": 0}], "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}})
}

fn answer(line: &str) -> (u16, &'static str, String) {
    const JSON: &str = "application/json; charset=UTF-8";
    let error = |status: u16, name: &str, message: &str, details: Value| {
        let error = json!({"code": status, "message": message, "status": name, "details": details});
        (status, JSON, json!({"error": error}).to_string())
    };
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (_, call) = path.rsplit_once('/').unwrap_or_default();
    match call {
        "missing:generateContent" | "missing:streamGenerateContent?alt=sse" => error(
            404, "NOT_FOUND", "models/missing is not found for API version v1beta", json!([])),
        "busy:generateContent" => error(429, "RESOURCE_EXHAUSTED", "quota", json!([
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "10.6s"}])),
        "locked:generateContent" => error(
            403, "PERMISSION_DENIED", &format!("Consumer 'api_key:{SECRET}' has been suspended."), json!([])),
        "plain:streamGenerateContent?alt=sse" => (200, JSON, json!([piece(json!("STOP"))]).to_string()),
        "cut:streamGenerateContent?alt=sse" => {
            (200, "text/event-stream", format!("data: {}\r\n\r\n", piece(Value::Null)))
        }
        "models?pageSize=1000" => (200, JSON, json!({"nextPageToken": "a/b=", "models": [
            {"name": "models/gemini-2.5-flash", "inputTokenLimit": 1_048_576, "thinking": true,
                "supportedGenerationMethods": ["generateContent", "countTokens"]}]}).to_string()),
        "models?pageSize=1000&pageToken=a%2Fb%3D" => (200, JSON, json!({"models": [
            {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]}]}).to_string()),
        _ if call.ends_with(":embedContent") => (200, JSON, json!({"embedding": {"values": [1]}}).to_string()),
        _ if call.ends_with("?alt=sse") => {
            (200, "text/event-stream", format!("data: {}\r\n\r\n", piece(json!("STOP"))))
        }
        _ => (200, JSON, piece(json!("STOP")).to_string()),
    }
}

async fn request(stream: &mut TcpStream) -> Option<(Heading, Value)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let heading = Heading(head.into());
            let length = heading.header("content-length");
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some((heading, serde_json::from_str(body).unwrap_or_default()));
            }
        }
        let read = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}

async fn heard(requests: &mut mpsc::Receiver<Heard>) -> Heard {
    let next = tokio::time::timeout(Duration::from_secs(10), requests.recv());
    next.await.expect("the server hears something").unwrap()
}

async fn ask(
    gemini: &Gemini,
    path: InferPath,
    stream: bool,
    body: Value,
) -> Result<Response, Error> {
    let body = body.to_string().into();
    gemini.infer(Request { path, stream, body }).await
}

async fn chat(gemini: &Gemini, model: &str, stream: bool) -> Result<Response, Error> {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = json!({"model": model, "messages": messages, "user": "u", "stream": stream});
    ask(gemini, InferPath::ChatCompletions, stream, body).await
}

async fn text(response: Response) -> String {
    let bytes = response.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test]
async fn the_key_stands_in_its_header_and_nowhere_else() {
    for base in ["", "/", "/v1beta", "/v1beta/", "/proxy/v1beta"] {
        let (gemini, mut requests, _lifecycle) = gemini(base).await;
        let prefix = base.trim_end_matches('/');
        let prefix = if prefix.is_empty() { "/v1beta" } else { prefix };
        for (stream, call) in [
            (false, "generateContent"),
            (true, "streamGenerateContent?alt=sse"),
        ] {
            let response = chat(&gemini, "models/gemini-2.5-flash", stream)
                .await
                .unwrap();
            assert_eq!(response.status, StatusCode::OK);
            assert_eq!(response.dropped_params, ["user"]);
            let kind = response.content_type.clone().unwrap();
            assert_eq!(kind == "text/event-stream", stream);
            let answer = text(response).await;
            assert!(answer.contains(r#""content":"hi""#), "{answer}");
            assert_eq!(answer.ends_with("data: [DONE]\n\n"), stream);
            assert!(answer.contains("1795253400"), "{answer}");
            let Heard::Request(heading, body) = heard(&mut requests).await else {
                panic!("closed");
            };
            let line = format!("POST {prefix}/models/gemini-2.5-flash:{call} HTTP/1.1");
            assert_eq!(heading.line(), line);
            assert_eq!(heading.header("x-goog-api-key"), Some(SECRET));
            assert_eq!(heading.header("content-type"), Some("application/json"));
            assert_eq!(heading.header("authorization"), None);
            assert_eq!(heading.0.matches(SECRET).count(), 1);
            assert!(!body.to_string().contains(SECRET));
            assert_eq!(body["contents"][0]["parts"][0]["text"], "hi");
            assert!(body.get("model").is_none() && body.get("stream").is_none());
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_status_in_openai_s_shape() {
    let (gemini, _requests, _lifecycle) = gemini("").await;
    for stream in [false, true] {
        let response = chat(&gemini, "missing", stream).await.unwrap();
        assert_eq!(response.status, StatusCode::NOT_FOUND);
        assert_eq!(response.content_type.clone().unwrap(), "application/json");
        let answer: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(answer["error"]["code"], code::MODEL_NOT_FOUND);
        assert_eq!(answer["error"]["type"], "not_found_error");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("models/missing is not found"), "{message}");
    }
    let response = chat(&gemini, "busy", false).await.unwrap();
    assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.retry_after.clone().unwrap(), "11");
    assert!(text(response).await.contains("RESOURCE_EXHAUSTED"));
}

#[tokio::test]
async fn a_refusal_that_names_the_key_does_not_pass_it_on() {
    let (gemini, _requests, _lifecycle) = gemini("").await;
    let response = chat(&gemini, "locked", false).await.unwrap();
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    let answer = text(response).await;
    assert!(!answer.contains(SECRET), "{answer}");
    assert!(
        answer.contains("has been suspended") && answer.contains("hint"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stream_that_is_none_is_an_error() {
    let (gemini, _requests, _lifecycle) = gemini("").await;
    let plain = chat(&gemini, "plain", true).await;
    assert!(matches!(plain, Err(Error::Unreadable(why)) if why.contains("application/json")));
    let cut = chat(&gemini, "cut", true).await.unwrap();
    let ended = cut.body.collect().await;
    assert!(matches!(ended, Err(Error::CutShort)));
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection() {
    let (gemini, mut requests, _lifecycle) = gemini("").await;
    let response = chat(&gemini, "endless", true).await.unwrap();
    assert!(matches!(heard(&mut requests).await, Heard::Request(..)));
    let mut body = response.body;
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(r#""content":"hi""#));
    drop(body);
    assert!(matches!(heard(&mut requests).await, Heard::Closed));
}

#[tokio::test]
async fn dropping_the_request_closes_the_connection() {
    let (gemini, mut requests, _lifecycle) = gemini("").await;
    // The whole answer never comes: the future waits for it until it is dropped.
    let asked = chat(&gemini, "endless", false);
    tokio::select! {
        _ = asked => panic!("an endless answer ended"),
        heard = heard(&mut requests) => assert!(matches!(heard, Heard::Request(..))),
    }
    assert!(matches!(heard(&mut requests).await, Heard::Closed));
}

#[tokio::test]
async fn the_models_are_read_page_by_page() {
    let (gemini, mut requests, _lifecycle) = gemini("").await;
    let models = gemini.models().await.unwrap();
    let ids: Vec<&str> = models.iter().map(|model| &*model.id).collect();
    assert_eq!(ids, ["gemini-2.5-flash", "gemini-embedding-001"]);
    assert_eq!(models[0].context_window, Some(1_048_576));
    assert_eq!(models[0].capabilities, ["chat", "stream", "reasoning"]);
    assert_eq!(models[1].capabilities, ["embeddings"]);
    for _ in 0..2 {
        let Heard::Request(heading, _) = heard(&mut requests).await else {
            panic!("closed");
        };
        assert!(
            heading
                .line()
                .starts_with("GET /v1beta/models?pageSize=1000")
        );
        assert_eq!(heading.header("x-goog-api-key"), Some(SECRET));
    }
}

#[tokio::test]
async fn embeddings_go_to_their_own_call() {
    let (gemini, mut requests, _lifecycle) = gemini("/v1beta").await;
    let asked = json!({"model": "gemini-embedding-001", "input": "a", "encoding_format": "float"});
    let response = ask(&gemini, InferPath::Embeddings, false, asked)
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(answer["data"][0]["embedding"], json!([1]));
    let Heard::Request(heading, _) = heard(&mut requests).await else {
        panic!("closed");
    };
    let line = "POST /v1beta/models/gemini-embedding-001:embedContent HTTP/1.1";
    assert_eq!(heading.line(), line);
}

#[tokio::test]
async fn what_gemini_does_not_have_is_refused_with_a_way_out() {
    let client = || Client::new(upstream::Config::default());
    let origin = |url: &str| Origin::parse(url).unwrap();
    let google = origin("https://generativelanguage.googleapis.com");
    let gemini = Gemini::new(client(), google.clone(), None).unwrap();
    let none = ask(&gemini, InferPath::Rerank, false, json!({})).await;
    assert!(matches!(none, Err(Error::Unsupported(why)) if why.contains("chat/completions")));
    let openai = origin("https://generativelanguage.googleapis.com/v1beta/openai/");
    let wrong = Gemini::new(client(), openai, None).err().unwrap();
    assert!(wrong.to_string().contains("/openai"), "{wrong}");
    let wrong = Gemini::new(client(), google, Some("a\u{7}b"))
        .err()
        .unwrap();
    assert!(!wrong.to_string().contains("a\u{7}b"), "{wrong}");
}
