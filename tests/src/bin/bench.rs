//! `bench`: measures the ways to a mock provider side by side. See `bench --help` and `tests/bench.sh`.

use clap::Parser;
use std::net::SocketAddr;
use std::process::ExitCode;
use system_tests::bench::options::{Command, Options, RunOptions};
use system_tests::bench::run;
use system_tests::bench::trouble::{During, Trouble};
use system_tests::mock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a run that was told to stop: it has no report.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    match tokio::runtime::Builder::new_current_thread()
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
    let work = async {
        match options.command {
            Some(Command::Mock { listen }) => serve_mock(listen).await,
            None => measure(&options.run).await,
        }
    };
    let done = tokio::select! {
        done = work => done,
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

async fn serve_mock(listen: SocketAddr) -> Result<(), Trouble> {
    let listener = TcpListener::bind(listen)
        .await
        .during(format!("listen on {listen}"))?;
    let addr = listener.local_addr().during("ask for the address")?;
    say(&format!("listening on {addr}"));
    mock::serve(listener, mock::Settings::default()).await;
    Ok(())
}

async fn measure(options: &RunOptions) -> Result<(), Trouble> {
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
