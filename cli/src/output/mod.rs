//! What a person or a script sees. The only place that writes to stdout and stderr.
//!
//! Data goes to stdout and is checked for a closed pipe; everything else goes to stderr, where a
//! failure to write is nobody's news. Text that comes from elsewhere is cleaned of control
//! sequences before it reaches a terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use serde_json::Value;

use crate::args::printing::{Expression, Printing};
use crate::args::{Format, Global};
use crate::failure::{Failure, Result};

pub(crate) mod columns;
pub(crate) mod describe;
mod expression;
pub(crate) mod keys;
pub(crate) mod paint;
pub(crate) mod quantity;
pub(crate) mod sanitise;
pub(crate) mod screen;
pub(crate) mod spinner;
pub(crate) mod table;
pub(crate) mod tilde;
pub(crate) mod wrap;

use sanitise::sanitise;

/// How this run writes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// What is printed of a document; `format` is JSON then.
    expression: Option<Arc<Expression>>,
    pub(crate) no_headers: bool,
    pub(crate) show_labels: bool,
    quiet: bool,
    verbose: bool,
    out_is_terminal: bool,
    err_is_terminal: bool,
    colour: bool,
    spins: bool,
}

impl Output {
    /// Looks at the flags, the environment and at what stdout and stderr are.
    pub(crate) fn new(global: &Global) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let printing = global.printing().cloned().unwrap_or_default();
        Self {
            format: printing.format,
            expression: printing.expression,
            no_headers: false,
            show_labels: false,
            quiet: global.quiet,
            verbose: global.verbose,
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            colour: !(global.no_color || dumb || set("NO_COLOR")),
            spins: false,
        }
    }

    /// Prints otherwise from now on.
    pub(crate) fn print_as(&mut self, printing: &Printing) {
        self.format = printing.format;
        self.expression = printing.expression.clone();
    }

    /// The columns of `-o custom-columns=`.
    pub(crate) fn own_columns(&self) -> Option<&query::Columns> {
        match self.expression.as_deref() {
            Some(Expression::Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    /// Whether nothing but data is wanted.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a person looks at stdout.
    pub(crate) fn to_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether stdout takes cursor movements.
    pub(crate) fn can_draw(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        self.out_is_terminal && !dumb
    }

    /// Whether stderr takes cursor movements and colour.
    pub(crate) fn err_can_draw(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        self.err_is_terminal && !dumb && !self.quiet
    }

    pub(crate) fn colour_on_err(&self) -> bool {
        self.colour && self.err_is_terminal
    }

    pub(crate) fn colour_on_out(&self) -> bool {
        self.colour && self.out_is_terminal
    }

    /// The width to fit tables in; `None` where stdout is piped, and nothing is cut.
    pub(crate) fn width(&self) -> Option<u16> {
        let size = self.out_is_terminal.then(crossterm::terminal::size)?;
        size.ok().map(|(columns, _)| columns.max(20))
    }

    /// Writes data as it is, cleaned on the way to a terminal.
    pub(crate) fn data(&self, text: &str) -> Result<()> {
        let text = self.clean_for_out(text);
        self.raw(text.as_bytes())
    }

    /// Writes lines of data, each cleaned and then painted.
    pub(crate) fn data_painted(&self, text: &str, paint: impl Fn(&str) -> String) -> Result<()> {
        let lines = text.lines();
        let lines = lines.map(|line| paint(&self.clean_for_out(line)) + "\n");
        self.raw(lines.collect::<String>().as_bytes())
    }

    /// Writes bytes that need no cleaning.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|why| match why.kind() {
                io::ErrorKind::BrokenPipe => Failure::closed_pipe(),
                _ => Failure::failed("stdout can't be written").caused_by(&why),
            })
    }

    /// Writes one line of data.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        self.data(&format!("{text}\n"))
    }

    /// Writes a JSON value in `format`, or what an expression takes out of it; the two human
    /// formats are the caller's.
    pub(crate) fn document(&self, value: &Value) -> Result<()> {
        if let Some(expression) = &self.expression {
            return self.data(&expression::render(expression, value, self));
        }
        match self.format {
            Format::Yaml => self.data(&yaml(value)?),
            _ => self.line(&format!("{value:#}")),
        }
    }

    /// Writes one of many JSON values as they come: JSON a line each, YAML a document each.
    pub(crate) fn record(&self, value: &Value) -> Result<()> {
        if let Some(expression) = &self.expression {
            return self.line(&expression::render_line(expression, value));
        }
        match self.format {
            Format::Yaml => {
                self.line("---")?;
                self.document(value)
            }
            _ => self.line(&value.to_string()),
        }
    }

    /// Says something beside the data, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.to_err(&format!("{}\n", sanitise(text)));
        }
    }

    /// Says that something is not as it should be.
    pub(crate) fn warning(&self, text: &str) {
        let label = self.painted("33;1", "warning:");
        self.to_err(&format!("{label} {}\n", sanitise(text)));
    }

    /// Says why the run failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut text = String::new();
        for (label, line) in failure.lines() {
            let code = if label == "error" { "31;1" } else { "1" };
            let label = format!("{label}:");
            let label = self.painted(code, &label);
            text += &format!("{label} {}\n", sanitise(line.trim_end()));
        }
        self.to_err(&text);
    }

    /// A line of the HTTP exchange, with `-v`.
    pub(crate) fn trace(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            let text = text();
            let text = sanitise(&text);
            self.to_err(&format!("{}\n", self.painted("2", &text)));
        }
    }

    /// Writes to stderr as it is: for those who draw.
    pub(crate) fn to_err(&self, text: &str) {
        let mut err = io::stderr().lock();
        // Nowhere is left to tell of it.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// `text` in an SGR colour, where stderr takes one.
    pub(crate) fn painted<'a>(&self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.colour_on_err() {
            Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }

    fn clean_for_out<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.out_is_terminal {
            sanitise(text)
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// A value as one YAML document.
pub(crate) fn yaml(value: &Value) -> Result<String> {
    let text = serde_saphyr::to_string(value)
        .map_err(|why| Failure::failed("the answer can't be written as YAML").caused_by(&why))?;
    Ok(format!("{}\n", text.trim_end()))
}
