//! `doctor`: what is wrong, and what to do about it.

use clap::{Args, ValueEnum};

/// Look for what is wrong, and say how to mend it
///
/// One line per check; below one that is not in order stands what to do. All checks run at once, and
/// end within ten seconds. Nothing is changed, and no model is asked anything but which models there
/// are.
///
/// Exit codes: 0 all is well, or there are warnings only; 1 something failed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl doctor
  mcpctl doctor server auth
  mcpctl doctor -o json
  mcpctl doctor --server https://mcpd.example")]
pub(crate) struct Doctor {
    /// Only these checks
    #[arg(value_name = "CHECK")]
    pub(crate) checks: Vec<Check>,
}

/// What can be checked, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// It is found, answers, and is an mcpd
    Server,
    /// Client, server and daemon fit together
    Version,
    /// The token is known, and how long
    Auth,
    /// The operating system's keyring answers
    Keyring,
    /// config.json and the rights of the files
    Config,
    /// mcplocal runs
    Daemon,
    /// mcplocal and the server hear each other
    Channel,
    /// Each provider of config.json answers and has its model
    Provider,
    /// This clock and the server's agree
    Clock,
    /// Proxies on the way
    Proxy,
}
