//! The event pane: what happened, the newest last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Borders;

use crate::console::Console;
use crate::events::clock;
use crate::text::cut;
use crate::theme::Tone;

pub(super) fn draw(console: &Console, frame: &mut Frame<'_>, area: Rect) {
    let faint = console.theme.style(Tone::Faint);
    let title = vec![
        Span::styled(" events ", console.theme.style(Tone::Strong)),
        Span::styled("UTC ", faint),
    ];
    let block = super::titled(console, title, Borders::TOP);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut rows = inner.rows();
    for event in console.events.last(usize::from(inner.height)) {
        let Some(row) = rows.next() else { return };
        let text = cut(&event.text, usize::from(row.width).saturating_sub(10));
        let line = Line::from_iter([
            Span::styled(format!("{}  ", clock(event.at)), faint),
            Span::styled(text, console.theme.style(event.tone)),
        ]);
        frame.render_widget(line, row);
    }
    if console.events.last(1).next().is_none() {
        frame.render_widget(Line::styled("nothing yet", faint), inner);
    }
}
