//! Asking the person at the terminal. Questions stand on stderr, answers come from stdin.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use secrecy::SecretString;

use crate::failure::{Failure, Result};

/// The longest secret that is read, in bytes: a certificate chain fits.
const MAX_SECRET_BYTES: u64 = 1 << 20;

/// Whether a person is there to answer.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks a yes-no question; anything but yes is no.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    ask(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(unreadable)?;
    let answer = answer.trim().to_lowercase();
    Ok(answer == "y" || answer == "yes")
}

/// Reads a secret: all of stdin where that is no terminal, else one line that is not shown.
///
/// Shape: one line end at the end is taken off; an empty secret is refused.
pub(crate) fn secret(question: &str) -> Result<SecretString> {
    let text = if can_ask() {
        ask(question)?;
        hidden_line()?
    } else {
        let mut text = String::new();
        let stdin = io::stdin().lock();
        stdin
            .take(MAX_SECRET_BYTES)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        line.strip_suffix('\r').unwrap_or(line).to_owned()
    };
    if text.is_empty() {
        return Err(Failure::failed("nothing was given on stdin"));
    }
    Ok(text.into())
}

fn ask(question: &str) -> Result<()> {
    let mut err = io::stderr().lock();
    let asked = err
        .write_all(question.as_bytes())
        .and_then(|()| err.flush());
    asked.map_err(unreadable)
}

/// One line in raw mode: nothing is echoed, and Ctrl-C still interrupts.
fn hidden_line() -> Result<String> {
    terminal::enable_raw_mode().map_err(unreadable)?;
    let line = read_keys();
    // A terminal that can't leave raw mode can't be helped from here.
    let _ = terminal::disable_raw_mode();
    let _ = writeln!(io::stderr());
    line
}

fn read_keys() -> Result<String> {
    let mut line = String::new();
    loop {
        match event::read().map_err(unreadable)? {
            Event::Paste(text) => line.push_str(text.trim_end()),
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Char('c' | 'd') if key.modifiers == KeyModifiers::CONTROL => {
                    return Err(Failure::interrupted());
                }
                KeyCode::Char('u') if key.modifiers == KeyModifiers::CONTROL => line.clear(),
                KeyCode::Char(c) => line.push(c),
                KeyCode::Backspace => {
                    line.pop();
                }
                KeyCode::Enter => return Ok(line),
                _ => {}
            },
            _ => {}
        }
    }
}

fn unreadable(why: io::Error) -> Failure {
    Failure::failed("the terminal can't be read").caused_by(&why)
}
