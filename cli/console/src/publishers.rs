//! Who serves: publishers, as the LLMs tell of them, and workers.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::console::Rows;

/// One row for each session that serves LLMs, and for each owner of LLMs that nobody serves now;
/// behind them the workers.
pub(crate) fn rows<'a>(llms: impl Iterator<Item = &'a Value>, workers: &[Value]) -> Rows {
    let mut publishers: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
    for llm in llms.filter(|llm| text(llm, "/spec/kind") == "virtual") {
        let owner = text(llm, "/metadata/owner").to_owned();
        let session = text(llm, "/status/providerSessionId").to_owned();
        publishers.entry((owner, session)).or_default().push(llm);
    }
    let each = publishers.iter();
    let publishers = each.map(|((owner, session), llms)| publisher(owner, session, llms));
    let all = publishers.chain(workers.iter().map(worker));
    all.map(|(key, row)| (key, Rc::new(row))).collect()
}

fn publisher(owner: &str, session: &str, llms: &[&Value]) -> (String, Value) {
    let all = |pointer: &'static str| llms.iter().filter_map(move |llm| llm.pointer(pointer));
    // RFC 3339 in UTC: the greatest text is the latest time.
    let heard = all("/status/lastHeartbeatAt")
        .filter_map(Value::as_str)
        .max();
    let active = all("/status/phase")
        .filter(|phase| **phase == "active")
        .count();
    let names: Vec<_> = all("/metadata/name").collect();
    let phase = match all("/status/phase").any(|phase| *phase == "hibernating") {
        _ if active == llms.len() => "active",
        _ if active > 0 => "partly",
        true => "hibernating",
        false => "inactive",
    };
    let name = match session.rsplit('-').next() {
        Some(last) if !last.is_empty() => format!("{owner}/{last}"),
        _ => format!("{owner}/-"),
    };
    let row = json!({"name": name, "role": "publisher", "owner": owner, "phase": phase,
        "session": session, "lastHeartbeatAt": heard, "active": active, "serves": names});
    (format!("publisher {owner} {session}"), row)
}

fn worker(worker: &Value) -> (String, Value) {
    let id = text(worker, "/worker_id");
    let called = text(worker, "/name");
    let name = if called.is_empty() { id } else { called };
    let mut row = json!({"name": name, "role": "worker", "owner": worker["principal"],
        "node": worker["host"], "lastHeartbeatAt": worker["seen_at"], "serves": worker["tags"]});
    row["worker"] = worker.clone();
    (format!("worker {id}"), row)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}
