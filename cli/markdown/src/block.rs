//! What a line is, told from how it begins.

/// The longest line that is held back whole, in bytes: a longer one is text, whatever it looks like.
pub(crate) const LONGEST: usize = 4096;
/// Quotes within quotes that are told apart.
const MAX_QUOTES: usize = 8;
/// How far a tab at the beginning of a line reaches.
const TAB: usize = 4;

/// How a line begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many quotes it stands in.
    pub(crate) quotes: usize,
    /// Columns before what it is.
    pub(crate) indent: usize,
    pub(crate) item: Option<Item>,
    pub(crate) kind: Kind,
    /// Where its text begins, in bytes.
    pub(crate) body: usize,
}

/// The mark of a list's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// `None` for a bullet.
    pub(crate) number: Option<String>,
    /// Columns that the mark takes.
    pub(crate) columns: usize,
    /// A task, and whether it is done.
    pub(crate) done: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blank,
    Rule,
    Heading(usize),
    Fence(Fence),
    /// A row of a table, or a text that looks like one.
    Row,
    /// Code by its indentation.
    Indented,
    Text,
}

/// What opens a block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    pub(crate) mark: char,
    pub(crate) length: usize,
    pub(crate) language: String,
}

impl Fence {
    /// Whether a line closes what this opened.
    pub(crate) fn is_closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// Whether a line may close it when more comes.
    pub(crate) fn may_be_closed_by(&self, line: &str) -> bool {
        line.trim().chars().all(|c| c == self.mark)
    }
}

/// Tells what `line` is; `None` while it may become several things.
///
/// `whole`: no more of it comes. `indented`: four blanks make it code.
pub(crate) fn head(line: &str, whole: bool, indented: bool) -> Option<Head> {
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let long = line.len() > LONGEST;
    let mut reader = Reader {
        line: &line[..end],
        at: 0,
        whole: whole && !long,
    };
    let told = reader.head(indented);
    told.or_else(|| {
        long.then_some(Head {
            quotes: 0,
            indent: 0,
            item: None,
            kind: Kind::Text,
            body: 0,
        })
    })
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    whole: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.line[self.at..]
    }

    fn head(&mut self, indented: bool) -> Option<Head> {
        let mut quotes = 0;
        let mut indent = self.blanks();
        while quotes < MAX_QUOTES && indent < TAB && self.rest().starts_with('>') {
            quotes += 1;
            self.at += 1;
            // The blank behind the mark belongs to it.
            indent = self.blanks();
            indent = indent.saturating_sub(1);
        }
        let mut head = Head {
            quotes,
            indent,
            item: None,
            kind: Kind::Text,
            body: self.at,
        };
        if self.rest().is_empty() {
            head.kind = Kind::Blank;
            return self.whole.then_some(head);
        }
        if indented && indent >= TAB && quotes == 0 {
            head.kind = Kind::Indented;
            return self.whole.then_some(head);
        }
        if self.is_rule()? {
            head.kind = Kind::Rule;
            return Some(head);
        }
        head.item = self.item()?;
        head.body = self.at;
        head.kind = self.kind(head.item.is_some())?;
        if matches!(head.kind, Kind::Heading(_)) {
            head.body = self.at;
        }
        Some(head)
    }

    /// Skips blanks; the columns that they took.
    fn blanks(&mut self) -> usize {
        let mut columns = 0;
        while let Some(byte) = self.line.as_bytes().get(self.at) {
            match byte {
                b' ' => columns += 1,
                b'\t' => columns += TAB - columns % TAB,
                _ => break,
            }
            self.at += 1;
        }
        columns
    }

    fn is_rule(&self) -> Option<bool> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        if !matches!(first, '-' | '*' | '_') || rest.contains(|c| c != first && c != ' ') {
            return Some(false);
        }
        let marks = rest.chars().filter(|c| *c == first).count();
        self.whole.then_some(marks >= 3)
    }

    /// The mark of an item, where there is one; the reader stands behind it then.
    fn item(&mut self) -> Option<Option<Item>> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (mark, number) = match rest.as_bytes()[0] {
            b'-' | b'*' | b'+' => (1, None),
            b'0'..=b'9' if digits <= 9 => match rest.as_bytes().get(digits) {
                Some(b'.' | b')') => (digits + 1, Some(rest[..=digits].to_owned())),
                Some(_) => return Some(None),
                None => return self.whole.then_some(None),
            },
            _ => return Some(None),
        };
        match rest.as_bytes().get(mark) {
            Some(b' ' | b'\t') => {}
            Some(_) => return Some(None),
            // A mark alone is an item without text, but for a number.
            None if self.whole && number.is_none() => {}
            None => return self.whole.then_some(None),
        }
        self.at += mark;
        let blanks = self.blanks();
        let done = self.task()?;
        Some(Some(Item {
            number,
            // What is far to the right is text that was moved there, and no deeper level.
            columns: mark
                + if (1..=TAB).contains(&blanks) {
                    blanks
                } else {
                    1
                },
            done,
        }))
    }

    fn task(&mut self) -> Option<Option<bool>> {
        let rest = self.rest();
        for (mark, done) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)] {
            if rest.starts_with(mark) {
                self.at += mark.len();
                return Some(Some(done));
            }
            if mark.starts_with(rest) && !self.whole {
                return None;
            }
        }
        Some(None)
    }

    fn kind(&mut self, in_item: bool) -> Option<Kind> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.whole.then_some(Kind::Text);
        };
        match first {
            '#' => {
                let level = rest.len() - rest.trim_start_matches('#').len();
                match rest.as_bytes().get(level) {
                    _ if level > 6 => Some(Kind::Text),
                    Some(b' ' | b'\t') => {
                        self.at += level + 1;
                        Some(Kind::Heading(level))
                    }
                    Some(_) => Some(Kind::Text),
                    None if self.whole => {
                        self.at += level;
                        Some(Kind::Heading(level))
                    }
                    None => None,
                }
            }
            '`' | '~' => {
                let length = rest.len() - rest.trim_start_matches(first).len();
                let info = &rest[length..];
                if length < 3 && !info.is_empty() {
                    return Some(Kind::Text);
                }
                if first == '`' && info.contains('`') {
                    return Some(Kind::Text);
                }
                if !self.whole {
                    return None;
                }
                if length < 3 {
                    return Some(Kind::Text);
                }
                let language = info.split_whitespace().next().unwrap_or_default();
                Some(Kind::Fence(Fence {
                    mark: first,
                    length,
                    language: language.to_owned(),
                }))
            }
            '|' if !in_item => self.whole.then_some(Kind::Row),
            _ => Some(Kind::Text),
        }
    }
}

/// Takes up to `columns` columns of blanks off a line.
pub(crate) fn outdent(line: &str, columns: usize) -> &str {
    let (mut taken, mut at) = (0, 0);
    for byte in line.bytes() {
        let step = match byte {
            b' ' => 1,
            b'\t' => TAB - taken % TAB,
            _ => break,
        };
        if taken + step > columns {
            break;
        }
        taken += step;
        at += 1;
    }
    &line[at..]
}

/// Takes up to `quotes` quote marks off a line; `None` where there are fewer.
pub(crate) fn unquote(line: &str, quotes: usize) -> Option<&str> {
    let mut rest = line;
    for _ in 0..quotes {
        let inside = rest.trim_start_matches(' ').strip_prefix('>')?;
        rest = inside.strip_prefix(' ').unwrap_or(inside);
    }
    Some(rest)
}
