//! The unfinished rest of an answer, as it will probably look.

use unicode_segmentation::UnicodeSegmentation;

use crate::inline::Span;
use crate::row::Row;
use crate::stream::{Held, Place, Stream};
use crate::style::Style;
use crate::table::fill;
use crate::wrap::Wrapper;
impl Stream {
    /// The unfinished rows as they look now.
    pub(super) fn peek(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let plain = self.theme.is_plain();
        match &self.held {
            Held::Table(table) => table.peek(&self.line, self.width, &mut rows),
            Held::Head(line, lead) => {
                rows.extend(text_rows(line, lead, self.width, plain));
            }
            Held::Nothing => {}
        }
        match &self.place {
            Place::Start => self.peek_start(&mut rows),
            Place::Long { cutter, tail } => {
                let mut cutter = cutter.clone();
                cutter.put_all(tail, self.width, &mut rows);
                cutter.finish(&mut rows);
            }
            Place::Text {
                inline,
                wrapper,
                style,
            } => {
                let mut wrapper = wrapper.clone();
                put_spans(&mut wrapper, inline.peek(*style, plain), &mut rows);
                wrapper.finish(&mut rows);
            }
        }
        if self.gap.is_some() && self.begun && !rows.is_empty() {
            rows.insert(0, Row::default());
        }
        rows
    }

    /// A line of which it is not told what it is: shown where that would be a text anyway.
    fn peek_start(&self, rows: &mut Vec<Row>) {
        if let Some(code) = &self.code {
            code.peek(&self.line, self.width, rows);
            return;
        }
        let begins_text = self
            .line
            .trim_start()
            .starts_with(|c: char| c == '|' || c.is_ascii_digit());
        if begins_text && !matches!(self.held, Held::Table(_)) {
            let plain = self.theme.is_plain();
            rows.extend(text_rows(&self.line, &Row::default(), self.width, plain));
        }
    }
}

fn put_spans(wrapper: &mut Wrapper, spans: Vec<Span>, rows: &mut Vec<Row>) {
    for (text, style) in spans {
        for cluster in text.graphemes(true) {
            wrapper.put(cluster, style, rows);
        }
    }
}

/// A line of text that is whole, as rows.
pub(super) fn text_rows(line: &str, lead: &Row, width: usize, plain: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut wrapper = Wrapper::new(width, lead.clone(), lead.clone());
    fill(&mut wrapper, line, Style::default(), plain, &mut rows);
    wrapper.finish(&mut rows);
    rows
}
