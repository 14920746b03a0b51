//! Emphasis, code and links within a line, also while the line still grows.
//!
//! What can't be told yet, such as a `**` that may still be closed, is kept back for at most
//! [`REACH`] bytes; all before it is settled for good. The rules are those of CommonMark's
//! delimiter stack, with that distance as the one thing more.

use unicode_segmentation::UnicodeSegmentation;

use crate::entity;
use crate::style::{Ink, Style};

/// How far apart, in bytes, the ends of an emphasis, a code span or a link may lie.
pub(crate) const REACH: usize = 1000;
/// Brackets within brackets that a link may hold.
const MAX_BRACKETS: usize = 8;
/// The longest run of `*`, `_` that means something.
const MAX_RUN: usize = 3;

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

#[derive(Debug)]
struct Token<'a> {
    start: usize,
    end: usize,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
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
struct Run {
    mark: char,
    length: usize,
    opens: bool,
    closes: bool,
    /// Marks that no partner was found for.
    left: usize,
    /// Emphases that begin and end here: `true` for the strong.
    begin: Vec<bool>,
    ends: Vec<bool>,
}

/// Cuts the text into tokens, up to where more must be known.
fn tokens(text: &str, before: Option<char>, reading: Reading) -> Vec<Token<'_>> {
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

/// Finds the partners of all runs; the first token that waits for one.
fn pair(tokens: &mut [Token<'_>], end: usize, reading: Reading) -> Option<usize> {
    // Openers that may still be closed.
    let mut open: Vec<usize> = Vec::new();
    for at in 0..tokens.len() {
        if !matches!(tokens[at].what, What::Run(_)) {
            continue;
        }
        close_with(tokens, at, &mut open);
        if let What::Run(run) = &tokens[at].what
            && run.opens
            && run.left > 0
            // What closed one emphasis opens none: else a chain of them would never be settled.
            && run.ends.is_empty()
        {
            open.push(at);
        }
    }
    let near = |at: &usize| end - tokens[*at].start <= REACH;
    match reading {
        Reading::Closed => None,
        Reading::Open => open.iter().copied().find(near),
        Reading::Peek => {
            let near: Vec<usize> = open.iter().copied().filter(near).collect();
            for at in near {
                if let What::Run(run) = &mut tokens[at].what {
                    let (strong, single) = (run.left / 2, run.left % 2);
                    run.begin.extend(std::iter::repeat_n(true, strong));
                    run.begin.extend(std::iter::repeat_n(false, single));
                    run.left = 0;
                }
            }
            None
        }
    }
}

/// Lets the run at `at` close what it can.
fn close_with(tokens: &mut [Token<'_>], at: usize, open: &mut Vec<usize>) {
    loop {
        let (before, from) = tokens.split_at_mut(at);
        let start = from[0].start;
        let What::Run(closer) = &mut from[0].what else {
            return;
        };
        if !closer.closes || closer.left == 0 {
            return;
        }
        let fits = |index: &usize| {
            let opener = &before[*index];
            let What::Run(run) = &opener.what else {
                return false;
            };
            // CommonMark, "rule of three": `**a*b**` is no emphasis within.
            let sum = run.length + closer.length;
            let odd = (run.closes || closer.opens)
                && sum.is_multiple_of(3)
                && !(run.length.is_multiple_of(3) && closer.length.is_multiple_of(3));
            run.mark == closer.mark && !odd && start - opener.start <= REACH
        };
        let Some(place) = open.iter().rposition(fits) else {
            return;
        };
        // What was opened between the two stays as it was typed.
        open.truncate(place + 1);
        let index = open[place];
        let What::Run(opener) = &mut before[index].what else {
            return;
        };
        let strong = opener.left >= 2 && closer.left >= 2;
        let used = if strong { 2 } else { 1 };
        opener.left -= used;
        closer.left -= used;
        opener.begin.push(strong);
        closer.ends.push(strong);
        if opener.left == 0 {
            open.pop();
        }
    }
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
