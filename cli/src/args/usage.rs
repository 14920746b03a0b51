//! What can be asked of the accounts: `get usage`, `get requests`, `get costs`; and of `get jobs`.
//!
//! They stand behind `get` beside the resource types, so their flags do too.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use shared::job::Status;
use shared::timestamp::Timestamp;

use crate::clock::now;

/// A sum or a list that is no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Usage,
    Requests,
    Costs,
}

impl View {
    pub(crate) const ALL: [Self; 3] = [Self::Usage, Self::Requests, Self::Costs];

    /// As it is typed behind `get`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Requests => "requests",
            Self::Costs => "costs",
        }
    }

    /// The view that `word` names, in any case and also in singular.
    pub(crate) fn find(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL
            .into_iter()
            .find(|view| view.word() == word || view.word().strip_suffix('s') == Some(&word))
    }
}

/// The flags of the three, and of jobs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "For usage, requests, costs and jobs")]
pub(crate) struct Ask {
    /// What `usage` is summed by, commas between; default: llm
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) by: Vec<By>,
    /// From when `usage` counts, such as 7d or 2026-11-01 (UTC); default: the first of the month
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) since: Option<Timestamp>,
    /// Until when `usage` counts, exclusive; default: now
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) until: Option<Timestamp>,
    /// Only this LLM, for `usage` and `requests`
    #[arg(long, value_name = "NAME")]
    pub(crate) llm: Option<String>,
    /// Only on this one's behalf, for `usage`
    #[arg(long, value_name = "WHO")]
    pub(crate) principal: Option<String>,
    /// How many `requests` or `jobs`, newest first; default: 50
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: Option<u32>,
    /// Which `costs`: of the current day, week or month (UTC); default: month
    #[arg(long)]
    pub(crate) period: Option<CostPeriod>,
    /// Only `jobs` that stand so
    #[arg(long, value_parser = statuses())]
    pub(crate) status: Option<Status>,
    /// Only `jobs` of this kind
    #[arg(long)]
    pub(crate) kind: Option<String>,
}

fn statuses() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
        .try_map(|text| text.parse::<Status>())
}

/// What sums are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    Llm,
    Principal,
    Token,
    Provider,
    Day,
    Hour,
}

impl By {
    /// As in the API's query.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Principal => "principal",
            Self::Token => "token",
            Self::Provider => "provider",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// Which costs are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CostPeriod {
    Day,
    Week,
    #[default]
    Month,
}

impl CostPeriod {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

impl Ask {
    /// The first flag that was given and that `allowed` does not name.
    pub(crate) fn other_than(&self, allowed: &[&str]) -> Option<&'static str> {
        let given = [
            ("--by", !self.by.is_empty()),
            ("--since", self.since.is_some()),
            ("--until", self.until.is_some()),
            ("--llm", self.llm.is_some()),
            ("--principal", self.principal.is_some()),
            ("--limit", self.limit.is_some()),
            ("--period", self.period.is_some()),
            ("--status", self.status.is_some()),
            ("--kind", self.kind.is_some()),
        ];
        let mut wrong = given
            .into_iter()
            .filter(|(flag, is_given)| *is_given && !allowed.contains(flag));
        wrong.next().map(|(flag, _)| flag)
    }
}

/// Reads an instant: so long ago (`7d`), a day or a month's first in UTC (`2026-11-01`,
/// `2026-11`), or an RFC 3339 time.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    instant_at(text, now())
}

fn instant_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(ago) = crate::duration::parse(text)
        && text.ends_with(|c: char| c.is_ascii_alphabetic())
    {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        return Ok(Timestamp::from_millis(now.as_millis().saturating_sub(ago)));
    }
    let whole = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.into(),
    };
    whole.parse().map_err(|_| {
        format!("`{text}` is no time: write 7d (ago), 2026-11-01 or 2026-11-01T09:30:00Z")
    })
}

/// The first of the month that `now` is in, in UTC.
pub(crate) fn month_start(now: Timestamp) -> Timestamp {
    let text = now.to_string();
    instant_at(&text[..text.len().min(7)], now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
        let read = |text| instant_at(text, now).map(|at| at.to_string());
        assert_eq!(read("7d").unwrap(), "2026-11-14T09:30:00.000Z");
        assert_eq!(read("2026-11-01").unwrap(), "2026-11-01T00:00:00.000Z");
        assert_eq!(read("2026-02").unwrap(), "2026-02-01T00:00:00.000Z");
        assert_eq!(
            read("2026-11-01T02:00:00+02:00").unwrap(),
            "2026-11-01T00:00:00.000Z"
        );
        for wrong in ["", "7", "yesterday", "2026-13-01", "7w"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(month_start(now).to_string(), "2026-11-01T00:00:00.000Z");
    }

    #[test]
    fn a_flag_of_another_view_is_found() {
        let ask = Ask {
            limit: Some(1),
            ..Ask::default()
        };
        assert_eq!(ask.other_than(&["--limit"]), None);
        assert_eq!(ask.other_than(&["--by", "--llm"]), Some("--limit"));
        assert_eq!(View::find("Request"), Some(View::Requests));
        assert_eq!(View::find("llm"), None);
    }
}
