//! The server itself: `std` and threads, so that nothing of the client can hide a fault of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::TOKEN;
use super::fake_jobs::{self, Jobs};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub body: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    resources: BTreeMap<(String, String), Value>,
    asked: Vec<Asked>,
    version: u64,
    /// Sent as they are to those who watch.
    watch: Vec<String>,
    /// Answers by path, without the query.
    answers: BTreeMap<String, (u16, Value)>,
    /// Connections are dropped instead of answered.
    hangs_up: bool,
    /// Nothing is answered for now.
    holds: bool,
    /// What `scripted` streams, piece by piece as a test sends them.
    script: Option<Receiver<String>>,
}

/// Listens on a port of its own until the test ends.
pub struct FakeServer {
    port: u16,
    state: Arc<Mutex<State>>,
    jobs: Arc<Mutex<Jobs>>,
    /// Told when a client drops a connection in the middle of an answer.
    gone: Mutex<Receiver<()>>,
}

impl FakeServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let (tell, gone) = channel();
        let for_thread = state.clone();
        let jobs = Arc::new(Mutex::new(Jobs::default()));
        let jobs_of_thread = jobs.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tell) = (for_thread.clone(), tell.clone());
                let jobs = jobs_of_thread.clone();
                std::thread::spawn(move || serve(stream, &state, &jobs, &tell));
            }
        });
        let server = Self {
            port,
            state,
            jobs,
            gone: Mutex::new(gone),
        };
        server.put_llm("laptop", "virtual", "active", "ollama", "llama3.2:3b");
        server.put_llm("gpt", "public", "active", "openai", "gpt-4o");
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn put_llm(&self, name: &str, kind: &str, phase: &str, provider: &str, model: &str) {
        let mut llm = json!({"apiVersion": "mcpctl/v1", "kind": "Llm",
            "metadata": {"name": name, "id": format!("id-{name}"), "owner": "alice",
                "createdAt": "2020-01-01T00:00:00.000Z", "resourceVersion": 1},
            "spec": {"kind": kind, "type": provider, "model": model, "x-newer": {"kept": [1.5]}},
            "status": {"phase": phase, "inFlight": 0, "queued": 0}});
        if kind == "public" {
            llm["spec"]["url"] = "https://api.example/v1".into();
            llm["spec"]["key"] = "secret/openai#api-key".into();
        }
        let mut state = self.state.lock().unwrap();
        state.resources.insert(("llms".into(), name.into()), llm);
    }

    pub fn remove_all(&self) {
        self.state.lock().unwrap().resources.clear();
    }

    pub fn watch_events(&self, events: &[&str]) {
        self.state.lock().unwrap().watch = events.iter().map(|e| (*e).into()).collect();
    }

    /// Stores a document as it is.
    pub fn put(&self, plural: &str, document: Value) {
        let name = document["metadata"]["name"].as_str().unwrap().to_owned();
        let mut state = self.state.lock().unwrap();
        state.resources.insert((plural.into(), name), document);
    }

    /// Sets what a path answers, whatever its query.
    pub fn answers(&self, path: &str, answer: Value) {
        let mut state = self.state.lock().unwrap();
        state.answers.insert(path.into(), (200, answer));
    }

    /// Sets how a path refuses, whatever its query.
    pub fn refuses(&self, path: &str, status: u16, code: &str, message: &str) {
        let error = json!({"error": {"message": message, "type": "refused", "code": code}});
        let mut state = self.state.lock().unwrap();
        state.answers.insert(path.into(), (status, error));
    }

    /// Lets the LLM `scripted` stream its next answer: each text as a piece, at once when it is
    /// sent. Dropping the sender ends the answer.
    pub fn script(&self) -> Sender<String> {
        self.put_llm("scripted", "virtual", "active", "demo", "demo");
        let (pieces, script) = channel();
        self.state.lock().unwrap().script = Some(script);
        pieces
    }

    /// Drops every connection at its next request, or answers again.
    pub fn hangs_up(&self, hangs_up: bool) {
        self.state.lock().unwrap().hangs_up = hangs_up;
    }

    /// Its jobs.
    pub fn jobs(&self) -> std::sync::MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap()
    }

    /// Lets those who ask wait, or goes on.
    pub fn holds(&self, holds: bool) {
        self.state.lock().unwrap().holds = holds;
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Waits until a client has dropped a connection in the middle of an answer.
    pub fn wait_for_drop(&self) -> bool {
        let limit = std::time::Duration::from_secs(10);
        self.gone.lock().unwrap().recv_timeout(limit).is_ok()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, jobs: &Mutex<Jobs>, gone: &Sender<()>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some((asked, authorized)) = read_request(&mut reader) {
        let hangs_up = {
            let mut state = state.lock().unwrap();
            state.asked.push(asked.clone());
            state.hangs_up
        };
        if hangs_up {
            return;
        }
        while state.lock().unwrap().holds {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        if authorized && asked.path.starts_with("/v1/jobs") {
            if !fake_jobs::answer(&asked, jobs, &mut stream) {
                return;
            }
            continue;
        }
        if !answer(&asked, authorized, state, &mut stream, gone) {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(Asked, bool)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorized) = (0, false);
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorized = value == format!("Bearer {TOKEN}"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let asked = Asked {
        method,
        path,
        body,
        headers,
    };
    Some((asked, authorized))
}

/// Whether the connection may be used again.
fn answer(
    asked: &Asked,
    authorized: bool,
    state: &Mutex<State>,
    out: &mut TcpStream,
    gone: &Sender<()>,
) -> bool {
    if !authorized {
        let why = "the access token is not known";
        return error(out, 401, "invalid_api_key", why, None);
    }
    let bare = asked.path.split('?').next().unwrap_or_default();
    let ready = state.lock().unwrap().answers.get(bare).cloned();
    if let Some((status, ready)) = ready {
        return reply(out, status, &ready);
    }
    let path = asked.path.strip_prefix("/api/v1/").unwrap_or_default();
    let parts: Vec<String> = path
        .split('/')
        .map(|part| part.replace("%2F", "/"))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), &parts[..]) {
        (_, ["whoami"]) => reply(
            out,
            200,
            &json!({"principal": "alice", "token": "admin", "roles": ["admin"],
                "serverVersion": "9.9.9"}),
        ),
        ("GET", ["llms?watch=true"]) => {
            let events = state.lock().unwrap().watch.clone();
            let _ = out.write_all(STREAM_HEAD.as_bytes());
            for event in events {
                let _ = out.write_all(event.as_bytes());
            }
            // Stays open until the client goes.
            let _ = out.read(&mut [0]);
            false
        }
        ("POST", ["route", "explain"]) => {
            let asked: Value = serde_json::from_str(&asked.body).unwrap();
            let why = format!("there is no model {}", asked["model"]);
            error(out, 404, "model_not_found", &why, None)
        }
        ("PUT", ["tokens", name, "limits"]) => {
            let limits: Value = serde_json::from_str(&asked.body).unwrap();
            let mut state = state.lock().unwrap();
            let key = ("tokens".to_owned(), (*name).to_owned());
            let token = state.resources.get_mut(&key).unwrap();
            token["spec"]["limits"] = limits;
            reply(out, 200, token)
        }
        ("POST", ["llms", "scripted", "infer"]) => {
            let script = state.lock().unwrap().script.take();
            scripted(script.unwrap(), out, gone)
        }
        ("POST", ["llms", name, "infer"]) => infer(name, &asked.body, out, gone),
        ("GET", [kind]) => {
            let state = state.lock().unwrap();
            let items = state.resources.iter().filter(|((k, _), _)| k == kind);
            let items: Vec<_> = items.map(|(_, item)| item.clone()).collect();
            let name = format!("{}List", kind_of(kind));
            reply(
                out,
                200,
                &json!({"apiVersion": "mcpctl/v1", "kind": name, "items": items}),
            )
        }
        ("POST", [kind]) => store(kind, None, &asked.body, state, out),
        ("PUT", [kind, name]) => store(kind, Some(name), &asked.body, state, out),
        ("GET" | "DELETE", [kind, name]) => {
            let mut state = state.lock().unwrap();
            let key = ((*kind).to_owned(), (*name).to_owned());
            if *name == "busy" {
                return error(
                    out,
                    409,
                    "conflict",
                    "secret `busy` is in use by llm `gpt`",
                    None,
                );
            }
            let found = match asked.method.as_str() {
                "DELETE" => state.resources.remove(&key),
                _ => state.resources.get(&key).cloned(),
            };
            match found {
                Some(found) => reply(out, 200, &found),
                None => {
                    let why = format!("there is no {} `{name}`", kind_of(kind));
                    error(out, 404, "not_found", &why, None)
                }
            }
        }
        _ => error(out, 405, "method_not_allowed", "no such endpoint", None),
    }
}

fn store(
    kind: &str,
    name: Option<&str>,
    body: &str,
    state: &Mutex<State>,
    out: &mut TcpStream,
) -> bool {
    let mut state = state.lock().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let named = body.pointer("/metadata/name").or(body.get("name"));
    let given = named.and_then(Value::as_str).unwrap_or_default().to_owned();
    if given == "forbidden" {
        return error(out, 403, "forbidden", "this needs the role admin", None);
    }
    let key = (kind.to_owned(), name.unwrap_or(&given).to_owned());
    let before = state.resources.get(&key).cloned();
    if before.is_some() && name.is_none() {
        let why = format!("there is a {} `{given}` already", kind_of(kind));
        return error(out, 409, "name_taken", &why, Some("choose another"));
    }
    let seen = body.pointer("/metadata/resourceVersion");
    let there = before.as_ref().map(|b| &b["metadata"]["resourceVersion"]);
    if seen.is_some() && there.is_some() && seen != there {
        let why = format!("{} `{given}` was changed meanwhile", kind_of(kind));
        return error(out, 409, "conflict", &why, None);
    }
    state.version += 1;
    let version = state.version + 1;
    let spec = body.get("spec").cloned().unwrap_or_else(|| {
        let mut fields = body.clone();
        let object = fields.as_object_mut().unwrap();
        object.remove("name");
        if object.get("kind") == Some(&kind_of(kind).into()) {
            object.remove("kind");
        }
        fields
    });
    let mut made = json!({"apiVersion": "mcpctl/v1", "kind": kind_of(kind),
        "metadata": {"name": key.1, "id": "id-new", "createdAt": "2020-01-01T00:00:00.000Z",
            "resourceVersion": version},
        "spec": spec, "status": {"phase": "active"}});
    if kind == "secrets" {
        let data = made["spec"]["data"].take();
        let fields: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
        made["spec"] = json!({});
        made["status"] = json!({"fields": fields});
    }
    if kind == "tokens" {
        made["status"] = json!({"value": "mcp_new_token_value"});
    }
    let status = if before.is_some() { 200 } else { 201 };
    state.resources.insert(key, made.clone());
    reply(out, status, &made)
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    x-mcpctl-llm: laptop\r\nconnection: close\r\n\r\n";

/// Streams what a test sends. A text that begins with `{` is a delta as it is.
fn scripted(script: Receiver<String>, out: &mut TcpStream, gone: &Sender<()>) -> bool {
    let _ = out.write_all(STREAM_HEAD.as_bytes());
    for piece in script {
        let delta = match serde_json::from_str(&piece) {
            Ok(delta @ Value::Object(_)) => delta,
            _ => json!({"content": piece}),
        };
        let event = format!("data: {}\n\n", json!({"choices": [{"delta": delta}]}));
        if out.write_all(event.as_bytes()).is_err() {
            let _ = gone.send(());
            return false;
        }
    }
    let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let _ = out.write_all(format!("data: {finish}\n\ndata: [DONE]\n\n").as_bytes());
    false
}

/// The LLM's name decides how its answer goes.
fn infer(name: &str, body: &str, out: &mut TcpStream, gone: &Sender<()>) -> bool {
    let request: Value = serde_json::from_str(body).unwrap();
    let last = request["messages"].as_array().unwrap().last().unwrap();
    let said = last["content"].as_str().unwrap().to_owned();
    if name == "offline" {
        let why = "nobody serves `offline` now";
        return error(out, 503, "provider_offline", why, None);
    }
    if !matches!(
        name,
        "laptop" | "gpt" | "smart" | "cut" | "error" | "endless" | "dirty" | "thinks"
    ) {
        let why = format!("there is no LLM `{name}`");
        return error(out, 404, "model_not_found", &why, None);
    }
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
    if request["stream"] != json!(true) {
        let answer = json!({"id": "x", "choices": [{"message": {"role": "assistant",
            "content": format!("you said: {said}")}, "finish_reason": "stop"}], "usage": usage});
        return reply(out, 200, &answer);
    }
    assert_eq!(request["stream_options"]["include_usage"], json!(true));
    let delta = |delta: Value| format!("data: {}\n\n", json!({"choices": [{"delta": delta}]}));
    let text = |text: &str| delta(json!({"content": text}));
    let mut stream = STREAM_HEAD.to_owned();
    match name {
        "thinks" => stream += &delta(json!({"reasoning_content": "let me think"})),
        "dirty" => stream += &text("a\u{1b}]0;title\u{7}\u{1b}[31mb\u{202e}"),
        _ => {}
    }
    stream += &text("you said: ");
    stream += &text(&said);
    match name {
        "cut" => {}
        "error" => {
            stream += "event: error\ndata: {\"error\":{\"message\":\"the publisher went away\",\
                \"code\":\"provider_disconnected\",\"requestId\":\"req-7\"}}\n\n";
        }
        "endless" => {
            let _ = out.write_all(stream.as_bytes());
            while out.write_all(text(".").as_bytes()).is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let _ = gone.send(());
            return false;
        }
        _ => {
            let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
            let counted = json!({"choices": [], "usage": usage});
            stream += &format!("data: {finish}\n\ndata: {counted}\n\ndata: [DONE]\n\n");
        }
    }
    let _ = out.write_all(stream.as_bytes());
    false
}

fn kind_of(plural: &str) -> &'static str {
    match plural {
        "llms" => "Llm",
        "aliases" => "Alias",
        "prices" => "Price",
        "secrets" => "Secret",
        _ => "Token",
    }
}

pub(super) fn reply(out: &mut TcpStream, status: u16, value: &Value) -> bool {
    let body = value.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nx-request-id: req-1\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    out.write_all(head.as_bytes())
        .and_then(|()| out.write_all(body.as_bytes()))
        .is_ok()
}

pub(super) fn error(
    out: &mut TcpStream,
    status: u16,
    code: &str,
    why: &str,
    hint: Option<&str>,
) -> bool {
    let mut body = json!({"error": {"message": why, "type": "x", "param": null, "code": code,
        "requestId": "req-1"}});
    if let Some(hint) = hint {
        body["error"]["hint"] = hint.into();
    }
    reply(out, status, &body)
}
