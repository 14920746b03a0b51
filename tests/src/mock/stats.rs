//! Counters of the mock, readable while it runs: from the same process and at `GET /mock/stats`.

use crate::clock::monotonic_ns;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Mutex, PoisonError};

/// How many of the newest aborts are remembered one by one.
const REMEMBERED_ABORTS: usize = 64;

/// Counters, shared between the serving thread and whoever asks.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) connections: AtomicU64,
    pub(super) open_connections: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    posts: AtomicU64,
    most_in_flight: AtomicU64,
    completed: AtomicU64,
    cut: AtomicU64,
    aborted: AtomicU64,
    completions: AtomicU64,
    tokens: AtomicU64,
    tokens_completed: AtomicU64,
    tokens_cut: AtomicU64,
    aborts: Mutex<VecDeque<(u64, &'static str)>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsSnapshot {
    /// Connections accepted so far.
    pub connections: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// Requests read so far, but not those for the statistics.
    pub requests: u64,
    /// Requests being answered now.
    pub in_flight: u64,
    /// The most POST requests that were being answered at once.
    pub most_in_flight: u64,
    /// Requests answered to the end.
    pub completed: u64,
    /// Answers that the mock cut off on purpose.
    pub cut: u64,
    /// Requests whose client hung up before the answer's end.
    pub aborted: u64,
    /// Completions and embeddings answered to the end with a 200.
    pub completions: u64,
    /// Tokens sent in streams.
    pub tokens: u64,
    /// Tokens of answers that were sent to the end, streams and others.
    pub tokens_completed: u64,
    /// Tokens sent in streams that the client left or the mock cut.
    pub tokens_cut: u64,
    /// The newest aborts, oldest first, at most 64.
    pub aborts: Vec<Abort>,
}

/// One client that hung up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// How long ago, in microseconds.
    pub ago_us: u64,
    /// When it was noticed, in `CLOCK_MONOTONIC` nanoseconds.
    pub at_ns: u64,
    /// What the mock was doing: `waiting` (nothing sent yet) or `streaming`.
    pub phase: String,
}

impl Stats {
    /// Counts a request until the returned guard is settled; one dropped unsettled counts as aborted.
    pub(super) fn begin(&self, is_post: bool) -> InFlight<'_> {
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        if is_post {
            let at_once = self.posts.fetch_add(1, Relaxed) + 1;
            self.most_in_flight.fetch_max(at_once, Relaxed);
        }
        InFlight {
            is_post,
            stats: self,
            end: End::Aborted,
            phase: "waiting",
            is_completion: false,
            sent: 0,
        }
    }

    pub(super) fn snapshot(&self) -> StatsSnapshot {
        let now = monotonic_ns();
        let in_flight = self.in_flight.load(Acquire);
        let aborts = self.aborts.lock().unwrap_or_else(PoisonError::into_inner);
        StatsSnapshot {
            connections: self.connections.load(Relaxed),
            open_connections: self.open_connections.load(Relaxed),
            requests: self.requests.load(Relaxed),
            in_flight,
            most_in_flight: self.most_in_flight.load(Relaxed),
            completed: self.completed.load(Relaxed),
            cut: self.cut.load(Relaxed),
            aborted: self.aborted.load(Relaxed),
            completions: self.completions.load(Relaxed),
            tokens: self.tokens.load(Relaxed),
            tokens_completed: self.tokens_completed.load(Relaxed),
            tokens_cut: self.tokens_cut.load(Relaxed),
            aborts: aborts
                .iter()
                .map(|&(at_ns, phase)| abort(now, at_ns, phase))
                .collect(),
        }
    }

    fn remember_abort(&self, phase: &'static str) {
        let mut aborts = self.aborts.lock().unwrap_or_else(PoisonError::into_inner);
        if aborts.len() == REMEMBERED_ABORTS {
            aborts.pop_front();
        }
        aborts.push_back((monotonic_ns(), phase));
    }
}

fn abort(now: u64, at_ns: u64, phase: &'static str) -> Abort {
    Abort {
        ago_us: now.saturating_sub(at_ns) / 1_000,
        at_ns,
        phase: phase.to_owned(),
    }
}

/// One request being answered.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    stats: &'a Stats,
    end: End,
    phase: &'static str,
    is_post: bool,
    is_completion: bool,
    sent: u64,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Completed,
    Cut,
    Aborted,
}

impl InFlight<'_> {
    /// The first byte of the answer leaves.
    pub(super) fn streaming(&mut self) {
        self.phase = "streaming";
    }

    /// It is a completion, and answered as one.
    pub(super) fn is_completion(&mut self) {
        self.is_completion = true;
    }

    /// One more token of a stream has left.
    pub(super) fn token_sent(&mut self) {
        self.stats.tokens.fetch_add(1, Relaxed);
        self.sent += 1;
    }

    /// The answer has so many tokens, and leaves in one piece.
    pub(super) fn whole(&mut self, tokens: u32) {
        self.sent = tokens.into();
    }

    pub(super) fn completed(mut self) {
        self.end = End::Completed;
    }

    pub(super) fn cut(mut self) {
        self.end = End::Cut;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let tokens = match self.end {
            End::Completed => &self.stats.tokens_completed,
            End::Cut | End::Aborted => &self.stats.tokens_cut,
        };
        tokens.fetch_add(self.sent, Relaxed);
        match self.end {
            End::Completed => {
                let completions = u64::from(self.is_completion);
                self.stats.completions.fetch_add(completions, Relaxed);
                self.stats.completed.fetch_add(1, Relaxed)
            }
            End::Cut => self.stats.cut.fetch_add(1, Relaxed),
            End::Aborted => {
                self.stats.remember_abort(self.phase);
                self.stats.aborted.fetch_add(1, Relaxed)
            }
        };
        // Last: who sees that it is over sees how it ended, too.
        self.stats.posts.fetch_sub(u64::from(self.is_post), Relaxed);
        self.stats.in_flight.fetch_sub(1, Release);
    }
}
