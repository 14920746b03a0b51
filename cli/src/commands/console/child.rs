//! Our own commands in the terminal that the console lends: `edit`, `chat-llm`.
//!
//! Each is this same program, so that there is one of each, and a crash of one does not take the
//! other.

use std::process::Stdio;

use tokio::process::Command;

use super::signals::Signals;
use super::taken::raw_mode;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::keys::Keys;
use crate::session::Session;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Well,
    /// It said why, where a person can read it.
    Failed,
    /// A signal asks the console to end.
    Asked(Exit),
}

/// Runs `mcpctl WORDS` for the same server to its end.
pub(super) async fn run(
    words: &[&str],
    session: &Session<'_>,
    signals: &mut Signals,
) -> Result<End> {
    let line = words.join(" ");
    let failed = |why: std::io::Error| {
        Failure::failed(format!("`mcpctl {line}` can't be run")).caused_by(&why)
    };
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(words)
        .stdin(Stdio::inherit())
        .kill_on_drop(true);
    let global = session.global;
    if let Some(server) = &global.server {
        command.args(["--server", server]);
    }
    if let Some(context) = &global.context {
        command.args(["--context", context]);
    }
    if global.no_color {
        command.arg("--no-color");
    }
    let mut child = command.spawn().map_err(failed)?;
    let status = tokio::select! {
        biased;
        exit = signals.next_not_of_the_keyboard() => return Ok(End::Asked(exit)),
        status = child.wait() => status.map_err(failed)?,
    };
    signals.forget_the_keyboard().await;
    // Ctrl-C in a conversation is a way to leave it.
    let interrupted = status.code() == Some(i32::from(Exit::Interrupted.code()));
    Ok(if status.success() || interrupted {
        End::Well
    } else {
        End::Failed
    })
}

/// Waits for a key, so that what was said can be read. Says how to leave, where a signal asks.
pub(super) async fn pause(output: &Output, signals: &mut Signals) -> Result<Option<Exit>> {
    output.to_err("\nPress a key to go back to the console ");
    let unusable = |why| Failure::failed("the terminal can't be used").caused_by(&why);
    raw_mode(true).map_err(unusable)?;
    let mut keys = Keys::read().map_err(unusable)?;
    let asked = loop {
        tokio::select! {
            biased;
            exit = signals.next_not_of_the_keyboard() => break Some(exit),
            event = keys.next() => match event.map_err(unusable) {
                Ok(event) if event.is_key_press() => break None,
                Ok(_) => {}
                Err(why) => {
                    let _ = raw_mode(false);
                    return Err(why);
                }
            },
        }
    };
    drop(keys);
    raw_mode(false).map_err(unusable)?;
    output.to_err("\n");
    Ok(asked)
}
