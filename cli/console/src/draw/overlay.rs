//! What stands over all else: the keys, and the question before something is deleted.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use crate::console::Console;
use crate::help::KEYS;
use crate::target::{Kind, Target};
use crate::text::{cut, width, wrap};
use crate::theme::Tone;

/// Cells of a group of keys.
const GROUP: u16 = 48;

pub(super) fn help(console: &Console, top: usize, frame: &mut Frame<'_>, area: Rect) {
    let groups: Vec<Vec<Line<'static>>> = KEYS
        .iter()
        .map(|(title, keys)| {
            let head = Line::styled(*title, console.theme.style(Tone::Strong));
            let each = keys.iter().map(|(key, what)| {
                let key = format!("  {key:<12}");
                let key = Span::styled(key, console.theme.style(Tone::Key));
                Line::from_iter([key, Span::raw(*what)])
            });
            std::iter::once(head).chain(each).collect()
        })
        .collect();
    // In two columns where they fit: the first two groups, and the others.
    let beside = area.width >= 2 * GROUP - 16;
    let columns: Vec<Vec<Line<'static>>> = if beside {
        let mut groups = groups.into_iter();
        let left = groups.by_ref().take(2).flatten().collect();
        vec![left, groups.flatten().collect()]
    } else {
        vec![groups.into_iter().flatten().collect()]
    };
    let high = columns.iter().map(Vec::len).max().unwrap_or(0);
    let wide = if beside { 2 * GROUP - 16 } else { GROUP };
    let inner = window(console, frame, area, " keys ", wide, high);
    let each = u32::try_from(columns.len()).unwrap_or(1);
    let areas = Layout::horizontal(vec![Constraint::Ratio(1, each); columns.len()]).split(inner);
    for (lines, area) in columns.into_iter().zip(areas.iter()) {
        // What fits is not scrolled away.
        let most = lines.len().saturating_sub(usize::from(area.height));
        for (line, row) in lines.into_iter().skip(top.min(most)).zip(area.rows()) {
            frame.render_widget(line, row);
        }
    }
}

pub(super) fn confirm(console: &Console, target: &Target, frame: &mut Frame<'_>, area: Rect) {
    let question = format!("Delete {target}?");
    let about = match target.kind {
        Kind::Llm => {
            "Whoever asks for it gets an error. One that is published comes back when its publisher does."
        }
        Kind::Alias | Kind::Price | Kind::Secret => "It can't be brought back.",
        Kind::Token => "Whoever uses it is shut out at once. It can't be brought back.",
        Kind::Job => "Its result goes with it.",
    };
    let wide = area.width.min(64);
    let cells = usize::from(wide.saturating_sub(4));
    let mut lines = wrap(&question, cells);
    lines.extend(words(about, cells));
    let inner = window(console, frame, area, " delete ", wide, lines.len() + 2);
    let answers = Line::from_iter([
        Span::styled("y", console.theme.style(Tone::Bad)),
        Span::raw(" delete   "),
        Span::styled("any other key", console.theme.style(Tone::Key)),
        Span::raw(" no"),
    ]);
    let text = lines.into_iter().map(Line::raw);
    let text = text.chain([Line::raw(""), answers]);
    for (line, row) in text.zip(inner.rows()) {
        frame.render_widget(line, row);
    }
}

/// A frame in the middle, with room for `high` lines inside.
fn window(
    console: &Console,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &'static str,
    wide: u16,
    high: usize,
) -> Rect {
    let high = u16::try_from(high).unwrap_or(u16::MAX).saturating_add(2);
    let area = area.centered(
        Constraint::Length(wide.min(area.width)),
        Constraint::Length(high.min(area.height)),
    );
    frame.render_widget(Clear, area);
    let title = Span::styled(title, console.theme.style(Tone::Strong));
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [_, inner, _] = Layout::horizontal([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(inner);
    inner
}

/// Our own words, broken between them.
fn words(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => *line = cut(word, cells),
            Some(line) if width(line) + 1 + width(word) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, cells)),
        }
    }
    lines
}
