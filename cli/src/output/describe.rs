//! One resource with all its fields, for a person.

use serde_json::{Map, Value};
use shared::timestamp::Timestamp;

use super::columns::{ago, text};
use super::sanitise::one_line;

/// The fields of a document, and below them `more`, one a line, keys aligned; times also as "so
/// long ago".
pub(crate) fn describe(document: &Value, more: &Map<String, Value>, now: Timestamp) -> String {
    let mut lines = Vec::new();
    let kind = document.get("kind").map(text).unwrap_or_default();
    lines.push((0, "Kind".to_owned(), kind));
    for part in ["metadata", "spec", "status"] {
        if let Some(fields) = document.get(part).and_then(Value::as_object) {
            if part != "metadata" && !fields.is_empty() {
                lines.push((0, title(part), String::new()));
            }
            let depth = usize::from(part != "metadata");
            collect(fields, depth, now, &mut lines);
        }
    }
    collect(more, 0, now, &mut lines);
    aligned(lines)
}

/// The fields of an object that is no document, such as a job.
pub(crate) fn fields(object: &Map<String, Value>, now: Timestamp) -> String {
    let mut lines = Vec::new();
    collect(object, 0, now, &mut lines);
    aligned(lines)
}

fn aligned(lines: Vec<(usize, String, String)>) -> String {
    let width = lines
        .iter()
        .filter(|(_, _, value)| !value.is_empty())
        .map(|(depth, key, _)| 2 * depth + key.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (depth, key, value) in lines {
        let key = format!("{:indent$}{key}:", "", indent = 2 * depth);
        let line = format!("{key:<pad$}{}", one_line(&value), pad = width + 2);
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn collect(
    fields: &Map<String, Value>,
    depth: usize,
    now: Timestamp,
    lines: &mut Vec<(usize, String, String)>,
) {
    for (key, value) in fields {
        match value {
            // Keys of one's own are no words of ours.
            Value::Object(labels) if key == "labels" => {
                let each = labels
                    .iter()
                    .map(|(key, value)| format!("{key}={}", text(value)));
                let labels = each.collect::<Vec<_>>().join(", ");
                lines.push((depth, title(key), or_dash(labels)));
            }
            Value::Object(inner) if !inner.is_empty() => {
                lines.push((depth, title(key), String::new()));
                collect(inner, depth + 1, now, lines);
            }
            Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
                let items: Vec<_> = items.iter().map(text).collect();
                lines.push((depth, title(key), or_dash(items.join(", "))));
            }
            value => lines.push((depth, title(key), shown(key, value, now))),
        }
    }
}

fn shown(key: &str, value: &Value, now: Timestamp) -> String {
    let is_time = ["At", "Since", "_at"].iter().any(|end| key.ends_with(end));
    match ago(Some(value), now).filter(|_| is_time) {
        // What lies ahead, such as an end, has no age.
        Some(age) if age != "0s" => format!("{} ({age} ago)", text(value)),
        _ => or_dash(text(value)),
    }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}

/// `lastHeartbeatAt` and `last_heartbeat_at` as `Last Heartbeat At`.
fn title(key: &str) -> String {
    let mut title = String::new();
    let mut begins = true;
    for c in key.chars() {
        if c == '_' {
            title.push(' ');
            begins = true;
            continue;
        }
        if begins {
            title.extend(c.to_uppercase());
        } else {
            if c.is_ascii_uppercase() {
                title.push(' ');
            }
            title.push(c);
        }
        begins = false;
    }
    title
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_are_indented_and_times_have_an_age() {
        let document = json!({"kind": "Llm",
            "metadata": {"name": "laptop", "createdAt": "2026-11-21T09:00:00.000Z", "owner": null},
            "spec": {"model": "m\u{1b}[2J", "capabilities": ["chat", "stream"], "x": {"a": 1}},
            "status": {"inFlight": 0}});
        let now: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
        insta::assert_snapshot!(describe(&document, &Map::new(), now), @r"
        Kind:           Llm
        Name:           laptop
        Created At:     2026-11-21T09:00:00.000Z (30m ago)
        Owner:          -
        Spec:
          Model:        m
          Capabilities: chat, stream
          X:
            A:          1
        Status:
          In Flight:    0
        ");
    }

    #[test]
    fn keys_of_both_styles_are_words() {
        assert_eq!(title("lastHeartbeatAt"), "Last Heartbeat At");
        assert_eq!(title("max_attempts"), "Max Attempts");
    }
}
