//! The server's summary of its jobs, read leniently: what is missing is left empty.

use serde_json::Value;
use shared::job::Status;
use shared::timestamp::Timestamp;

use crate::output::columns::{ago, text};
use crate::output::quantity::rate;

/// What is seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// By kind: how many stand so, in the order of [`Status::ALL`].
    pub(super) kinds: Vec<(String, [u64; 6])>,
    pub(super) running: Vec<Vec<String>>,
    pub(super) waiting: Vec<Vec<String>>,
    /// Jobs that ended in the last minute.
    pub(super) pace: Option<String>,
}

impl Summary {
    pub(super) fn read(answer: &Value, now: Timestamp) -> Self {
        let list = |field: &str| {
            let list = answer.get(field).and_then(Value::as_array);
            list.map(Vec::as_slice).unwrap_or_default()
        };
        let pace = answer.get("ended_per_minute").and_then(Value::as_f64);
        Self {
            kinds: kinds(list("counts")),
            running: list("running")
                .iter()
                .map(|job| running(job, now))
                .collect(),
            waiting: list("waiting").iter().map(waiting).collect(),
            pace: pace.map(rate),
        }
    }

    /// `12 queued, 3 running, 120 done; 14 ended in the last minute`.
    pub(super) fn sums(&self) -> String {
        let each = Status::ALL.iter().enumerate().map(|(at, status)| {
            let sum: u64 = self.kinds.iter().map(|(_, counts)| counts[at]).sum();
            (sum, status)
        });
        let each = each.filter(|(sum, status)| *sum > 0 || !status.is_ended());
        let each: Vec<_> = each
            .map(|(sum, status)| format!("{sum} {status}"))
            .collect();
        let pace = self.pace.as_ref();
        let pace = pace.map(|pace| format!("; {pace} ended in the last minute"));
        format!("{}{}", each.join(", "), pace.unwrap_or_default())
    }
}

fn kinds(counts: &[Value]) -> Vec<(String, [u64; 6])> {
    let mut kinds: Vec<(String, [u64; 6])> = Vec::new();
    for count in counts {
        let kind = cell(count, "kind");
        let Ok(status) = cell(count, "status").parse::<Status>() else {
            continue;
        };
        let jobs = count.get("jobs").and_then(Value::as_u64).unwrap_or(0);
        let place = Status::ALL.iter().position(|one| *one == status);
        let at = kinds.iter().position(|(known, _)| *known == kind);
        let at = at.unwrap_or_else(|| {
            kinds.push((kind, [0; 6]));
            kinds.len() - 1
        });
        kinds[at].1[place.unwrap_or_default()] += jobs;
    }
    kinds.sort_by(|(one, _), (other, _)| one.cmp(other));
    kinds
}

fn running(job: &Value, now: Timestamp) -> Vec<String> {
    vec![
        cell(job, "id"),
        cell(job, "kind"),
        cell(job, "waits_for"),
        cell(job, "worker"),
        ago(job.get("started_at"), now).unwrap_or_default(),
    ]
}

fn waiting(group: &Value) -> Vec<String> {
    ["kind", "waits_for", "jobs", "reason"]
        .map(|field| cell(group, field))
        .to_vec()
}

fn cell(value: &Value, field: &str) -> String {
    value.get(field).map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_summed_by_kind_and_what_is_missing_is_left_empty() {
        let answer = json!({"counts": [
            {"kind": "llm.chat", "status": "queued", "jobs": 3},
            {"kind": "echo", "status": "done", "jobs": 7},
            {"kind": "llm.chat", "status": "later", "jobs": 9},
            {"kind": "llm.chat", "status": "error", "jobs": 1}],
            "ended_per_minute": 14.2});
        let summary = Summary::read(&answer, Timestamp::default());
        assert_eq!(summary.kinds[0], ("echo".into(), [0, 0, 7, 0, 0, 0]));
        assert_eq!(summary.kinds[1], ("llm.chat".into(), [3, 0, 0, 1, 0, 0]));
        assert_eq!(
            summary.sums(),
            "3 queued, 0 running, 7 done, 1 error; 14 ended in the last minute"
        );
        let empty = Summary::read(&json!({}), Timestamp::default());
        assert_eq!(empty.sums(), "0 queued, 0 running");
    }
}
