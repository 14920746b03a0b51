//! Workers from outside, over kept connections: claim so many, finish them in one call, again.

use super::call::{Claimed, Link};
use super::{OUTSIDE, Ours};
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::trouble::Trouble;
use crate::jobs_bench::book::Book;
use crate::jobs_bench::load::{Caller, drive};
use crate::jobs_bench::plan::Plan;
use crate::jobs_bench::raw::RESULT;
use crate::jobs_bench::rows::HANDS;
use memchr::memmem;
use std::fmt::Write;

/// Measures all rows of the section.
///
/// # Errors
/// When mcpd does not come up, or refuses.
pub async fn hand(
    ours: &Ours<'_>,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    for hand in HANDS {
        let place = ours.filled(OUTSIDE, hand.backlog(plan)).await?;
        let mcpd = ours.run(&place, None).await?;
        let mut workers = Vec::with_capacity(hand.workers);
        for _ in 0..hand.workers {
            workers.push(Worker::register(&mcpd, hand.at_once, 0).await?);
        }
        let load = drive(workers, plan.window, &ours.processes(&mcpd)).await?;
        hand.row.note(load, ours.lane, round, book);
        drop(mcpd);
        ours.leave(place).await?;
    }
    Ok(())
}

/// A worker from outside.
pub(super) struct Worker {
    link: Link,
    id: String,
    limit: usize,
    claim: Vec<u8>,
}

impl Worker {
    /// One that claims `limit` at once and waits up to `wait_s` for them.
    pub(super) async fn register(mcpd: &Mcpd, limit: usize, wait_s: u64) -> Result<Self, Trouble> {
        let mut link = Link::open(mcpd).await?;
        let id = link.register("bench").await?;
        let ask = format!(
            r#"{{"worker_id":"{id}","kinds":["{OUTSIDE}"],"lease_seconds":60,"limit":{limit},"wait_s":{wait_s}}}"#
        );
        let claim = link.prepare("/v1/workers/claim", &ask);
        Ok(Self {
            link,
            id,
            limit,
            claim,
        })
    }

    /// Jobs of its own.
    pub(super) async fn claim(&mut self) -> Result<Vec<Claimed>, Trouble> {
        self.link.claim(&self.claim, self.limit).await
    }

    /// Finishes them; how many were written down.
    pub(super) async fn complete(&mut self, jobs: &[Claimed]) -> Result<u64, Trouble> {
        let id = &self.id;
        let entry = |job: &Claimed| {
            let (job_id, token) = (&job.id, &job.lease_token);
            format!(r#""job_id":"{job_id}","lease_token":"{token}","result":{RESULT}"#)
        };
        let mut body = format!(r#"{{"worker_id":"{id}","#);
        if let ([job], 1) = (jobs, self.limit) {
            body.push_str(&entry(job));
            body.push('}');
            self.link.post("/v1/workers/complete", &body).await?;
            return Ok(1);
        }
        body.push_str(r#""jobs":["#);
        for (n, job) in jobs.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            // Writing into a string cannot fail.
            let _ = write!(body, "{comma}{{{}}}", entry(job));
        }
        body.push_str("]}");
        let answer = self.link.post("/v1/workers/complete", &body).await?;
        Ok(memmem::find_iter(answer, br#""ok":true"#).count() as u64)
    }
}

impl Caller for Worker {
    async fn step(&mut self) -> Result<u64, Trouble> {
        let jobs = self.claim().await?;
        if jobs.is_empty() {
            return Ok(0);
        }
        let written = self.complete(&jobs).await?;
        match written == jobs.len() as u64 {
            true => Ok(written),
            false => Err(Trouble::Unexpected(format!(
                "of {} jobs {written} were written down",
                jobs.len()
            ))),
        }
    }
}
