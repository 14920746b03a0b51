//! Copies to the clipboard by OSC 52: the terminal owns it, also over ssh.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use markdown::code_blocks;

use super::slash::Copy;
use crate::failure::{Failure, Result};
use crate::output::Output;

/// What of `answer` is copied, and how that is called.
pub(super) fn choose(answer: &str, what: Copy) -> Result<(String, String)> {
    if what == Copy::All {
        return Ok((answer.to_owned(), "the answer".into()));
    }
    let mut blocks = code_blocks(answer);
    let count = blocks.len();
    let number = match what {
        Copy::Block(number) => number,
        _ => count,
    };
    if number == 0 || number > count {
        let why = match count {
            0 => "the last answer has no code block".to_owned(),
            _ => format!("the last answer has {count} code blocks, and no number {number}"),
        };
        return Err(Failure::failed(why));
    }
    let block = blocks.swap_remove(number - 1);
    let what = match block.language.as_str() {
        "" => format!("code block {number} of {count}"),
        language => format!("code block {number} of {count} ({language})"),
    };
    Ok((block.text, what))
}

/// Puts a text into the terminal's clipboard.
pub(super) fn copy(text: &str, what: &str, output: &Output) -> Result<()> {
    if !output.err_can_draw() {
        return Err(Failure::failed("this terminal has no clipboard to copy to"));
    }
    output.to_err(&format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text)));
    let tmux = std::env::var_os("TMUX").is_some();
    let how = match tmux {
        true => "if tmux may: `set -g set-clipboard on`",
        false => "where the terminal allows it",
    };
    output.note(&format!("Copied {what}, {how}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_or_one_of_its_blocks_is_chosen() {
        let answer = "a\n```rust\nfn x() {}\n```\nb\n```\ny\n```\n";
        let chosen = |what| choose(answer, what).unwrap();
        assert_eq!(chosen(Copy::All).0, answer);
        assert_eq!(
            chosen(Copy::Block(1)),
            ("fn x() {}\n".into(), "code block 1 of 2 (rust)".into())
        );
        assert_eq!(chosen(Copy::Code).0, "y\n");
        assert!(choose(answer, Copy::Block(3)).is_err());
        assert!(choose("none", Copy::Code).is_err());
    }
}
