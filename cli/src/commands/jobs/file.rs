//! A file of jobs, one a line: checked as a whole, then cut into batches that can be sent again.
//!
//! What a line holds reaches the server byte for byte. A batch's key is made of the file and of the
//! batch's place in it, so that a second run of the same file submits nothing twice.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};
use shared::job::{MAX_KEY_BYTES, Submit};

use crate::failure::{Failure, Result};

/// The largest file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// The largest body of a batch, in bytes; a single job may be larger.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Wrong lines that are told.
const MAX_TOLD: usize = 10;
/// What a key has beside its prefix, in bytes.
const OWN_KEY_BYTES: usize = 48;

/// A file whose lines are all jobs.
pub(super) struct JobFile {
    text: String,
    /// Each job's line: its number, and where it stands.
    lines: Vec<(usize, Range<usize>)>,
    hash: String,
}

/// Some of its jobs, for one call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Which jobs, counted from 0.
    pub(super) jobs: Range<usize>,
    pub(super) key: String,
}

impl JobFile {
    /// Reads a file, or stdin for `-`.
    ///
    /// Errors: a file that can't be read; lines that are no jobs, with their numbers; no job.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = shown(path);
        let unreadable =
            |why: &std::io::Error| Failure::failed(format!("can't read {shown}")).caused_by(why);
        let mut bytes = Vec::new();
        let read = if path == Path::new("-") {
            let stdin = std::io::stdin().lock();
            stdin.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
        } else {
            let file = std::fs::File::open(path).map_err(|why| unreadable(&why))?;
            file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
        };
        read.map_err(|why| unreadable(&why))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Failure::failed(format!("{shown} is larger than 1 GiB"))
                .hint("split it: `split -l 1000000 FILE`"));
        }
        let text = String::from_utf8(bytes).map_err(|why| {
            let upto = why.utf8_error().valid_up_to();
            let line = why.as_bytes()[..upto]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1;
            Failure::failed(format!("{shown}, line {line} is not UTF-8"))
        })?;
        Self::parse(text, &shown)
    }

    fn parse(text: String, shown: &str) -> Result<Self> {
        let mut lines = Vec::new();
        let mut wrong = Vec::new();
        let mut at = 0;
        for (number, line) in text.split('\n').enumerate() {
            let begin = at;
            at += line.len() + 1;
            // A byte order mark is no part of the first job.
            let mark = if begin == 0 && line.starts_with('\u{feff}') {
                3
            } else {
                0
            };
            let job = line[mark..].trim();
            if job.is_empty() {
                continue;
            }
            if let Err(why) = check(job) {
                wrong.push((number + 1, why));
            }
            let begin = begin + line[mark..].find(job).unwrap_or_default() + mark;
            lines.push((number + 1, begin..begin + job.len()));
        }
        if !wrong.is_empty() {
            return Err(not_jobs(shown, &wrong));
        }
        if lines.is_empty() {
            return Err(Failure::failed(format!("{shown} has no jobs"))
                .hint(r#"a line is a job, such as {"kind": "echo", "payload": 1}"#));
        }
        let hash = Sha256::digest(text.as_bytes());
        let hash = hash
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { text, lines, hash })
    }

    /// How many jobs it has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The number of a job's line, as an editor counts.
    pub(super) fn line(&self, job: usize) -> usize {
        self.lines[job].0
    }

    /// Its batches, of `most` jobs and not too many bytes each.
    ///
    /// Errors: a prefix that makes the keys too long, or that no header can hold.
    pub(super) fn batches(&self, most: usize, prefix: Option<&str>) -> Result<Vec<Batch>> {
        let prefix = prefix
            .map(|prefix| format!("{prefix}-"))
            .unwrap_or_default();
        let fits = |c: char| c.is_ascii_graphic();
        if prefix.len() > MAX_KEY_BYTES - OWN_KEY_BYTES || !prefix.chars().all(fits) {
            return Err(Failure::usage(
                "--idempotency-prefix must be at most 200 letters, digits and signs, without blanks",
            ));
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut bytes = 0;
        for (job, (_, at)) in self.lines.iter().enumerate() {
            match ranges.last_mut() {
                Some(range) if range.len() < most && bytes + at.len() <= MAX_BODY_BYTES => {
                    range.end = job + 1;
                    bytes += at.len();
                }
                _ => {
                    ranges.push(job..job + 1);
                    bytes = at.len();
                }
            }
        }
        let batch = |(number, jobs)| Batch {
            jobs,
            key: format!("{prefix}{}-{number}", self.hash),
        };
        Ok(ranges.into_iter().enumerate().map(batch).collect())
    }

    /// What to send for a batch.
    pub(super) fn body(&self, batch: &Batch) -> String {
        let lines = self.lines[batch.jobs.clone()].iter();
        let jobs: Vec<&str> = lines.map(|(_, at)| &self.text[at.clone()]).collect();
        format!("{{\"jobs\":[{}]}}", jobs.join(","))
    }
}

fn check(job: &str) -> Result<(), String> {
    let read = serde_json::from_str::<Submit>(job);
    let job = read.map_err(|why| {
        let why = shared::job::BadJob::from(why).to_string();
        // The line that counts is the file's, not that within the line.
        why.replace(" at line 1 column ", " at column ")
    })?;
    job.check().map_err(|why| why.to_string())
}

fn not_jobs(shown: &str, wrong: &[(usize, String)]) -> Failure {
    let (first, why) = &wrong[0];
    let what = match wrong.len() {
        1 => format!("{shown}, line {first} is no job"),
        n => format!("{shown} has {n} lines that are no jobs; the first is line {first}"),
    };
    let mut failure = Failure::failed(what).cause(format!("line {first}: {why}"));
    for (number, why) in wrong.iter().take(MAX_TOLD).skip(1) {
        failure = failure.cause(format!("line {number}: {why}"));
    }
    failure
        .hint(r#"nothing was submitted; a line is a job, such as {"kind": "echo", "payload": 1}"#)
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "stdin".into()
    } else {
        path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> JobFile {
        JobFile::parse(text.into(), "jobs.jsonl").unwrap()
    }

    #[test]
    fn lines_are_sent_byte_for_byte_and_blank_ones_are_passed_over() {
        let file = file(
            "\u{feff}{\"kind\":\"echo\",\"payload\":{\"b\": 1.0}}\r\n\n  \n {\"kind\":\"echo\",\"payload\":2} \n",
        );
        assert_eq!((file.len(), file.line(0), file.line(1)), (2, 1, 4));
        let batches = file.batches(500, None).unwrap();
        assert_eq!(
            file.body(&batches[0]),
            r#"{"jobs":[{"kind":"echo","payload":{"b": 1.0}},{"kind":"echo","payload":2}]}"#
        );
    }

    #[test]
    fn batches_are_bounded_in_jobs_and_bytes_and_their_keys_are_the_files() {
        let text = "{\"kind\":\"echo\",\"payload\":1}\n".repeat(5);
        let file_of_5 = file(&text);
        let batches = file_of_5.batches(2, None).unwrap();
        let ranges: Vec<_> = batches.iter().map(|batch| batch.jobs.clone()).collect();
        assert_eq!(ranges, [0..2, 2..4, 4..5]);
        assert_eq!(batches, file(&text).batches(2, None).unwrap());
        assert!(batches[2].key.ends_with("-2") && batches[2].key.len() <= OWN_KEY_BYTES);
        let other = file(&text.replace('1', "2")).batches(2, None).unwrap();
        assert_ne!(other[0].key, batches[0].key);
        let again = file_of_5.batches(2, Some("again")).unwrap();
        assert_eq!(again[0].key, format!("again-{}", batches[0].key));
        assert!(file_of_5.batches(2, Some("a b")).is_err());
        let large = format!(
            "{{\"kind\":\"echo\",\"payload\":\"{}\"}}\n",
            "x".repeat(3 << 20)
        );
        assert_eq!(file(&large.repeat(5)).batches(500, None).unwrap().len(), 3);
    }

    #[test]
    fn wrong_lines_are_told_with_their_numbers() {
        let text = "{\"kind\":\"echo\",\"payload\":1}\n\n{\"kind\":\"echo\"}\nnonsense\n";
        let failure = JobFile::parse(text.into(), "jobs.jsonl").err().unwrap();
        let lines = format!("{:?}", failure.lines());
        assert!(
            lines.contains("2 lines that are no jobs; the first is line 3"),
            "{lines}"
        );
        assert!(lines.contains("line 4: "), "{lines}");
        assert!(JobFile::parse(" \n".into(), "x").is_err());
    }
}
