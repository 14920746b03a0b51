//! One path into a value.

use std::str::FromStr;

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::bad_expression::BadExpression;
use crate::dialect::standard;

/// A path: `.metadata.name`, also as `metadata.name`, `$.metadata.name` and `{.metadata.name}`.
#[derive(Clone, Debug)]
pub struct Path {
    path: JsonPath,
    source: String,
}

impl Path {
    /// Reads a path without braces.
    pub(crate) fn bare(source: &str) -> Result<Self, BadExpression> {
        let standard = standard(source)?;
        let path = JsonPath::parse(&standard.text).map_err(|why| {
            let at = standard.origin(why.position());
            BadExpression::new(source, at, in_words(why.message()))
        })?;
        Ok(Self {
            path,
            source: source.into(),
        })
    }

    /// All values that it leads to, in the order in which they stand.
    pub fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.path.query(value).all()
    }

    /// The first value that it leads to.
    pub fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.path.query(value).first()
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl FromStr for Path {
    type Err = BadExpression;

    /// Reads a path, with or without braces around it.
    ///
    /// Errors: [`BadExpression`] with the place of the fault.
    fn from_str(source: &str) -> Result<Self, BadExpression> {
        let trimmed = source.trim();
        match trimmed.strip_prefix('{') {
            None => Self::bare(trimmed),
            Some(inner) => {
                let inner = inner.strip_suffix('}').ok_or_else(|| {
                    BadExpression::new(trimmed, trimmed.len(), "the closing `}` is missing")
                })?;
                Self::bare(inner.trim_end()).map_err(|why| why.within(trimmed, 1))
            }
        }
    }
}

/// What the parser says is for those who know it; this is for the others.
fn in_words(message: &str) -> String {
    if message.contains("long-hand") {
        "what stands in the brackets can't be understood".into()
    } else {
        "this is no path".into()
    }
}

/// A value as text: a string as it is, all else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_write_a_path_leads_to_the_same() {
        let value = json!({"a": {"b-c": [1, 2, {"d": "x"}]}});
        for path in [
            "{.a.b-c[2].d}",
            ".a.b-c[2].d",
            "a.b-c[-1].d",
            "$['a']['b-c'][2]['d']",
        ] {
            let path: Path = path.parse().unwrap();
            assert_eq!(path.all(&value), [&json!("x")]);
        }
        let path: Path = ".a.b-c[?(@.d==\"x\")].d".parse().unwrap();
        assert_eq!(path.first(&value).map(text), Some("x".into()));
        assert_eq!("..d".parse::<Path>().unwrap().all(&value).len(), 1);
        assert!(".a.z".parse::<Path>().unwrap().first(&value).is_none());
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let why = |path: &str| path.parse::<Path>().unwrap_err().to_string();
        assert!(why("{.a").contains("closing `}`"), "{}", why("{.a"));
        for wrong in [
            ".a[x]",
            ".a[?(@.b=\"c\")]",
            ".a[?(@.b=~/c/)]",
            "{.a[}",
            ".a[1:2:3:4]",
        ] {
            assert!(why(wrong).contains("character"), "{}", why(wrong));
        }
    }
}
