//! A steady load of submits that remembers what was promised, while somebody ill-treats the server's database.

use super::client::{Jobs, id_in};
use crate::cluster::{Ask, Whole, figures};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Before a submit that was not accepted is said again, with its key.
const AGAIN: Duration = Duration::from_millis(20);

/// Submitters at work, each of whom has one call under way. Ends with [`Load::finish`].
#[derive(Debug)]
pub struct Load {
    jobs: Jobs,
    shared: Arc<Shared>,
    submitters: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    is_over: AtomicBool,
    accepted: AtomicU64,
    book: Mutex<Book>,
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Book {
    /// Ids that were acknowledged, one for each key.
    pub ids: Vec<String>,
    /// Errors with a body of ours, by status and code.
    pub errors: BTreeMap<(u16, String), u64>,
    /// Calls without an answer.
    pub unanswered: u64,
    /// What no caller should get.
    pub strange: Vec<String>,
}

impl Load {
    /// Starts so many submitters of `echo` jobs.
    #[must_use]
    pub fn start(jobs: &Jobs, submitters: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let mut all = JoinSet::new();
        for n in 0..submitters {
            let (jobs, shared) = (jobs.clone(), Arc::clone(&shared));
            all.spawn(async move { submit(n, &jobs, &shared).await });
        }
        Self {
            jobs: jobs.clone(),
            shared,
            submitters: all,
        }
    }

    /// How many submits were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many calls were answered by an error of ours so far.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.shared.book().errors.values().sum()
    }

    /// Lets each submitter have its last job accepted, and waits until all jobs have ended; all of them done, each key
    /// once.
    ///
    /// # Panics
    /// When a promise was not kept, or something was answered that nobody should get.
    pub async fn finish(mut self, test: &str, limit: Duration) -> Book {
        self.shared.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.submitters.join_next().await {
            ended.expect("a submitter does not panic");
        }
        let book = std::mem::take(&mut *self.shared.book());
        let told = format!(
            "{} acknowledged, errors {:?}, unanswered {}",
            book.ids.len(),
            book.errors,
            book.unanswered
        );
        figures(test, &told);
        assert!(book.strange.is_empty(), "{:?}", book.strange);
        let ended = self.jobs.all_end(&book.ids, limit).await;
        assert_eq!(ended.get("done"), Some(&book.ids.len()), "{ended:?}");
        let different: HashSet<&String> = book.ids.iter().collect();
        assert_eq!(different.len(), book.ids.len());
        self.each_key_once(&book.ids).await;
        book
    }

    /// No key has made two jobs, whatever its submitter was answered.
    async fn each_key_once(&self, ids: &[String]) {
        let all = self.jobs.list().await;
        let ours = all.iter().filter(|job| job["kind"] == "echo");
        assert_eq!(ours.count(), ids.len(), "a key has made two jobs");
    }
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn submit(n: usize, jobs: &Jobs, shared: &Shared) {
    for count in 0.. {
        let key = format!("load-{n}-{count}");
        let job = json!({"kind": "echo", "payload": {"key": key}, "max_attempts": 100});
        let ask = Ask::post("/v1/jobs", job).header("idempotency-key", &key);
        loop {
            match jobs.call(ask.clone()).await {
                Ok(answer) if answer.status == 202 => {
                    shared.accepted.fetch_add(1, Ordering::SeqCst);
                    shared.book().ids.push(id_in(&answer.json()));
                    break;
                }
                Ok(answer) => shared.book().refused(&answer),
                Err(_) => shared.book().unanswered += 1,
            }
            sleep(AGAIN).await;
        }
        if shared.is_over.load(Ordering::SeqCst) {
            return;
        }
    }
}

impl Book {
    /// An error is typed: a 503 with our body, that says when to come back.
    fn refused(&mut self, answer: &Whole) {
        let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        let code = body["error"]["code"].as_str();
        let after = answer.header("retry-after");
        let after = after.and_then(|text| text.parse::<u64>().ok());
        match code {
            Some(code) if answer.status == 503 && after.is_some() => {
                let key = (answer.status, code.to_owned());
                *self.errors.entry(key).or_insert(0) += 1;
            }
            _ => self
                .strange
                .push(format!("{} {after:?} {}", answer.status, answer.text())),
        }
    }
}
