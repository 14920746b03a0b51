//! News come in: they fill the tables, and what is worth it becomes an event.

use std::rc::Rc;

use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::cells::{scalar, tone_of};
use crate::console::{Console, Rows};
use crate::documents::{field, name_of};
use crate::events::clock;
use crate::feed::{Feed, News, What};
use crate::pane::Log;
use crate::table::MAX_ROWS;
use crate::target::Kind;
use crate::theme::Tone;
use crate::view::View;

impl Console {
    /// Takes what a feed brought.
    pub fn tell(&mut self, news: News, now: Timestamp) {
        self.now = now;
        let wanted = self.wanted();
        self.connection.keep(&wanted);
        // What was on its way when it ceased to be wanted is nobody's news.
        if !wanted.contains(&news.feed) {
            return;
        }
        self.touch();
        let News { feed, what } = news;
        if let What::Trouble(trouble) = what {
            let why = trouble.why.clone();
            if self.connection.fail(&feed, trouble, now) {
                let text = format!("connection lost: {why}");
                self.events.add(now, Tone::Bad, text);
            }
            return;
        }
        if self.connection.restore(&feed) {
            self.events.add(now, Tone::Good, "connection back".into());
        }
        self.take(&feed, what);
    }

    fn take(&mut self, feed: &Feed, what: What) {
        match (feed, what) {
            (Feed::Llms, What::Rows { rows, .. }) => self.all_llms(rows),
            (Feed::Documents(Kind::Llm), What::Rows { rows, .. }) => self.heard(&rows),
            (Feed::Llms, What::Changed(llm)) => self.llm_changed(llm),
            (Feed::Llms, What::Gone(name)) => self.llm_gone(&name),
            (Feed::Load, What::Object(load)) => self.take_load(&load),
            (Feed::Workers, What::Rows { mut rows, .. }) => {
                rows.truncate(MAX_ROWS);
                self.workers = rows;
                self.llms_changed = true;
            }
            (Feed::Jobs, What::Rows { rows, more }) => self.take_jobs(rows, more),
            (Feed::Jobs, What::Object(summary)) => self.jobs_summary = Some(summary),
            (Feed::Usage(_), What::Rows { rows, more }) => {
                let name = self.by.as_str().replace("day", "time");
                let keyed = rows.into_iter();
                let keyed = keyed.map(|row| (field(&row, &name).to_owned(), Rc::new(row)));
                self.fill(View::Usage, keyed.collect(), more);
            }
            (Feed::Usage(_), What::Object(costs)) => self.costs = Some(costs),
            (Feed::Requests, What::Rows { rows, more }) => {
                self.fill(View::Requests, keyed(rows, |row| field(row, "id")), more);
            }
            (Feed::Documents(kind), What::Rows { rows, more }) => {
                let view = match kind {
                    Kind::Alias => View::Alias,
                    Kind::Price => View::Price,
                    Kind::Secret => View::Secret,
                    Kind::Token => View::Token,
                    Kind::Llm | Kind::Job => return,
                };
                self.fill(view, keyed(rows, name_of), more);
            }
            (Feed::Job(_), What::Object(job)) => self.job = Some(job),
            // It is told from its beginning.
            (Feed::JobLog(_), What::Rows { .. }) => self.log(|log| *log = Log::default()),
            (Feed::JobLog(_), What::Line(line)) => self.log(|log| log.line(line)),
            (Feed::JobLog(_), What::Text(text)) => self.log(|log| log.text(&text)),
            // Newest first from the server; a log ends with the newest.
            (Feed::LlmRequests(_), What::Rows { rows, .. }) => {
                self.log(|log| log.replace(rows.iter().rev().map(request_line)));
            }
            _ => {}
        }
    }

    fn log(&mut self, write: impl FnOnce(&mut Log)) {
        if let Some(pane) = &mut self.pane {
            write(&mut pane.log);
        }
    }

    /// All LLMs: what differs from what was known is told as if it had been seen.
    fn all_llms(&mut self, rows: Vec<Value>) {
        let rows = rows.into_iter().map(|llm| self.with_load(llm));
        let rows = keyed(rows.collect(), name_of);
        let rows = rows.into_iter().take(MAX_ROWS).collect();
        let before = self.llms.replace(rows);
        if let (Some(before), Some(after)) = (before, &self.llms) {
            let mut told = Vec::new();
            for (name, old) in &before {
                told.extend(change(name, Some(old), after.get(name).map(Rc::as_ref)));
            }
            for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                told.extend(change(name, None, Some(new)));
            }
            for (tone, text) in told {
                self.events.add(self.now, tone, text);
            }
        }
        self.llms_changed = true;
    }

    /// Takes the heartbeats alone: a list may be older than the changes that were told since.
    fn heard(&mut self, rows: &[Value]) {
        const HEARTBEAT: &str = "/status/lastHeartbeatAt";
        let Some(llms) = &mut self.llms else {
            return;
        };
        for row in rows {
            let known = llms.get_mut(name_of(row));
            let known = known.and_then(|llm| Rc::make_mut(llm).pointer_mut(HEARTBEAT));
            if let (Some(known), Some(heard)) = (known, row.pointer(HEARTBEAT))
                // RFC 3339 in UTC: the greater text is the later time.
                && heard.as_str() > known.as_str()
            {
                *known = heard.clone();
            }
        }
        self.llms_changed = true;
    }

    fn llm_changed(&mut self, llm: Value) {
        let llm = self.with_load(llm);
        let Some(llms) = &mut self.llms else {
            return;
        };
        let name = name_of(&llm).to_owned();
        if name.is_empty() || (llms.len() >= MAX_ROWS && !llms.contains_key(&name)) {
            return;
        }
        let told = change(&name, llms.get(&name).map(Rc::as_ref), Some(&llm));
        llms.insert(name, Rc::new(llm));
        if let Some((tone, text)) = told {
            self.events.add(self.now, tone, text);
        }
        self.llms_changed = true;
    }

    fn llm_gone(&mut self, name: &str) {
        let gone = self.llms.as_mut().and_then(|llms| llms.remove(name));
        if let Some((tone, text)) = change(name, gone.as_deref(), None) {
            self.events.add(self.now, tone, text);
        }
        self.llms_changed = true;
    }

    fn take_load(&mut self, load: &Value) {
        let Some(items) = load.get("items").and_then(Value::as_array) else {
            return;
        };
        let items = &items[..items.len().min(MAX_ROWS)];
        self.history.take(items);
        let named = items
            .iter()
            .map(|item| (field(item, "llm").to_owned(), item.clone()));
        self.load = named.collect();
        for (name, llm) in self.llms.iter_mut().flatten() {
            let load = self.load.get(name);
            if load.is_some() && llm.get("load") != load {
                join(Rc::make_mut(llm), load);
            }
        }
        self.llms_changed = true;
    }

    fn with_load(&self, mut llm: Value) -> Value {
        let load = self.load.get(name_of(&llm));
        join(&mut llm, load);
        llm
    }

    fn take_jobs(&mut self, rows: Vec<Value>, more: bool) {
        let rows = keyed(rows, |job| field(job, "id"));
        let mut told = Vec::new();
        let before = self.table_of(View::Jobs);
        if before.loaded {
            for (id, job) in &rows {
                let status = field(job, "status");
                let old = before.value(id).map(|old| field(old, "status"));
                let ended = ["done", "error", "canceled", "expired"].contains(&status);
                if ended && old.is_some_and(|old| old != status) {
                    told.push((tone_of(status), job_line(id, job)));
                }
            }
        }
        for (tone, text) in told {
            self.events.add(self.now, tone, text);
        }
        self.fill(View::Jobs, rows, more);
    }
}

fn keyed(rows: Vec<Value>, key: impl Fn(&Value) -> &str) -> Rows {
    let rows = rows.into_iter();
    let each = rows.map(|row| (key(&row).to_owned(), Rc::new(row)));
    each.collect()
}

/// Puts an LLM's load beside its spec and status.
fn join(llm: &mut Value, load: Option<&Value>) {
    if let (Some(fields), Some(load)) = (llm.as_object_mut(), load) {
        fields.insert("load".into(), load.clone());
    }
}

/// What became of an LLM, where that is worth an event.
fn change(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<(Tone, String)> {
    let phase = |llm: &Value| llm.pointer("/status/phase").map(scalar).unwrap_or_default();
    match (before.map(phase), after.map(phase)) {
        (Some(before), Some(after)) if before != after => {
            Some((tone_of(&after), format!("llm/{name} {after}, was {before}")))
        }
        (None, Some(after)) => Some((tone_of(&after), format!("llm/{name} added, {after}"))),
        (Some(_), None) => Some((Tone::Warn, format!("llm/{name} deleted"))),
        _ => None,
    }
}

fn job_line(id: &str, job: &Value) -> String {
    let (status, kind) = (field(job, "status"), field(job, "kind"));
    match field(job, "error") {
        "" => format!("job/{id} {status} ({kind})"),
        why => format!("job/{id} {status} ({kind}): {why}"),
    }
}

/// A request in a line of a log.
fn request_line(request: &Value) -> String {
    let at: Option<Timestamp> = field(request, "at").parse().ok();
    let at = at.map(clock).unwrap_or_default();
    let number = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    let text = |name: &str| field(request, name);
    format!(
        "{at}  {} {}  {}  {} in, {} out  {}  {}",
        number("status"),
        text("outcome"),
        quantity::latency(number("duration_ms")),
        number("tokens_in"),
        number("tokens_out"),
        text("principal"),
        text("path"),
    )
}
