//! `logs`: what a job told, what an LLM was asked, what the daemon here wrote.

use clap::Args;
use shared::timestamp::Timestamp;

/// Show a job's events, an LLM's requests, or the log of mcplocal
///
/// Of an LLM, these are its requests: when, who, how it ended, tokens and time. What was said is
/// not kept anywhere.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl logs job/019aa5c3-1b7d-7f00-8000-000000000001
  mcpctl logs llm/laptop -f
  mcpctl logs llm laptop --since 1h --tail 20
  mcpctl logs local -f")]
pub(crate) struct Logs {
    /// Whose: job/ID, llm/NAME, or local
    #[arg(value_name = "TYPE/NAME", required = true)]
    pub(crate) what: Vec<String>,
    /// Go on with what comes, until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// At most so many of the last; default: 50 requests, 200 lines of the daemon, all of a job
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<usize>,
    /// From when, such as 1h or 2026-11-01 (UTC)
    #[arg(long, value_name = "TIME", value_parser = super::usage::instant)]
    pub(crate) since: Option<Timestamp>,
}
