//! Cuts a line's text into tokens: text, code, links, and runs that may be emphasis.

use unicode_segmentation::UnicodeSegmentation;

use super::{REACH, Reading};
use crate::entity;

/// Brackets within brackets that a link may hold.
const MAX_BRACKETS: usize = 8;
/// The longest run of `*`, `_` that means something.
const MAX_RUN: usize = 3;

/// A part of the text, from `start` to `end` in bytes.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: What<'a>,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum What<'a> {
    Text,
    /// Shown in place of what was typed.
    Shown(&'a str),
    Code(&'a str),
    Link {
        label: &'a str,
        url: &'a str,
    },
    Run(Run),
}

/// A run of `*`, `_` or `~`.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) mark: char,
    pub(super) length: usize,
    pub(super) opens: bool,
    pub(super) closes: bool,
    /// Marks that no partner was found for.
    pub(super) left: usize,
    /// Emphases that begin and end here: `true` for the strong.
    pub(super) begin: Vec<bool>,
    pub(super) ends: Vec<bool>,
}

/// Cuts the text into tokens, up to where more must be known.
pub(super) fn tokens(text: &str, before: Option<char>, reading: Reading) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut scan = Scan {
        text,
        reading,
        no_fence: Vec::new(),
    };
    let (mut at, mut plain_from) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let Some(step) = rest.find(['\\', '`', '*', '_', '~', '[', '!', '&', '<']) else {
            at = text.len();
            break;
        };
        at += step;
        let last = text[..at].chars().next_back().or(before);
        match scan.special(at, last) {
            Found::Token(end, what) => {
                push_text(&mut tokens, plain_from, at);
                let start = at;
                tokens.push(Token { start, end, what });
                (at, plain_from) = (end, end);
            }
            Found::Plain(end) => at = end,
            Found::Undecided => {
                push_text(&mut tokens, plain_from, at);
                return tokens;
            }
        }
    }
    // The last cluster may still grow.
    if reading == Reading::Open {
        let tail = text[plain_from..].graphemes(true).next_back();
        at -= tail.map_or(0, str::len);
    }
    push_text(&mut tokens, plain_from, at);
    tokens
}

fn push_text(tokens: &mut Vec<Token<'_>>, start: usize, end: usize) {
    if start < end {
        let what = What::Text;
        tokens.push(Token { start, end, what });
    }
}

enum Found<'a> {
    Token(usize, What<'a>),
    /// Nothing special, up to here.
    Plain(usize),
    Undecided,
}

struct Scan<'a> {
    text: &'a str,
    reading: Reading,
    /// Lengths of backtick runs that are not there any more, so that none is looked for twice.
    no_fence: Vec<usize>,
}

impl<'a> Scan<'a> {
    fn special(&mut self, at: usize, last: Option<char>) -> Found<'a> {
        let rest = &self.text[at..];
        match rest.as_bytes()[0] {
            b'\\' => self.escape(at),
            // Behind its like, that was settled as a part of a run without meaning.
            mark @ (b'`' | b'*' | b'_' | b'~') if last == Some(char::from(mark)) => {
                Found::Plain(at + run_length(rest, char::from(mark)))
            }
            b'`' => self.code(at),
            b'[' => self.link(at),
            b'!' if rest[1..].starts_with('[') => self.link(at + 1),
            b'!' if rest.len() == 1 && self.reading == Reading::Open => Found::Undecided,
            b'!' => Found::Plain(at + 1),
            b'&' => match entity::entity(rest) {
                Some((length, shown)) => Found::Token(at + length, What::Shown(shown)),
                None if self.reading == Reading::Open && entity::may_become(rest) => {
                    Found::Undecided
                }
                None => Found::Plain(at + 1),
            },
            b'<' => self.angle(at),
            _ => self.run(at, last),
        }
    }

    fn escape(&self, at: usize) -> Found<'a> {
        match self.text[at + 1..].chars().next() {
            Some(c) if c.is_ascii_punctuation() => {
                let end = at + 2;
                Found::Token(end, What::Shown(&self.text[at + 1..end]))
            }
            Some(_) => Found::Plain(at + 1),
            None if self.reading == Reading::Open => Found::Undecided,
            None => Found::Plain(at + 1),
        }
    }

    fn code(&mut self, at: usize) -> Found<'a> {
        let length = run_length(&self.text[at..], '`');
        let open = at + length;
        if length > REACH {
            return Found::Plain(open);
        }
        if open == self.text.len() && self.reading == Reading::Open {
            return Found::Undecided;
        }
        if !self.no_fence.contains(&length) {
            let mut next = open;
            while let Some(step) = self.text[next..].find('`') {
                let close = next + step;
                if close - at > REACH {
                    return Found::Plain(open);
                }
                let run = run_length(&self.text[close..], '`');
                next = close + run;
                if next == self.text.len() && self.reading == Reading::Open {
                    return Found::Undecided;
                }
                if run == length {
                    let inside = trim_code(&self.text[open..close]);
                    return Found::Token(next, What::Code(inside));
                }
            }
            let near = self.text.len() - at <= REACH;
            match self.reading {
                Reading::Open if near => return Found::Undecided,
                Reading::Peek if near => {
                    let inside = self.text[open..].trim_end_matches('`');
                    return Found::Token(self.text.len(), What::Code(inside));
                }
                _ => self.no_fence.push(length),
            }
        }
        Found::Plain(open)
    }

    /// A link whose bracket stands at `bracket`; the mark of an image stands before it.
    fn link(&self, bracket: usize) -> Found<'a> {
        let literal = Found::Plain(bracket + 1);
        let near = self.text.len() - bracket <= REACH;
        let peeked = |label| {
            let end = self.text.len();
            Found::Token(end, What::Link { label, url: "" })
        };
        let unknown = |label| match self.reading {
            Reading::Open if near => Found::Undecided,
            Reading::Peek if near => peeked(label),
            _ => Found::Plain(bracket + 1),
        };
        let close = match closing(&self.text[bracket..], '[', ']', REACH) {
            Closing::At(offset) => bracket + offset,
            Closing::TooFar => return literal,
            // As text it may as well be no link.
            Closing::Missing if self.reading == Reading::Peek => return literal,
            Closing::Missing => return unknown(""),
        };
        let label = &self.text[bracket + 1..close];
        match self.text[close + 1..].chars().next() {
            Some('(') => {}
            Some(_) => return literal,
            None if self.reading == Reading::Open => return Found::Undecided,
            None => return literal,
        }
        let from = close + 1;
        match closing(&self.text[from..], '(', ')', REACH) {
            Closing::At(offset) => {
                let end = from + offset + 1;
                let url = destination(&self.text[from + 1..end - 1]);
                Found::Token(end, What::Link { label, url })
            }
            Closing::TooFar => literal,
            Closing::Missing => {
                if self.text.len() - from > REACH {
                    return literal;
                }
                match self.reading {
                    Reading::Open => Found::Undecided,
                    Reading::Peek => peeked(label),
                    Reading::Closed => literal,
                }
            }
        }
    }

    /// `<https://...>` is a link, `<br>` a blank; other tags are shown.
    fn angle(&self, at: usize) -> Found<'a> {
        let rest = &self.text[at..];
        let end = rest.find(['>', ' ']).filter(|end| *end <= REACH);
        match end {
            Some(end) if rest[end..].starts_with('>') => {
                let inside = &rest[1..end];
                let after = at + end + 1;
                if inside.starts_with("http://") || inside.starts_with("https://") {
                    let (label, url) = (inside, inside);
                    return Found::Token(after, What::Link { label, url });
                }
                if matches!(inside, "br" | "br/") {
                    return Found::Token(after, What::Shown(" "));
                }
                Found::Plain(at + 1)
            }
            Some(_) => Found::Plain(at + 1),
            None if self.reading == Reading::Open && rest.len() <= REACH => Found::Undecided,
            None => Found::Plain(at + 1),
        }
    }

    fn run(&self, at: usize, last: Option<char>) -> Found<'a> {
        let mark = char::from(self.text.as_bytes()[at]);
        let length = run_length(&self.text[at..], mark);
        let end = at + length;
        let next = self.text[end..].chars().next();
        // A longer run is known to be plain; its length does not need to be.
        if next.is_none() && self.reading == Reading::Open {
            return if length > REACH {
                Found::Plain(end)
            } else {
                Found::Undecided
            };
        }
        let means = match mark {
            '~' => length == 2,
            _ => length <= MAX_RUN,
        };
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let sign = |c: Option<char>| c.is_some_and(is_punctuation);
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let left = !blank(next) && (!sign(next) || blank(last) || sign(last));
        let right = !blank(last) && (!sign(last) || blank(next) || sign(next));
        let (opens, closes) = match mark {
            '_' => (left && !word(last), right && !word(next)),
            _ => (left, right),
        };
        if !means || !(opens || closes) {
            // Two stars between blanks: what was typed.
            return Found::Plain(end);
        }
        Found::Token(
            end,
            What::Run(Run {
                mark,
                length,
                opens,
                closes,
                left: length,
                begin: Vec::new(),
                ends: Vec::new(),
            }),
        )
    }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || "、。，．！？；：（）「」『』【】《》“”‘’…—–".contains(c)
}

fn run_length(text: &str, mark: char) -> usize {
    text.len() - text.trim_start_matches(mark).len()
}

/// One blank at each end of a code span is for the backticks' sake.
fn trim_code(inside: &str) -> &str {
    let trimmed = inside
        .strip_prefix(' ')
        .and_then(|inside| inside.strip_suffix(' '));
    trimmed.filter(|it| !it.trim().is_empty()).unwrap_or(inside)
}

/// The URL of a link without its title.
fn destination(inside: &str) -> &str {
    let inside = inside.trim();
    let bare = inside.strip_prefix('<').and_then(|it| it.split_once('>'));
    let first = inside.split_whitespace().next().unwrap_or_default();
    bare.map_or(first, |(url, _)| url)
}

enum Closing {
    At(usize),
    Missing,
    TooFar,
}

/// Where the bracket that `text` begins with is closed.
fn closing(text: &str, open: char, close: char, reach: usize) -> Closing {
    let (mut depth, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if at > reach || depth > MAX_BRACKETS {
            return Closing::TooFar;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == open => depth += 1,
            c if c == close => {
                depth -= 1;
                if depth == 0 {
                    return Closing::At(at);
                }
            }
            _ => {}
        }
    }
    if text.len() > reach {
        Closing::TooFar
    } else {
        Closing::Missing
    }
}
