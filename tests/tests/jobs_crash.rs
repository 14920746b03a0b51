//! A few crash rounds on both databases: what was acknowledged is kept, whoever dies. Many more with
//! `tests/crash.sh`.
//!
//! `MCPCTL_CRASH_ROUNDS` and `MCPCTL_CRASH_SEED` play other ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use system_tests::cluster::{OwnPostgres, figures};
use system_tests::jobs::rounds::{Summary, play};

const ROUNDS: u64 = 30;
const SEED: u64 = 7;

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

#[tokio::test]
async fn what_was_acknowledged_survives_whoever_dies() {
    let seed = setting("MCPCTL_CRASH_SEED", SEED);
    let rounds = u32::try_from(setting("MCPCTL_CRASH_ROUNDS", ROUNDS)).unwrap();
    // First of all, so that a run that fails can be played again.
    figures("crash rounds", &format!("seed {seed}, {rounds} rounds"));
    let on_postgres = async {
        let postgres = OwnPostgres::start(&[]).await?;
        Some(play(seed, rounds, Some(postgres)).await)
    };
    let (sqlite, postgres) = tokio::join!(play(seed, rounds, None), on_postgres);
    let all: Vec<Summary> = [sqlite].into_iter().chain(postgres).collect();
    for summary in &all {
        figures("crash rounds", &summary.to_string());
    }
    for summary in &all {
        let wrong = summary.violations.join("\n");
        assert!(wrong.is_empty(), "{summary}\n{wrong}");
    }
}
