//! A server that has something to choose among.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::fake_jobs::id;
use super::{FakeServer, Ran, Sandbox, run};

/// A server with two LLMs and two jobs, and a sandbox to ask it from.
pub struct Setup {
    pub sandbox: Sandbox,
    pub server: FakeServer,
}

impl Setup {
    pub fn new() -> Self {
        Self {
            sandbox: Sandbox::new(),
            server: FakeServer::start(),
        }
    }

    /// Words as a shell splits them at blanks; a `+` stands for a blank in a word, `ID-1` for the
    /// first job's id.
    fn words(&self, line: &str) -> Vec<String> {
        let words = line.split_whitespace().map(|word| word.replace('+', " "));
        words
            .map(|word| word.replace("ID-1", &id(1)).replace("ID-2", &id(2)))
            .collect()
    }

    pub fn run(&self, line: &str) -> Ran {
        self.run_with(line, &[])
    }

    pub fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let words = self.words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.sandbox.at(&self.server, &words);
        run(command.envs(variables.iter().copied()))
    }

    pub fn shown(&self, line: &str) -> String {
        self.cleaned(&self.run(line))
    }

    pub fn cleaned(&self, ran: &Ran) -> String {
        let shown = ran.shown(Some(&self.server), &self.sandbox.home);
        let mut shown = shown.replace(&id(1), "ID-1").replace(&id(2), "ID-2");
        // All is of the first day of 2020; a night may pass between the run and this.
        for days in [days_since_2020() - 1, days_since_2020()] {
            shown = shown.replace(&format!("{days}d"), "AGEd");
        }
        shown
    }

    /// An LLM with labels, and two jobs.
    pub fn filled() -> Self {
        let setup = Self::new();
        let llm = |name: &str, labels: serde_json::Value, phase: &str, in_flight: u32| {
            let spec = match phase {
                "active" => {
                    json!({"kind": "public", "type": "ollama", "url": "http://x", "model": "m"})
                }
                _ => json!({"kind": "virtual", "type": "ollama", "model": "m"}),
            };
            json!({"apiVersion": "mcpctl/v1", "kind": "Llm",
                "metadata": {"name": name, "id": "i", "labels": labels, "resourceVersion": 1,
                    "owner": "alice"},
                "spec": spec,
                "status": {"phase": phase, "inFlight": in_flight}})
        };
        setup.server.remove_all();
        setup.server.put(
            "llms",
            llm(
                "a",
                json!({"team": "docs", "a.b/tier": "fast"}),
                "active",
                10,
            ),
        );
        setup
            .server
            .put("llms", llm("b", json!({"team": "code"}), "inactive", 9));
        let jobs = [
            json!({"kind": "echo", "status": "done", "labels": {"team": "docs"}, "payload": 1}),
            json!({"kind": "llm.chat", "status": "running", "payload": "slow"}),
        ];
        for job in jobs {
            setup.server.jobs().put(job);
        }
        setup
    }
}

#[allow(clippy::disallowed_methods, reason = "an age is what the clock says")]
fn days_since_2020() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (since.as_secs() - 1_577_836_800) / 86_400
}
