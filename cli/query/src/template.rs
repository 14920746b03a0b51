//! kubectl's templates: text, and in braces paths, quoted text, and `range` to `end`.

use std::str::FromStr;

use serde_json::Value;

use crate::bad_expression::BadExpression;
use crate::path::{Path, text};

/// A template: `{range .items[*]}{.metadata.name}{"\n"}{end}`.
///
/// Text without any brace is one path (`.a.b`), as people often leave the braces out.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Path(Taken),
    Range(Taken, Vec<Part>),
}

/// A path, and from where it goes.
#[derive(Clone, Debug)]
struct Taken {
    path: Path,
    /// `$`: from the whole value, also inside a range.
    from_root: bool,
}

impl Taken {
    fn read(source: &str) -> Result<Self, BadExpression> {
        Ok(Self {
            path: Path::bare(source)?,
            from_root: source.starts_with('$'),
        })
    }

    fn of<'v>(&self, root: &'v Value, item: &'v Value) -> Vec<&'v Value> {
        self.path.all(if self.from_root { root } else { item })
    }
}

impl Template {
    /// The text that `value` gives.
    ///
    /// Shape: several values of one path have a blank between them, one that is absent is nothing.
    pub fn render(&self, value: &Value) -> String {
        let mut out = String::new();
        render(&self.parts, value, value, &mut out);
        out
    }
}

fn render(parts: &[Part], root: &Value, item: &Value, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => *out += text,
            Part::Path(path) => {
                let values = path.of(root, item).into_iter().map(text);
                *out += &values.collect::<Vec<_>>().join(" ");
            }
            Part::Range(path, body) => {
                for item in path.of(root, item) {
                    render(body, root, item, out);
                }
            }
        }
    }
}

impl FromStr for Template {
    type Err = BadExpression;

    /// Errors: [`BadExpression`] with the place of the fault.
    fn from_str(source: &str) -> Result<Self, BadExpression> {
        if source.trim().is_empty() {
            return Err(BadExpression::new(
                "",
                0,
                "write a path such as {.metadata.name}",
            ));
        }
        if !source.contains('{') {
            let trimmed = source.trim();
            let path = Taken::read(trimmed)?;
            return Ok(Self {
                parts: vec![Part::Path(path)],
            });
        }
        Reader { source, at: 0 }.read()
    }
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

/// A range whose `end` has not come yet.
struct Open {
    at: usize,
    path: Taken,
    outer: Vec<Part>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn wrong(&self, at: usize, why: impl Into<String>) -> BadExpression {
        BadExpression::new(self.source, at, why)
    }

    fn read(mut self) -> Result<Template, BadExpression> {
        let mut parts = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        while !self.rest().is_empty() {
            let before = self.rest().find('{').unwrap_or(self.rest().len());
            if before > 0 {
                parts.push(Part::Text(self.rest()[..before].into()));
                self.at += before;
                continue;
            }
            let brace = self.at;
            self.at += 1;
            let words = self.words(brace)?;
            let mut words = words.into_iter();
            match words.next() {
                None => return Err(self.wrong(brace + 1, "there is nothing between the braces")),
                Some((at, "range")) => {
                    let Some((path_at, path)) = words.next() else {
                        let why = "`range` needs a path: {range .items[*]}";
                        return Err(self.wrong(at + "range".len(), why));
                    };
                    if let Some((at, _)) = words.next() {
                        return Err(self.wrong(at, "`range` takes one path"));
                    }
                    let path = self.path(path_at, path)?;
                    let outer = std::mem::take(&mut parts);
                    open.push(Open { at, path, outer });
                }
                Some((at, "end")) => {
                    let Some(range) = open.pop() else {
                        return Err(self.wrong(at, "this `end` has no `range`"));
                    };
                    let body = std::mem::replace(&mut parts, range.outer);
                    parts.push(Part::Range(range.path, body));
                }
                Some(first) => {
                    for (at, word) in std::iter::once(first).chain(words) {
                        parts.push(self.part(at, word)?);
                    }
                }
            }
        }
        match open.pop() {
            Some(range) => Err(self.wrong(range.at, "this `range` has no {end}")),
            None => Ok(Template { parts }),
        }
    }

    /// The words up to the brace that closes, and where each begins.
    fn words(&mut self, brace: usize) -> Result<Vec<(usize, &'a str)>, BadExpression> {
        let mut words = Vec::new();
        let mut begun: Option<usize> = None;
        let (mut quote, mut depth): (Option<(char, usize)>, u32) = (None, 0);
        let mut chars = self.rest().char_indices();
        while let Some((offset, c)) = chars.next() {
            let at = self.at + offset;
            match (quote, c) {
                (Some(_), '\\') | (None, '\\') => {
                    chars.next();
                }
                (Some((open, _)), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some((c, at)),
                (None, '[' | '(') => depth += 1,
                (None, ']' | ')') => depth = depth.saturating_sub(1),
                (None, '}') => {
                    words.extend(begun.map(|begun| (begun, &self.source[begun..at])));
                    self.at = at + 1;
                    return Ok(words);
                }
                (None, c) if c.is_whitespace() && depth == 0 => {
                    let word = begun.take().map(|begun| (begun, &self.source[begun..at]));
                    words.extend(word);
                    continue;
                }
                _ => {}
            }
            begun.get_or_insert(at);
        }
        Err(match quote {
            Some((_, at)) => self.wrong(at, "this quote is not closed"),
            None => self.wrong(brace, "this `{` has no `}`"),
        })
    }

    fn part(&self, at: usize, word: &str) -> Result<Part, BadExpression> {
        match word.chars().next() {
            Some(quote @ ('"' | '\'')) if word.len() > 1 && word.ends_with(quote) => {
                let inner = &word[1..word.len() - 1];
                Ok(Part::Text(self.unquoted(at + 1, inner)?))
            }
            Some('.' | '$' | '@' | '[') => Ok(Part::Path(self.path(at, word)?)),
            _ => {
                let why = format!("`{word}` is no path: write {{.{word}}}, or quote it as text");
                Err(self.wrong(at, why))
            }
        }
    }

    fn path(&self, at: usize, word: &str) -> Result<Taken, BadExpression> {
        Taken::read(word).map_err(|why| why.within(self.source, at))
    }

    fn unquoted(&self, at: usize, inner: &str) -> Result<String, BadExpression> {
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((offset, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, c @ ('\\' | '"' | '\'' | '{' | '}'))) => text.push(c),
                _ => {
                    let why = "known behind `\\` are n, t, r, \\ and quotes";
                    return Err(self.wrong(at + offset + 1, why));
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(template: &str) -> String {
        let value = json!({"kind": "LlmList", "items": [
            {"metadata": {"name": "laptop", "labels": {"a.b/c": "l"}}, "status": {"phase": "active", "n": 2}},
            {"metadata": {"name": "gpt"}, "status": {"phase": "inactive", "n": null}}]});
        match template.parse::<Template>() {
            Ok(template) => template.render(&value),
            Err(why) => format!("error {why}"),
        }
    }

    #[test]
    fn what_kubectl_users_type_works() {
        for (template, text) in [
            ("{.items[*].metadata.name}", "laptop gpt"),
            (".items[*].metadata.name", "laptop gpt"),
            ("items[0].metadata.name", "laptop"),
            ("$.kind", "LlmList"),
            (
                r#"{range .items[*]}{.metadata.name}{"\t"}{.status.phase}{"\n"}{end}"#,
                "laptop\tactive\ngpt\tinactive\n",
            ),
            (r#"{.kind}{"\n"}"#, "LlmList\n"),
            (
                "{range .items[*]}{.metadata.name}={$.kind} {end}",
                "laptop=LlmList gpt=LlmList ",
            ),
            ("{range .items[*]}{@.status.n}{','}{end}", "2,null,"),
            (
                r#"{.items[?(@.status.phase=="active")].metadata.name}"#,
                "laptop",
            ),
            ("{.items[?(@.status.n>1)].metadata.name}", "laptop"),
            (r"{.items[*].metadata.labels.a\.b/c}", "l"),
            ("{.items[0].status}", r#"{"phase":"active","n":2}"#),
            ("{.items[-1:].metadata.name}", "gpt"),
            (
                "{.items[*]['metadata.name', 'status']}",
                r#"{"phase":"active","n":2} {"phase":"inactive","n":null}"#,
            ),
            ("{..name}", "laptop gpt"),
            ("names: {.items[*].metadata.name}!", "names: laptop gpt!"),
            ("{.items[*].nothing}", ""),
            (r#"{.kind "/" .items[0].metadata.name}"#, "LlmList/laptop"),
            (
                r#"{range .items[*]}{range .metadata}{.name}{end};{end}"#,
                "laptop;gpt;",
            ),
            (r#"{.items[?(@.metadata.name=="}")].x}"#, ""),
        ] {
            assert_eq!(rendered(template), text, "{template}");
        }
        assert!(rendered("{.}").starts_with("{\"kind\""));
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (template, why) in [
            ("", "it is empty: write a path"),
            ("{.items[*]", "at its beginning: this `{` has no `}`"),
            ("a {}", "behind `a {` (character 3): there is nothing"),
            (
                "{items}",
                "behind `{` (character 1): `items` is no path: write {.items}",
            ),
            (
                "{range .items[*]}{.x}",
                "behind `{` (character 1): this `range` has no {end}",
            ),
            ("{range}{end}", "(character 6): `range` needs a path"),
            (
                "{.x}{end}",
                "behind `{.x}{` (character 5): this `end` has no `range`",
            ),
            ("{.x}{\"abc}", "this quote is not closed"),
            ("{\"\\q\"}", "known behind `\\`"),
            ("{.items[?(@.a=\"b\")]}", "character"),
            ("{.a[}", "(character 3): this `[` has no `]`"),
            ("{range .a .b}{end}", "`range` takes one path"),
        ] {
            let told = rendered(template);
            assert!(told.starts_with("error"), "{template}: {told}");
            assert!(told.contains(why), "{template}: {told}");
        }
    }

    fuzzing::targets! {
        fn no_text_brings_it_down(source in "[{}\\[\\]().a'\"\\\\ $@*?ü=]{0,24}") {
            if let Ok(template) = source.parse::<Template>() {
                template.render(&json!({"a": [{"a": 1}]}));
            }
        }
    }
}
