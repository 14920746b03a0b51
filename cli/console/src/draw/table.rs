//! The table: columns that fit, rows that are on the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Borders, Cell, HighlightSpacing, Paragraph, Row, Table, TableState, Wrap};

use crate::cells::tone_of;
use crate::connection::advice;
use crate::console::Console;
use crate::text::{count, cut, cut_start, width};
use crate::theme::Tone;
use crate::view::View;

/// What stands before the chosen row, also where there is no colour.
const MARK: &str = "> ";
/// Cells between two columns.
const GAP: usize = 2;
/// A column that must become narrower keeps so many cells.
const LEAST_WIDTH: usize = 8;

pub(super) fn draw(console: &mut Console, frame: &mut Frame<'_>, area: Rect) {
    let block = super::titled(
        console,
        title(console, usize::from(area.width)),
        Borders::TOP,
    );
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if console.table().rows().is_empty() {
        let text = Paragraph::new(nothing(console)).wrap(Wrap { trim: true });
        frame.render_widget(text, inner);
        return;
    }
    let stale = is_stale(console);
    let theme = console.theme;
    let room = usize::from(inner.width).saturating_sub(MARK.len());
    let fitting = fit(console.table(), room);
    let table = console.table();
    let page = usize::from(inner.height.saturating_sub(1)).max(1);
    let last_top = table.rows().len().saturating_sub(page);
    let top = table
        .top
        .min(table.chosen())
        .max((table.chosen() + 1).saturating_sub(page))
        .min(last_top);
    let on_screen = table.rows().iter().skip(top).take(page);
    let rows = on_screen.map(|row| {
        Row::new(fitting.iter().map(|(at, cells)| {
            let cell = &row.cells[*at];
            let text = match cell.text.as_str() {
                "" => "-".into(),
                text if table.columns()[*at].header == "ID" => cut_start(text, *cells),
                text => cut(text, *cells),
            };
            let tone = if stale { Tone::Faint } else { cell.tone };
            aligned(text, table.columns()[*at].right, theme.style(tone))
        }))
    });
    let headers = fitting.iter().map(|(at, cells)| {
        let column = table.columns()[*at];
        let style = theme.style(Tone::Strong);
        aligned(cut(column.header, *cells), column.right, style)
    });
    let widths = fitting
        .iter()
        .map(|(_, cells)| Constraint::Length(u16::try_from(*cells).unwrap_or(u16::MAX)));
    let mut state = TableState::new().with_selected(table.chosen().saturating_sub(top));
    let widget = Table::new(rows, widths)
        .header(Row::new(headers))
        .column_spacing(u16::try_from(GAP).unwrap_or(1))
        .row_highlight_style(theme.chosen())
        .highlight_symbol(MARK)
        .highlight_spacing(HighlightSpacing::Always);
    frame.render_stateful_widget(widget, inner, &mut state);
    console.page = page;
    console.table_mut().top = top;
}

fn aligned(text: String, right: bool, style: ratatui::style::Style) -> Cell<'static> {
    let line = Line::styled(text, style);
    Cell::new(if right { line.right_aligned() } else { line })
}

/// The columns that fit, each with its cells: those of the highest rank go first, then the widest
/// become narrower.
fn fit(table: &crate::table::Table, room: usize) -> Vec<(usize, usize)> {
    let mut kept: Vec<(usize, usize)> = table.widths().iter().copied().enumerate().collect();
    let taken = |kept: &[(usize, usize)]| {
        let cells: usize = kept.iter().map(|(_, cells)| cells).sum();
        cells + GAP * kept.len().saturating_sub(1)
    };
    // A wide text is worth a cut before it costs other columns their place.
    const WIDE: usize = 36;
    let rank = |at: usize| table.columns()[at].rank;
    if taken(&kept) > room {
        for (_, cells) in &mut kept {
            *cells = (*cells).min(WIDE);
        }
    }
    while taken(&kept) > room {
        let highest = kept.iter().map(|(at, _)| rank(*at)).max().unwrap_or(0);
        if highest == 0 {
            break;
        }
        kept.retain(|(at, _)| rank(*at) != highest);
    }
    while taken(&kept) > room {
        match kept.iter_mut().max_by_key(|(_, cells)| *cells) {
            Some((_, cells)) if *cells > LEAST_WIDTH => *cells -= 1,
            _ => break,
        }
    }
    // What is left over goes to columns that were cut.
    let mut spare = room.saturating_sub(taken(&kept));
    for (at, cells) in &mut kept {
        let more = table.widths()[*at].saturating_sub(*cells).min(spare);
        *cells += more;
        spare -= more;
    }
    kept
}

fn is_stale(console: &Console) -> bool {
    console.table().loaded && console.connection.trouble(&console.main_feed()).is_some()
}

fn title(console: &Console, cells: usize) -> Vec<Span<'static>> {
    let table = console.table();
    let (shown, total) = (table.rows().len() as u64, table.total() as u64);
    let mut amount = count(total);
    if table.more {
        amount = match all_jobs(console) {
            Some(all) if console.view == View::Jobs && all > total => {
                format!("{} of {} shown", count(total), count(all))
            }
            _ => format!("{} shown, there are more", count(total)),
        };
    }
    if table.filter().is_some() {
        amount = format!("{} of {amount}", count(shown));
    }
    let style = |tone| console.theme.style(tone);
    let mut title = vec![Span::styled(
        format!(" {} ", console.view.name()),
        style(Tone::Strong),
    )];
    if table.loaded {
        title.push(Span::raw(format!("{amount} ")));
    }
    if let Some(filter) = table.filter() {
        let text = format!("/{} ", cut(&filter.typed, 24));
        title.push(Span::styled(text, style(Tone::Key)));
    }
    if let Some((header, descending)) = table.sorted_by() {
        let arrow = if descending { '↓' } else { '↑' };
        title.push(Span::raw(format!("{header}{arrow} ")));
    }
    if is_stale(console) {
        title.push(Span::styled("stale ", style(Tone::Warn)));
    }
    title.extend(match console.view {
        View::Jobs => statuses(console),
        View::Usage => costs(console),
        _ => Vec::new(),
    });
    let mut left = cells;
    title.retain(|span| {
        let fits = width(&span.content) <= left;
        left = left.saturating_sub(if fits { width(&span.content) } else { 0 });
        fits
    });
    title
}

/// How many jobs the summary knows of.
fn all_jobs(console: &Console) -> Option<u64> {
    let counts = console.jobs_summary.as_ref()?.get("counts")?.as_array()?;
    Some(
        counts
            .iter()
            .filter_map(|entry| entry["jobs"].as_u64())
            .sum(),
    )
}

/// How many jobs are in each status.
fn statuses(console: &Console) -> Vec<Span<'static>> {
    let counts = console
        .jobs_summary
        .as_ref()
        .and_then(|s| s["counts"].as_array());
    let Some(counts) = counts else {
        return Vec::new();
    };
    let of = |status: &str| {
        let entries = counts.iter().filter(|entry| entry["status"] == status);
        entries
            .filter_map(|entry| entry["jobs"].as_u64())
            .sum::<u64>()
    };
    let all = ["queued", "running", "done", "error", "canceled", "expired"];
    let counted = all.map(|status| (status, of(status))).into_iter();
    counted
        .filter(|(_, jobs)| *jobs > 0)
        .map(|(status, jobs)| {
            let style = console.theme.style(tone_of(status));
            Span::styled(format!("{} {status} ", count(jobs)), style)
        })
        .collect()
}

fn costs(console: &Console) -> Vec<Span<'static>> {
    let by = Span::raw(format!("by {} this month ", console.by.as_str()));
    let Some(costs) = &console.costs else {
        return vec![by];
    };
    let usd = costs["total_cost_usd"].as_f64().unwrap_or_default();
    let requests = costs["total_requests"].as_u64().unwrap_or_default();
    let text = format!(
        " {} requests, {} USD ",
        count(requests),
        quantity::money(usd)
    );
    vec![by, Span::raw(text)]
}

/// What to say where there are no rows.
fn nothing(console: &Console) -> String {
    let table = console.table();
    if let Some(filter) = table.filter().filter(|_| table.total() > 0) {
        return format!("nothing fits /{}; Esc shows all", filter.typed);
    }
    match console.connection.trouble(&console.main_feed()) {
        Some(trouble) => advice(trouble),
        None if !table.loaded => "loading …".into(),
        None => empty(console.view).into(),
    }
}

const fn empty(view: View) -> &'static str {
    match view {
        View::Llm => {
            "no LLMs; publish one with `mcplocal run`, or add one: `mcpctl create llm --help`"
        }
        View::Publishers => "nobody publishes; `mcplocal run` does",
        View::Jobs => "no jobs; submit one with `mcpctl create job`",
        View::Usage => "nothing was used this month",
        View::Requests => "no requests yet; `mcpctl chat-llm NAME` makes one",
        View::Alias => "no aliases; `mcpctl create alias --help` shows how to make one",
        View::Price => "no prices; `mcpctl create price --help` shows how to set one",
        View::Secret => "no secrets; `mcpctl create secret --help` shows how to store one",
        View::Token => "no tokens",
    }
}
