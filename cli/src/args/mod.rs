//! The command line: every flag and verb, its help and its examples.
//!
//! Help, the reference and the completion scripts are all made from these definitions.

use std::process::ExitCode;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) mod apply;
pub(crate) mod chat;
pub(crate) mod choose;
pub(crate) mod condition;
pub(crate) mod connect;
pub(crate) mod console;
pub(crate) mod doctor;
pub(crate) mod gateway;
pub(crate) mod init;
pub(crate) mod jobs;
pub(crate) mod local;
pub(crate) mod logs;
pub(crate) mod printing;
pub(crate) mod resources;
pub(crate) mod usage;
pub(crate) mod wait;
pub(crate) mod worker;

use crate::exit_code::Exit;
use printing::{Printing, PrintingParser};

/// One command line over all your LLMs
///
/// mcpctl talks to an mcpd: the registry of LLMs, public ones with keys and virtual ones that
/// people publish from their own machines.
#[derive(Debug, Parser)]
#[command(
    name = "mcpctl",
    version,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  mcpctl init                             set this machine up, and publish its models
  mcpctl login http://127.0.0.1:8765      log in; the token comes from stdin or a prompt
  mcpctl get llm                          list what can be called
  mcpctl chat-llm laptop                  talk to one
  mcpctl chat-llm laptop -m 'hello?'      ask one thing and leave
  mcpctl explain route smart              say who would answer, and why
  mcpctl jobs submit -f jobs.jsonl        have many things done, whatever breaks
  mcpctl get usage --by llm,day           what was used, and what it cost

`mcpctl help TOPIC` explains `exit-codes`, `environment` and `config`."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Global {
    /// The server to talk to [env: MCPCTL_SERVER]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Global options"
    )]
    pub(crate) server: Option<String>,
    /// The context to use instead of the current one
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub(crate) context: Option<String>,
    /// How to print: table, wide, json, yaml, name, jsonpath=, custom-columns=
    #[arg(
        short,
        long,
        global = true,
        hide_possible_values = true,
        value_name = "FORMAT",
        value_parser = PrintingParser.map(OutputFlag::ForAll),
        help_heading = "Global options"
    )]
    output: Option<OutputFlag>,
    /// Show the HTTP exchange, secrets masked
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
    /// Say nothing but data, warnings and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Use no colour [env: NO_COLOR]
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_color: bool,
    /// Give up after this time, such as 30s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = call_timeout,
        help_heading = "Global options")]
    timeout: Option<TimeoutFlag>,
}

/// The value of a flag that every command takes and that one command uses for something of its own.
///
/// clap hands such a value on to the parent and to the command; this tells each what is not meant
/// for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meant<All, Own> {
    /// As everywhere.
    ForAll(All),
    /// As this command's own.
    Own(Own),
}

/// `--output FORMAT`, but for `create price`: `--output USD`.
pub(crate) type OutputFlag = Meant<Printing, f64>;
/// `--timeout TIME` of the call, but for `create alias`: of requests to the alias, and for those
/// who wait for jobs: of the wait.
pub(crate) type TimeoutFlag = Meant<Duration, Duration>;

impl<All, Own: Copy> Meant<All, Own> {
    /// What the command was given for itself.
    pub(crate) const fn own(&self) -> Option<Own> {
        match self {
            Self::ForAll(_) => None,
            Self::Own(own) => Some(*own),
        }
    }
}

impl Global {
    /// How data is to be printed.
    pub(crate) fn printing(&self) -> Option<&Printing> {
        match &self.output {
            Some(Meant::ForAll(printing)) => Some(printing),
            Some(Meant::Own(_)) | None => None,
        }
    }

    /// How long a call may take, where the line says so.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        match self.timeout {
            Some(Meant::ForAll(timeout)) => Some(timeout),
            Some(Meant::Own(_)) | None => None,
        }
    }
}

fn call_timeout(text: &str) -> Result<TimeoutFlag, String> {
    crate::duration::parse(text).map(Meant::ForAll)
}

/// Of a command that has a time limit of its own.
fn own_timeout(text: &str) -> Result<TimeoutFlag, String> {
    crate::duration::parse(text).map(Meant::Own)
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for a person
    #[default]
    Table,
    /// More columns
    Wide,
    /// The server's object, unchanged
    Json,
    /// The same as YAML
    Yaml,
    /// TYPE/NAME, one a line
    Name,
}

/// Every verb.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Login(connect::Login),
    Logout(connect::Logout),
    Whoami(connect::Whoami),
    Context(connect::Context),
    Get(resources::Get),
    Describe(resources::Describe),
    Create(resources::Create),
    Apply(apply::Apply),
    Diff(apply::Diff),
    Edit(apply::Edit),
    Delete(resources::Delete),
    Wait(wait::Wait),
    Logs(logs::Logs),
    Set(gateway::Set),
    Explain(gateway::Explain),
    Top(gateway::Top),
    Console(console::Console),
    Jobs(jobs::Jobs),
    ApiResources(resources::ApiResources),
    ChatLlm(chat::ChatLlm),
    Worker(worker::Worker),
    Local(local::Local),
    Doctor(doctor::Doctor),
    Completions(connect::Completions),
    Man(connect::Man),
    Version(connect::Version),
    Help(connect::Help),
    #[command(name = "__complete", hide = true)]
    Complete(connect::Complete),
    /// Print the whole reference as Markdown
    #[command(name = "__markdown-help", hide = true)]
    MarkdownHelp,
}

/// Reads this process's command line.
///
/// Errors: the end of the run where help was asked for or the line can't be understood; what is
/// to be said has been said then.
pub(crate) fn read() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|why| {
        // Help for a closed pipe, or a usage error nobody reads: the code still counts.
        let _ = why.print();
        if why.use_stderr() {
            Exit::Usage.into()
        } else {
            Exit::Done.into()
        }
    })
}

/// The whole definition.
pub(crate) fn definition() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_visible_command_has_examples() {
        fn check(command: &clap::Command, path: &str) {
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                let path = format!("{path} {}", sub.get_name());
                if sub.get_subcommands().next().is_none() {
                    let help = sub.get_after_help().map(ToString::to_string);
                    let examples = help.unwrap_or_default().matches("\n  mcpctl ").count();
                    assert!((1..=5).contains(&examples), "{path}: {examples} examples");
                }
                check(sub, &path);
            }
        }
        check(&Cli::command(), "mcpctl");
    }
}
