//! Log lines on standard error, for a stranger at night.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// A log filter that can't be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{filter}` is no log filter: write a level (error, warn, info, debug, trace) or `info,relay=debug`"
)]
pub struct BadFilter {
    filter: String,
}

/// Starts logging to standard error; call it once, first thing in `main`.
///
/// `filter` is a level, or a list such as `info,relay=debug`. Colour only on a terminal and
/// without `NO_COLOR`.
pub fn start(filter: &str) -> Result<(), BadFilter> {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    start_with(filter, colour, std::io::stderr)
}

/// Starts logging to `writer`.
pub fn start_with<W>(filter: &str, colour: bool, writer: W) -> Result<(), BadFilter>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::from_str(filter).map_err(|_| BadFilter {
        filter: filter.into(),
    })?;
    let lines = fmt::layer()
        .with_writer(writer)
        .with_ansi(colour)
        .with_filter(targets);
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}
