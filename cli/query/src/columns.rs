//! kubectl's custom columns: `NAME:.metadata.name,PHASE:.status.phase`.

use std::str::FromStr;

use serde_json::Value;

use crate::bad_expression::BadExpression;
use crate::path::{Path, text};

/// What stands in a cell whose value is absent.
const NONE: &str = "<none>";

/// Columns: each a header and a path.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<(String, Path)>,
}

impl Columns {
    /// Reads a file with two lines: headers, and below them paths.
    ///
    /// Errors: [`BadExpression`] where the lines don't fit each other, or a path can't be read.
    pub fn from_lines(source: &str) -> Result<Self, BadExpression> {
        let lines: Vec<&str> = source.lines().filter(|l| !l.trim().is_empty()).collect();
        let [headers, paths] = lines[..] else {
            let why = "write two lines: headers, and below them paths";
            return Err(BadExpression::new(source, source.len(), why));
        };
        let headers: Vec<&str> = headers.split_whitespace().collect();
        let paths: Vec<&str> = paths.split_whitespace().collect();
        if headers.len() != paths.len() {
            let why = format!(
                "there are {} headers and {} paths",
                headers.len(),
                paths.len()
            );
            return Err(BadExpression::new(source, source.len(), why));
        }
        let columns = headers.into_iter().zip(paths).map(|(header, path)| {
            let start = path.as_ptr() as usize - source.as_ptr() as usize;
            let path = path
                .parse::<Path>()
                .map_err(|why| why.within(source, start));
            path.map(|path| (header.to_owned(), path))
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// The headers, in order.
    pub fn headers(&self) -> Vec<&str> {
        self.columns.iter().map(|(header, _)| &**header).collect()
    }

    /// The cells of a value's row: several values of a path have a comma between them, what is
    /// absent or null is `<none>`.
    pub fn row(&self, value: &Value) -> Vec<String> {
        let cell = |path: &Path| {
            let values = path.all(value).into_iter().filter(|value| !value.is_null());
            match values.map(text).collect::<Vec<_>>().join(",") {
                cell if cell.is_empty() => NONE.into(),
                cell => cell,
            }
        };
        self.columns.iter().map(|(_, path)| cell(path)).collect()
    }
}

impl FromStr for Columns {
    type Err = BadExpression;

    /// Errors: [`BadExpression`] with the place of the fault.
    fn from_str(source: &str) -> Result<Self, BadExpression> {
        if source.trim().is_empty() {
            let why = "write HEADER:PATH, such as NAME:.metadata.name";
            return Err(BadExpression::new("", 0, why));
        }
        let mut columns = Vec::new();
        for (start, column) in split(source) {
            let Some((header, path)) = column.split_once(':') else {
                let why = format!("`{column}` has no path: write {}:.PATH", column.trim());
                return Err(BadExpression::new(source, start, why));
            };
            if header.trim().is_empty() {
                let why = "a header is missing before the `:`";
                return Err(BadExpression::new(source, start, why));
            }
            if path.trim().is_empty() {
                let why = format!("`{header}` has no path: write {header}:.PATH");
                return Err(BadExpression::new(source, start + header.len() + 1, why));
            }
            let path_start = start + header.len() + 1 + (path.len() - path.trim_start().len());
            let path = path
                .parse::<Path>()
                .map_err(|why| why.within(source, path_start))?;
            columns.push((header.trim().to_owned(), path));
        }
        Ok(Self { columns })
    }
}

/// The parts between commas, and where each begins. A comma in brackets or quotes separates
/// nothing.
fn split(source: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0_u32, None);
    for (at, c) in source.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push((start, &source[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, &source[start..]));
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(columns: &str) -> String {
        let value =
            json!({"metadata": {"name": "a"}, "spec": {"roles": ["x", "y"], "n": 0, "z": null}});
        match columns.parse::<Columns>() {
            Ok(columns) => format!("{:?} {:?}", columns.headers(), columns.row(&value)),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn cells_are_found_by_their_paths() {
        assert_eq!(
            shown("NAME:.metadata.name,ROLES:.spec.roles[*],N:{.spec.n},Z:.spec.z,X:.x"),
            r#"["NAME", "ROLES", "N", "Z", "X"] ["a", "x,y", "0", "<none>", "<none>"]"#
        );
        assert_eq!(
            shown("A:.spec['n','z'], B:metadata.name"),
            r#"["A", "B"] ["0", "a"]"#
        );
        let columns = Columns::from_lines("NAME  N\n.metadata.name .spec.n\n").unwrap();
        assert_eq!(columns.headers(), ["NAME", "N"]);
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        assert!(shown("NAME").contains("`NAME` has no path: write NAME:.PATH"));
        assert!(shown("A:.a,:.b").contains("behind `A:.a,` (character 5): a header is missing"));
        assert!(shown("A:.a,B:").contains("`B` has no path"));
        assert!(shown("A:.a,B:.b[").contains("behind `A:.a,B:.b` (character 9)"));
        assert!(Columns::from_lines("A B\n.a").is_err() && Columns::from_lines("A").is_err());
        let why = Columns::from_lines("A\n.a[").unwrap_err().to_string();
        assert!(why.contains("character 4"), "{why}");
    }
}
