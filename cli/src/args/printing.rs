//! The value of `-o`: a format, or an expression over the JSON that would be printed.

use std::ffi::OsStr;
use std::sync::Arc;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};
use query::{Columns, Template};

use super::Format;
use crate::near_miss::nearest;

/// How data is printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printing {
    /// JSON where there is an expression: that is what it is taken from.
    pub(crate) format: Format,
    pub(crate) expression: Option<Arc<Expression>>,
}

/// What is printed of a document in place of the whole.
#[derive(Debug)]
pub(crate) enum Expression {
    /// `jsonpath=...`
    Template(Template),
    /// `custom-columns=...`
    Columns(Columns),
}

/// What is written before the `=` of an expression.
const EXPRESSIONS: [&str; 4] = [
    "jsonpath",
    "custom-columns",
    "jsonpath-file",
    "custom-columns-file",
];

impl Printing {
    fn read(text: &str) -> Result<Self, String> {
        let (word, rest) = match text.split_once('=') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        if let Ok(format) = Format::from_str(word, false)
            && rest.is_none()
        {
            return Ok(Self {
                format,
                expression: None,
            });
        }
        let expression = match (word, rest) {
            ("jsonpath", Some(text)) => template(text)?,
            ("custom-columns", Some(text)) => Expression::Columns(text.parse().map_err(in_words)?),
            ("jsonpath-file", Some(path)) => template(file(path)?.trim_end())?,
            ("custom-columns-file", Some(path)) => {
                Expression::Columns(Columns::from_lines(&file(path)?).map_err(in_words)?)
            }
            _ => return Err(unknown(word, rest)),
        };
        Ok(Self {
            format: Format::Json,
            expression: Some(Arc::new(expression)),
        })
    }
}

fn template(text: &str) -> Result<Expression, String> {
    text.parse().map(Expression::Template).map_err(in_words)
}

fn file(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{path} can't be read: {why}"))
}

fn in_words(why: query::BadExpression) -> String {
    why.to_string()
}

fn unknown(word: &str, rest: Option<&str>) -> String {
    if EXPRESSIONS.contains(&word) {
        let example = match word {
            "jsonpath" => "jsonpath='{.items[*].metadata.name}'",
            "custom-columns" => "custom-columns=NAME:.metadata.name,PHASE:.status.phase",
            _ => return format!("write {word}=FILE"),
        };
        return format!("`{word}` needs an expression: -o {example}");
    }
    let formats = Format::value_variants().iter();
    let formats = formats.filter_map(ValueEnum::to_possible_value);
    let formats: Vec<String> = formats.map(|value| value.get_name().to_owned()).collect();
    let words = formats.iter().map(String::as_str);
    let known: Vec<&str> = words.chain(EXPRESSIONS).collect();
    match nearest(word, known.iter().copied()) {
        Some(near) if rest.is_some() && EXPRESSIONS.contains(&near) => {
            format!("there is no format `{word}`; did you mean `{near}=`?")
        }
        Some(near) if rest.is_none() => {
            format!("there is no format `{word}`; did you mean `{near}`?")
        }
        _ => format!(
            "there is no format `{word}`: known are {}, jsonpath=TEMPLATE and \
             custom-columns=HEADER:PATH,...",
            formats.join(", ")
        ),
    }
}

/// Reads the flag, and knows what completion may offer.
#[derive(Clone)]
pub(crate) struct PrintingParser;

impl TypedValueParser for PrintingParser {
    type Value = Printing;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Printing, clap::Error> {
        Printing::read.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let formats = Format::value_variants().iter();
        let formats = formats.filter_map(ValueEnum::to_possible_value);
        // An expression is no word to complete.
        Some(Box::new(formats))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Printing::read(text) {
            Ok(printing) => format!("{:?} {}", printing.format, printing.expression.is_some()),
            Err(why) => why,
        }
    }

    #[test]
    fn formats_and_expressions_are_read() {
        assert_eq!(read("wide"), "Wide false");
        assert_eq!(read("jsonpath={.a}"), "Json true");
        assert_eq!(
            read("custom-columns=A:.a==\"x\""),
            "behind `A:.a` (character 4): `=` is not expected here"
        );
        assert_eq!(read("custom-columns=A:.a"), "Json true");
    }

    #[test]
    fn what_is_wrong_is_met_with_what_is_right() {
        assert!(read("jsonpath").contains("needs an expression: -o jsonpath='{.items"));
        assert!(read("jsonpath={.a").contains("this `{` has no `}`"));
        assert!(read("jsnopath={.a}").contains("did you mean `jsonpath=`?"));
        assert!(read("jsn").contains("did you mean `json`?"));
        assert!(read("go-template={{.a}}").contains("known are table, wide, json, yaml, name"));
        assert!(read("json=x").contains("known are"), "{}", read("json=x"));
        assert!(read("jsonpath-file=/nowhere").contains("/nowhere can't be read"));
    }
}
