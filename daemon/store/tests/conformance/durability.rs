//! What was answered is on disk: a killed process loses none of it, and leaves nothing half done.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::usage::{HourSum, Query, RequestLine};
use store::{Config, Store};

use crate::support::temp_dir::TempDir;
use crate::support::{at, block_on, name, open, public};

/// Names the directory to the child, and makes it one.
const CHILD_DIR: &str = "MCPCTL_TEST_DURABILITY_DIR";
/// Rows or batches that the child must have answered for before it is killed.
pub(crate) const ANSWERS: usize = 20;
/// Lines of one batch of usage.
const LINES: u64 = 40;

#[test]
fn a_killed_process_has_stored_all_that_it_answered_for() {
    let this_test = "durability::a_killed_process_has_stored_all_that_it_answered_for";
    let Some((dir, answered)) = killed_midway(this_test, store_rows) else {
        return;
    };
    block_on(async {
        let store = open(&Config::sqlite(dir.path())).await.unwrap();
        for row in answered {
            let found = store.llms().find(&name(&row)).await.unwrap();
            assert!(found.is_some(), "`{row}` was answered for and is lost");
        }
        store.close().await;
    });
}

#[test]
fn a_killed_process_leaves_no_batch_of_usage_half_written() {
    let this_test = "durability::a_killed_process_leaves_no_batch_of_usage_half_written";
    let Some((dir, _)) = killed_midway(this_test, store_usage) else {
        return;
    };
    block_on(async {
        let store = open(&Config::sqlite(dir.path())).await.unwrap();
        let sums = store.usage().sums(&Query::default()).await.unwrap();
        let counted = sums[0].requests;
        assert!(counted >= ANSWERS as u64 * LINES, "{counted} are left");
        // The sweep counts lines without a limit, which no list does.
        let lines = store.usage().sweep(at(1), 0).await.unwrap();
        assert_eq!(lines, counted);
        store.close().await;
    });
}

async fn store_rows(store: Store) {
    for n in 0..10_000 {
        let row = format!("llm{n}");
        store.llms().insert(&public(&row), at(0)).await.unwrap();
        println!("stored {row}");
    }
}

async fn store_usage(store: Store) {
    let line = RequestLine {
        at: at(0),
        ..RequestLine::default()
    };
    let lines = vec![line; LINES as usize];
    let sum = HourSum {
        hour: at(0),
        requests: LINES,
        ..HourSum::default()
    };
    for n in 0..10_000 {
        let sums = std::slice::from_ref(&sum);
        store.usage().write(sums, &lines).await.unwrap();
        println!("stored {n}");
    }
}

/// Runs `write` in another process, which is killed in the middle of it. Answers where that wrote
/// and what it said to have stored; `None` in that process itself.
pub(crate) fn killed_midway<F: Future<Output = ()>>(
    this_test: &str,
    write: impl FnOnce(Store) -> F,
) -> Option<(TempDir, Vec<String>)> {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        let config = Config::sqlite(Path::new(&dir));
        block_on(async { write(open(&config).await.unwrap()).await });
        return None;
    }
    let dir = TempDir::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this_test, "--nocapture"])
        .env(CHILD_DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let stored = lines
        .map_while(Result::ok)
        .filter_map(|line| line.split("stored ").nth(1).map(str::to_owned));
    let answered: Vec<String> = stored.take(ANSWERS).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answered.len(), ANSWERS, "the child ended early");
    Some((dir, answered))
}
