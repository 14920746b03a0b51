//! How the verbs that take jobs alone name them: `ID...`, `job/ID...`.

use shared::job::JobId;

use crate::failure::Result;
use crate::resource::{Resource, job_id};

/// Whether `word` names jobs.
pub(crate) fn is_job(word: &str) -> bool {
    Resource::find(word) == Some(Resource::Job)
}

/// Reads ids, each also as `job/ID`. One that is named twice is taken once.
///
/// Errors: not found; a text that is no id names no job.
pub(crate) fn parse(words: &[String]) -> Result<Vec<JobId>> {
    let mut ids = Vec::new();
    for word in words {
        let id = job_id(word)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019aa5c3-1b7d-7f00-8000-000000000001";

    #[test]
    fn ids_are_read_with_and_without_their_type() {
        let parse = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            parse(&words)
        };
        for line in [
            ID.into(),
            format!("jobs/{ID} j/{ID}"),
            format!("{ID} J/{ID}"),
        ] {
            assert_eq!(parse(&line).unwrap().len(), 1, "{line}");
        }
        let why = parse("7").unwrap_err();
        assert!(why.first_line().contains("there is no job `7`"));
    }
}
