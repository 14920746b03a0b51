//! A console with a server's data in it, and the screen as text.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use serde_json::{Value, json};
use shared::timestamp::Timestamp;

use crate::text::width;
use crate::{Action, By, Console, Feed, Kind, News, Setup, Trouble, TroubleKind, View, What};

/// 2026-11-21T09:30:00Z.
const NOW: i64 = 1_795_253_400_000;

pub(super) struct Stage {
    pub(super) console: Console,
    now: Timestamp,
}

impl Stage {
    /// Before anything was told.
    pub(super) fn empty(view: View) -> Self {
        Self::with(view, true, false)
    }

    pub(super) fn with(view: View, colour: bool, read_only: bool) -> Self {
        let now = Timestamp::from_millis(NOW);
        let console = Console::new(Setup {
            server: "http://mcpd.example".into(),
            view,
            colour,
            read_only,
            now,
        });
        Self { console, now }
    }

    /// With everything that the view wants.
    pub(super) fn full(view: View) -> Self {
        let mut stage = Self::empty(view);
        stage.tell_all();
        stage
    }

    pub(super) fn tell_all(&mut self) {
        for feed in self.console.wanted() {
            for what in answers(&feed) {
                self.tell(feed.clone(), what);
            }
        }
    }

    pub(super) fn tell(&mut self, feed: Feed, what: What) {
        self.console.tell(News { feed, what }, self.now);
        self.console.settle();
    }

    pub(super) fn lose(&mut self, feed: Feed, kind: TroubleKind, why: &str, hint: Option<&str>) {
        let trouble = Trouble {
            kind,
            why: why.into(),
            hint: hint.map(Into::into),
            again_in: Duration::from_secs(5),
        };
        self.tell(feed, What::Trouble(trouble));
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.console.tick(self.now);
    }

    /// Presses the keys of a text: letters as they are, others in brackets, such as `<Esc>`.
    pub(super) fn press(&mut self, keys: &str) -> Option<Action> {
        let mut last = None;
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let named = rest
                .strip_prefix('<')
                .and_then(|named| named.split_once('>'));
            let (key, after) = match named {
                Some((name, after)) => (named_key(name), after),
                None => (
                    KeyEvent::from(KeyCode::Char(first)),
                    &rest[first.len_utf8()..],
                ),
            };
            last = self.console.key(key);
            rest = after;
        }
        last
    }

    pub(super) fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| self.console.draw(frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    pub(super) fn screen(&mut self, width: u16, height: u16) -> String {
        text(&self.buffer(width, height))
    }

    pub(super) fn chosen(&self) -> Option<&str> {
        self.console
            .table()
            .chosen_row()
            .map(|row| row.key.as_str())
    }
}

fn named_key(name: &str) -> KeyEvent {
    let code = match name {
        "Esc" => KeyCode::Esc,
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "PgDn" => KeyCode::PageDown,
        "PgUp" => KeyCode::PageUp,
        control => {
            let letter = control.chars().last().unwrap();
            return KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        }
    };
    KeyEvent::from(code)
}

/// The text of a screen, without the blanks at its right.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut lines = Vec::new();
    for y in 0..buffer.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // A wide letter covers the cells behind it.
            x += u16::try_from(width(symbol)).unwrap().max(1);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

pub(super) fn rows(rows: &[Value]) -> What {
    What::Rows {
        rows: rows.to_vec(),
        more: false,
    }
}

pub(super) fn llm(name: &str, kind: &str, phase: &str) -> Value {
    let mut llm = json!({"apiVersion": "mcpctl/v1", "kind": "Llm",
        "metadata": {"name": name, "owner": "alice", "createdAt": "2026-11-19T09:30:00.000Z"},
        "spec": {"kind": kind, "type": "ollama", "model": "llama3.2:3b", "tier": "fast"},
        "status": {"phase": phase, "inFlight": 0, "queued": 0}});
    if kind == "virtual" {
        llm["status"]["providerSessionId"] = "0199a1b2-0000-7000-8000-c82a67ef05c0".into();
        llm["status"]["lastHeartbeatAt"] = "2026-11-21T09:29:52.000Z".into();
    }
    llm
}

fn load(name: &str, in_flight: u32, tokens: f64) -> Value {
    json!({"llm": name, "kind": "virtual", "phase": "active", "breaker": "closed",
        "inFlight": in_flight, "queued": 1, "requests": 4711, "errors": 3, "tokensOut": 90000,
        "requestsPerSecond": 0.34, "tokensPerSecond": tokens, "p99Ms": 12400, "ttftP50Ms": 210})
}

pub(super) fn job(n: u32, status: &str) -> Value {
    let mut job = json!({"id": format!("0199a1b2-1b7d-7f00-8000-{n:012}"), "kind": "llm.chat",
        "status": status, "attempts": 1, "max_attempts": 3, "priority": 0, "waits_for": "laptop",
        "principal": "alice", "queued_at": "2026-11-21T09:28:00.000Z"});
    match status {
        "running" => job["worker"] = "mcpd-1".into(),
        "error" => job["error"] = "the model is on strike".into(),
        _ => {}
    }
    job
}

/// What a server says to each feed.
pub(super) fn answers(feed: &Feed) -> Vec<What> {
    match feed {
        Feed::Llms | Feed::Documents(Kind::Llm) => vec![rows(&[
            llm("attic", "virtual", "inactive"),
            llm("gpt", "public", "active"),
            llm("laptop", "virtual", "active"),
            llm("台所-日本語", "virtual", "hibernating"),
        ])],
        Feed::Load => [(1, 12.0), (3, 38.2), (2, 20.5)]
            .map(|(in_flight, tokens)| {
                let mut gpt = load("gpt", 0, tokens / 4.0);
                gpt["breaker"] = "open".into();
                gpt["breakerUntil"] = "2026-11-21T09:34:12.000Z".into();
                let items = [gpt, load("laptop", in_flight, tokens)];
                What::Object(json!({"at": "2026-11-21T09:30:00.000Z", "items": items}))
            })
            .into(),
        Feed::Jobs => {
            let statuses = ["running", "queued", "done", "error", "canceled"];
            let jobs = statuses.iter().zip((1..=5).rev());
            let jobs: Vec<_> = jobs.map(|(status, n)| job(n, status)).collect();
            let count = |status: &str, jobs: u64| json!({"kind": "llm.chat", "status": status, "jobs": jobs});
            let counts = [
                count("queued", 11_000),
                count("running", 4),
                count("done", 996),
            ];
            vec![
                What::Object(json!({"counts": counts})),
                What::Rows {
                    rows: jobs,
                    more: true,
                },
            ]
        }
        Feed::Workers => vec![rows(&[
            json!({"worker_id": "w-7", "name": "render", "host": "box",
            "tags": ["gpu"], "principal": "bob", "seen_at": "2026-11-21T09:29:30.000Z"}),
        ])],
        Feed::Usage(by) => {
            let row = |key: &str, requests: u64, cost: f64| {
                let mut row = json!({"requests": requests, "errors": 2, "cancelled": 1,
                    "cache_hits": 0, "tokens_in": 120_000, "tokens_out": 34_000, "cost_usd": cost});
                let name = if *by == By::Day { "time" } else { by.as_str() };
                row[name] = key.into();
                row
            };
            vec![
                What::Object(json!({"total_cost_usd": 12.5, "total_requests": 12_345})),
                rows(&[row("gpt", 345, 12.5), row("laptop", 12_000, 0.0)]),
            ]
        }
        Feed::Requests | Feed::LlmRequests(_) => {
            let row = |n: u32, outcome: &str, status: u16| {
                json!({"id": format!("req-{n}"),
                "at": "2026-11-21T09:29:58.000Z", "model": "smart", "llm": "laptop",
                "principal": "alice", "path": "chat/completions", "status": status,
                "outcome": outcome, "ttft_ms": 210, "duration_ms": 4200, "tokens_in": 12,
                "tokens_out": 345, "cost_usd": 0.0012})
            };
            vec![rows(&[row(2, "ok", 200), row(1, "error", 502)])]
        }
        Feed::Documents(kind) => vec![rows(&[document(*kind)])],
        Feed::Job(id) => {
            let mut job = job(4, "queued");
            job["id"] = id.as_str().into();
            job["payload"] = json!({"messages": [{"role": "user", "content": "why?\nreally"}]});
            job["history"] = json!([{"number": 1, "worker": "mcpd-1", "outcome": "failed"}]);
            vec![What::Object(job)]
        }
        Feed::JobLog(_) => vec![
            rows(&[]),
            What::Line("queued: next".into()),
            What::Line("running on mcpd-1".into()),
            What::Text("Because the s".into()),
            What::Text("ky\nis blue.".into()),
            What::Line("done".into()),
        ],
    }
}

fn document(kind: Kind) -> Value {
    let metadata = |name: &str| {
        json!({"name": name, "owner": "alice",
        "createdAt": "2026-11-11T09:30:00.000Z"})
    };
    match kind {
        Kind::Alias => json!({"metadata": metadata("smart"),
            "spec": {"llms": ["laptop", "attic"], "policy": "least-busy", "fallbacks": ["gpt"],
                "onUnavailable": "wait"}, "status": {"active": 1}}),
        Kind::Price => json!({"metadata": metadata("gpt-4o"),
            "spec": {"input": 2.5, "output": 10.0, "cachedInput": 1.25}}),
        Kind::Secret => json!({"metadata": metadata("openai"), "status": {"fields": ["api-key"]}}),
        _ => json!({"metadata": metadata("ci"),
            "spec": {"principal": "ci-bot", "roles": ["user"], "expiresAt": "2027-01-01T00:00:00Z"},
            "status": {"lastUsedAt": "2026-11-21T09:00:00Z", "spent": {"usd": 0.0145}}}),
    }
}
