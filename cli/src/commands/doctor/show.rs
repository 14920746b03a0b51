//! The report as a person reads it: a line per finding, its fix below it, cut to the terminal.

use super::finding::{Finding, Verdict};
use crate::failure::Result;
use crate::output::Output;
use crate::output::paint::Paint;
use crate::output::sanitise::one_line;
use crate::output::tilde::tilde;
use crate::output::wrap::wrapped;

/// Cells of the longest check's name.
const NAME_WIDTH: usize = 8;
/// The least that is left for words, however narrow the terminal.
const LEAST_WORDS: usize = 20;

/// How this run shows findings.
pub(super) struct Show<'a> {
    output: &'a Output,
    paint: Paint,
    has_symbols: bool,
    /// Cells across; none where nothing is to be wrapped.
    width: Option<usize>,
}

impl<'a> Show<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self {
            output,
            paint: Paint {
                colour: output.colour_on_out(),
            },
            has_symbols: output.can_draw() && speaks_utf8(),
            width: output.width().map(usize::from),
        }
    }

    pub(super) fn finding(&self, check: &str, finding: &Finding) -> Result<()> {
        self.output.raw(self.lines(check, finding).as_bytes())
    }

    fn lines(&self, check: &str, finding: &Finding) -> String {
        let (symbol, colour) = match finding.verdict {
            Verdict::Ok => ("✓ ", "32"),
            Verdict::Warn => ("! ", "33"),
            Verdict::Fail => ("✗ ", "31;1"),
            Verdict::Skip => ("- ", "2"),
        };
        let symbol = if self.has_symbols { symbol } else { "" };
        let indent = symbol.chars().count() + 6 + NAME_WIDTH + 2;
        let room = self
            .width
            .map(|width| width.saturating_sub(indent).max(LEAST_WORDS));
        let detail = match &finding.of {
            Some(of) => format!("{of}: {}", finding.detail),
            None => finding.detail.clone(),
        };
        let status = self
            .paint
            .line(colour, &format!("{symbol}{}", finding.verdict.word()));
        let gap = " ".repeat(6 - finding.verdict.word().len());
        let blank = " ".repeat(indent);
        let mut lines = wrapped(&one_line(&tilde(&detail)), room).into_iter();
        let mut text = format!(
            "{status}{gap}{check:NAME_WIDTH$}  {}\n",
            lines.next().unwrap_or_default()
        );
        for line in lines {
            text += &format!("{blank}{line}\n");
        }
        if let Some(fix) = &finding.fix {
            let mut lines = wrapped(&one_line(&tilde(fix)), room.map(|room| room - 5)).into_iter();
            let label = self.paint.line("1", "fix:");
            text += &format!("{blank}{label} {}\n", lines.next().unwrap_or_default());
            for line in lines {
                text += &format!("{blank}     {line}\n");
            }
        }
        text
    }
}

/// Whether the terminal shows more than ASCII, by the variables that say so.
fn speaks_utf8() -> bool {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|value: &String| !value.is_empty())
    };
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Global;

    fn shown(width: Option<usize>, has_symbols: bool, finding: &Finding) -> String {
        let output = Output::new(&Global::default());
        let show = Show {
            output: &output,
            paint: Paint { colour: false },
            has_symbols,
            width,
        };
        show.lines("server", finding)
    }

    #[test]
    fn a_line_fits_the_terminal_and_the_fix_stands_below_it() {
        let finding =
            Finding::fail("http://127.0.0.1:8765 refused the connection: the host is there")
                .fix("is `mcpd` running? start it");
        insta::assert_snapshot!(shown(Some(60), true, &finding), @r"
        ✗ fail  server    http://127.0.0.1:8765 refused the
                          connection: the host is there
                          fix: is `mcpd` running? start it
        ");
        insta::assert_snapshot!(shown(None, false, &finding), @r"
        fail  server    http://127.0.0.1:8765 refused the connection: the host is there
                        fix: is `mcpd` running? start it
        ");
    }
}
