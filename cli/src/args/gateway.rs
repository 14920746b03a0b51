//! Verbs about the gateway: aliases, prices, limits, routes and load.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use shared::alias::{OnUnavailable, Policy};
use shared::token::{Budget, Limits, Period};

use super::printing::{Printing, PrintingParser};
use super::{Meant, OutputFlag, TimeoutFlag};

/// Put one name in front of several LLMs
///
/// The pool is every LLM that serves the model id, or the LLMs that are named, or both. The
/// policy says who of them is called first; when the pool is spent, the fallbacks are tried in
/// their order.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl create alias smart --model qwen3:8b --policy least-busy
  mcpctl create alias code --llm laptop --llm desktop --fallback gpt --on-unavailable wait
  mcpctl create alias faq --llm gpt --cache-ttl 10m --timeout 2m")]
pub(crate) struct CreateAlias {
    /// How it will be called
    pub(crate) name: String,
    /// A model id: every LLM that serves it belongs to the pool
    #[arg(long, value_name = "ID", required_unless_present = "llms")]
    pub(crate) model: Option<String>,
    /// An LLM that belongs to the pool; may be given several times
    #[arg(long = "llm", value_name = "NAME", value_delimiter = ',')]
    pub(crate) llms: Vec<String>,
    /// Who is called first; default: prefer-local
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(
        Policy::ALL.map(Policy::as_str)))]
    pub(crate) policy: Option<String>,
    /// An LLM, alias or model id to try when the pool is spent; may be given several times
    #[arg(long = "fallback", value_name = "NAME", value_delimiter = ',')]
    pub(crate) fallbacks: Vec<String>,
    /// What becomes of a request that nobody can take now; default: fail
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(
        [OnUnavailable::Fail, OnUnavailable::Wait, OnUnavailable::Queue].map(OnUnavailable::as_str)))]
    pub(crate) on_unavailable: Option<String>,
    /// What a request to it may take in all, such as 2m; here the alias's, not this call's
    #[arg(long, value_name = "TIME", value_parser = super::own_timeout)]
    pub(crate) timeout: Option<TimeoutFlag>,
    /// How long a candidate may say nothing before the next one is tried, such as 10s
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) first_byte_timeout: Option<Duration>,
    /// Keep answers for so long, to be given again, such as 10m
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) cache_ttl: Option<Duration>,
    /// Keep also answers of requests with a temperature other than 0
    #[arg(long, requires = "cache_ttl")]
    pub(crate) cache_always: bool,
}

/// Say what tokens cost
///
/// The name is an LLM's or a model id; the LLM's own price wins. Prices are US dollars per million
/// tokens. For many at once, `mcpctl apply -f` takes a table.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl create price gpt-4o --input 2.5 --output 10 --cached-input 1.25
  mcpctl create price laptop --input 0.02 --output 0.05
  mcpctl get price -o yaml > prices.yaml")]
pub(crate) struct CreatePrice {
    /// An LLM's name, or a model id
    pub(crate) name: String,
    /// For a million tokens of prompts
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) input: f64,
    /// For a million tokens of answers; default: 0
    #[arg(long, value_name = "USD", value_parser = own_output)]
    pub(crate) output: Option<OutputFlag>,
    /// For a million tokens of prompts that the provider had cached; default: as --input
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) cached_input: Option<f64>,
    /// How to print, as with all commands; here only as -o
    #[arg(short = 'o', value_name = "FORMAT", hide_possible_values = true,
        value_parser = PrintingParser)]
    pub(crate) format: Option<Printing>,
}

/// What a token's bearer may use.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// Requests in any minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_minute: Option<u32>,
    /// Tokens in any minute, in and out together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tokens_per_minute: Option<u64>,
    /// Requests at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_concurrency: Option<u32>,
    /// US dollars per period
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) budget: Option<f64>,
    /// When the budget begins anew, in UTC; default: month
    #[arg(long, value_name = "PERIOD")]
    pub(crate) budget_period: Option<BudgetPeriod>,
}

/// How often a budget begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BudgetPeriod {
    Day,
    Week,
    Month,
    Total,
}

impl From<BudgetPeriod> for Period {
    fn from(period: BudgetPeriod) -> Self {
        match period {
            BudgetPeriod::Day => Self::Day,
            BudgetPeriod::Week => Self::Week,
            BudgetPeriod::Month => Self::Month,
            BudgetPeriod::Total => Self::Total,
        }
    }
}

impl LimitFlags {
    /// `limits` with what the flags say put in; `None` where a period has no budget to go with.
    pub(crate) fn over(self, mut limits: Limits) -> Option<Limits> {
        limits.requests_per_minute = self.requests_per_minute.or(limits.requests_per_minute);
        limits.tokens_per_minute = self.tokens_per_minute.or(limits.tokens_per_minute);
        limits.max_concurrency = self.max_concurrency.or(limits.max_concurrency);
        let before = limits.budget;
        let usd = self.budget.or(before.map(|budget| budget.usd));
        let period = self.budget_period.map(Period::from);
        limits.budget = match (usd, period) {
            (Some(usd), period) => Some(Budget {
                usd,
                period: period
                    .or(before.map(|budget| budget.period))
                    .unwrap_or_default(),
            }),
            (None, Some(_)) => return None,
            (None, None) => None,
        };
        Some(limits)
    }
}

/// Change a part of a resource
#[derive(Args, Debug)]
pub(crate) struct Set {
    #[command(subcommand)]
    pub(crate) what: SetWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SetWhat {
    Limits(SetLimits),
}

/// Change what a token's bearer may use
///
/// What is not named stays as it is; with --clear it is no longer limited.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl set limits token/ci --budget 20 --budget-period month
  mcpctl set limits token/ci --requests-per-minute 60 --max-concurrency 4
  mcpctl set limits token/ci --clear")]
pub(crate) struct SetLimits {
    /// The token
    #[arg(value_name = "token/NAME")]
    pub(crate) token: String,
    /// Drop every limit that is not named
    #[arg(long)]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) limits: LimitFlags,
}

/// Explain a type's fields, or where a request would go
///
/// A field is named by its path from the type: `llm.spec.model`. It needs no server; `explain
/// route` asks one.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  mcpctl explain llm
  mcpctl explain alias.spec.policy
  mcpctl explain token.spec --recursive
  mcpctl explain route smart"
)]
pub(crate) struct Explain {
    #[command(subcommand)]
    pub(crate) what: Option<ExplainWhat>,
    /// A type, and the path of one of its fields
    #[arg(value_name = "TYPE[.FIELD]", required = true)]
    pub(crate) field: Option<String>,
    /// Show the fields of the fields too, by their names
    #[arg(long)]
    pub(crate) recursive: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExplainWhat {
    Route(ExplainRoute),
}

/// Say which LLM a request would go to now, and why not to the others
///
/// Nothing is called, and nothing is woken. Ends with 0 where somebody would take the request, 6
/// where nobody would, 3 where the model is not known.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl explain route smart
  mcpctl explain route qwen3:8b -o json
  mcpctl explain route smart -q > /dev/null || echo nobody is there")]
pub(crate) struct ExplainRoute {
    /// What a request names as `model`: an LLM, an alias or a model id
    pub(crate) model: String,
    /// Leave the header line out
    #[arg(long)]
    pub(crate) no_headers: bool,
}

/// Show how busy things are
#[derive(Args, Debug)]
pub(crate) struct Top {
    #[command(subcommand)]
    pub(crate) what: TopWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TopWhat {
    #[command(alias = "llms")]
    Llm(TopLlm),
}

/// Show how busy each LLM is, live on a terminal
///
/// q or Ctrl-C leaves, the arrow keys scroll. Where the output is piped, and with --once, the table
/// is printed once. Rates are of the last ten seconds, P50 and P99 of the last minutes; REQUESTS
/// and ERRORS count since the server started.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mcpctl top llm
  mcpctl top llm laptop desktop --interval 500ms
  mcpctl top llm --once
  mcpctl top llm -o json | jq '.items[] | select(.queued > 0) | .llm'")]
pub(crate) struct TopLlm {
    /// Only these
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// How often to look, such as 500ms or 10s
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = interval)]
    pub(crate) interval: Duration,
    /// Print the table once
    #[arg(long)]
    pub(crate) once: bool,
    /// Leave the header line out
    #[arg(long)]
    pub(crate) no_headers: bool,
}

/// The server is not to be asked more often than this.
const MIN_INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = crate::duration::parse(text)?;
    if interval < MIN_INTERVAL {
        return Err("the shortest interval is 200ms".into());
    }
    Ok(interval)
}

fn own_output(text: &str) -> Result<OutputFlag, String> {
    usd(text).map(Meant::Own)
}

/// An amount of money: 0 to a million, as the server takes it.
fn usd(text: &str) -> Result<f64, String> {
    let amount = text.strip_prefix('$').unwrap_or(text).parse::<f64>();
    amount
        .ok()
        .filter(|usd| (0.0..=1_000_000.0).contains(usd))
        .ok_or_else(|| format!("`{text}` is no amount: write US dollars, from 0 to 1000000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_change_what_they_name_and_nothing_else() {
        let before = Limits {
            requests_per_minute: Some(60),
            budget: Some(Budget {
                usd: 20.0,
                period: Period::Week,
            }),
            ..Limits::default()
        };
        let flags = LimitFlags {
            budget: Some(5.0),
            ..LimitFlags::default()
        };
        let after = flags.over(before).unwrap();
        assert_eq!(after.requests_per_minute, Some(60));
        assert_eq!(after.budget.unwrap().usd, 5.0);
        assert_eq!(after.budget.unwrap().period, Period::Week);
        let period = LimitFlags {
            budget_period: Some(BudgetPeriod::Day),
            ..LimitFlags::default()
        };
        assert_eq!(period.over(before).unwrap().budget.unwrap().usd, 20.0);
        assert_eq!(period.over(Limits::default()), None);
    }

    #[test]
    fn money_and_intervals_are_checked() {
        assert_eq!(usd("$2.50"), Ok(2.5));
        for wrong in ["", "-1", "NaN", "inf", "1e9", "2,5"] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
        assert!(interval("100ms").is_err() && interval("2s").is_ok());
    }
}
