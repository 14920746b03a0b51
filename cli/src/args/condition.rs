//! What `wait --for` waits for.

use std::str::FromStr;

use query::{Path, text};
use serde_json::Value;

use crate::near_miss::nearest;

/// How something is to stand.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// It is there.
    Created,
    /// It is not there.
    Deleted,
    /// A field has this value; without one: it has any.
    Field {
        /// As it was asked for: `status=active`.
        words: String,
        path: Path,
        value: Option<String>,
    },
    /// Its status is this: an LLM's phase, a job's status.
    Status(String),
}

/// The words that a condition may begin with.
const WORDS: [&str; 4] = ["status", "create", "delete", "jsonpath"];

impl Condition {
    /// Whether a document, where there is one, stands so.
    pub(crate) fn is_met(&self, document: Option<&Value>) -> bool {
        match (self, document) {
            (Self::Deleted, document) => document.is_none(),
            (_, None) => false,
            (Self::Created, Some(_)) => true,
            (Self::Status(wanted), Some(document)) => {
                status(document).is_some_and(|status| status.eq_ignore_ascii_case(wanted))
            }
            (Self::Field { path, value, .. }, Some(document)) => {
                let mut found = path.all(document).into_iter().filter(|v| !v.is_null());
                match value {
                    Some(value) => found.any(|found| text(found) == *value),
                    None => found.next().is_some(),
                }
            }
        }
    }

    /// In a few words, for messages: `status=active`.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Created => "create".into(),
            Self::Deleted => "delete".into(),
            Self::Status(wanted) => format!("status={wanted}"),
            Self::Field { words, .. } => words.clone(),
        }
    }
}

/// How a document stands, in one word: `status.phase`, or `status` where that is a word itself.
pub(crate) fn status(document: &Value) -> Option<&str> {
    let status = document.get("status")?;
    status.as_str().or_else(|| status.get("phase")?.as_str())
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(source: &str) -> Result<Self, String> {
        let (word, rest) = match source.split_once('=') {
            Some((word, rest)) => (word, Some(rest)),
            None => (source, None),
        };
        match (word, rest) {
            ("create", None) => Ok(Self::Created),
            ("delete", None) => Ok(Self::Deleted),
            ("status", Some(wanted)) if !wanted.is_empty() => Ok(Self::Status(wanted.into())),
            ("jsonpath", Some(rest)) => field(source, rest),
            // kubectl's word for what we have one status for.
            ("condition", Some(wanted)) => Err(format!(
                "there are no conditions here: write --for=status={}",
                wanted.to_lowercase()
            )),
            _ => {
                let near = nearest(word, WORDS).filter(|near| *near != word);
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                Err(format!(
                    "write status=WORD, create, delete, jsonpath=PATH or jsonpath=PATH=VALUE{}",
                    near.unwrap_or_default()
                ))
            }
        }
    }
}

/// Reads `{.status.phase}=active`, also without the braces, and without a value.
fn field(source: &str, rest: &str) -> Result<Condition, String> {
    let rest = rest.trim_matches('\'');
    let end = match rest.starts_with('{') {
        true => rest.rfind('}').map(|brace| brace + 1),
        false => Some(rest.rfind('=').unwrap_or(rest.len())),
    };
    let (path, value) = rest.split_at(end.unwrap_or(rest.len()));
    let path = path.trim_matches('\'').parse::<Path>();
    let path = path.map_err(|why| why.to_string())?;
    let value = match value.trim_start_matches('\'').strip_prefix('=') {
        Some(value) => Some(value.trim_matches(['\'', '"']).to_owned()),
        None if value.is_empty() => None,
        None => return Err(format!("`{value}` is not expected behind the path")),
    };
    Ok(Condition::Field {
        words: source.into(),
        path,
        value,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn met(condition: &str, document: Option<&Value>) -> String {
        match condition.parse::<Condition>() {
            Ok(condition) => condition.is_met(document).to_string(),
            Err(why) => why,
        }
    }

    #[test]
    fn conditions_are_met_by_documents_and_by_their_absence() {
        let llm = json!({"status": {"phase": "active", "inFlight": 0}});
        for yes in [
            "status=active",
            "status=Active",
            "create",
            "jsonpath={.status.phase}=active",
            "jsonpath='{.status.phase}'=active",
            "jsonpath=.status.inFlight=0",
            "jsonpath={.status.phase}",
            "jsonpath={.status[?(@.x==\"y\")]}=z",
        ] {
            let expected = if yes.contains("?(") { "false" } else { "true" };
            assert_eq!(met(yes, Some(&llm)), expected, "{yes}");
        }
        assert_eq!(met("status=done", Some(&json!({"status": "done"}))), "true");
        for no in ["status=inactive", "delete", "jsonpath={.spec}"] {
            assert_eq!(met(no, Some(&llm)), "false", "{no}");
        }
        assert_eq!(
            [met("delete", None), met("create", None)],
            ["true", "false"]
        );
    }

    #[test]
    fn a_wrong_condition_is_met_with_a_right_one() {
        assert!(met("statsu=active", None).contains("did you mean `status`?"));
        assert!(met("condition=Ready", None).contains("--for=status=ready"));
        assert!(met("status", None).starts_with("write status=WORD"));
        assert!(met("jsonpath={.a[}=b", None).contains("this `[` has no `]`"));
    }
}
