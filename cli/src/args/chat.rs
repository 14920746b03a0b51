//! `chat-llm`.

use clap::Args;

/// Talk to an LLM
///
/// An alias or a model id does too: the server picks the LLM then. Without a message it opens a
/// conversation. With -m, or with text on stdin, it asks once and prints the answer; text on stdin
/// follows the message. A terminal shows the answer as rendered Markdown, a pipe gets it as it is.
/// The server keeps nothing of it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  mcpctl chat-llm laptop
  mcpctl chat-llm laptop --continue
  mcpctl chat-llm laptop -m 'Why is the sky blue?'
  mcpctl chat-llm smart -m 'Whoever of the alias is free, answer'
  git diff | mcpctl chat-llm laptop -m 'Write a commit message' --temperature 0
  mcpctl chat-llm laptop -m hi -o json | jq .usage

In a conversation `/help` lists the commands, Ctrl-C stops an answer, Ctrl-D leaves.")]
pub(crate) struct ChatLlm {
    /// The LLM, an alias, or the model id that several LLMs serve
    pub(crate) name: String,
    /// Ask this and leave
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// What the model should know or be beforehand
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// How freely it answers, 0 to 2
    #[arg(long, value_name = "NUMBER", value_parser = temperature, allow_negative_numbers = true)]
    pub(crate) temperature: Option<f64>,
    /// The most tokens of an answer
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,
    /// Wait for the whole answer
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Go on with the last conversation
    #[arg(long = "continue", conflicts_with = "message")]
    pub(crate) go_on: bool,
    /// Show answers as they are written, not as rendered Markdown
    #[arg(long, visible_alias = "no-markdown")]
    pub(crate) raw: bool,
    /// Don't show what the model thinks before it answers
    #[arg(long)]
    pub(crate) hide_thinking: bool,
}

/// A temperature between 0 and 2.
pub(crate) fn temperature(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a temperature: give a number from 0 to 2");
    let number: f64 = text.parse().map_err(|_| wrong())?;
    (0.0..=2.0)
        .contains(&number)
        .then_some(number)
        .ok_or_else(wrong)
}
