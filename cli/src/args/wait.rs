//! `wait`: until something stands as wanted.

use clap::Args;

use super::TimeoutFlag;
use super::choose::Choose;
use super::condition::Condition;

/// Wait until resources stand as wanted
///
/// Says so for each, and ends with 0 when all do, 6 where --timeout passed, 1 where a job ended
/// otherwise.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl wait llm/laptop --for=status=active --timeout 2m
  mcpctl wait job/ID llm/gpt --for=jsonpath='{.status.phase}'=active
  mcpctl wait job ID --for=status=done
  mcpctl wait llm/laptop --for=delete")]
pub(crate) struct Wait {
    /// What to wait for: TYPE NAME..., TYPE/NAME..., or TYPE with --all or -l
    #[arg(value_name = "TYPE[/NAME]", required = true)]
    pub(crate) what: Vec<String>,
    /// What for: status=WORD, create, delete, jsonpath=PATH or jsonpath=PATH=VALUE
    #[arg(long = "for", value_name = "CONDITION")]
    pub(crate) until: Condition,
    /// All of the type that are there
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) choose: Choose,
    /// How long to wait, such as 2m; here not a call's
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::own_timeout)]
    pub(crate) timeout: TimeoutFlag,
}
