//! What was answered is on disk: a killed process loses none of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::Config;

use crate::support::temp_dir::TempDir;
use crate::support::{at, block_on, name, open, public};

/// Names the directory to the child, and makes it one.
const CHILD_DIR: &str = "MCPCTL_TEST_DURABILITY_DIR";
/// Rows that the child must have answered for before it is killed.
const ROWS: usize = 20;

#[test]
fn a_killed_process_has_stored_all_that_it_answered_for() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        return write_until_killed(Path::new(&dir));
    }
    let dir = TempDir::new();
    let this_test = "durability::a_killed_process_has_stored_all_that_it_answered_for";
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
    let answered: Vec<String> = stored.take(ROWS).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answered.len(), ROWS, "the child ended early");
    block_on(async {
        let store = open(&Config::sqlite(dir.path())).await.unwrap();
        for row in answered {
            let found = store.llms().find(&name(&row)).await.unwrap();
            assert!(found.is_some(), "`{row}` was answered for and is lost");
        }
        store.close().await;
    });
}

fn write_until_killed(dir: &Path) {
    block_on(async {
        let store = open(&Config::sqlite(dir)).await.unwrap();
        for n in 0..10_000 {
            let row = format!("llm{n}");
            store.llms().insert(&public(&row), at(0)).await.unwrap();
            println!("stored {row}");
        }
    });
}
