//! What can't be fetched now, since when, and what is to be said of it.

use std::collections::BTreeMap;

use quantity::left;
use shared::timestamp::Timestamp;

use crate::feed::{Feed, Trouble, TroubleKind};
use crate::text::{cut, width};
use crate::theme::Tone;

#[derive(Debug)]
struct Failing {
    trouble: Trouble,
    since: Timestamp,
    told_at: Timestamp,
}

/// The feeds that fail.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    failing: BTreeMap<Feed, Failing>,
    /// Something was fetched at least once.
    stood: bool,
}

impl Connection {
    /// A feed fails. Says whether the server is away since now.
    pub(crate) fn fail(&mut self, feed: &Feed, trouble: Trouble, now: Timestamp) -> bool {
        let is_news = trouble.kind == TroubleKind::Away && !self.is_away();
        let since = self.failing.get(feed).map_or(now, |before| before.since);
        let failing = Failing {
            trouble,
            since,
            told_at: now,
        };
        self.failing.insert(feed.clone(), failing);
        is_news
    }

    /// A feed brings something. Says whether the server was away until now.
    pub(crate) fn restore(&mut self, feed: &Feed) -> bool {
        self.stood = true;
        let was_away = self.is_away();
        self.failing.remove(feed);
        was_away && !self.is_away()
    }

    /// Forgets feeds that nobody wants any more.
    pub(crate) fn keep(&mut self, wanted: &[Feed]) {
        self.failing.retain(|feed, _| wanted.contains(feed));
    }

    /// What is wrong with a feed.
    pub(crate) fn trouble(&self, feed: &Feed) -> Option<&Trouble> {
        self.failing.get(feed).map(|failing| &failing.trouble)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.away().next().is_some()
    }

    fn away(&self) -> impl Iterator<Item = &Failing> {
        let all = self.failing.values();
        all.filter(|failing| failing.trouble.kind == TroubleKind::Away)
    }

    /// The line across the screen, where something is wrong with the connection as a whole.
    ///
    /// Shape: at most `cells` wide; of its parts the reason is cut.
    pub(crate) fn banner(
        &self,
        now: Timestamp,
        server: &str,
        cells: usize,
    ) -> Option<(Tone, String)> {
        let unknown = self
            .failing
            .values()
            .map(|failing| &failing.trouble)
            .find(|trouble| trouble.kind == TroubleKind::Unknown);
        if let Some(trouble) = unknown {
            let helps = format!("; try: mcpctl login {server}");
            let why = cut(&trouble.why, cells.saturating_sub(width(&helps)));
            return Some((Tone::Bad, why + &helps));
        }
        let first = self.away().min_by_key(|failing| failing.since)?;
        let wait = |failing: &Failing| {
            failing
                .trouble
                .again_in
                .saturating_sub(now.since(failing.told_at))
        };
        let wait = self.away().map(wait).min().unwrap_or_default();
        let again = match wait.as_secs() {
            0 => "trying again".into(),
            _ => format!("trying again in {}", left(wait)),
        };
        let why = &first.trouble.why;
        let lost = if self.stood {
            format!("connection lost {} ago", left(now.since(first.since)))
        } else {
            "no connection".into()
        };
        // Which server stands above.
        let why = why.strip_prefix(server).unwrap_or(why).trim_start();
        let room = cells.saturating_sub(width(&lost) + width(&again) + 4);
        let why = cut(why, room);
        Some((Tone::Bad, format!("{lost}: {why}; {again}")))
    }
}

/// What is wrong, and what a person may do.
pub(crate) fn advice(trouble: &Trouble) -> String {
    match &trouble.hint {
        Some(hint) => format!("{}; try: {hint}", trouble.why),
        None => trouble.why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn away(seconds: u64) -> Trouble {
        Trouble {
            kind: TroubleKind::Away,
            why: "refused".into(),
            hint: None,
            again_in: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_loss_is_told_once_and_counts_from_the_first_failure() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let mut connection = Connection::default();
        assert!(connection.fail(&Feed::Load, away(1), at(0)));
        let shown = connection.banner(at(0), "http://x", 78).unwrap().1;
        assert_eq!(shown, "no connection: refused; trying again in 1s");
        assert!(connection.restore(&Feed::Load));
        assert!(connection.fail(&Feed::Load, away(1), at(10)));
        assert!(!connection.fail(&Feed::Llms, away(9), at(12)), "no news");
        assert!(!connection.fail(&Feed::Load, away(5), at(20)));
        let shown = connection.banner(at(22), "http://x", 78).unwrap().1;
        assert_eq!(shown, "connection lost 12s ago: refused; trying again");
        assert!(
            !connection.restore(&Feed::Load),
            "the other one is away still"
        );
        assert!(connection.restore(&Feed::Llms));
        assert_eq!(connection.banner(at(30), "http://x", 78), None);
    }
}
