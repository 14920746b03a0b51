//! Label selectors, as Kubernetes has them: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use std::str::FromStr;

use crate::bad_expression::BadExpression;

/// Which labels something must have: all requirements at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Exists,
    Absent,
    In(Vec<String>),
    /// Something without the label is none of these either.
    NotIn(Vec<String>),
}

impl Selector {
    /// Whether labels, found by `label`, are as required.
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = label(&requirement.key);
            let is_one_of =
                |values: &[String]| value.is_some_and(|v| values.iter().any(|w| w == v));
            match &requirement.rule {
                Rule::Exists => value.is_some(),
                Rule::Absent => value.is_none(),
                Rule::In(values) => is_one_of(values),
                Rule::NotIn(values) => !is_one_of(values),
            }
        })
    }
}

impl FromStr for Selector {
    type Err = BadExpression;

    /// Errors: [`BadExpression`] with the place of the fault.
    fn from_str(source: &str) -> Result<Self, BadExpression> {
        if source.trim().is_empty() {
            return Err(BadExpression::new(
                "",
                0,
                "write KEY=VALUE, KEY!=VALUE, KEY or !KEY",
            ));
        }
        let mut requirements = Vec::new();
        for (start, part) in parts(source) {
            let blank = part.len() - part.trim_start().len();
            let requirement = requirement(part.trim())
                .map_err(|why| BadExpression::new(source, start + blank, why))?;
            requirements.push(requirement);
        }
        Ok(Self { requirements })
    }
}

/// The parts between commas that stand outside of parentheses, and where each begins.
fn parts(source: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, c) in source.char_indices() {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => {
                parts.push((start, &source[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, &source[start..]));
    parts
}

fn requirement(part: &str) -> Result<Requirement, String> {
    if let Some(key) = part.strip_prefix('!') {
        let key = self::key(key)?;
        return Ok(Requirement {
            key,
            rule: Rule::Absent,
        });
    }
    if let Some((key, values)) = set(part, " notin") {
        let rule = Rule::NotIn(self::values(values)?);
        return Ok(Requirement {
            key: self::key(key)?,
            rule,
        });
    }
    if let Some((key, values)) = set(part, " in") {
        let rule = Rule::In(self::values(values)?);
        return Ok(Requirement {
            key: self::key(key)?,
            rule,
        });
    }
    let (key, rule) = if let Some((key, value)) = part.split_once("!=") {
        (key, Rule::NotIn(vec![self::value(value)?]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Rule::In(vec![self::value(value)?]))
    } else {
        (part, Rule::Exists)
    };
    Ok(Requirement {
        key: self::key(key)?,
        rule,
    })
}

/// `KEY in (...)`: the key, and what stands behind the word.
fn set<'a>(part: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (key, rest) = part.split_once(word)?;
    let rest = rest.trim_start();
    rest.starts_with('(').then_some((key, rest))
}

fn values(text: &str) -> Result<Vec<String>, String> {
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let inner = inner.ok_or_else(|| "the closing `)` is missing".to_owned())?;
    inner.split(',').map(value).collect()
}

fn key(text: &str) -> Result<String, String> {
    let key = text.trim();
    let wrong = |c: char| c.is_whitespace() || "=!(),<>".contains(c);
    match key {
        "" => Err("a label's key is missing".into()),
        key if key.contains(wrong) => Err(format!(
            "`{key}` is no label: write KEY=VALUE, KEY!=VALUE, KEY in (A,B), KEY or !KEY"
        )),
        key => Ok(key.into()),
    }
}

fn value(text: &str) -> Result<String, String> {
    let value = text.trim();
    if value.contains(|c: char| c.is_whitespace() || "=!()".contains(c)) {
        return Err(format!("`{value}` is no value of a label"));
    }
    Ok(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str) -> String {
        let labels = |key: &str| match key {
            "team" => Some("docs"),
            "example.org/tier" => Some("fast"),
            "empty" => Some(""),
            _ => None,
        };
        match selector.parse::<Selector>() {
            Ok(selector) => selector.matches(labels).to_string(),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn selectors_mean_what_they_mean_to_kubernetes() {
        for yes in [
            "team=docs",
            "team==docs",
            "team",
            "!owner",
            "team!=code",
            "owner!=anybody",
            "team in (code, docs)",
            "team notin (code)",
            "owner notin (a,b)",
            "example.org/tier=fast,team=docs",
            " team = docs , !owner ",
            "empty=",
        ] {
            assert_eq!(selects(yes), "true", "{yes}");
        }
        for no in [
            "team=code",
            "owner",
            "!team",
            "team!=docs",
            "team in (a)",
            "team,owner",
        ] {
            assert_eq!(selects(no), "false", "{no}");
        }
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        assert!(selects("team=docs,").contains("behind `team=docs,` (character 10, at its end)"));
        assert!(selects("=x").contains("a label's key is missing"));
        assert!(selects("a b").contains("`a b` is no label"));
        assert!(selects("a in (b").contains("`)` is missing"));
        assert!(selects("a=b=c").contains("`b=c` is no value"));
        assert!(selects("").contains("it is empty"));
    }
}
