//! How fast an answer comes: what the status line shows while it runs, and after.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::Usage;

/// Times and counts of one answer.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) served_by: String,
    started: Instant,
    first_token: Option<Duration>,
    last_token: Duration,
    /// Pieces that came: about one token each, until the provider's count is known.
    pieces: u64,
    pub(super) usage: Option<Usage>,
}

impl Statistics {
    pub(super) fn start(llm: &str) -> Self {
        Self {
            served_by: llm.into(),
            started: Instant::now(),
            first_token: None,
            last_token: Duration::ZERO,
            pieces: 0,
            usage: None,
        }
    }

    /// Notes that something to show came.
    pub(super) fn piece(&mut self) {
        self.last_token = self.started.elapsed();
        self.first_token.get_or_insert(self.last_token);
        self.pieces += 1;
    }

    /// The line while the answer runs.
    pub(super) fn running(&self) -> String {
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
        let (output, sign) = match self.usage {
            Some(usage) if usage.output > 0 => (usage.output, ""),
            _ => (self.pieces, "~"),
        };
        if self.pieces > 1 {
            parts.push(format!("{sign}{:.1} tokens/s", self.rate(output)));
        }
        if let Some(first) = self.first_token {
            parts.push(format!("first token {}", seconds(first)));
        }
        match self.usage {
            Some(usage) => parts.push(format!("tokens: {} in, {} out", usage.input, usage.output)),
            None => parts.push(format!("tokens: ~{output} out")),
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
}
