//! The first two lines: the server and the sums, and the views by number.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::console::Console;
use crate::text::{count, width};
use crate::theme::Tone;
use crate::view::View;

pub(super) fn draw(console: &Console, frame: &mut Frame<'_>, area: Rect) {
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        frame.render_widget(summary(console, usize::from(row.width)), row);
    }
    if let Some(row) = rows.next() {
        frame.render_widget(views(console, usize::from(row.width)), row);
    }
}

fn summary(console: &Console, cells: usize) -> Line<'static> {
    let mut line = vec![Span::styled("mcpctl", console.theme.style(Tone::Strong))];
    let mut left = cells.saturating_sub(6);
    let server = console.server.clone();
    // What fits, in the order of its weight; nothing is cut in the middle.
    for part in [Some(server), sums(console), busy(console)]
        .into_iter()
        .flatten()
    {
        let part = format!("  {part}");
        if width(&part) <= left {
            left -= width(&part);
            line.push(part.into());
        }
    }
    Line::from(line)
}

fn sums(console: &Console) -> Option<String> {
    let llms = console.llms.as_ref()?;
    let phase = |llm: &Value| {
        llm.pointer("/status/phase")
            .is_some_and(|phase| phase == "active")
    };
    let active = llms.values().filter(|llm| phase(llm)).count();
    let all = count(llms.len() as u64);
    Some(format!("{all} LLMs, {} active", count(active as u64)))
}

fn busy(console: &Console) -> Option<String> {
    let last = |track: &crate::history::Track| track.back().map(|tenths| tenths / 10);
    let history = &console.history;
    let running = last(&history.in_flight)?;
    let waiting = last(&history.queued)?;
    let tokens = last(&history.tokens)?;
    Some(format!(
        "{running} running, {waiting} waiting, {tokens} tok/s"
    ))
}

/// The views; around the one that is shown where not all fit.
fn views(console: &Console, cells: usize) -> Line<'static> {
    let named = |view: &View| format!("{} {}", view.place() + 1, view.name());
    let all: Vec<String> = View::ALL.iter().map(named).collect();
    let at = console.view.place();
    let (mut first, mut last) = (at, at);
    let taken = |first: usize, last: usize| {
        let names = all[first..=last].iter().map(|name| width(name) + 1);
        names.sum::<usize>()
    };
    // It grows to both sides, for as long as it fits.
    loop {
        if last + 1 < all.len() && taken(first, last + 1) <= cells {
            last += 1;
        } else if first > 0 && taken(first - 1, last) <= cells {
            first -= 1;
        } else {
            break;
        }
    }
    let each = all[first..=last].iter().zip(first..).map(|(name, place)| {
        let span = Span::raw(name.clone());
        match place == at {
            true => span.reversed(),
            false => span.style(console.theme.style(Tone::Faint)),
        }
    });
    Line::from_iter(each.flat_map(|name| [name, Span::raw(" ")]))
}
