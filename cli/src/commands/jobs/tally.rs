//! How many jobs stand where, in a line.

use std::time::Duration;

use crate::output::quantity::{left, rate};

/// The numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) queued: usize,
    pub(super) running: usize,
    pub(super) done: usize,
    pub(super) error: usize,
    pub(super) canceled: usize,
    pub(super) expired: usize,
    pub(super) gone: usize,
}

impl Tally {
    pub(super) const fn ended(&self) -> usize {
        self.done + self.error + self.canceled + self.expired + self.gone
    }

    pub(super) const fn total(&self) -> usize {
        self.ended() + self.queued + self.running
    }

    /// `997 done, 3 error`; what there is none of is left out.
    pub(super) fn counts(&self) -> String {
        let each = [
            (self.done, "done"),
            (self.error, "error"),
            (self.canceled, "canceled"),
            (self.expired, "expired"),
            (self.gone, "gone"),
            (self.running, "running"),
            (self.queued, "queued"),
        ];
        let each = each.iter().filter(|(count, _)| *count > 0);
        let each: Vec<_> = each
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if each.is_empty() {
            "0 jobs".into()
        } else {
            each.join(", ")
        }
    }

    /// How fast they end and when the last one may, seen that `ended_before` had ended at the
    /// start, so long ago.
    pub(super) fn pace(&self, ended_before: usize, since: Duration) -> Option<String> {
        let ended = self.ended().saturating_sub(ended_before);
        let seconds = since.as_secs_f64();
        if ended == 0 || seconds < 1.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (ended, open) = (ended as f64, (self.total() - self.ended()) as f64);
        let per_second = ended / seconds;
        let pace = if per_second < 0.1 {
            format!("{}/min", rate(per_second * 60.0))
        } else {
            format!("{}/s", rate(per_second))
        };
        if open == 0.0 {
            return Some(pace);
        }
        let rest = Duration::from_secs_f64((open / per_second).min(1e7));
        Some(format!("{pace}, about {} left", left(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_there_is_and_how_fast_it_goes() {
        let tally = Tally {
            done: 400,
            error: 2,
            running: 8,
            queued: 590,
            ..Tally::default()
        };
        assert_eq!(tally.counts(), "400 done, 2 error, 8 running, 590 queued");
        assert_eq!((tally.ended(), tally.total()), (402, 1000));
        let pace = |before, seconds| tally.pace(before, Duration::from_secs(seconds));
        assert_eq!(pace(2, 20).as_deref(), Some("20/s, about 29s left"));
        assert_eq!(
            pace(392, 1000).as_deref(),
            Some("0.6/min, about 16h36m left")
        );
        assert_eq!(pace(402, 20), None, "nothing ended yet");
        assert_eq!(Tally::default().counts(), "0 jobs");
    }
}
