//! How fast an answer comes: what the status line shows while it runs, and after.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::Usage;
use crate::output::quantity::money;

/// Times and counts of one answer.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) served_by: String,
    started: Instant,
    first_token: Option<Duration>,
    last_token: Duration,
    /// When it began to think, while nothing of that is shown.
    thinking_since: Option<Instant>,
    /// Pieces that came: about one token each, until the provider's count is known.
    pieces: u64,
    pub(super) usage: Option<Usage>,
    /// It came out of the server's cache.
    pub(super) cached: bool,
    /// The LLMs that were tried, where it was more than one.
    pub(super) attempts: Option<u64>,
}

impl Statistics {
    pub(super) fn start(llm: &str) -> Self {
        Self {
            served_by: llm.into(),
            started: Instant::now(),
            first_token: None,
            last_token: Duration::ZERO,
            thinking_since: None,
            pieces: 0,
            usage: None,
            cached: false,
            attempts: None,
        }
    }

    /// Notes that something to show came.
    pub(super) fn piece(&mut self) {
        self.last_token = self.started.elapsed();
        self.first_token.get_or_insert(self.last_token);
        self.pieces += 1;
    }

    /// Notes whether it thinks now, and nothing of that is shown.
    pub(super) fn hidden_thought(&mut self, thinks: bool) {
        self.thinking_since = thinks.then(|| self.thinking_since.unwrap_or_else(Instant::now));
    }

    /// Whether anything came.
    pub(super) fn has_begun(&self) -> bool {
        self.pieces > 0
    }

    /// Tokens in (0 where nobody counted) and out, and whether the provider counted them.
    pub(super) fn tokens(&self) -> (u64, u64, bool) {
        match self.usage {
            Some(usage) if usage.output > 0 => (usage.input, usage.output, true),
            Some(usage) => (usage.input, self.pieces, false),
            None => (0, self.pieces, false),
        }
    }

    /// The line while the answer runs.
    pub(super) fn running(&self) -> String {
        if let Some(since) = self.thinking_since {
            let thought = since.elapsed().as_secs();
            return format!(
                "{} · thinking... {thought} s · Ctrl-C stops",
                self.served_by
            );
        }
        match self.first_token {
            None => {
                let waited = self.started.elapsed().as_secs();
                format!("{} · waiting {waited} s · Ctrl-C stops", self.served_by)
            }
            Some(first) => format!(
                "{} · ~{:.1} tokens/s · first token {} · ~{} tokens",
                self.served_by,
                self.rate(self.pieces),
                seconds(first),
                self.pieces
            ),
        }
    }

    /// The line for the answer as a whole. What the provider did not count is marked `~`.
    pub(super) fn summary(&self) -> String {
        let mut parts = vec![self.served_by.clone()];
        let (_, output, counted) = self.tokens();
        let sign = if counted { "" } else { "~" };
        if self.pieces > 1 {
            parts.push(format!("{sign}{:.1} tokens/s", self.rate(output)));
        }
        if let Some(first) = self.first_token {
            parts.push(format!("first token {}", seconds(first)));
        }
        match self.usage {
            Some(usage) => parts.push(format!("tokens: {} in, {sign}{output} out", usage.input)),
            None => parts.push(format!("tokens: ~{output} out")),
        }
        if let Some(usd) = self.usage.and_then(|usage| usage.cost_usd) {
            parts.push(format!("${}", money(usd)));
        }
        if self.cached {
            parts.push("from the cache".into());
        }
        if let Some(attempts) = self.attempts {
            parts.push(format!("{attempts} attempts"));
        }
        parts.join(" · ")
    }

    fn rate(&self, tokens: u64) -> f64 {
        let first = self.first_token.unwrap_or_default();
        let span = self.last_token.saturating_sub(first).as_secs_f64();
        // The first token stands at the beginning of the span that is measured.
        let tokens = tokens.saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "no answer has 2^52 tokens")]
        let tokens = tokens as f64;
        if span < 0.001 { 0.0 } else { tokens / span }
    }
}

/// Sums over the answers of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    answers: u64,
    input: u64,
    output: u64,
    cost_usd: f64,
    /// Some of the counts are estimates.
    estimated: bool,
}

impl Sums {
    pub(super) fn add(&mut self, answer: &Statistics) {
        let (input, output, counted) = answer.tokens();
        self.answers += 1;
        self.input += input;
        self.output += output;
        self.cost_usd += answer.usage.and_then(|usage| usage.cost_usd).unwrap_or(0.0);
        self.estimated |= !counted;
    }

    pub(super) fn shown(&self) -> String {
        let sign = if self.estimated { "~" } else { "" };
        let mut shown = format!(
            "{sign}{} in, {sign}{} out in {} answer{}",
            self.input,
            self.output,
            self.answers,
            if self.answers == 1 { "" } else { "s" }
        );
        if self.cost_usd > 0.0 {
            shown += &format!(", ${}", money(self.cost_usd));
        }
        shown
    }
}

fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rates_are_measured_from_the_first_token_to_the_last() {
        let mut statistics = Statistics::start("laptop");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(statistics.running().contains("waiting 0 s"));
        statistics.piece();
        for _ in 0..10 {
            tokio::time::advance(Duration::from_millis(100)).await;
            statistics.piece();
        }
        assert_eq!(
            statistics.running(),
            "laptop · ~10.0 tokens/s · first token 0.50 s · ~11 tokens"
        );
        statistics.usage = Some(Usage {
            input: 7,
            output: 21,
            cost_usd: None,
        });
        assert_eq!(
            statistics.summary(),
            "laptop · 20.0 tokens/s · first token 0.50 s · tokens: 7 in, 21 out"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_at_once_has_no_rate() {
        let mut statistics = Statistics::start("laptop");
        statistics.piece();
        assert_eq!(
            statistics.summary(),
            "laptop · first token 0.00 s · tokens: ~1 out"
        );
    }
    #[tokio::test(start_paused = true)]
    async fn hidden_thinking_is_counted_until_the_answer_begins() {
        let mut statistics = Statistics::start("laptop");
        statistics.hidden_thought(true);
        tokio::time::advance(Duration::from_secs(12)).await;
        statistics.hidden_thought(true);
        assert!(statistics.running().contains("thinking... 12 s"));
        statistics.hidden_thought(false);
        statistics.piece();
        assert!(!statistics.running().contains("thinking"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_answer_cost_and_where_it_came_from_is_told_and_summed() {
        let mut statistics = Statistics::start("laptop");
        statistics.usage = Some(Usage {
            input: 7,
            output: 3,
            cost_usd: Some(0.25),
        });
        statistics.cached = true;
        statistics.attempts = Some(2);
        assert_eq!(
            statistics.summary(),
            "laptop · tokens: 7 in, 3 out · $0.25 · from the cache · 2 attempts"
        );
        let mut sums = Sums::default();
        sums.add(&statistics);
        assert_eq!(sums.shown(), "7 in, 3 out in 1 answer, $0.25");
        sums.add(&Statistics::start("laptop"));
        assert_eq!(sums.shown(), "~7 in, ~3 out in 2 answers, $0.25");
    }
}
