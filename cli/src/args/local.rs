//! `local`: this machine's mcplocal.

use clap::{Args, Subcommand};

/// Control the mcplocal of this machine
#[derive(Args, Debug)]
pub(crate) struct Local {
    #[command(subcommand)]
    pub(crate) verb: LocalVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalVerb {
    /// Show whether it runs, is connected, and what it publishes
    #[command(after_help = "\
Examples:
  mcpctl local status
  mcpctl local status -o json")]
    Status,
    /// Offer a provider of the config file to the server
    #[command(after_help = "\
Examples:
  mcpctl local publish laptop")]
    Publish {
        /// The provider
        provider: String,
    },
    /// Take a provider back
    ///
    /// Ends when the server knows, where it can be asked, and after three seconds at the latest.
    #[command(after_help = "\
Examples:
  mcpctl local unpublish laptop")]
    Unpublish {
        /// The provider
        provider: String,
    },
    /// Read the config file again
    #[command(after_help = "\
Examples:
  mcpctl local reload")]
    Reload,
    /// Show its recent log
    #[command(after_help = "\
Examples:
  mcpctl local logs
  mcpctl local logs -f --tail 20")]
    Logs {
        /// Go on with new lines, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// At most so many lines
        #[arg(long, value_name = "LINES", default_value_t = 200)]
        tail: usize,
    },
    /// Make it start with your session
    #[command(after_help = "\
Examples:
  mcpctl local install")]
    Install {
        /// Handed on to `mcplocal install`
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARGUMENT"
        )]
        rest: Vec<String>,
    },
    /// Undo `install`
    #[command(after_help = "\
Examples:
  mcpctl local uninstall")]
    Uninstall {
        /// Handed on to `mcplocal uninstall`
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARGUMENT"
        )]
        rest: Vec<String>,
    },
    /// Run it in the foreground
    #[command(after_help = "\
Examples:
  mcpctl local run")]
    Run {
        /// Handed on to `mcplocal run`
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARGUMENT"
        )]
        rest: Vec<String>,
    },
}
