//! A frame.
//!
//! ```text
//!   server, sums                     header
//!   1 llm  2 publishers  3 jobs ...
//!   connection lost ...              banner, where there is something to say
//!   ── llm 5 ───────┬── llm/laptop   table, and the pane beside it, or over it where it is narrow
//!   ── events ───────────────────    where they are shown
//!   d describe  l log  ? help        footer: keys, a note, or the line that is typed
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders};

use crate::console::{Console, Mode};
use crate::text::cut;
use crate::theme::Tone;
use crate::view::View;

mod events;
mod footer;
mod header;
mod overlay;
mod pane;
mod table;
mod usage;

/// The smallest terminal that is drawn on.
const LEAST: (u16, u16) = (40, 10);
/// From this width on the pane stands beside the table.
const BESIDE: u16 = 120;

pub(crate) fn draw(console: &mut Console, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, area);
        return;
    }
    let banner =
        console
            .connection
            .banner(console.now, &console.server, usize::from(area.width) - 2);
    let events = if console.events_shown {
        (area.height / 4).clamp(3, 14)
    } else {
        0
    };
    let [head, warning, body, below, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(u16::from(banner.is_some())),
        Constraint::Min(3),
        Constraint::Length(events),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw(console, frame, head);
    if let Some((tone, text)) = banner {
        let style = console.theme.style(tone).reversed();
        let text = cut(&format!(" {text} "), usize::from(warning.width));
        frame.render_widget(Line::styled(text, style), warning);
    }
    body_of(console, frame, body);
    if console.events_shown {
        events::draw(console, frame, below);
    }
    footer::draw(console, frame, foot);
    match &console.mode {
        Mode::Help(top) => overlay::help(console, *top, frame, area),
        Mode::Confirm(target) => overlay::confirm(console, target, frame, area),
        Mode::Browse | Mode::Command(_) | Mode::Filter(_) => {}
    }
}

fn body_of(console: &mut Console, frame: &mut Frame<'_>, area: Rect) {
    let beside = area.width >= BESIDE;
    if console.pane.is_some() && !beside {
        pane::draw(console, frame, area, Borders::TOP);
        return;
    }
    let mut left = area;
    if console.pane.is_some() {
        let [table, pane] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Min(1)]).areas(area);
        pane::draw(console, frame, pane, Borders::TOP | Borders::LEFT);
        left = table;
    }
    if console.view == View::Usage {
        left = usage::draw(console, frame, left);
    }
    table::draw(console, frame, left);
}

/// A line across with a title in it.
fn titled(console: &Console, title: Vec<Span<'static>>, borders: Borders) -> Block<'static> {
    let block = Block::new().borders(borders);
    let block = block.border_style(console.theme.style(Tone::Faint));
    block.title(Line::from(title))
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let (width, height) = (area.width, area.height);
    let (least_width, least_height) = LEAST;
    let lines = [
        format!("too small: {width}x{height}"),
        format!("{least_width}x{least_height} or more, or q"),
    ];
    for (line, row) in lines.iter().zip(area.rows()) {
        frame.render_widget(cut(line, usize::from(width)), row);
    }
}
