//! Verbs about the connection: who, where, and with which rights; and about the program itself.

use clap::{Args, Subcommand, ValueEnum};

/// Log in to a server and remember it
///
/// The access token is read from a prompt that does not echo, or from stdin. It is checked with
/// the server before it is stored: in the keyring, or where this machine has none, in a private
/// file. The server becomes the current context.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl login http://127.0.0.1:8765
  mcpctl login https://mcpd.example --context team
  mcpctl login http://127.0.0.1:8765 --with-token < admin.token")]
pub(crate) struct Login {
    /// The server, such as http://127.0.0.1:8765
    pub(crate) url: String,
    /// Read the token from stdin, never from a prompt
    #[arg(long)]
    pub(crate) with_token: bool,
    /// Store the token in the private file even where there is a keyring
    #[arg(long)]
    pub(crate) insecure_storage: bool,
}

/// Forget the token of a server
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl logout
  mcpctl logout --context team")]
pub(crate) struct Logout {}

/// Show whom the server takes you for
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl whoami
  mcpctl whoami -o json")]
pub(crate) struct Whoami {}

/// Choose among servers
#[derive(Args, Debug)]
pub(crate) struct Context {
    #[command(subcommand)]
    pub(crate) verb: ContextVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContextVerb {
    /// List the contexts
    #[command(after_help = "\
Examples:
  mcpctl context list
  mcpctl context list -o json")]
    List,
    /// Make a context the current one
    #[command(after_help = "\
Examples:
  mcpctl context use team")]
    Use {
        /// The context
        name: String,
    },
    /// Show a context, or the one in use
    #[command(after_help = "\
Examples:
  mcpctl context show
  mcpctl context show team")]
    Show {
        /// The context; default: the current one
        name: Option<String>,
    },
    /// Remove a context; its token stays until `mcpctl logout`
    #[command(after_help = "\
Examples:
  mcpctl context delete team")]
    Delete {
        /// The context
        name: String,
    },
}

/// Print the completion script of a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl completions bash > ~/.local/share/bash-completion/completions/mcpctl
  mcpctl completions zsh > \"${fpath[1]}/_mcpctl\"
  mcpctl completions fish > ~/.config/fish/completions/mcpctl.fish
  mcpctl completions powershell >> $PROFILE")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// Print manual pages, or write all of them
///
/// Without --dir one page is printed, as roff: `mcpctl man get | man -l -` shows it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl man --dir ~/.local/share/man/man1
  mcpctl man | man -l -
  mcpctl man jobs submit | man -l -")]
pub(crate) struct Man {
    /// The command; default: mcpctl itself
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub(crate) words: Vec<String>,
    /// Write the pages of all commands to this folder, which is made where it is missing
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: Option<std::path::PathBuf>,
}

/// Show the versions of mcpctl, of the server and of this machine's mcplocal
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl version
  mcpctl version -o json")]
pub(crate) struct Version {
    /// Ask neither the server nor mcplocal
    #[arg(long)]
    pub(crate) client: bool,
}

/// Explain a command or a topic
///
/// Topics: `exit-codes`, `environment`, `config`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl help chat-llm
  mcpctl help create secret
  mcpctl help exit-codes")]
pub(crate) struct Help {
    /// The command, or `exit-codes`, `environment`, `config`
    #[arg(value_name = "COMMAND|TOPIC")]
    pub(crate) words: Vec<String>,
}

/// Print names for a completion script
#[derive(Args, Debug)]
pub(crate) struct Complete {
    /// What is completed
    pub(crate) kind: String,
    /// What was typed of it
    #[arg(default_value = "", allow_hyphen_values = true)]
    pub(crate) prefix: String,
}
