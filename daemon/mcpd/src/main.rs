//! `mcpd`: flags, settings, logging, and then [`mcpd::boot`].

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use kit::lifecycle::{Lifecycle, stop_signal};
use mcpd::config::Config;
use tokio::net::TcpListener;

/// The central server of mcpctl: one name list and one endpoint over everybody's models.
///
/// Settings come from flags, then from MCPD_* variables, then from mcpd.toml in the data folder.
/// `mcpd config` shows them all with their sources.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  mcpd                                        serve on 127.0.0.1:8765, data in ~/.local/share/mcpd
  mcpd --listen 0.0.0.0:8765                  serve other machines (put TLS in front)
  MCPD_DATABASE_URL=postgres://u:p@h/d mcpd   keep the data in PostgreSQL
  mcpd config                                 show every setting and where it came from"
)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Listen on this address [default: 127.0.0.1:8765]
    #[arg(long, global = true, value_name = "ADDR")]
    listen: Option<String>,
    /// Listen for gRPC on this address, or `off` [default: 127.0.0.1:9090]
    #[arg(long, global = true, value_name = "ADDR")]
    grpc_listen: Option<String>,
    /// Keep data in this folder [default: ~/.local/share/mcpd]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Log this much: error, warn, info, debug, trace, or info,relay=debug [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Set any other setting, such as --set drain_timeout=10s
    #[arg(long = "set", global = true, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Show every setting and where it came from
    Config,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "error: {error}");
            for cause in error.chain().skip(1) {
                let _ = writeln!(stderr, "cause: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<()> {
    let shows_config = args.command.is_some();
    let config = Config::load(flags(args)?, std::env::vars().collect())?;
    if shows_config {
        return show(&config);
    }
    kit::logging::start(&config.log)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let files = kit::open_files::raise_limit();
    // A connection may hold one to a provider, too.
    if let Some(files) = files.filter(|files| *files < 2 * config.max_connections as u64) {
        let connections = config.max_connections;
        tracing::warn!(
            files,
            connections,
            "fewer files may be open than `max_connections` may need: raise the hard limit (LimitNOFILE, ulimit -Hn)"
        );
    }
    // This thread accepts, and runs what is behind the routes; `threads` more serve.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        let listen = config.listen;
        format!("can't listen on {listen}; is another mcpd running? Choose another address with --listen")
    })?;
    let stopping = lifecycle.clone();
    let signals = async {
        match stop_signal().await {
            Ok(()) => tracing::info!("asked to stop: finishing what runs"),
            Err(error) => tracing::error!(%error, "can't listen to signals"),
        }
        stopping.stop();
        // The second signal does not wait.
        stop_signal().await
    };
    tokio::select! {
        done = mcpd::boot::run(config, listener, lifecycle) => done,
        _ = signals => anyhow::bail!("stopped at once, at the second signal"),
    }
}

fn flags(args: Args) -> anyhow::Result<BTreeMap<String, String>> {
    let mut flags = BTreeMap::new();
    for setting in args.set {
        let (name, value) = setting
            .split_once('=')
            .with_context(|| format!("--set takes NAME=VALUE, not `{setting}`"))?;
        flags.insert(name.replace('-', "_"), value.to_owned());
    }
    let named = [
        ("listen", args.listen),
        ("grpc_listen", args.grpc_listen),
        ("data_dir", args.data_dir),
        ("log", args.log),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            flags.insert(name.to_owned(), value);
        }
    }
    Ok(flags)
}

fn show(config: &Config) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let widest = config.shown.iter().map(|setting| setting.name.len()).max();
    let width = widest.unwrap_or(0);
    for setting in &config.shown {
        let (name, value, source) = (setting.name, &setting.value, setting.source);
        writeln!(stdout, "{name:width$}  {value}  ({source})")?;
    }
    Ok(())
}
