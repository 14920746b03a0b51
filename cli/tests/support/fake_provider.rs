//! A model server that answers as recorded, on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

/// Listens until the test ends.
pub struct FakeProvider {
    pub port: u16,
}

impl FakeProvider {
    /// Answers each path with its status and body, any other with 404.
    pub fn start(answers: &[(&str, u16, Value)]) -> Self {
        let answers = answers
            .iter()
            .map(|(path, status, body)| ((*path).to_owned(), (*status, body.to_string())));
        let answers: BTreeMap<String, (u16, String)> = answers.collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = answers.clone();
                std::thread::spawn(move || serve(stream, &answers));
            }
        });
        Self { port }
    }

    /// An Ollama that has these models.
    pub fn ollama(models: &[&str]) -> Self {
        let tags: Vec<_> = models
            .iter()
            .map(|name| json!({"name": name, "model": name, "digest": "d", "details": {"families": ["llama"]}}))
            .collect();
        let ids: Vec<_> = models
            .iter()
            .map(|id| json!({"id": id, "object": "model", "created": 1, "owned_by": "library"}))
            .collect();
        Self::start(&[
            ("/api/tags", 200, json!({"models": tags})),
            ("/api/version", 200, json!({"version": "0.12.6"})),
            ("/v1/models", 200, json!({"object": "list", "data": ids})),
        ])
    }

    /// A server that speaks OpenAI's API.
    pub fn openai(owner: &str, models: &[&str]) -> Self {
        let ids: Vec<_> = models
            .iter()
            .map(|id| json!({"id": id, "object": "model", "created": 1, "owned_by": owner}))
            .collect();
        Self::start(&[("/v1/models", 200, json!({"object": "list", "data": ids}))])
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(mut stream: TcpStream, answers: &BTreeMap<String, (u16, String)>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line
            .split_whitespace()
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim_end().is_empty() {
                break;
            }
        }
        let none = (404, "{}".to_owned());
        let (status, body) = answers.get(&path).unwrap_or(&none);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        if stream.write_all((head + body).as_bytes()).is_err() {
            return;
        }
    }
}
