//! `mcpctl chat-llm`: one question, or a conversation.
//!
//! The conversation lives here and nowhere else; the server sees each request with all that was
//! said before. [`answer`] reads what comes back, [`ask`] asks and [`show`] shows it: as
//! [`rendered`] Markdown, or as [`plain`] text. [`one_shot`] and [`repl`] are the two ways to ask;
//! what a conversation's commands do stands in [`obey`].

use std::io::{IsTerminal, Read};

use shared::name::Name;

use crate::args::chat::ChatLlm;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource;
use crate::session::Session;

mod answer;
mod ask;
mod attachment;
mod clipboard;
mod conversation;
mod editor;
mod header;
mod help;
mod live;
mod obey;
mod one_shot;
mod plain;
mod quiet_keys;
mod rendered;
mod repl;
mod saved;
mod settings;
mod show;
mod slash;
mod statistics;
mod status_line;
mod thoughts;

/// The longest text that is taken from stdin: more than any context window holds.
const MAX_STDIN_BYTES: u64 = 32 << 20;

pub(crate) async fn run(args: ChatLlm, session: &Session<'_>) -> Result<Exit> {
    let kinds = ["llm/", "alias/"];
    let bare = kinds.iter().find_map(|kind| args.name.strip_prefix(kind));
    let name: Name = resource::name(bare.unwrap_or(&args.name))?;
    let stdin_is_terminal = std::io::stdin().is_terminal();
    if args.message.is_none() && stdin_is_terminal {
        return repl::run(&name, &args, session).await;
    }
    if args.go_on {
        let why =
            Failure::usage("--continue goes on with a conversation, and stdin is no terminal");
        return Err(why.hint(format!("mcpctl chat-llm {name} --continue")));
    }
    let piped = if stdin_is_terminal {
        String::new()
    } else {
        read_stdin()?
    };
    let message = join(args.message.as_deref().unwrap_or_default(), &piped);
    if message.trim().is_empty() {
        return Err(Failure::usage("there is nothing to ask")
            .hint(format!("mcpctl chat-llm {name} -m 'your question'")));
    }
    one_shot::run(&name, message, &args, session).await
}

fn read_stdin() -> Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_STDIN_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|why| Failure::failed("stdin can't be read").caused_by(&why))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::failed("what came on stdin is not text").cause("it is not valid UTF-8")
    })
}

/// The message first, then what came on stdin, as in `git diff | mcpctl chat-llm x -m explain`.
fn join(message: &str, piped: &str) -> String {
    match (message.trim().is_empty(), piped.trim().is_empty()) {
        (_, true) => message.into(),
        (true, false) => piped.into(),
        (false, false) => format!("{message}\n\n{piped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stdin_follows_the_message() {
        assert_eq!(join("explain", "diff"), "explain\n\ndiff");
        assert_eq!(join("explain", "\n"), "explain");
        assert_eq!(join("", "diff\n"), "diff\n");
    }
}
