//! Fields of messages, as the queue wants them. An error names the field.

use shared::job::{JobId, Json};
use shared::timestamp::Timestamp;
use tonic::Status;

/// A text where an empty one is none.
pub(crate) fn text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// An id; one that can't be an id is that of no job.
pub(crate) fn job_id(text: &str) -> Result<JobId, Status> {
    text.parse().map_err(|_| {
        let shown: String = text.escape_debug().take(80).collect();
        crate::refuse::refused(jobs::Error::NotFound(shown))
    })
}

/// A worker's id or a lease token.
pub(crate) fn id<T>(field: &str, text: &str) -> Result<T, Status>
where
    T: std::str::FromStr<Err = shared::job::BadId>,
{
    let bad = |why| Status::invalid_argument(format!("`{field}` is not valid: {why}"));
    text.parse().map_err(bad)
}

/// One JSON value.
pub(crate) fn json(field: &str, text: String) -> Result<Json, Status> {
    if text.is_empty() {
        let why = format!("`{field}` is missing: it takes one JSON value, such as `null`");
        return Err(Status::invalid_argument(why));
    }
    let bad = |why| Status::invalid_argument(format!("`{field}` is not one JSON value: {why}"));
    Json::parse(text).map_err(bad)
}

/// One JSON value, where there is one.
pub(crate) fn optional_json(field: &str, text: String) -> Result<Option<Json>, Status> {
    match text.is_empty() {
        true => Ok(None),
        false => json(field, text).map(Some),
    }
}

/// A time, where there is one.
pub(crate) fn time(field: &str, text: &str) -> Result<Option<Timestamp>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |why| Status::invalid_argument(format!("`{field}`: {why}"));
    text.parse().map(Some).map_err(bad)
}
