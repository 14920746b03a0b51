//! `init`: from nothing to a model that answers by its name.

use clap::Args;

/// Set this machine up, and publish its models
///
/// Finds the server, logs in where no token works yet, looks for model servers on their usual ports
/// (Ollama, vLLM, llama.cpp, LM Studio and others), asks what to publish, writes it into
/// config.json, starts mcplocal and waits until the models can be called. Run it again at any time:
/// what is there stays. Nothing is written before the last question is answered.
///
/// OLLAMA_HOST is honoured. MCPCTL_INIT_PORTS names ports of 127.0.0.1 to look at in place of the
/// usual ones, such as 8000,8001.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl init
  mcpctl init --server https://mcpd.example --provider http://gpu-box:8000/v1
  mcpctl init --yes --token-stdin < token     no questions: for scripts
  mcpctl init --publish llama3.2:3b --dry-run show what would be written")]
pub(crate) struct Init {
    /// Ask nothing: take the defaults, and publish every chat model found, at most 10
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Publish these, by the model's id or the name proposed for it
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) publish: Vec<String>,
    /// A model server that is not on this machine, or not on a usual port
    #[arg(long, value_name = "URL")]
    pub(crate) provider: Vec<String>,
    /// Read the token from stdin, never from a prompt; needs --yes
    #[arg(long)]
    pub(crate) token_stdin: bool,
    /// Store the token in the private file even where there is a keyring
    #[arg(long)]
    pub(crate) insecure_storage: bool,
    /// Start mcplocal in the background, and leave the service manager alone
    #[arg(long)]
    pub(crate) no_service: bool,
    /// Print the config.json that would be written, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
