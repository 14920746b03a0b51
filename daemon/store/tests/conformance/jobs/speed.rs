//! How fast the queue is. Ignored: it takes its time and says numbers instead of yes or no.
//!
//! ```text
//! cargo test --release -p store --test conformance jobs::speed -- --ignored --nocapture
//! ```
//!
//! The throwaway PostgreSQL of the tests does not wait for the disk. `MCPCTL_BENCH_POSTGRES` names
//! the URL of an empty database on one that does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::job::MAX_BATCH;
use store::jobs::{ClaimRequest, Lanes};
use store::{Config, Store};

use super::{job, result_of, worker};
use crate::support::temp_dir::TempDir;
use crate::support::{at, block_on, open};

const WORKERS: usize = 8;

#[test]
#[ignore = "a measurement"]
fn jobs_per_second_on_sqlite() {
    let dir = TempDir::new();
    block_on(async { measure("SQLite", open(&Config::sqlite(dir.path())).await.unwrap()).await });
}

#[test]
#[ignore = "a measurement"]
fn jobs_per_second_on_postgresql() {
    let Ok(url) = std::env::var("MCPCTL_BENCH_POSTGRES") else {
        eprintln!("SKIPPED: MCPCTL_BENCH_POSTGRES is not set");
        return;
    };
    block_on(async {
        let store = open(&Config::postgres(url)).await.unwrap();
        measure("PostgreSQL", store).await;
    });
}

async fn measure(database: &str, store: Store) {
    for (batch, jobs) in [(1, 2_000), (10, 20_000), (100, 50_000), (500, 100_000)] {
        let began = tokio::time::Instant::now();
        for _ in 0..jobs / MAX_BATCH {
            let new = vec![job("echo"); MAX_BATCH];
            store
                .jobs()
                .submit(&new, "alice", None, at(0))
                .await
                .unwrap();
        }
        let submitted = began.elapsed();
        let began = tokio::time::Instant::now();
        let done = Arc::new(AtomicUsize::new(0));
        let mut workers = tokio::task::JoinSet::new();
        for n in 0..WORKERS {
            workers.spawn(work(store.clone(), n, batch, jobs, Arc::clone(&done)));
        }
        workers.join_all().await;
        let per_s = |took: Duration| jobs as f64 / took.as_secs_f64();
        println!(
            "{database}: batches of {batch}: submitted {:.0}/s, claimed and finished {:.0}/s",
            per_s(submitted),
            per_s(began.elapsed()),
        );
        assert_eq!(done.load(Ordering::SeqCst), jobs);
    }
    store.close().await;
}

async fn work(store: Store, n: usize, batch: usize, jobs: usize, done: Arc<AtomicUsize>) {
    let (worker, kinds) = (worker(&format!("w{n}")), ["echo".to_owned()]);
    while done.load(Ordering::SeqCst) < jobs {
        let request = ClaimRequest {
            worker: &worker,
            kinds: &kinds,
            lease: Duration::from_secs(600),
            limit: batch,
            absent: &[],
            principal: "alice",
            lanes: Lanes::All,
        };
        let claimed = store.jobs().claim(request, at(1)).await.unwrap();
        let results: Vec<_> = claimed.iter().map(result_of).collect();
        store.jobs().complete(&results, at(2)).await.unwrap();
        done.fetch_add(results.len(), Ordering::SeqCst);
    }
}
