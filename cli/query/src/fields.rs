//! Field selectors: `status.phase=active,spec.kind!=virtual`.

use std::str::FromStr;

use serde_json::Value;

use crate::bad_expression::BadExpression;
use crate::path::{Path, text};

/// Which values fields must have: all requirements at once.
#[derive(Clone, Debug, Default)]
pub struct FieldSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    path: Path,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Whether the fields of `document` are as required. One that is absent or null is empty.
    pub fn matches(&self, document: &Value) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = requirement.path.first(document);
            let value = value.filter(|value| !value.is_null()).map(text);
            (value.unwrap_or_default() == requirement.value) == requirement.equal
        })
    }
}

impl FromStr for FieldSelector {
    type Err = BadExpression;

    /// Errors: [`BadExpression`] with the place of the fault.
    fn from_str(source: &str) -> Result<Self, BadExpression> {
        let mut requirements = Vec::new();
        let mut start = 0;
        for part in source.split(',') {
            let found = ["!=", "==", "="].iter().find_map(|sign| {
                let (path, value) = part.split_once(sign)?;
                Some((path, value, *sign != "!="))
            });
            let Some((path, value, equal)) = found else {
                let why = "write FIELD=VALUE or FIELD!=VALUE, such as status.phase=active";
                return Err(BadExpression::new(source, start, why));
            };
            if path.trim().is_empty() {
                return Err(BadExpression::new(source, start, "a field is missing"));
            }
            let path = path
                .parse()
                .map_err(|why: BadExpression| why.within(source, start))?;
            let value = value.trim().to_owned();
            requirements.push(Requirement { path, value, equal });
            start += part.len() + 1;
        }
        Ok(Self { requirements })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_compared_as_text() {
        let document = json!({"status": {"phase": "active", "n": 2, "x": null}});
        let matches = |fields: &str| fields.parse::<FieldSelector>().unwrap().matches(&document);
        for yes in [
            "status.phase=active",
            ".status.phase==active",
            "status.n=2,status.phase!=inactive",
            "status.x=",
            "status.nothing!=a",
        ] {
            assert!(matches(yes), "{yes}");
        }
        assert!(!matches("status.phase=inactive") && !matches("status.phase!=active"));
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let why = |fields: &str| fields.parse::<FieldSelector>().unwrap_err().to_string();
        assert!(why("a=b,c").contains("behind `a=b,` (character 4): write FIELD=VALUE"));
        assert!(why("=b").contains("a field is missing"));
        assert!(
            why("a=b,c[=d").contains("character 5"),
            "{}",
            why("a=b,c[=d")
        );
    }
}
