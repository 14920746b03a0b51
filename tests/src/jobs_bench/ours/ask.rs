//! Jobs that ask an LLM which answers at once: each is claimed, run and finished by itself, by a worker of its own.

use super::work::run_down;
use super::{Ours, list_body};
use crate::bench::trouble::{During, Trouble};
use crate::jobs_bench::book::Book;
use crate::jobs_bench::plan::{BATCH, Plan};
use crate::jobs_bench::rows::ASKING;
use crate::mock::{Mock, Settings};

/// The LLM's name in mcpd.
const LLM: &str = "bench";

/// Measures the rows with a mock LLM.
///
/// # Errors
/// When mcpd does not come up, or refuses.
pub(super) async fn work(
    ours: &Ours<'_>,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let job = format!(
        r#"{{"kind":"llm.chat","payload":{{"llm":"{LLM}","messages":[{{"role":"user","content":"Say a few words."}}]}}}}"#
    );
    let body = list_body(&job, BATCH);
    for (workers, row) in ASKING {
        // On a thread of its own, and gone with this turn.
        let mock = Mock::start(Settings::default()).during("start a mock LLM")?;
        let place = ours.place().await?;
        let mcpd = ours.run(&place, Some(0)).await?;
        mcpd.create_public(LLM, mock.addr()).await?;
        let place = ours.fill(place, mcpd, &body, plan.backlog).await?;
        let load = run_down(ours, plan, place, Some(*workers)).await?;
        row.note(load, ours.lane, round, book);
    }
    Ok(())
}
