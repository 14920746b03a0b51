//! Whether everything that was promised was kept, by all jobs as the server shows them when nothing moves any more.

use super::client::{is_ended, list_in};
use super::ledger::{Fate, Ledger};
use super::notes::Notes;
use super::plan::{KINDS, Planned};
use serde_json::Value;
use std::collections::HashMap;

/// What is wrong; empty where nothing is. `jobs` are all of them, with payloads and attempts.
#[must_use]
pub fn check(jobs: &[Value], ledger: &Ledger, notes: &Notes) -> Vec<String> {
    let mut wrong = ledger.strange.clone();
    let planned = ledger.planned();
    let mut by_id = HashMap::new();
    let mut by_nonce: HashMap<&str, usize> = HashMap::new();
    for job in jobs {
        let nonce = text(&job["labels"]["nonce"]);
        by_id.insert(text(&job["id"]), job);
        *by_nonce.entry(nonce).or_default() += 1;
        let Some(planned) = planned.get(nonce) else {
            wrong.push(format!("nobody submitted it: {job}"));
            continue;
        };
        let found = [life(job), attempts(job), end(job, planned, ledger, notes)];
        let found = found.into_iter().chain([result(job, notes)]).flatten();
        wrong.extend(found.map(|why| format!("{why}: {job}")));
    }
    let twice = by_nonce.iter().filter(|(_, count)| **count > 1);
    wrong.extend(twice.map(|(nonce, count)| format!("{nonce} is there {count} times")));
    for (submission, fate) in ledger.entries() {
        let there = submission.jobs.iter();
        let there = there.filter(|job| by_nonce.contains_key(job.nonce.as_str()));
        let is_halved = ![0, submission.jobs.len()].contains(&there.count());
        match fate {
            _ if is_halved => wrong.push(format!("half of a call was written: {submission:?}")),
            Fate::Unclear => {}
            Fate::Acknowledged(ids) => {
                for (id, planned) in ids.iter().zip(&submission.jobs) {
                    wrong.extend(kept(id, planned, &by_id));
                }
            }
        }
    }
    wrong
}

/// What was acknowledged is there, and is what was submitted.
fn kept(id: &str, planned: &Planned, by_id: &HashMap<&str, &Value>) -> Option<String> {
    let Some(job) = by_id.get(id) else {
        return Some(format!("{id} was acknowledged and is missing: {planned:?}"));
    };
    // Another one with the same unique key is as good.
    let is_it = match &planned.unique_key {
        Some(key) => job["unique_key"] == key.as_str(),
        None => text(&job["labels"]["nonce"]) == planned.nonce,
    };
    (!is_it).then(|| format!("{planned:?} was acknowledged as another job: {job}"))
}

fn life(job: &Value) -> Option<&'static str> {
    let is_over = is_ended(text(&job["status"])) && !job["ended_at"].is_null();
    match () {
        () if !is_over => Some("it has not ended"),
        () if !job["position"].is_null() => Some("it has ended and still has a place"),
        () if !job["lease_until"].is_null() => Some("it has ended and still has a lease"),
        () if job["result"].is_null() == (job["status"] == "done") => {
            Some("a result is there if, and only if, it is done")
        }
        () => None,
    }
}

fn attempts(job: &Value) -> Option<&'static str> {
    let history = list_in(job, "history");
    let count = history.len() as u64;
    let numbers = history.iter().map(|attempt| attempt["number"].as_u64());
    let done = history
        .iter()
        .filter(|attempt| attempt["outcome"] == "done");
    let is_open = |attempt: &Value| attempt["outcome"].is_null() || attempt["ended_at"].is_null();
    match () {
        () if job["attempts"].as_u64() > job["max_attempts"].as_u64() => Some("too many attempts"),
        () if job["attempts"].as_u64() != Some(count) => {
            Some("its attempts are not those of its history")
        }
        () if !numbers.eq((1..=count).map(Some)) => Some("its attempts are not numbered"),
        () if history.iter().any(is_open) => Some("an attempt has no end"),
        () if done.count() != usize::from(job["status"] == "done") => {
            Some("not one attempt has done it")
        }
        () if job["status"] == "done" && history[history.len() - 1]["outcome"] != "done" => {
            Some("it was tried again after it was done")
        }
        () => None,
    }
}

/// It ended as it could end.
fn end(job: &Value, planned: &Planned, ledger: &Ledger, notes: &Notes) -> Option<&'static str> {
    let id = text(&job["id"]);
    let status = text(&job["status"]);
    let notes = notes.of(id);
    let is_refused = notes.is_some_and(|notes| notes.refused);
    let may_be_refused = notes.is_some_and(|notes| notes.refuses);
    let was_cancel_asked = ledger.cancels.contains(id);
    let is_spent = job["attempts"] == job["max_attempts"];
    match status {
        "expired" if !planned.has_deadline => Some("it expired without a deadline"),
        "canceled" if !was_cancel_asked => Some("nobody canceled it"),
        "error" if !is_spent && !may_be_refused => Some("it was given up too early"),
        "error" | "canceled" | "expired" if job["error"].is_null() => Some("it does not say why"),
        "done" | "expired" if is_refused => Some("its worker was heard to give it up"),
        status if status != "canceled" && ledger.canceled.contains(id) => {
            Some("it was said to be canceled")
        }
        _ => None,
    }
}

/// Its result is that of the attempt that has done it, and of no other.
fn result(job: &Value, notes: &Notes) -> Option<&'static str> {
    let is_done = job["status"] == "done";
    let kind = text(&job["kind"]);
    if !KINDS.contains(&kind) {
        let nonce = text(&job["labels"]["nonce"]);
        let is_right = match kind {
            "echo" => job["result"] == job["payload"],
            _ => text(&job["result"]["response"]).contains(&format!("say {nonce} and")),
        };
        return (is_done && !is_right).then_some("its result is another one's");
    }
    let notes = notes.of(text(&job["id"]));
    let nonce = text(&job["result"]["nonce"]);
    let last = list_in(job, "history").last();
    let is_last = last.is_some_and(|last| {
        last["worker"] == job["result"]["worker"] && last["number"] == job["result"]["attempt"]
    });
    match notes {
        None => is_done.then_some("nobody has brought that result"),
        Some(notes) if notes.won.len() > 1 => Some("two results were said to stand"),
        Some(notes) if !notes.won.is_empty() && !notes.won.contains(nonce) => {
            Some("a result that was said to stand does not")
        }
        Some(notes) if is_done && !notes.brought.contains(nonce) => {
            Some("nobody has brought that result")
        }
        Some(notes) if is_done && notes.late.contains(nonce) => Some("a late result stands"),
        Some(_) if is_done && !is_last => Some("its result is that of another attempt"),
        Some(_) => None,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::notes::{Note, Pen};
    use crate::jobs::plan::Submission;
    use serde_json::json;

    fn done() -> Value {
        json!({
            "id": "j1", "kind": "crash.work", "status": "done", "attempts": 2, "max_attempts": 3,
            "labels": {"nonce": "n1"}, "ended_at": "t", "payload": {},
            "result": {"nonce": "r2", "worker": "w2", "attempt": 2},
            "history": [
                {"number": 1, "worker": "w1", "outcome": "lease_ended", "ended_at": "t"},
                {"number": 2, "worker": "w2", "outcome": "done", "ended_at": "t"},
            ],
        })
    }

    fn ledger() -> Ledger {
        let planned = Planned {
            nonce: "n1".into(),
            unique_key: None,
            has_deadline: false,
            job: json!({}),
        };
        let submission = Submission {
            jobs: vec![planned],
            key: None,
            body: String::new(),
        };
        let mut ledger = Ledger::default();
        ledger.enter(submission, Fate::Acknowledged(vec!["j1".into()]));
        ledger
    }

    fn notes(lines: &[(Note, &str)]) -> Notes {
        let dir = crate::cluster::Scratch::new("notes");
        let path = dir.path().join("notes");
        let mut pen = Pen::open(&path).unwrap();
        for (note, nonce) in lines {
            pen.note(*note, "j1", nonce);
        }
        let mut notes = Notes::default();
        notes.read(&path);
        notes
    }

    #[test]
    fn a_kept_promise_passes_and_each_broken_one_is_found() {
        let good = [
            (Note::Brings, "r1"),
            (Note::Brings, "r2"),
            (Note::Won, "r2"),
            (Note::Late, "r1"),
        ];
        let wrong = |job: Value, lines: &[(Note, &str)]| {
            let wrong = check(&[job], &ledger(), &notes(lines));
            wrong.join("\n")
        };
        assert_eq!(wrong(done(), &good), "");
        let with = |change: fn(&mut Value)| {
            let mut job = done();
            change(&mut job);
            wrong(job, &good)
        };
        assert!(with(|job| job["id"] = "j2".into()).contains("is missing"));
        assert!(with(|job| job["status"] = "running".into()).contains("not ended"));
        assert!(with(|job| job["position"] = 1.into()).contains("a place"));
        assert!(with(|job| job["max_attempts"] = 1.into()).contains("too many"));
        assert!(with(|job| job["history"][0]["outcome"] = Value::Null).contains("no end"));
        assert!(with(|job| job["history"][0]["outcome"] = "done".into()).contains("not one"));
        assert!(with(|job| job["result"]["nonce"] = "r1".into()).contains("does not"));
        assert!(with(|job| job["result"]["worker"] = "w1".into()).contains("another attempt"));
        assert!(with(|job| job["status"] = "canceled".into()).contains("if, and only if"));
        let late = [(Note::Brings, "r2"), (Note::Late, "r2")];
        assert!(wrong(done(), &late).contains("a late result stands"));
        let unclear = [
            (Note::Brings, "r2"),
            (Note::Unanswered, "r2"),
            (Note::Late, "r2"),
        ];
        assert_eq!(wrong(done(), &unclear), "");
        let twice = check(&[done(), done()], &ledger(), &notes(&good)).join("\n");
        assert!(twice.contains("n1 is there 2 times"));
    }
}
