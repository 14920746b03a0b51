//! kubectl's paths as RFC 9535 writes them.
//!
//! | kubectl | RFC 9535 |
//! |---|---|
//! | `.a.b`, `a.b`, `$.a.b`, `@.a.b` | `$['a']['b']` |
//! | `.my-key`, `.a\.b` (a dot in a name) | `$['my-key']`, `$['a.b']` |
//! | `..name` | `$..['name']` |
//! | `.items[?(@.x-y=="z")]` | `$['items'][?(@['x-y']=="z")]` |
//!
//! Brackets stay as they are; the paths in a filter are written anew as well.

use crate::bad_expression::BadExpression;

/// A path in the standard's words, and where each of its bytes comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Standard {
    pub(crate) text: String,
    origin: Vec<usize>,
}

impl Standard {
    /// The byte of the source from which the byte `at` comes.
    pub(crate) fn origin(&self, at: usize) -> usize {
        let last = self.origin.last().copied().unwrap_or(0);
        self.origin.get(at).copied().unwrap_or(last + 1)
    }
}

/// Writes a path anew.
///
/// Errors: where a bracket, a quote or a name is missing. All else is told by who reads the result.
pub(crate) fn standard(source: &str) -> Result<Standard, BadExpression> {
    let mut writer = Writer {
        source,
        chars: source.char_indices().collect(),
        next: 0,
        text: String::new(),
        origin: Vec::new(),
    };
    writer.put("$");
    if matches!(writer.peek(), Some('$' | '@')) {
        writer.next += 1;
    }
    writer.segments(true)?;
    match writer.peek() {
        None => Ok(Standard {
            text: writer.text,
            origin: writer.origin,
        }),
        Some(other) => Err(writer.wrong(format!("`{other}` is not expected here"))),
    }
}

struct Writer<'a> {
    source: &'a str,
    chars: Vec<(usize, char)>,
    next: usize,
    text: String,
    origin: Vec<usize>,
}

impl Writer<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.next).map(|(_, c)| *c)
    }

    /// Where the next character stands.
    fn at(&self) -> usize {
        let next = self.chars.get(self.next);
        next.map_or(self.source.len(), |(at, _)| *at)
    }

    fn put(&mut self, text: &str) {
        let at = self.at();
        self.text += text;
        self.origin.extend(std::iter::repeat_n(at, text.len()));
    }

    fn copy(&mut self) {
        if let Some(c) = self.peek() {
            self.put(c.encode_utf8(&mut [0; 4]));
            self.next += 1;
        }
    }

    fn wrong(&self, why: impl Into<String>) -> BadExpression {
        BadExpression::new(self.source, self.at(), why)
    }

    /// Names and brackets, as long as they follow each other. A name may stand without a dot at
    /// the very `start`.
    fn segments(&mut self, start: bool) -> Result<(), BadExpression> {
        let first = self.next;
        loop {
            match self.peek() {
                Some('.') => {
                    self.next += 1;
                    self.behind_dot(start && self.next == first + 1)?;
                }
                Some('[') => self.bracket()?,
                Some(c) if start && self.next == first && is_of_name(c) => self.name()?,
                _ => return Ok(()),
            }
        }
    }

    /// `alone_is_all`: a dot with nothing behind it is the whole value.
    fn behind_dot(&mut self, alone_is_all: bool) -> Result<(), BadExpression> {
        match self.peek() {
            Some('.') => {
                self.next += 1;
                self.put("..");
                match self.peek() {
                    Some('*') => self.copy(),
                    Some('[') => self.bracket()?,
                    _ => self.name()?,
                }
            }
            Some('*') => {
                self.put(".");
                self.copy();
            }
            // `.['a']` is `['a']`.
            Some('[') => {}
            None if alone_is_all => {}
            _ => self.name()?,
        }
        Ok(())
    }

    /// A name as it stands; a backslash takes the next character in, whatever it is.
    fn name(&mut self) -> Result<(), BadExpression> {
        let first = self.next;
        self.put("['");
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.next += 1;
                    if self.peek().is_none() {
                        return Err(self.wrong("a character is missing behind `\\`"));
                    }
                }
                c if !is_of_name(c) => break,
                _ => {}
            }
            if matches!(self.peek(), Some('\'' | '\\')) {
                self.put("\\");
            }
            self.copy();
        }
        if self.next == first {
            return Err(self.wrong("a field's name is missing"));
        }
        self.put("']");
        Ok(())
    }

    /// From `[` to its `]`.
    fn bracket(&mut self) -> Result<(), BadExpression> {
        let opened = self.at();
        self.copy();
        let mut depth = 1;
        loop {
            match self.peek() {
                None => {
                    return Err(BadExpression::new(
                        self.source,
                        opened,
                        "this `[` has no `]`",
                    ));
                }
                Some('\'' | '"') => self.quoted()?,
                Some('@' | '$') => {
                    self.copy();
                    self.segments(false)?;
                }
                Some('[') => {
                    depth += 1;
                    self.copy();
                }
                Some('=') => self.equals()?,
                Some(']') => {
                    depth -= 1;
                    self.copy();
                    if depth == 0 {
                        return Ok(());
                    }
                }
                Some(_) => self.copy(),
            }
        }
    }

    /// `==`, and what people write in its place.
    fn equals(&mut self) -> Result<(), BadExpression> {
        let next = self.chars.get(self.next + 1).map(|(_, c)| *c);
        let behind = self.text.chars().next_back();
        match (behind, next) {
            (_, Some('~')) => Err(self.wrong("a filter has no `=~`: compare by ==, !=, <, >")),
            (Some('!' | '<' | '>'), _) => {
                self.copy();
                Ok(())
            }
            (_, Some('=')) => {
                self.copy();
                self.copy();
                Ok(())
            }
            _ => Err(self.wrong("a filter compares by `==`")),
        }
    }

    fn quoted(&mut self) -> Result<(), BadExpression> {
        let opened = self.at();
        let quote = self.peek();
        self.copy();
        loop {
            match self.peek() {
                None => {
                    let why = "this quote is not closed";
                    return Err(BadExpression::new(self.source, opened, why));
                }
                Some('\\') => {
                    self.copy();
                    self.copy();
                }
                end if end == quote => {
                    self.copy();
                    return Ok(());
                }
                Some(_) => self.copy(),
            }
        }
    }
}

/// What may stand in a name without quotes. `-`, `_`, `/` and `:` are common in labels.
fn is_of_name(c: char) -> bool {
    !c.is_whitespace() && !".[](){}'\"=!<>&|,?*@$".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(source: &str) -> String {
        match standard(source) {
            Ok(standard) => standard.text,
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn paths_are_written_as_the_standard_has_them() {
        for (kubectl, rfc) in [
            (".", "$"),
            ("", "$"),
            ("$", "$"),
            ("@", "$"),
            (".a.b", "$['a']['b']"),
            ("a.b", "$['a']['b']"),
            ("$.a", "$['a']"),
            (".items[*].x", "$['items'][*]['x']"),
            ("[*].x", "$[*]['x']"),
            (".a.*", "$['a'].*"),
            ("..name", "$..['name']"),
            ("..*", "$..*"),
            (".labels.my-key", "$['labels']['my-key']"),
            (
                r".labels.example\.org/team",
                "$['labels']['example.org/team']",
            ),
            (".a['b.c','d']", "$['a']['b.c','d']"),
            (".['a']", "$['a']"),
            (".a[-1:]", "$['a'][-1:]"),
            (
                r#".items[?(@.status.in-flight>0 && @.x=="a]b")].y"#,
                r#"$['items'][?(@['status']['in-flight']>0 && @['x']=="a]b")]['y']"#,
            ),
            (".a[?@.b[0]==$.c]", "$['a'][?@['b'][0]==$['c']]"),
        ] {
            assert_eq!(written(kubectl), rfc, "{kubectl}");
        }
    }

    #[test]
    fn what_is_missing_is_named_at_its_place() {
        assert_eq!(
            written(".a[0"),
            "behind `.a` (character 2): this `[` has no `]`"
        );
        assert!(written(".a..").contains("a field's name is missing"));
        assert!(written(".a.").contains("character 3, at its end"));
        assert!(written(".a['b]").contains("this quote is not closed"));
        assert!(
            written(".a[?(@.b=1)]")
                .contains("behind `.a[?(@.b` (character 8): a filter compares by `==`")
        );
        assert!(written(".a[?(@.b=~1)]").contains("no `=~`"));
        assert!(written(".a[?(@.b>=1 && @.c!=2)]").starts_with("$['a']"));
        assert!(written(".a b").contains("behind `.a` (character 2): ` ` is not expected"));
    }

    #[test]
    fn each_byte_knows_where_it_comes_from() {
        let standard = standard(".a[x]").unwrap();
        let at = standard.text.find('x').unwrap();
        assert_eq!(standard.origin(at), 3);
        assert_eq!(standard.origin(99), 5);
    }
}
