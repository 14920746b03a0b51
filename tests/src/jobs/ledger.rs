//! What was said to the server, and what it has promised.

use super::plan::{Planned, Submission};
use std::collections::{HashMap, HashSet};

/// What is known of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A 2xx: these jobs are on disk.
    Acknowledged(Vec<String>),
    /// No answer, or an error that does not say: it may be there, at most once.
    Unclear,
}

/// All submissions, all cancels.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<(Submission, Fate)>,
    /// Jobs whose end was asked for, answered or not.
    pub cancels: HashSet<String>,
    /// Jobs that were said to be canceled.
    pub canceled: HashSet<String>,
    /// Answers that no caller should get.
    pub strange: Vec<String>,
}

impl Ledger {
    /// Enters what became of a submission.
    pub fn enter(&mut self, submission: Submission, fate: Fate) {
        self.entries.push((submission, fate));
    }

    /// Takes out those that are unclear and can be said again.
    pub fn take_unclear(&mut self) -> Vec<Submission> {
        let mut again = Vec::new();
        self.entries.retain(|(submission, fate)| {
            let is_due = *fate == Fate::Unclear && submission.key.is_some();
            if is_due {
                again.push(submission.clone());
            }
            !is_due
        });
        again
    }

    /// All of them.
    pub fn entries(&self) -> impl Iterator<Item = &(Submission, Fate)> {
        self.entries.iter()
    }

    /// Every job that may be there, by its nonce.
    #[must_use]
    pub fn planned(&self) -> HashMap<&str, &Planned> {
        let jobs = self.entries.iter().flat_map(|(one, _)| &one.jobs);
        jobs.map(|planned| (planned.nonce.as_str(), planned))
            .collect()
    }

    /// The ids that were acknowledged, oldest first.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<String> {
        let ids = self.entries.iter().filter_map(|(_, fate)| match fate {
            Fate::Acknowledged(ids) => Some(ids.clone()),
            Fate::Unclear => None,
        });
        ids.flatten().collect()
    }
}
