//! The input line of a conversation.
//!
//! [`mod@line`] is the editor of a real terminal, [`dumb`] reads line by line where the terminal can't
//! move its cursor. Both run on a thread of their own: waiting for a person must not hold up the
//! connections. One that was dropped by Ctrl-C is closed while the next line is typed, and only
//! then does the server know.

use std::path::PathBuf;

use super::saved::Saved;
use crate::failure::{Failure, Result};

mod complete;
mod compose;
mod dumb;
mod line;
mod multiline;

/// What the person did.
pub(super) enum Input {
    Line(String),
    /// Ctrl-C, and whether something had been typed.
    Interrupt {
        typed: bool,
    },
    Leave,
}

/// What an editor is made of.
pub(super) struct Parts {
    /// Where the history is kept.
    pub(super) history: PathBuf,
    /// Where a message is kept while another program edits it.
    pub(super) scratch: PathBuf,
    /// The names that `/model` takes.
    pub(super) names: Vec<String>,
    pub(super) saved: Saved,
    pub(super) colour: bool,
    /// The terminal moves its cursor.
    pub(super) can_draw: bool,
}

/// What is wanted of the thread.
enum Want {
    /// The next input.
    Input,
    /// The next input, which begins as a text that is first given to another program.
    Composed(String),
}

/// The input line, on its thread.
pub(super) struct Editor {
    wanted: std::sync::mpsc::SyncSender<Want>,
    inputs: tokio::sync::mpsc::Receiver<Result<Input>>,
    dumb: bool,
}

impl Editor {
    pub(super) fn start(parts: Parts) -> Result<Self> {
        let (wanted, want) = std::sync::mpsc::sync_channel(1);
        let (input, inputs) = tokio::sync::mpsc::channel(1);
        let dumb = !parts.can_draw;
        let work = move || {
            let mut parts = Some(parts);
            let mut reader: Option<Box<dyn Reader>> = None;
            while let Ok(want) = want.recv() {
                // Made with the first line, not before: it asks the terminal what it can do, and
                // what others write meanwhile would come out askew.
                if let Some(parts) = parts.take() {
                    reader = Some(reader_of(parts));
                }
                let Some(reader) = &mut reader else { return };
                let read = match want {
                    Want::Input => reader.read(),
                    Want::Composed(text) => reader.compose(&text).and_then(|()| reader.read()),
                };
                if input.blocking_send(read).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("editor".into())
            .spawn(work)
            .map_err(|why| Failure::failed("no thread could be started").caused_by(&why))?;
        Ok(Self {
            wanted,
            inputs,
            dumb,
        })
    }

    /// Waits for the next input.
    pub(super) async fn read(&mut self) -> Result<Input> {
        self.wait(Want::Input).await
    }

    /// Gives `text` to the person's own editor, and waits for what becomes of it.
    pub(super) async fn compose(&mut self, text: String) -> Result<Input> {
        self.wait(Want::Composed(text)).await
    }

    async fn wait(&mut self, want: Want) -> Result<Input> {
        // A thread that ended shows as a closed channel of inputs.
        let _ = self.wanted.send(want);
        let input = self.inputs.recv();
        if !self.dumb {
            return input.await.unwrap_or(Ok(Input::Leave));
        }
        // Without the line editor Ctrl-C is a signal. The thread still waits for a line: there is
        // nothing to take back, so it ends the program.
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
            input = input => input.unwrap_or(Ok(Input::Leave)),
        }
    }
}

fn reader_of(parts: Parts) -> Box<dyn Reader> {
    if parts.can_draw {
        Box::new(line::Line::new(parts))
    } else {
        Box::new(dumb::Dumb)
    }
}

/// A way to read what a person types.
trait Reader {
    fn read(&mut self) -> Result<Input>;

    /// Lets another program edit a text, which the next input then begins with.
    fn compose(&mut self, text: &str) -> Result<()>;
}
