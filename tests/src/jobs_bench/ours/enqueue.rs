//! `POST /v1/jobs` over kept connections: one at a time, and a thousand in one call.

use super::call::Link;
use super::{OUTSIDE, Ours, job_body, jobs_body};
use crate::bench::trouble::Trouble;
use crate::jobs_bench::book::Book;
use crate::jobs_bench::load::{Caller, drive};
use crate::jobs_bench::plan::{BATCH, CALLERS, Plan};
use crate::jobs_bench::rows;

/// Measures all rows of the section.
///
/// # Errors
/// When mcpd does not come up, or refuses.
pub async fn enqueue(
    ours: &Ours<'_>,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let (one, many) = (job_body(OUTSIDE), jobs_body(OUTSIDE, BATCH));
    for (row, callers, body, jobs) in [
        (&rows::SINGLE, CALLERS, &one, 1),
        (&rows::BATCHES, 1, &many, BATCH),
        (&rows::MANY_BATCHES, CALLERS, &many, BATCH),
    ] {
        let place = ours.place().await?;
        let mcpd = ours.run(&place, None).await?;
        let mut all = Vec::with_capacity(callers);
        for _ in 0..callers {
            let link = Link::open(&mcpd).await?;
            let request = link.prepare("/v1/jobs", body);
            all.push(Submitter {
                link,
                request,
                jobs: jobs as u64,
            });
        }
        let load = drive(all, plan.window, &ours.processes(&mcpd)).await?;
        row.note(load, ours.lane, round, book);
        drop(mcpd);
        ours.leave(place).await?;
    }
    Ok(())
}

struct Submitter {
    link: Link,
    request: Vec<u8>,
    jobs: u64,
}

impl Caller for Submitter {
    async fn step(&mut self) -> Result<u64, Trouble> {
        self.link.send(&self.request, "submit").await?;
        Ok(self.jobs)
    }
}
