//! Blocks of code: their lines as they were written, cut only where the row ends.

use unicode_segmentation::UnicodeSegmentation;

use crate::block::{Fence, Kind, head, outdent, unquote};
use crate::highlight::Highlighter;
use crate::row::Row;
use crate::style::Style;
use crate::wrap::Cutter;

/// A block that is open.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) fence: Fence,
    indent: usize,
    quotes: usize,
    highlighter: Option<Highlighter>,
}

/// What a line is to an open block.
pub(crate) enum InCode<'a> {
    Line(&'a str),
    Close,
    /// The quote that the block stands in is over, and so is the block.
    Left,
}

impl Code {
    pub(crate) fn open(fence: Fence, indent: usize, quotes: usize, coloured: bool) -> Self {
        let highlighter = coloured.then(|| Highlighter::of(&fence.language)).flatten();
        Self {
            fence,
            indent,
            quotes,
            highlighter,
        }
    }

    /// What a whole line is.
    pub(crate) fn read<'a>(&self, line: &'a str) -> InCode<'a> {
        let Some(inside) = unquote(line, self.quotes) else {
            return InCode::Left;
        };
        if self.fence.is_closed_by(inside) {
            return InCode::Close;
        }
        InCode::Line(outdent(inside, self.indent))
    }

    /// The rows of the next line.
    pub(crate) fn line(&mut self, line: &str, width: usize, rows: &mut Vec<Row>) {
        let spans = match &mut self.highlighter {
            Some(highlighter) => highlighter.line(line),
            None => vec![(line.to_owned(), Style::default())],
        };
        let mut cutter = Cutter::default();
        for (text, style) in spans {
            for cluster in text.graphemes(true) {
                cutter.put(cluster, style, width, rows);
            }
        }
        cutter.finish(rows);
    }

    /// The rows of a line that still grows.
    pub(crate) fn peek(&self, line: &str, width: usize, rows: &mut Vec<Row>) {
        let Some(inside) = unquote(line, self.quotes) else {
            return;
        };
        if !line.is_empty() && !self.fence.may_be_closed_by(inside) {
            let line = outdent(inside, self.indent);
            self.clone().line(line, width, rows);
        }
    }
}

/// A block of code in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// As the fence names it; empty where it names none.
    pub language: String,
    /// Its lines, each with its end.
    pub text: String,
}

/// The fenced blocks of a text, in order; one that is not closed ends with the text.
#[must_use]
pub fn code_blocks(text: &str) -> Vec<CodeBlock> {
    let mut blocks: Vec<CodeBlock> = Vec::new();
    let mut open: Option<Code> = None;
    for line in text.lines() {
        if let Some(code) = &open {
            match code.read(line) {
                InCode::Line(line) => {
                    if let Some(block) = blocks.last_mut() {
                        block.text += line;
                        block.text.push('\n');
                    }
                    continue;
                }
                InCode::Close => {
                    open = None;
                    continue;
                }
                InCode::Left => open = None,
            }
        }
        let Some(head) = head(line, true, false) else {
            continue;
        };
        if let Kind::Fence(fence) = head.kind {
            let columns = head.item.map_or(0, |item| item.columns);
            blocks.push(CodeBlock {
                language: fence.language.clone(),
                text: String::new(),
            });
            open = Some(Code::open(fence, head.indent + columns, head.quotes, false));
        }
    }
    blocks
}
