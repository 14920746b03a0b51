//! How long mcpd takes from exec to the first 200 of `/readyz`, with a new data folder and with one that exists.

use crate::bench::book::{Book, Metric, Section, Subject, Unit};
use crate::bench::launch::Scratch;
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::plan::Plan;
use crate::bench::trouble::Trouble;
use std::path::Path;

/// A start on data that exists, in milliseconds.
pub const AGAIN: Metric = Metric::new(
    Section::Start,
    "exec to ready, existing data (ms)",
    Unit::Millis,
);
const FIRST: Metric = Metric::new(
    Section::Start,
    "exec to ready, first start (ms)",
    Unit::Millis,
);

/// Starts `program` once on an empty folder and then `plan.starts` times on what that left.
///
/// # Errors
/// When one start fails.
pub async fn run(
    program: &Path,
    scratch: &Scratch,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let dir = scratch.dir(&format!("start-{round}"))?;
    book.note(
        FIRST,
        Subject::Mcpd,
        round,
        Mcpd::start(program, &dir).await?.start_ms,
    );
    for n in 0..plan.starts {
        let again = Mcpd::start(program, &dir).await?;
        book.note(
            AGAIN,
            Subject::Mcpd,
            round * plan.starts + n,
            again.start_ms,
        );
    }
    Ok(())
}
