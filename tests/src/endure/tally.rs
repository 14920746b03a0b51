//! How requests ended, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How one request ended, as its caller saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// Whole, and what was asked for.
    Whole,
    /// The caller hung up, as planned.
    HungUp,
    /// A typed error before or in the answer, by code.
    Refused(String),
    /// The answer broke off, and shows it.
    Broken,
    /// There was no answer: the server was away.
    NoAnswer,
    /// What nobody should ever get.
    Wrong(String),
}

/// Counts of all ends, and each wrong one.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

/// What was counted.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// By outcome; refusals by code.
    pub by_outcome: BTreeMap<String, u64>,
    /// What nobody should ever get.
    pub wrong: Vec<String>,
}

impl Tally {
    pub(super) fn add(&self, kind: &str, ended: Ended) {
        let mut counts = self.lock();
        let outcome = match ended {
            Ended::Whole => "whole".to_owned(),
            Ended::HungUp => "caller hung up".to_owned(),
            Ended::Refused(code) => format!("error {code}"),
            Ended::Broken => "broken off".to_owned(),
            Ended::NoAnswer => "no answer".to_owned(),
            Ended::Wrong(why) => {
                counts.wrong.push(format!("{kind}: {why}"));
                "WRONG".to_owned()
            }
        };
        *counts.by_outcome.entry(outcome).or_insert(0) += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_outcome.values().sum()
    }
}
