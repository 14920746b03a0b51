//! `endure`: mixed load while things go wrong by a seed, for as long as it is told. Prints the account, and draws memory
//! and open files over time. See `tests/endure.sh`.

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use system_tests::endure::{Options, run};

/// Keeps everything busy while processes die and networks fail, and checks that nothing is lost or leaked
#[derive(Debug, Parser)]
struct Arguments {
    /// How long
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Repeats what a run with this seed has done
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the drawing goes (SVG)
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result, for whoever started it"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    // First of all, so that a run that fails can be played again.
    eprintln!("seed {}", arguments.seed);
    let report = runtime.block_on(run(Options {
        seed: arguments.seed,
        lasts: Duration::from_secs(arguments.minutes * 60),
    }));
    print!("{report}");
    if let Some(path) = arguments.plot
        && let Err(error) = std::fs::write(&path, report.plot())
    {
        eprintln!("{} can't be written: {error}", path.display());
        return ExitCode::FAILURE;
    }
    let (wrong, grown) = (report.wrong(), report.grown());
    for wrong in &wrong {
        println!("  {wrong}");
    }
    println!("grown: {}", grown.len());
    for grown in &grown {
        println!("  {grown}");
    }
    match wrong.is_empty() && grown.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
