//! `crash`: many crash rounds of durable jobs, on SQLite and on a PostgreSQL server of its own. Prints a line for each
//! database, and what is wrong. See `tests/crash.sh`.

use clap::Parser;
use std::process::ExitCode;
use system_tests::cluster::OwnPostgres;
use system_tests::jobs::rounds::{Summary, play};

/// Kills mcpd and its workers at seeded moments, and checks that durable jobs are kept
#[derive(Debug, Parser)]
struct Options {
    /// Rounds on each database
    #[arg(long, default_value_t = 500)]
    rounds: u32,
    /// Repeats what a run with this seed has done
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[expect(
    clippy::print_stderr,
    reason = "what to repeat, for whoever started it"
)]
fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    // First of all, so that a run that fails can be played again.
    eprintln!("seed {}", options.seed);
    let mut is_good = true;
    runtime.block_on(async {
        is_good &= tell(&play(options.seed, options.rounds, None).await);
        if let Some(postgres) = OwnPostgres::start(&[]).await {
            is_good &= tell(&play(options.seed, options.rounds, Some(postgres)).await);
        }
    });
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stdout, reason = "the result, for whoever started it")]
fn tell(summary: &Summary) -> bool {
    println!("{summary}");
    for wrong in &summary.violations {
        println!("  {wrong}");
    }
    summary.violations.is_empty()
}
