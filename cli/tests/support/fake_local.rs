//! An mcplocal that answers at its socket as long as the test runs.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::Sandbox;

/// Listens in a sandbox.
pub struct FakeLocal {
    asked: Arc<Mutex<Vec<String>>>,
    news: Arc<Condvar>,
}

impl FakeLocal {
    /// Answers `status` with this state, anything else with "done".
    pub fn start(sandbox: &Sandbox, status: Value) -> Self {
        let listener = UnixListener::bind(sandbox.home.join("mcplocal.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let news = Arc::new(Condvar::new());
        let (noted, tell) = (asked.clone(), news.clone());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut question = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                if reader.read_line(&mut question).unwrap_or(0) == 0 {
                    continue;
                }
                let reply = if question.contains("\"status\"") {
                    status.clone()
                } else {
                    json!({"reply": "done", "message": "done"})
                };
                noted.lock().unwrap().push(question.trim().to_owned());
                tell.notify_all();
                // An asker that went away is no fault of the test.
                let _ = stream.write_all(format!("{reply}\n").as_bytes());
            }
        });
        Self { asked, news }
    }

    /// Waits until it was asked something with this word in it.
    pub fn wait_for(&self, word: &str) {
        let mut asked = self.asked.lock().unwrap();
        let limit = Duration::from_secs(20);
        while !asked.iter().any(|question| question.contains(word)) {
            let (now, out) = self.news.wait_timeout(asked, limit).unwrap();
            assert!(!out.timed_out(), "never asked to {word}, but: {now:?}");
            asked = now;
        }
    }
}

/// A state: connected to `server`, with one provider `name` whose message is `message`.
pub fn status(server: &str, name: &str, ready: bool, message: Option<&str>) -> Value {
    json!({"reply": "status", "version": "0.1.0", "pid": 7, "startedAt": "2020-01-01T00:00:00.000Z",
        "configPath": "/c", "server": server, "problems": [],
        "link": {"state": "connected", "epoch": 1, "providerSessionId": null,
            "since": "2020-01-01T00:00:00.000Z", "lastError": null, "retryInMs": null},
        "providers": [{"name": name, "type": "ollama", "model": "m", "publish": true, "ready": ready,
            "inFlight": 0, "message": message}]})
}
