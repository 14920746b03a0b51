//! The adapter against a server that answers as Ollama does.

use http_body_util::BodyExt;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::SeededRandom;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

/// An adapter, and the bodies that its server was sent.
async fn ollama(settings: Settings) -> (Ollama, mpsc::Receiver<(String, Value)>, Lifecycle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heard, requests) = mpsc::channel(64);
    let lifecycle = Lifecycle::new();
    let spawner = lifecycle.clone();
    lifecycle.spawn("fake Ollama", Ends::Alone, async move {
        while let Ok((stream, _)) = listener.accept().await {
            let work = serve(stream, heard.clone());
            spawner.spawn("fake Ollama connection", Ends::Alone, async move {
                work.await;
            });
        }
    });
    let client = Client::new(upstream::Config::default());
    let origin = Origin::parse(&url).unwrap();
    let ollama = Ollama::new(client, origin, None, settings, SeededRandom::new(1)).unwrap();
    (ollama, requests, lifecycle)
}

async fn serve(mut stream: TcpStream, heard: mpsc::Sender<(String, Value)>) -> Option<()> {
    loop {
        let (path, body) = request(&mut stream).await?;
        let (status, answer) = answer(&path, &body);
        heard.send((path, body)).await.ok()?;
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).await.ok()?;
    }
}

fn answer(path: &str, body: &Value) -> (u16, String) {
    let tags = json!({"models": [
        {"name": "llama3.2:3b", "model": "llama3.2:3b", "digest": "a"},
        {"name": "gpt-oss:120b-cloud", "digest": "b", "remote_host": "https://ollama.com:443"}]});
    let show =
        json!({"model_info": {"llama.context_length": 131_072}, "capabilities": ["completion"]});
    let done =
        json!({"model": "m", "message": {"content": "hi"}, "done": true, "done_reason": "stop"});
    match (path, body["model"].as_str()) {
        ("/api/tags", _) => (200, tags.to_string()),
        ("/api/show", _) => (200, show.to_string()),
        ("/api/embed", _) => (200, json!({"model": "m", "embeddings": [[1]]}).to_string()),
        (_, Some("missing")) => (
            404,
            json!({"error": "model 'missing' not found"}).to_string(),
        ),
        _ => (200, done.to_string() + "\n"),
    }
}

/// Path and JSON body of the next request.
async fn request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            let length = fields.find(|(name, _)| *name == "content-length");
            if body.len() >= length.map_or(0, |(_, length)| length.parse().unwrap()) {
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, serde_json::from_str(body).unwrap_or_default()));
            }
        }
        let read = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
}

async fn ask(ollama: &Ollama, stream: bool, body: Value) -> (StatusCode, String) {
    let (path, body) = (InferPath::ChatCompletions, body.to_string().into());
    let response = ollama.infer(Request { path, stream, body }).await.unwrap();
    let bytes = response.body.collect().await.unwrap().to_bytes();
    (response.status, String::from_utf8(bytes.into()).unwrap())
}

#[tokio::test]
async fn a_chat_names_its_context_length_and_the_model_is_described_once() {
    let (ollama, mut requests, _lifecycle) = ollama(Settings::default()).await;
    for stream in [false, true] {
        let (status, answer) = ask(&ollama, stream, json!({"model": "m", "messages": []})).await;
        assert_eq!(status, StatusCode::OK);
        assert!(answer.contains("\"content\":\"hi\""), "{answer}");
        assert_eq!(answer.ends_with("data: [DONE]\n\n"), stream);
    }
    let mut paths = Vec::new();
    while let Ok((path, body)) = requests.try_recv() {
        if path == "/api/chat" {
            assert_eq!(body["options"]["num_ctx"], DEFAULT_NUM_CTX);
        }
        paths.push(path);
    }
    assert_eq!(paths, ["/api/show", "/api/chat", "/api/chat"]);
}

#[tokio::test]
async fn a_refusal_keeps_its_status_in_openai_s_shape() {
    let (ollama, _requests, _lifecycle) = ollama(Settings::default()).await;
    let (status, answer) = ask(&ollama, true, json!({"model": "missing", "messages": []})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["error"]["code"], code::MODEL_NOT_FOUND);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("'missing' not found"), "{message}");
}

#[tokio::test]
async fn a_model_that_runs_in_the_cloud_is_listed_as_remote() {
    let (ollama, mut requests, _lifecycle) = ollama(Settings::default()).await;
    let models = ollama.models().await.unwrap();
    assert_eq!(models[0].context_window, Some(131_072));
    assert_eq!(models[0].capabilities, ["chat", "stream"]);
    let remote: Vec<bool> = models.iter().map(|model| model.remote).collect();
    assert_eq!(remote, [false, true]);
    // Polled again: only the list, and never anything that loads a model.
    ollama.models().await.unwrap();
    let mut paths = Vec::new();
    while let Ok((path, _)) = requests.try_recv() {
        paths.push(path);
    }
    assert_eq!(paths, ["/api/tags", "/api/show", "/api/show", "/api/tags"]);
}
