//! One frame of `jobs top`, as text. Pure: what is seen and the terminal's size come in.

use shared::job::Status;

use super::summary::Summary;
use crate::commands::live::Live;
use crate::output::paint::{Paint, cut};
use crate::output::sanitise::one_line;
use crate::output::table;

/// Title, sums and a blank above; one line below that tells of what is hidden.
const OTHER_LINES: u16 = 4;

/// What the live view knows.
pub(super) struct View {
    title: String,
    summary: Summary,
    lost: Option<String>,
    scrolled: usize,
}

impl View {
    pub(super) const fn new(title: String, summary: Summary) -> Self {
        Self {
            title,
            summary,
            lost: None,
            scrolled: 0,
        }
    }
}

impl Live for View {
    type Seen = Summary;

    fn see(&mut self, seen: Summary) {
        self.summary = seen;
        self.lost = None;
    }

    fn lose(&mut self, why: String) {
        self.lost = Some(why);
    }

    fn scroll(&mut self, by: isize, height: u16) {
        // Rows depend on the width, their count does not.
        let rows = rows(&self.summary, None).len();
        let most = rows.saturating_sub(shown(height));
        self.scrolled = self.scrolled.min(most).saturating_add_signed(by).min(most);
    }

    fn lines(&self, width: u16, height: u16, paint: Paint) -> Vec<String> {
        let mut lines = vec![paint.line("1", &cut(&self.title, width))];
        lines.push(match &self.lost {
            Some(why) => {
                let text = format!("connection lost, trying again: {}", one_line(why));
                paint.line("31;1", &cut(&text, width))
            }
            None => cut(&self.summary.sums(), width),
        });
        lines.push(String::new());
        let rows = rows(&self.summary, Some(width));
        let most = rows.len().saturating_sub(shown(height));
        let scrolled = self.scrolled.min(most);
        let seen = rows.iter().skip(scrolled).take(shown(height));
        let colour = if self.lost.is_some() { "2" } else { "0" };
        lines.extend(seen.map(|row| match row {
            Row::Header(text) => paint.line("1", text),
            Row::Plain(text) => paint.line(colour, text),
        }));
        let hidden = rows.len().saturating_sub(scrolled + shown(height));
        if hidden > 0 {
            let text = format!("{hidden} more lines: arrow keys scroll");
            lines.push(paint.line("2", &cut(&text, width)));
        }
        lines.truncate(usize::from(height));
        lines
    }
}

/// The whole of it, once.
pub(super) fn text(summary: &Summary, width: Option<u16>) -> String {
    let mut text = format!("{}\n", summary.sums());
    let rows = rows(summary, width);
    if !rows.is_empty() {
        text.push('\n');
    }
    for row in rows {
        let (Row::Header(line) | Row::Plain(line)) = row;
        text += &line;
        text.push('\n');
    }
    text
}

enum Row {
    Header(String),
    Plain(String),
}

/// The three tables, a blank between them; those that are empty are left out.
fn rows(summary: &Summary, width: Option<u16>) -> Vec<Row> {
    let mut headers = vec!["KIND"];
    let statuses = Status::ALL.map(|status| status.as_str().to_uppercase());
    headers.extend(statuses.iter().map(String::as_str));
    let kinds = summary.kinds.iter().map(|(kind, counts)| {
        let counts = counts.iter().map(u64::to_string);
        std::iter::once(kind.clone()).chain(counts).collect()
    });
    let kinds: Vec<Vec<String>> = kinds.collect();
    let tables: [(&[&str], &[Vec<String>]); 3] = [
        (&headers, &kinds),
        (
            &["RUNNING", "KIND", "LLM", "WORKER", "FOR"],
            &summary.running,
        ),
        (&["WAITING", "FOR", "JOBS", "WHY"], &summary.waiting),
    ];
    let mut rows = Vec::new();
    for (headers, cells) in tables {
        if cells.is_empty() {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::Plain(String::new()));
        }
        let text = table::render(Some(headers), cells, width);
        let mut lines = text.lines().map(String::from);
        rows.extend(lines.next().map(Row::Header));
        rows.extend(lines.map(Row::Plain));
    }
    rows
}

/// How many rows a terminal of this height shows.
fn shown(height: u16) -> usize {
    usize::from(height.saturating_sub(OTHER_LINES)).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::timestamp::Timestamp;

    use super::*;

    const PLAIN: Paint = Paint { colour: false };

    fn view() -> View {
        let answer = json!({"counts": [{"kind": "llm.chat", "status": "queued", "jobs": 3},
                {"kind": "llm.chat", "status": "done", "jobs": 120}],
            "running": [{"id": "019aa5c3-1b7d-7f00-8000-000000000001", "kind": "llm.chat",
                "worker": "built-in", "started_at": "2026-11-21T09:30:00Z", "waits_for": "gpt"}],
            "waiting": [{"kind": "llm.chat", "waits_for": "laptop", "jobs": 3,
                "reason": "nobody serves it now"}],
            "ended_per_minute": 14.2});
        let now: Timestamp = "2026-11-21T09:30:40Z".parse().unwrap();
        View::new("title".into(), Summary::read(&answer, now))
    }

    #[test]
    fn a_frame_shows_counts_what_runs_and_what_waits_for_what() {
        insta::assert_snapshot!(view().lines(100, 24, PLAIN).join("\n"), @"
        title
        3 queued, 0 running, 120 done; 14 ended in the last minute

        KIND      QUEUED  RUNNING  DONE  ERROR  CANCELED  EXPIRED
        llm.chat  3       0        120   0      0         0

        RUNNING                               KIND      LLM  WORKER    FOR
        019aa5c3-1b7d-7f00-8000-000000000001  llm.chat  gpt  built-in  40s

        WAITING   FOR     JOBS  WHY
        llm.chat  laptop  3     nobody serves it now
        ");
    }

    #[test]
    fn a_low_terminal_scrolls_and_a_lost_connection_is_told() {
        let mut view = view();
        let lines = view.lines(40, 8, PLAIN);
        assert!(lines.len() <= 8 && lines.iter().all(|line| line.chars().count() <= 40));
        assert_eq!(lines[7], "4 more lines: arrow keys scroll");
        view.scroll(isize::MAX, 8);
        view.lose("refused".into());
        let lines = view.lines(100, 8, PLAIN);
        assert!(
            lines[1].contains("refused") && lines[6].contains("nobody serves it"),
            "{lines:?}"
        );
    }
}
