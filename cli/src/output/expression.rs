//! What `-o jsonpath=` and `-o custom-columns=` print of a document.

use serde_json::Value;

use super::{Output, table};
use crate::args::printing::Expression;

/// A document's text: a template's as it is, columns as a table of the items of a list, or of the
/// one document.
pub(super) fn render(expression: &Expression, value: &Value, output: &Output) -> String {
    match expression {
        Expression::Template(template) => {
            let mut text = template.render(value);
            // A pipe gets what the template says; a prompt must not stand behind it.
            if output.to_terminal() && !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text
        }
        Expression::Columns(columns) => {
            let rows: Vec<_> = items(value).iter().map(|item| columns.row(item)).collect();
            let headers = columns.headers();
            let headers = (!output.no_headers).then_some(&headers[..]);
            if rows.is_empty() && headers.is_none() {
                return String::new();
            }
            table::render(headers, &rows, output.width())
        }
    }
}

/// The text of one of many documents, as they come: no header, and on one line as far as the
/// template is.
pub(super) fn render_line(expression: &Expression, value: &Value) -> String {
    match expression {
        Expression::Template(template) => {
            let text = template.render(value);
            text.strip_suffix('\n').unwrap_or(&text).to_owned()
        }
        Expression::Columns(columns) => table::render(None, &[columns.row(value)], None)
            .trim_end()
            .to_owned(),
    }
}

fn items(value: &Value) -> &[Value] {
    let list = ["items", "jobs"].iter().find_map(|field| value.get(*field));
    match list.unwrap_or(value) {
        Value::Array(items) => items,
        _ => std::slice::from_ref(value),
    }
}
