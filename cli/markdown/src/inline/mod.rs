//! Emphasis, code and links within a line, also while the line still grows.
//!
//! What can't be told yet, such as a `**` that may still be closed, is kept back for at most
//! [`REACH`] bytes; all before it is settled for good. The rules are those of CommonMark's
//! delimiter stack, with that distance as the one thing more.

use crate::style::{Ink, Style};

mod pair;
mod token;

use pair::pair;
use token::{Token, What, tokens};

/// How far apart, in bytes, the ends of an emphasis, a code span or a link may lie.
pub(crate) const REACH: usize = 1000;

/// What is known of the text behind what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// More may come: what depends on it is kept back.
    Open,
    /// Nothing more comes.
    Closed,
    /// More may come, and all is wanted as it probably will be: what is open is taken for closed.
    Peek,
}

/// A line's text that was not settled yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inline {
    pending: String,
    /// The character before it.
    before: Option<char>,
}

/// A stretch of text that looks the same.
pub(crate) type Span = (String, Style);

impl Inline {
    pub(crate) fn push(&mut self, text: &str) {
        self.pending += text;
    }

    /// How many bytes the next look will look at.
    pub(crate) fn load(&self) -> usize {
        self.pending.len()
    }

    /// Takes out what is settled. Its clusters are whole.
    pub(crate) fn settle(&mut self, reading: Reading, style: Style, plain: bool) -> Vec<Span> {
        let mut tokens = tokens(&self.pending, self.before, reading);
        let told = tokens.last().map_or(0, |token| token.end);
        let open = pair(&mut tokens, told, reading);
        if let Some(open) = open {
            tokens.truncate(open);
        }
        let end = tokens.last().map_or(0, |token| token.end);
        let spans = spans(&self.pending, &tokens, style, reading, plain);
        if end > 0 && reading != Reading::Peek {
            self.before = self.pending[..end].chars().next_back();
            self.pending.drain(..end);
        }
        spans
    }

    /// How the rest would look if the line ended well.
    pub(crate) fn peek(&self, style: Style, plain: bool) -> Vec<Span> {
        self.clone().settle(Reading::Peek, style, plain)
    }
}

/// The spans of a text that is whole.
pub(crate) fn whole(text: &str, style: Style, plain: bool) -> Vec<Span> {
    let mut inline = Inline::default();
    inline.push(text);
    inline.settle(Reading::Closed, style, plain)
}

/// The styled text of the tokens.
fn spans(
    text: &str,
    tokens: &[Token<'_>],
    base: Style,
    reading: Reading,
    plain: bool,
) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut strong, mut emphasis, mut struck) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        let style = Style {
            bold: base.bold || strong > 0,
            italic: base.italic || emphasis > 0,
            strike: base.strike || struck > 0,
            ..base
        };
        match &token.what {
            What::Text => spans.push((text[token.start..token.end].to_owned(), style)),
            What::Shown(shown) => spans.push(((*shown).to_owned(), style)),
            What::Code(inside) if plain => spans.push((format!("`{inside}`"), style)),
            What::Code(inside) => spans.push(((*inside).to_owned(), style.ink(Ink::Code))),
            What::Link { label, url } => link(label, url, style, plain, &mut spans),
            What::Run(run) => {
                let count = |marks: &[bool], strongly| {
                    marks.iter().filter(|mark| **mark == strongly).count()
                };
                let (strong, emphasis) = match run.mark {
                    '~' => (&mut struck, &mut emphasis),
                    _ => (&mut strong, &mut emphasis),
                };
                *strong -= count(&run.ends, true).min(*strong);
                *emphasis -= count(&run.ends, false).min(*emphasis);
                // The last of a text that grows is probably half of what closes.
                let grows = reading == Reading::Peek && token.end == text.len();
                if run.left > 0 && !grows {
                    let marks = run.mark.to_string().repeat(run.left);
                    spans.push((marks, style));
                }
                *strong += count(&run.begin, true);
                *emphasis += count(&run.begin, false);
            }
        }
    }
    spans
}

/// A link: its text, and where it leads if the text does not say so.
fn link(label: &str, url: &str, style: Style, plain: bool, spans: &mut Vec<Span>) {
    let link = style.ink(Ink::Link).underline();
    if label.trim().is_empty() || label == url {
        spans.push((url.to_owned(), link));
        return;
    }
    spans.extend(whole(label, link, plain));
    if !url.is_empty() && url.strip_prefix("mailto:") != Some(label) {
        spans.push((" (".into(), style));
        spans.push((url.to_owned(), style.dim()));
        spans.push((")".into(), style));
    }
}
