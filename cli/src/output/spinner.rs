//! A sign of life on stderr while somebody waits: from 300 ms on, and gone when it is over.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, sleep_until};

use super::Output;

/// A wait that is shorter needs no sign.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often it moves.
const TICK: Duration = Duration::from_millis(100);

impl Output {
    /// The same output, whose waits are shown. Not for those who draw on the terminal themselves.
    pub(crate) fn with_spinner(&self) -> Self {
        Self {
            spins: self.err_can_draw(),
            ..self.clone()
        }
    }

    /// Waits for `work`, and shows what is waited for where it takes long.
    pub(crate) async fn wait<T>(
        &self,
        what: impl Fn() -> String,
        work: impl Future<Output = T>,
    ) -> T {
        if !self.spins {
            return work.await;
        }
        let mut work = std::pin::pin!(work);
        let mut next = Instant::now() + PATIENCE;
        let mut sign = None;
        let end = loop {
            tokio::select! {
                biased;
                end = &mut work => break end,
                () = sleep_until(next) => next += TICK,
            }
            sign.get_or_insert_with(|| self.sign(&what())).tick();
        };
        if let Some(sign) = sign {
            sign.finish_and_clear();
        }
        end
    }

    fn sign(&self, what: &str) -> ProgressBar {
        let sign = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = if self.colour {
            "{spinner} {msg:.dim} {elapsed:.dim}"
        } else {
            "{spinner} {msg} {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            sign.set_style(style.tick_chars("|/-\\ "));
        }
        sign.set_message(super::sanitise::one_line(what));
        sign
    }
}
