//! `console`.

use clap::Args;

/// Look at everything live, and act on it
///
/// A view over the whole terminal: LLMs and how busy they are, publishers, jobs, usage, requests,
/// aliases, prices, secrets and tokens. `?` shows the keys: `:` goes to a view, `/` filters, `d`
/// describes, `l` shows the log, `e` edits, `c` chats, Ctrl-D deletes after a question, `q` leaves.
/// What changes shows by itself; a server that went away comes back by itself.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  mcpctl console                     the LLMs
  mcpctl console jobs                begin with the jobs
  mcpctl console --read-only         look, and change nothing
  mcpctl console --context team      another server

Views: llm, publishers, jobs, usage, requests, alias, price, secret, token.")]
pub(crate) struct Console {
    /// The view to begin with
    #[arg(default_value = "llm", hide_default_value = true)]
    pub(crate) view: String,
    /// Change nothing: no edit, no delete, no cancel, no retry
    #[arg(long)]
    pub(crate) read_only: bool,
}
