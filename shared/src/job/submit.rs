//! What a caller submits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    JobId, Json, MAX_ATTEMPTS, MAX_BATCH, MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_KIND_CHARS,
    MAX_LABEL_BYTES, MAX_LABELS, MAX_PAYLOAD_BYTES, MAX_PRIORITY,
};
use crate::timestamp::Timestamp;

/// A job to be done: `POST /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SubmitJob))]
pub struct Submit {
    /// What is to be done: `llm.chat`, `echo`, or an external worker's own word.
    pub kind: String,
    /// With what; up to [`MAX_PAYLOAD_BYTES`].
    pub payload: Json,
    /// Higher comes first.
    #[serde(default)]
    pub priority: i32,
    /// Where it comes from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Attempts before it is given up.
    #[serde(default = "default_attempts")]
    pub max_attempts: u32,
    /// By when a result is wanted; without one by then it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<Timestamp>,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// While a job of the same principal with this key has not ended, that one is answered instead
    /// of a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// For people and filters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

const fn default_attempts() -> u32 {
    3
}

/// The answer to one job: 202.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SubmittedJob))]
pub struct Submitted {
    /// Its id.
    pub job_id: JobId,
    /// What looks like a mistake: nobody has the LLM that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The answer to several: 202.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SubmittedJobs))]
pub struct SubmittedMany {
    /// Their ids, in the order of the jobs.
    pub job_ids: Vec<JobId>,
    /// What looks like mistakes, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Why a text is no job.
#[derive(Debug, thiserror::Error)]
pub enum BadJob {
    /// A field is missing or of the wrong type.
    #[error("not a valid job: {0}")]
    Field(#[from] serde_json::Error),
    /// A value out of its bounds.
    #[error("{0}")]
    Rule(&'static str),
}

impl Submit {
    /// A job of `kind` with the defaults.
    pub fn new(kind: impl Into<String>, payload: Json) -> Self {
        Self {
            kind: kind.into(),
            payload,
            priority: 0,
            source: None,
            max_attempts: default_attempts(),
            deadline_at: None,
            run_at: None,
            unique_key: None,
            labels: BTreeMap::new(),
        }
    }

    /// Checks the bounds that types alone can't hold.
    ///
    /// Errors: [`BadJob::Rule`], a sentence that names the field.
    pub fn check(&self) -> Result<(), BadJob> {
        check_kind(&self.kind)?;
        let rule = |holds: bool, text| {
            if holds {
                Ok(())
            } else {
                Err(BadJob::Rule(text))
            }
        };
        rule(
            self.payload.as_str().len() <= MAX_PAYLOAD_BYTES,
            "`payload` is larger than 4 MiB: send large files elsewhere and refer to them",
        )?;
        rule(
            !self.payload.is_too_deep(),
            "`payload` may nest 60 levels deep at most: a worker's parser could not read it",
        )?;
        rule(
            self.priority.unsigned_abs() <= MAX_PRIORITY.unsigned_abs(),
            "`priority` must be between -1000000 and 1000000",
        )?;
        rule(
            (1..=MAX_ATTEMPTS).contains(&self.max_attempts),
            "`max_attempts` must be between 1 and 100",
        )?;
        rule(
            self.source.as_deref().is_none_or(is_key),
            "`source` must be 1 to 256 bytes without control characters",
        )?;
        rule(
            self.unique_key.as_deref().is_none_or(is_key),
            "`unique_key` must be 1 to 256 bytes without control characters",
        )?;
        rule(
            self.labels.len() <= MAX_LABELS,
            "`labels` may be 32 at most",
        )?;
        let fits =
            |text: &str| text.len() <= MAX_LABEL_BYTES && !text.chars().any(char::is_control);
        rule(
            self.labels
                .iter()
                .all(|(key, value)| !key.is_empty() && fits(key) && fits(value)),
            "each of `labels` may have 128 bytes in key and value, without control characters",
        )
    }
}

/// Checks a kind.
pub(super) fn check_kind(kind: &str) -> Result<(), BadJob> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
    if kind.is_empty() || kind.len() > MAX_KIND_CHARS || !kind.chars().all(fits) {
        return Err(BadJob::Rule(
            "`kind` must be 1 to 64 letters, digits and `.` `_` `-` `:` `/`, such as `llm.chat`",
        ));
    }
    Ok(())
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_KEY_BYTES && !text.chars().any(char::is_control)
}

/// Reads the body of `POST /v1/jobs`: one job, or `{"jobs": [..]}`; each is checked.
///
/// Shape: the jobs in their order, and whether they came as a list.
/// Errors: [`BadJob`], with a sentence that names the field.
pub fn parse_submit(body: &[u8]) -> Result<(Vec<Submit>, bool), BadJob> {
    let (jobs, is_list) = super::work::one_or_many::<Submit>(body)?;
    check_submits(&jobs)?;
    Ok((jobs, is_list))
}

/// Checks each of the jobs of one call, and what they weigh together.
///
/// Errors: [`BadJob`], with a sentence that names the field.
pub fn check_submits(jobs: &[Submit]) -> Result<(), BadJob> {
    if jobs.is_empty() || jobs.len() > MAX_BATCH {
        return Err(BadJob::Rule("`jobs` must have 1 to 1000 jobs"));
    }
    jobs.iter().try_for_each(Submit::check)?;
    let bytes: usize = jobs.iter().map(|job| job.payload.as_str().len()).sum();
    if bytes > MAX_BATCH_BYTES {
        return Err(BadJob::Rule(
            "the payloads of one call may have 16 MiB together: send fewer jobs at once",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_job_and_a_list_are_read_and_the_payload_stays_as_it_was() {
        let one = br#"{"kind":"echo","payload":{"b": 1.0,  "a":[1e400]}}"#;
        let (jobs, is_list) = parse_submit(one).unwrap();
        assert!(!is_list);
        assert_eq!(jobs[0].payload.as_str(), r#"{"b": 1.0,  "a":[1e400]}"#);
        assert_eq!((jobs[0].priority, jobs[0].max_attempts), (0, 3));
        let many = br#"{"jobs":[{"kind":"a","payload":null},{"kind":"b","payload":1}]}"#;
        let (jobs, is_list) = parse_submit(many).unwrap();
        assert!(is_list && jobs.len() == 2);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_the_field() {
        let why = |body: &str| parse_submit(body.as_bytes()).unwrap_err().to_string();
        assert!(why(r#"{"kind":"","payload":1}"#).contains("`kind`"));
        assert!(why(r#"{"kind":"echo"}"#).contains("payload"));
        assert!(why(r#"{"kind":"echo","payload":1,"max_attempts":0}"#).contains("max_attempts"));
        assert!(why(r#"{"kind":"echo","payload":1,"priority":2000000}"#).contains("priority"));
        assert!(why(r#"{"kind":"echo","payload":1,"unique_key":""}"#).contains("unique_key"));
        assert!(why(r#"{"kind":"echo","payload":1,"labels":{"":"x"}}"#).contains("labels"));
        assert!(why(r#"{"jobs":[]}"#).contains("1000"));
        let large = format!(
            r#"{{"kind":"echo","payload":"{}"}}"#,
            "x".repeat(MAX_PAYLOAD_BYTES)
        );
        assert!(why(&large).contains("4 MiB"));
        let deep = format!(
            r#"{{"kind":"echo","payload":{}{}}}"#,
            "[".repeat(5000),
            "]".repeat(5000)
        );
        assert!(why(&deep).contains("60 levels"));
    }
}
