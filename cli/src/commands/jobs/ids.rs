//! How a command line names jobs: `job`, `jobs`, `j`, `job ID...`, `job/ID...`.

use shared::job::JobId;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// Jobs as `api-resources` lists them: plural, singular, short form.
pub(crate) const WORDS: [&str; 3] = ["jobs", "job", "j"];

/// Whether `word` names jobs.
pub(crate) fn is_job(word: &str) -> bool {
    WORDS.contains(&word.to_lowercase().as_str())
}

/// The jobs that the words behind a verb name; `None` where they are about something else. Empty
/// where all are meant.
pub(crate) fn selected(words: &[String]) -> Option<Result<Vec<JobId>>> {
    let first = words.first()?;
    if is_job(first) {
        return Some(parse(&words[1..]));
    }
    let slashed = |word: &String| word.split_once('/').is_some_and(|(kind, _)| is_job(kind));
    if words.iter().all(slashed) {
        return Some(parse(words));
    }
    let mixed = words.iter().any(slashed) || first.split(',').any(is_job);
    mixed.then(|| {
        Err(Failure::usage("jobs stand alone behind a verb")
            .hint("one command for jobs, one for the others"))
    })
}

/// Reads ids, each also as `job/ID`. One that is named twice is taken once.
///
/// Errors: not found; a text that is no id names no job.
pub(crate) fn parse(words: &[String]) -> Result<Vec<JobId>> {
    let mut ids = Vec::new();
    for word in words {
        let bare = match word.split_once('/') {
            Some((kind, id)) if is_job(kind) => id,
            _ => word,
        };
        let id: JobId = bare.parse().map_err(|why: shared::job::BadId| {
            Failure::new(Exit::NotFound, format!("there is no job `{bare}`"))
                .caused_by(&why)
                .hint("`mcpctl get jobs` lists what there is")
        })?;
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

    fn shown(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        match selected(&words) {
            None => "no jobs".into(),
            Some(Ok(ids)) => format!("{}", ids.len()),
            Some(Err(why)) => format!("{:?}", why.lines()),
        }
    }

    #[test]
    fn every_way_to_name_jobs_is_understood() {
        for line in ["job", "jobs", "J"] {
            assert_eq!(shown(line), "0");
        }
        for line in [
            format!("job {ID}"),
            format!("jobs/{ID} j/{ID}"),
            format!("job job/{ID}"),
        ] {
            assert_eq!(shown(&line), "1", "{line}");
        }
        assert_eq!(shown("llm laptop"), "no jobs");
        assert!(shown("job 7").contains("there is no job `7`"));
        assert!(shown("llm,job").contains("stand alone"));
        assert!(shown(&format!("llm/a job/{ID}")).contains("stand alone"));
    }
}
