//! The fake server's jobs: submitted, looked up, streamed; and the trouble that a test orders.
//!
//! What becomes of a job is its payload's to say: `"fail"` ends in an error, `"slow"` runs on,
//! `"mute"` tells nothing of its end, all others are done. Each look at a job takes it one step
//! further.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::fake_server::{Asked, error, reply};

/// What a request for jobs meets in place of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// None: it is answered as ever.
    Pass,
    /// The connection is dropped, and nothing was done.
    HangUp,
    /// It was done, and the connection is dropped.
    LoseAnswer,
    /// The server is stopping.
    Unavailable,
}

/// All jobs.
#[derive(Default)]
pub struct Jobs {
    jobs: Vec<Value>,
    /// Body and answer by key.
    keys: BTreeMap<String, (String, Value)>,
    /// The next requests' trouble, by what their path contains.
    trouble: VecDeque<(&'static str, Trouble)>,
    /// Each connection of a stream ends behind so many events.
    cut_after: Option<usize>,
    warning: Option<&'static str>,
}

impl Jobs {
    pub fn trouble(&mut self, path: &'static str, trouble: &[Trouble]) {
        self.trouble.extend(trouble.iter().map(|one| (path, *one)));
    }

    pub fn cut_after(&mut self, events: usize) {
        self.cut_after = Some(events);
    }

    pub fn warns(&mut self, warning: &'static str) {
        self.warning = Some(warning);
    }

    /// Stores a job as it stands; what is not given is as of a new one.
    pub fn put(&mut self, fields: Value) -> String {
        let id = id(self.jobs.len() as u64 + 1);
        let mut job = json!({"id": id, "kind": "echo", "payload": null, "status": "queued",
            "attempts": 0, "max_attempts": 3, "priority": 0, "lease_until": null,
            "deadline_at": null, "result": null, "error": null,
            "queued_at": "2020-01-01T00:00:00.000Z", "updated_at": "2020-01-01T00:00:00.000Z",
            "principal": "alice"});
        for (field, value) in fields.as_object().unwrap() {
            job[field] = value.clone();
        }
        self.jobs.push(job);
        id
    }

    pub fn count(&self) -> usize {
        self.jobs.len()
    }

    fn find(&mut self, id: &str) -> Option<&mut Value> {
        self.jobs.iter_mut().find(|job| job["id"] == *id)
    }

    fn submit(&mut self, body: &str, key: Option<&str>) -> Result<Value, &'static str> {
        if let Some(key) = key
            && let Some((before, answer)) = self.keys.get(key)
        {
            return if before == body {
                Ok(answer.clone())
            } else {
                Err("this key was used with other jobs")
            };
        }
        let sent: Value = serde_json::from_str(body).unwrap();
        let mut answer = match sent["jobs"].as_array() {
            Some(jobs) => {
                let ids: Vec<_> = jobs.iter().map(|job| self.put(job.clone())).collect();
                json!({ "job_ids": ids })
            }
            None => json!({ "job_id": self.put(sent) }),
        };
        if let Some(warning) = self.warning {
            match answer.get("job_id") {
                Some(_) => answer["warning"] = warning.into(),
                None => answer["warnings"] = json!([warning, warning]),
            }
        }
        if let Some(key) = key {
            self.keys.insert(key.into(), (body.into(), answer.clone()));
        }
        Ok(answer)
    }
}

/// The id of the job that was submitted so many places after the first, which is 1.
pub fn id(n: u64) -> String {
    format!("019aa5c3-1b7d-7f00-8000-{n:012}")
}

/// One step further.
fn advance(job: &mut Value) {
    match (job["status"].as_str(), job["payload"].as_str()) {
        (Some("queued"), _) => {
            job["status"] = "running".into();
            job["worker"] = "built-in".into();
        }
        (Some("running"), Some("slow")) => {}
        (Some("running"), Some("fail")) => {
            job["status"] = "error".into();
            job["error"] = "the model is on strike".into();
        }
        (Some("running"), _) => job["status"] = "done".into(),
        _ => {}
    }
}

/// What a job tells, one event a number.
fn events(job: &Value) -> Vec<(&'static str, Value)> {
    let mut events = vec![
        (
            "queued",
            json!({"position": 1, "eta_s": 90, "reason": "`laptop` is away"}),
        ),
        ("running", json!({"worker": "built-in"})),
    ];
    match job["payload"].as_str() {
        Some("slow") => {}
        // It ends without an event.
        Some("mute") => {}
        Some("fail") => events.push(("error", json!({"error": "the model is on strike"}))),
        _ => events.extend([
            ("progress", json!({"done": 1, "total": 2})),
            ("chunk", json!({"data": "hel"})),
            ("chunk", json!({"data": "lo\nthere"})),
            (
                "done",
                json!({"result": {"response": "hello\nthere", "tokens_out": 3}}),
            ),
        ]),
    }
    events
}

/// Whether the connection may be used again.
pub fn answer(asked: &Asked, state: &Mutex<Jobs>, out: &mut TcpStream) -> bool {
    let mut jobs = state.lock().unwrap();
    let trouble = match jobs.trouble.front() {
        Some((path, _)) if asked.path.contains(path) => jobs.trouble.pop_front(),
        _ => None,
    };
    match trouble.map(|(_, trouble)| trouble) {
        Some(Trouble::HangUp) => return false,
        Some(Trouble::Unavailable) => {
            return error(out, 503, "shutting_down", "the server is stopping", None);
        }
        Some(Trouble::LoseAnswer) => {
            let key = asked.headers.get("idempotency-key").map(String::as_str);
            jobs.submit(&asked.body, key).unwrap();
            return false;
        }
        Some(Trouble::Pass) | None => {}
    }
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let path = path.strip_prefix("/v1/jobs").unwrap();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (asked.method.as_str(), &parts[..]) {
        ("POST", []) => {
            let key = asked.headers.get("idempotency-key").map(String::as_str);
            match jobs.submit(&asked.body, key) {
                Ok(answer) => reply(out, 202, &answer),
                Err(why) => error(out, 409, "conflict", why, None),
            }
        }
        ("GET", []) => list(&jobs, query, out),
        ("GET", ["summary"]) => reply(out, 200, &summary()),
        ("POST", ["lookup"]) => {
            let ids: Value = serde_json::from_str(&asked.body).unwrap();
            let ids = ids["ids"].as_array().unwrap();
            assert!(ids.len() <= 1000);
            let mut found = Vec::new();
            for id in ids {
                if let Some(job) = jobs.find(id.as_str().unwrap()) {
                    found.push(job.clone());
                    advance(job);
                }
            }
            reply(out, 200, &json!({ "jobs": found }))
        }
        (_, [id, rest @ ..]) => {
            let cut_after = jobs.cut_after;
            let Some(job) = jobs.find(id) else {
                let why = format!("there is no job `{id}`");
                return error(out, 404, "not_found", &why, None);
            };
            let ended = !matches!(job["status"].as_str(), Some("queued" | "running"));
            match (asked.method.as_str(), rest) {
                ("GET", []) => reply(out, 200, job),
                ("GET", ["stream"]) => {
                    let (events, mute) = (events(job), job["payload"] == "mute");
                    drop(jobs);
                    stream(asked, &events, cut_after, mute, out)
                }
                ("POST", ["cancel"]) => {
                    job["status"] = "canceled".into();
                    reply(out, 200, job)
                }
                ("POST", ["retry"]) | ("DELETE", []) if !ended => {
                    error(out, 409, "conflict", "the job has not ended", None)
                }
                ("POST", ["retry"]) => {
                    job["status"] = "queued".into();
                    reply(out, 200, job)
                }
                ("DELETE", []) => {
                    jobs.jobs.retain(|job| job["id"] != **id);
                    reply(out, 200, &json!({}))
                }
                _ => error(out, 405, "method_not_allowed", "no such endpoint", None),
            }
        }
        _ => error(out, 405, "method_not_allowed", "no such endpoint", None),
    }
}

fn list(jobs: &Jobs, query: &str, out: &mut TcpStream) -> bool {
    let asked = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name);
        let decoded = |(_, value): (&str, &str)| value.replace("%2E", ".").replace("%2D", "-");
        values.next().map(decoded)
    };
    let limit: usize = asked("limit").unwrap().parse().unwrap();
    // Pages of 2, so that a test has some.
    let limit = limit.min(2);
    let mut found: Vec<Value> = jobs.jobs.iter().rev().cloned().collect();
    for field in ["status", "kind"] {
        if let Some(wanted) = asked(field) {
            found.retain(|job| job[field] == *wanted);
        }
    }
    if let Some(cursor) = asked("cursor") {
        found.retain(|job| job["id"].as_str().unwrap() < cursor.as_str());
    }
    let mut page = json!({});
    if found.len() > limit {
        found.truncate(limit);
        page["next_cursor"] = found.last().unwrap()["id"].clone();
    }
    for job in &mut found {
        job.as_object_mut().unwrap().remove("payload");
    }
    page["jobs"] = found.into();
    reply(out, 200, &page)
}

fn summary() -> Value {
    json!({"counts": [{"kind": "llm.chat", "status": "queued", "jobs": 3},
            {"kind": "llm.chat", "status": "running", "jobs": 1},
            {"kind": "echo", "status": "done", "jobs": 120}],
        "running": [{"id": id(1), "kind": "llm.chat", "worker": "built-in",
            "started_at": "2020-01-01T00:00:00Z", "waits_for": "gpt"}],
        "waiting": [{"kind": "llm.chat", "waits_for": "laptop", "jobs": 3,
            "reason": "nobody serves `laptop` now"}],
        "ended_per_minute": 14.2, "since": "2020-01-01T00:00:00Z"})
}

fn stream(
    asked: &Asked,
    events: &[(&'static str, Value)],
    cut_after: Option<usize>,
    mute: bool,
    out: &mut TcpStream,
) -> bool {
    let after = asked.headers.get("last-event-id");
    // The last one comes again: a client passes it over.
    let from = after.map_or(1, |id| id.parse().unwrap());
    let from = if mute && after.is_some() {
        from + 1
    } else {
        from
    };
    let mut text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
        connection: close\r\n\r\n: here\n\n"
        .to_owned();
    let mut sent = 0;
    for (at, (name, data)) in events.iter().enumerate() {
        if at + 1 >= from && cut_after.is_none_or(|most| sent < most) {
            sent += 1;
            text += &format!("id: {}\nevent: {name}\ndata: {data}\n\n", at + 1);
        }
    }
    let _ = out.write_all(text.as_bytes());
    let ends = matches!(events.last(), Some(("done" | "error", _)));
    if !ends && !mute && !asked.path.contains("follow=false") {
        // Stays open until the client goes.
        let _ = out.read(&mut [0]);
    }
    false
}
