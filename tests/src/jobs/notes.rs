//! What a worker wrote down, a line for each word of its own and for each answer. A line is with the kernel before
//! anything else happens, so a worker that is killed leaves all of it.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Something that a worker noted about an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// It is about to bring this result.
    Brings,
    /// The result was written: this one stands.
    Won,
    /// The result came too late: this one must not stand.
    Late,
    /// There was no answer: the result may stand.
    Unanswered,
    /// It is about to say that no attempt will help.
    Refuses,
    /// That was written.
    Refused,
}

impl Note {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Brings, "brings"),
        (Self::Won, "won"),
        (Self::Late, "late"),
        (Self::Unanswered, "unanswered"),
        (Self::Refuses, "refuses"),
        (Self::Refused, "refused"),
    ];

    fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(note, _)| *note == self);
        found.map_or("", |(_, text)| text)
    }

    fn find(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == text);
        found.map(|(note, _)| *note)
    }
}

/// A worker's pen.
#[derive(Debug)]
pub struct Pen(File);

impl Pen {
    /// Writes at the end of `path`.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(file))
    }

    /// Notes something about the attempt that has the result `nonce`.
    ///
    /// # Panics
    /// When it can't be written: the checks would be worth nothing.
    pub fn note(&mut self, note: Note, job: &str, nonce: &str) {
        let line = format!("{} {job} {nonce}\n", note.as_str());
        let written = self.0.write_all(line.as_bytes());
        written.expect("notes can be written");
    }
}

/// What all workers noted, by job.
#[derive(Debug, Default)]
pub struct Notes {
    jobs: HashMap<String, OfJob>,
}

/// What was noted about one job; nonces are those of results.
#[derive(Debug, Default)]
pub struct OfJob {
    /// Results that were sent.
    pub brought: HashSet<String>,
    /// Those of which the server said that they stand.
    pub won: HashSet<String>,
    /// Those of which it said that they came too late, and that it can't have heard before.
    pub late: HashSet<String>,
    /// Somebody told the server that no attempt will help.
    pub refuses: bool,
    /// And it has heard.
    pub refused: bool,
    unanswered: HashSet<String>,
}

impl Notes {
    /// Reads what a worker wrote; a line that it could not finish counts for nothing.
    pub fn read(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for line in text.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                continue;
            };
            let mut words = line.split(' ');
            let (Some(note), Some(job), Some(nonce)) = (
                words.next().and_then(Note::find),
                words.next(),
                words.next(),
            ) else {
                continue;
            };
            self.jobs
                .entry(job.to_owned())
                .or_default()
                .add(note, nonce);
        }
    }

    /// What was noted about a job.
    #[must_use]
    pub fn of(&self, job: &str) -> Option<&OfJob> {
        self.jobs.get(job)
    }
}

impl OfJob {
    fn add(&mut self, note: Note, nonce: &str) {
        let nonce = nonce.to_owned();
        match note {
            Note::Brings => drop(self.brought.insert(nonce)),
            Note::Won => drop(self.won.insert(nonce)),
            // Said again after no answer, a result that stands is late too.
            Note::Late if !self.unanswered.contains(&nonce) => drop(self.late.insert(nonce)),
            Note::Late => {}
            Note::Unanswered => drop(self.unanswered.insert(nonce)),
            Note::Refuses => self.refuses = true,
            Note::Refused => self.refused = true,
        }
    }
}
