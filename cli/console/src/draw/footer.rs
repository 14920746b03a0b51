//! The last line: what is typed, a note, or the keys that count now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::command::candidates;
use crate::console::{Console, Mode};
use crate::text::{cut, width};
use crate::theme::Tone;
use crate::view::View;

pub(super) fn draw(console: &Console, frame: &mut Frame<'_>, area: Rect) {
    match &console.mode {
        Mode::Command(line) => {
            let more = candidates(&line.text).join(" ");
            typed(console, frame, area, ":", &line.text, &more);
        }
        Mode::Filter(line) => {
            let table = console.table();
            let found = format!("{} of {}", table.rows().len(), table.total());
            typed(console, frame, area, "/", &line.text, &found);
        }
        Mode::Browse | Mode::Confirm(_) | Mode::Help(_) => {
            let line = match &console.note {
                Some(note) => {
                    let text = cut(&note.text, usize::from(area.width));
                    Line::styled(text, console.theme.style(note.tone))
                }
                None => keys(console, usize::from(area.width)),
            };
            frame.render_widget(line, area);
        }
    }
}

fn typed(
    console: &Console,
    frame: &mut Frame<'_>,
    area: Rect,
    sign: &str,
    text: &str,
    beside: &str,
) {
    let cells = usize::from(area.width);
    // Of a long line the end is seen.
    let mut shown = text;
    while width(shown) + 2 > cells {
        let mut letters = shown.chars();
        letters.next();
        shown = letters.as_str();
    }
    let written = format!("{sign}{shown}");
    let at = u16::try_from(width(&written)).unwrap_or(area.width);
    let room = cells.saturating_sub(width(&written) + 3);
    let beside = cut(beside, room);
    let line = Line::from_iter([
        Span::raw(written),
        Span::raw("   "),
        Span::styled(beside, console.theme.style(Tone::Faint)),
    ]);
    frame.render_widget(line, area);
    let x = area
        .x
        .saturating_add(at)
        .min(area.right().saturating_sub(1));
    frame.set_cursor_position(Position::new(x, area.y));
}

fn keys(console: &Console, cells: usize) -> Line<'static> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    if console.pane.is_some() {
        keys.extend([("Esc", "close"), ("j/k", "scroll"), ("n/p", "next row")]);
    } else {
        keys.push(("d", "describe"));
    }
    match console.view {
        View::Llm => keys.extend([("l", "log"), ("c", "chat"), ("e", "edit")]),
        View::Alias => keys.extend([("c", "chat"), ("e", "edit")]),
        View::Jobs => keys.extend([("l", "log"), ("x", "cancel"), ("r", "retry")]),
        View::Usage => keys.push(("b", "by LLM, token, day")),
        View::Price => keys.push(("e", "edit")),
        View::Publishers | View::Requests | View::Secret | View::Token => {}
    }
    keys.extend([("/", "filter"), (":", "view"), ("v", "events")]);
    // The way to all others, and out, is always there.
    const LAST: [(&str, &str); 2] = [("?", "help"), ("q", "quit")];
    let taken = |(key, what): &(&str, &str)| width(key) + width(what) + 3;
    let mut left = cells.saturating_sub(LAST.iter().map(taken).sum());
    keys.retain(|key| {
        let fits = taken(key) <= left;
        left -= if fits { taken(key) } else { 0 };
        fits
    });
    let mut line = Vec::new();
    for (key, what) in keys.into_iter().chain(LAST) {
        line.push(Span::styled(key.to_owned(), console.theme.style(Tone::Key)));
        line.push(Span::raw(format!(" {what}  ")));
    }
    Line::from(line)
}
