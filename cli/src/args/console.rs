//! `console`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use console::View;

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
    #[arg(default_value = "llm", hide_default_value = true, hide_possible_values = true,
        value_parser = views())]
    pub(crate) view: View,
    /// Change nothing: no edit, no delete, no cancel, no retry
    #[arg(long)]
    pub(crate) read_only: bool,
}

fn views() -> impl TypedValueParser<Value = View> {
    let named = |view: View| PossibleValue::new(view.name()).aliases(&view.words()[1..]);
    let views = PossibleValuesParser::new(View::ALL.map(named));
    // Only words that name a view come so far.
    views.map(|word| View::find(&word).unwrap_or(View::Llm))
}
