//! One frame of the live view, as text. Pure: what is seen and the terminal's size come in.

use shared::llm::{BreakerState, Phase};
use shared::load::{Load, LoadList};

use super::{columns, only};
use crate::commands::live::Live;
use crate::output::paint::{Paint, cut};
use crate::output::quantity::rate;
use crate::output::sanitise::one_line;
use crate::output::table;

/// What the live view knows.
#[derive(Debug)]
pub(super) struct View {
    /// The server, and how often it is looked at.
    pub(super) title: String,
    /// Only these LLMs; all where there are none.
    pub(super) names: Vec<String>,
    /// As last seen.
    pub(super) list: LoadList,
    /// Why it is not seen now, in a few words.
    pub(super) lost: Option<String>,
    /// Rows that are scrolled away.
    pub(super) scrolled: usize,
}

/// Lines above and below the rows: title, sums, a blank, headers; the last tells of what is hidden.
const OTHER_LINES: u16 = 5;

impl Live for View {
    type Seen = LoadList;

    fn see(&mut self, mut seen: LoadList) {
        seen.items = only(seen.items, &self.names);
        self.list = seen;
        self.lost = None;
    }

    fn lose(&mut self, why: String) {
        self.lost = Some(why);
    }

    fn scroll(&mut self, by: isize, height: u16) {
        let most = self.most_scrolled(height);
        self.scrolled = self.scrolled.min(most).saturating_add_signed(by).min(most);
    }

    fn lines(&self, width: u16, height: u16, paint: Paint) -> Vec<String> {
        let mut lines = vec![paint.line("1", &cut(&self.title, width))];
        match &self.lost {
            Some(why) => {
                let text = format!("connection lost, trying again: {}", one_line(why));
                lines.push(paint.line("31;1", &cut(&text, width)));
            }
            None => lines.push(cut(&self.sums(), width)),
        }
        lines.push(String::new());
        lines.extend(self.table(width, height, paint));
        lines.truncate(usize::from(height));
        lines
    }
}

impl View {
    /// How far one can scroll, so that the last row is the last one shown.
    fn most_scrolled(&self, height: u16) -> usize {
        self.list.items.len().saturating_sub(shown(height))
    }

    fn table(&self, width: u16, height: u16, paint: Paint) -> Vec<String> {
        let items = &self.list.items;
        if items.is_empty() {
            return vec!["No LLMs".into()];
        }
        // Columns are chosen by all rows: scrolling does not move them.
        let columns = columns::fitting(width, items, self.list.at);
        let headers: Vec<_> = columns.iter().map(|column| column.header).collect();
        let rows = columns::rows(&columns, items, self.list.at);
        let text = table::render(Some(&headers), &rows, Some(width));
        let mut table = text.lines();
        let mut lines = vec![paint.line("1", table.next().unwrap_or_default())];
        let scrolled = self.scrolled.min(self.most_scrolled(height));
        let rows = table.zip(items).skip(scrolled).take(shown(height));
        lines.extend(rows.map(|(line, load)| paint.line(self.colour_of(load), line)));
        let hidden = items.len() - lines.len().saturating_sub(1).min(items.len());
        if hidden > 0 {
            lines.push(paint.line(
                "2",
                &cut(&format!("{hidden} more: arrow keys scroll"), width),
            ));
        }
        lines
    }

    fn colour_of(&self, load: &Load) -> &'static str {
        match (load.breaker, load.phase) {
            // What is old looks old.
            _ if self.lost.is_some() => "2",
            (BreakerState::Open, _) => "31",
            (BreakerState::Probing, _) => "33",
            (_, Phase::Inactive | Phase::Hibernating) => "2",
            _ if load.in_flight > 0 => "32",
            _ => "0",
        }
    }

    fn sums(&self) -> String {
        let items = &self.list.items;
        let active = items.iter().filter(|load| load.phase == Phase::Active);
        let (mut in_flight, mut queued, mut requests, mut tokens) = (0u64, 0u64, 0.0, 0.0);
        for load in items {
            in_flight += u64::from(load.in_flight);
            queued += u64::from(load.queued);
            requests += load.requests_per_second;
            tokens += load.tokens_per_second;
        }
        format!(
            "{} LLMs, {} active; {in_flight} in flight, {queued} queued; {} req/s, {} tok/s",
            items.len(),
            active.count(),
            rate(requests),
            rate(tokens)
        )
    }
}

/// How many rows a terminal of this height shows.
fn shown(height: u16) -> usize {
    usize::from(height.saturating_sub(OTHER_LINES)).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Paint = Paint { colour: false };

    fn view(count: usize) -> View {
        let item = |at: usize| {
            json!({"llm": format!("llm-{at}"), "kind": "virtual", "phase": "active",
                "breaker": if at == 1 { "open" } else { "closed" },
                "breakerUntil": "2026-11-21T09:34:12Z", "inFlight": at, "queued": 0,
                "requests": 120, "errors": 3, "tokensOut": 9000, "requestsPerSecond": 0.5,
                "tokensPerSecond": 38.2, "p50Ms": 850, "p99Ms": 12_400, "ttftP50Ms": 210})
        };
        let items: Vec<_> = (0..count).map(item).collect();
        let list = json!({"at": "2026-11-21T09:30:00Z", "items": items});
        View {
            title: "mcpctl top llm  http://127.0.0.1:8765  every 2s  q leaves".into(),
            names: Vec::new(),
            list: serde_json::from_value(list).unwrap(),
            lost: None,
            scrolled: 0,
        }
    }

    #[test]
    fn a_wide_terminal_shows_all_columns() {
        insta::assert_snapshot!(view(2).lines(120, 20, PLAIN).join("\n"), @"
        mcpctl top llm  http://127.0.0.1:8765  every 2s  q leaves
        2 LLMs, 2 active; 1 in flight, 0 queued; 1.0 req/s, 76 tok/s

        NAME   KIND     PHASE   BREAKER     IN-FLIGHT  QUEUED  REQ/S  TOK/S  P50    P99  TTFT   REQUESTS  ERRORS
        llm-0  virtual  active  closed      0          0       0.5    38     850ms  12s  210ms  120       3
        llm-1  virtual  active  open/4m12s  1          0       0.5    38     850ms  12s  210ms  120       3
        ");
    }

    #[test]
    fn a_narrow_terminal_keeps_what_matters_most() {
        insta::assert_snapshot!(view(2).lines(40, 20, PLAIN).join("\n"), @"
        mcpctl top llm  http://127.0.0.1:8765  …
        2 LLMs, 2 active; 1 in flight, 0 queued…

        NAME   PHASE   IN-FLIGHT  QUEUED  TOK/S
        llm-0  active  0          0       38
        llm-1  active  1          0       38
        ");
    }

    #[test]
    fn a_frame_never_leaves_the_terminal() {
        for count in [0, 1, 3, 40] {
            for width in [20, 33, 40, 64, 80, 133] {
                for height in [1, 5, 6, 12, 50] {
                    let mut view = view(count);
                    view.scrolled = 7;
                    view.lost = (width % 2 == 1).then(|| "refused ".repeat(20));
                    let lines = view.lines(width, height, PLAIN);
                    assert!(
                        lines.len() <= usize::from(height),
                        "{count} {width} {height}"
                    );
                    for line in &lines {
                        assert!(
                            line.chars().count() <= usize::from(width),
                            "{width}: {line}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_can_be_scrolled_to() {
        let mut view = view(10);
        let text = view.lines(120, 9, PLAIN).join("\n");
        assert!(text.contains("llm-3") && !text.contains("llm-4"), "{text}");
        assert!(text.ends_with("6 more: arrow keys scroll"), "{text}");
        view.scrolled = view.most_scrolled(9);
        let text = view.lines(120, 9, PLAIN).join("\n");
        assert!(text.contains("llm-6") && text.contains("llm-9"), "{text}");
    }

    #[test]
    fn a_lost_connection_is_told_in_the_header() {
        let mut view = view(1);
        view.lost = Some("http://x refused\nthe connection".into());
        let lines = view.lines(120, 20, Paint { colour: true });
        assert_eq!(
            lines[1],
            "\u{1b}[31;1mconnection lost, trying again: http://x refused the connection\u{1b}[0m"
        );
        assert!(lines[4].starts_with("\u{1b}[2mllm-0"), "{}", lines[4]);
    }
}
