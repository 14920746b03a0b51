//! Reads line by line: for terminals that can't move their cursor, and for screen readers.

use std::io::Write;

use super::multiline::{is_open, unfence};
use super::{Input, Reader};
use crate::failure::{Failure, Result};

/// Reads from stdin as it is.
pub(super) struct Dumb;

impl Reader for Dumb {
    fn read(&mut self) -> Result<Input> {
        let failed = |why| Failure::failed("the terminal can't be read").caused_by(&why);
        let mut text = String::new();
        loop {
            let prompt = if text.is_empty() { "> " } else { ". " };
            let mut err = std::io::stderr().lock();
            // A prompt that can't be written is no reason not to read.
            let _ = err.write_all(prompt.as_bytes()).and_then(|()| err.flush());
            drop(err);
            let mut line = String::new();
            if std::io::stdin().read_line(&mut line).map_err(failed)? == 0 {
                return Ok(Input::Leave);
            }
            text += line.trim_end_matches(['\r', '\n']);
            if !is_open(&text) {
                return Ok(Input::Line(unfence(&text)));
            }
            if text.ends_with('\\') {
                text.pop();
            }
            text.push('\n');
        }
    }

    fn compose(&mut self, _text: &str) -> Result<()> {
        Err(Failure::failed("this terminal can't be given to an editor"))
    }
}
