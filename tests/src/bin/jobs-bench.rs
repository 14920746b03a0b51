//! `jobs-bench`: measures ways to run durable jobs side by side. See `jobs-bench --help` and `tests/bench-jobs.sh`.

use clap::Parser;
use std::process::ExitCode;
use system_tests::bench::trouble::{During, Trouble};
use system_tests::jobs_bench::options::Options;
use system_tests::jobs_bench::run;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a run that was told to stop: it has no report.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    // On all cores: a floor that waits for its own client would flatter the others.
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(told(options)),
        Err(error) => failed(&Trouble::Io {
            what: "start the runtime".to_owned(),
            source: error,
        }),
    }
}

/// Does what the options say, or stops when told to; either way, what was started ends.
async fn told(options: Options) -> ExitCode {
    let done = tokio::select! {
        done = measure(&options) => done,
        stopped = stop_signal() => match stopped {
            Ok(()) => return ExitCode::from(STOPPED),
            Err(trouble) => Err(trouble),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => failed(&trouble),
    }
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> Result<(), Trouble> {
    let mut terminate = signal(SignalKind::terminate()).during("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).during("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn measure(options: &Options) -> Result<(), Trouble> {
    let report = run::run(options, say).await?;
    print(&report);
    if let Some(file) = &options.report {
        std::fs::write(file, &report).during(format!("write {}", file.display()))?;
    }
    Ok(())
}

fn failed(trouble: &Trouble) -> ExitCode {
    say(&format!("error: {}", trouble.chain()));
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn print(report: &str) {
    println!("{report}");
}

#[expect(
    clippy::print_stderr,
    reason = "progress and errors, beside the report"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
