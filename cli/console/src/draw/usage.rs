//! Plots of the last minutes, over the table of usage.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{RenderDirection, Sparkline};

use crate::console::Console;
use crate::history::Track;
use crate::text::{cut, width};
use crate::theme::Tone;

/// Below this height the table has all the room.
const LEAST_HEIGHT: u16 = 10;
/// Cells for the name and the number beside a plot of one line.
const NAME: u16 = 18;
const NUMBER: u16 = 8;

/// Draws the plots; what is left is for the table.
pub(super) fn draw(console: &Console, frame: &mut Frame<'_>, area: Rect) -> Rect {
    if area.height < LEAST_HEIGHT {
        return area;
    }
    let busiest = console.history.busiest();
    let high = (area.height / 5).clamp(3, 9);
    let most = usize::from((area.height - high) / 4);
    let each = busiest.len().min(most);
    let [plots, by_llm, rest] = Layout::vertical([
        Constraint::Length(high),
        Constraint::Length(u16::try_from(each).unwrap_or(0)),
        Constraint::Min(3),
    ])
    .areas(area);
    let [tokens, queue] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
        .spacing(2)
        .areas(plots);
    let history = &console.history;
    plot(console, frame, tokens, "tok/s", &history.tokens);
    plot(console, frame, queue, "waiting", &history.queued);
    for ((name, track), row) in busiest.into_iter().zip(by_llm.rows()) {
        line(console, frame, row, name, track);
    }
    rest
}

/// A plot with a title: what, how much now, and the most that is seen.
fn plot(console: &Console, frame: &mut Frame<'_>, area: Rect, what: &str, track: &Track) {
    let [head, plot] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
    let seen = track.len().min(usize::from(plot.width));
    let now = track.back().copied().unwrap_or(0);
    let most = track.iter().rev().take(seen).max().copied().unwrap_or(0);
    let strong = Span::styled(
        format!("{what} {}", tenths(now)),
        console.theme.style(Tone::Strong),
    );
    let about = format!("  most {} in {}", tenths(most), quantity::age(looks(seen)));
    let about = if width(&strong.content) + width(&about) <= usize::from(head.width) {
        about
    } else {
        String::new()
    };
    let about = Span::styled(about, console.theme.style(Tone::Faint));
    frame.render_widget(Line::from_iter([strong, about]), head);
    frame.render_widget(sparkline(console, track), plot);
}

/// One LLM's plot in a line.
fn line(console: &Console, frame: &mut Frame<'_>, area: Rect, name: &str, track: &Track) {
    let [head, number, plot] = Layout::horizontal([
        Constraint::Length(NAME),
        Constraint::Length(NUMBER),
        Constraint::Min(1),
    ])
    .areas(area);
    let name = cut(name, usize::from(NAME.saturating_sub(1)));
    frame.render_widget(name, head);
    let now = track.back().copied().unwrap_or(0);
    let text = format!("{} ", tenths(now));
    frame.render_widget(Line::raw(text).right_aligned(), number);
    frame.render_widget(sparkline(console, track), plot);
}

/// The newest stands at the right edge.
fn sparkline(console: &Console, track: &Track) -> Sparkline<'static> {
    let newest_first: Vec<u64> = track.iter().rev().copied().collect();
    Sparkline::default()
        .data(newest_first)
        .direction(RenderDirection::RightToLeft)
        .style(console.theme.style(Tone::Good))
}

fn tenths(tenths: u64) -> String {
    if tenths.is_multiple_of(10) {
        return (tenths / 10).to_string();
    }
    #[expect(clippy::cast_precision_loss, reason = "bounded far below 2^52")]
    let number = tenths as f64 / 10.0;
    quantity::rate(number)
}

/// The time that so many looks span.
const fn looks(count: usize) -> std::time::Duration {
    std::time::Duration::from_secs(count as u64 * 2)
}
