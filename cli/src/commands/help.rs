//! `mcpctl help`: a command's own help, or a topic that no single command owns.

use crate::args::connect::Help;
use crate::args::definition;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::Output;

/// What can be explained beside the commands.
pub(crate) const TOPICS: [&str; 3] = ["exit-codes", "environment", "config"];

/// The topics and their texts.
pub(super) fn topics() -> [(&'static str, String); 3] {
    let [codes, environment, config] = TOPICS;
    [
        (codes, exit_codes()),
        (environment, ENVIRONMENT.into()),
        (config, CONFIG.into()),
    ]
}

pub(super) fn run(args: &Help, output: &Output) -> Result<Exit> {
    if let [word] = &args.words[..]
        && let Some((_, text)) = topics().into_iter().find(|(topic, _)| topic == word)
    {
        output.data(&text)?;
        return Ok(Exit::Done);
    }
    let root = definition();
    let command = find(&root, &args.words)?;
    let help = command.clone().render_long_help();
    if output.colour_on_out() {
        output.raw(help.ansi().to_string().as_bytes())?;
    } else {
        output.data(&help.to_string())?;
    }
    Ok(Exit::Done)
}

/// The command that `words` name.
pub(super) fn find<'a>(root: &'a clap::Command, words: &[String]) -> Result<&'a clap::Command> {
    let mut command = root;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            let known = command.get_subcommands().map(clap::Command::get_name);
            let failure = Failure::usage(format!("there is no command or topic `{word}`"));
            match nearest(word, known.chain(TOPICS)) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("`mcpctl help` lists the commands"),
            }
        })?;
    }
    Ok(command)
}

fn exit_codes() -> String {
    let mut text = String::from("How mcpctl ends, for scripts. These numbers don't change.\n\n");
    for (exit, meaning) in Exit::MEANINGS {
        text += &format!("  {:>3}  {meaning}\n", exit.code());
    }
    text += "\nA closed pipe (`mcpctl get llm | head -1`) is no failure: 0.\n";
    text
}

const ENVIRONMENT: &str = "\
What mcpctl reads from the environment. A flag goes before a variable, a variable before the
current context, the context before `server` in config.json.

  MCPCTL_SERVER  the server to talk to, such as http://127.0.0.1:8765
  MCPCTL_TOKEN   the access token; no keyring and no file is asked then
  MCPCTL_HOME    the folder for settings, in place of ~/.mcpctl
  OLLAMA_HOST    where `mcpctl init` looks for Ollama, beside its usual port
  VISUAL, EDITOR what `mcpctl edit` and /edit open
  NO_COLOR       set to anything: no colour
  TERM=dumb      no colour, no status line
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY
                 as everywhere; a server on this machine is always reached directly
  SSL_CERT_FILE  certificates to trust, in place of the system's
";

const CONFIG: &str = "\
The folder ~/.mcpctl (moved by MCPCTL_HOME):

  config.json       contexts, the current one, a default server; providers for mcplocal
  credentials       access tokens by server, where there is no keyring; mode 0600
  conversations/    what `chat-llm` keeps; mode 0600
  history           what you typed in conversations; mode 0600
  provider-session  mcplocal's session id
  mcplocal.sock     mcplocal's control socket
  mcplocal.log      its log, where `mcpctl init` started it by itself
  cache/            may be deleted at any time

config.json:

  {
    \"server\": \"http://127.0.0.1:8765\",
    \"contexts\": { \"team\": { \"server\": \"https://mcpd.example\" } },
    \"currentContext\": \"team\",
    \"providers\": [
      { \"name\": \"laptop\", \"type\": \"ollama\", \"model\": \"llama3.2:3b\", \"publish\": true }
    ]
  }

`mcpctl login URL --context NAME` adds a context, `mcpctl context use NAME` changes to it.
Fields that mcpctl does not know stay as they are.
";
