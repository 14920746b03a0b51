//! The program `mcplocal`: publishes this machine's providers.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use home::Home;
use kit::clock::SystemClock;
use kit::lifecycle::{Lifecycle, stop_signal};
use kit::random::SystemRandom;
use mcplocal::boot::{self, Outside, STOP_LIMIT};
use mcplocal::install::{self, Wanted};
use mcplocal::logs::Logs;
use mcplocal::watchdog;

/// Publish the LLM providers of this machine to an mcpd.
#[derive(Parser)]
#[command(name = "mcplocal", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run in the foreground until SIGTERM or Ctrl-C
    Run {
        /// Folder of config, session and control socket [default: MCPCTL_HOME, else ~/.mcpctl]
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,
        /// Level (error, warn, info, debug, trace) or list such as `info,mcplocal=debug`
        #[arg(
            long,
            env = "MCPLOCAL_LOG",
            default_value = "info",
            value_name = "FILTER"
        )]
        log: String,
    },
    /// Let your service manager (systemd, launchd) run it from now on
    Install {
        /// Folder of config, session and control socket [default: MCPCTL_HOME, else ~/.mcpctl]
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,
        /// Also run while you are not logged in (systemd)
        #[arg(long)]
        linger: bool,
    },
    /// Stop it and take it from your service manager
    Uninstall,
    /// Print the version
    Version,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { home, log } => run(home, &log),
        Command::Install { home, linger } => report(install(home, linger)),
        Command::Uninstall => report(install::uninstall().map_err(|failed| failed.to_string())),
        Command::Version => report(Ok(vec![format!("mcplocal {}", env!("CARGO_PKG_VERSION"))])),
    }
}

fn install(home: Option<PathBuf>, linger: bool) -> Result<Vec<String>, String> {
    let program = std::env::current_exe().map_err(|failed| failed.to_string())?;
    // The service manager knows nothing of this shell's variables.
    let moved = std::env::var_os(home::HOME_VARIABLE).filter(|dir| !dir.is_empty());
    let home = home.or(moved.map(PathBuf::from));
    let home = home.map(std::path::absolute).transpose();
    let home = home.map_err(|failed| failed.to_string())?;
    let wanted = Wanted {
        program,
        home,
        linger,
    };
    install::install(&wanted).map_err(|failed| failed.to_string())
}

fn run(home: Option<PathBuf>, filter: &str) -> ExitCode {
    let home = match home.map_or_else(Home::locate, |dir| Ok(Home::at(dir))) {
        Ok(home) => home,
        Err(nowhere) => return fail(&nowhere.to_string()),
    };
    // Whatever is made here (socket, session, lock) is its owner's alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let logs = Logs::default();
    if let Err(bad) = logs.start(filter) {
        return fail(&bad.to_string());
    }
    kit::open_files::raise_limit();
    // One thread: a task is passed on where its bytes arrive, and nothing waits for a lock.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(async {
                tokio::select! {
                    code = serve(home, logs) => code,
                    never = watchdog::alive() => match never {},
                }
            });
            // A keyring that never answers must not hold the end up.
            runtime.shutdown_background();
            code
        }
        Err(failed) => fail(&format!("the runtime can't start: {failed}")),
    }
}

async fn serve(home: Home, logs: Logs) -> ExitCode {
    let lifecycle = Lifecycle::new();
    let dir = home.dir().to_owned();
    let outside = Outside {
        lifecycle: lifecycle.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        home,
        logs,
    };
    let _running = match boot::start(outside) {
        Ok(running) => running,
        Err(failed) => return fail(&failed.to_string()),
    };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, home = %dir.display(), "mcplocal runs");
    watchdog::ready();
    tokio::select! {
        signal = stop_signal() => if let Err(failed) = signal {
            tracing::error!(%failed, "signals can't be heard");
        },
        () = lifecycle.stopping() => {}
    }
    let asked = !lifecycle.is_stopping();
    tracing::info!("stopping: withdrawing, and finishing what runs");
    watchdog::stopping();
    lifecycle.shut_down(STOP_LIMIT).await;
    if asked {
        ExitCode::SUCCESS
    } else {
        fail("a part of mcplocal ended unexpectedly; see the log")
    }
}

fn report(said: Result<Vec<String>, String>) -> ExitCode {
    match said {
        Ok(lines) => {
            let mut out = std::io::stdout().lock();
            for line in lines {
                // A closed pipe ends quietly.
                if writeln!(out, "{line}").is_err() {
                    break;
                }
            }
            ExitCode::SUCCESS
        }
        Err(why) => fail(&why),
    }
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {why}");
    ExitCode::FAILURE
}
