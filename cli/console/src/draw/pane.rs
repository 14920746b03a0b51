//! The pane: a row in full, or what it tells.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Borders;

use crate::connection::advice;
use crate::console::Console;
use crate::documents::yaml;
use crate::pane::{Pane, Showing};
use crate::text::{cut, wrap};
use crate::theme::Tone;
use crate::view::View;

pub(super) fn draw(console: &mut Console, frame: &mut Frame<'_>, area: Rect, borders: Borders) {
    let Some(pane) = &console.pane else {
        return;
    };
    let mut block = super::titled(console, title(console, pane, area.width), borders);
    let inner = block.inner(area);
    let cells = usize::from(inner.width);
    let lines = match pane.showing {
        Showing::Fields => fields(console, cells),
        Showing::Log => log(console, pane, cells),
    };
    let page = usize::from(inner.height);
    let Some(pane) = &mut console.pane else {
        return;
    };
    let top = pane.scroll.fit(lines.len(), page);
    let more = match pane.scroll.more() {
        (false, false) => "",
        (true, false) => " ↑ ",
        (false, true) => " ↓ ",
        (true, true) => " ↑↓ ",
    };
    block = block.title(Line::raw(more).right_aligned());
    frame.render_widget(block, area);
    for (line, row) in lines.into_iter().skip(top).zip(inner.rows()) {
        frame.render_widget(line, row);
    }
}

fn title(console: &Console, pane: &Pane, width: u16) -> Vec<Span<'static>> {
    let word = match pane.view {
        View::Jobs => "job",
        View::Publishers => "",
        view => view.name(),
    };
    let name = match word {
        "" => pane.key.clone(),
        word => format!("{word}/{}", pane.key),
    };
    let what = match (pane.showing, pane.view) {
        (Showing::Fields, _) => "",
        (Showing::Log, View::Llm) => "last requests ",
        (Showing::Log, _) => "log ",
    };
    let room = usize::from(width).saturating_sub(what.len() + 8);
    let title = format!(" {} ", cut(&name, room));
    vec![
        Span::styled(title, console.theme.style(Tone::Strong)),
        Span::raw(what),
    ]
}

fn fields(console: &Console, cells: usize) -> Vec<Line<'static>> {
    let Some(document) = console.document() else {
        return vec![Line::raw("it is gone")];
    };
    let text = yaml(document);
    let lines = wrap(&text, cells);
    lines.into_iter().map(|line| field(console, line)).collect()
}

/// A line of YAML, its key set apart.
fn field(console: &Console, line: String) -> Line<'static> {
    let is_key = |key: &str| {
        let key = key.trim_start_matches([' ', '-']);
        !key.is_empty() && !key.contains([' ', '"', '\''])
    };
    match line.split_once(':') {
        Some((key, rest)) if is_key(key) && (rest.is_empty() || rest.starts_with(' ')) => {
            Line::from_iter([
                Span::styled(format!("{key}:"), console.theme.style(Tone::Key)),
                Span::raw(rest.to_owned()),
            ])
        }
        _ => Line::raw(line),
    }
}

fn log(console: &Console, pane: &Pane, cells: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut add = |text: &str, style: Style| {
        let wrapped = wrap(text, cells).into_iter();
        lines.extend(wrapped.map(|line| Line::styled(line, style)));
    };
    let faint = console.theme.style(Tone::Faint);
    if pane.log.dropped > 0 {
        let text = format!("({} lines before these are not kept)", pane.log.dropped);
        add(&text, faint);
    }
    let mut any = false;
    for line in pane.log.lines() {
        any = true;
        add(line, Style::new());
    }
    let trouble = console
        .feed_of_pane()
        .and_then(|feed| console.connection.trouble(&feed));
    match trouble {
        Some(trouble) => add(&advice(trouble), console.theme.style(Tone::Bad)),
        None if !any => add("nothing yet", faint),
        None => {}
    }
    if let (View::Llm, Some(error)) = (
        pane.view,
        console
            .document()
            .and_then(|llm| llm.pointer("/status/lastError")?.as_str()),
    ) {
        add(
            &format!("last error: {error}"),
            console.theme.style(Tone::Bad),
        );
    }
    lines
}
