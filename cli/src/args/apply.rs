//! Verbs that make resources be as a text says: `apply`, `diff`, `edit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Make resources be as files say
///
/// Takes YAML or JSON, one or many documents, lists as `mcpctl get -o yaml` prints them, and
/// tables: `kind: PriceList` with `prices: {NAME: {input, output, cachedInput}}`, `kind: AliasList`
/// with `aliases: {NAME: {...}}`. Applying the same file twice changes nothing the second time.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl apply -f llms.yaml -f aliases.yaml
  mcpctl apply -f prices.yaml
  mcpctl apply -f llms/ --dry-run
  mcpctl get llm gpt -o yaml | sed s/gpt-4o/gpt-5/ | mcpctl apply -f -")]
pub(crate) struct Apply {
    /// A file, a folder of .yaml, .yml and .json files, or - for stdin
    #[arg(
        short,
        long = "filename",
        value_name = "FILE|DIR|-",
        required = true,
        value_hint = clap::ValueHint::AnyPath
    )]
    pub(crate) filename: Vec<PathBuf>,
    /// Say what would be done, and don't do it
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true,
        default_missing_value = "client", hide_possible_values = true)]
    pub(crate) dry_run: Option<DryRun>,
}

/// Where a change is tried, in kubectl's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Do it.
    None,
    /// Compare with what is there.
    Client,
    /// Let the server try it, which ours can't.
    Server,
}

/// Show what `apply` would change
///
/// Takes what `apply` takes. Ends with 0 where nothing differs, 1 where something does, and with
/// more where something can't be read. The values of secrets can't be compared.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl diff -f llms.yaml
  mcpctl get llm gpt -o yaml | sed s/gpt-4o/gpt-5/ | mcpctl diff -f -")]
pub(crate) struct Diff {
    /// A file, a folder of .yaml, .yml and .json files, or - for stdin
    #[arg(
        short,
        long = "filename",
        value_name = "FILE|DIR|-",
        required = true,
        value_hint = clap::ValueHint::AnyPath
    )]
    pub(crate) filename: Vec<PathBuf>,
}

/// Change a resource in your editor
///
/// Opens its YAML in $VISUAL, else $EDITOR, else vi, and applies what was saved. A text that is not
/// valid is opened again with the reason on top; one that somebody overtook is offered anew on
/// their version. What can't be stored is kept in a file.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl edit llm/laptop
  EDITOR='code --wait' mcpctl edit alias smart")]
pub(crate) struct Edit {
    /// What to change: TYPE NAME or TYPE/NAME
    #[arg(value_name = "TYPE[/NAME]", required = true)]
    pub(crate) what: Vec<String>,
}
