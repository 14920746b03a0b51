//! Verbs on resources: LLMs, aliases, prices, secrets and tokens, and on jobs where they fit.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use query::Path;
use shared::llm::ProviderType;
use shared::role::Role;

use super::choose::Choose;

/// List resources, or show some of them
///
/// A type may be written in singular, plural or short form, several types with commas between
/// them, and a single resource as TYPE/NAME.
///
/// `usage`, `requests` and `costs` are no resources, but sums and records of what was asked:
/// `usage` by LLM, token or day, `requests` the last ones, `costs` by provider. Jobs are listed
/// newest first.
///
/// `-o jsonpath=` and `-o custom-columns=` take what they print out of what `-o json` prints.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl get llm,alias,job
  mcpctl get llm -l team=docs --sort-by .status.inFlight -w
  mcpctl get llm -o jsonpath='{range .items[*]}{.metadata.name}{\"\\n\"}{end}'
  mcpctl get usage --by principal,day --since 7d
  mcpctl get jobs --status queued -o custom-columns=ID:.id,KIND:.kind")]
pub(crate) struct Get {
    /// What to show: TYPE, TYPE NAME..., TYPE,TYPE or TYPE/NAME...; or jobs, usage, requests, costs
    #[arg(value_name = "TYPE[/NAME]", required = true)]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) choose: Choose,
    /// Order by the field at this path, such as .status.phase; those without it come last
    #[arg(long, value_name = "PATH")]
    pub(crate) sort_by: Option<Path>,
    /// Go on with changes, until Ctrl-C
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Leave the header line out
    #[arg(long)]
    pub(crate) no_headers: bool,
    /// Show the labels as the last column
    #[arg(long)]
    pub(crate) show_labels: bool,
    #[command(flatten)]
    pub(crate) ask: super::usage::Ask,
}

/// Show all fields of resources, and what one would look up next
///
/// An LLM also with its load, price, aliases and last requests, an alias with who would answer
/// now, a job with its attempts and events; as far as your roles allow.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl describe llm laptop
  mcpctl describe llm/laptop alias/smart
  mcpctl describe job 019aa5c3-1b7d-7f00-8000-000000000001")]
pub(crate) struct Describe {
    /// What to show: TYPE, TYPE NAME... or TYPE/NAME...
    #[arg(value_name = "TYPE[/NAME]", required = true)]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) choose: Choose,
}

/// Create a resource
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(subcommand)]
    pub(crate) what: CreateWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CreateWhat {
    Llm(CreateLlm),
    Alias(super::gateway::CreateAlias),
    Price(super::gateway::CreatePrice),
    Secret(CreateSecret),
    Token(CreateToken),
    Job(Box<super::jobs::CreateJob>),
}

/// Register a public LLM, which the server calls over HTTP
///
/// The key is named, never given: store it first with `mcpctl create secret`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl create llm gpt --type openai --model gpt-4o --key secret/openai#api-key
  mcpctl create llm box --type ollama --model llama3.2:3b --url http://10.0.0.5:11434 --tier fast
  mcpctl create llm flaky --type openai --model m --url http://10.0.0.6:8000/v1 \\
      --breaker-failures 5 --breaker-open-for 30s
  mcpctl create llm slow --type openai --model m --url http://10.0.0.7:8000/v1 \\
      --max-concurrency 4 --max-queue 100 --no-stream-usage
  mcpctl create llm echo --type demo --model demo")]
pub(crate) struct CreateLlm {
    /// How it will be called
    pub(crate) name: String,
    /// The dialect
    #[arg(long = "type", value_name = "TYPE", value_parser = provider_types())]
    pub(crate) provider_type: ProviderType,
    /// The provider's own model id
    #[arg(long)]
    pub(crate) model: String,
    /// The provider's base URL; default: the vendor's, Ollama's on the server's own machine
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Where the API key is kept
    #[arg(long, value_name = "secret/NAME#FIELD")]
    pub(crate) key: Option<String>,
    /// A routing hint: fast, balanced, heavy, or a word of your own
    #[arg(long)]
    pub(crate) tier: Option<String>,
    /// Requests that it takes at once; default: 256
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_concurrency: Option<u32>,
    /// Requests that may wait for their turn; default: 32
    #[arg(long, value_name = "N")]
    pub(crate) max_queue: Option<u32>,
    /// Don't ask its streams for their usage: for servers that refuse `stream_options`
    #[arg(long)]
    pub(crate) no_stream_usage: bool,
    /// Failures in a row that take it out of rotation; default: 3
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) breaker_failures: Option<u32>,
    /// How long it stays out before one request probes it, such as 30s; default: 5m
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) breaker_open_for: Option<std::time::Duration>,
}

/// The types as clap lists them, and what they mean.
fn provider_types() -> impl TypedValueParser<Value = ProviderType> {
    PossibleValuesParser::new(ProviderType::ALL.map(ProviderType::as_str))
        .try_map(|text| text.parse::<ProviderType>())
}

/// Store values that only the server will read
///
/// Values come from stdin, files or environment variables: never from the command line, where
/// other users could see them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl create secret openai --from-stdin api-key
  mcpctl create secret openai --from-env api-key=OPENAI_API_KEY
  mcpctl create secret tls --from-file cert=cert.pem --from-file key=key.pem")]
pub(crate) struct CreateSecret {
    /// How it will be called
    pub(crate) name: String,
    /// Read this field from stdin, or from a prompt that does not echo
    #[arg(long, value_name = "FIELD")]
    pub(crate) from_stdin: Option<String>,
    /// Read a field from a file
    #[arg(long, value_name = "FIELD=PATH")]
    pub(crate) from_file: Vec<String>,
    /// Read a field from an environment variable
    #[arg(long, value_name = "FIELD=VARIABLE")]
    pub(crate) from_env: Vec<String>,
}

/// Make an access token; its value is printed once
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl create token laptop --role publisher
  mcpctl create token ci --role user --principal ci-bot --expires 30d
  mcpctl create token team --role user --budget 20 --budget-period month --requests-per-minute 60
  mcpctl create token ops --role user --role publisher -q > ops.token")]
pub(crate) struct CreateToken {
    /// How it will be called
    pub(crate) name: String,
    /// What its bearer may do; may be given several times
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
    pub(crate) roles: Vec<Role>,
    /// On whose behalf its bearer acts
    #[arg(long)]
    pub(crate) principal: Option<String>,
    /// When it ends, counted from now, such as 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) expires: Option<std::time::Duration>,
    #[command(flatten)]
    pub(crate) limits: super::gateway::LimitFlags,
}

fn role(text: &str) -> Result<Role, shared::role::UnknownRole> {
    text.parse()
}

/// Delete resources
///
/// One resource that is named is deleted at once. Several need a confirmation, or --yes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl delete llm gpt
  mcpctl delete llm/gpt job/019aa5c3-1b7d-7f00-8000-000000000001 --yes
  mcpctl delete -f llms.yaml --ignore-not-found
  mcpctl delete token --all")]
pub(crate) struct Delete {
    /// What to delete: TYPE NAME... or TYPE/NAME...
    #[arg(value_name = "TYPE[/NAME]", required_unless_present = "filename")]
    pub(crate) what: Vec<String>,
    /// What a file names: a file, a folder of .yaml, .yml and .json files, or - for stdin
    #[arg(
        short,
        long = "filename",
        value_name = "FILE|DIR|-",
        conflicts_with_all = ["what", "all", "selector", "field_selector"],
        value_hint = clap::ValueHint::AnyPath
    )]
    pub(crate) filename: Vec<PathBuf>,
    /// Delete all of the type
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) choose: Choose,
    /// Don't mind what is not there
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// Don't ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// List the resource types and their short forms
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl api-resources
  mcpctl api-resources -o name")]
pub(crate) struct ApiResources {
    /// Leave the header line out
    #[arg(long)]
    pub(crate) no_headers: bool,
}
