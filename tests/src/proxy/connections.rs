//! The open connections of a proxy, each with its number and what its client said last.

use super::rules::Rules;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Longest request line that is kept, in bytes.
const MAX_LINE_BYTES: usize = 256;

/// The connections. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    numbers: Arc<AtomicU64>,
    /// By number: the last request line that went up.
    open: Arc<Mutex<BTreeMap<u64, String>>>,
    book: watch::Sender<Book>,
    resets: watch::Sender<Resets>,
}

/// The rules of all, and those of single ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    all: Rules,
    only: BTreeMap<u64, Rules>,
}

impl Book {
    /// What holds for the connection `number`.
    pub(super) fn of(&self, number: u64) -> Rules {
        self.only.get(&number).copied().unwrap_or(self.all)
    }
}

/// Who was reset last.
#[derive(Debug, Clone, Copy, Default)]
struct Resets {
    /// The only one; none means all.
    only: Option<u64>,
}

impl Resets {
    /// Whether the connection `number` is meant.
    fn hits(&self, number: u64) -> bool {
        self.only.is_none_or(|only| only == number)
    }
}

impl Connections {
    pub(super) fn new() -> Self {
        Self {
            numbers: Arc::default(),
            open: Arc::default(),
            book: watch::Sender::new(Book::default()),
            resets: watch::Sender::new(Resets::default()),
        }
    }

    /// Takes a new one in, and gives its number: 1 for the first.
    pub(super) fn enter(&self) -> u64 {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst) + 1;
        self.lock().insert(number, String::new());
        number
    }

    pub(super) fn leave(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// How many were taken in so far.
    pub(super) fn accepted(&self) -> usize {
        usize::try_from(self.numbers.load(Ordering::SeqCst)).unwrap_or(usize::MAX)
    }

    pub(super) fn open(&self) -> usize {
        self.lock().len()
    }

    /// The newest whose last request line has `part` in it.
    pub(super) fn find(&self, part: &str) -> Option<u64> {
        let open = self.lock();
        let mut found = open.iter().rev().filter(|(_, line)| line.contains(part));
        found.next().map(|(number, _)| *number)
    }

    /// Notes what went up, where a request begins with it.
    pub(super) fn note(&self, number: u64, piece: &[u8]) {
        let is_request = [&b"GET /"[..], b"POST /", b"PUT /", b"DELETE /"]
            .iter()
            .any(|verb| piece.starts_with(verb));
        if !is_request {
            return;
        }
        let line = piece.split(|byte| *byte == b'\r').next().unwrap_or(piece);
        let line = String::from_utf8_lossy(&line[..line.len().min(MAX_LINE_BYTES)]).into_owned();
        if let Some(kept) = self.lock().get_mut(&number) {
            *kept = line;
        }
    }

    pub(super) fn set(&self, rules: Rules) {
        self.book.send_modify(|book| {
            book.all = rules;
            book.only.clear();
        });
    }

    pub(super) fn set_only(&self, number: u64, rules: Rules) {
        self.book.send_modify(|book| {
            book.only.insert(number, rules);
        });
    }

    pub(super) fn reset(&self, only: Option<u64>) {
        self.resets.send_replace(Resets { only });
    }

    pub(super) fn rules(&self) -> watch::Receiver<Book> {
        self.book.subscribe()
    }

    /// Resolves once the connection `number` is reset.
    pub(super) async fn is_reset(&self, number: u64) {
        let mut resets = self.resets.subscribe();
        // Fails only with the proxy itself.
        while resets.changed().await.is_ok() {
            if resets.borrow_and_update().hits(number) {
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
